"""The demo shop's pictures, drawn by ourselves: no photographs, no network.

A picture is named ``<object>-<hue>-<view>``, for example ``mug-sage-main``; the name is safe in addresses and file names.
"""

from __future__ import annotations

import io
from functools import lru_cache

import resvg_py
from PIL import Image

from demo.pictures import bath, desk, home, kids, kitchen, outdoors, pharmacy
from demo.pictures.hues import HUES
from demo.pictures.shapes import Drawing
from demo.pictures.studio import compose

__all__ = ["png", "svg"]

PALETTE_SIZE = 128

_DEPARTMENTS = (
    ("F6D9CF", kitchen.DRAWINGS),
    ("D9E2F4", desk.DRAWINGS),
    ("E6E0F0", home.DRAWINGS),
    ("DCEBD5", outdoors.DRAWINGS),
    ("D3ECEE", bath.DRAWINGS | pharmacy.DRAWINGS),
    ("FBE7B8", kids.DRAWINGS),
)
_DRAWINGS: dict[str, tuple[str, Drawing]] = {
    name: (panel, drawing) for panel, drawings in _DEPARTMENTS for name, drawing in drawings.items()
}


def svg(spec: str) -> str:
    """Return the picture as SVG. Raises KeyError for a name that was never drawn."""
    parts = spec.rsplit("-", 2)
    if len(parts) != 3:
        raise KeyError(spec)
    name, hue, view = parts
    panel, drawing = _DRAWINGS[name]
    return compose(drawing, HUES[hue], panel, view)


@lru_cache(maxsize=512)
def png(spec: str, width: int = 960) -> bytes:
    """Return the picture as PNG, ``width`` pixels wide and a quarter higher. Raises KeyError as ``svg`` does."""
    drawn = resvg_py.svg_to_bytes(svg_string=svg(spec), width=width, skip_system_fonts=True)
    # Flat colours need no more than a small palette, and a palette makes the file a third of the size.
    flat = Image.open(io.BytesIO(drawn)).convert("RGB").quantize(PALETTE_SIZE, dither=Image.Dither.NONE)
    file = io.BytesIO()
    flat.save(file, "PNG", optimize=True)
    return file.getvalue()
