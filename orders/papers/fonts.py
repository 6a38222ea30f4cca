"""Which font a text is printed with: Noto, script by script, because no one font has every letter.

The fonts come in wheels under the SIL Open Font License (see ``requirements.txt``). Variable ones are embedded
at their default weight. Only the fonts that a paper needs are read: the one with the Chinese, Japanese and Korean
characters alone takes a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from fontTools.ttLib import TTFont

MAIN = "Noto Sans"
# Family to its wheel and file. Earlier ones win where several have a letter.
FILES = {MAIN: ("manimgx_fonts", "NotoSans[wght].ttf")} | {
    f"Noto Sans {script}": ("manimgx_fonts", f"NotoSans{script}[wght].ttf")
    for script in (
        "Arabic", "Hebrew", "Thai", "Armenian", "Georgian", "Devanagari", "Bengali", "Gujarati", "Gurmukhi",
        "Kannada", "Khmer", "Lao", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil", "Telugu", "Ethiopic", "Symbols",
    )
} | {"Noto Sans CJK": ("noto_cjk_sans_jp_regular", "NotoSansCJKjp-Regular.otf")}  # fmt: skip


def path_of(family: str) -> Path:
    """Return the file of a font."""
    package, name = FILES[family]
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(f"{package} is not installed (see requirements.txt)")
    return Path(spec.origin).parent / name


@cache
def letters_of(family: str) -> frozenset[int]:
    """Return the characters a font has; read once per process."""
    with TTFont(path_of(family), lazy=True) as font:
        return frozenset(font.getBestCmap())


def families_for(texts: Iterable[str]) -> list[str]:
    """Return the fonts that some texts need, the main one first.

    A character that none of them has (Egyptian hieroglyphs, an emoji) is printed as an empty box.
    """
    missing = {ord(character) for text in texts for character in text} - letters_of(MAIN)
    needed = [MAIN]
    for family in FILES:
        if missing and (found := missing & letters_of(family)):
            needed.append(family)
            missing -= found
    return needed
