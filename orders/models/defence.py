"""What card testing leaves behind: tries to pay, cards that were refused, and the circuit over all of them.

Counters that guard money stand here and not in the cache: a cache may be empty, away, or one per process.
Networks, visitors and addresses are kept as salted hashes, for two days.
"""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.models.payment import CheckoutSession


class Meter(models.Model):
    """A network, visitor, e-mail address or basket that is counted; its row is what two at once wait for."""

    key = models.CharField(_("what is counted"), max_length=60, primary_key=True)
    used_at = models.DateTimeField(_("last used"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("meter")
        verbose_name_plural = _("meters")
        ordering = ["key"]

    def __str__(self) -> str:
        return self.key


class PayAttempt(models.Model):
    """One pay page that somebody was given. The keys say who: empty where nothing tells them apart."""

    session = models.OneToOneField(CheckoutSession, models.CASCADE, related_name="pay_attempt")
    order = models.ForeignKey(Order, models.CASCADE, related_name="pay_attempts")
    network = models.CharField(_("network"), max_length=60, blank=True)
    visitor = models.CharField(_("visitor"), max_length=60, blank=True)
    email = models.CharField(_("e-mail address"), max_length=60, blank=True)
    basket = models.CharField(_("basket"), max_length=60, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("try to pay")
        verbose_name_plural = _("tries to pay")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["network", "at"], name="pay_attempt_by_network"),
            models.Index(fields=["visitor", "at"], name="pay_attempt_by_visitor"),
            models.Index(fields=["email", "at"], name="pay_attempt_by_email"),
            models.Index(fields=["basket", "at"], name="pay_attempt_by_basket"),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.at:%H:%M:%S}"


class CardDecline(models.Model):
    """One card that was refused, as a webhook told. ``key`` is the charge's id, so that it counts once."""

    key = models.CharField(_("Stripe's id"), max_length=120, unique=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="card_declines")
    attempt = models.ForeignKey(PayAttempt, models.SET_NULL, null=True, blank=True, related_name="declines")
    code = models.CharField(_("code"), max_length=60, blank=True)
    at = models.DateTimeField(_("at"), db_index=True)

    class Meta:
        verbose_name = _("refused card")
        verbose_name_plural = _("refused cards")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.order} {self.code}"


class CardCircuit(models.Model):
    """The one row that says whether everybody must answer a question before they pay."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    opened_at = models.DateTimeField(_("open since"), null=True, blank=True, help_text=_("Empty: closed."))
    declines = models.PositiveIntegerField(_("refused of the last cards"), default=0)
    looked_at = models.DateTimeField(_("last looked at"), null=True, blank=True)
    quiet_until = models.DateTimeField(
        _("false alarm until"), null=True, blank=True, help_text=_("A person said so: it stays closed until then.")
    )

    class Meta:
        verbose_name = _("card circuit")
        verbose_name_plural = _("card circuit")

    def __str__(self) -> str:
        return "card circuit"
