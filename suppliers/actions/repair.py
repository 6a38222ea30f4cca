"""What a supplier cannot deliver goes to the next one that fits; else it is cancelled and paid back."""

from __future__ import annotations

from collections import Counter

from django.db.models import Q
from django.utils import timezone

from orders.actions.cancel import cancel_units
from orders.actions.estimates import record_estimate
from orders.actions.shipping import lock_order
from orders.models import Estimate, Event, OrderDelivery, OrderLine, Refund
from shop.customs import import_text
from shop.languages import speaking
from suppliers.actions.catalog import write_best_offers
from suppliers.actions.forward import make_supplier_orders
from suppliers.actions.gate import approved_units, ask_pharmacist
from suppliers.actions.route import next_offer, way_by
from suppliers.actions.stopped import unwanted_units, wanted_back
from suppliers.models import Offer, SupplierOrder, SupplierOrderLine


def repair_rejection(event: Event) -> None:
    """Act on rejected units: re-route, or cancel with refund and news, in one act.

    Call it inside a transaction (a reaction's), so that all of it happens once.
    """
    if event.order is None:
        return
    lock_order(event.order)
    source = SupplierOrder.objects.get(pk=event.subject_id)
    chosen, lost = [], Counter()
    # What is about to be cancelled is not ordered from somebody else.
    back = wanted_back([event.order.pk])
    for told in event.facts["lines"]:
        line = OrderLine.objects.select_related("order", "delivery__profile").get(pk=told["line"])
        quantity = min(int(told["quantity"]), line.open - back.get(line.pk, 0))
        # What could not be stopped when its customer asked for it, and falls away after all, is paid back.
        unwanted = unwanted_units(line, quantity)
        lost[line.pk] += unwanted
        quantity -= unwanted
        if quantity < 1:
            continue
        offer = _other_offer(source, line, quantity)
        if offer is None:
            lost[line.pk] += quantity
            continue
        approved = approved_units([line.pk])
        units = min(quantity, approved.get(line.pk, quantity))
        if units < quantity:
            # Its approval has lapsed meanwhile: the units stay open until there is a new one.
            ask_pharmacist(line, quantity - units)
        if units:
            _move_delivery(line, offer, units)
            chosen.append((line, offer, units))
    make_supplier_orders(chosen)
    if lost := +lost:
        key = f"reject-{event.pk}"
        cancel_units(event.order, lost, reason=Refund.Reason.SUPPLIER_CANNOT, by=None, key=key)
    variants = OrderLine.objects.filter(pk__in=[told["line"] for told in event.facts["lines"]])
    write_best_offers(variants.values_list("variant", flat=True))


def _other_offer(source: SupplierOrder, line: OrderLine, quantity: int) -> Offer | None:
    # Whoever took units away by itself is not asked again; what we asked to stop says nothing against it.
    own_wish = Q(cancelled__gt=0) & ~Q(reason_code="cancelled_by_platform")
    tried = SupplierOrderLine.objects.filter(Q(rejected__gt=0) | own_wish, order_line=line)
    without = {source.supplier_id, *tried.values_list("supplier_order__supplier", flat=True)}
    return next_offer(line, quantity, without=without, now=timezone.now())


def _move_delivery(line: OrderLine, offer: Offer, quantity: int) -> None:
    """Let the customer's page say where the goods come from now; the promise stays what it was."""
    if quantity < line.quantity - line.cancelled:
        return
    old, profile = line.delivery, offer.supplier.delivery_profile
    way = way_by(offer, line, now=timezone.now())
    if way is None:
        return
    with speaking(line.order.language):
        # The customer reads them on the order's page.
        said = import_text(profile, line.order.place.country, line.order.part_of_country)
        service_name = way.service.local_name
    delivery, new = OrderDelivery.objects.get_or_create(
        order=line.order,
        profile=profile,
        service=way.service.code,
        serial=old.serial,
        defaults={
            "position": line.order.deliveries.count() + 1,
            "price_minor": 0,
            "sent_from": profile.sent_from,
            "service_name": service_name,
            "supplier_service": way.service.supplier_code,
            "import_text": said[:300],
            "promised_earliest_on": old.promised_earliest_on,
            "promised_latest_on": old.promised_latest_on,
            "expected_earliest_on": old.promised_earliest_on,
            "expected_latest_on": old.promised_latest_on,
            "told_latest_on": old.told_latest_on,
            "ship_by_on": way.window.ship_by_on,
            "planned_latest_on": way.window.planned_latest_on,
            "travel_days": (way.window.planned_latest_on - way.window.ship_by_on).days,
        },
    )
    OrderLine.objects.filter(pk=line.pk).update(delivery=delivery)
    line.delivery = delivery
    if new:
        days = {"earliest_on": way.window.earliest_on, "latest_on": way.window.latest_on}
        record_estimate(delivery, None, **days, source=Estimate.Source.OURS, reason_code="other_supplier")
