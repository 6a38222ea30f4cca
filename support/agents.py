"""Who works at the desk, and who is on duty now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from shop.kept import Kept
from shop.models import User
from support.models import AgentProfile, HandOver, HandOverRead, SavedView, Shift

# Somebody without an earlier shift reads the notes of so many days.
NOTES_OF = timedelta(days=7)


def desk_agents() -> QuerySet[User]:
    """Return everybody who may work on cases, by name."""
    may = Q(codename="change_ticket", content_type__app_label="support")
    groups = User.groups.through.objects.filter(
        user=OuterRef("pk"), **{f"group__permissions__{name}": value for name, value in may.children}
    )
    alone = User.user_permissions.through.objects.filter(
        user=OuterRef("pk"), **{f"permission__{name}": value for name, value in may.children}
    )
    return User.objects.filter(Exists(groups) | Exists(alone), is_active=True).order_by("name", "email")


def running(now: datetime) -> QuerySet[Shift]:
    """Return the shifts that are running."""
    return Shift.objects.filter(starts_at__lte=now, ends_at__gt=now)


def on_duty(now: datetime) -> list[Shift]:
    """Return the shifts that are running with their people, leads first, one for each of them."""
    found: dict[int, Shift] = {}
    for shift in running(now).select_related("user").order_by("-is_lead", "starts_at", "pk"):
        found.setdefault(shift.user_id, shift)
    return list(found.values())


def unread_notes(user: User, now: datetime) -> QuerySet[HandOver]:
    """Return what others have handed over since somebody's last shift ended, and they have not read yet; oldest first."""
    before = Shift.objects.filter(user=user, ends_at__lte=now).order_by("-ends_at").values("ends_at")[:1]
    read = HandOverRead.objects.filter(hand_over=OuterRef("pk"), user=user)
    since = Coalesce(Subquery(before), Value(now - NOTES_OF))
    return HandOver.objects.exclude(by=user).filter(~Exists(read), at__gt=since).order_by("at", "pk")


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody at the desk: their settings, the views they keep, and whether they are on duty now."""

    profile: AgentProfile
    is_on_duty: bool
    views: list[SavedView]


def agent_of(user: User, *, now: datetime) -> Agent:
    """Return somebody's settings, the first ones if they have changed none, with all that the inbox shows of them.

    One query; a second for somebody who has changed nothing yet.
    """
    kept = {f"view_{name}": F(f"views__{name}") for name in ("id", "name", "query")}
    duty = Exists(running(now).filter(user=user))
    # One row for each view; one without any, for somebody who keeps none.
    rows = list(AgentProfile.objects.filter(user=user).annotate(duty=duty, **kept).order_by("views__name"))
    if not rows:
        return Agent(AgentProfile(user=user), running(now).filter(user=user).exists(), [])
    profile = rows[0]
    profile.user = user
    views = [
        SavedView(pk=row.view_id, profile=profile, name=row.view_name, query=row.view_query)
        for row in rows
        if row.view_id
    ]
    return Agent(profile, profile.duty, views)


def settings_of(user: User) -> AgentProfile:
    """Return somebody's settings as a row, made now if they have changed none before. Safe to repeat."""
    return AgentProfile.objects.get_or_create(user=user)[0]


def _load_duty() -> list[tuple[str, bool]]:
    return [(shift.user.get_short_name(), shift.is_lead) for shift in on_duty(timezone.now())]


_duty = Kept(_load_duty)


def names_on_duty() -> list[tuple[str, bool]]:
    """Return who is on duty, and whether as lead; a few seconds old at most."""
    return _duty.get()


def forget_duty(**kwargs: object) -> None:
    """Read the roster anew next time. Takes anything, so that signals can call it."""
    _duty.forget()
