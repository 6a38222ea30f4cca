"""What a person decides about money: authorised, disputed, transferred. Rules as in ``config/remedies.py``."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _t

from orders import lease
from orders.actions.authorisation import NothingToDecide, refuse_order
from orders.actions.holds import release_holds
from orders.actions.refund import TooMuch
from orders.actions.transfer import note_paid_back, refund_surplus
from orders.actions.work import close_work
from orders.models import Authorisation, Dispute, Payment, Refund, RelayBeat, WorkItem
from orders.remedies import NotPossible
from orders.states import AuthorisationStatus
from shop.models import User
from suppliers.actions.hold import release_unsent
from suppliers.models import SupplierOrder


def take_payment(authorisation: Authorisation, *, by: User) -> str:
    """Release all holds of an authorised order: its money is taken, and it goes out."""
    release_holds(authorisation.order, by=by)
    authorisation.refresh_from_db()
    if authorisation.status != AuthorisationStatus.CAPTURING:
        raise NotPossible(_t("It was decided before."))
    return _t("Accepted. The money is taken in a moment, and then the goods are ordered.")


def let_go(authorisation: Authorisation, *, by: User) -> str:
    """Refuse an authorised order."""
    try:
        refuse_order(authorisation.order, by=by)
    except NothingToDecide as error:
        raise NotPossible(_t("It was decided before.")) from error
    return _t("Refused. Nothing is taken, and the customer is told.")


def paid_back(refund: Refund, *, by: User) -> str:
    """Note that a person has transferred a refund back."""
    if not note_paid_back(refund, by=by):
        raise NotPossible(_t("It is noted already, or is not paid back by hand."))
    return _t("Noted: %(amount)s went back.") % {"amount": refund.amount}


def pay_surplus_back(payment: Payment, *, by: User) -> str:
    """Owe a customer what they paid too much."""
    try:
        refund = refund_surplus(payment, by=by)
    except TooMuch as error:
        raise NotPossible(_t("Nothing is too much any more.")) from error
    return _t("%(amount)s are to be transferred back; note it once that is done.") % {"amount": refund.amount}


def read_dispute(dispute: Dispute, *, by: User) -> str:
    """Let a dispute be read from Stripe now."""
    Dispute.objects.filter(lease.is_free(), pk=dispute.pk).update(due_at=timezone.now())
    return _t("Stripe is asked in a moment. This closes by itself when the dispute is over.")


def check_version(beat: RelayBeat, *, by: User) -> str:
    """Believe that the endpoint speaks our version now; the next message shows whether it does."""
    close_work(WorkItem.Reason.API_VERSION, beat, by=by)
    return _t("If the next message still comes in another version, this comes back.")


def send_held(row: SupplierOrder, *, by: User) -> str:
    """Send off a supplier order that is kept here and that nobody holds."""
    if not release_unsent(row.order, by=by):
        raise NotPossible(_t("Its order is on hold, or it went off already."))
    return _t("It goes out in a moment.")
