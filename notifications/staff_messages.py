"""What the shop writes to its own people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from notifications.mail import Mail, Section, absolute
from shop.words import day


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many open pieces of work of one kind, and since when the oldest of them waits."""

    reason: str
    count: int
    since: date


@dataclass(frozen=True, slots=True)
class Digest:
    """What a day begins with. ``yesterday`` are sentences of what happened."""

    on: date
    waiting: Sequence[Waiting] = ()
    overdue: int = 0
    yesterday: Sequence[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How much waits."""
        return sum(one.count for one in self.waiting)


def staff_digest(digest: Digest) -> Mail:
    """Say what waits for a person and what happened yesterday; no customer is named in it."""
    facts = {"day": day(digest.on), "count": digest.count, "overdue": digest.overdue}
    waits = _("Nothing waits for a person")
    if digest.count:
        waits = ngettext("%(count)d thing waits", "%(count)d things wait", digest.count) % facts
    sections = []
    if digest.waiting:
        lines = [f"{one.count} × {one.reason} ({_('since')} {day(one.since)})" for one in digest.waiting]
        sections.append(Section(_("Waits for a person"), lines))
    if digest.yesterday:
        sections.append(Section(_("Yesterday"), list(digest.yesterday)))
    late = _("%(overdue)d past their deadline") % facts
    return Mail(
        subject=f"{waits}, {late} ({facts['day']})" if digest.overdue else f"{waits} ({facts['day']})",
        preheader=late if digest.overdue else _("Nothing is past its deadline."),
        heading=waits,
        paragraphs=[f"{late}."] if digest.overdue else [_("Nothing is past its deadline.")],
        sections=sections,
        button=_("Open the work list"),
        url=absolute(reverse("admin:orders_workitem_changelist")),
    )
