"""Home: drawings for the pale lilac panel."""

from __future__ import annotations

from demo.pictures.shapes import (
    BRASS,
    CORAL,
    GLASS,
    INK,
    LEAF,
    PAPER,
    SUN,
    WOOD,
    Drawing,
    Hue,
    bar,
    clipped,
    fill,
    gloss,
    moved,
    oval,
    poly,
    solid,
    stroke,
    taper,
    turned,
)


def vase(hue: Hue) -> str:
    body = "M172 224H228C226 252 276 280 278 336C279 378 258 415 228 415H172C142 415 121 378 122 336C124 280 174 252 172 224Z"
    stems = stroke(
        "M196 232C194 190 176 160 156 136M200 232C200 180 206 140 214 104M204 232C210 196 230 176 254 166", LEAF.dark, 6
    )
    leaves = "".join(
        turned(fill(oval(x, y, 22, 10), tone), angle, x, y)
        for x, y, angle, tone in (
            (150, 128, 50, LEAF.base),
            (190, 166, 55, LEAF.dark),
            (158, 172, 10, LEAF.light),
            (216, 96, -78, LEAF.base),
            (186, 118, 40, LEAF.light),
            (232, 132, -40, LEAF.dark),
            (262, 160, -20, LEAF.base),
            (238, 194, 10, LEAF.dark),
            (226, 166, -60, LEAF.light),
        )
    )
    band = "M90 318C130 330 170 306 210 320C250 332 280 312 310 320V350C270 342 240 360 200 350C160 340 130 358 90 348Z"
    return (
        stems
        + leaves
        + solid(body, hue, -24)
        + clipped(body, fill(band, hue.light, 0.75))
        + fill(oval(200, 225, 30, 8), hue.deep)
        + gloss("M146 306C138 334 142 366 154 386", 10)
    )


def throw(hue: Hue) -> str:
    fringe = "".join(stroke(f"M{x} 396V414", hue.base if x < 270 else hue.dark, 6) for x in range(84, 322, 12))
    stripes = "".join(
        stroke(f"M60 {y}C140 {y + 10} 260 {y - 8} 350 {y}", PAPER.base, w) for y, w in ((322, 6), (342, 18), (362, 6))
    )
    drape = "M76 166C110 148 290 148 324 166C330 240 326 330 326 398C250 408 150 408 74 398C74 330 70 240 76 166Z"
    knit = "".join(stroke(f"M{x} 196L{x + 8} 204L{x + 16} 196", hue.light, 3.5, 0.6) for x in range(100, 260, 40))
    return (
        fringe
        + solid(drape, hue, -26)
        + clipped(drape, stripes)
        + "".join(f'<g transform="translate({dx} {dy})">{knit}</g>' for dx, dy in ((0, 0), (20, 32), (0, 64), (20, 96)))
        + solid("M70 168C66 130 96 116 130 116H276C310 116 332 132 328 168C290 186 110 186 70 168Z", hue, -22, -10)
        + stroke("M96 158C160 172 240 172 300 158", hue.deep, 5, 0.5)
        + gloss("M98 138C106 130 118 128 134 128", 7)
    )


def candle(hue: Hue) -> str:
    glass = poly([(102, 212), (298, 212), (294, 415), (106, 415)], [6, 6, 36, 36])
    return (
        fill(oval(200, 156, 62), "FFF3C4", 0.75)
        + fill("M200 106C214 132 228 146 226 168C224 190 176 190 174 168C172 146 192 134 200 106Z", SUN.base)
        + fill("M201 138C208 152 214 160 213 172C211 184 189 184 188 172C187 160 196 152 201 138Z", "FFF6D8")
        + stroke("M200 182V214", INK.base, 6)
        + fill(glass, GLASS, 0.9)
        + clipped(
            glass,
            fill("M90 244C140 234 260 254 310 240V430H90Z", hue.base) + fill("M264 200H310V430H258Z", hue.dark, 0.6),
        )
        + stroke("M106 212H294", "FFFFFF", 7)
        + fill(bar(144, 286, 112, 76, 10), PAPER.base)
        + stroke("M164 310H236M178 330H222", hue.dark, 5)
        + gloss("M124 236L128 374", 10, 0.6)
    )


def wall_hook(hue: Hue) -> str:
    def peg(x: float) -> str:
        return (
            stroke(f"M{x} 174V206C{x} 230 {x + 34} 230 {x + 34} 206", hue.deep, 13)
            + fill(oval(x + 34, 202, 11), hue.base)
            + fill(oval(x, 172, 12), hue.base)
        )

    bag = poly([(192, 270), (312, 270), (322, 410), (182, 410)], [6, 6, 16, 16])
    return (
        solid(bar(54, 138, 292, 66, 16), WOOD, -8, -10)
        + stroke("M80 162C150 154 220 172 316 162", WOOD.dark, 3.5, 0.6)
        + peg(100)
        + peg(190)
        + peg(280)
        + stroke("M218 276C216 222 232 220 226 214C238 224 286 226 286 276", PAPER.dark, 8)
        + solid(bag, PAPER, -16)
        + fill(oval(250, 342, 30), hue.base)
        + stroke("M250 362V326M250 344C240 342 236 334 236 326M250 350C260 348 264 340 264 332", PAPER.light, 5)
        + stroke("M118 226L118 268", CORAL.dark, 5)
        + fill(oval(118, 282, 16), BRASS.dark)
        + fill(oval(118, 282, 8), "E6E0F0")
        + fill(bar(113, 296, 10, 62, 3), BRASS.base)
        + fill("M123 330H140V340H123ZM123 346H136V355H123Z", BRASS.base)
        + gloss("M74 152H150", 6)
    )


def picture_frame(hue: Hue) -> str:
    opening = bar(132, 154, 136, 186)
    scene = (
        fill(opening, "F4E3D3")
        + fill(oval(228, 206, 22), CORAL.base)
        + fill("M120 292C150 236 178 236 208 272C232 246 254 246 280 284V350H120Z", hue.light)
        + fill("M120 318C160 284 200 300 226 314C246 300 262 302 280 312V350H120Z", hue.base)
    )
    return (
        fill(poly([(220, 380), (250, 380), (296, 415), (276, 415)], 4), WOOD.deep)
        + solid(bar(84, 105, 232, 308, 8), WOOD, -12)
        + fill(bar(100, 122, 194, 276, 3), WOOD.deep)
        + fill(bar(104, 126, 190, 272, 3), PAPER.light)
        + clipped(opening, scene)
        + fill(bar(104, 126, 8, 272), PAPER.dark, 0.35)
        + fill("M240 126H294V190L176 398H104V366Z", "FFFFFF", 0.22)
    )


def doormat(hue: Hue) -> str:
    mat = poly([(98, 228), (302, 228), (352, 400), (48, 400)], [10, 10, 14, 14])
    bristles = "".join(
        stroke(f"M{x} 398V413", hue.dark if at % 2 else hue.deep, 7) for at, x in enumerate(range(58, 346, 9))
    )
    chevrons = "".join(
        stroke("M" + "L".join(f"{x} {y + (16 if at % 2 else 0)}" for at, x in enumerate(range(20, 390, 22))), tone, 8)
        for y, tone in ((268, PAPER.base), (300, hue.light), (332, PAPER.base))
    )
    boot = "M0 0H50C52 34 46 66 50 90C68 94 90 100 90 122V130H0C-4 90 4 40 0 0Z"
    pair = moved(
        solid(boot, CORAL, -10) + fill("M0 122H90V134H0Z", INK.base) + fill("M0 0H50V14H0Z", CORAL.light), 186, 120
    ) + moved(
        solid(boot, CORAL, -10)
        + fill("M0 122H90V134H0Z", INK.base)
        + fill("M0 0H50V14H0Z", CORAL.light)
        + gloss("M12 30V84", 6),
        130,
        130,
    )
    return (
        bristles
        + solid(mat, hue, -16)
        + clipped(poly([(112, 244), (288, 244), (328, 384), (72, 384)], 4), chevrons)
        + stroke("M110 244H290L330 384H70Z", hue.deep, 5, 0.75)
        + pair
    )


def basket(hue: Hue) -> str:
    body = taper(200, 218, 415, 268, 216, 44)
    weave = "".join(
        stroke(f"M{x} {y}q12 -9 24 0", hue.light if (row + at) % 2 else hue.dark, 6, 0.85)
        for row, y in enumerate(range(252, 408, 20))
        for at, x in enumerate(range(64, 340, 24))
    )
    return (
        stroke("M122 226C122 148 182 148 182 226", hue.deep, 15)
        + stroke("M218 226C218 148 278 148 278 226", hue.deep, 15)
        + fill("M96 214C96 168 142 138 186 154C232 126 304 160 304 214Z", PAPER.base)
        + fill("M186 154C232 126 304 160 304 214H226C232 190 214 166 186 154Z", CORAL.base)
        + fill("M262 156C290 166 304 188 304 214H276C278 190 274 170 262 156Z", CORAL.dark)
        + solid(body, hue, -26)
        + clipped(body, weave)
        + fill(bar(58, 206, 284, 26, 13), hue.dark)
        + fill(bar(58, 206, 284, 19, 9), hue.base)
        + stroke("M78 215H318", hue.light, 4, 0.9)
        + gloss("M92 252L110 366", 10, 0.25)
    )


def mirror(hue: Hue) -> str:
    face = oval(198, 230, 102)
    return (
        solid(poly([(186, 334), (214, 334), (218, 396), (182, 396)], 4), hue, -10)
        + solid("M116 415C116 396 140 388 200 388C260 388 284 396 284 415Z", hue, -18)
        + solid(oval(200, 230, 122), hue, -12, -4)
        + fill(face, "DDEFF6")
        + clipped(face, fill("M70 300L220 100H262L112 330H70ZM132 330L286 118L306 130L160 344Z", "FFFFFF", 0.65) + fill("M262 120C330 190 330 280 262 340H330V120Z", "B7D3E2", 0.55))
        + stroke("M96 230a102 102 0 0 1 102 -102", hue.deep, 4, 0.5)
        + gloss("M86 216C90 178 112 148 140 132", 6)
    )  # fmt: skip


def cushion(hue: Hue) -> str:
    shape = "M72 132C130 148 270 148 328 132C342 130 344 140 340 152C326 216 326 330 340 392C344 408 338 416 326 412C270 400 130 400 74 412C60 416 56 406 60 392C74 330 74 216 60 152C56 138 60 130 72 132Z"
    leaf = "".join(
        stroke(
            f"M200 {y}C{200 + side * 26} {y - 4} {200 + side * 48} {y - 22} {200 + side * 54} {y - 46}C{200 + side * 26} {y - 40} {200 + side * 6} {y - 22} 200 {y}Z",
            PAPER.base,
            6,
        )
        for y in (250, 300, 350)
        for side in (-1, 1)
    )
    return (
        solid(shape, hue, -22, -8)
        + stroke("M200 376V190", PAPER.base, 7)
        + leaf
        + fill(oval(200, 182, 9, 16), PAPER.base)
        + stroke(
            "M84 150C96 166 104 176 108 190M316 150C304 166 298 176 294 190M84 392C96 378 102 370 108 358M318 392C306 378 300 370 294 358",
            hue.deep,
            5,
            0.45,
        )
        + gloss("M92 220C96 260 96 290 92 326", 9, 0.3)
    )


def step_stool(hue: Hue) -> str:
    def leg(x: float, lean: float, tone: str) -> str:
        return fill(poly([(x - 12, 150), (x + 12, 150), (x + lean + 12, 415), (x + lean - 12, 415)], 5), tone)

    return (
        leg(248, 56, WOOD.deep)
        + leg(152, -56, WOOD.deep)
        + fill(bar(112, 338, 176, 16, 4), WOOD.deep)
        + fill(poly([(94, 270), (306, 270), (318, 296), (82, 296)], 6), hue.light)
        + fill(bar(82, 290, 236, 20, 6), hue.dark)
        + leg(268, 44, WOOD.dark)
        + leg(132, -44, WOOD.base)
        + fill(poly([(108, 118), (292, 118), (312, 146), (88, 146)], 8), hue.base)
        + fill(bar(86, 140, 228, 26, 8), hue.dark)
        + fill(bar(172, 126, 56, 12, 6), hue.deep)
        + gloss("M116 128H152", 6)
        + gloss("M130 184L104 392", 5, 0.35)
    )


DRAWINGS = {
    "vase": Drawing(vase, 40, 320, 180, (200, 260)),
    "throw": Drawing(throw, 40, 300, 260, (180, 300)),
    "candle": Drawing(candle, 16, 305, 200, (200, 210)),
    "wall-hook": Drawing(wall_hook, 44, 280, 292, (150, 190), 70),
    "picture-frame": Drawing(picture_frame, 40, 310, 232, (190, 250)),
    "doormat": Drawing(doormat, 58, 294, 304, (160, 280)),
    "basket": Drawing(basket, 36, 290, 284, (190, 250)),
    "mirror": Drawing(mirror, 38, 308, 244, (180, 200), 90),
    "cushion": Drawing(cushion, 45, 285, 286, (180, 240)),
    "step-stool": Drawing(step_stool, 39, 297, 240, (180, 170), 116),
}
