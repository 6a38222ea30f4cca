"""Make the lines of new goods that a supplier sends itself, and the part that stands for them; see ``in_kind.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import F, Max
from django.utils import timezone

from orders import events
from orders.actions.promise import promise_columns
from orders.models import OrderDelivery, OrderLine
from shop.models import User
from suppliers.actions.gate import refuse_ungranted
from suppliers.actions.in_kind import take_over_parcels
from suppliers.actions.replace import Cost, make_free_line, next_serial
from suppliers.actions.route import way_by
from suppliers.models import SupplierOrder, SupplierOrderLine, SupplierReturn
from suppliers.states import SupplierOrderStatus, move_supplier_order


@dataclass(frozen=True, slots=True)
class Given:
    """Units of a new line that a supplier sends in the place of units of one of its own lines."""

    new: OrderLine
    old: SupplierOrderLine
    units: int


def make_line_in_kind(
    line: OrderLine, quantity: int, old: SupplierOrderLine, *, delivery: OrderDelivery | None, by: User | None
) -> OrderLine:
    """Make the line of units that a supplier sends itself in the place of a line's, with a delivery and a promise.

    ``delivery``: that of other lines that it sends for the same return, for they come together; None: a new one.
    Not safe to repeat by itself, as ``order_again``. The caller has the order locked and calls ``cover_in_kind``.
    """
    cost = Cost(0, old.offer.currency)
    new = make_free_line(line, quantity, line.variant, cost, delivery or _delivery(line, old))
    events.record("line.replaced", line.order, by=by, line=line.pk, new=new.pk, quantity=quantity, in_kind=True)
    return new


def _delivery(line: OrderLine, old: SupplierOrderLine) -> OrderDelivery:
    """Promise the goods anew, by the way the first ones came; by that of today where there is one."""
    first, way = line.delivery, way_by(old.offer, line, now=timezone.now())
    return OrderDelivery.objects.create(
        order=line.order,
        profile=first.profile,
        position=line.order.deliveries.count() + 1,
        serial=next_serial(line, first.profile_id, first.service),
        price_minor=0,
        sent_from=first.sent_from,
        service=first.service,
        service_name=first.service_name,
        supplier_service=first.supplier_service,
        import_text=first.import_text,
        **(promise_columns(way.window) if way else _promise_as_before(line)),
    )


def _promise_as_before(line: OrderLine) -> dict[str, object]:
    """Return the days of a promise as long as the first one was, from today."""
    sold_on, first = timezone.localdate(line.order.placed_at), line.delivery

    def moved(promised: date) -> date:
        return timezone.localdate() + max(promised - sold_on, timedelta(days=1))

    earliest, latest = moved(first.promised_earliest_on), moved(first.promised_latest_on)
    return {
        "promised_earliest_on": earliest,
        "promised_latest_on": latest,
        "expected_earliest_on": earliest,
        "expected_latest_on": latest,
        "travel_days": first.travel_days,
    }


def cover_in_kind(back: SupplierReturn, given: Sequence[Given]) -> SupplierOrder:
    """Write down that a supplier sends so many units of new lines itself, and take over the parcels it has told of.

    Once per return; the caller has the order locked. Raises suppliers.actions.gate.NotApproved for gated goods.
    """
    refuse_ungranted({one.new.pk: one.units for one in given})
    order, supplier = back.order, back.supplier_order.supplier
    part = SupplierOrder.objects.filter(order=order, supplier=supplier).aggregate(last=Max("part"))["last"] + 1
    reference, currency = f"{order.number}-{supplier.pk}-{part}", given[0].old.offer.currency
    lines = [{"line_id": one.old.line_id, "sku": one.old.supplier_sku, "quantity": one.units} for one in given]
    made = SupplierOrder.objects.create(
        order=order,
        supplier=supplier,
        part=part,
        reference=reference,
        for_return=back,
        request={"reference": reference, "currency": currency, "lines": lines},
        delivery_charge_minor=0,
        charge_currency=currency,
    )
    for one in given:
        # Under the id that the supplier knows: its parcels and later returns name that.
        SupplierOrderLine.objects.create(
            supplier_order=made,
            order_line=one.new,
            offer=one.old.offer,
            line_id=one.old.line_id,
            supplier_sku=one.old.supplier_sku,
            quantity=one.units,
            accepted=one.units,
            unit_cost=0,
        )
        counted = {"forwarded": F("forwarded") + one.units, "confirmed": F("confirmed") + one.units}
        OrderLine.objects.filter(pk=one.new.pk).update(**counted)
    move_supplier_order(made, SupplierOrderStatus.PLACED, by=None, fields={"placed_at": timezone.now()}, in_kind=True)
    take_over_parcels(made)
    return made
