"""Answers that customers read before they write: articles, and how far each of them helps."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from support.models.ticket import Topic


class Stage(models.TextChoices):
    """How far an order is, as far as an answer depends on it."""

    OPEN = "open", _("not sent yet")
    SENT = "sent", _("on its way")
    DELIVERED = "delivered", _("delivered")


class HelpArticle(models.Model):
    """One answer, in as many languages as it has texts. Empty ``topic`` or ``stage``: it fits all of them.

    Its ``slug`` is its address in every language, and what its figures are kept under: it never changes.
    """

    slug = models.SlugField(_("address"), max_length=60, unique=True)
    topic = models.CharField(_("topic"), max_length=20, choices=Topic, blank=True)
    stage = models.CharField(_("order is"), max_length=10, choices=Stage, blank=True)
    position = models.PositiveSmallIntegerField(_("place in the list"), default=100)
    is_published = models.BooleanField(_("shown"), default=True)
    updated_at = models.DateTimeField(_("last changed"), auto_now=True)

    class Meta:
        verbose_name = _("help article")
        verbose_name_plural = _("help articles")
        ordering = ["position", "slug"]

    def __str__(self) -> str:
        return self.slug

    def get_absolute_url(self) -> str:
        return reverse("support:article", args=[self.slug])


class HelpText(models.Model):
    """What an article says in one language, in Markdown."""

    article = models.ForeignKey(HelpArticle, models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=10, default=settings.LANGUAGE_CODE)
    title = models.CharField(_("title"), max_length=120)
    summary = models.CharField(_("answer in one sentence"), max_length=240)
    keywords = models.CharField(
        _("words customers use"),
        max_length=300,
        blank=True,
        help_text=_("Words for it that stand neither in title nor text; it is found and suggested by them."),
    )
    body = models.TextField(_("text"), help_text=_("Markdown; HTML in it is shown as it is typed."))

    class Meta:
        verbose_name = _("text")
        verbose_name_plural = _("texts")
        ordering = ["article", "pk"]
        constraints = [models.UniqueConstraint(fields=["article", "language"], name="help_text_once")]

    def __str__(self) -> str:
        return self.title


class HelpVisit(models.Model):
    """How often an answer was shown on a day, and what came of it; nothing of whoever looked.

    ``about`` is an article's slug, or ``answer:where`` for what a page answers by itself. ``helped`` counts "that
    answers it", ``asked`` those who wrote to us all the same.
    """

    about = models.CharField(_("answer"), max_length=80)
    day = models.DateField(_("day"), default=timezone.localdate)
    shown = models.PositiveIntegerField(_("shown"), default=0)
    helped = models.PositiveIntegerField(_("helped"), default=0)
    asked = models.PositiveIntegerField(_("a case all the same"), default=0)

    class Meta:
        verbose_name = _("use of an answer")
        verbose_name_plural = _("use of answers")
        ordering = ["-day", "about"]
        constraints = [
            models.UniqueConstraint(fields=["about", "day"], name="help_visit_once_a_day"),
            models.CheckConstraint(condition=Q(shown__gte=models.F("helped")), name="help_visit_helped_who_saw"),
        ]

    def __str__(self) -> str:
        return f"{self.about} {self.day}"
