"""What other systems are told of an event: a stable form, described in docs/webhooks.md, without anybody's name or address.

New members may come; what is there keeps its name and meaning. Amounts are whole minor units of ``currency``, times
are UTC in ISO 8601, days are the customer's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Delay, Event, Order, OrderLine, Refund, Shipment
from support.models import Replacement, Return

# Kind of event to what staff choose from. Only what is here can be told; it must stay.
OFFERED: Mapping[str, str | Promise] = {
    "order.paid": _("An order is paid"),
    "order.authorised": _("An order's money is kept by its bank, and waits for a decision"),
    "order.refused": _("An order was not accepted"),
    "order.cancelled": _("An order is cancelled"),
    "lines.cancelled": _("Goods of an order are cancelled"),
    "cancellation.requested": _("A customer asks to cancel"),
    "cancellation.answered": _("A cancellation is answered"),
    "parcel.announced": _("A supplier has announced a parcel"),
    "parcel.in_transit": _("A parcel is on its way"),
    "parcel.renumbered": _("A parcel has a new tracking number"),
    "parcel.out_for_delivery": _("A parcel is with its driver"),
    "parcel.attempted": _("A parcel could not be handed over"),
    "parcel.deposited": _("A parcel waits to be collected"),
    "parcel.returning": _("A parcel is on its way back"),
    "parcel.returned": _("A parcel is back with its sender"),
    "parcel.delivered": _("A parcel is delivered"),
    "estimate.changed": _("A supplier or carrier names another day"),
    "delay.noticed": _("A customer is told that goods come later than promised"),
    "arrival.advanced": _("A customer is told that late goods come sooner again"),
    "refund.requested": _("Money is being paid back"),
    "refund.succeeded": _("Money was paid back"),
    "refund.failed": _("Money could not be paid back"),
    "order.withdrawn": _("A customer withdraws from the contract"),
    "return.requested": _("A customer asks to send goods back"),
    "return.accepted": _("A return is accepted"),
    "return.declined": _("A return is declined"),
    "return.ready": _("A return can be handed in"),
    "return.in_transit": _("A return is on its way back"),
    "return.scanned": _("A carrier has the return that its customer had told of"),
    "return.received": _("A return has arrived"),
    "return.review": _("A return is looked at once more"),
    "return.resolved": _("A return is complete"),
    "return.cancelled": _("A customer takes a return back"),
    "return.expired": _("A return was not handed in in time"),
    "replacement.sent": _("New goods for old ones are sent"),
    "replacement.delivered": _("New goods for old ones are delivered"),
    "replacement.failed": _("New goods for old ones cannot be had"),
    "replacement.paid_back": _("Money goes back in the place of new goods"),
}
PROGRESS = ("forwarded", "confirmed", "backordered", "shipped", "delivered", "returned", "cancelled")


def body_of(event: Event) -> str:
    """Return what is sent of an event, as JSON text: the order as it is now, and what in particular it is about."""
    told = {"type": event.kind, "timestamp": _time(event.at), "data": _data(event)}
    return json.dumps(told, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _data(event: Event) -> dict[str, object]:
    data: dict[str, object] = {"event_id": event.pk, "order": _order(event.order) if event.order else None}
    model, _colon, pk = event.subject_key.partition(":")
    if model == "shipment":
        shipment = Shipment.objects.filter(pk=pk).prefetch_related("lines__line").first()
        data["parcel"] = _parcel(shipment) if shipment else None
    elif model == "refund":
        refund = Refund.objects.filter(pk=pk).first()
        data["refund"] = _refund(refund) if refund else None
    elif model == "delay":
        delay = Delay.objects.filter(pk=pk).prefetch_related("parts").first()
        data["delay"] = _delay(delay) if delay else None
    elif model == "return":
        back = Return.objects.filter(pk=pk).prefetch_related("lines__order_line").first()
        data["return"] = _return(back) if back else None
    elif model == "replacement":
        new = Replacement.objects.filter(pk=pk).select_related("parent", "line", "for_line__order_line").first()
        data["replacement"] = _replacement(new) if new else None
    return data


def _order(order: Order) -> dict[str, object]:
    lines = list(order.lines.all())
    parcels = order.shipments.prefetch_related("lines__line")
    return {
        "number": order.number,
        "status": order.status,
        "country": order.country.code,
        "currency": order.currency,
        "total_minor": order.total_minor,
        "refunded_minor": sum(line.refunded_minor for line in lines),
        "placed_at": _time(order.placed_at),
        "paid_at": _time(order.paid_at),
        "lines": [_line(line) for line in lines],
        "parcels": [_parcel(parcel) for parcel in parcels],
    }


def _line(line: OrderLine) -> dict[str, object]:
    progress = {name: getattr(line, name) for name in PROGRESS}
    return {"sku": line.sku, "quantity": line.quantity, "unit_price_minor": line.unit_price_minor} | progress


def _parcel(shipment: Shipment) -> dict[str, object]:
    return {
        "id": shipment.pk,
        "status": shipment.status,
        "carrier": shipment.carrier_name,
        "tracking_number": shipment.tracking_number,
        "expected_earliest_on": _day(shipment.expected_earliest_on),
        "expected_latest_on": _day(shipment.expected_latest_on),
        "shipped_at": _time(shipment.shipped_at),
        "delivered_at": _time(shipment.delivered_at),
        "lines": [{"sku": part.line.sku, "quantity": part.quantity} for part in shipment.lines.all()],
    }


def _refund(refund: Refund) -> dict[str, object]:
    return {
        "id": refund.pk,
        "status": refund.status,
        "reason": refund.reason,
        "amount_minor": refund.amount_minor,
        "currency": refund.currency,
    }


def _delay(delay: Delay) -> dict[str, object]:
    return {
        "id": delay.pk,
        "choice": delay.status,
        "answer_by": _time(delay.answer_by),
        "parts": [
            {
                "before_on": _day(part.before_on),
                "earliest_on": _day(part.earliest_on),
                "latest_on": _day(part.latest_on),
                "reason": part.reason_code,
            }
            for part in delay.parts.all()
        ],
    }


def _return(row: Return) -> dict[str, object]:
    return {
        "number": row.number,
        "status": row.status,
        "basis": row.basis,
        "reason": row.reason,
        "decided": row.choice,
        "goods_back": row.goods_back,
        "return_by": _day(row.return_by),
        "lines": [
            {
                "sku": line.order_line.sku,
                "quantity": line.quantity,
                "received": line.received,
                "refused": line.refused,
                "settled": line.settled,
            }
            for line in row.lines.all()
        ],
    }


def _replacement(new: Replacement) -> dict[str, object]:
    return {
        "number": new.number,
        "return": new.parent.number,
        "status": new.status,
        "sku": new.line.sku,
        "in_place_of": new.for_line.order_line.sku,
        "quantity": new.quantity,
    }


def _time(when: datetime | None) -> str | None:
    return when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if when else None


def _day(when: date | None) -> str | None:
    return when.isoformat() if when else None
