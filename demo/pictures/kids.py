"""Kids: drawings for the pale yellow panel."""

from __future__ import annotations

from demo.pictures.shapes import (
    BRASS,
    CORAL,
    INK,
    LEAF,
    PAPER,
    SKY,
    SUN,
    WOOD,
    Drawing,
    Hue,
    bar,
    clipped,
    fill,
    gloss,
    oval,
    poly,
    solid,
    stroke,
    taper,
    turned,
)


def blocks(hue: Hue) -> str:
    def cube(x: float, y: float, tone: Hue, mark: str) -> str:
        return solid(bar(x, y, 108, 108, 12), tone, -14) + fill(bar(x + 12, y + 14, 72, 80, 8), tone.light, 0.55) + mark

    star = fill("M148 326L156 346L178 348L161 362L166 384L148 372L130 384L135 362L118 348L140 346Z", PAPER.light)
    moon = fill("M256 330a28 28 0 1 0 22 44a24 24 0 0 1 -22 -44Z", PAPER.light)
    return (
        cube(92, 307, hue, star)
        + cube(204, 307, CORAL, moon)
        + cube(146, 195, LEAF, fill(oval(195, 249, 24), PAPER.light))
        + solid("M200 96L262 192H138Z", SKY, -16)
        + gloss("M184 138L164 172", 7)
        + gloss("M104 322V400", 5, 0.4)
        + gloss("M216 322V400", 5, 0.4)
        + gloss("M158 210V286", 5, 0.4)
    )


def night_light(hue: Hue) -> str:
    cap = "M80 262C80 168 132 112 200 112C268 112 320 168 320 262C320 280 300 286 200 286C100 286 80 280 80 262Z"
    spots = "".join(
        fill(oval(x, y, r, r * 0.86), PAPER.light, 0.95)
        for x, y, r in ((152, 184, 24), (226, 156, 19), (264, 222, 24), (190, 240, 17), (112, 240, 14))
    )
    return (
        fill(oval(200, 250, 172), "FFF8DC", 0.75)
        + solid(
            "M160 276H240C236 316 242 352 262 386C270 404 262 415 244 415H156C138 415 130 404 138 386C158 352 164 316 160 276Z",
            PAPER,
            -20,
        )
        + fill("M160 276H240C240 288 239 296 239 304C214 312 186 312 161 304C161 296 160 288 160 276Z", "E5D6B0")
        + solid(cap, hue, -22, -4)
        + spots
        + fill(oval(184, 352, 5.5), INK.base)
        + fill(oval(216, 352, 5.5), INK.base)
        + stroke("M190 366C195 373 205 373 210 366", INK.base, 4.5)
        + fill(oval(170, 366, 8, 5), CORAL.light)
        + fill(oval(230, 366, 8, 5), CORAL.light)
        + gloss("M98 238C102 194 122 160 150 142", 9)
    )


def bath_boat(hue: Hue) -> str:
    hull = "M52 318H348C342 372 314 400 268 400H132C86 400 58 372 52 318Z"
    return (
        solid(bar(218, 128, 46, 90, 6), CORAL, -14)
        + fill(bar(218, 142, 46, 18), PAPER.light)
        + fill(bar(250, 142, 14, 18), PAPER.dark)
        + solid(bar(122, 204, 168, 66, 16), PAPER, -20)
        + "".join(fill(oval(x, 238, 15), hue.deep) + fill(oval(x, 238, 10), "BFE3F2") for x in (158, 204, 248))
        + solid(bar(92, 262, 222, 62, 12), SUN, -22)
        + solid(hull, hue, -28)
        + fill("M52 318H348L346 334H54Z", PAPER.light)
        + fill(
            "M40 392C70 374 92 410 124 392C156 374 178 410 210 392C242 374 264 410 296 392C322 378 340 402 362 390V415H40Z",
            "8CC7E0",
        )
        + stroke(
            "M40 392C70 374 92 410 124 392C156 374 178 410 210 392C242 374 264 410 296 392C322 378 340 402 362 390",
            "FFFFFF",
            6,
            0.9,
        )
        + fill(oval(286, 104, 15), "FFFFFF", 0.9)
        + fill(oval(262, 112, 11), "FFFFFF", 0.9)
        + gloss("M84 348C90 362 98 370 108 376", 8)
    )


def crayons(hue: Hue) -> str:
    def crayon(x: float, top: float, tone: Hue) -> str:
        return (
            fill(f"M{x - 9} {top + 34}L{x - 5} {top}H{x + 5}L{x + 9} {top + 34}Z", tone.base)
            + fill(bar(x - 18, top + 32, 36, 190, 4), tone.base)
            + fill(bar(x + 7, top + 32, 11, 190, 4), tone.dark)
            + stroke(f"M{x - 14} {top + 54}q7 8 14 0t14 0", tone.deep, 4, 0.55)
            + gloss(f"M{x - 10} {top + 66}V{top + 120}", 4)
        )

    tones = (CORAL, SUN, LEAF, SKY, Hue("B9A2D6", "8C6DB8", "6C5096", "4E3970"))
    tops = (132, 112, 126, 104, 136)
    return (
        "".join(crayon(118 + at * 41, top, tone) for at, (tone, top) in enumerate(zip(tones, tops, strict=True)))
        + solid("M82 244C130 282 270 282 318 244V403C318 411 314 415 306 415H94C86 415 82 411 82 403Z", hue, -28)
        + fill(oval(186, 342, 50, 42), PAPER.light)
        + stroke("M160 352C170 318 184 322 184 342C184 362 200 356 212 330", CORAL.base, 8)
        + gloss("M98 280V388", 8)
    )


def cup(hue: Hue) -> str:
    body = taper(200, 214, 415, 184, 148, 34)
    return (
        stroke("M114 258C58 250 62 356 124 350", hue.dark, 21)
        + stroke("M286 258C342 250 338 356 276 350", hue.deep, 21)
        + solid(body, hue, -24)
        + fill(oval(196, 320, 40, 34), PAPER.light)
        + fill(oval(168, 288, 13), PAPER.light)
        + fill(oval(224, 288, 13), PAPER.light)
        + fill(oval(184, 314, 5), INK.base)
        + fill(oval(208, 314, 5), INK.base)
        + fill(oval(196, 328, 8, 6), CORAL.base)
        + stroke("M188 338C192 343 200 343 204 338", INK.base, 4)
        + solid("M96 214C96 180 124 172 160 172H240C276 172 304 180 304 214Z", PAPER, -22)
        + solid("M150 174C152 138 164 118 196 118C222 118 230 140 232 174Z", PAPER, -14)
        + stroke("M180 132H206", PAPER.deep, 6)
        + fill(bar(94, 208, 212, 13, 6), hue.deep)
        + gloss("M130 240L138 366", 9)
    )


def blanket(hue: Hue) -> str:
    def star(x: float, y: float, r: float) -> str:
        return turned(fill(poly([(x, y - r), (x + r * 0.3, y - r * 0.3), (x + r, y), (x + r * 0.3, y + r * 0.3), (x, y + r), (x - r * 0.3, y + r * 0.3), (x - r, y), (x - r * 0.3, y - r * 0.3)], 3), PAPER.light), 12, x, y)  # fmt: skip

    lower = bar(58, 306, 284, 109, 40)
    upper = bar(66, 204, 268, 110, 40)
    bear = (
        fill(oval(158, 132, 17), WOOD.dark)
        + fill(oval(230, 132, 17), WOOD.dark)
        + solid(oval(194, 164, 56, 50), WOOD, -10, -3)
        + fill(oval(190, 182, 24, 18), WOOD.light)
        + fill(oval(172, 156, 5), INK.dark)
        + fill(oval(210, 156, 5), INK.dark)
        + fill(oval(190, 175, 8, 6), INK.dark)
    )
    return (
        bear
        + solid(lower, hue, -26, -8)
        + solid(upper, hue, -26, -8)
        + stroke("M98 362H336M104 258H328", hue.deep, 4, 0.4)
        + "".join(
            star(x, y, r)
            for x, y, r in (
                (112, 234, 13),
                (166, 280, 11),
                (226, 238, 13),
                (280, 282, 11),
                (108, 392, 10),
                (172, 340, 12),
                (240, 388, 12),
                (290, 338, 11),
            )
        )
        + fill("M66 300C120 316 270 316 334 300V310C270 326 120 326 66 310Z", hue.deep, 0.35)
        + fill(bar(262, 214, 34, 20, 3), CORAL.base)
        + gloss("M92 226H134", 6)
    )


def puzzle(hue: Hue) -> str:
    def piece(x: float, y: float, tone: Hue) -> str:
        return solid(bar(x, y, 126, 126, 8), tone, -10, -3)

    return (
        piece(74, 162, hue)
        + piece(74, 289, SKY)
        + piece(201, 289, SUN)
        + fill("M190 330H206C204 318 232 318 230 352C232 386 204 384 206 372H190Z", SKY.base)
        + fill("M112 282V292C100 290 100 318 134 316C168 318 168 290 156 292V282Z", hue.base)
        + fill("M242 292C244 270 226 268 232 252C238 238 286 238 292 252C298 268 280 270 282 292Z", SUN.base)
        + turned(
            solid("M214 130H330C336 130 338 133 338 138V246C338 252 336 254 330 254H292C296 232 236 232 240 254H214C208 254 206 252 206 246V212C184 216 184 168 206 172V138C206 133 208 130 214 130Z", CORAL, -10, -3)
            + fill(oval(282, 176, 9), PAPER.light)
            + stroke("M252 210C266 224 290 224 302 210", PAPER.light, 6)
            + fill(oval(248, 176, 9), PAPER.light),
            13,
            272,
            190,
        )
        + stroke("M100 246C116 214 130 214 146 244", PAPER.light, 6)
        + fill(oval(124, 200, 12), PAPER.light)
        + gloss("M84 180V260", 6)
        + gloss("M84 306V396", 6)
    )  # fmt: skip


def kite(hue: Hue) -> str:
    sail = "M214 84L318 190L196 354L104 164Z"
    return (
        stroke("M196 354C176 374 204 384 186 400C172 414 214 420 236 408", INK.light, 4)
        + "".join(
            turned(fill(f"M{x} {y}L{x - 20} {y - 11}V{y + 11}ZM{x} {y}L{x + 20} {y - 11}V{y + 11}Z", tone), angle, x, y)
            for x, y, angle, tone in ((188, 371, 20, CORAL.base), (188, 398, -30, SKY.base), (234, 408, 10, SUN.dark))
        )
        + fill(sail, hue.base)
        + clipped(sail, fill("M214 84L330 190L196 172Z", CORAL.base) + fill("M330 190L196 354L206 172Z", hue.dark) + fill("M214 84L104 164L206 172Z", SUN.light) + fill("M214 84L318 190L206 172Z", CORAL.base))
        + stroke("M214 84L196 354M104 164L318 190", WOOD.deep, 5)
        + fill(oval(207, 176, 8), WOOD.deep)
        + gloss("M138 206L176 282", 8, 0.35)
    )  # fmt: skip


def skipping_rope(hue: Hue) -> str:
    rope = "M124 232C112 300 84 330 96 372C108 410 180 416 196 366C212 316 154 306 150 344C146 394 240 424 282 392C316 362 288 300 276 232"

    def handle(x: float, angle: float) -> str:
        return turned(
            solid(_grip(x, 232), hue, -9)
            + fill(bar(x - 19, 190, 38, 12, 3), SUN.base)
            + fill(bar(x - 17, 150, 34, 12, 3), PAPER.light)
            + gloss(f"M{x - 8} 128V182", 6),
            angle,
            x,
            232,
        )

    return stroke(rope, "B9854A", 13) + stroke(rope, PAPER.base, 8) + handle(124, -9) + handle(276, 9)


def _grip(x: float, foot: float) -> str:
    return (
        f"M{x - 18} {foot}C{x - 24} {foot - 40} {x - 14} {foot - 62} {x - 18} {foot - 96}C{x - 22} {foot - 138} {x + 22} {foot - 138} {x + 18} {foot - 96}"
        f"C{x + 14} {foot - 62} {x + 24} {foot - 40} {x + 18} {foot}Z"
    )


def money_box(hue: Hue) -> str:
    body = "M70 286C70 218 130 184 204 184C282 184 336 222 336 288C336 348 286 384 204 384C122 384 70 350 70 286Z"
    return (
        solid(oval(196, 132, 32), BRASS, -7, -3)
        + stroke(oval(194, 130, 19), BRASS.dark, 4)
        + stroke("M334 266C362 262 352 234 366 226", hue.dark, 9)
        + fill(bar(112, 352, 44, 63, 12), hue.dark)
        + fill(bar(252, 352, 44, 63, 12), hue.deep)
        + fill("M134 206C120 168 150 160 180 190Z", hue.dark)
        + solid(body, hue, -22, -10)
        + solid("M106 212C90 168 124 158 158 190C142 198 124 204 106 212Z", hue, -10)
        + fill(bar(170, 184, 62, 10, 5), hue.deep)
        + solid(oval(80, 292, 28, 34), hue, -8)
        + fill(oval(70, 286, 5, 7), hue.deep)
        + fill(oval(86, 286, 5, 7), hue.deep)
        + fill(oval(124, 254, 8), INK.dark)
        + fill(oval(122, 251, 3), "FFFFFF")
        + stroke("M102 334C112 344 122 346 132 342", hue.deep, 6)
        + gloss("M162 212C184 206 216 206 236 210", 8)
    )


DRAWINGS = {
    "blocks": Drawing(blocks, 13.3, 319, 222, (190, 260)),
    "night-light": Drawing(night_light, 14, 303, 240, (190, 210), 70),
    "bath-boat": Drawing(bath_boat, 19, 311, 300, (200, 260)),
    "crayons": Drawing(crayons, 10, 311, 236, (200, 230)),
    "cup": Drawing(cup, 13, 297, 270, (190, 270), 84),
    "blanket": Drawing(blanket, 24, 300, 284, (190, 250)),
    "puzzle": Drawing(puzzle, 20, 300, 270, (210, 240)),
    "kite": Drawing(kite, 95, 331, 220, (210, 180), 70),
    "skipping-rope": Drawing(skipping_rope, 22, 305, 230, (140, 180), 100),
    "money-box": Drawing(money_box, 19, 312, 300, (150, 250), 110),
}
