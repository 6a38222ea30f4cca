"""Decide a return: by rule, by an agent, or by two people where a limit or the law asks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from django.db import transaction
from django.utils.translation import gettext as _

from orders import events
from orders.actions.refund_caps import is_within_cap
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.keys import bound_key
from orders.models import WorkItem
from shop.models import User
from shop.returns import policy_of
from support.models import Choice, Return, ReturnDecision, ReturnLine, Solution
from support.return_states import UNDECIDED, DecisionStatus, ReturnStatus, move_decision
from support.returning.flow import put_in_force
from support.returning.proposal import Proposal, is_for_rule, propose
from support.returning.seconds import drop_asked

MAY_DECLINE_RIGHT = "support.decline_right"


class AlreadyDecided(Exception):
    """Somebody else, or the rule, was faster; or it waits for a second person."""


class NotPossible(Exception):
    """That cannot be chosen for this return; the message says why, for staff."""


class MayNot(Exception):
    """It is their own decision, or they have no right to decide that."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides. ``units`` are by the return line's id (empty: all); ``amount_minor`` for a part refund.

    ``goods_back`` None: as the rule says. ``text`` is told to the customer.
    """

    choice: Choice
    units: Mapping[int, int] = field(default_factory=dict)
    amount_minor: int = 0
    goods_back: bool | None = None
    text: str = ""


def decide_by_rule(row: Return) -> ReturnDecision | None:
    """Decide what nobody has to be asked about; None if a person decides. Inside the transaction that made the return."""
    proposal, policy = propose(row), policy_of(row.order.country.code)
    if not is_for_rule(row.order, policy, row.basis, proposal.refund_minor, has_doubts=bool(proposal.doubts)):
        return None
    if proposal.choice == Choice.PART_REFUND and row.opened_by_id is not None:
        # A part settles it. Customers were shown how much before they asked; for whom an agent asks, were not.
        return None
    verdict = Verdict(proposal.choice)
    decision = _write(row, verdict, proposal, needs="", form_key=uuid5(row.request_key, row.number), by=None)
    put_in_force(row, decision, needs_goods=proposal.needs_goods)
    return decision


def decide(row: Return, verdict: Verdict, *, form_key: UUID, by: User) -> ReturnDecision:
    """Decide a return that waits for it, once per ``form_key``; above a limit, or against a right, it waits for a second.

    Raises AlreadyDecided or NotPossible, and changes nothing.
    """
    with transaction.atomic():
        lock_order(row.order)
        key = bound_key(form_key, row)
        known = ReturnDecision.objects.filter(form_key=key, parent=row).first()
        if known is not None:
            return known
        row.refresh_from_db()
        waits = row.decisions.filter(status=DecisionStatus.ASKED).exists()
        if row.status not in UNDECIDED or waits:
            raise AlreadyDecided(row.number)
        proposal = propose(row, verdict.units)
        _refuse_impossible(row, verdict, proposal)
        needs = _needs(row, verdict, proposal, by=by)
        decision = _write(row, verdict, proposal, needs=needs, form_key=key, by=by)
        if needs:
            _ask_second(row, decision)
        else:
            put_in_force(row, decision, needs_goods=_needs_goods(verdict, proposal))
    return decision


def _refuse_impossible(row: Return, verdict: Verdict, proposal: Proposal) -> None:
    """Raise NotPossible for what cannot be chosen, more money than is left, or units that are no part of it."""
    option = proposal.option(verdict.choice)
    if option.why_not:
        raise NotPossible(option.why_not)
    if verdict.choice == Choice.PART_REFUND and verdict.amount_minor > proposal.goods_minor:
        most = row.order.money(proposal.goods_minor)
        raise NotPossible(_("So much is not left of it: %(most)s at most.") % {"most": most})
    lines = list(row.lines.all())
    if not any(verdict.units.get(line.pk, line.quantity) for line in lines):
        raise NotPossible(_("Say how many units it is about: one at least."))
    for line in lines:
        least = least_units(row, line, others=len(lines) - 1)
        if not least <= verdict.units.get(line.pk, line.quantity) <= line.quantity:
            facts = {"least": least, "most": line.quantity}
            raise NotPossible(_("From %(least)d to %(most)d units can be decided about.") % facts)


def least_units(row: Return, line: ReturnLine, *, others: int) -> int:
    """Return about how few units of a line a decision may be: what came back or is settled stays in it.

    None at all where nothing has happened to it yet and there are ``others``: lines left in the return.
    """
    if row.status == ReturnStatus.REQUESTED and others:
        return 0
    return max(1, line.settled, line.received)


def _needs_goods(verdict: Verdict, proposal: Proposal) -> bool:
    return proposal.needs_goods if verdict.goods_back is None else verdict.goods_back


def _needs(row: Return, verdict: Verdict, proposal: Proposal, *, by: User) -> str:
    is_less = any(verdict.units.get(line.pk, line.quantity) < line.quantity for line in row.lines.all())
    if takes_right(row, proposal, verdict.choice, is_less=is_less):
        return "right"
    amount = amount_of(verdict, proposal)
    return "" if is_within_cap(by, row.order, amount) else "cap"


def takes_right(row: Return, proposal: Proposal, choice: str, *, is_less: bool) -> bool:
    """True if a choice gives less than the law does: nothing, for fewer units, or a part that nobody has asked for."""
    is_part = choice == Choice.PART_REFUND and row.solution != Solution.KEEP
    return proposal.is_right and (choice == Choice.DECLINE or is_part or is_less)


def amount_of(verdict: Verdict, proposal: Proposal) -> int:
    """Return what a verdict pays the customer, in minor units: for a part refund what was typed."""
    if verdict.choice == Choice.PART_REFUND:
        return verdict.amount_minor or proposal.option(verdict.choice).customer_minor
    return proposal.option(verdict.choice).customer_minor


def _write(
    row: Return, verdict: Verdict, proposal: Proposal, *, needs: str, form_key: UUID, by: User | None
) -> ReturnDecision:
    decision = ReturnDecision.objects.create(
        parent=row,
        status=DecisionStatus.ASKED if needs else DecisionStatus.IN_FORCE,
        choice=verdict.choice,
        proposed=proposal.choice,
        why=[*map(str, proposal.why), *map(str, proposal.doubts)],
        units={str(pk): units for pk, units in verdict.units.items()},
        goods_back=_needs_goods(verdict, proposal),
        amount_minor=amount_of(verdict, proposal),
        text=verdict.text,
        needs=needs,
        form_key=form_key,
        decided_by=by,
    )
    events.record(f"return_decision.{decision.status}", decision, by=by, choice=str(verdict.choice), needs=needs)
    return decision


def _ask_second(row: Return, decision: ReturnDecision) -> None:
    name = decision.decided_by.get_short_name() if decision.decided_by else ""
    summary = f"{row.number}: {decision.get_choice_display()}, decided by {name}, needs a second person."
    open_work(WorkItem.Reason.RETURN_DECISION, row, order=row.order, summary=summary, money_minor=decision.amount_minor)


def may_approve(decision: ReturnDecision, user: User) -> bool:
    """True if somebody may be the second person for a decision: not the first one, and with the right to it."""
    if user.pk == decision.decided_by_id or not user.has_perm("support.decide_return"):
        return False
    if decision.needs == "right" and not user.has_perm(MAY_DECLINE_RIGHT):
        return False
    # What one of the two may pay alone both may; for the first one's limit alone nobody would have been asked.
    people = [user, decision.decided_by] if decision.needs == "right" else [user]
    return any(one and is_within_cap(one, decision.order, decision.amount_minor) for one in people)


def approve_decision(decision: ReturnDecision, *, by: User) -> bool:
    """Let a decision count that waited for a second person; False if it did before. Raises MayNot or IllegalMove."""
    return _answer(decision, DecisionStatus.IN_FORCE, by=by)


def refuse_decision(decision: ReturnDecision, *, by: User) -> bool:
    """Refuse a decision, as the second person or by taking it back oneself: the return waits for another one."""
    return _answer(decision, DecisionStatus.REFUSED, by=by)


def _answer(decision: ReturnDecision, to: DecisionStatus, *, by: User) -> bool:
    row = decision.parent
    with transaction.atomic():
        lock_order(row.order)
        decision.refresh_from_db()
        row.refresh_from_db()
        is_own_wish = to == DecisionStatus.REFUSED and by.pk == decision.decided_by_id
        if not is_own_wish and not may_approve(decision, by):
            raise MayNot(row.number)
        if row.status not in UNDECIDED:
            # Taken back or over meanwhile: there is nothing left that it could be about.
            drop_asked(row, by=None)
            return False
        seconds = None if is_own_wish else by
        if not move_decision(decision, to, by=by, fields={"approved_by": seconds}):
            return False
        close_work(WorkItem.Reason.RETURN_DECISION, row, by=by)
        if to == DecisionStatus.IN_FORCE:
            put_in_force(row, decision, needs_goods=bool(decision.goods_back))
    return True
