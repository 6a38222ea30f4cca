"""What a person can do about a parcel that does not come. Part of ``config/remedies.py``."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from orders.actions.paid_back import ask_about_paid_back, key_of_parcel
from orders.actions.refund import TooMuch, request_refund
from orders.actions.work import close_work
from orders.models import Refund, Shipment, WorkItem
from orders.remedies import NotPossible
from orders.states import ParcelStatus, RefundStatus
from shop.models import User
from support.returning.money import parts_of_parcel

R = WorkItem.Reason


def refund_parcel(shipment: Shipment, *, by: User) -> str:
    """Pay back the units in a parcel that have not been paid back."""
    if _has_come(shipment):
        raise NotPossible(_("It has arrived meanwhile."))
    parts = parts_of_parcel(shipment)
    returned = shipment.status in {ParcelStatus.RETURNING, ParcelStatus.RETURNED}
    reason = Refund.Reason.RETURNED if returned else Refund.Reason.NOT_DELIVERED
    try:
        refund = request_refund(shipment.order, parts, reason=reason, by=by, key=key_of_parcel(shipment))
    except TooMuch as error:
        raise NotPossible(_("Nothing is left to be paid back.")) from error
    if refund.status == RefundStatus.FAILED:
        raise NotPossible(_("Its refund has failed; that is in the list as well."))
    for about in (R.PARCEL_SILENT, R.PARCEL_TROUBLE, R.PARCEL_BACK):
        close_work(about, shipment, by=by)
    if _has_come(shipment):
        # In that very moment: whoever let it arrive saw no refund yet.
        with transaction.atomic():
            ask_about_paid_back(shipment)
    return _("%(amount)s goes back.") % {"amount": refund.amount}


def _has_come(shipment: Shipment) -> bool:
    shipment.refresh_from_db()
    return shipment.status == ParcelStatus.DELIVERED
