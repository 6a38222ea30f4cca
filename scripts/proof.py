"""Write the table of the negative controls into docs/proof.md; ``tests/controls`` checks that it is there."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROOF = ROOT / "docs" / "proof.md"
BEGIN, END = "<!-- negative controls: written by scripts/proof.py -->", "<!-- end of the negative controls -->"


def main() -> int:
    """Put the table between its two marks, and leave the rest of the page alone."""
    sys.path.insert(0, str(ROOT))
    import tests.environment  # noqa: F401  (sets what the settings read)

    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    from tests.controls.table import as_markdown

    before, _begin, rest = PROOF.read_text().partition(BEGIN)
    _old, _end, after = rest.partition(END)
    PROOF.write_text(f"{before}{BEGIN}\n\n{as_markdown()}\n\n{END}{after}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
