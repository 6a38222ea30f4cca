"""The one table from every state to the word that customers, staff, agents and mails read."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.states import CancellationStatus, DelayStatus, OrderStatus, ParcelStatus, RefundStatus


@dataclass(frozen=True, slots=True)
class Word:
    """A state in words, and the shape that stands beside it: waiting, half, done, problem or late."""

    text: str | Promise
    shape: str


ORDER_WORDS: dict[str, Word] = {
    OrderStatus.PLACED: Word(_("Waiting for payment"), "waiting"),
    OrderStatus.AUTHORISED: Word(_("Being checked"), "waiting"),
    OrderStatus.PAID: Word(_("Paid"), "half"),
    OrderStatus.EXPIRED: Word(_("Not paid"), "problem"),
    OrderStatus.LATE_PAID: Word(_("Paid late"), "waiting"),
    OrderStatus.CANCELLED: Word(_("Cancelled"), "problem"),
}
PARCEL_WORDS: dict[str, Word] = {
    ParcelStatus.PENDING: Word(_("Being packed"), "waiting"),
    ParcelStatus.LABEL_CREATED: Word(_("Being packed"), "waiting"),
    ParcelStatus.IN_TRANSIT: Word(_("Sent"), "half"),
    ParcelStatus.OUT_FOR_DELIVERY: Word(_("Out for delivery"), "half"),
    ParcelStatus.AVAILABLE_FOR_PICKUP: Word(_("Ready to collect"), "half"),
    ParcelStatus.ATTEMPT_FAILED: Word(_("Delivery tried"), "problem"),
    ParcelStatus.DELIVERED: Word(_("Delivered"), "done"),
    ParcelStatus.EXCEPTION: Word(_("Held up"), "problem"),
    ParcelStatus.RETURNING: Word(_("On its way back"), "problem"),
    ParcelStatus.RETURNED: Word(_("Sent back"), "problem"),
    ParcelStatus.CANCELLED: Word(_("Not sent"), "problem"),
    ParcelStatus.UNKNOWN: Word(_("No news from the carrier"), "problem"),
}
# Units that their supplier has taken on and does not have yet.
STOCK_WORD = Word(_("Waiting for stock"), "waiting")
REFUND_WORDS: dict[str, Word] = {
    RefundStatus.REQUESTED: Word(_("Refund on its way"), "waiting"),
    RefundStatus.PENDING: Word(_("Refund on its way"), "waiting"),
    RefundStatus.SUCCEEDED: Word(_("Refunded"), "done"),
    RefundStatus.FAILED: Word(_("Refund did not go through"), "problem"),
}
# By the reason of a row in the ledger of refunds that is no refund of ours.
LEDGER_WORDS: dict[str, Word] = {
    "not_taken": Word(_("Not charged"), "done"),
    "dispute": Word(_("Went back through your bank"), "done"),
}
CANCELLATION_WORDS: dict[str, Word] = {
    CancellationStatus.REQUESTED: Word(_("Cancellation asked for"), "waiting"),
    CancellationStatus.ACCEPTED: Word(_("Cancelled"), "done"),
    CancellationStatus.PARTLY: Word(_("Partly cancelled"), "half"),
    CancellationStatus.REFUSED: Word(_("Could not be stopped"), "problem"),
}
# Why units could not be cancelled, and what the customer can do instead.
REFUSAL_WORDS: dict[str, str | Promise] = {
    "sent": _(
        "It had already been sent. Refuse the parcel at the door, or send it back within 30 days: "
        "your order page takes the return."
    ),
    "packed": _(
        "The supplier had already packed it and could not stop it any more. "
        "Once it is there you can send it back within 30 days: your order page takes the return."
    ),
    "paid": _("Your payment came in first. Now that it is paid, you can still ask to cancel and get it back."),
    "bank": _("Your bank is already working on the payment. As soon as it is here, you can cancel and get it back."),
    "gone": _("It is no longer part of the order."),
}
# Why an order's address stays as it is.
ADDRESS_WORDS: dict[str, str | Promise] = {
    "over": _("Nothing of this order is to be sent, so its address stays as it is."),
    "gone": _("All of it has been sent, so the address cannot be changed any more."),
    "told": _("A supplier has this address already and is preparing the parcel."),
    "checked": _("We have looked at this order as it is, with its address."),
}
# What became of a delay; of one that is still to be chosen its page says more.
DELAY_WORDS: dict[str, str | Promise] = {
    DelayStatus.TOLD: _("It is on its way. Once it is there you can send it back within 30 days."),
    DelayStatus.WAITS: _("You wait for it."),
    DelayStatus.CANCELLED: _("You have cancelled it. Your order page shows the answer."),
    DelayStatus.UNANSWERED: _("We had no answer, and have cancelled what was not sent."),
    DelayStatus.OVER: _("There is newer news of it on your order page."),
}
REASON_WORDS: dict[str, str | Promise] = {
    "out_of_stock": _("the goods came in late"),
    "production": _("making it takes longer"),
    "capacity": _("the warehouse is very busy"),
    "other_supplier": _("another supplier sends it"),
    "not_sent": _("the supplier has not sent it yet"),
    "carrier_delay": _("the carrier is running late"),
    "customs": _("it is waiting at customs"),
    "weather": _("bad weather on the way"),
    "address_problem": _("the carrier has a question about the address"),
}
# Why a parcel was not handed over, or comes back; the words of the supplier contract's TrackingReason.
NOT_HANDED_OVER_WORDS: dict[str, str | Promise] = {
    "recipient_unavailable": _("nobody was there to take it"),
    "refused": _("it was not accepted"),
    "address_problem": REASON_WORDS["address_problem"],
    "damaged": _("it was damaged on the way"),
    "duties_unpaid": _("import costs were not paid"),
    "customs_hold": _("customs did not let it through"),
}
