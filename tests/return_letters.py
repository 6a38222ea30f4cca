"""Orders with goods that come back, and what was written to their customers."""

from __future__ import annotations

import uuid
from collections import Counter

from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.models import Order, OrderLine, Reaction
from shop.markets import MARKETS
from shop.models import Market
from suppliers.actions.forward import forward_order
from suppliers.models import Supplier, SupplierOrderLine
from support.models import Choice, Return
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.flow import (
    Label,
    make_ready,
)
from tests.factories import make_paid_order


def arrive(order: Order) -> None:
    """Let all that suppliers have of an order be sent, and be there."""
    for row in SupplierOrderLine.objects.filter(supplier_order__order=order):
        counts = {"pending": 0, "accepted": row.quantity, "shipped": row.quantity, "delivered": row.quantity}
        SupplierOrderLine.objects.filter(pk=row.pk).update(**counts)
    for line in order.lines.all():
        units = {"shipped": line.quantity, "delivered": line.quantity, "confirmed": line.quantity}
        OrderLine.objects.filter(pk=line.pk).update(**units)


def sold(*goods: tuple) -> Order:
    order = make_paid_order(*goods)
    # A supplier that takes returns by its interface says itself where goods go.
    Supplier.objects.update(capabilities=["returns"])
    forward_order(order)
    arrive(order)
    return Order.objects.get(pk=order.pk)


def ask(order: Order, units: int = 1, **wanted: object) -> Return:
    wish = Wanted({order.lines.get(replaces=None).pk: units}, **{"reason": "defective", **wanted})
    return ask_return(order, wish, form_key=uuid.uuid4())[0]


def accepted(order: Order, units: int = 1, *, by, choice=Choice.REFUND_AFTER, text: str = "", **wanted) -> Return:
    """Return a return of these units that an agent has accepted, and whose label is there."""
    row = ask(order, units, **wanted)
    decide(row, Verdict(choice, text=text, goods_back=True), form_key=uuid.uuid4(), by=by)
    row.refresh_from_db()
    make_ready(row, Label("Harbour Returns\n1 Quay\nCork", label_url="https://labels.example/1.pdf"), by=None)
    return row


def at_handover(order: Order) -> None:
    Market.objects.filter(countries__country=order.country.code).update(refunds_at_handover=True)
    MARKETS.forget()


def told(relay, order: Order) -> dict[str, Notification]:
    """Let everything follow, twice; return what was written to the customer since the sale, by kind, each once."""
    relay.run_until_idle()
    Reaction.objects.filter(receiver__startswith="notifications.").update(done_at=None, due_at=timezone.now())
    relay.run_until_idle()
    rows = list(Notification.objects.filter(order=order).exclude(kind="order-confirmed").order_by("pk"))
    assert {row.recipient for row in rows} <= {order.email}
    assert [kind for kind, count in Counter(row.kind for row in rows).items() if count > 1] == []
    broken = {one.check.name: one.violations for one in run_audit() if one.check.name.startswith("V08")}
    assert {name: found for name, found in broken.items() if found} == {}
    return {row.kind: row for row in rows}


def says(row: Notification, *facts: object) -> None:
    """Check that text and HTML have all of these."""
    for fact in map(str, facts):
        for part in (row.text, row.html):
            assert fact in part.replace("&#x27;", "'").replace("&amp;", "&"), fact
