"""The studio: panel, shadow, camera, and what an object is measured against."""

from __future__ import annotations

from collections.abc import Callable

from demo.pictures.shapes import BASELINE, STEEL, WOOD, Drawing, Hue, bar, fill, mix, oval, solid, stroke

WIDTH, HEIGHT = 400, 500
HAND_CM = 18.5
RULER_CM = 15
METRE_CM = 100

Reference = Callable[[float, float, str], str]
"""Draws what stands beside an object, from its left edge, the units in a centimetre and the panel's colour."""


def compose(drawing: Drawing, hue: Hue, panel: str, view: str) -> str:
    """Return the whole picture as SVG. Raises KeyError for a view that does not exist."""
    scene = VIEWS[view](drawing, hue, panel)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#{panel}"/>{scene}</svg>'
    )


def shadow(cx: float, half: float, panel: str) -> str:
    """Draw a soft shadow as three flat ellipses, a little to the right: the light comes from the left."""
    tint = mix(panel, "1B1838", 0.5)
    rings = ((1.16, 15), (1.04, 11), (0.92, 8))
    return "".join(fill(oval(cx + 10, BASELINE, round(half * wide), high), tint, 0.16) for wide, high in rings)


def _main(drawing: Drawing, hue: Hue, panel: str) -> str:
    return shadow(200, drawing.shadow or drawing.wide * 0.5, panel) + drawing.draw(hue)


def _detail(drawing: Drawing, hue: Hue, panel: str) -> str:
    x, y = drawing.focus
    return (
        f'<g transform="translate(200 250) rotate(-7) scale(2.1) translate({-x} {-y})">{_main(drawing, hue, panel)}</g>'
    )


def _scale(drawing: Drawing, hue: Hue, panel: str) -> str:
    reference, height_cm, width_cm = _reference(drawing.height_cm)
    object_width_cm = drawing.wide / drawing.tall * drawing.height_cm
    # Both stand on the baseline at one true scale, and together they fill the panel without touching its edges.
    gap_cm = 0.12 * max(height_cm, drawing.height_cm)
    unit = min(310 / max(height_cm, drawing.height_cm), 310 / (object_width_cm + gap_cm + width_cm))
    left = (WIDTH - (object_width_cm + gap_cm + width_cm) * unit) / 2
    size = unit * drawing.height_cm / drawing.tall
    centre = left + (width_cm + gap_cm + object_width_cm / 2) * unit
    placed = f"translate({centre - 200 * size:.1f} {BASELINE * (1 - size):.1f}) scale({size:.3f})"
    return (
        shadow(left + width_cm * unit / 2, width_cm * unit * 0.5, panel)
        + reference(left, unit, panel)
        + f'<g transform="{placed}">{_main(drawing, hue, panel)}</g>'
    )


def _reference(height_cm: float) -> tuple[Reference, float, float]:
    """Choose what stands beside the object: its drawing function, height and width in centimetres."""
    if height_cm < 9:
        return _ruler, RULER_CM, 2.6
    if height_cm < 48:
        return _hand, HAND_CM, 11
    return _metre_rule, METRE_CM, 6


def _ruler(left: float, unit: float, panel: str) -> str:
    return _rule(left, unit, 2.6, RULER_CM, 1)


def _metre_rule(left: float, unit: float, panel: str) -> str:
    return _rule(left, unit, 6, METRE_CM, 10)


def _rule(left: float, unit: float, width_cm: float, length_cm: int, step_cm: int) -> str:
    wide, long = width_cm * unit, length_cm * unit
    ticks = "".join(
        stroke(f"M{left + wide:.1f} {BASELINE - at * unit:.1f}h{-wide * (0.5 if at % (5 * step_cm) == 0 else 0.3):.1f}", WOOD.deep, 2)
        for at in range(step_cm, length_cm, step_cm)
    )  # fmt: skip
    return solid(bar(left, BASELINE - long, wide, long, 4), WOOD, -4) + ticks


def _hand(left: float, unit: float, panel: str) -> str:
    """Draw an open hand as an outline: every part in ink, then every part a little thinner in paper."""
    fingers = (
        ((3.2, 8.6), (2.3, 14.6), 1.75),
        ((5.1, 9.0), (4.8, 16.9), 1.85),
        ((7.0, 8.8), (7.3, 15.9), 1.8),
        ((8.6, 8.0), (9.5, 12.9), 1.55),
        ((3.6, 4.2), (0.9, 9.0), 1.95),
    )
    palm = [(3.3, 8.6), (8.7, 8.2), (8.2, 4.0), (7.4, 2.2), (4.6, 2.2), (3.6, 4.4)]
    wrist = [(4.9, 3.0), (7.2, 3.0), (7.2, 0.9), (4.9, 0.9)]

    def place(point: tuple[float, float]) -> str:
        return f"{left + point[0] * unit:.1f} {BASELINE - point[1] * unit:.1f}"

    def layer(colour: str, extra: float) -> str:
        lines = "".join(stroke(f"M{place(a)}L{place(b)}", colour, wide * unit + extra) for a, b, wide in fingers)
        flats = "".join(
            fill(f"M{'L'.join(place(point) for point in part)}Z", colour) + stroke(f"M{'L'.join(place(point) for point in part)}Z", colour, 1.6 * unit + extra)
            for part in (palm, wrist)
        )  # fmt: skip
        return lines + flats

    return layer(STEEL.deep, 5) + layer(mix(panel, "FFFFFF", 0.5), 0)


VIEWS = {"main": _main, "detail": _detail, "scale": _scale}
