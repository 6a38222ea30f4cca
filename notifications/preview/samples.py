"""Rows that messages are about: those of a real order, or made-up ones that are taken back at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders.models import (
    Authorisation,
    Cancellation,
    CheckoutSession,
    Delay,
    Order,
    OrderDelivery,
    OrderLine,
    Payment,
    Refund,
    Shipment,
    ShipmentLine,
)
from orders.states import DelayStatus, Late, OrderStatus, ParcelStatus
from shop.models import Category, DeliveryProfile, Product, StockWatch, Variant
from suppliers.models import Offer, Supplier, SupplierChase, SupplierOrder, SupplierOrderLine, SupplierReturn
from support.models import Basis, Choice, Replacement, Return, ReturnReason, SupplierQuestion, Ticket, TicketMessage
from support.return_states import ReplacementStatus, ReturnStatus

# What the sample order holds: names, units, what one costs in minor units.
GOODS = (("Enamel kettle", "Sage", 1, 24_50), ("Oak chopping board", "", 2, 12_00))


@dataclass(frozen=True, slots=True)
class Subjects:
    """One order and the newest of everything that a message can be about; None where it has none."""

    order: Order
    shipment: Shipment | None = None
    delay: Delay | None = None
    sooner: Delay | None = None
    refund: Refund | None = None
    cancellation: Cancellation | None = None
    authorisation: Authorisation | None = None
    ticket_message: TicketMessage | None = None
    watch: StockWatch | None = None
    chase: SupplierChase | None = None
    question: SupplierQuestion | None = None
    back: Return | None = None
    replacement: Replacement | None = None
    asked_back: SupplierReturn | None = None


def subjects_of(order: Order) -> Subjects:
    """Return what an order's messages can be about. One query each."""
    written = TicketMessage.objects.for_customers().filter(ticket__order=order)
    delays = order.delays.select_related("order")
    return Subjects(
        order,
        order.shipments.exclude(status=ParcelStatus.CANCELLED).order_by("-pk").first(),
        delays.filter(parts__latest_on__gt=F("parts__before_on")).first(),
        delays.exclude(parts__latest_on__gt=F("parts__before_on")).first(),
        order.refunds.order_by("-pk").first(),
        order.cancellations.order_by("-pk").first(),
        order.authorisations.order_by("-pk").first(),
        written.select_related("ticket", "user").order_by("-pk").first(),
        chase=SupplierChase.objects.filter(order=order, answer_by__isnull=False).first(),
        question=SupplierQuestion.objects.filter(ticket__order=order)
        .select_related("ticket", "supplier_order")
        .first(),
        back=Return.objects.filter(order=order).first(),
        replacement=Replacement.objects.filter(order=order).first(),
        asked_back=SupplierReturn.objects.filter(order=order).select_related("supplier_order__supplier").first(),
    )


@contextmanager
def sample_subjects(*, language: str) -> Iterator[Subjects]:
    """Make an order in which everything happened, and take all of it back at the end.

    The real rows, and the real functions that write messages about them: a sample made up beside those would go
    on looking right after they have changed. Nothing is recorded as an event, so nothing can follow from it.
    """
    with transaction.atomic():
        yield _make(language)
        transaction.set_rollback(True)


def _make(language: str) -> Subjects:
    today, profile = timezone.localdate(), _profile()
    order = _order(language)
    first, last = today + timedelta(days=2), today + timedelta(days=4)
    window = {
        "promised_earliest_on": first,
        "promised_latest_on": last,
        "expected_earliest_on": first,
        "expected_latest_on": last,
    }
    delivery = OrderDelivery.objects.create(order=order, profile=profile, price_minor=390, sent_from="Cork", **window)
    variants = [_variant(name, colour, price) for name, colour, _units, price in GOODS]
    lines = [
        OrderLine.objects.create(
            order=order, delivery=delivery, variant=variant, position=position, sku=variant.sku, name=name,
            options_label=f"Colour: {colour}" if colour else "", quantity=units, unit_price_minor=price,
            tax_basis_points=2300, line_minor=price * units, tax_minor=price * units * 23 // 123, forwarded=units, confirmed=units,
        )
        for position, (variant, (name, colour, units, price)) in enumerate(zip(variants, GOODS, strict=True), start=1)
    ]  # fmt: skip
    shipment = Shipment.objects.create(
        order=order, delivery=delivery, status=ParcelStatus.IN_TRANSIT, carrier_name="An Post",
        tracking_number="CE123456789IE", shipped_at=timezone.now(),
    )  # fmt: skip
    ShipmentLine.objects.create(shipment=shipment, line=lines[0], quantity=lines[0].quantity)
    watch = StockWatch.objects.create(variant=variants[0], email=order.email, language=language)
    message, chase = _ticket_message(order), _chase(order, lines[0])
    back = _back(chase.supplier_order, lines[0])
    return Subjects(
        order, shipment, _delay(order, delivery, moved=3), _delay(order, delivery, moved=-2), _refund(order),
        _cancellation(order, lines[1]), _authorisation(order), message, watch, chase,
        _question(message.ticket, chase.supplier_order), back, _replacement(back, lines[0]),
        _asked_back(chase.supplier_order),
    )  # fmt: skip


def _profile() -> DeliveryProfile:
    return DeliveryProfile.objects.create(code=_name(), name="Sample", sent_from="Cork")


def _variant(name: str, colour: str, price_minor: int) -> Variant:
    category = Category.objects.create(name=_name(), slug=_name())
    currency = settings.SHOP_CURRENCY
    product = Product.objects.create(
        name=name, slug=_name(), category=category, department=category, currency=currency, is_published=False
    )
    options = {"Colour": colour} if colour else {}
    return Variant.objects.create(
        product=product, sku=_name(), price_minor=price_minor, currency=currency, options=options, is_active=False
    )


def _order(language: str) -> Order:
    items = sum(units * price for _name, _colour, units, price in GOODS)
    now = timezone.now()
    return Order.objects.create(
        number=f"{settings.ORDER_PREFIX}-SAMPLE", status=OrderStatus.PAID, email="alex@example.com", name="Alex Byrne",
        line1="12 Main Street", city="Dublin", postcode="D02 X285", country="IE", language=language,
        currency=settings.SHOP_CURRENCY, items_minor=items, delivery_minor=390, tax_minor=items * 23 // 123,
        total_minor=items + 390, placed_at=now, paid_at=now, pay_by=now + timedelta(days=7), pay_with="bank_transfer",
    )  # fmt: skip


def _delay(order: Order, delivery: OrderDelivery, *, moved: int) -> Delay:
    """Tell of a delivery that comes so many days later (sooner: fewer) than its last day."""
    last, is_late = delivery.promised_latest_on, moved > 0
    delay = Delay.objects.create(
        order=order, is_definite=True, status=DelayStatus.ASKED if is_late else DelayStatus.TOLD
    )
    before, after = (last, last + timedelta(days=moved)) if is_late else (last + timedelta(days=-moved), last)
    delay.parts.create(
        delivery=delivery, before_on=before, earliest_on=after - timedelta(days=1), latest_on=after,
        reason_code="weather" if is_late else "",
    )  # fmt: skip
    return delay


def _chase(order: Order, line: OrderLine) -> SupplierChase:
    supplier = Supplier.objects.create(name="Sample", slug=_name(), delivery_profile=_profile(), is_active=False)
    placed = SupplierOrder.objects.create(
        order=order, supplier=supplier, reference=f"{settings.ORDER_PREFIX}-SAMPLE-1", supplier_order_id="H-20431"
    )
    offer = Offer.objects.create(
        supplier=supplier, variant=line.variant, supplier_sku="KETTLE-SAGE", unit_cost=110_000, currency=order.currency
    )
    SupplierOrderLine.objects.create(
        supplier_order=placed, order_line=line, offer=offer, line_id="1", supplier_sku=offer.supplier_sku,
        quantity=line.quantity, unit_cost=offer.unit_cost, accepted=line.quantity,
    )  # fmt: skip
    return SupplierChase.objects.create(
        supplier_order=placed, order=order, late_kind=Late.UNSENT, channel=SupplierChase.Channel.MAIL,
        answer_by=timezone.now() + timedelta(days=2),
    )  # fmt: skip


def _refund(order: Order) -> Refund:
    payment = Payment.objects.create(
        order=order, stripe_id=_name(), captured_minor=order.total_minor, currency=order.currency
    )
    return Refund.objects.create(
        order=order, payment=payment, amount_minor=1200, currency=order.currency,
        reason=Refund.Reason.SUPPLIER_CANNOT, idempotency_key=_name(),
    )  # fmt: skip


def _cancellation(order: Order, line: OrderLine) -> Cancellation:
    made = Cancellation.objects.create(order=order, key=_name(), answer_by=timezone.now() + timedelta(days=2))
    made.lines.create(line=line, quantity=1)
    return made


def _authorisation(order: Order) -> Authorisation:
    ends = timezone.now() + timedelta(days=6)
    session = CheckoutSession.objects.create(
        order=order, idempotency_key=_name(), stripe_id=_name(), expires_at=ends, state=CheckoutSession.State.COMPLETE
    )
    return Authorisation.objects.create(
        order=order, session=session, stripe_id=_name(), idempotency_key=_name(), amount_minor=order.total_minor, currency=order.currency,
        lapses_at=ends,
    )  # fmt: skip


def _ticket_message(order: Order) -> TicketMessage:
    ticket = Ticket.objects.create(
        number=f"T-{uuid4().hex[:8]}", order=order, email=order.email, subject="The kettle has a dent",
        answer_due_at=timezone.now() + timedelta(days=1),
    )  # fmt: skip
    return TicketMessage.objects.create(
        ticket=ticket, thread=TicketMessage.Thread.CUSTOMER, author=TicketMessage.Author.AGENT,
        body="We are sorry. A new one is on its way to you tomorrow; you can keep the other.",
    )  # fmt: skip


def _question(ticket: Ticket, row: SupplierOrder) -> SupplierQuestion:
    return SupplierQuestion.objects.create(
        ticket=ticket, supplier=row.supplier, supplier_order=row, answer_by=timezone.now() + timedelta(days=2), form_key=uuid4(),
        text="The enamel has a dent at the spout, see the picture. Can you replace it, and when would it leave?",
    )  # fmt: skip


def _back(placed: SupplierOrder, line: OrderLine) -> Return:
    order, now = placed.order, timezone.now()
    ticket = Ticket.objects.create(
        number=f"T-{uuid4().hex[:8]}", order=order, email=order.email, subject="Return: It is faulty",
        source=Ticket.Source.RETURN, answer_due_at=now + timedelta(days=1),
    )  # fmt: skip
    back = Return.objects.create(
        number="RT-1234567", order=order, ticket=ticket, supplier_order=placed, request_key=uuid4(),
        status=ReturnStatus.READY, basis=Basis.FAULT, reason=ReturnReason.DEFECTIVE, choice=Choice.REFUND_AFTER,
        goods_back=True, shop_pays=True, decided_at=now, carrier_name="An Post", tracking_number="RE123456789IE",
        return_to="Harbour Returns\n1 Quay\nT12 X3Y4 Cork\nIreland", return_by=timezone.localdate() + timedelta(days=14),
        label_url="https://labels.example/RT-1234567.pdf",
    )  # fmt: skip
    back.lines.create(order_line=line, supplier_line=placed.lines.get(), quantity=line.quantity)
    return back


def _replacement(back: Return, line: OrderLine) -> Replacement:
    """New goods that nobody could send in the end, so that they are in no parcel of the sample."""
    new = OrderLine.objects.create(
        order=line.order, delivery=line.delivery, variant=line.variant, replaces=line, position=line.order.lines.count() + 1,
        sku=line.sku, name=line.name, options_label=line.options_label, quantity=line.quantity, unit_price_minor=0,
        tax_basis_points=line.tax_basis_points, line_minor=0, tax_minor=0, cancelled=line.quantity,
    )  # fmt: skip
    return Replacement.objects.create(
        number="RP-1234567-1", order=line.order, parent=back, for_line=back.lines.get(), line=new,
        quantity=new.quantity, status=ReplacementStatus.FAILED,
    )  # fmt: skip


def _asked_back(row: SupplierOrder) -> SupplierReturn:
    asked = {"lines": [{"line_id": "1", "quantity": 1, "reason_code": "damaged_in_transit"}]}
    return SupplierReturn.objects.create(
        supplier_order=row, order=row.order, return_reference="RT-4711032", request=asked,
        channel=SupplierReturn.Channel.MAIL, status=SupplierReturn.Status.REQUESTED,
    )  # fmt: skip


def _name() -> str:
    return f"sample-{uuid4().hex[:20]}"
