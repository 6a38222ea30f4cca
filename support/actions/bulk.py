"""What agents do with several cases at once: said before, done one by one, and told of each.

One table of deeds. Another one, as a prepared answer, is one entry more: a ``Deed`` with what is chosen for it, the
sentence that says what will happen to a case, and what does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.states import IllegalMove
from shop.models import User
from support.actions.assign import assign_case
from support.actions.ticket import Stale, agent_answers, close_ticket
from support.agents import desk_agents
from support.macros import KEPT, by_shortcut, effects_of, insert, name_of, text_of
from support.models import Macro, Tag, Ticket
from support.placeholders import gaps_in
from support.states import TicketStatus

# More is no bulk of a person's any more; and the address of the preview stays short.
MOST = 100
LONGEST_TAG = 40
Choice = tuple[str, str | Promise]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that is done with each of several cases.

    ``choices`` are what is to be chosen for it (value, label), none: nothing; ``asks`` is what that is called, and
    with ``is_typed`` it may be anything, too. ``reads`` makes of what was chosen what the others get, once for all
    cases. ``says`` tells what will happen to a case, or nothing if it has happened; ``does`` does it and tells what
    it did. ``hinders`` tells why it cannot be done with a case. ``button`` stands on the button, with the number of
    cases.
    """

    label: str | Promise
    button: str | Promise
    says: Callable[[Ticket, Any, User], str]
    does: Callable[[Ticket, Any, User], str]
    asks: str | Promise = ""
    missing: str | Promise = ""
    choices: Callable[[], list[Choice]] = list
    is_typed: bool = False
    reads: Callable[[str], Any] = str
    hinders: Callable[[Ticket, Any, User], str] = lambda ticket, chosen, by: ""

    def accepts(self, value: str) -> bool:
        """True if that can be chosen."""
        if not self.asks:
            return True
        if self.is_typed:
            return bool(value.strip())
        return value in {key for key, _label in self.choices()}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one case."""

    ticket: Ticket
    is_done: bool
    words: str


def _agents() -> list[Choice]:
    return [(str(user.pk), user.get_full_name()) for user in desk_agents()] + [("0", gettext_lazy("Nobody"))]


def _agent(value: str) -> User | None:
    return desk_agents().filter(pk=int(value)).first() if value != "0" else None


def _name(user: User | None) -> str:
    return user.get_short_name() if user else _("nobody")


def _says_assign(ticket: Ticket, to: User | None, by: User) -> str:
    if ticket.owner_id == (to.pk if to else None):
        return ""
    return _("Goes from %(was)s to %(to)s.") % {"was": _name(ticket.owner), "to": _name(to)}


def _assign(ticket: Ticket, to: User | None, by: User) -> str:
    assign_case(ticket, to, by=by)
    return _("Now with %(to)s.") % {"to": _name(to)}


def _tag_name(value: str) -> str:
    return " ".join(value.split())[:LONGEST_TAG]


def _says_tag(ticket: Ticket, name: str, by: User) -> str:
    known = {tag.name.lower() for tag in ticket.tags.all()}
    return "" if name.lower() in known else _("Gets the tag “%(tag)s”.") % {"tag": name}


def _tag(ticket: Ticket, name: str, by: User) -> str:
    # Small letters, as every other way to a tag writes it.
    tag = Tag.objects.filter(name__iexact=name).first() or Tag.objects.get_or_create(name=name.lower())[0]
    ticket.tags.add(tag)
    return _("Tagged “%(tag)s”.") % {"tag": tag.name}


def _says_close(ticket: Ticket, nothing: str, by: User) -> str:
    if ticket.status == TicketStatus.SOLVED:
        return ""
    if ticket.answer_due_at:
        return _("Is closed as solved, and its customer has no answer to the last message.")
    return _("Is closed as solved. The customer opens it again by writing.")


def _close(ticket: Ticket, nothing: str, by: User) -> str:
    close_ticket(ticket, by=by)
    return _("Closed as solved.")


def _macros() -> list[Choice]:
    return [(macro.shortcut, name_of(macro)) for macro in KEPT.get()]


def _written(ticket: Ticket, macro: Macro, by: User) -> str:
    # Filling it in looks up what the case knows: once for all that is said of it.
    known = ticket.__dict__.setdefault("_written", {})
    if macro.pk not in known:
        known[macro.pk] = insert("", macro, ticket, by).text
    return known[macro.pk]


def _hinders_macro(ticket: Ticket, macro: Macro | None, by: User) -> str:
    if macro is None or text_of(macro, ticket.language) is None:
        return _("Is left alone: there is no text of it in the customer's language.")
    gaps = gaps_in(_written(ticket, macro, by))
    return _("Is left alone: %(gaps)s") % {"gaps": " ".join(gaps)} if gaps else ""


def _says_macro(ticket: Ticket, macro: Macro, by: User) -> str:
    then = _("Is sent to the customer, then %(effects)s:") % {"effects": "; ".join(effects_of(macro))}
    return f"{then}\n\n{_written(ticket, macro, by)}"


def _send_macro(ticket: Ticket, macro: Macro, by: User) -> str:
    last = ticket.messages.order_by("-pk").values_list("pk", flat=True).first() or 0
    # Pressed twice it is one answer.
    key = uuid5(NAMESPACE_URL, f"bulk:{ticket.pk}:{macro.pk}:{last}")
    agent_answers(ticket, _written(ticket, macro, by), by=by, form_key=key, seen=last, macro=macro)
    return _("Goes out in a few seconds.")


DEEDS: dict[str, Deed] = {
    "assign": Deed(
        gettext_lazy("Assign"), gettext_lazy("Assign %(count)d"), _says_assign, _assign,
        gettext_lazy("To whom?"), gettext_lazy("Choose who gets them."), _agents, reads=_agent,
    ),
    "tag": Deed(
        gettext_lazy("Tag"), gettext_lazy("Tag %(count)d"), _says_tag, _tag,
        gettext_lazy("Which tag?"), gettext_lazy("Type a tag, or choose one."),
        lambda: [(name, name) for name in Tag.objects.values_list("name", flat=True)[:200]], is_typed=True, reads=_tag_name,
    ),
    "macro": Deed(
        gettext_lazy("Send a macro"), gettext_lazy("Send it to %(count)d"), _says_macro, _send_macro,
        gettext_lazy("Which macro?"), gettext_lazy("Choose a macro."), _macros, reads=by_shortcut, hinders=_hinders_macro,
    ),
    "close": Deed(gettext_lazy("Close"), gettext_lazy("Close %(count)d as solved"), _says_close, _close),
}  # fmt: skip


def seen(ticket: Ticket) -> str:
    """Return how a case stands, for ``do_together`` to see that it still does."""
    return f"{ticket.pk}:{ticket.status}:{ticket.owner_id or 0}:{ticket.last_message_at.timestamp()}"


def do_together(deed: Deed, rows: Iterable[str], value: str, *, by: User) -> list[Result]:
    """Do a deed with each case, as ``seen``; what stands otherwise by now is left alone. Return what became of each.

    Each case is a piece of work of its own: one that cannot be done stops no other.
    """
    wanted = {int(row.partition(":")[0]): row for row in rows if row.partition(":")[0].isdecimal()}
    found = picked(list(wanted))
    chosen = deed.reads(value)
    return [_do(deed, ticket, wanted[ticket.pk], chosen, by) for ticket in found]


def picked(pks: Sequence[int]) -> list[Ticket]:
    """Return chosen cases in the order in which they were chosen, MOST at most, with what deeds look at; two queries."""
    found = Ticket.objects.select_related("owner", "order").prefetch_related("tags").in_bulk(list(pks)[:MOST])
    return [found[pk] for pk in pks if pk in found]


def _do(deed: Deed, ticket: Ticket, row: str, chosen: Any, by: User) -> Result:
    if seen(ticket) != row:
        words = _("Left alone: it has changed since. It is %(state)s now, with %(owner)s.")
        return Result(ticket, False, words % {"state": ticket.get_status_display(), "owner": _name(ticket.owner)})
    hindrance = deed.hinders(ticket, chosen, by)
    if hindrance:
        return Result(ticket, False, hindrance)
    if not deed.says(ticket, chosen, by):
        return Result(ticket, False, _("Nothing to do: it was so already."))
    try:
        return Result(ticket, True, deed.does(ticket, chosen, by))
    except (IllegalMove, Stale):
        return Result(ticket, False, _("Left alone: somebody changed it in the same moment."))
