"""Render one kind of message for the preview, in one language, light or dark whatever the reader's machine prefers."""

from __future__ import annotations

import re

from notifications.actions.announce import way_out_of
from notifications.kinds import kind_of
from notifications.mail import Rendered, WayOut, render
from notifications.models import Correspondent
from notifications.preview.kinds import OF_NONE, PREVIEWS
from notifications.preview.samples import Subjects, sample_subjects, subjects_of
from orders.models import Order
from shop.languages import speaking

DARK = re.compile(r"@media\s*\(prefers-color-scheme:\s*dark\)")


def rendered_sample(kind: str, *, language: str) -> Rendered:
    """Return a message about made-up rows. Writes nothing that stays."""
    with sample_subjects(language=language) as about:
        return _rendered(kind, about, language)


def rendered_of(kind: str, order: Order, *, language: str) -> Rendered:
    """Return the message that an order's customer would get today. Raises NotThere."""
    return _rendered(kind, subjects_of(order), language)


def _rendered(kind: str, about: Subjects, language: str) -> Rendered:
    # Nobody's: the links of a preview stop nothing.
    nobody = Correspondent(pk=0)
    with speaking(language):
        way_out = way_out_of(nobody, kind) if kind_of(kind).is_for_customers else WayOut()
        number = about.order.number if kind not in OF_NONE else ""
        return render(PREVIEWS[kind](about), way_out, number=number)


def as_seen(html: str, *, is_dark: bool) -> str:
    """Return a mail's HTML as somebody sees it whose machine is set to dark, or to light."""
    return DARK.sub("@media all" if is_dark else "@media not all", html)
