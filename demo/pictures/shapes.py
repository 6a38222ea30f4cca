"""Shapes and colours that every drawing shares, so that sixty objects look like one set."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass

BASELINE = 415
"""Where objects stand, on a panel of 400 by 500 units."""


def mix(colour: str, other: str, part: float) -> str:
    """Return ``colour`` with ``part`` (0 to 1) of ``other`` stirred in, both as six hex digits."""
    pairs = [(int(colour[at : at + 2], 16), int(other[at : at + 2], 16)) for at in (0, 2, 4)]
    return "".join(f"{round(ours + (theirs - ours) * part):02X}" for ours, theirs in pairs)


@dataclass(frozen=True)
class Hue:
    """One material in four tones, from the lit side to the deepest fold."""

    light: str
    base: str
    dark: str
    deep: str


def tones(base: str) -> Hue:
    """Make the four tones of a material from its base colour."""
    # Shadows lean towards a cool violet and lights towards warm paper: that is what keeps the set together.
    return Hue(mix(base, "FFF6E8", 0.42), base, mix(base, "1B1838", 0.24), mix(base, "1B1838", 0.46))


@dataclass(frozen=True)
class Drawing:
    """An object: how to draw it, how much room it takes, and how tall it really is."""

    draw: Callable[[Hue], str]
    height_cm: float
    tall: int = 300
    wide: int = 240
    focus: tuple[int, int] = (200, 230)
    shadow: int = 0
    """Half the width of the shadow; 0 derives it from ``wide``."""


PAPER = tones("F7F1E6")
STEEL = Hue("EEF2F3", "CBD3D8", "9FAAB2", "76828B")
INK = Hue("5B6370", "343A45", "23272F", "171A20")
WOOD = Hue("F0D3A8", "DCAE78", "BC8852", "946538")
BRASS = Hue("F3DC9C", "DDB557", "B58A35", "8B6724")
LEAF = Hue("9CC58A", "6BA05C", "4A7D43", "345E33")
CORAL = tones("E2725B")
SUN = tones("F2BF4E")
SKY = tones("7FB2DE")
GLASS = "EAF6F7"


def fill(d: str, colour: str, opacity: float = 1) -> str:
    return f'<path d="{d}" fill="#{colour}"{_faded(opacity)}/>'


def stroke(d: str, colour: str, width: float, opacity: float = 1) -> str:
    ends = 'stroke-linecap="round" stroke-linejoin="round"'
    return f'<path d="{d}" fill="none" stroke="#{colour}" stroke-width="{width}" {ends}{_faded(opacity)}/>'


def gloss(d: str, width: float = 9, opacity: float = 0.38) -> str:
    return stroke(d, "FFFFFF", width, opacity)


def clipped(d: str, inner: str) -> str:
    """Show ``inner`` only inside the closed path ``d``."""
    # The name comes from the path: equal paths share a clip, different ones never collide, and output is repeatable.
    name = f"c{zlib.crc32(d.encode()):x}"
    return f'<clipPath id="{name}"><path d="{d}"/></clipPath><g clip-path="url(#{name})">{inner}</g>'


def solid(d: str, hue: Hue, dx: float = -16, dy: float = 0) -> str:
    """Fill a closed path as a body lit from the left.

    ``dx`` and ``dy`` shift the lit face; what it leaves uncovered is the darker side.
    """
    face = f'<g transform="translate({dx} {dy})">{fill(d, hue.base)}</g>'
    return fill(d, hue.dark) + clipped(d, face)


def turned(inner: str, angle: float, x: float = 200, y: float = 260) -> str:
    return f'<g transform="rotate({angle} {x} {y})">{inner}</g>'


def moved(inner: str, dx: float, dy: float = 0, size: float = 1) -> str:
    return f'<g transform="translate({dx} {dy}) scale({size})">{inner}</g>'


def oval(cx: float, cy: float, rx: float, ry: float | None = None) -> str:
    """Return the path of an ellipse, or of a circle when ``ry`` is None."""
    ry = rx if ry is None else ry
    return f"M{cx - rx} {cy}a{rx} {ry} 0 1 0 {2 * rx} 0a{rx} {ry} 0 1 0 {-2 * rx} 0Z"


def bar(x: float, y: float, width: float, height: float, radius: float = 0) -> str:
    return poly([(x, y), (x + width, y), (x + width, y + height), (x, y + height)], radius)


def taper(cx: float, top: float, bottom: float, wide_top: float, wide_bottom: float, radius: float = 24) -> str:
    """Return a vessel's side view: square at the rim, rounded at the foot."""
    half, foot = wide_top / 2, wide_bottom / 2
    corners = [(cx - half, top), (cx + half, top), (cx + foot, bottom), (cx - foot, bottom)]
    return poly(corners, [0, 0, radius, radius])


def poly(points: list[tuple[float, float]], radius: float | list[float] = 0) -> str:
    """Return a closed polygon with rounded corners; a list gives each corner its own radius."""
    radii = radius if isinstance(radius, list) else [radius] * len(points)
    parts: list[str] = []
    for at, (x, y) in enumerate(points):
        before, after = points[at - 1], points[(at + 1) % len(points)]
        start, end = _towards((x, y), before, radii[at]), _towards((x, y), after, radii[at])
        parts.append(f"{'L' if parts else 'M'}{start[0]:.1f} {start[1]:.1f}Q{x:.1f} {y:.1f} {end[0]:.1f} {end[1]:.1f}")
    return "".join(parts) + "Z"


def _towards(origin: tuple[float, float], target: tuple[float, float], distance: float) -> tuple[float, float]:
    dx, dy = target[0] - origin[0], target[1] - origin[1]
    length = (dx * dx + dy * dy) ** 0.5
    # Two roundings on one edge may meet in its middle but never cross.
    part = min(distance / length, 0.5) if length else 0
    return origin[0] + dx * part, origin[1] + dy * part


def _faded(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{opacity}"'
