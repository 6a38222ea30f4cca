"""Kitchen: drawings for the warm rose panel."""

from __future__ import annotations

from demo.pictures.shapes import (
    GLASS,
    INK,
    PAPER,
    STEEL,
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


def mug(hue: Hue) -> str:
    body = taper(180, 150, 415, 214, 186, 40)
    glaze = "M60 150H300V236C270 252 250 226 216 238C186 250 160 230 128 240C106 246 90 238 60 240Z"
    return (
        stroke("M272 208C352 196 356 334 266 342", hue.dark, 27)
        + stroke("M272 205C346 196 350 328 266 338", hue.base, 20)
        + solid(body, PAPER, -24)
        + clipped(body, fill(glaze, hue.base) + fill("M264 150H300V250H262Z", hue.dark))
        + fill(oval(180, 150, 107, 22), hue.dark)
        + fill(oval(180, 151, 94, 16), "5A3626")
        + fill("M98 158C130 140 190 142 214 150C180 150 140 156 122 163Z", "7A4E36")
        + gloss("M98 192L104 330")
    )


def kettle(hue: Hue) -> str:
    body = "M112 238C116 214 144 204 196 204C250 204 276 214 280 238L304 384C306 404 296 415 276 415H116C96 415 86 404 88 384Z"
    return (
        stroke("M292 352C344 340 322 246 366 232", hue.deep, 22)
        + stroke("M292 350C338 338 318 244 362 230", hue.base, 15)
        + stroke("M124 224C96 92 296 92 272 222", WOOD.dark, 22)
        + stroke("M122 220C98 96 290 92 268 218", WOOD.base, 14)
        + solid(body, hue, -26)
        + fill("M89 378H303L305 392C305 408 294 415 276 415H116C98 415 87 408 87 392Z", hue.deep, 0.35)
        + solid("M140 206C144 178 252 178 256 206Z", PAPER, -14)
        + fill(oval(198, 172, 17, 14), INK.base)
        + fill(oval(193, 168, 7, 5), INK.light)
        + gloss("M128 250L112 352", 11)
    )


def chopping_board(hue: Hue) -> str:
    board = poly([(104, 176), (160, 166), (172, 112), (228, 112), (240, 166), (296, 176), (296, 415), (104, 415)],
                 [34, 26, 26, 26, 26, 34, 26, 26])  # fmt: skip
    grain = "".join(stroke(d, hue.dark, 4, 0.45) for d in (
        "M128 232C180 222 230 246 276 230", "M128 268C170 280 226 258 274 272", "M128 366C190 350 220 382 272 366",
    ))  # fmt: skip
    knife = fill("M318 206C346 250 348 300 336 338H318Z", STEEL.light) + fill(
        "M334 236C346 272 346 308 336 338H329Z", STEEL.base
    )
    return (
        knife
        + solid(bar(315, 336, 25, 79, 10), INK, -8)
        + fill(oval(327, 362, 3.5), STEEL.base)
        + fill(oval(327, 390, 3.5), STEEL.base)
        + solid(board, hue, -15, 0)
        + grain
        + stroke("M160 318a24 12 0 1 0 48 0a24 12 0 1 0 -48 0", hue.dark, 4, 0.5)
        + fill(oval(200, 142, 14), hue.deep)
        + fill(oval(202, 144, 11), "F6D9CF")
        + gloss("M120 208V392", 8, 0.45)
    )


def storage_jar(hue: Hue) -> str:
    glass = poly([(106, 176), (294, 176), (300, 415), (100, 415)], [22, 22, 34, 34])
    beans = "".join(
        turned(fill(oval(x, y, 12, 8), hue.light if at % 3 else hue.deep), at * 37 % 90, x, y)
        for at, (x, y) in enumerate([(128, 300), (160, 322), (196, 296), (230, 330), (262, 302), (140, 354), (180, 370), (216, 368), (256, 372), (122, 388), (160, 398), (232, 396), (272, 344)])
    )  # fmt: skip
    contents = fill("M90 286C130 266 170 280 204 272C244 262 270 276 310 268V430H90Z", hue.base)
    return (
        fill(glass, GLASS, 0.92)
        + clipped(glass, contents + beans + fill("M272 160H310V420H266Z", hue.deep, 0.22))
        + solid(bar(112, 128, 176, 44, 12), WOOD, -18)
        + solid(bar(166, 106, 68, 26, 12), WOOD, -12)
        + stroke("M108 182H292", STEEL.base, 9)
        + fill(bar(150, 208, 100, 48, 8), PAPER.base)
        + stroke("M168 226H232M168 240H214", hue.base, 5)
        + gloss("M120 206L116 378", 11, 0.7)
    )


def pan(hue: Hue) -> str:
    return turned(
        solid(poly([(184, 84), (216, 84), (218, 226), (182, 226)], [15, 15, 4, 4]), WOOD, -12)
        + fill(oval(200, 106, 7), WOOD.deep)
        + solid(poly([(182, 196), (218, 196), (228, 240), (172, 240)], 6), STEEL, -10)
        + solid(oval(200, 316, 104), hue, -14, -4)
        + fill(oval(200, 316, 86), INK.base)
        + fill(oval(196, 313, 80), INK.light, 0.55)
        + clipped(
            oval(200, 316, 86),
            fill("M152 330C140 300 166 272 196 280C216 262 250 276 246 304C262 324 246 352 220 346C200 364 164 358 152 330Z", "FFFDF6")
            + fill(oval(202, 314, 26, 25), "F2BF4E")
            + fill(oval(195, 306, 8, 6), "FBE09A"),
        )
        + gloss("M112 292C120 262 140 242 168 232", 8, 0.4),
        14,
        200,
        316,
    )  # fmt: skip


def tea_towel(hue: Hue) -> str:
    cloth = "M104 158C160 150 240 150 296 158L302 398C270 412 240 396 204 408C170 416 136 398 98 408Z"
    fold = "M216 153C250 153 276 155 296 158L302 398C278 409 254 402 228 402Z"
    bands = "".join(
        f'<rect x="80" y="{y}" width="240" height="{h}" fill="#{hue.base}"/>'
        for y, h in ((316, 12), (336, 34), (378, 8))
    )
    shaded = "".join(
        f'<rect x="80" y="{y}" width="240" height="{h}" fill="#{hue.dark}"/>'
        for y, h in ((316, 12), (336, 34), (378, 8))
    )
    lines = "".join(stroke(f"M{x} 140V330", hue.base, 4) for x in (140, 176, 212, 248, 284))
    return (
        solid(bar(70, 128, 260, 18, 9), WOOD, 0, -6)
        + fill(cloth, PAPER.base)
        + clipped(cloth, lines + bands)
        + fill(fold, "E7DDCE")
        + clipped(fold, lines + shaded)
        + fill("M103 158C160 150 240 150 297 158L296 138C290 122 110 122 104 138Z", PAPER.light)
        + stroke("M216 156L228 402", "D5C8B5", 4)
        + stroke("M182 130C176 102 220 102 216 130", hue.dark, 7)
        + gloss("M118 180L114 300", 8, 0.6)
    )


def kitchen_scale(hue: Hue) -> str:
    base = (
        "M128 228H272C286 262 312 340 314 384C315 404 304 415 284 415H116C96 415 85 404 86 384C88 340 114 262 128 228Z"
    )
    ticks = "".join(turned(stroke("M200 266V276", hue.deep, 5), angle, 200, 324) for angle in range(-150, 181, 30))
    return (
        solid("M78 130H322C318 178 274 192 200 192C126 192 82 178 78 130Z", STEEL, -26)
        + fill(oval(200, 130, 122, 15), STEEL.dark)
        + fill(oval(200, 132, 110, 10), STEEL.light)
        + fill(bar(178, 188, 44, 46, 6), INK.base)
        + solid(base, hue, -24)
        + fill(oval(202, 327, 72), hue.deep)
        + fill(oval(200, 324, 70), PAPER.base)
        + ticks
        + stroke("M200 324L236 292", "B4472F", 7)
        + fill(oval(200, 324, 10), INK.base)
        + gloss("M134 254C120 292 108 332 104 376", 9)
        + gloss("M104 146C112 164 130 174 152 178", 7, 0.8)
    )


def corkscrew(hue: Hue) -> str:
    arm = "M178 214C142 218 122 252 116 304C114 322 96 322 96 304C98 240 130 196 180 190Z"
    mirrored = "M222 214C258 218 278 252 284 304C286 322 304 322 304 304C302 240 270 196 220 190Z"
    screw = "M188 322L212 330L188 342L212 350L188 362L212 370L190 380L206 388L200 408"
    return (
        stroke(screw, STEEL.deep, 8)
        + stroke("M188 320L212 328M188 340L212 348M188 360L212 368", STEEL.base, 7)
        + fill(arm, hue.base)
        + fill(mirrored, hue.dark)
        + solid(oval(106, 312, 17), hue, -6)
        + solid(oval(294, 312, 17), hue, -6)
        + solid(
            poly([(176, 190), (224, 190), (218, 300), (234, 328), (166, 328), (182, 300)], [8, 8, 8, 10, 10, 8]),
            STEEL,
            -14,
        )
        + fill(bar(192, 130, 16, 66), STEEL.base)
        + stroke("M190 152H210M190 166H210M190 180H210", STEEL.deep, 5)
        + solid("M148 106C148 84 252 84 252 106C252 128 226 134 200 134C174 134 148 128 148 106Z", hue, -14)
        + fill(oval(180, 208, 8), STEEL.deep)
        + fill(oval(220, 208, 8), STEEL.deep)
        + gloss("M164 102C172 94 188 92 204 92", 7)
        + gloss("M190 222V300", 6, 0.8)
    )


def lunch_box(hue: Hue) -> str:
    lower = poly([(74, 300), (326, 300), (316, 415), (84, 415)], [6, 6, 36, 36])
    upper = poly([(74, 204), (326, 204), (322, 296), (78, 296)], [6, 6, 22, 22])
    return (
        solid(lower, hue, -26)
        + solid(upper, PAPER, -26)
        + solid("M66 204C66 158 106 142 150 142H250C294 142 334 158 334 204Z", WOOD, -26)
        + fill(bar(66, 196, 268, 16, 8), WOOD.dark)
        + stroke("M110 168C150 158 230 172 292 162M96 184C160 176 220 190 306 180", WOOD.dark, 3.5, 0.6)
        + fill("M178 142H226L230 415H174Z", hue.deep)
        + fill("M178 142H188L184 415H174Z", hue.dark)
        + fill(bar(186, 246, 32, 40, 8), PAPER.light)
        + fill(bar(194, 254, 16, 24, 4), hue.deep)
        + gloss("M98 222L100 272", 9, 0.8)
        + gloss("M98 322L104 376", 9)
    )


def colander(hue: Hue) -> str:
    bowl = "M76 218H324C320 312 276 382 200 382C124 382 80 312 76 218Z"
    holes = "".join(
        fill(oval(200 + step * (34 - row * 2), y, 8 - row, 8 - row), hue.deep)
        for row, (y, count) in enumerate(((262, 3), (298, 2.5), (332, 2), (360, 1)))
        for step in [at - count for at in range(int(2 * count) + 1)]
    )  # fmt: skip
    return (
        stroke("M84 236C40 232 40 290 92 286", hue.deep, 15)
        + stroke("M316 236C360 232 360 290 308 286", hue.deep, 15)
        + solid(poly([(152, 366), (248, 366), (262, 415), (138, 415)], 8), hue, -20)
        + solid(bowl, hue, -28, -4)
        + holes
        + fill(bar(62, 200, 276, 24, 12), hue.dark)
        + fill(bar(62, 200, 276, 18, 9), hue.light)
        + fill("M108 200C100 160 132 134 158 156C164 120 214 112 226 150C252 126 296 152 290 200Z", "6BA05C")
        + fill("M226 150C252 126 296 152 290 200H250C258 176 246 160 226 150Z", "4A7D43")
        + stroke("M158 156C156 172 160 186 166 198M226 150C216 168 214 184 216 198", "9CC58A", 6)
        + gloss("M100 246C106 286 124 320 146 342", 10)
    )


DRAWINGS = {
    "mug": Drawing(mug, 10, 285, 280, (230, 200)),
    "kettle": Drawing(kettle, 24, 300, 290, (240, 210)),
    "chopping-board": Drawing(chopping_board, 40, 305, 290, (210, 180)),
    "storage-jar": Drawing(storage_jar, 18, 310, 200, (200, 210)),
    "pan": Drawing(pan, 40, 330, 230, (210, 290)),
    "tea-towel": Drawing(tea_towel, 46, 310, 260, (210, 330), 90),
    "kitchen-scale": Drawing(kitchen_scale, 24, 300, 250, (210, 300)),
    "corkscrew": Drawing(corkscrew, 18, 325, 220, (200, 200), 60),
    "lunch-box": Drawing(lunch_box, 12, 275, 270, (200, 250)),
    "colander": Drawing(colander, 28, 290, 300, (190, 270)),
}
