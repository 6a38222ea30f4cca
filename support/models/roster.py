"""Who works at the desk, when, and what one shift hands over to the next."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, pgettext_lazy


class AgentProfile(models.Model):
    """How somebody works at the desk. ``topics`` and ``languages`` are codes; with no topic, every topic fits."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("agent"))
    is_available = models.BooleanField(
        _("takes cases"), default=True, help_text=_("New cases are given out only to agents on duty who take cases.")
    )
    most_open = models.PositiveSmallIntegerField(
        _("most open cases"),
        default=20,
        validators=[MinValueValidator(1), MaxValueValidator(500)],
        help_text=_("Nobody is given more than so many to answer at once."),
    )
    topics = models.JSONField(_("topics"), default=list, blank=True)
    languages = models.JSONField(_("languages"), default=list, blank=True)
    shortcuts_on = models.BooleanField(_("single-key shortcuts"), default=True)
    # Of several with as many open cases, whoever has waited longest is next.
    given_at = models.DateTimeField(_("last given a case"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("agent's settings")
        verbose_name_plural = _("agents' settings")
        ordering = ["pk"]
        permissions = [("see_agent_figures", _("Can see the figures of each agent"))]
        constraints = [models.CheckConstraint(condition=Q(most_open__gte=1), name="agent_some_cases")]

    def __str__(self) -> str:
        return str(self.user)


class Shift(models.Model):
    """When somebody is on duty. The lead is told of cases that come too late."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("agent"))
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(pgettext_lazy("time of day", "to"))
    is_lead = models.BooleanField(_("lead"), default=False)

    class Meta:
        verbose_name = _("shift")
        verbose_name_plural = _("shifts")
        ordering = ["starts_at", "pk"]
        indexes = [models.Index(fields=["ends_at", "starts_at"], name="shift_by_end")]
        constraints = [
            models.UniqueConstraint(fields=["user", "starts_at"], name="shift_once"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="shift_forward"),
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.starts_at:%Y-%m-%d %H:%M}"


class HandOver(models.Model):
    """What whoever goes off duty tells whoever comes."""

    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("from"))
    body = models.TextField(_("text"), max_length=2000)
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    # A form sent twice by a double click carries the same key.
    form_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("hand-over")
        verbose_name_plural = _("hand-overs")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.by_id} {self.at:%Y-%m-%d %H:%M}"


class HandOverRead(models.Model):
    """Who has read a hand-over, and when."""

    hand_over = models.ForeignKey(HandOver, models.CASCADE, related_name="readers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("hand-over read")
        verbose_name_plural = _("hand-overs read")
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["hand_over", "user"], name="hand_over_read_once")]

    def __str__(self) -> str:
        return f"{self.hand_over_id} {self.user_id}"


class SavedView(models.Model):
    """A view of the inbox that an agent keeps for themselves; ``query`` is its address's query."""

    # By the settings, not the person: the inbox reads both at once.
    profile = models.ForeignKey(AgentProfile, models.CASCADE, related_name="views")
    name = models.CharField(_("name"), max_length=40)
    query = models.CharField(_("query"), max_length=500)

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["profile", "name"], name="saved_view_once")]

    def __str__(self) -> str:
        return self.name
