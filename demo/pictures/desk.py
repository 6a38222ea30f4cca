"""Desk: drawings for the pale blue panel."""

from __future__ import annotations

from demo.pictures.shapes import (
    BRASS,
    CORAL,
    INK,
    PAPER,
    SKY,
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


def task_lamp(hue: Hue) -> str:
    shade = poly([(236, 128), (276, 128), (330, 236), (182, 236)], [16, 16, 8, 8])
    glow = fill("M182 236H330L372 415H128Z", "FFF6D8", 0.55)
    return (
        glow
        + stroke("M150 392L112 268", BRASS.dark, 11)
        + stroke("M112 268L212 150", BRASS.base, 11)
        + fill(oval(112, 268, 15), INK.base)
        + fill(oval(108, 265, 6), INK.light)
        + turned(
            fill(oval(256, 238, 30, 22), "FFE9A8")
            + solid(shade, hue, -20)
            + fill(bar(176, 228, 160, 14, 7), hue.dark)
            + solid(bar(242, 108, 28, 24, 8), INK, -8)
            + gloss("M238 152L210 218", 9),
            -8,
            256,
            180,
        )
        + solid("M78 415C78 390 110 380 150 380C190 380 222 390 222 415Z", hue, -18)
        + gloss("M96 404C104 394 120 390 138 388", 6)
    )


def notebook(hue: Hue) -> str:
    return (
        fill(bar(112, 124, 196, 291, 12), hue.deep)
        + fill(bar(112, 122, 188, 287, 8), "D9CFBE")
        + stroke("M296 134V402M290 134V402", "F7F1E6", 3)
        + solid(bar(98, 115, 190, 300, 14), hue, -14)
        + fill("M112 115H124V415H112C104 415 98 409 98 401V129C98 121 104 115 112 115Z", hue.dark)
        + fill(bar(146, 164, 104, 66, 8), PAPER.base)
        + stroke("M164 188H232M164 206H208", hue.base, 5)
        + fill(bar(260, 115, 11, 300), hue.deep)
        + fill("M170 411H188V446L179 436L170 446Z", CORAL.base)
        + gloss("M134 140V382", 7, 0.28)
    )


def pen_tray(hue: Hue) -> str:
    def pencil(x: float, top: float, wood: Hue) -> str:
        tip = f"M{x - 9} {top + 34}L{x} {top}L{x + 9} {top + 34}Z"
        return (
            fill(bar(x - 9, top + 32, 18, 200), wood.base)
            + fill(bar(x + 2, top + 32, 7, 200), wood.dark)
            + fill(tip, "F0D3A8")
            + fill(f"M{x - 3} {top + 11}L{x} {top}L{x + 3} {top + 11}Z", INK.base)
        )

    pen = (
        fill(bar(228, 138, 20, 200, 8), INK.base) + fill(bar(240, 160, 5, 64, 2), STEEL.base) + gloss("M234 152V320", 4)
    )
    stick = fill(bar(262, 150, 28, 200, 3), WOOD.light) + stroke(
        "M288 166H278M288 182H274M288 198H278M288 214H274M288 230H278", WOOD.deep, 3
    )
    return (
        solid(poly([(86, 270), (314, 270), (320, 300), (80, 300)], 6), hue, -16)
        + fill("M92 272H308V310H92Z", hue.deep)
        + turned(pencil(122, 118, SUN), -7, 122, 300)
        + turned(pencil(160, 134, CORAL), 3, 160, 300)
        + turned(pencil(194, 112, SKY), -2, 194, 300)
        + turned(pen, 5, 238, 300)
        + turned(stick, 8, 276, 300)
        + solid(poly([(72, 296), (328, 296), (318, 415), (82, 415)], [6, 6, 30, 30]), hue, -26)
        + fill(bar(66, 290, 268, 15, 7), hue.light)
        + gloss("M96 324L100 380", 9)
    )


def cable_box(hue: Hue) -> str:
    return (
        stroke("M318 356C352 356 362 380 352 402C344 418 366 424 380 414", INK.base, 8)
        + fill(bar(150, 134, 26, 30, 4), STEEL.base)
        + fill(bar(156, 116, 5, 20), STEEL.deep)
        + fill(bar(166, 116, 5, 20), STEEL.deep)
        + stroke("M163 160V206", INK.base, 8)
        + stroke("M232 206C232 150 262 152 262 176V206", PAPER.dark, 8)
        + solid(bar(66, 220, 268, 195, 26), hue, -26)
        + solid(bar(56, 200, 288, 40, 14), WOOD, -24)
        + stroke("M86 214C140 208 200 224 262 214M110 228C160 222 220 232 300 226", WOOD.dark, 3.5, 0.6)
        + fill(bar(142, 200, 112, 10, 5), WOOD.deep)
        + fill(bar(304, 342, 30, 26, 10), hue.deep)
        + stroke("M112 300H160M112 318H160M112 336H160", hue.deep, 7, 0.6)
        + gloss("M88 262V380", 9)
    )


def laptop_stand(hue: Hue) -> str:
    glass = bar(98, 120, 204, 122, 5)
    return (
        solid(bar(86, 108, 228, 146, 14), STEEL, -12)
        + fill(glass, "CFE3F5")
        + clipped(
            glass,
            fill(oval(250, 156, 17), SUN.base)
            + fill("M90 250V206C130 168 166 214 206 184C246 158 276 190 310 176V250Z", SKY.base)
            + fill("M90 250V226C140 204 180 236 220 222C256 210 286 222 310 214V250Z", SKY.dark),
        )
        + solid(poly([(76, 252), (324, 252), (336, 272), (64, 272)], 7), STEEL, -14)
        + fill(bar(164, 252, 72, 8, 4), STEEL.deep)
        + solid(poly([(92, 272), (308, 272), (296, 290), (104, 290)], 5), hue, -16)
        + solid(poly([(168, 288), (232, 288), (248, 396), (152, 396)], [2, 2, 8, 8]), hue, -18)
        + fill(oval(198, 342, 19, 25), hue.deep)
        + fill(oval(201, 344, 15, 21), "D9E2F4")
        + solid("M82 415C82 398 96 390 116 390H284C304 390 318 398 318 415Z", hue, -22)
        + gloss("M104 406C110 400 118 398 130 398", 6)
        + gloss("M172 304L164 376", 6)
    )


def clock(hue: Hue) -> str:
    ticks = "".join(
        turned(stroke("M200 172V186" if angle % 90 == 0 else "M200 172V179", hue.deep, 6), angle, 200, 258)
        for angle in range(0, 360, 30)
    )
    return (
        stroke("M138 368L112 408", WOOD.dark, 17)
        + stroke("M262 368L288 408", WOOD.dark, 17)
        + stroke("M136 368L110 406", WOOD.base, 11)
        + solid("M160 130C160 108 240 108 240 130Z", BRASS, -10)
        + solid(oval(200, 262, 134), hue, -18, -8)
        + fill(oval(196, 258, 108), hue.deep)
        + fill(oval(198, 261, 105), PAPER.base)
        + f'<g transform="translate(-2 3)">{ticks}</g>'
        + stroke("M198 261L152 226", INK.base, 9)
        + stroke("M198 261L238 192", INK.base, 7)
        + stroke("M198 261L206 326", CORAL.base, 4)
        + fill(oval(198, 261, 10), INK.base)
        + gloss("M80 246C86 204 110 172 144 154", 8)
    )


def sticky_notes(hue: Hue) -> str:
    def pad(x: float, y: float, side: float, colour: Hue) -> str:
        sheets = "".join(
            fill(bar(x, y + drop, side, side, 3), colour.dark if drop % 2 else colour.base) for drop in (16, 13, 10, 7)
        )
        top = f"M{x} {y}H{x + side}V{y + side - 46}C{x + side - 4} {y + side - 20} {x + side - 30} {y + side - 4} {x + side - 54} {y + side}H{x}Z"
        curl = (
            f"M{x + side} {y + side - 46}C{x + side - 4} {y + side - 20} {x + side - 30} {y + side - 4} {x + side - 54} {y + side}"
            f"C{x + side - 30} {y + side - 16} {x + side - 34} {y + side - 40} {x + side} {y + side - 46}Z"
        )
        band = fill(f"M{x} {y}H{x + side}V{y + side * 0.16}H{x}Z", colour.dark, 0.3)
        return sheets + fill(top, colour.base) + band + fill(curl, colour.light)

    lines = stroke("M122 290H208M122 314H186M122 338H198", hue.deep, 5, 0.55)
    return (
        turned(pad(196, 124, 128, SKY), 8, 260, 190)
        + turned(pad(96, 112, 120, CORAL), -6, 150, 170)
        + pad(92, 216, 184, hue)
        + lines
        + turned(
            fill(bar(294, 230, 18, 150), INK.base) + fill("M294 378L303 412L312 378Z", WOOD.light) + fill(bar(294, 218, 18, 16, 4), CORAL.base) + fill(bar(305, 234, 7, 144), INK.dark),
            9,
            303,
            320,
        )
    )  # fmt: skip


def scissors(hue: Hue) -> str:
    blade_left = "M188 300L152 118C148 104 164 98 172 112L216 292Z"
    blade_right = "M212 300L248 118C252 104 236 98 228 112L184 292Z"
    return (
        fill(blade_left, STEEL.base)
        + fill("M188 300L152 118C149 108 156 103 162 105L202 296Z", STEEL.light)
        + fill(blade_right, STEEL.dark)
        + fill("M200 297L238 104C246 102 251 108 248 118L212 300Z", STEEL.base)
        + stroke("M206 296C204 320 190 330 180 340", hue.dark, 28)
        + stroke("M194 296C196 320 210 330 220 340", hue.base, 28)
        + stroke("M148 330a38 44 20 1 0 1 0Z", hue.base, 22)
        + stroke("M252 330a34 40 -20 1 1 -1 0Z", hue.dark, 22)
        + fill(oval(200, 274, 11), STEEL.deep)
        + fill(oval(198, 272, 8), STEEL.light)
        + gloss("M118 352C112 370 118 386 126 394", 6)
    )


def desk_mat(hue: Hue) -> str:
    mat = poly([(96, 176), (304, 176), (352, 408), (48, 408)], [8, 8, 16, 16])
    coil = oval(312, 160, 26)
    return (
        fill(poly([(96, 180), (304, 180), (352, 415), (48, 415)], [8, 8, 16, 16]), hue.deep)
        + solid(mat, hue, -14)
        + stroke("M108 190H294L336 396H64Z", hue.light, 3, 0.8)
        + fill(poly([(148, 262), (252, 262), (262, 326), (138, 326)], 8), PAPER.base)
        + stroke("M160 278H240M158 292H226M156 306H236", PAPER.dark, 4)
        + turned(
            fill(bar(276, 262, 13, 96, 5), SUN.base) + fill("M276 356L282 374L289 356Z", WOOD.light), -16, 282, 310
        )
        + solid(poly([(84, 134), (312, 134), (312, 186), (84, 186)], 24), hue, 0, -12)
        + fill(coil, hue.deep)
        + fill(oval(312, 160, 20), hue.light)
        + stroke("M312 160a6 6 0 1 1 8 6a13 13 0 1 1 -18 -14", hue.deep, 4)
        + fill(bar(128, 134, 20, 52, 3), WOOD.base)
        + fill(bar(128, 166, 20, 20, 3), WOOD.dark)
        + gloss("M160 146H276", 6, 0.3)
        + gloss("M84 346L74 390", 6, 0.3)
    )


def bin_drawing(hue: Hue) -> str:
    body = taper(200, 178, 415, 232, 176, 26)
    paper = poly([(128, 190), (134, 150), (164, 122), (206, 134), (222, 172), (204, 196)], 10)
    other = poly([(198, 190), (206, 150), (246, 138), (278, 160), (276, 190)], 10)
    slats = "".join(
        stroke(f"M{x} 206L{200 + (x - 200) * 0.8} 396", hue.deep, 7, 0.42) for x in (116, 144, 172, 200, 228, 256, 284)
    )
    return (
        fill(oval(200, 178, 116, 22), hue.deep)
        + fill(paper, PAPER.base)
        + fill("M164 122L206 134L222 172L186 162Z", "E2D8C7")
        + stroke("M134 150L170 158L164 122M170 158L160 190", "CFC3AE", 3.5)
        + fill(other, PAPER.light)
        + fill("M246 138L278 160L276 190L244 176Z", "DCD1BF")
        + fill("M84 178A116 22 0 0 0 316 178L290 415H110Z", hue.base)
        + clipped("M84 178A116 22 0 0 0 316 178V425H80Z", solid(body, hue, -26) + slats)
        + stroke("M84 178A116 22 0 0 0 316 178", hue.light, 9)
        + gloss("M108 222L126 376", 9)
    )


DRAWINGS = {
    "task-lamp": Drawing(task_lamp, 42, 300, 290, (236, 180)),
    "notebook": Drawing(notebook, 21, 300, 210, (200, 200)),
    "pen-tray": Drawing(pen_tray, 15, 305, 260, (180, 240)),
    "cable-box": Drawing(cable_box, 25, 300, 330, (210, 240)),
    "laptop-stand": Drawing(laptop_stand, 36, 307, 264, (200, 290)),
    "clock": Drawing(clock, 14, 305, 268, (190, 230)),
    "sticky-notes": Drawing(sticky_notes, 12, 305, 250, (210, 290)),
    "scissors": Drawing(scissors, 21, 315, 200, (200, 280), 90),
    "desk-mat": Drawing(desk_mat, 57, 282, 310, (250, 190)),
    "bin": Drawing(bin_drawing, 30, 293, 236, (200, 210), 100),
}
