"""Serve what a customer's browser may open without a key: pictures, tracking pages and return labels."""

from __future__ import annotations

import functools
import html
from collections.abc import Callable

from demo.supplier.messages import Answer
from demo.supplier.problems import Problem
from demo.supplier.supplier import Supplier

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title></head>
<body><h1>{title}</h1><ol>{rows}</ol></body></html>
"""


def picture(_supplier: Supplier, name: str) -> Answer:
    """Draw a product picture."""
    try:
        return Answer(200, drawn(name), {"Cache-Control": "public, max-age=86400"}, "image/png")
    except KeyError as error:
        raise Problem("not-found", f"No picture {name}") from error


@functools.lru_cache(maxsize=512)
def drawn(name: str) -> bytes:
    """Draw a picture once; raises KeyError for one that nobody drew."""
    # Drawing needs a compiled library that the rest of the simulator does without.
    from demo.pictures import png

    # Wide enough for any page of the shop, and drawn in half the time of the full size.
    return png(name, 720)


def tracking_page(supplier: Supplier, number: str) -> Answer:
    """Show a parcel's way as its carrier would."""
    rows = supplier.ledger.rows(
        "SELECT id FROM documents WHERE kind='shipment' AND json_extract(document, '$.tracking_number')=?", number
    )
    parcel = supplier.ledger.get("shipment", rows[0]["id"]) if rows else None
    if parcel is None:
        raise Problem("not-found", f"No parcel {number}")
    events = reversed(parcel.document["events"])
    lines = (f"{event['occurred_at'][:16]} {event['location']['city']}: {event['description']}" for event in events)
    title = f"{parcel.document['carrier']['name']} {number}"
    body = PAGE.format(title=html.escape(title), rows="".join(f"<li>{html.escape(line)}</li>" for line in lines))
    return Answer(200, body.encode(), content_type="text/html; charset=utf-8")


def return_label(supplier: Supplier, name: str) -> Answer:
    """Print a return label."""
    rows = supplier.ledger.rows(
        "SELECT id FROM documents WHERE kind='return' AND json_extract(document, '$.supplier_return_id')=?", name
    )
    back = supplier.ledger.get("return", rows[0]["id"]) if rows else None
    if back is None or back.document["label"] is None:
        raise Problem("not-found", f"No label {name}")
    address = back.document["return_to"]
    lines = [f"Return {name}", back.document["label"]["tracking_number"], ""]
    lines += [
        address[part] for part in ("name", "line1", "line2", "postal_code", "city", "country") if address.get(part)
    ]
    return Answer(200, pdf(lines), content_type="application/pdf")


def pdf(lines: list[str]) -> bytes:
    """Write a one-page PDF (1.4) with these lines of Latin text."""
    shown = [line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines]
    text = "BT /F1 18 Tf 24 TL 40 360 Td " + " ".join(f"({line}) Tj T*" for line in shown) + " ET"
    stream = text.encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 420] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    document, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(document))
    return document + head + table + tail


PAGES: dict[tuple[str, str], Callable[[Supplier, str], Answer]] = {
    ("pictures", ".png"): picture,
    ("labels", ".pdf"): return_label,
    ("track", ""): tracking_page,
}


def page(supplier: Supplier, path: str) -> Answer | None:
    """Answer a public path; None if it is not one.

    Raises Problem ``not-found``.
    """
    folder, _slash, name = path.strip("/").partition("/")
    for (known, ending), show in PAGES.items():
        if folder == known and name.endswith(ending):
            return show(supplier, name.removesuffix(ending))
    return None
