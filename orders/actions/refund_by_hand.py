"""Pay back what a person chose: exactly what the preview showed, alone or with a second person's approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import events
from orders.actions.refund import RefundPart, TooMuch, owe_refund, take_from_lines
from orders.actions.refund_caps import ALONE, APPROVED, is_within_cap
from orders.actions.refund_quote import NothingToPay, RefundQuote, Wish, quote_refund
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Order, Payment, Refund, RefundLine, RefundRequest, WorkItem
from orders.states import RefundRequestStatus, move_refund_request
from shop.models import User

MAY_APPROVE = "orders.approve_refundrequest"


class QuoteChanged(Exception):
    """The amounts are not those that were shown; nothing was paid. ``quote`` has them as they are now."""

    def __init__(self, quote: RefundQuote, needs_approval: bool) -> None:
        super().__init__(quote.order.number)
        self.quote = quote
        self.needs_approval = needs_approval


class MayNotApprove(Exception):
    """It is their own wish, above their own cap, or they have no right to approve."""


class AlreadyDecided(Exception):
    """Somebody else has declined it meanwhile, or nothing is left to pay back."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A quote for one person: ``needs_approval`` if it is more than they may pay back alone."""

    quote: RefundQuote
    needs_approval: bool

    def shown(self) -> dict[str, Any]:
        """Return all that the person sees and confirms."""
        return self.quote.shown() | {"approval": self.needs_approval}


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What followed from a confirmed preview: refunds, or a request that waits for approval."""

    refunds: Sequence[Refund] = ()
    request: RefundRequest | None = None

    @property
    def amount_minor(self) -> int:
        """What goes back, or is to go back, in minor units."""
        return self.request.amount_minor if self.request else sum(one.amount_minor for one in self.refunds)


def preview_refund(order: Order, wish: Wish, *, by: User) -> Preview:
    """Return what a wish comes to, for this person. Changes nothing. Raises as ``quote_refund`` does."""
    quote = quote_refund(order, wish)
    return Preview(quote, not is_within_cap(by, order, quote.total_minor))


def confirmed_before(order: Order, key: str) -> Confirmed | None:
    """Return what followed when this form was confirmed; None if it was not yet."""
    refunds = list(order.refunds.filter(idempotency_key__startswith=f"{ALONE}{key}"))
    request = order.refund_requests.filter(form_key=key).first()
    return Confirmed(refunds, request) if refunds or request else None


def confirm_refund(
    order: Order, wish: Wish, *, shown: Mapping[str, Any], key: str, asked_in: str = "", by: User
) -> Confirmed:
    """Pay back what a preview showed, or ask for approval of it; once per ``key`` (at most 60 characters).

    ``shown`` is what the person saw (``Preview.shown``). ``asked_in`` names the row it was asked from.
    Raises QuoteChanged, NothingToPay or orders.actions.refund.TooMuch, and then nothing is paid.
    """
    with transaction.atomic():
        lock_order(order)
        known = confirmed_before(order, key)
        if known is not None:
            return known
        preview = preview_refund(order, wish, by=by)
        if preview.shown() != shown:
            raise QuoteChanged(preview.quote, preview.needs_approval)
        if preview.needs_approval:
            return Confirmed(request=_ask(preview, key=key, asked_in=asked_in, by=by))
        return Confirmed(pay_back_quote(preview.quote, key=f"{ALONE}{key}", by=by))


def pay_back_quote(quote: RefundQuote, *, key: str, by: User | None) -> list[Refund]:
    """Owe one refund per payment of a quote; inside the transaction that has the order locked."""
    for share in quote.shares:
        held = Payment.objects.filter(pk=share.payment.pk, refunded_minor__lte=F("captured_minor") - share.amount_minor)
        if not held.update(refunded_minor=F("refunded_minor") + share.amount_minor):
            raise TooMuch("more than is left of the payment")
    parts = [RefundPart(one.line, one.units, one.amount_minor, one.delivery_minor) for one in quote.lines]
    rows = take_from_lines(parts)
    reason, note = quote.wish.reason, quote.wish.note
    made = []
    for number, share in enumerate(quote.shares, start=1):
        mine, rows = _cut(rows, share.amount_minor)
        name = key if number == 1 else f"{key}-p{number}"
        made.append(owe_refund(share.payment, mine, share.amount_minor, reason=reason, note=note, by=by, key=name))
    return made


def _cut(rows: Sequence[RefundLine], amount_minor: int) -> tuple[list[RefundLine], list[RefundLine]]:
    """Split what is written of lines into a first part of exactly this amount, and the rest.

    The units of a line that is cut go with its first part, and so do delivery and tax as far as they fit.
    """
    first: list[RefundLine] = []
    rest = list(rows)
    while rest and amount_minor > 0:
        row = rest.pop(0)
        if row.amount_minor > amount_minor:
            head = RefundLine(
                line=row.line,
                quantity=row.quantity,
                amount_minor=amount_minor,
                delivery_minor=min(row.delivery_minor, amount_minor),
                tax_minor=amount_minor * row.tax_minor // row.amount_minor,
            )
            tail = RefundLine(
                line=row.line,
                quantity=0,
                amount_minor=row.amount_minor - amount_minor,
                delivery_minor=row.delivery_minor - head.delivery_minor,
                tax_minor=row.tax_minor - head.tax_minor,
            )
            first.append(head)
            return first, [tail, *rest]
        first.append(row)
        amount_minor -= row.amount_minor
    return first, rest


def _ask(preview: Preview, *, key: str, asked_in: str, by: User) -> RefundRequest:
    quote = preview.quote
    request = RefundRequest.objects.create(
        order=quote.order,
        form_key=key,
        wish=quote.wish.as_json(),
        shown=quote.shown(),
        amount_minor=quote.total_minor,
        currency=quote.order.currency,
        reason=quote.wish.reason,
        note=quote.wish.note[:200],
        asked_in=asked_in,
        asked_by=by,
    )
    events.record("refund_request.asked", request, by=by, amount_minor=request.amount_minor, reason=request.reason)
    summary = f"{request.amount} for {request.order.number} is more than its asker may pay back alone."
    open_work(
        WorkItem.Reason.REFUND_APPROVAL,
        request,
        order=request.order,
        summary=summary,
        money_minor=request.amount_minor,
    )
    return request


def quote_request(request: RefundRequest) -> RefundQuote:
    """Return what a request comes to now. Raises as ``quote_refund`` does."""
    return quote_refund(request.order, Wish.from_json(request.wish))


def may_approve(request: RefundRequest, user: User, amount_minor: int) -> bool:
    """True if somebody may approve so much: it is not their own wish, and within their own cap."""
    is_own = request.asked_by_id == user.pk
    return not is_own and user.has_perm(MAY_APPROVE) and is_within_cap(user, request.order, amount_minor)


def approve_refund(request: RefundRequest, *, shown: Mapping[str, Any] | None = None, by: User) -> list[Refund]:
    """Approve a request and pay it back, once, whoever repeats it.

    ``shown`` is what the approver saw (``RefundQuote.shown``); None: what the asker saw. Raises
    MayNotApprove, AlreadyDecided, QuoteChanged or NothingToPay, and then nothing is paid.
    """
    with transaction.atomic():
        lock_order(request.order)
        request.refresh_from_db()
        key = f"{APPROVED}{request.pk}-"
        if request.status == RefundRequestStatus.APPROVED:
            return list(request.order.refunds.filter(idempotency_key__startswith=key))
        if request.status != RefundRequestStatus.ASKED:
            raise AlreadyDecided(str(request.pk))
        quote = quote_request(request)
        if not may_approve(request, by, quote.total_minor):
            raise MayNotApprove(str(request.pk))
        if quote.shown() != (request.shown if shown is None else shown):
            raise QuoteChanged(quote, needs_approval=False)
        _decide(request, RefundRequestStatus.APPROVED, by=by)
        return pay_back_quote(quote, key=f"{key}1", by=request.asked_by)


def decline_refund(request: RefundRequest, *, answer: str, by: User) -> bool:
    """Decline a request, or withdraw one's own; False if it was declined before.

    ``answer`` is told to whoever asked, never to the customer. Raises MayNotApprove or AlreadyDecided.
    """
    if request.asked_by_id != by.pk and not by.has_perm(MAY_APPROVE):
        raise MayNotApprove(str(request.pk))
    with transaction.atomic():
        lock_order(request.order)
        request.refresh_from_db()
        if request.status == RefundRequestStatus.DECLINED:
            return False
        if request.status != RefundRequestStatus.ASKED:
            raise AlreadyDecided(str(request.pk))
        return _decide(request, RefundRequestStatus.DECLINED, by=by, answer=answer[:200])


def lapse_requests(order: Order) -> int:
    """End the requests of an order of which nothing is left to pay back; return how many. Safe to repeat."""
    with transaction.atomic():
        lock_order(order)
        waiting = order.refund_requests.filter(status=RefundRequestStatus.ASKED).select_related("order")
        return sum(_decide(one, RefundRequestStatus.LAPSED, by=None) for one in waiting if not _is_payable(one))


def _is_payable(request: RefundRequest) -> bool:
    try:
        quote_request(request)
    except (NothingToPay, TooMuch):
        return False
    return True


def _decide(request: RefundRequest, to: RefundRequestStatus, *, by: User | None, answer: str = "") -> bool:
    fields = {"decided_by": by, "decided_at": timezone.now(), "answer": answer}
    moved = move_refund_request(request, to, by=by, fields=fields, answer=answer)
    close_work(WorkItem.Reason.REFUND_APPROVAL, request, by=by)
    return moved
