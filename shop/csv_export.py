"""Tables for spreadsheets, in which no cell is taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

# What makes a spreadsheet calculate, also behind blanks and in full width (CWE-1236).
STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Line:
    """A file that keeps only the line written last."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text = text
        return len(text)


def csv_rows(header: Sequence[object], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a CSV file, the header first; for a StreamingHttpResponse.

    Every cell is quoted. Text that a spreadsheet would take for a formula gets an apostrophe in front; numbers
    (``int``, ``float``, ``Decimal``) are ours, and stay as they are. None is an empty cell.
    """
    line = _Line()
    writer: Any = csv.writer(line, quoting=csv.QUOTE_ALL)
    for row in chain([header], rows):
        writer.writerow([_cell(value) for value in row])
        yield line.text


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = str(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return text
    return f"'{text}" if text.startswith(STARTS) or text.lstrip().startswith(STARTS) else text
