"""Outdoors: drawings for the pale green panel."""

from __future__ import annotations

from demo.pictures.shapes import (
    BRASS,
    CORAL,
    GLASS,
    INK,
    LEAF,
    PAPER,
    STEEL,
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


def bottle(hue: Hue) -> str:
    body = "M160 172C160 204 136 206 136 246V392C136 408 144 415 158 415H242C256 415 264 408 264 392V246C264 206 240 204 240 172Z"
    return (
        stroke("M176 130C176 88 224 88 224 130", hue.deep, 11)
        + solid(body, hue, -24)
        + clipped(body, fill("M120 384H280V420H120Z", hue.deep, 0.4))
        + fill(bar(162, 162, 76, 14, 4), STEEL.base)
        + fill(bar(212, 162, 26, 14, 4), STEEL.dark)
        + solid(bar(156, 118, 88, 46, 12), INK, -16)
        + fill(oval(192, 306, 26), PAPER.base)
        + fill("M172 314L188 290L198 304L204 296L214 314Z", hue.base)
        + gloss("M154 254V368", 10)
    )


def umbrella(hue: Hue) -> str:
    canopy = "M64 252C68 164 128 118 200 118C272 118 332 164 336 252C314 232 290 232 268 252C246 232 222 232 200 252C178 232 154 232 132 252C110 232 86 232 64 252Z"
    return (
        stroke("M200 244V376C200 418 252 418 252 380", WOOD.dark, 13)
        + stroke("M198 244V376C198 416 250 414 250 380", WOOD.base, 8)
        + stroke("M200 120V100", INK.base, 9)
        + stroke("M200 250V330", STEEL.deep, 8)
        + solid(canopy, hue, -20, 0)
        + clipped(
            canopy,
            fill("M200 118C160 140 132 190 132 252C154 232 178 232 200 252Z", hue.light, 0.55)
            + fill("M200 118C240 140 268 190 268 252C290 232 314 232 336 252C332 164 272 118 200 118Z", hue.dark, 0.55),
        )
        + stroke("M200 118C160 140 132 190 132 252M200 118C240 140 268 190 268 252M200 118V252", hue.deep, 3, 0.6)
        + gloss("M88 218C96 184 116 160 142 146", 8)
    )


def torch(hue: Hue) -> str:
    return (
        fill("M152 152L84 78H316L248 152Z", "FFF3B8", 0.85)
        + solid(poly([(138, 150), (262, 150), (234, 226), (166, 226)], [8, 8, 6, 6]), INK, -18)
        + fill(bar(130, 138, 140, 20, 10), hue.deep)
        + fill(oval(200, 140, 58, 8), "FFE9A8")
        + solid(poly([(162, 222), (238, 222), (234, 398), (166, 398)], [4, 4, 12, 12]), hue, -18)
        + fill(bar(160, 232, 80, 10, 4), hue.deep)
        + fill(bar(186, 256, 28, 44, 14), hue.deep)
        + fill(bar(190, 260, 20, 22, 10), CORAL.base)
        + stroke("M178 326H222M178 342H222M178 358H222", hue.deep, 6, 0.6)
        + solid(bar(168, 392, 64, 23, 8), INK, -12)
        + gloss("M176 250V314", 7)
        + gloss("M154 166L170 212", 7, 0.25)
    )


def picnic_rug(hue: Hue) -> str:
    roll = bar(66, 206, 268, 176, 60)
    checks = "".join(
        f'<rect x="{x}" y="190" width="24" height="210" fill="#{PAPER.base}" opacity="0.5"/>'
        for x in range(56, 340, 48)
    )
    across = "".join(
        f'<rect x="40" y="{y}" width="320" height="22" fill="#{PAPER.base}" opacity="0.5"/>'
        for y in range(216, 390, 44)
    )
    return (
        fill("M84 382H336C352 382 362 396 356 415H76C64 404 68 382 84 382Z", hue.deep)
        + solid(roll, hue, 0, -20)
        + clipped(roll, checks + across + fill("M40 340H360V400H40Z", hue.deep, 0.25))
        + fill(oval(318, 294, 34, 86), hue.deep)
        + fill(oval(318, 294, 26, 74), PAPER.base)
        + stroke("M318 292a6 14 0 1 1 8 14a14 34 0 1 1 -18 -34a20 52 0 0 1 26 24", hue.dark, 6)
        + stroke("M126 204C126 112 250 112 250 204", WOOD.deep, 17)
        + stroke("M124 202C126 116 246 116 248 200", WOOD.base, 10)
        + fill(bar(112, 204, 26, 178, 4), WOOD.base)
        + fill(bar(128, 204, 10, 178, 4), WOOD.dark)
        + fill(bar(236, 204, 26, 178, 4), WOOD.base)
        + fill(bar(252, 204, 10, 178, 4), WOOD.dark)
        + fill(bar(108, 268, 34, 30, 5), BRASS.base)
        + fill(bar(232, 268, 34, 30, 5), BRASS.base)
        + fill(bar(117, 276, 16, 14, 2), WOOD.deep)
        + fill(bar(241, 276, 16, 14, 2), WOOD.deep)
    )


def bike_light(hue: Hue) -> str:
    rays = "".join(turned(stroke("M200 122V96", SUN.base, 9), angle, 194, 256) for angle in (-54, -27, 0, 27, 54))
    return (
        rays
        + solid(poly([(168, 356), (232, 356), (240, 415), (160, 415)], [4, 4, 10, 10]), INK, -12)
        + fill(bar(150, 372, 100, 18, 9), INK.light)
        + solid(bar(98, 150, 204, 216, 66), hue, -22)
        + fill(oval(194, 256, 76), INK.base)
        + fill(oval(194, 256, 66), "FFF6D8")
        + "".join(turned(fill(oval(194, 222, 15), SUN.base) + fill(oval(190, 218, 6), "FFFFFF"), angle, 194, 256) for angle in (0, 72, 144, 216, 288))
        + fill(oval(194, 256, 13), SUN.base)
        + fill(bar(168, 140, 62, 18, 9), INK.base)
        + gloss("M114 226C114 190 126 172 148 164", 8)
    )  # fmt: skip


def trowel(hue: Hue) -> str:
    blade = "M158 266C158 250 242 250 242 266V322C242 366 222 398 200 415C178 398 158 366 158 322Z"
    return turned(
        stroke("M200 238V276", STEEL.deep, 20)
        + stroke("M196 238V276", STEEL.base, 9)
        + solid(blade, STEEL, -22)
        + fill("M200 276C206 316 206 360 200 396C194 360 194 316 200 276Z", STEEL.deep, 0.6)
        + fill(
            "M160 350C170 360 186 350 198 360C214 366 228 352 239 352C232 378 216 402 200 415C184 402 168 378 160 350Z",
            "6B4A36",
        )
        + solid(
            "M182 118C182 100 218 100 218 118L226 172C228 196 216 216 216 244H184C184 216 172 196 174 172Z", hue, -14
        )
        + fill(bar(180, 232, 40, 16, 5), BRASS.base)
        + fill(oval(200, 126, 6), hue.deep)
        + gloss("M188 146L186 200", 7)
        + gloss("M172 282V330", 8, 0.8),
        10,
        200,
        300,
    )


def planter(hue: Hue) -> str:
    pot = taper(200, 276, 400, 204, 150, 20)
    leaves = (
        (200, 176, 30, 82, 0, LEAF.base),
        (158, 196, 26, 78, -28, LEAF.dark),
        (244, 198, 26, 78, 28, LEAF.dark),
        (128, 232, 20, 66, -52, LEAF.base),
        (274, 234, 20, 66, 52, LEAF.dark),
        (178, 216, 22, 64, -12, LEAF.light),
        (226, 220, 22, 62, 14, LEAF.base),
    )
    foliage = "".join(
        turned(fill(f"M{x} {y + high}C{x - wide * 1.5} {y + 20} {x - wide} {y - high + 20} {x} {y - high}C{x + wide} {y - high + 20} {x + wide * 1.5} {y + 20} {x} {y + high}Z", tone)
               + stroke(f"M{x} {y + high - 8}V{y - high + 26}", "FFFFFF", 3, 0.35), angle, x, y + high)
        for x, y, wide, high, angle, tone in leaves
    )  # fmt: skip
    return (
        foliage
        + solid("M100 398H300C300 408 292 415 280 415H120C108 415 100 408 100 398Z", hue, -20)
        + solid(pot, hue, -26)
        + clipped(
            pot,
            stroke("M80 346C110 330 130 362 160 346C190 330 210 362 240 346C270 330 290 362 320 346", PAPER.base, 8),
        )
        + solid(bar(86, 252, 228, 38, 10), hue, -24)
        + fill("M98 290H302L300 298H100Z", hue.deep, 0.6)
        + gloss("M104 264V278", 8)
        + gloss("M122 306L130 366", 8)
    )


def bird_feeder(hue: Hue) -> str:
    tube = bar(142, 202, 116, 166, 10)
    seeds = "".join(turned(fill(oval(x, y, 7, 4.5), tone), (x * 7 + y) % 180, x, y)
                    for y in range(266, 366, 13) for x, tone in ((152 + y % 9, "C98F3E"), (172 - y % 7, "8A5A3C"), (192 + y % 5, "EBC678"), (212 - y % 8, "8A5A3C"), (232 + y % 6, "C98F3E"), (248, "EBC678")))  # fmt: skip
    robin = (
        stroke("M318 392V412M334 392V412", "8B6724", 4)
        + fill("M356 364C384 358 388 350 394 346C388 366 378 378 360 384Z", "6B5443")
        + fill(
            "M286 352C286 326 306 318 322 326C350 336 366 356 360 378C352 398 312 402 298 386C288 376 286 366 286 352Z",
            "9B7B5E",
        )
        + fill("M286 352C286 346 288 338 292 334C312 340 318 362 310 390C290 386 286 366 286 352Z", CORAL.base)
        + fill("M290 342L274 348L289 352Z", BRASS.dark)
        + fill(oval(300, 338, 4), INK.dark)
    )
    return (
        stroke("M200 136C176 112 190 92 206 98C216 102 214 114 204 118", STEEL.deep, 6)
        + fill(tube, GLASS, 0.9)
        + clipped(tube, fill("M130 262C160 250 230 268 270 256V380H130Z", "B98A4A") + seeds)
        + fill(oval(200, 240, 12), hue.deep)
        + fill(oval(200, 318, 12), hue.deep)
        + stroke("M104 330H296", WOOD.dark, 9)
        + solid(
            "M200 128C250 144 298 172 316 208C316 216 310 218 302 218H98C90 218 84 216 84 208C102 172 150 144 200 128Z",
            hue,
            -20,
        )
        + solid(bar(92, 364, 216, 24, 10), hue, -20)
        + stroke("M200 388V408", STEEL.deep, 6)
        + f'<g transform="translate(-46 -72)">{robin}</g>'
        + gloss("M112 198C128 178 150 162 172 152", 8)
        + gloss("M158 232V340", 7, 0.6)
    )


def rucksack(hue: Hue) -> str:
    body = "M104 214C104 142 146 126 200 126C254 126 296 142 296 214V380C296 404 284 415 262 415H138C116 415 104 404 104 380Z"
    return (
        stroke("M172 132C172 92 228 92 228 132", hue.deep, 13)
        + solid(bar(78, 290, 50, 110, 20), hue, -8)
        + fill(bar(276, 290, 48, 110, 20), hue.deep)
        + solid(body, hue, -26)
        + solid("M112 206C112 140 146 132 200 132C254 132 288 140 288 206C288 232 262 240 200 240C138 240 112 232 112 206Z", hue, -18, -12)
        + fill(bar(134, 286, 132, 106, 20), hue.deep, 0.55)
        + solid(bar(130, 280, 132, 106, 20), hue, -14)
        + stroke("M146 306H246", hue.deep, 6)
        + fill(bar(232, 306, 9, 24, 4), BRASS.base)
        + "".join(fill(bar(x, 200, 16, 70, 4), WOOD.base) + fill(bar(x + 9, 200, 7, 70, 3), WOOD.dark) + fill(bar(x - 4, 238, 24, 20, 4), BRASS.base) for x in (148, 236))
        + fill(bar(178, 164, 44, 26, 6), PAPER.base)
        + gloss("M126 196C126 172 134 158 148 150", 8)
    )  # fmt: skip


def flask(hue: Hue) -> str:
    body = poly([(142, 192), (238, 192), (238, 415), (142, 415)], [10, 10, 18, 18])
    return (
        stroke("M232 232C296 228 296 350 234 346", INK.base, 17)
        + solid(body, hue, -22)
        + clipped(
            body,
            fill("M130 372H250V420H130Z", STEEL.base)
            + fill("M216 372H250V420H216Z", STEEL.dark)
            + fill("M130 330H250V340H130ZM130 350H250V356H130Z", PAPER.base, 0.85),
        )
        + fill(bar(138, 182, 104, 18, 6), STEEL.dark)
        + solid(poly([(150, 112), (230, 112), (238, 184), (142, 184)], [14, 14, 4, 4]), STEEL, -18)
        + solid(taper(318, 334, 415, 84, 68, 12), STEEL, -12)
        + fill(oval(318, 334, 42, 9), STEEL.deep)
        + fill(oval(318, 335, 36, 6), "8A5A3C")
        + stroke("M306 318C298 306 314 300 306 288M328 318C320 306 336 300 328 288", "FFFFFF", 5, 0.8)
        + gloss("M160 216V356", 9)
        + gloss("M166 128L162 168", 7, 0.8)
    )


DRAWINGS = {
    "bottle": Drawing(bottle, 25, 320, 136, (200, 170)),
    "umbrella": Drawing(umbrella, 84, 320, 280, (190, 190), 70),
    "torch": Drawing(torch, 15, 280, 150, (200, 220), 60),
    "picnic-rug": Drawing(picnic_rug, 42, 280, 290, (240, 270)),
    "bike-light": Drawing(bike_light, 7, 268, 210, (190, 230), 80),
    "trowel": Drawing(trowel, 29, 310, 120, (200, 250), 56),
    "planter": Drawing(planter, 38, 320, 310, (200, 300), 110),
    "bird-feeder": Drawing(bird_feeder, 30, 318, 240, (210, 230), 70),
    "rucksack": Drawing(rucksack, 42, 315, 250, (200, 230)),
    "flask": Drawing(flask, 28, 304, 230, (200, 200), 110),
}
