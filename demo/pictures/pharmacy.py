"""The pharmacy: drawings for the pale water panel, which it shares with bath and first aid."""

from __future__ import annotations

from demo.pictures.shapes import PAPER, STEEL, Drawing, Hue, bar, fill, gloss, oval, poly, solid, stroke, turned


def tablets(hue: Hue) -> str:
    """Draw a carton with a strip of tablets leaning against it."""

    def pill(x: float, y: float) -> str:
        return fill(oval(x, y, 17, 13), STEEL.dark, 0.5) + fill(oval(x - 2, y - 2, 14, 10), PAPER.light)

    strip = solid(bar(196, 246, 120, 166, 10), STEEL, -8) + "".join(
        pill(x, y) for y in (276, 312, 348, 384) for x in (226, 278)
    )
    return (
        fill("M74 168H262L286 190H96Z", hue.light)
        + solid(poly([(74, 170), (278, 170), (278, 415), (74, 415)], 6), hue, -34)
        + fill(bar(74, 226, 170, 74), PAPER.light)
        + stroke("M94 250H204M94 274H170", hue.deep, 9)
        + fill(bar(94, 340, 34, 12, 3), PAPER.light)
        + fill(bar(105, 329, 12, 34, 3), PAPER.light)
        + gloss("M88 186V214", 7)
        + turned(strip, 11, 256, 412)
    )


def capsules(hue: Hue) -> str:
    """Draw a jar of capsules, some of them in front of it."""

    def capsule(x: float, y: float, angle: float) -> str:
        halves = fill(bar(x - 34, y - 13, 40, 26, 13), hue.base) + fill(bar(x - 2, y - 13, 36, 26, 13), PAPER.base)
        return turned(halves + gloss(f"M{x - 22} {y - 6}H{x + 18}", 5), angle, x, y)

    return (
        solid(bar(132, 112, 136, 56, 10), PAPER, -18)
        + stroke("M150 126V156M168 126V156M186 126V156M204 126V156M222 126V156M240 126V156", PAPER.dark, 4)
        + solid(poly([(118, 168), (282, 168), (282, 415), (118, 415)], [26, 26, 18, 18]), hue, -26)
        + fill(bar(118, 226, 138, 116), PAPER.light)
        + stroke("M136 254H232M136 280H204M136 306H220", hue.deep, 9)
        + gloss("M136 186V210M136 362V394", 7)
        + capsule(268, 398, -14)
        + capsule(106, 402, 12)
    )


def nasal_spray(hue: Hue) -> str:
    """Draw a small bottle with a nozzle."""
    return (
        solid(poly([(180, 96), (220, 96), (228, 196), (172, 196)], [14, 14, 4, 4]), PAPER, -9)
        + solid(bar(142, 196, 116, 22, 8), PAPER, -16)
        + solid(bar(166, 216, 68, 34, 4), STEEL, -10)
        + solid(poly([(140, 248), (260, 248), (266, 415), (134, 415)], [30, 30, 16, 16]), hue, -20)
        + fill(bar(136, 304, 108, 66), PAPER.light)
        + stroke("M152 328C170 316 188 340 206 328M152 350H196", hue.deep, 8)
        + gloss("M156 268V292", 7)
    )


DRAWINGS = {
    "tablets": Drawing(tablets, 11, 250, 230, (180, 290)),
    "capsules": Drawing(capsules, 10, 304, 190, (200, 280)),
    "nasal-spray": Drawing(nasal_spray, 11, 320, 140, (200, 300), 70),
}
