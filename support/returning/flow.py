"""What follows a decision, and every step until a return is over; each step once, whoever tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events
from orders.actions.sent_back import AlreadyBack, free_units, take_units
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import WorkItem
from orders.progress import safe_link
from orders.states import IllegalMove
from shop.models import User
from shop.returns import policy_of
from suppliers.actions.returns import REPLACEMENT, BackLine, cancel_supplier_return, open_supplier_return
from support.models import FAULTS, Choice, Claim, Return, ReturnDecision, ReturnLine, ReturnReason
from support.return_states import (
    NOT_HANDED_IN,
    OVER,
    UNDONE,
    ClaimStatus,
    DecisionStatus,
    ReturnStatus,
    move_claim,
    move_return,
)
from support.returning import words
from support.returning.found import Found, fine_units, is_as_agreed, note_found
from support.returning.in_kind import decide_otherwise, solution_for, waits_for_supplier
from support.returning.last_day import GRACE, is_past, last_day
from support.returning.money import pay_amount, pay_units
from support.returning.renewal import replace_units
from support.returning.seconds import drop_asked

Status = ReturnStatus
# So long a customer who may send something back waits for its supplier's word; then it goes to the address on file.
SUPPLIER_PATIENCE = timedelta(days=3)
# So long goods may be on their way back before somebody looks for them.
LONGEST_WAY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Label:
    """Where goods go, and with what; all of it may be missing but the address."""

    return_to: str
    instructions: str = ""
    label_url: str = ""
    carrier_name: str = ""
    tracking_number: str = ""
    return_by: date | None = None


def put_in_force(row: Return, decision: ReturnDecision, *, needs_goods: bool) -> None:
    """Do what was decided. Inside a transaction that has the order locked, with the return as it stands there."""
    cut_units(row, {int(pk): units for pk, units in decision.units.items()})
    close_work(WorkItem.Reason.RETURN_DECISION, row, by=decision.decided_by)
    words.tell_decision(row, decision)
    keeps = decision.choice in {Choice.REFUND_KEEP, Choice.PART_REFUND}
    goods_back = not keeps and (needs_goods or decision.choice == Choice.REFUND_AFTER)
    decide_otherwise(row, withdraws=decision.choice == Choice.DECLINE or not goods_back)
    if decision.choice == Choice.DECLINE:
        _decline(row, by=decision.decided_by)
        return
    solution = solution_for(row, decision.choice, keeps=keeps)
    is_in_kind = solution == REPLACEMENT
    fields = {
        "choice": decision.choice,
        "goods_back": goods_back,
        "decided_at": timezone.now(),
        "refund_at_handover": policy_of(row.order.country.code).refunds_at_handover,
        "shop_pays": row.reason in FAULTS or row.supplier_order.supplier.delivery_profile.returns_paid_by_shop,
        "due_at": timezone.now() + SUPPLIER_PATIENCE if goods_back or is_in_kind else None,
    }
    if row.status == Status.REVIEW and (row.handed_in_at or row.received_at):
        # The goods are here, or lost: nothing more is to come.
        Return.objects.filter(pk=row.pk).update(choice=decision.choice)
        row.choice = decision.choice
        _settle_rest(row, decision)
        return
    facts = {"in_kind": "back" if goods_back else "kept"} if is_in_kind else {}
    move_return(row, Status.ACCEPTED, by=decision.decided_by, fields=fields, choice=str(decision.choice), **facts)
    _ask_supplier(row, solution=solution)
    if goods_back:
        ready_by_ourselves(row, only_without_supplier=True)
    elif not is_in_kind:
        _settle_rest(row, decision)


def cut_units(row: Return, units: Mapping[int, int]) -> None:
    """Let a return be about fewer units than were asked for; the others may be asked for anew."""
    for line in row.lines.select_related("order_line"):
        wanted = units.get(line.pk, line.quantity)
        if wanted == 0 and row.status == Status.REQUESTED and row.lines.count() > 1:
            # Nothing has happened to it yet; what was asked for stands in the decision.
            line.delete()
            free_units(line.order_line, line.quantity)
        elif max(line.settled, line.received, 1) <= wanted < line.quantity:
            ReturnLine.objects.filter(pk=line.pk).update(quantity=wanted)
            free_units(line.order_line, line.quantity - wanted)


def _decline(row: Return, *, by: User | None) -> None:
    fields = {"decided_at": timezone.now(), "choice": Choice.DECLINE, "resolved_at": timezone.now()}
    if any(line.settled for line in row.lines.all()):
        # Part of it was paid before; that stands. The rest is with the customer, who may ask for it anew.
        _let_go_of_rest(row)
        end(row, by=by)
        return
    move_return(row, Status.DECLINED, by=by, fields=fields)
    _free(row)


def _let_go_of_rest(row: Return) -> None:
    """Keep in a return only the units that came back or are settled."""
    for line in row.lines.select_related("order_line"):
        kept = max(line.settled, line.received)
        free_units(line.order_line, line.quantity - kept)
        if kept:
            ReturnLine.objects.filter(pk=line.pk).update(quantity=kept)
        else:
            line.delete()


def _free(row: Return) -> None:
    for line in row.lines.select_related("order_line"):
        free_units(line.order_line, line.quantity)


def _settle_rest(row: Return, decision: ReturnDecision) -> None:
    """Give the customer all that is still open of what was decided, and end the return."""
    by = decision.decided_by
    if decision.choice == Choice.PART_REFUND:
        _claim(row, decision.amount_minor, is_part=True, by=by)
    elif decision.choice == Choice.REFUND_KEEP:
        _claim(row, decision.amount_minor, is_part=False, by=by)
    else:
        give(row, open_units(row), by=by)
    end(row, by=by)


def _claim(row: Return, amount_minor: int, *, is_part: bool, by: User | None) -> None:
    """Money without goods, as a record of its own."""
    number = f"CL-{row.number[3:]}"
    terms = {"number": number, "order": row.order, "amount_minor": amount_minor, "is_part": is_part}
    claim, _new = Claim.objects.get_or_create(parent=row, defaults=terms)
    refunds = pay_amount(row, amount_minor, by=by) if is_part else pay_units(row, open_units(row), by=by)
    claim.refunds.add(*refunds)
    move_claim(claim, ClaimStatus.PAID, by=by)


def open_units(row: Return) -> dict[int, int]:
    """Return, by the return line's id, the units of which the customer has had nothing yet."""
    return {line.pk: line.quantity - line.settled for line in row.lines.all() if line.quantity > line.settled}


def give(row: Return, counts: Mapping[int, int], *, by: User | None) -> None:
    """Give the customer for so many units what was decided: money, or new goods; money where nobody has those.

    Nothing yet where the supplier is to send the new goods itself and has not decided.
    """
    if waits_for_supplier(row):
        return
    if row.choice != Choice.REPLACEMENT:
        pay_units(row, counts, by=by)
        return
    rest = replace_units(row, counts, by=by)
    if rest:
        pay_units(row, rest, by=by)


def end(row: Return, *, by: User | None) -> None:
    """Resolve a return; what is still due by itself is not any more."""
    fields = {"resolved_at": timezone.now(), "due_at": None}
    move_return(row, Status.RESOLVED, by=by, fields=fields)
    close_work(WorkItem.Reason.RETURN_SILENT, row)
    words.close_case(row)


def _ask_supplier(row: Return, *, solution: str) -> None:
    """Ask the supplier to take the goods back, or to credit them; once per return."""
    if row.supplier_return_id is not None:
        return
    reason = words.CONTRACT_REASONS.get(ReturnReason(row.reason) if row.reason else None, "no_longer_needed")
    parts = [BackLine(line.supplier_line, line.quantity, reason) for line in row.lines.select_related("supplier_line")]
    photos = words.photo_links(row)
    asked = open_supplier_return(row.supplier_order, parts, reference=row.number, solution=solution, photo_urls=photos)
    Return.objects.filter(pk=row.pk).update(supplier_return=asked)
    row.supplier_return = asked


def ready_by_ourselves(row: Return, *, only_without_supplier: bool = False) -> bool:
    """Let the goods go to the address on file, without waiting for the supplier; False if there is none.

    A customer who may send something back does not wait for somebody else's answer.
    """
    supplier = row.supplier_order.supplier
    if only_without_supplier and (supplier.can("returns") or supplier.contact_email):
        return False
    address = supplier.delivery_profile.return_address
    if not address:
        summary = f"{row.number} is accepted, and nobody knows where the goods are to go."
        open_work(WorkItem.Reason.RETURN_SILENT, row, order=row.order, summary=summary)
        return False
    return make_ready(row, Label(address), by=None)


def make_ready(row: Return, label: Label, *, by: User | None) -> bool:
    """Tell the customer where the goods go; later news of the same change nothing but what was missing."""
    fields = {
        "return_to": label.return_to,
        "instructions": label.instructions,
        # What may not be shown is no label: nobody is told that one is paid for.
        "label_url": safe_link(label.label_url),
        "carrier_name": label.carrier_name,
        "tracking_number": label.tracking_number,
        "return_by": last_day(label.return_by),
        "ready_at": timezone.now(),
        "due_at": timezone.now() + timedelta(days=1),
    }
    try:
        return move_return(row, Status.READY, by=by, fields=fields)
    except IllegalMove:
        return False


def hand_in(row: Return, *, tracking_number: str = "", by: User | None = None) -> bool:
    """Note that a carrier or the supplier has seen the goods on their way back; False if that was known.

    With the policy, the customer has what was decided from here on: each unit once, however often it is told, and
    also where the customer's own word (``note_handed_in``) came first.
    """
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        moved = _on_its_way(row, tracking_number, by=by)
        is_owed = row.status == Status.IN_TRANSIT and row.refund_at_handover and not waits_for_supplier(row)
        if owed := open_units(row) if is_owed else {}:
            if not moved:
                # The step was told before, without the money: this one tells it.
                events.record("return.scanned", row, by=by)
            give(row, owed, by=None)
    return moved


def note_handed_in(row: Return, *, tracking_number: str = "") -> bool:
    """Note that customers say they have handed the goods in; False if nobody waits for that.

    Their word moves the steps on their page and stops the reminder. It pays nothing: only a scan does, or the receipt.
    """
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        if row.status == Status.IN_TRANSIT and tracking_number and not row.tracking_number:
            # A scan came first; the number is news all the same.
            return bool(Return.objects.filter(pk=row.pk).update(tracking_number=tracking_number[:64]))
        return row.status == Status.READY and _on_its_way(row, tracking_number, by=None)


def _on_its_way(row: Return, tracking_number: str, *, by: User | None) -> bool:
    now = timezone.now()
    fields: dict[str, object] = {"handed_in_at": now, "due_at": now + LONGEST_WAY}
    if tracking_number:
        fields["tracking_number"] = tracking_number[:64]
    try:
        return move_return(row, Status.IN_TRANSIT, by=by, fields=fields)
    except IllegalMove:
        return False


def receive(row: Return, found: Mapping[int, Found], *, by: User | None, is_inspected: bool = True) -> bool:
    """Note what came back (by the return line's id); what is beyond doubt is given at once, the rest is decided anew.

    ``is_inspected`` False: it is there, and nobody has looked at it yet. Safe to repeat.
    """
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        if row.status in OVER and row.status != Status.EXPIRED:
            return False
        was_lost, is_late = _was_lost(row), row.status == Status.REVIEW and row.received_at is None
        _note_received(row, by=by)
        for line in row.lines.all():
            note_found(line, found.get(line.pk))
        if is_late and not (was_lost and is_inspected):
            words.tell_colleagues(row, _("the goods have come; decide with that in mind"))
        if not is_inspected or not (was_lost or row.status == Status.RECEIVED):
            return False
        move_return(row, Status.INSPECTED, by=by)
        for reason in (WorkItem.Reason.RETURN_SILENT, WorkItem.Reason.RETURN_DECISION):
            close_work(reason, row)
        settle_inspected(row, by=by)
    return True


def _was_lost(row: Return) -> bool:
    """True for goods that seemed lost on their way and about which nobody has said anything new: what was agreed counts."""
    seems_lost = row.status == Status.REVIEW and row.handed_in_at is not None and row.received_at is None
    is_agreed = bool(row.goods_back) and row.choice in {Choice.REFUND_AFTER, Choice.REPLACEMENT}
    return seems_lost and is_agreed and not row.decisions.filter(status=DecisionStatus.ASKED).exists()


def settle_inspected(row: Return, *, by: User | None) -> None:
    """Give what is beyond doubt of goods that were looked at, and end it or let a person decide; the supplier first.

    Call it with the order locked.
    """
    if waits_for_supplier(row):
        Return.objects.filter(pk=row.pk).update(due_at=timezone.now() + SUPPLIER_PATIENCE)
        return
    give(row, fine_units(row), by=by)
    if is_as_agreed(row):
        end(row, by=by)
    else:
        look_again(row, _("not all of it came back as agreed"), by=by)


def _note_received(row: Return, *, by: User | None) -> None:
    if row.status == Status.EXPIRED:
        reopen(row, _("the goods came after their time was over"), by=by)
    if row.status == Status.REVIEW:
        Return.objects.filter(pk=row.pk, received_at=None).update(received_at=timezone.now())
    if row.status in {Status.ACCEPTED, Status.READY, Status.IN_TRANSIT}:
        fields = {"received_at": timezone.now(), "handed_in_at": row.handed_in_at or timezone.now(), "due_at": None}
        move_return(row, Status.RECEIVED, by=by, fields=fields)


def look_again(row: Return, why: str, *, by: User | None) -> bool:
    """Let a person decide anew, and say why; False if that is not possible from where it stands."""
    try:
        moved = move_return(row, Status.REVIEW, by=by, fields={"due_at": None, "resolved_at": None}, why=why)
    except IllegalMove:
        return False
    if moved:
        open_work(WorkItem.Reason.RETURN_DECISION, row, order=row.order, summary=f"{row.number}: {why}.")
        words.tell_colleagues(row, why)
    return moved


def reopen(row: Return, why: str, *, by: User | None) -> bool:
    """Let a person decide about a return that was over and whose goods came after all; its units count again.

    False where they were asked for anew meanwhile, which colleagues are told, or it was settled: then nothing changes.
    Call it with the order locked.
    """
    if row.status not in UNDONE or row.decided_at is None:
        return False
    try:
        with transaction.atomic():
            for line in row.lines.select_related("order_line"):
                take_units(line.order_line, line.quantity)
            return look_again(row, why, by=by)
    except AlreadyBack:
        words.tell_colleagues(row, _("%(why)s, and another return is about the same goods") % {"why": why})
        return False


def cancel_return(row: Return, *, by: User | None) -> bool:
    """Let a customer take a request back, as long as the goods are not handed in; False if they are, or it is over."""
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        if row.status not in NOT_HANDED_IN or any(line.settled for line in row.lines.all()):
            return False
        move_return(row, Status.CANCELLED, by=by, fields={"due_at": None, "resolved_at": timezone.now()})
        _free(row)
        if row.supplier_return is not None:
            cancel_supplier_return(row.supplier_return)
        drop_asked(row, by=by)
        close_work(WorkItem.Reason.RETURN_SILENT, row)
        words.close_case(row)
    return True


def expire(row: Return, *, by: User | None = None) -> bool:
    """End a return whose goods were not handed in in time; they may be asked for anew while a right lasts.

    By itself only GRACE after the last day, by somebody from the day after it; False before that.
    """
    with transaction.atomic():
        lock_order(row.order)
        row.refresh_from_db()
        # Looked at with the order locked: the last day may have been moved meanwhile.
        if row.status != Status.READY or not is_past(row.return_by, grace=timedelta(0) if by else GRACE):
            return False
        move_return(row, Status.EXPIRED, by=by, fields={"due_at": None, "resolved_at": timezone.now()})
        _free(row)
        words.close_case(row)
    return True
