"""A paper as PDF: A4, any script, the same bytes for the same paper."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _, override
from fpdf import FPDF
from fpdf.enums import TextMode, XPos, YPos

from orders.papers.content import Content
from orders.papers.fonts import MAIN, families_for, path_of
from orders.papers.sheet import Column, Row, Sheet, sheet_of

# Millimetres and points.
MARGIN, FOOT, WIDTH = 17, 30, 210 - 2 * 17
SMALL, TEXT, HEAD = 7.5, 9, 20
LINE, PAD = 4.6, 1.6
INK, QUIET, RULE = (20, 33, 28), (77, 91, 85), (190, 199, 195)
# Noto's bold would have to be cut from a variable font for seven seconds; a thin outline looks the same at this size.
BOLD_OUTLINE = 0.11


def paper_pdf(content: Content, *, issued_at: datetime) -> bytes:
    """Draw a paper. Takes a tenth of a second and one more where Chinese, Japanese or Korean is in it."""
    sheet = sheet_of(content)
    with override(sheet.language):
        drawing = _Drawing(sheet, issued_at)
        drawing.draw()
        return bytes(drawing.output())


class _Drawing(FPDF):
    """The pages of one paper; ``header`` and ``footer`` are called by FPDF on each."""

    def __init__(self, sheet: Sheet, issued_at: datetime) -> None:
        super().__init__(format="A4")
        self.sheet = sheet
        scale = WIDTH / sum(column.share for column in sheet.columns)
        self.widths = [column.share * scale for column in sheet.columns]
        self.set_margins(MARGIN, MARGIN)
        self.set_auto_page_break(True, FOOT)
        self._use_fonts()
        # Without these the file would say when it was drawn, and differ each time.
        self.set_creation_date(issued_at)
        self.set_producer("Waybill")
        self.set_title(f"{sheet.title} {sheet.number}")
        self.set_author(sheet.seller_name)
        self.set_lang(sheet.language)
        self.alias_nb_pages("{pages}")

    def _use_fonts(self) -> None:
        families = families_for(_words_of(self.sheet))
        for family in families:
            self.add_font(family, fname=path_of(family))
        self.set_fallback_fonts(families[1:])
        # Joins Arabic letters, places the vowels of Thai and Devanagari, and sets what reads from right to left.
        self.set_text_shaping(True)
        self.set_text_color(*INK)
        self.set_draw_color(*RULE)
        self._font(TEXT)

    def _font(self, size: float, *, bold: bool = False, quiet: bool = False) -> None:
        self.set_font(MAIN, size=size)
        self.set_text_color(*(QUIET if quiet else INK))
        if self.page:
            # Written out here, for FPDF (2.8) forgets the size where a line begins with a letter of another font.
            self._out(self._set_font_for_page(self.current_font, self.font_size_pt))
        self.text_mode = TextMode.FILL_STROKE if bold else TextMode.FILL
        self.set_line_width(BOLD_OUTLINE)
        self.set_draw_color(*(INK if bold else RULE))

    def draw(self) -> None:
        """Draw everything; pages are added as it needs them."""
        self.add_page()
        self._parties()
        self._rows()
        self._sums()
        self._notes()

    def header(self) -> None:
        """Name the paper at the top; on later pages smaller, with the heads of the columns again."""
        self._font(HEAD if self.page_no() == 1 else TEXT, bold=True)
        self.cell(WIDTH / 2, 9, f"{self.sheet.title} {self.sheet.number}" if self.page_no() > 1 else self.sheet.title)
        self._font(TEXT, bold=True)
        self.multi_cell(WIDTH / 2, 9, self.sheet.seller_name, align="R", max_line_height=LINE, **_BELOW)
        self.ln(4)
        if self.page_no() > 1:
            self._heads()

    def footer(self) -> None:
        """Say who sells, and which page of how many this is."""
        self.set_y(-FOOT + 6)
        self._font(SMALL, quiet=True)
        self.set_line_width(0.2)
        self.line(MARGIN, self.get_y(), MARGIN + WIDTH, self.get_y())
        self.ln(1.5)
        top = self.get_y()
        foot = " · ".join([self.sheet.seller_name, *self.sheet.seller, *self.sheet.seller_foot])
        self.multi_cell(WIDTH - 34, 3.6, foot, align="L")
        words = _("Page %(page)s of %(pages)s")
        # How many there are is known at the end only; set to the right, it would be as wide as what stands for it.
        width = self.get_string_width(words % {"page": self.page_no(), "pages": self.page_no()})
        self.set_xy(MARGIN + WIDTH - width - 2, top)
        self.cell(width, 3.6, words % {"page": self.page_no(), "pages": "{pages}"}, align="L")

    def _parties(self) -> None:
        top, half = self.get_y(), WIDTH * 0.52
        self._font(SMALL, quiet=True)
        self.cell(half, LINE, _("For"), **_BELOW)
        self._font(TEXT)
        for line in self.sheet.buyer:
            self.multi_cell(half, LINE, line, align="L", **_BELOW)
        bottom = self.get_y()
        self.set_y(top)
        for name, words in self.sheet.facts:
            self.set_x(MARGIN + half + 4)
            self._font(TEXT, quiet=True)
            self.cell(32, LINE, name)
            self._font(TEXT)
            self.multi_cell(WIDTH - half - 36, LINE, words, align="R", **_BELOW)
        self.set_y(max(bottom, self.get_y()) + 8)

    def _heads(self) -> None:
        self._font(SMALL, bold=True)
        top = self.get_y()
        self._cells([column.title for column in self.sheet.columns], top, SMALL * 0.5)
        self._rule(top + LINE + 1, 0.4)

    def _rows(self) -> None:
        self._heads()
        for row in self.sheet.rows:
            self._row(row)

    def _row(self, row: Row) -> None:
        height = self._height(row)
        if self.get_y() + height > self.h - FOOT:
            # A line is never cut by the end of a page.
            self.add_page()
        top = self.get_y()
        self._font(TEXT)
        self._cells(row.cells, top, LINE)
        if row.small:
            self.set_xy(MARGIN, top + self._lines(row.cells[0], TEXT) * LINE)
            self._font(SMALL, quiet=True)
            self.multi_cell(self.widths[0] - PAD, 3.6, row.small, align="L", **_BELOW)
        self._rule(top + height - 1, 0.15)

    def _height(self, row: Row) -> float:
        small = self._lines(row.small, SMALL) * 3.6 if row.small else 0
        return self._lines(row.cells[0], TEXT) * LINE + small + 2.5

    def _lines(self, text: str, size: float) -> int:
        self._font(size)
        found = self.multi_cell(self.widths[0] - PAD, LINE, text, align="L", dry_run=True, output="LINES")
        return max(1, len(found))

    def _cells(self, cells: list[str], top: float, height: float) -> None:
        left = MARGIN
        for column, width, words in zip(self.sheet.columns, self.widths, cells, strict=True):
            self.set_xy(left, top)
            self._cell(column, width, words, height)
            left += width

    def _cell(self, column: Column, width: float, words: str, height: float) -> None:
        if column.is_number:
            self.cell(width, height, words, align="R")
        else:
            self.multi_cell(width - PAD, height, words, align="L", **_BELOW)

    def _rule(self, at: float, width: float) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(width)
        self.line(MARGIN, at, MARGIN + WIDTH, at)
        self.set_y(at + 1.5)

    def _sums(self) -> None:
        taxes, sums = self.sheet.taxes, self.sheet.sums
        needed = (max(len(taxes), len(sums) + 1) + 3) * (LINE + 1)
        if self.get_y() + needed > self.h - FOOT:
            self.add_page()
        self.ln(3)
        top = self.get_y()
        self._taxes(top)
        bottom = self.get_y()
        self.set_y(top)
        for name, words in sums:
            self._sum(name, words)
        self._rule_of_sums()
        self._font(11, bold=True)
        self._sum(*self.sheet.total, is_set=True)
        self.set_y(max(bottom, self.get_y()) + 4)

    def _taxes(self, top: float) -> None:
        widths = (20, 22, 20, 22)
        self._font(SMALL, bold=True)
        for height, cells in ((LINE, self.sheet.tax_titles), *((LINE, row) for row in self.sheet.taxes)):
            self.set_x(MARGIN)
            for number, (width, words) in enumerate(zip(widths, cells, strict=True)):
                self.cell(width, height, words, align="R" if number else "L")
            self.ln(height)
            self._font(TEXT)

    def _sum(self, name: str, words: str, *, is_set: bool = False) -> None:
        if not is_set:
            self._font(TEXT)
        self.set_x(MARGIN + WIDTH / 2 + 6)
        self.cell(WIDTH / 2 - 36, LINE + 1, name)
        self.cell(30, LINE + 1, words, align="R", **_BELOW)

    def _rule_of_sums(self) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(0.4)
        self.line(MARGIN + WIDTH / 2 + 6, self.get_y() + 0.5, MARGIN + WIDTH, self.get_y() + 0.5)
        self.ln(2)

    def _notes(self) -> None:
        self._font(TEXT)
        for note in self.sheet.notes:
            self.multi_cell(WIDTH, LINE, note, align="L", **_BELOW)


_BELOW = {"new_x": XPos.LMARGIN, "new_y": YPos.NEXT}


def _words_of(sheet: Sheet) -> Iterable[str]:
    yield from (sheet.title, sheet.seller_name, *sheet.seller, *sheet.seller_foot, *sheet.buyer, *sheet.notes)
    for row in sheet.rows:
        yield from (*row.cells, row.small)
    yield from (word for pair in sheet.facts for word in pair)
    yield from (column.title for column in sheet.columns)
