"""What Stripe has, page by page, held against what we have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from config.models import Comparison, MoneyFinding
from config.reconcile.findings import explain, note
from config.reconcile.step import Step
from orders import lease, stripe_client
from orders.actions.incoming import KINDS, take_in, tell
from orders.actions.refund import STATUS_OF
from orders.models import IncomingEvent, Order, Payment, Refund, RelayBeat
from orders.providers.base import RefundFacts
from orders.states import RefundStatus
from orders.stripe_facts import ChargeFacts, DisputeFacts, ListedIntent
from shop.money import Money

Kind = MoneyFinding.Kind
# How far Stripe's list of events reaches, and what clocks may differ by.
STRIPE_KEEPS, CLOCKS_DIFFER = timedelta(days=29), timedelta(minutes=1)


def events(run: Comparison) -> Step:
    """Take in what Stripe told us in vain since the last whole reading, with an overlap."""
    now, begun = timezone.now(), _begun(run)
    beat, _new = RelayBeat.objects.get_or_create(pk=1)
    since = max(beat.stripe_read_until or run.since or begun, begun - STRIPE_KEEPS)
    # One turn more than needed: what is written into the list late is still found.
    since -= CLOCKS_DIFFER + timedelta(seconds=settings.RECONCILE_SECONDS)
    page = stripe_client.page_of_events(since=since, kinds=KINDS, after=run.cursor)
    missed = take_in(page.rows, now=now)
    if not page.after:
        RelayBeat.objects.filter(pk=1).update(stripe_read_until=begun)
    return Step(page.after, len(page.rows), missed)


def _begun(run: Comparison) -> datetime:
    return run.begun_at or timezone.now()


def intents(run: Comparison) -> Step:
    """Every capture is a payment of an order here, with the same amount."""
    now = timezone.now()
    page = stripe_client.page_of_intents(since=run.since, until=_begun(run) + CLOCKS_DIFFER, after=run.cursor)
    captured = [one for one in page.rows if one.captured_minor > 0]
    known = _payments(one.id for one in captured)
    missing = [one for one in captured if one.id not in known]
    for one in missing:
        lease.keep(run)
        _tell_payment(one, now)
    found = _payments(one.id for one in missing) if missing else {}
    known |= found
    for one in captured:
        _judge_payment(one, known.get(one.id), now)
    Payment.objects.filter(pk__in=[payment.pk for payment in known.values()]).update(compared_at=now)
    right = [one.id for one in captured if one.id in known or one.refunded_minor >= one.captured_minor]
    explain(Kind.STRAY_PAYMENT, right, now=now)
    explain(Kind.AMOUNT, [one.id for one in captured if _is_same(one, known.get(one.id))], now=now)
    return Step(page.after, len(page.rows), len(found))


def _payments(ids: Iterable[str]) -> dict[str, Payment]:
    rows = Payment.objects.filter(stripe_id__in=list(ids)).select_related("order")
    return {row.stripe_id: row for row in rows}


def _tell_payment(one: ListedIntent, now: datetime) -> None:
    # Only what bears one of our numbers is looked for: an account may serve other shops as well.
    if one.order and Order.objects.filter(number=one.order).exists():
        session = stripe_client.session_paid_by(one.id)
        if session is not None:
            tell("checkout.session.completed", session, key=f"payment:{one.id}", now=now)


def _is_same(one: ListedIntent, payment: Payment | None) -> bool:
    return payment is not None and (payment.captured_minor, payment.currency) == (one.captured_minor, one.currency)


def _judge_payment(one: ListedIntent, payment: Payment | None, now: datetime) -> None:
    taken = Money(one.captured_minor, one.currency)
    if payment is None:
        left = Money(one.captured_minor - one.refunded_minor, one.currency)
        if left.minor > 0:
            order = Order.objects.filter(number=one.order).first() if one.order else None
            says = f"Stripe took {taken} ({one.id}) that no order of ours asks for."
            if order is not None:
                says = f"Stripe took {taken} for {order.number} ({one.id}), and it could not be noted."
            note(Kind.STRAY_PAYMENT, one.id, says=says, money=left, order=order, now=now)
    elif not _is_same(one, payment):
        says = f"Stripe took {taken} for {payment.order.number} ({one.id}); our books say {payment.captured}."
        note(Kind.AMOUNT, one.id, says=says, money=taken, order=payment.order, now=now)


def charges(run: Comparison) -> Step:
    """What went back of each capture is what our refunds of it sum up to."""
    now = timezone.now()
    page = stripe_client.page_of_charges(since=run.since, until=_begun(run) + CLOCKS_DIFFER, after=run.cursor)
    captured = [one for one in page.rows if one.captured_minor > 0]
    told = 0
    for one in captured:
        if not one.intent_id:
            _judge_bare(one, now)
    wrong = _other_sums(captured)
    for one in wrong:
        lease.keep(run)
        told += tell("charge.refunded", {"payment_intent": one.intent_id}, key=f"charge:{one.id}", now=now)
    still = _other_sums(wrong) if wrong else {}
    for one, (payment, ours) in still.items():
        says = (
            f"Of {payment.captured} for {payment.order.number}, {Money(one.refunded_minor, one.currency)} went back at "
            f"Stripe; our refunds come to {Money(ours, payment.currency)} ({one.intent_id})."
        )
        money = Money(abs(one.refunded_minor - ours), one.currency)
        note(Kind.REFUND, one.id, says=says, money=money, order=payment.order, now=now)
    explain(Kind.REFUND, [one.id for one in captured if one not in still], now=now)
    return Step(page.after, len(page.rows), told)


def _judge_bare(one: ChargeFacts, now: datetime) -> None:
    left = Money(one.captured_minor - one.refunded_minor, one.currency)
    if left.minor > 0:
        says = f"Stripe took {Money(one.captured_minor, one.currency)} ({one.id}) that no order of ours asks for."
        note(Kind.STRAY_PAYMENT, one.id, says=says, money=left, order=None, now=now)
    else:
        explain(Kind.STRAY_PAYMENT, [one.id], now=now)


def _other_sums(some: Iterable[ChargeFacts]) -> dict[ChargeFacts, tuple[Payment, int]]:
    """Return the charges of which another sum went back than our refunds that Stripe has come to."""
    rows = list(some)
    # What Stripe has not been asked for yet cannot be in its sum.
    there = ~Q(refunds__stripe_id="") & ~Q(refunds__status=RefundStatus.FAILED)
    payments = Payment.objects.filter(stripe_id__in=[one.intent_id for one in rows]).select_related("order")
    sums = {
        payment.stripe_id: (payment, payment.back)
        for payment in payments.annotate(back=Coalesce(Sum("refunds__amount_minor", filter=there), 0))
    }
    return {
        one: sums[one.intent_id]
        for one in rows
        if one.intent_id in sums and sums[one.intent_id][1] != one.refunded_minor
    }


def refunds(run: Comparison) -> Step:
    """Every refund there is one of ours, of the same amount and as far; those made in the dashboard are taken in."""
    now = timezone.now()
    page = stripe_client.page_of_refunds(since=run.since, until=_begun(run) + CLOCKS_DIFFER, after=run.cursor)
    wrong = _other_refunds(page.rows)
    for one in wrong:
        lease.keep(run)
        if one.intent_id in _payments([one.intent_id]):
            subject = {"id": one.id, "payment_intent": one.intent_id}
            tell("refund.updated", subject, key=f"refund:{one.id}:{one.status}", now=now)
    still = _other_refunds(wrong) if wrong else []
    for one in still:
        _judge_refund(one, now)
    right = [one.id for one in page.rows if one not in still]
    explain(Kind.STRAY_REFUND, right, now=now)
    explain(Kind.REFUND, right, now=now)
    return Step(page.after, len(page.rows), len(wrong) - len(still))


def _other_refunds(rows: Sequence[RefundFacts]) -> list[RefundFacts]:
    ours = {row.stripe_id: row for row in Refund.objects.filter(stripe_id__in=[one.id for one in rows])}
    failed = {word for word, status in STATUS_OF.items() if status == RefundStatus.FAILED}
    wrong = []
    for one in rows:
        row = ours.get(one.id)
        if row is None:
            # One that failed has moved nothing; whether we ever heard of it does not matter.
            is_right = one.status in failed and not _payments([one.intent_id])
        else:
            is_right = (row.amount_minor, row.currency, row.status) == (
                one.amount_minor,
                one.currency,
                STATUS_OF.get(one.status),
            )
        if not is_right:
            wrong.append(one)
    return wrong


def _judge_refund(one: RefundFacts, now: datetime) -> None:
    row = Refund.objects.filter(stripe_id=one.id).select_related("order").first()
    money = Money(one.amount_minor, one.currency)
    if row is not None:
        says = (
            f"Refund {one.id} of {row.order.number}: {money}, {one.status} at Stripe; here {row.amount}, {row.status}."
        )
        note(Kind.REFUND, one.id, says=says, money=money, order=row.order, now=now)
    elif not MoneyFinding.objects.filter(kind=Kind.STRAY_PAYMENT, key=one.intent_id).exists():
        # Of money that is a finding itself, that one says what is left.
        payment = Payment.objects.filter(stripe_id=one.intent_id).select_related("order").first()
        says = f"{money} went back at Stripe ({one.id}), and our books do not say so."
        note(Kind.STRAY_REFUND, one.id, says=says, money=money, order=payment.order if payment else None, now=now)


def disputes(run: Comparison) -> Step:
    """Every dispute, as it stands now, has been worked on once."""
    now, told = timezone.now(), 0
    page = stripe_client.page_of_disputes(since=run.since, until=_begun(run) + CLOCKS_DIFFER, after=run.cursor)
    done = set(
        IncomingEvent.objects.filter(source="stripe", event_id__in=[_dispute_id(one) for one in page.rows])
        .exclude(done_at=None)
        .values_list("event_id", flat=True)
    )
    payments = _payments(one.intent_id for one in page.rows)
    for one in page.rows:
        lease.keep(run)
        payment, is_done = payments.get(one.intent_id), _dispute_id(one) in done
        if not is_done and payment is not None:
            key = _dispute_id(one).removeprefix("found:")
            is_done = tell("charge.dispute.updated", {"id": one.id}, key=key, now=now)
            told += is_done
        if is_done:
            explain(Kind.DISPUTE, [one.id], now=now)
            continue
        money = Money(one.amount_minor, one.currency)
        says = f"A bank takes {money} back ({one.id}, {one.status}), and it could not be taken in."
        note(Kind.DISPUTE, one.id, says=says, money=money, order=payment.order if payment else None, now=now)
    return Step(page.after, len(page.rows), told)


def _dispute_id(one: DisputeFacts) -> str:
    return f"found:dispute:{one.id}:{one.status}"
