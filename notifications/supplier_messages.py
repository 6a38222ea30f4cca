"""What suppliers are written from within a case: the question, and where to answer it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.mail import Mail, Section
from shop.words import day
from suppliers.actions.returns_told import PATIENCE
from suppliers.models import SupplierReturn
from suppliers.reasons import return_reason
from support.models import SupplierQuestion
from support.question_links import LINK_LIFE, question_url
from support.return_links import LINK_LIFE as RETURN_LINK_LIFE, return_url

ASKED, REMINDED, CHASED, WITHDRAWN = "asked", "reminded", "chased", "withdrawn"


def supplier_asked(question: SupplierQuestion, step: str = ASKED) -> Mail:
    """Bring a question, or remind of it: our reference, the goods, and the page to answer on; nothing of the customer."""
    row = question.supplier_order
    reference = row.told_reference if row else question.ticket.number
    facts = {"reference": reference, "day": day(timezone.localdate(question.answer_by)), "days": LINK_LIFE.days}
    subject = {
        ASKED: _("Please answer by %(day)s: a question about %(reference)s"),
        REMINDED: _("Reminder: our question about %(reference)s waits for your answer"),
        CHASED: _("Last reminder: our question about %(reference)s"),
    }[step]
    again = [_("We have not heard from you yet; your answer was due on %(day)s.") % facts] if step != ASKED else []
    number = (
        [_("Your number for it: %(number)s.") % {"number": row.supplier_order_id}]
        if row and row.supplier_order_id
        else []
    )
    goods = [f"{line.quantity} × {line.supplier_sku}" for line in row.lines.all()] if row else []
    return Mail(
        subject=subject % facts,
        preheader=question.text[:90],
        heading=_("A question about %(reference)s") % facts,
        paragraphs=[*again, *number, _("We ask you:")],
        quote=question.text,
        sections=[Section(_("What it is about"), goods)] if goods else [],
        button=_("Answer it"),
        url=question_url(question),
        after=[
            _("You need no log-in. The page also shows the pictures that belong to it, if there are any."),
            _("The link is for you alone and works for %(days)d days.") % facts,
        ],
    )


def supplier_return_asked(row: SupplierReturn, step: str = ASKED) -> Mail:
    """Ask a supplier to take goods back, or remind of it: the goods, why, and the page to answer on; nothing of the customer."""
    until = day(timezone.localdate(row.created_at + PATIENCE))
    facts = {"reference": row.return_reference, "day": until, "days": RETURN_LINK_LIFE.days}
    subject = {
        ASKED: _("Please answer by %(day)s: return %(reference)s"),
        REMINDED: _("Reminder: return %(reference)s waits for your answer"),
        CHASED: _("Last reminder: return %(reference)s"),
        WITHDRAWN: _("Nothing comes back: return %(reference)s is withdrawn"),
    }[step]
    order = row.supplier_order
    numbers = [_("Our order: %(number)s.") % {"number": order.told_reference}]
    if order.supplier_order_id:
        numbers.append(_("Your number for it: %(number)s.") % {"number": order.supplier_order_id})
    if step == WITHDRAWN:
        return Mail(
            subject=subject % facts,
            preheader=subject % facts,
            heading=_("Return %(reference)s is withdrawn") % facts,
            paragraphs=[*numbers, _("The goods stay where they are. There is nothing for you to do.")],
        )
    skus = dict(order.lines.values_list("line_id", "supplier_sku"))
    goods = [
        f"{part['quantity']} × {skus.get(part['line_id'], part['line_id'])}: {return_reason(part['reason_code'])}"
        for part in row.request.get("lines", [])
    ]
    again = [_("We have not heard from you yet; your answer was due on %(day)s.") % facts] if step != ASKED else []
    return Mail(
        subject=subject % facts,
        preheader=subject % facts,
        heading=_("Return %(reference)s") % facts,
        paragraphs=[
            *again,
            *numbers,
            _("A customer wants to send goods of yours back. Do you take them, and where to?"),
        ],
        sections=[Section(_("What it is about"), goods)],
        button=_("Answer it"),
        url=return_url(row),
        after=[
            _("You need no log-in. On the same page you say later what has arrived, and what you give for it."),
            _("The link is for you alone and works for %(days)d days.") % facts,
        ],
    )
