"""Count the units of a line that a customer sends back, has money for or gets anew: each of them once."""

from __future__ import annotations

from django.db.models import F

from orders.models import OrderLine


class AlreadyBack(Exception):
    """So many units of the line were not sent, or are in another return."""


def take_units(line: OrderLine, units: int) -> None:
    """Count units of a line into a return; call it with the order locked. Raises AlreadyBack and changes nothing."""
    # One conditional UPDATE: of two forms at once only one gets the last unit.
    free = OrderLine.objects.filter(pk=line.pk, in_returns__lte=F("shipped") - units)
    if units < 1 or not free.update(in_returns=F("in_returns") + units):
        raise AlreadyBack(line.sku)


def free_units(line: OrderLine, units: int) -> None:
    """Give units back that no return is about any more; call it with the order locked, once per return."""
    if units:
        OrderLine.objects.filter(pk=line.pk).update(in_returns=F("in_returns") - units)
