"""What must be true of the money after every single step, and what once everything has been worked on."""

from __future__ import annotations

from collections import Counter

from notifications.models import Notification
from orders.models import (
    Authorisation,
    CheckoutSession,
    Dispute,
    Event,
    Order,
    Payment,
    Refund,
    Reservation,
    WorkItem,
)
from shop.models import Variant


def check_always() -> None:
    """The shop's own books, whatever has been worked on yet."""
    orders = list(Order.objects.prefetch_related("lines", "payments", "refunds__lines"))
    for order in orders:
        check_payments(order)
        check_lines(order)
        check_papers(order)
    check_paid_once(orders)
    check_reserved()


def check_payments(order: Order) -> None:
    # What was never taken is in the books of the lines, and counts against no payment.
    refunds = [row for row in order.refunds.all() if row.status != "failed" and row.reason != "not_taken"]
    for payment in order.payments.all():
        alive = sum(row.amount_minor for row in refunds if row.payment_id == payment.pk)
        assert payment.refunded_minor == min(alive, payment.captured_minor)
        if alive > payment.captured_minor:
            assert WorkItem.objects.filter(subject_key=f"payment:{payment.pk}", closed_at=None).exists()


def check_lines(order: Order) -> None:
    named: Counter[int] = Counter()
    for refund in order.refunds.all():
        parts = refund.lines.all()
        total = sum(part.amount_minor for part in parts)
        if refund.reason in {"outside", "late_payment", "dispute"}:
            assert total <= refund.amount_minor
        else:
            assert total == refund.amount_minor
        if refund.status != "failed":
            for part in parts:
                named[part.line_id] += part.amount_minor
    for line in order.lines.all():
        assert 0 <= line.refunded_minor == named[line.pk] <= line.paid_minor
    if order.paid_at:
        payments = [row for row in order.payments.all() if row.currency == order.currency]
        left = sum(row.captured_minor - row.refunded_minor for row in payments)
        assert sum(line.paid_minor - line.refunded_minor for line in order.lines.all()) <= left


def check_papers(order: Order) -> None:
    """Whatever comes back in between: the notes of a line never give back more than its invoice says."""
    credited: Counter[int] = Counter()
    for paper in order.papers.all():
        if paper.kind == "invoice":
            assert paper.total_minor == order.total_minor
        else:
            credited.update({line["line"]: line["total_minor"] for line in paper.content["lines"]})
    for line in order.lines.all():
        assert credited[line.pk] <= line.paid_minor


def check_paid_once(orders: list[Order]) -> None:
    paid = Counter(Event.objects.filter(kind="order.paid").values_list("order", flat=True))
    told = Counter(Notification.objects.filter(kind="order-confirmed").values_list("order", flat=True))
    baskets: Counter[tuple[int, int]] = Counter()
    for order in orders:
        assert paid[order.pk] == (1 if order.paid_at else 0)
        assert told[order.pk] <= paid[order.pk]
        if order.paid_at:
            baskets[(order.basket_id, order.basket_generation)] += 1
    # What one basket was filled with is sold once, however often it was ordered.
    assert not baskets or max(baskets.values()) == 1


def check_reserved() -> None:
    held: Counter[int] = Counter()
    for variant_id, units in Reservation.objects.exclude(state="released").values_list("variant", "quantity"):
        held[variant_id] += units
    assert all(reserved == held[pk] for pk, reserved in Variant.objects.values_list("pk", "reserved"))


def check_at_rest(ledger: dict) -> None:
    """Our books and the sandbox's are the same, and no money is unexplained."""
    check_captures(ledger)
    check_refunds(ledger)
    for payment in Payment.objects.select_related("order"):
        assert is_explained(payment), f"{payment.captured} of {payment.order} ({payment.order.status})"
    assert not CheckoutSession.objects.filter(state="ending").exists()
    confirmed = Counter(Notification.objects.filter(kind="order-confirmed").values_list("order", flat=True))
    assert all(confirmed[order.pk] == 1 for order in Order.objects.exclude(paid_at=None))
    check_disputes(ledger)
    check_authorisations(ledger)


def check_captures(ledger: dict) -> None:
    taken = {row["payment_intent"]: row for row in ledger["charges"] if row["captured"]}
    ours = {row.stripe_id: row for row in Payment.objects.all()}
    assert taken.keys() == ours.keys()
    for intent, charge in taken.items():
        payment = ours[intent]
        assert (payment.captured_minor, payment.currency.lower()) == (charge["amount_captured"], charge["currency"])
        lost = sum(
            row["amount"] for row in ledger["disputes"] if row["status"] == "lost" and row["payment_intent"] == intent
        )
        back = charge["amount_refunded"] + lost
        assert payment.refunded_minor == min(back, charge["amount_captured"])
        assert charge["amount_refunded"] <= charge["amount_captured"]


def check_refunds(ledger: dict) -> None:
    theirs = {row["id"]: (row["status"], row["amount"]) for row in ledger["refunds"]}
    ours = {row.stripe_id: (row.status, row.amount_minor) for row in Refund.objects.exclude(stripe_id="")}
    assert ours == theirs
    references = Counter(row["metadata"].get("refund") for row in ledger["refunds"])
    references.pop(None, None)
    assert not references or max(references.values()) == 1
    # What Stripe refused has no id, and a person knows of it.
    for refund in Refund.objects.filter(stripe_id="").exclude(reason__in=["dispute", "not_taken"]):
        assert refund.status == "failed"
        assert WorkItem.objects.filter(subject_key=f"refund:{refund.pk}").exists()


def check_disputes(ledger: dict) -> None:
    """Each dispute is known as it stands, asks for a person until it is won, and counts once it is lost."""
    for told in ledger["disputes"]:
        dispute = Dispute.objects.get(stripe_id=told["id"])
        items = WorkItem.objects.filter(reason="dispute", subject_key=f"dispute:{dispute.pk}", closed_at=None)
        assert items.count() == (told["status"] != "won")
        assert dispute.is_undecided == (told["status"] not in {"won", "lost"})
        is_in_books = dispute.refund is not None and dispute.refund.status != "failed"
        assert is_in_books == (told["status"] == "lost")


def check_authorisations(ledger: dict) -> None:
    """What a bank keeps is decided, carried out, or waits for a person; and an order is authorised only with it."""
    states = {"requires_capture": "held", "succeeded": "captured", "canceled": "released"}
    kept = {row["payment_intent"] for row in ledger["charges"] if row["paid"]}
    manual = [row for row in ledger["payment_intents"] if row["capture_method"] == "manual" and row["id"] in kept]
    theirs = {row["id"]: states[row["status"]] for row in manual}
    ours = {row.stripe_id: row for row in Authorisation.objects.select_related("order")}
    assert {key: row.status for key, row in ours.items()} == theirs
    for row in ours.values():
        assert (row.status == "held") == (row.order.status == "authorised")
        asked = WorkItem.objects.filter(reason="decide_payment", subject_key=f"authorisation:{row.pk}", closed_at=None)
        assert asked.count() == (row.status == "held")
        if row.status == "captured":
            assert Payment.objects.get(stripe_id=row.stripe_id).captured_minor == row.capture_minor


def is_explained(payment: Payment) -> bool:
    """True if the money belongs to a paid order, is on its way back, or a person has been asked."""
    order = payment.order
    refunds = [f"refund:{pk}" for pk in payment.refunds.values_list("pk", flat=True)]
    keys = [f"payment:{payment.pk}", f"order:{order.pk}", *refunds]
    if payment.refunded_minor == payment.captured_minor:
        return True
    never_taken = sum(row.amount_minor for row in order.refunds.all() if row.reason == "not_taken")
    fits = payment.captured_minor + never_taken == order.total_minor and payment.currency == order.currency
    if order.paid_at and payment == order.payments.first() and fits:
        return True
    return WorkItem.objects.filter(subject_key__in=keys, closed_at=None).exists()
