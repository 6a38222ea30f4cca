"""Gated goods: no unit was ordered without an approval that is older than the order."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from config.audit.registry import check, in_chunks, named
from orders.models import Approval, OrderLine
from suppliers.actions.gate import grants_of, settle_uses, uses_of


@check("V16 gate", _("No gated unit was ordered without an approval that is older."))
def ungranted() -> Iterable[str]:
    for chunk in in_chunks(OrderLine.objects.filter(gated_at__isnull=False).only("gated_at", "sku", "quantity")):
        since = {line.pk: line.gated_at for line in chunk}
        grants, uses = grants_of(since), uses_of(since)
        for line in chunk:
            wrong = settle_uses(grants[line.pk], uses[line.pk])
            yield from (f"{use.reference}: {line.sku} was ordered without an approval" for use in wrong)
    more = Approval.objects.filter(units__gt=F("order_line__quantity"))
    yield from named(more, "more units than were ordered", "order_line__order")
