"""The PDF of a paper: any script, any number of lines, the same bytes for the same paper."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from orders.papers.content import SUMMED, tax_lines
from orders.papers.fonts import MAIN, families_for
from orders.papers.pdf import paper_pdf
from orders.papers.sheet import clean, sheet_of
from tests.papers import pages_of

ISSUED = datetime(2026, 11, 28, 12, tzinfo=UTC)
NAMES = {
    "Latin": "Zażółć Ñandú Işık Þór",
    "Greek": "Ελένη Παπαδοπούλου",
    "Cyrillic": "Ганна Шевченко",
    "Thai": "สมชาย ใจดี",
    "Chinese": "王小明 臺北",
    "Japanese": "山田たろう サトウ",
    "Korean": "김철수",
    "Georgian": "გიორგი",
    "Armenian": "Արամ",
}


def paper_of(count: int = 1, *, name: str = "Alex Byrne", currency: str = "EUR", **changes: object) -> dict:
    lines = [
        {
            "line": number, "sku": f"T-{number:03}", "name": "Enamel mug", "options": "Blue", "unit_minor": 1250,
            "quantity": 1, "tax_basis_points": 2300, "goods_minor": 1250, "discount_minor": 0, "delivery_minor": 0,
            "added_tax_minor": 0, "tax_minor": 234, "total_minor": 1250,
        }
        for number in range(count)
    ]  # fmt: skip
    return {
        "version": 1,
        "kind": "invoice",
        "number": "INV-2026-00001",
        "issued_on": "2026-11-28",
        "language": "en-gb",
        "currency": currency,
        "order": {"number": "LF-1", "placed_on": "2026-11-27", "paid_on": "2026-11-28"},
        "seller": {"name": "Shop Ltd", "lines": ["Cork"], "vat_number": "IE1", "registration": "", "contact": ""},
        "buyer": {"name": name, "company": "", "lines": ["12 Main Street"]},
        "lines": lines,
        "taxes": tax_lines(lines),
        "sums": {each: sum(line[each] for line in lines) for each in SUMMED},
        "payments": [],
        **changes,
    }


def text_of(content: dict) -> str:
    return " ".join(" ".join(pages_of(paper_pdf(content, issued_at=ISSUED))).split())


def test_names_of_any_script_are_printed_and_can_be_copied():
    text = text_of(paper_of(buyer={"name": "", "company": "", "lines": list(NAMES.values())})).replace(" ", "")
    assert [script for script, name in NAMES.items() if name.replace(" ", "") not in text] == []


def test_names_that_read_from_right_to_left_are_joined_and_in_order():
    # What is drawn are joined forms from right to left; each letter can still be found.
    names = ["محمد عبد الله", "יוסף כהן"]
    text = text_of(paper_of(buyer={"name": "", "company": "", "lines": names}))
    for name in names:
        letters = sorted(name.replace(" ", ""))
        assert sorted(letter for letter in text if letter in letters) == letters


def test_only_the_fonts_that_are_needed_are_read():
    assert families_for(["Alex", "Ελένη"]) == [MAIN]
    assert families_for(["Alex 王", "محمد"]) == [MAIN, "Noto Sans Arabic", "Noto Sans CJK"]


def test_a_letter_that_no_font_has_stops_nothing():
    assert "Alex" in text_of(paper_of(name="Alex 𓀀 🦔 \ue000"))


def test_the_same_paper_is_the_same_file():
    content = paper_of(3, name="محمد 王")
    assert paper_pdf(content, issued_at=ISSUED) == paper_pdf(content, issued_at=ISSUED)


def test_many_lines_go_on_over_pages_with_their_heads_and_page_numbers():
    pages = pages_of(paper_pdf(paper_of(60), issued_at=ISSUED))
    assert len(pages) > 2
    for number, page in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in page
        assert "INV-2026-00001" in page
    for page in pages[:-1]:
        assert "Unit price" in page
    told = " ".join(pages)
    assert [told.count(f"T-{number:03}") for number in range(60)] == [1] * 60


@pytest.mark.parametrize(("currency", "words"), [("EUR", "€12.50"), ("JPY", "1,250"), ("KWD", "1.250")])
def test_amounts_have_the_digits_of_their_currency(currency, words):
    assert words in text_of(paper_of(currency=currency))


def test_a_column_of_nothing_is_left_out():
    titles = {column.title for column in sheet_of(paper_of()).columns}
    assert titles & {"Discount", "Delivery"} == set()


def test_tax_that_came_on_top_stands_among_the_sums():
    content = paper_of()
    content["sums"] |= {"goods_minor": 1250, "added_tax_minor": 287, "tax_minor": 287, "total_minor": 1537}
    assert sheet_of(content).sums == [("Goods", "€12.50"), ("VAT", "€2.87")]


def test_controls_and_marks_that_turn_the_direction_are_taken_out_of_names():
    assert clean("a\u202eb\u2066c\x00d\te\n f\u200bg") == "abcd e fg"
    assert len(clean("x" * 10_000)) == 300


def test_a_language_the_shop_does_not_have_any_more_is_written_in_its_own():
    assert sheet_of(paper_of(language="tlh")).title == "Invoice"
