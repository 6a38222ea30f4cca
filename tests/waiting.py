"""Put rows into every state they can wait in, let time pass, and look for what has waited too long."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.apps import apps
from django.db import models
from django.utils import timezone

from config.models import Comparison, MoneyFinding, NightlyAudit
from notifications.models import Endpoint, EventDelivery, Mailbox, Notification, ReviewRequest
from notifications.signing import new_secret
from orders.models import (
    Authorisation,
    Cancellation,
    CancellationLine,
    CheckoutSession,
    Delay,
    Dispute,
    Hold,
    IncomingEvent,
    Order,
    OrderDelivery,
    OrderLine,
    Payment,
    ProviderCustomer,
    Reaction,
    Refund,
    RefundRequest,
    Reservation,
    Shipment,
    ShipmentLine,
)
from shop.models import Review
from suppliers.models import (
    PictureFetch,
    Supplier,
    SupplierCancellation,
    SupplierChase,
    SupplierCredit,
    SupplierOrder,
    SupplierOrderLine,
    SupplierProbe,
    SupplierReturn,
    TrackingService,
)
from support.actions.ticket import open_ticket
from support.models import (
    Claim,
    HeldAnswer,
    Replacement,
    Return,
    ReturnDecision,
    ReturnLine,
    SupplierQuestion,
    Ticket,
    Topic,
    Withdrawal,
)
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.passing import put

LONG = timedelta(days=400)
FLOORS = ("shop", "orders", "suppliers", "support", "notifications")
# Columns named "status" that are no machine: facts written once, or what a supplier says of its list.
FACTS = {"TrackingEvent": "a scan is a fact", "Offer": "whether a supplier sells it; no one waits"}


def machines() -> Iterator[tuple[type[models.Model], str, str]]:
    """Yield (model, column, state) for every state of every machine that our models declare."""
    for app in FLOORS:
        for model in apps.get_app_config(app).get_models():
            for field in model._meta.get_fields():
                is_machine = field.name in {"status", "state"} and getattr(field, "choices", None)
                if is_machine and model.__name__ not in FACTS:
                    yield from ((model, field.name, str(value)) for value, _label in field.choices)


def paid_order():
    return make_paid_order((make_variant(make_supplier()), 2))


def a_session() -> CheckoutSession:
    return make_order((make_variant(make_supplier()), 1)).sessions.get()


def a_refund(**fields: object) -> Refund:
    order = paid_order()
    facts = {"amount_minor": 100, "currency": "EUR", "reason": "goodwill", "idempotency_key": "refund-of-a-test"}
    return Refund.objects.create(payment=order.payments.get(), order=order, **facts | fields)


def a_refund_request(**fields: object) -> RefundRequest:
    order = paid_order()
    facts = {"form_key": "k", "amount_minor": 100, "currency": "EUR", "reason": "goodwill", "asked_by": make_person()}
    wish = {"reason": "goodwill", "note": "", "units": {}, "money": {str(order.lines.get().pk): 100}, "delivery": {}}
    return RefundRequest.objects.create(order=order, **{"wish": wish, "shown": {}} | facts | fields)


def a_supplier_credit(**fields: object) -> SupplierCredit:
    row = a_supplier_order(accepted=2, shipped=2)
    refund = Refund.objects.create(
        payment=row.order.payments.get(),
        order=row.order,
        amount_minor=100,
        currency="EUR",
        reason="defective",
        idempotency_key="refund-of-a-credit",
    )
    facts = {"units": 1, "amount_minor": 500, "currency": "EUR", "reason": "defective"}
    return SupplierCredit.objects.create(
        supplier=row.supplier, order=row.order, refund=refund, line=row.lines.get(), **facts | fields
    )


def an_authorisation(**fields: object) -> Authorisation:
    session = put(a_session(), state="complete", due_at=None)
    put(session.order, status="authorised")
    facts = {"stripe_id": "pi_kept", "amount_minor": 1640, "currency": "EUR", "idempotency_key": "kept"}
    facts |= {"lapses_at": timezone.now() + timedelta(days=7), "due_at": timezone.now() + timedelta(days=6)}
    return Authorisation.objects.create(order=session.order, session=session, **facts | fields)


def a_dispute(**fields: object) -> Dispute:
    order = paid_order()
    facts = {"stripe_id": "dp_1", "amount_minor": 100, "currency": "EUR"}
    return Dispute.objects.create(payment=order.payments.get(), order=order, **facts | fields)


def a_transfer(**fields: object) -> Payment:
    return put(paid_order().payments.get(), provider="bank_transfer", **fields)


def a_refund_by_hand() -> Refund:
    refund = a_refund()
    put(refund.payment, provider="bank_transfer")
    return refund


def a_parcel(**fields: object) -> Shipment:
    order = paid_order()
    line = order.lines.get()
    parcel = Shipment.objects.create(order=order, delivery=line.delivery, **fields)
    ShipmentLine.objects.create(shipment=parcel, line=line, quantity=1)
    return parcel


def a_supplier_order(**counters: int) -> SupplierOrder:
    order = paid_order()
    line, supplier = order.lines.get(), Supplier.objects.get()
    made = SupplierOrder.objects.create(
        order=order, supplier=supplier, reference=f"{order.number}-1-1", placed_at=timezone.now()
    )
    SupplierOrderLine.objects.create(
        supplier_order=made,
        order_line=line,
        offer=supplier.offers.get(),
        line_id=f"L{line.pk}",
        supplier_sku=line.sku,
        quantity=2,
        unit_cost=1,
        **(counters or {"pending": 2}),
    )
    OrderLine.objects.filter(pk=line.pk).update(forwarded=2)
    return made


def a_supplier_return() -> SupplierReturn:
    row = a_supplier_order()
    return SupplierReturn.objects.create(supplier_order=row, order=row.order, return_reference="RT-1")


def a_return(**fields: object) -> Return:
    """Return what a customer sends back: all it can be told, so that the database lets it into every state."""
    row, now = a_supplier_order(accepted=2, shipped=2), timezone.now()
    OrderLine.objects.update(confirmed=2, shipped=2, in_returns=1)
    facts = {"email": "a@example.com", "name": "", "topic": Topic.DEFECTIVE, "subject": "?", "body": "?"}
    ticket = open_ticket(order=row.order, form_key=uuid.uuid4(), **facts)
    facts = {"number": "RT-1", "basis": "fault", "reason": "defective", "request_key": uuid.uuid4()}
    times = {"decided_at": now, "return_by": now.date()}
    made = Return.objects.create(order=row.order, ticket=ticket, supplier_order=row, **facts | times | fields)
    line = row.lines.get()
    ReturnLine.objects.create(parent=made, order_line=line.order_line, supplier_line=line, quantity=1)
    return made


def a_return_in_kind(**fields: object) -> Return:
    """Return one whose supplier has the goods and was to send new ones itself."""
    back = a_return(status="inspected", choice="replacement", **fields)
    asked = SupplierReturn.objects.create(
        supplier_order=back.supplier_order, order=back.order, return_reference="RT-1", awaits_replacement=True
    )
    Return.objects.filter(pk=back.pk).update(supplier_return=asked)
    back.refresh_from_db()
    return back


def a_decision(**fields: object) -> ReturnDecision:
    facts = {"status": "asked", "choice": "decline", "needs": "right", "form_key": uuid.uuid4()}
    return ReturnDecision.objects.create(parent=a_return(), **facts | fields)


def a_claim(**fields: object) -> Claim:
    row = a_return(choice="refund_keep")
    return Claim.objects.create(number="CL-1", order=row.order, parent=row, amount_minor=100, **fields)


def a_replacement(**fields: object) -> Replacement:
    row = a_return(choice="replacement", status="resolved")
    line = row.lines.get()
    new = OrderLine.objects.get(pk=line.order_line_id)
    new.pk, new._state.adding, new.position, new.replaces_id = None, True, 2, line.order_line_id
    new.unit_price_minor = new.line_minor = new.tax_minor = new.delivery_minor = 0
    counters = ("forwarded", "confirmed", "shipped", "in_returns", "discount_minor", "added_tax_minor")
    for name in counters:
        setattr(new, name, 0)
    new.quantity = 1
    new.save()
    facts = {"number": "RP-1", "order": row.order, "parent": row, "for_line": line, "line": new, "quantity": 1}
    return Replacement.objects.create(**facts | fields)


def a_cancellation(order: Order | None = None) -> Cancellation:
    return Cancellation.objects.create(
        order=order or paid_order(), key="cancellation-of-a-test", answer_by=timezone.now() + timedelta(days=2)
    )


def a_withdrawal() -> Withdrawal:
    stopped = a_cancellation()
    return Withdrawal.objects.create(order=stopped.order, cancellation=stopped, form_key=uuid.uuid4(), units={})


def a_withdrawal_too_late() -> Withdrawal:
    """Return a withdrawal of two units that their supplier did not stop, and that are in no return."""
    row = a_withdrawal()
    CancellationLine.objects.create(cancellation=row.cancellation, line=row.order.lines.get(), quantity=2, refused=2)
    put(row.cancellation, status="refused")
    return row


def a_supplier_cancellation(*, units: int = 0) -> SupplierCancellation:
    """Return what a supplier was asked to stop; with ``units``, so many of its only line."""
    row = a_supplier_order()
    cancellation = a_cancellation(row.order)
    asked = SupplierCancellation.objects.create(
        cancellation=cancellation, supplier_order=row, order=row.order, request_key="asked-in-a-test"
    )
    if units:
        line = row.lines.get()
        cancellation.lines.create(line=line.order_line, quantity=units)
        asked.lines.create(line=line, quantity=units)
    return asked


def a_probe() -> SupplierProbe:
    return SupplierProbe.objects.create(supplier=put(make_supplier(), opened_at=timezone.now()))


def the_nightly_audit() -> NightlyAudit:
    row, _new = NightlyAudit.objects.get_or_create(pk=1)
    return put(row, ran_at=timezone.now())


def a_comparison(kind: str = "recent") -> Comparison:
    return Comparison.objects.create(kind=kind)


def a_difference() -> MoneyFinding:
    facts = {"says": "Stripe took 1.00 that nobody asks for.", "amount_minor": 100, "currency": "EUR"}
    return MoneyFinding.objects.create(kind="stray_payment", key="pi_1", **facts)


def a_ticket() -> Ticket:
    facts = {"email": "a@example.com", "name": "", "topic": Topic.QUESTION, "subject": "?", "body": "?"}
    return open_ticket(order=paid_order(), form_key=uuid.uuid4(), **facts)


def a_question(**fields: object) -> SupplierQuestion:
    row, now = a_supplier_order(), timezone.now()
    facts = {"email": "a@example.com", "name": "", "topic": Topic.QUESTION, "subject": "?", "body": "?"}
    ticket = open_ticket(order=row.order, form_key=uuid.uuid4(), **facts)
    # With the time of an answer, so that the database lets it into every state.
    asked = {"text": "Where is it?", "answer_by": now, "answered_at": now, "form_key": uuid.uuid4()}
    return SupplierQuestion.objects.create(ticket=ticket, supplier=row.supplier, supplier_order=row, **asked | fields)


def an_answer_to_go_out() -> HeldAnswer:
    message = a_ticket().messages.get()
    return HeldAnswer.objects.create(message=message, due_at=timezone.now())


def a_mail() -> Notification:
    facts = {"key": "k", "kind": "order-link", "recipient": "a@example.com", "message_id": "<1@x>"}
    return Notification.objects.create(order=paid_order(), **facts)


def a_review_request() -> ReviewRequest:
    return ReviewRequest.objects.create(order=paid_order(), due_at=timezone.now())


def a_reaction() -> Reaction:
    return Reaction.objects.create(event=paid_order().events.get(kind="order.paid"), receiver="some.task")


def an_incoming() -> IncomingEvent:
    return IncomingEvent.objects.create(source="stripe", event_id="evt_1", kind="some.kind", body={})


def a_leaving_customer() -> ProviderCustomer:
    """A customer at Stripe whose account is deleted."""
    return ProviderCustomer.objects.create(user=make_person(), idempotency_key="c", leaving_at=timezone.now())


def a_hold() -> Hold:
    return Hold.objects.create(order=paid_order(), reason="manual")


def a_late_delivery() -> OrderDelivery:
    return put(paid_order().deliveries.get(), late_kind="unsent", late_since=timezone.now())


def a_delay(**fields: object) -> Delay:
    facts = {"is_definite": False, "answer_by": timezone.now()} | fields
    return Delay.objects.create(order=paid_order(), **facts)


def a_chase() -> SupplierChase:
    row = a_supplier_order()
    return SupplierChase.objects.create(supplier_order=row, order=row.order, late_kind="unsent")


def a_picture_to_fetch() -> PictureFetch:
    supplier = make_supplier()
    address = "https://pictures.example/1.png"
    return PictureFetch.objects.create(supplier=supplier, variant=make_variant(supplier), position=0, url=address)


def a_tracking_service() -> TrackingService:
    return TrackingService.objects.create(slug="aftership", failing_since=timezone.now(), last_error="TryLater: 503")


def a_review() -> Review:
    product = make_variant(make_supplier()).product
    # With a reason, so that the database lets it into every state.
    facts = {"author": "Alex", "bought_on": timezone.localdate(), "refused_reason": "names a person"}
    return Review.objects.create(product=product, rating=4, **facts)


def a_mailbox() -> Mailbox:
    return Mailbox.objects.create(name="help", failing_since=timezone.now(), last_error="cannot be opened")


def an_endpoint(**fields: object) -> Endpoint:
    facts = {"name": "Books", "url": "https://books.example.com/", "kinds": ["order.paid"], "secret": new_secret()}
    return Endpoint.objects.create(**facts | fields)


def an_event_told() -> EventDelivery:
    event = paid_order().events.get(kind="order.paid")
    due_at = timezone.now()
    return EventDelivery.objects.create(
        endpoint=an_endpoint(), event=event, order=event.order, kind=event.kind, webhook_id="msg_1", body="{}",
        due_at=due_at, give_up_at=due_at,
    )  # fmt: skip


MAKERS: dict[str, Callable[[], models.Model]] = {
    "Order": lambda: make_order((make_variant(make_supplier()), 1)),
    "CheckoutSession": a_session,
    "Reservation": lambda: Reservation.objects.get(order=a_session().order),
    "Delay": a_delay,
    "SupplierChase": a_chase,
    "Refund": a_refund,
    "RefundRequest": a_refund_request,
    "SupplierCredit": a_supplier_credit,
    "Authorisation": an_authorisation,
    "Dispute": a_dispute,
    "Cancellation": a_cancellation,
    "SupplierCancellation": a_supplier_cancellation,
    "Shipment": a_parcel,
    "SupplierOrder": a_supplier_order,
    "SupplierReturn": a_supplier_return,
    "Return": a_return,
    "ReturnDecision": a_decision,
    "Claim": a_claim,
    "Replacement": a_replacement,
    "Ticket": a_ticket,
    "SupplierQuestion": a_question,
    "Notification": a_mail,
    "PictureFetch": a_picture_to_fetch,
    "Review": a_review,
    "EventDelivery": an_event_told,
}
