"""Invoices and credit notes: written once, numbered without gaps, never changed."""

from __future__ import annotations

from typing import NoReturn

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from orders.models.approval import AppendOnly
from orders.models.order import Order
from orders.models.payment import Refund


class PaperKind(models.TextChoices):
    """What a paper says: so much was charged, or so much of it is given back."""

    INVOICE = "invoice", _("invoice")
    CREDIT_NOTE = "credit_note", _("credit note")


class PaperCounter(models.Model):
    """The last number given to papers of one kind in one year.

    Its row is taken inside the transaction that writes the paper, so a number that is rolled back was never given.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=PaperKind)
    year = models.PositiveSmallIntegerField(_("year"))
    last = models.PositiveIntegerField(_("last number"), default=0)

    class Meta:
        verbose_name = _("counter of papers")
        verbose_name_plural = _("counters of papers")
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="paper_counter_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


class PaperQuerySet(models.QuerySet["Paper"]):
    """Papers can be read and added."""

    def update(self, **kwargs: object) -> NoReturn:
        raise AppendOnly("a paper is never changed")

    def bulk_update(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnly("a paper is never changed")

    def delete(self) -> NoReturn:
        raise AppendOnly("a paper is never deleted")


class Paper(models.Model):
    """One invoice, or one credit note, as it was issued.

    ``content`` holds all that is printed (``orders.papers.content``), so that a later change of a name or a
    rate changes nothing. The database refuses changes as well, by triggers (``orders/migrations``).
    """

    kind = models.CharField(_("kind"), max_length=20, choices=PaperKind)
    year = models.PositiveSmallIntegerField(_("year"))
    serial = models.PositiveIntegerField(_("number in the year"))
    number = models.CharField(_("number"), max_length=40, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="papers", verbose_name=_("order"))
    refund = models.OneToOneField(
        Refund, models.PROTECT, null=True, blank=True, related_name="paper", verbose_name=_("refund")
    )
    invoice = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="credit_notes", verbose_name=_("of the invoice")
    )
    issued_at = models.DateTimeField(_("issued"))
    currency = models.CharField(_("currency"), max_length=3)
    total_minor = models.PositiveIntegerField(_("total"), help_text=_("Minor units, tax included."))
    content = models.JSONField(_("content"))

    objects = PaperQuerySet.as_manager()

    class Meta:
        verbose_name = _("invoice or credit note")
        verbose_name_plural = _("invoices and credit notes")
        ordering = ["issued_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "year", "serial"], name="paper_number_once"),
            models.UniqueConstraint(fields=["order"], condition=Q(kind="invoice"), name="paper_one_invoice_per_order"),
            models.CheckConstraint(condition=Q(serial__gte=1), name="paper_numbers_begin_at_one"),
            models.CheckConstraint(
                condition=Q(kind="invoice", refund=None, invoice=None)
                | Q(kind="credit_note", refund__isnull=False, invoice__isnull=False),
                name="paper_credit_note_is_of_an_invoice",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        """Return the page that prints it, for whoever has the link of the order."""
        return reverse("orders:paper", args=[self.order.token, self.number])

    def save(self, *args: object, **kwargs: object) -> None:
        """Add a new row; refuse to write over one."""
        if not self._state.adding:
            raise AppendOnly("a paper is never changed")
        super().save(*args, **(kwargs | {"force_insert": True}))

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnly("a paper is never deleted")
