"""How soon a case is answered and solved, and when support is there at all."""

from __future__ import annotations

from datetime import time

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from support.models.ticket import Ticket, Topic

MIDNIGHT = time(0)


class SupportHours(models.Model):
    """One span of one day of the week in which support is there, in the shop's time zone.

    A span that ends at 00:00 goes on to the end of the day. With no span at all, support is there around the clock.
    """

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(pgettext_lazy("time of day", "to"), help_text=_("00:00: to the end of the day."))

    class Meta:
        verbose_name = _("support hours")
        verbose_name_plural = _("support hours")
        ordering = ["weekday", "opens"]
        constraints = [
            models.UniqueConstraint(fields=["weekday", "opens"], name="support_hours_once"),
            models.CheckConstraint(condition=Q(weekday__range=(1, 7)), name="support_hours_weekday"),
            models.CheckConstraint(
                condition=Q(closes__gt=F("opens")) | Q(closes=MIDNIGHT),
                name="support_hours_forward",
                violation_error_message=_("Support closes after it opens; write 00:00 for the end of the day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class SupportClosure(models.Model):
    """Days on which nobody is there, besides the public holidays of the shop's country."""

    first_on = models.DateField(_("first day"))
    last_on = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("days closed")
        verbose_name_plural = _("days closed")
        ordering = ["first_on"]
        constraints = [
            models.CheckConstraint(
                condition=Q(last_on__gte=F("first_on")),
                name="support_closure_forward",
                violation_error_message=_("The last day comes after the first."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.first_on} – {self.last_on}"


class ServiceLevel(models.Model):
    """How soon cases of a topic and a priority are answered and solved.

    Empty topic or priority: any. Of several that fit, one that names the priority goes before one that names only
    the topic.
    """

    topic = models.CharField(_("topic"), max_length=20, choices=Topic, blank=True, default="")
    priority = models.CharField(_("priority"), max_length=10, choices=Ticket.Priority, blank=True, default="")
    first_answer_minutes = models.PositiveIntegerField(_("first answer within"), help_text=_("Minutes."))
    next_answer_minutes = models.PositiveIntegerField(_("every further answer within"), help_text=_("Minutes."))
    solve_minutes = models.PositiveIntegerField(_("solved within"), help_text=_("Minutes."))
    around_the_clock = models.BooleanField(
        _("around the clock"), default=False, help_text=_("Otherwise only support hours count.")
    )

    class Meta:
        verbose_name = _("service level")
        verbose_name_plural = _("service levels")
        ordering = ["topic", "priority"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "priority"], name="service_level_once"),
            models.CheckConstraint(
                condition=Q(first_answer_minutes__gte=1, next_answer_minutes__gte=1, solve_minutes__gte=1),
                name="service_level_some_time",
            ),
        ]

    def __str__(self) -> str:
        topic = self.get_topic_display() if self.topic else _("any topic")
        priority = self.get_priority_display() if self.priority else _("any priority")
        return f"{topic}, {priority}"
