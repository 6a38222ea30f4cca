"""Rows as CSV that no spreadsheet takes for formulas (CWE-1236)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain

# A spreadsheet computes what begins like this.
FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """Where the writer puts a row, so that it can be sent on at once."""

    def write(self, text: str) -> str:
        return text


def csv_rows(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield a CSV file line by line, in bounded memory; every cell is quoted (RFC 4180, lines end in CR LF).

    Text that a spreadsheet would compute gets an apostrophe in front; numbers (int, float, Decimal) do not,
    for a negative one is no formula.
    """
    writer = csv.writer(_Line(), quoting=csv.QUOTE_ALL)
    for row in chain([header], rows):
        yield writer.writerow([_harmless(cell) for cell in row])


def _harmless(cell: object) -> object:
    if cell is None or (isinstance(cell, int | float | Decimal) and not isinstance(cell, bool)):
        return "" if cell is None else cell
    text = str(cell)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text
