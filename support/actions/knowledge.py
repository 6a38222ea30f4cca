"""Count how far answers help: shown, "that answers it", a case all the same. Nothing of the visitor is kept."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from support.models import HelpVisit

# In the session: what was shown to this visitor and is not decided yet; it goes with the session.
SHOWN = "help_shown"
MOST_KEPT = 20


def note_shown(request: HttpRequest, about: Sequence[str]) -> None:
    """Count answers that a page shows, each once per visitor until something comes of it."""
    known = request.session.get(SHOWN, [])
    new = [one for one in about if one not in known]
    if new:
        _count(new, "shown")
        request.session[SHOWN] = [*known, *new][-MOST_KEPT:]


def note_helped(request: HttpRequest, about: str) -> bool:
    """Count that an answer was the answer: solved without a case. False for one that was not shown to this visitor."""
    known = request.session.get(SHOWN, [])
    if about not in known:
        return False
    _count([about], "helped")
    request.session[SHOWN] = []
    return True


def note_asked(request: HttpRequest) -> None:
    """Count that somebody wrote to us all the same, whatever was shown to them before."""
    known = request.session.pop(SHOWN, [])
    if known:
        _count(known, "asked")


def _count(about: Sequence[str], name: str) -> None:
    day = timezone.localdate()
    with transaction.atomic():
        HelpVisit.objects.bulk_create([HelpVisit(about=one, day=day) for one in about], ignore_conflicts=True)
        changes = {name: F(name) + 1}
        if name == "helped":
            # It may have been shown the day before.
            HelpVisit.objects.filter(about__in=about, day=day, shown__lte=F("helped")).update(shown=F("helped") + 1)
        HelpVisit.objects.filter(about__in=about, day=day).update(**changes)
