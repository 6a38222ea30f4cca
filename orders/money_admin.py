"""What staff decide about an order's money, and the rows it stands in."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext as _t, gettext_lazy as _

from orders.actions.authorisation import NothingToDecide, refuse_order
from orders.actions.holds import place_hold, release_hold, release_holds
from orders.actions.transfer import record_transfer
from orders.models import Authorisation, Dispute, Hold, Order, ProviderCustomer
from orders.providers.registry import provider_of
from orders.states import AuthorisationStatus, OrderStatus
from shop.models import User
from shop.money import Money, WrongPrecision
from shop.readonly import ReadOnlyAdmin

CAN_BE_HELD = {OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.LATE_PAID, OrderStatus.PAID}
LONGEST_AMOUNT = 20


class NotDone(Exception):
    """What was asked for cannot be done; the text says why, for staff."""


def money_context(order: Order) -> dict[str, object]:
    """Return what the order's page in the admin shows of holds, authorisations, disputes and transfers."""
    is_transfer = provider_of(order.pay_with).refunds_by_hand
    return {
        "holds": order.holds.filter(released_at=None).select_related("created_by"),
        "authorisations": order.authorisations.all(),
        "to_decide": order.authorisations.filter(status=AuthorisationStatus.HELD).first(),
        "disputes": order.disputes.all(),
        "can_hold": order.status in CAN_BE_HELD,
        "transfer_key": uuid.uuid4() if is_transfer else None,
    }


def act_on_money(request: HttpRequest, order: Order) -> bool:
    """Do what a button of the order's page asks for; False if it asks for none of these."""
    acts: dict[str, Callable[[Order, HttpRequest, User], str]] = {
        "_accept": _accept,
        "_refuse": _refuse,
        "_hold": _hold,
        "_release": _release,
        "_transfer": _transfer,
    }
    act = next((act for name, act in acts.items() if name in request.POST), None)
    if act is None:
        return False
    try:
        messages.success(request, act(order, request, request.user))
    except NotDone as error:
        messages.warning(request, str(error))
    return True


def _note(request: HttpRequest) -> str:
    return request.POST.get("money_note", "").strip()[:200]


def _accept(order: Order, request: HttpRequest, by: User) -> str:
    if not release_holds(order, by=by) or order.authorisations.filter(status=AuthorisationStatus.HELD).exists():
        raise NotDone(_t("It was decided before."))
    return _t("Accepted. The money is taken in a moment, and then the goods are ordered.")


def _refuse(order: Order, request: HttpRequest, by: User) -> str:
    try:
        refuse_order(order, by=by, note=_note(request))
    except NothingToDecide as error:
        raise NotDone(_t("It was decided before.")) from error
    return _t("Refused. Nothing is taken, and the customer is told.")


def _hold(order: Order, request: HttpRequest, by: User) -> str:
    if order.status not in CAN_BE_HELD:
        raise NotDone(_t("It is over, so there is nothing to hold."))
    if place_hold(order, Hold.Reason.MANUAL, note=_note(request), by=by) is None:
        raise NotDone(_t("It is held by hand already."))
    return _t("Held: nothing more of it goes out until you release it.")


def _release(order: Order, request: HttpRequest, by: User) -> str:
    pk = request.POST["_release"]
    hold = order.holds.filter(pk=pk).first() if pk.isdecimal() else None
    if hold is None or not release_hold(hold, by=by):
        raise NotDone(_t("It was released before."))
    return _t("Released; it goes on unless another hold is left.")


def _transfer(order: Order, request: HttpRequest, by: User) -> str:
    typed = request.POST.get("transfer_amount", "").strip().replace(",", ".")[:LONGEST_AMOUNT]
    try:
        received = Money.parse(typed, order.currency)
    except WrongPrecision as error:
        raise NotDone(_t("Type what arrived as an amount, like %(total)s.") % {"total": order.total.plain}) from error
    if not 0 < received.minor < 10**9:
        raise NotDone(_t("Type what arrived as an amount, like %(total)s.") % {"total": order.total.plain})
    try:
        # The key stands in the page, so that two clicks are one payment.
        key = str(uuid.UUID(request.POST.get("transfer_key", "")))
    except ValueError as error:
        raise NotDone(_t("Load the page again, and note the payment once more.")) from error
    record_transfer(
        order, received=received, reference=request.POST.get("transfer_reference", "")[:140], key=key, by=by
    )
    order.refresh_from_db()
    if order.is_paid:
        return _t("Noted: %(amount)s. The order is paid, and the goods are ordered.") % {"amount": received}
    return _t("Noted: %(amount)s. It does not fit the order; what to do stands under “Needs a person”.") % {
        "amount": received
    }


@admin.register(Authorisation)
class AuthorisationAdmin(ReadOnlyAdmin):
    """Money that banks keep for orders on hold."""

    list_display = ["order", "amount", "status", "held_at", "lapses_at", "decided_by", "stripe_id"]
    list_filter = ["status", "held_at"]
    search_fields = ["order__number", "stripe_id"]
    list_select_related = ["order", "decided_by"]


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    """Payments that customers' banks take back."""

    list_display = ["order", "amount", "status", "reason", "evidence_by", "fee", "opened_at", "stripe_id"]
    list_filter = ["status", "opened_at"]
    search_fields = ["order__number", "stripe_id"]
    list_select_related = ["order"]

    @admin.display(description=_("fee"), ordering="fee_minor")
    def fee(self, dispute: Dispute) -> str:
        return str(Money(dispute.fee_minor, dispute.fee_currency)) if dispute.fee_minor is not None else ""


@admin.register(ProviderCustomer)
class ProviderCustomerAdmin(ReadOnlyAdmin):
    """Who accounts are for the payment provider."""

    list_display = ["user", "stripe_id", "created_at"]
    search_fields = ["user__email", "stripe_id"]
    list_select_related = ["user"]


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Why an order must not go out yet."""

    list_display = ["order", "reason", "created_at", "released_at"]
    list_filter = ["reason"]
    list_select_related = ["order"]
