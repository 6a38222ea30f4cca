"""Deadlines of goods that come back, of money and new goods for them, and what a person can do about those.

Part of ``config/deadlines.py`` and ``config/remedies.py``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db.models import Exists, F, OuterRef, Q, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _t, gettext_lazy as _

from config.waits import A_DAY, ALWAYS, AT_ONCE, AWAY, Wait
from orders import lease
from orders.models import CancellationLine, WorkItem
from orders.remedies import NotPossible, Remedy
from orders.states import CancellationStatus, IllegalMove
from shop.models import User
from suppliers.models import SupplierReturn
from support.models import Claim, Replacement, Return, ReturnDecision, ReturnLine, Withdrawal
from support.return_states import ClaimStatus, DecisionStatus, ReplacementStatus, ReturnStatus
from support.returning.decide import (
    AlreadyDecided,
    MayNot,
    NotPossible as Unchoosable,
    Verdict,
    approve_decision,
    decide,
)
from support.returning.flow import LONGEST_WAY, SUPPLIER_PATIENCE
from support.returning.last_day import GRACE
from support.returning.proposal import propose
from support.returning.tending import TENDED

R = WorkItem.Reason
_B, _S = SupplierReturn.Status, ReturnStatus
_CHANGED = ("status_changed_at",)
# By its API a supplier answers in three days; its people are reminded twice before somebody else is asked.
RETURN_ANSWER, MAIL_ANSWER, RETURN_WAY, RETURN_DECISION = (
    timedelta(days=3),
    timedelta(days=6),
    timedelta(days=30),
    timedelta(days=14),
)
# What follows by itself is done the same day; one day more, and it is not.
LATE_TO_ACT, LOOKED_AT = timedelta(days=1), timedelta(days=14)
NO_LAST_DAY = timedelta(days=60)
# Behind the supplier order's and the parcel's own deadlines, should neither tell the replacement.
REPLACED_LATE = timedelta(days=45)
WITHDRAWN_LATE = timedelta(days=30)
_BY_HAND = Q(channel=SupplierReturn.Channel.BY_HAND)
_BY_MAIL = Q(channel=SupplierReturn.Channel.MAIL)


def _at_supplier(
    name: str,
    states: tuple[str, ...],
    after: timedelta,
    says: str,
    cause: Q = ALWAYS,
    since: tuple[str, ...] = _CHANGED,
) -> Wait:
    says = "{row.supplier_order.supplier.name}, {row.return_reference}: " + says
    related = ("order", "supplier_order__supplier")
    return Wait(
        name, SupplierReturn, states, R.RETURN_SILENT, since, after, says, cause, related=related, until_news=bool(after)
    )  # fmt: skip


def _return(
    name: str, states: tuple[str, ...], since: str, after: timedelta, says: str, cause: Q = ALWAYS, **more: Any
) -> Wait:
    reason = more.pop("reason", R.RETURN_SILENT)
    # A later state with a deadline of its own is news. Of the first, whoever finds no address asks at once.
    more["until_news"] = reason == R.RETURN_SILENT and states != (_S.ACCEPTED,)
    return Wait(name, Return, states, reason, (since,), after, "{row.number} " + says, cause, **more)


_IN_KIND = Q(Exists(SupplierReturn.objects.filter(pk=OuterRef("supplier_return"), awaits_replacement=True)))
_second = ReturnDecision.objects.filter(parent=OuterRef("pk"), status=DecisionStatus.ASKED)
# Units that could not be stopped and are still with the supplier, on their way or with the customer, in no return.
_back = (
    ReturnLine.objects.filter(order_line=OuterRef("line"), parent__asked_at__gt=OuterRef("cancellation__requested_at"))
    .exclude(parent__request_key=OuterRef(OuterRef("form_key")))
    .order_by()
    .values("order_line")
    .annotate(units=Sum("quantity"))
    .values("units")
)
_not_back = CancellationLine.objects.filter(
    cancellation=OuterRef("cancellation"),
    refused__gt=Coalesce(Subquery(_back), 0) + F("line__returned"),
    line__quantity__gt=F("line__cancelled") + F("line__in_returns"),
)
RETURN_WAITS = [
    _at_supplier("return to ask", (_B.TO_ASK, _B.UNKNOWN), AWAY, "the return is not asked for yet."),
    _at_supplier(
        "return to withdraw", (_B.REQUESTED, _B.APPROVED), AWAY, "the return cannot be withdrawn. {row.last_error:.100}",
        Q(withdrawn_at__isnull=False), ("withdrawn_at",),
    ),
    _at_supplier("return by hand", (_B.REQUESTED,), AT_ONCE, "ask whether it takes the goods back, and note it.", _BY_HAND),
    _at_supplier("return asked by mail", (_B.REQUESTED,), MAIL_ANSWER, "no answer to the mails about the return.", _BY_MAIL),
    _at_supplier("return asked", (_B.REQUESTED,), RETURN_ANSWER, "no answer to the return.", ~_BY_HAND & ~_BY_MAIL),
    _at_supplier("return on its way", (_B.APPROVED, _B.IN_TRANSIT), RETURN_WAY, "the goods have not come back."),
    _at_supplier("return there", (_B.RECEIVED,), RETURN_DECISION, "the goods are back, and nothing is decided."),
    _return(
        "return to decide", (_S.REQUESTED,), "asked_at", AT_ONCE, "of {row.order.number} waits for a decision.",
        ~Q(Exists(_second)), reason=R.RETURN_DECISION,
    ),
    # Of what came out other than agreed, whoever found it out asks; of a second person, the first.
    _return(
        "return to decide anew", (_S.REVIEW,), "status_changed_at", AT_ONCE, "of {row.order.number} must be decided anew.",
        reason=R.RETURN_DECISION,
    ),
    _return(
        "return for a second person", (_S.REQUESTED,), "asked_at", AT_ONCE, "needs a second person.", Q(Exists(_second)),
        reason=R.RETURN_DECISION,
    ),
    _return(
        "return accepted", (_S.ACCEPTED,), "status_changed_at", SUPPLIER_PATIENCE + LATE_TO_ACT,
        "is accepted, and its customer does not know where to send it.",
    ),
    _return("return to hand in", (_S.READY,), "return_by", GRACE + LATE_TO_ACT, "was not handed in, and is not ended."),
    _return(
        "return to hand in, no last day", (_S.READY,), "status_changed_at", NO_LAST_DAY, "was not handed in for two months.",
        Q(return_by=None),
    ),
    _return("return on its way back", (_S.IN_TRANSIT,), "status_changed_at", LONGEST_WAY + LATE_TO_ACT, "has not arrived."),
    _return("return to look at", (_S.RECEIVED,), "status_changed_at", LOOKED_AT, "is back, and nobody has said how it is."),
    _return(
        "return looked at", (_S.INSPECTED,), "status_changed_at", AWAY, "was looked at, and nothing followed from it.",
        ~_IN_KIND,
    ),
    _return(
        "return to be replaced by its supplier", (_S.INSPECTED,), "status_changed_at", SUPPLIER_PATIENCE + LATE_TO_ACT,
        "was looked at, and its supplier has not said that it sends new goods.", _IN_KIND,
    ),
    Wait(
        "decision of a second person", ReturnDecision, (DecisionStatus.ASKED,), R.RETURN_DECISION, ("at",), A_DAY,
        "{row.parent.number}: a decision has waited for a second person for a day.", related=("parent__order",),
        money="amount_minor",
    ),
    Wait(
        "claim", Claim, (ClaimStatus.OWED,), R.RETURN_SILENT, ("opened_at",), AWAY, "{row.number}: owed, and not paid back.",
        money="amount_minor",
    ),
    Wait(
        "replacement", Replacement, (ReplacementStatus.ORDERED, ReplacementStatus.SENT), R.RETURN_SILENT, ("opened_at",),
        REPLACED_LATE, "{row.number}: new goods for {row.order.number} have not arrived.",
    ),
    # Goods that do not leave at all have a deadline of their supplier's order; this is what nobody else would see.
    Wait(
        "withdrawn goods", Withdrawal, (), R.RETURN_SILENT, ("declared_at",), WITHDRAWN_LATE,
        "{row.order.number}: goods that were withdrawn could not be stopped, and are in no return yet.",
        # Which of a line's units fell away is not known here: whoever has looked at it once has dealt with it.
        ~Q(cancellation__status=CancellationStatus.REQUESTED) & Q(Exists(_not_back)), sticks=True,
    ),
]  # fmt: skip
RETURN_RESTS = {
    (SupplierReturn, _B.REFUSED): "told to its case, which is open again",
    (SupplierReturn, _B.REJECTED): "told to its case, which is open again",
    (SupplierReturn, _B.RESOLVED): "told to its case; what it owes waits as a credit",
    (SupplierReturn, _B.CANCELLED): "over",
    (SupplierReturn, _B.EXPIRED): "told to its case, which is open again",
    (Return, _S.RESOLVED): "over",
    (Return, _S.DECLINED): "over; an objection or goods that come open it again",
    (Return, _S.CANCELLED): "over; goods that come all the same open it again",
    (Return, _S.EXPIRED): "over; goods that come all the same open it again",
    (ReturnDecision, DecisionStatus.IN_FORCE): "over",
    (ReturnDecision, DecisionStatus.REFUSED): "over; its return waits for another decision",
    (Claim, ClaimStatus.PAID): "over; its refunds wait, each with a deadline of its own",
    (Replacement, ReplacementStatus.DELIVERED): "over",
    (Replacement, ReplacementStatus.FAILED): "over; the money went back instead",
}
_WITHDRAWING = Q(status__in=[_B.REQUESTED, _B.APPROVED], withdrawn_at__isnull=False)
RETURN_RETRIES = [
    (SupplierReturn, Q(status__in=[_B.TO_ASK, _B.UNKNOWN]) | _WITHDRAWING),
    (Return, Q(status__in=list(TENDED))),
    # Until its supplier has said what became of the goods that were to be stopped.
    (Withdrawal, Q(cancellation__status=CancellationStatus.REQUESTED)),
]
RETURN_ASIDE = [SupplierReturn, Return, Withdrawal]


def _remedy(key: str, label: object, permission: str, *about: str, is_retry: bool = False) -> Remedy:
    return Remedy(key, label, f"config.deadlines_returns.{key.replace('-', '_')}", permission, about, is_retry)


RETURN_STEPS = [
    _remedy("tend-return", _("Do the next step now"), "support.decide_return", "return", is_retry=True),
    _remedy("send-to-address", _("It goes to the address on file"), "support.decide_return", "return"),
]
DECISION_REMEDIES = [
    _remedy("as-proposed", _("Do as the rule proposes"), "support.decide_return", "return"),
    _remedy("approve-decided", _("Approve it as the second person"), "support.decide_return", "returndecision"),
]


def tend_return(row: Return, *, by: User) -> str:
    """Let the next step of a return, a reminder or its end, happen now."""
    free = Return.objects.filter(lease.is_free(), pk=row.pk, status__in=list(TENDED))
    if not free.update(due_at=timezone.now()):
        raise NotPossible(_t("Nothing is due of it by itself. Look at its case."))
    return _t("It is looked at in a moment.")


def send_to_address(row: Return, *, by: User) -> str:
    """Tell the customer to send the goods to the supplier's address on file."""
    if row.status != _S.ACCEPTED:
        raise NotPossible(_t("The customer knows where to send it, or it is over."))
    if not row.supplier_order.supplier.delivery_profile.return_address:
        raise NotPossible(_t("No address is on file. Type one into the supplier's delivery profile first."))
    Return.objects.filter(lease.is_free(), pk=row.pk, status=_S.ACCEPTED).update(due_at=timezone.now())
    return _t("The customer is told in a moment.")


def as_proposed(row: Return, *, by: User) -> str:
    """Decide a return as the rule proposes; above a limit it waits for a second person, as anywhere."""
    choice = propose(row).choice
    try:
        decision = decide(row, Verdict(choice), form_key=uuid4(), by=by)
    except AlreadyDecided as error:
        raise NotPossible(_t("It was decided meanwhile, or waits for a second person.")) from error
    except Unchoosable as error:
        raise NotPossible(str(error)) from error
    if decision.status == DecisionStatus.ASKED:
        return _t("%(choice)s: it waits for a second person.") % {"choice": decision.get_choice_display()}
    return _t("Decided: %(choice)s.") % {"choice": decision.get_choice_display()}


def approve_decided(decision: ReturnDecision, *, by: User) -> str:
    """Let a decision count, as its second person."""
    try:
        done = approve_decision(decision, by=by)
    except MayNot as error:
        raise NotPossible(_t("Somebody else must: it is your own decision, or above your limit.")) from error
    except IllegalMove as error:
        raise NotPossible(_t("It was refused meanwhile.")) from error
    return _t("It counts now.") if done else _t("It counted before.")
