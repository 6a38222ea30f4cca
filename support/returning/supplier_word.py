"""Move a return by what its supplier says of it. Whatever that is, the customer does not pay for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events
from orders.actions.shipping import lock_order
from orders.models import Event, Order
from orders.progress import safe_link
from shop.languages import speaking
from shop.words import country_name, day as day_in_words
from suppliers.actions.contract_returns import count_of
from suppliers.actions.reading import Garbage, day, objects, section, words as text_of
from suppliers.models import SupplierReturn
from support.actions.ticket import Author, Thread, tell_thread
from support.models import Return
from support.return_states import OVER, UNDONE, ReturnStatus
from support.returning import words
from support.returning.flow import (
    Found,
    Label,
    expire,
    hand_in,
    look_again,
    make_ready,
    note_found,
    ready_by_ourselves,
    receive,
    reopen,
)
from support.returning.in_kind import is_replaced_in_kind, waits_for_supplier
from support.returning.last_day import last_day
from support.returning.supplier_goods import do_it_ourselves, keep, take_resolution

Back, Status = SupplierReturn.Status, ReturnStatus


def take_word(event: Event) -> None:
    """Act on a supplier's word on a return. Inside a transaction, that of the tick; safe to repeat."""
    found = Return.objects.filter(supplier_return=event.subject_id)
    row = found.select_related(
        "order", "ticket", "supplier_order__supplier__delivery_profile", "supplier_return"
    ).first()
    if row is None:
        return
    lock_order(row.order)
    row.refresh_from_db()
    status, back = event.facts["status"], row.supplier_return
    # The event is about one step; what its copy says is the newest, which may be further.
    copy = back.last_copy if back.last_copy.get("status") == status else {}
    _write_down(row, status, copy, event)
    act = ACTS.get(status)
    if act is not None:
        act(row, copy or back.last_copy)


def note_kept(event: Event) -> None:
    """Tell a case that its supplier does not let go of a return that was withdrawn: goods that come are looked at."""
    row = Return.objects.filter(supplier_return=event.subject_id).select_related("order", "ticket").first()
    if row is not None:
        lock_order(row.order)
        words.tell_colleagues(row, _("the supplier did not withdraw it; if the goods come, they are looked at"))


def _approved(row: Return, copy: Mapping[str, Any]) -> None:
    if any(count_of(told, "quantity_rejected") for told in objects(copy, "lines")):
        words.tell_colleagues(
            row, _("the supplier does not agree to all of it; the customer's return goes on"), once=True
        )
    waits = row.status in {Status.ACCEPTED, Status.READY}
    if waits and waits_for_supplier(row) and (row.goods_back is False or copy.get("goods_back_required") is False):
        _approved_in_kind(row, copy)
        return
    if waits and copy.get("goods_back_required") is False:
        # Not worth its way back: nobody has to carry it.
        keep(row)
        return
    if row.status == Status.READY:
        _note_label(row, _label_of(row, copy))
    elif row.status == Status.ACCEPTED:
        label = _label_of(row, copy)
        if label.return_to:
            make_ready(row, label, by=None)
        else:
            ready_by_ourselves(row)
    elif row.goods_back is False and copy.get("goods_back_required"):
        why = _("the supplier wants the goods back, and the customer was told to keep them")
        words.tell_colleagues(row, why, once=True)


def _approved_in_kind(row: Return, copy: Mapping[str, Any]) -> None:
    """It sends new goods without having the old ones: at once, as its next copy says; or it wants these after all."""
    if copy.get("goods_back_required"):
        words.tell_colleagues(row, _("the supplier wants the goods back, and the customer was told to keep them"))
        do_it_ourselves(row)
    elif row.status == Status.ACCEPTED:
        Return.objects.filter(pk=row.pk).update(goods_back=False)


def _asked(row: Return, _copy: Mapping[str, Any]) -> None:
    """Its people are asked in the place of its API: they are asked for credit, and we send the new goods."""
    if waits_for_supplier(row) and row.supplier_return.channel != SupplierReturn.Channel.API:
        do_it_ourselves(row)


def _label_of(row: Return, copy: Mapping[str, Any]) -> Label:
    label = section(copy, "label")
    return Label(
        return_to=_address(copy, row.order)
        or row.return_to
        or row.supplier_order.supplier.delivery_profile.return_address,
        instructions=text_of(copy, "instructions", 2000),
        label_url=safe_link(text_of(label, "url", 500)),
        carrier_name=text_of(section(label, "carrier"), "name", 80),
        tracking_number=text_of(label, "tracking_number", 64),
        return_by=_day_or_none(copy),
    )


def _note_label(row: Return, label: Label) -> None:
    """A label, or another address, that comes after the customer was told where to send it: they are told that, too.

    The same label under another link is only shown: links of many suppliers lapse and are made anew.
    """
    is_other = label.return_to != row.return_to or _is_another_label(row, label)
    is_known = label.label_url in {"", row.label_url} and label.tracking_number in {"", row.tracking_number}
    if not label.return_to or (is_known and not is_other):
        return
    day = last_day(label.return_by)
    fields = {
        "return_to": label.return_to,
        "instructions": label.instructions or row.instructions,
        "label_url": label.label_url or ("" if is_other else row.label_url),
        # Those of a label that is no longer good would lead astray.
        "carrier_name": label.carrier_name or ("" if is_other else row.carrier_name),
        "tracking_number": label.tracking_number or ("" if is_other else row.tracking_number),
        # Nobody has less time because of it.
        "return_by": max(row.return_by or day, day),
    }
    if Return.objects.filter(pk=row.pk, status=Status.READY).update(**fields) and is_other:
        events.record("return.label", row, by=None)


def _is_another_label(row: Return, label: Label) -> bool:
    if not (label.label_url and row.label_url):
        return bool(label.label_url)
    # A number that is only told later is that of the same label.
    return bool(row.tracking_number) and label.tracking_number not in {"", row.tracking_number}


def _address(copy: Mapping[str, Any], order: Order) -> str:
    """Return where goods go, as lines; the country by its name, for the customer reads it."""
    to = section(copy, "return_to")
    names = ("name", "company", "line1", "line2", "postal_code", "city", "region", "country")
    parts = {name: text_of(to, name, 100) for name in names}
    town = f"{parts.pop('postal_code')} {parts.pop('city')}".strip()
    code, region = parts.pop("country"), parts.pop("region")
    with speaking(order.language):
        country = country_name(code) or code if code else ""
    return "\n".join(line for line in (*parts.values(), town, region, country) if line)


def _day_or_none(copy: Mapping[str, Any]):
    try:
        return day(copy.get("return_by"))
    except Garbage:
        return None


def _not_agreed(row: Return, _copy: Mapping[str, Any]) -> None:
    if row.status == Status.CANCELLED or row.supplier_return.withdrawn_at is not None:
        # As the customer wished, or we.
        return
    words.tell_colleagues(row, _("the supplier does not agree; the customer's return goes on"), once=True)
    if waits_for_supplier(row) and do_it_ourselves(row):
        return
    if row.status == Status.ACCEPTED and row.goods_back:
        ready_by_ourselves(row)


def _received(row: Return, copy: Mapping[str, Any], *, is_final: bool = False) -> None:
    if row.status in OVER:
        _came_late(row, copy)
        return
    found = _found(row, copy)
    is_clear = all(one.received == line.quantity for line in row.lines.all() if (one := found.get(line.pk)))
    said_all = is_clear or is_final or any(one.refused for one in found.values())
    receive(row, found, by=None, is_inspected=bool(found) and said_all)


def _came_late(row: Return, copy: Mapping[str, Any]) -> None:
    """Goods of a return that was over: withdrawn, lapsed, declined, or settled another way. A person looks at it."""
    if row.status == Status.RESOLVED:
        found, lines = _found(row, copy), {line.pk: line for line in row.lines.all()}
        if any(one.refused for one in found.values()):
            words.tell_colleagues(row, _("the supplier refuses goods that the customer was paid for"), once=True)
        if any(one.received > lines[pk].quantity for pk, one in found.items()):
            # What was declined has come after all: nobody may keep both, the goods and the money.
            words.tell_colleagues(row, _("more came back than was paid for; look who is to have it"), once=True)
        return
    why = _("the goods came although the return was over")
    if not reopen(row, why, by=None):
        words.tell_colleagues(row, why)
        return
    Return.objects.filter(pk=row.pk, handed_in_at=None).update(handed_in_at=timezone.now())
    Return.objects.filter(pk=row.pk, received_at=None).update(received_at=timezone.now())
    for line in row.lines.all():
        note_found(line, _found(row, copy).get(line.pk))


def _found(row: Return, copy: Mapping[str, Any]) -> dict[int, Found]:
    by_id = {line.supplier_line.line_id: line for line in row.lines.select_related("supplier_line")}
    found: dict[int, Found] = {}
    for told in objects(copy, "lines"):
        line = by_id.get(str(told.get("line_id")))
        if line is None:
            continue
        received, refused = count_of(told, "quantity_received"), count_of(told, "quantity_refused")
        found[line.pk] = Found(received, refused, note=text_of(told, "decision_reason", 300), by_supplier=True)
    return found


def _resolved(row: Return, copy: Mapping[str, Any]) -> None:
    gives = text_of(section(copy, "resolution"), "type", 40)
    came = any(one.received for one in _found(row, copy).values())
    if waits_for_supplier(row):
        if came:
            _received(row, copy, is_final=True)
        if take_resolution(row, copy):
            return
        came = False
    elif gives == "replacement" and not is_replaced_in_kind(row):
        why = _("the supplier sends new goods by itself; the customer has had what was decided")
        words.tell_colleagues(row, why, once=True)
    if came:
        _received(row, copy, is_final=True)
    elif row.status in {Status.ACCEPTED, Status.READY}:
        _closed_without_goods(row, copy, gives)
    elif row.status in {Status.IN_TRANSIT, Status.RECEIVED}:
        look_again(row, _("the supplier closed it without having the goods"), by=None)


def _closed_without_goods(row: Return, copy: Mapping[str, Any], gives: str) -> None:
    if copy.get("goods_back_required") is False or gives in {"credit", "refund", "replacement"}:
        keep(row)
        return
    words.tell_colleagues(row, _("the supplier gives nothing for it; the customer's return goes on"))
    if row.status == Status.ACCEPTED:
        ready_by_ourselves(row)


def _in_transit(row: Return, _copy: Mapping[str, Any]) -> None:
    if row.status in UNDONE:
        # A person decides once they are here; until then there is nothing to decide about.
        words.tell_colleagues(row, _("the goods are on their way although the return was over"))
        return
    hand_in(row)


def _expired(row: Return, _copy: Mapping[str, Any]) -> None:
    """The supplier waits no longer. The customer's own last day is not moved by that."""
    if waits_for_supplier(row) and do_it_ourselves(row):
        return
    if row.status == Status.IN_TRANSIT:
        look_again(row, _("the supplier waits no longer, and the goods are on their way"), by=None)
    elif row.status == Status.ACCEPTED:
        ready_by_ourselves(row)
    elif row.status == Status.READY and row.return_by is not None and not expire(row):
        words.tell_colleagues(row, _("the supplier waits no longer; the customer may still send it until their day"))


ACTS: Mapping[str, Callable[[Return, Mapping[str, Any]], None]] = {
    Back.REQUESTED: _asked,
    Back.APPROVED: _approved,
    Back.REJECTED: _not_agreed,
    Back.REFUSED: _not_agreed,
    Back.CANCELLED: _not_agreed,
    Back.IN_TRANSIT: _in_transit,
    Back.RECEIVED: _received,
    Back.RESOLVED: _resolved,
    Back.EXPIRED: _expired,
}


def _write_down(row: Return, status: str, copy: Mapping[str, Any], event: Event) -> None:
    """Put a supplier's word into its thread of the case."""
    said = [f"{row.number}: {Back(status).label}."]
    if status == Back.REFUSED:
        said.append(row.supplier_return.refused_reason)
    resolution = section(copy, "resolution")
    amount = section(resolution, "amount")
    if resolution.get("type"):
        given = f"{text_of(amount, 'amount', 40)} {text_of(amount, 'currency', 3)}".strip()
        what = text_of(resolution, "type", 40)
        said.append(_("It gives: %(what)s %(amount)s.") % {"what": what, "amount": given})
    told_day = _day_or_none(copy)
    if told_day:
        said.append(_("To be sent back by %(day)s.") % {"day": day_in_words(told_day)})
    text = " ".join(said)
    # A newer copy of the same state may say the same in words; what it changes is written where it is acted on.
    if not row.ticket.messages.filter(thread=Thread.SUPPLIER, body=text).exists():
        tell_thread(row.ticket, Thread.SUPPLIER, text, author=Author.SUPPLIER, at=event.at)
