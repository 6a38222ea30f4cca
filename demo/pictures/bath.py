"""Bath and first aid: drawings for the pale water panel."""

from __future__ import annotations

from demo.pictures.shapes import (
    BRASS,
    CORAL,
    INK,
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
    turned,
)

LINEN = Hue("FFFDF8", "F7F1E6", "DCD6D2", "B9B2B4")


def brush_set(hue: Hue) -> str:
    def bristles(left: int, right: int, top: int, bottom: int) -> str:
        return "".join(
            stroke(f"M{x} {top}V{bottom}", PAPER.base if x % 4 else PAPER.dark, 6) for x in range(left, right, 6)
        )

    long_brush = (
        solid(poly([(118, 96), (142, 96), (146, 290), (114, 290)], [12, 12, 4, 4]), WOOD, -9)
        + fill(oval(130, 116, 6), "D3ECEE")
        + solid(oval(130, 340, 52, 75), WOOD, -14)
        + fill(oval(127, 340, 40, 62), hue.base)
        + "".join(fill(oval(x, y, 4), PAPER.light) for y in range(294, 396, 16) for x in range(102, 160, 12) if ((x - 127) / 36) ** 2 + ((y - 340) / 56) ** 2 < 1)
    )  # fmt: skip
    nail_brush = bristles(214, 336, 370, 408) + solid(bar(204, 336, 140, 38, 19), WOOD, -14) + gloss("M224 346H292", 6)
    body_brush = bristles(218, 330, 286, 322) + solid("M208 288C208 244 240 222 274 222C308 222 340 244 340 288Z", WOOD, -16) + stroke("M226 280C246 262 304 262 324 280", hue.base, 15) + gloss("M230 256C238 244 248 238 260 236", 6)  # fmt: skip
    return long_brush + nail_brush + body_brush


def soap_dish(hue: Hue) -> str:
    bubbles = "".join(
        fill(oval(x, y, r), "FFFFFF", 0.75) + stroke(f"M{x - r * 0.5:.0f} {y - r * 0.1:.0f}a{r * 0.5:.0f} {r * 0.5:.0f} 0 0 1 {r * 0.5:.0f} {-r * 0.5:.0f}", hue.light, 4)
        for x, y, r in ((118, 218, 24), (156, 180, 16), (278, 196, 20), (240, 150, 13), (196, 128, 20), (306, 236, 12))
    )  # fmt: skip
    return (
        bubbles
        + solid(bar(96, 236, 208, 96, 44), CORAL, -20, -8)
        + stroke("M140 276C160 262 220 262 250 274", CORAL.dark, 6, 0.6)
        + gloss("M118 266C122 256 132 250 146 248", 8, 0.5)
        + fill("M70 326H330L322 342H78Z", hue.deep)
        + solid("M52 324C52 312 348 312 348 324C344 376 312 398 268 398H132C88 398 56 376 52 324Z", hue, -28)
        + fill(oval(200, 322, 148, 10), hue.light)
        + fill("M84 322C120 314 280 314 316 322C280 330 120 330 84 322Z", hue.dark)
        + fill("M96 322C100 306 118 300 140 300H260C284 300 300 306 304 322C270 329 130 329 96 322Z", CORAL.base)
        + solid(bar(128, 392, 144, 23, 8), hue, -18)
        + gloss("M80 346C88 364 102 376 122 382", 8)
    )


def towel(hue: Hue) -> str:
    def folded(y: float, tone: Hue) -> str:
        layer = bar(66, y, 268, 82, 32)
        return (
            solid(layer, tone, -24, -6)
            + stroke(f"M100 {y + 42}H330", tone.deep, 4, 0.5)
            + clipped(
                layer, fill(bar(226, y, 14, 82), PAPER.light, 0.85) + fill(bar(248, y, 34, 82), PAPER.light, 0.85)
            )
            + gloss(f"M94 {y + 20}H176", 6, 0.32)
        )

    roll = solid(oval(200, 146, 66, 44), hue, -10, -4) + fill(oval(200, 146, 54, 34), hue.light) + stroke("M200 146a8 6 0 1 1 10 6a20 15 0 1 1 -26 -16a34 24 0 0 1 48 14a38 27 0 0 1 -22 24", hue.dark, 6)  # fmt: skip
    return folded(332, hue) + folded(258, LINEN) + folded(184, hue) + roll


def first_aid_kit(hue: Hue) -> str:
    return (
        stroke("M148 184V150C148 128 158 120 176 120H224C242 120 252 128 252 150V184", INK.dark, 19)
        + stroke("M146 184V150C146 130 156 121 174 121H222C240 121 248 130 248 150V184", INK.light, 8)
        + solid(bar(58, 172, 284, 243, 38), hue, -28)
        + fill(bar(58, 236, 284, 9), hue.deep, 0.55)
        + solid(bar(96, 218, 32, 46, 8), STEEL, -8)
        + solid(bar(272, 218, 32, 46, 8), STEEL, -8)
        + fill(oval(200, 310, 72), hue.deep, 0.5)
        + fill(oval(197, 307, 72), PAPER.light)
        + fill(poly([(178, 262), (216, 262), (216, 288), (242, 288), (242, 326), (216, 326), (216, 352), (178, 352), (178, 326), (152, 326), (152, 288), (178, 288)], 5), "2E8B57")
        + gloss("M84 268V372", 10)
    )  # fmt: skip


def digital_thermometer(hue: Hue) -> str:
    return turned(
        fill("M186 338H214L207 424C205 434 195 434 193 424Z", STEEL.base)
        + fill("M202 338H214L207 424C206 430 203 432 201 432Z", STEEL.dark)
        + solid(
            "M152 120C152 100 170 92 200 92C230 92 248 100 248 120V268C248 310 222 326 218 352H182C178 326 152 310 152 268Z",
            PAPER,
            -20,
        )
        + fill("M152 268C152 310 178 326 182 352H218C222 326 248 310 248 268Z", hue.base)
        + fill("M228 268C228 310 206 326 204 352H218C222 326 248 310 248 268Z", hue.dark)
        + fill(bar(168, 156, 64, 88, 10), hue.deep)
        + fill(bar(173, 161, 54, 78, 7), "DCE8C8")
        + stroke("M184 216V206M184 198V184M196 206H204M204 216V184M214 216V184", "3E4A34", 5)
        + fill(oval(198, 130, 13), hue.base)
        + gloss("M164 132V260", 7, 0.8),
        20,
        200,
        290,
    )


def plasters(hue: Hue) -> str:
    def strip(x: float, y: float, angle: float, tone: Hue) -> str:
        dots = "".join(fill(oval(x + dx, y + dy, 2.6), tone.dark) for dx in (-52, -42, 42, 52) for dy in (-8, 0, 8))
        return turned(
            solid(bar(x - 70, y - 21, 140, 42, 21), tone, -7, -3)
            + dots
            + fill(bar(x - 26, y - 15, 52, 30, 5), tone.light),
            angle,
            x,
            y,
        )

    skin = WOOD
    return (
        strip(150, 160, -64, skin)
        + strip(206, 154, -86, CORAL)
        + strip(262, 166, -110, SUN)
        + fill("M100 214H300L312 236H88Z", hue.deep)
        + solid(poly([(84, 232), (316, 232), (316, 415), (84, 415)], 10), hue, -30)
        + fill("M84 246C140 276 260 276 316 246V242C316 236 312 232 306 232H94C88 232 84 236 84 242Z", hue.deep, 0.6)
        + fill(bar(84, 296, 202, 78), PAPER.light)
        + turned(solid(bar(122, 316, 126, 38, 19), skin, -6, -2) + fill(bar(162, 321, 46, 28, 4), skin.light) + "".join(fill(oval(x, y, 2.6), skin.dark) for x in (136, 148, 222, 234) for y in (328, 336, 344)), -8, 185, 335)
        + gloss("M100 278V288M100 384V398", 7)
    )  # fmt: skip


def hot_water_bottle(hue: Hue) -> str:
    body = "M168 178C168 206 96 196 96 250V370C96 402 112 415 144 415H256C288 415 304 402 304 370V250C304 196 232 206 232 178Z"
    ribs = "".join(stroke(f"M{x} 244C{x - 8} 280 {x + 8} 330 {x} 386", hue.light, 6, 0.5) for x in (128, 164, 236, 268))
    return (
        solid(bar(176, 104, 48, 40, 8), INK, -10)
        + stroke("M188 112V136M200 112V136M212 112V136", INK.dark, 3)
        + fill(poly([(158, 138), (242, 138), (234, 182), (166, 182)], 10), hue.deep)
        + solid(body, hue, -26)
        + clipped(body, ribs)
        + fill("M156 148H244L240 166H160Z", hue.base)
        + fill(
            "M200 372C160 344 146 318 160 298C174 282 194 288 200 306C206 288 226 282 240 298C254 318 240 344 200 372Z",
            PAPER.light,
        )
        + fill("M158 180C172 190 228 190 242 180L240 196C222 204 178 204 160 196Z", PAPER.base)
        + stroke("M236 190C262 192 276 206 270 232", PAPER.base, 9)
        + gloss("M112 254V366", 10)
    )


def nail_set(hue: Hue) -> str:
    case = bar(92, 122, 216, 293, 34)
    return (
        solid(case, hue, -20)
        + fill(bar(108, 140, 180, 258, 22), hue.deep)
        + fill(bar(110, 144, 178, 254, 22), PAPER.base)
        + fill(bar(104, 296, 190, 28, 4), hue.base)
        + fill(poly([(132, 166), (146, 166), (144, 376), (134, 376)], [7, 7, 4, 4]), STEEL.base)
        + stroke("M139 180V270", STEEL.deep, 5, 0.5)
        + stroke("M176 190L186 262M196 190L186 262", STEEL.dark, 9)
        + fill(oval(186, 252, 6), STEEL.deep)
        + stroke("M178 348a13 18 0 1 0 1 0ZM196 348a13 18 0 1 0 1 0Z", CORAL.base, 7)
        + stroke("M184 262L180 346M188 262L194 346", STEEL.base, 8)
        + solid(poly([(222, 196), (246, 196), (250, 376), (218, 376)], [12, 12, 8, 8]), STEEL, -8)
        + stroke("M234 214L262 250", STEEL.deep, 9)
        + fill(oval(234, 214, 8), STEEL.deep)
        + fill(poly([(264, 170), (276, 170), (274, 376), (266, 376)], [4, 4, 4, 4]), WOOD.base)
        + fill(bar(104, 298, 184, 24, 3), hue.base)
        + fill(bar(104, 298, 184, 6, 2), hue.light)
        + fill(bar(182, 112, 36, 20, 8), BRASS.base)
        + gloss("M100 164V376", 6)
    )


def toiletry_bag(hue: Hue) -> str:
    body = "M76 212C76 192 90 182 112 182H288C310 182 324 192 324 212L340 368C342 400 326 415 296 415H104C74 415 58 400 60 368Z"
    teeth = "".join(fill(bar(x, 202, 6, 12), BRASS.dark) for x in range(100, 304, 12))
    return (
        stroke("M318 250C376 240 378 328 330 326", hue.deep, 13)
        + fill(bar(124, 106, 22, 90, 8), CORAL.base)
        + fill(bar(128, 94, 14, 24, 4), PAPER.base)
        + stroke("M178 186V110", "FFFFFF", 11)
        + stroke("M178 126V108", SUN.base, 13)
        + fill(bar(224, 122, 58, 74, 12), PAPER.base)
        + fill(bar(236, 104, 34, 22, 6), INK.base)
        + solid(body, hue, -28)
        + fill(bar(90, 198, 220, 20, 10), hue.deep)
        + teeth
        + fill(bar(276, 204, 13, 44, 6), BRASS.base)
        + stroke("M74 296H318", hue.deep, 4, 0.5)
        + fill(
            "M62 330C140 346 250 346 338 330L340 368C342 400 326 415 296 415H104C74 415 58 400 60 368Z", hue.deep, 0.4
        )
        + fill(bar(158, 256, 76, 44, 7), PAPER.base)
        + stroke("M176 278H216", hue.base, 6)
        + gloss("M94 240L86 310", 9)
    )


def sun_cream(hue: Hue) -> str:
    rays = "".join(turned(stroke("M196 218V206", SUN.base, 8), angle, 196, 258) for angle in range(0, 360, 45))
    return (
        solid("M124 112H276L258 372H142Z", PAPER, -20)
        + fill(bar(116, 100, 168, 24, 5), PAPER.dark)
        + fill(bar(116, 100, 160, 24, 5), PAPER.base)
        + stroke(
            "M132 106V118M148 106V118M164 106V118M180 106V118M196 106V118M212 106V118M228 106V118M244 106V118M260 106V118",
            PAPER.dark,
            4,
        )
        + fill("M127 150H273L272 168H128Z", hue.base)
        + fill("M133 290C160 274 178 304 204 290C230 276 244 300 264 288L258 372H142L134 290Z", hue.base)
        + fill("M246 292C252 292 258 292 264 288L258 372H238Z", hue.dark)
        + fill(oval(196, 230, 27), SUN.base)
        + f'<g transform="translate(0 -28)">{rays}</g>'
        + solid(poly([(138, 368), (262, 368), (256, 415), (144, 415)], [4, 4, 10, 10]), hue, -20)
        + stroke("M158 380V404M176 380V404M194 380V404M212 380V404", hue.deep, 4, 0.5)
        + gloss("M142 182L148 276", 8, 0.9)
    )


DRAWINGS = {
    "brush-set": Drawing(brush_set, 38, 319, 270, (180, 320)),
    "soap-dish": Drawing(soap_dish, 14, 280, 296, (190, 290)),
    "towel": Drawing(towel, 34, 312, 270, (190, 220)),
    "first-aid-kit": Drawing(first_aid_kit, 26, 300, 284, (200, 260)),
    "digital-thermometer": Drawing(digital_thermometer, 13, 320, 190, (210, 200), 60),
    "plasters": Drawing(plasters, 14, 320, 240, (190, 300)),
    "hot-water-bottle": Drawing(hot_water_bottle, 33, 311, 210, (200, 220)),
    "nail-set": Drawing(nail_set, 12, 300, 216, (190, 250)),
    "toiletry-bag": Drawing(toiletry_bag, 29, 318, 290, (210, 240)),
    "sun-cream": Drawing(sun_cream, 17, 315, 168, (200, 240), 84),
}
