"""Discount codes, who uses them, and how often someone guesses."""

from __future__ import annotations

import unicodedata

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import FREE_DELIVERY, Order
from shop.models import Category, Product
from shop.money import Money

LONGEST_CODE = 30


def normal_code(typed: str) -> str:
    """Return a code as it is stored: capital letters and digits, without the blanks and dashes people type."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", typed) if sign.isalnum()).upper()[:LONGEST_CODE]


class CodeField(models.CharField):
    """A code that is stored normalised, whatever way it comes in."""

    def to_python(self, value: object) -> str | None:
        """Normalise what a form or a fixture brings."""
        made = super().to_python(value)
        return None if made is None else normal_code(made)

    def get_prep_value(self, value: object) -> str | None:
        """Normalise what is written or looked for."""
        made = super().get_prep_value(value)
        return None if made is None else normal_code(str(made))


class DiscountKind(models.TextChoices):
    """What a code takes off."""

    PERCENT = "percent", _("percent of the goods")
    AMOUNT = "amount", _("amount off the goods")
    FREE_DELIVERY = FREE_DELIVERY, _("free delivery")


class DiscountCode(models.Model):
    """What a customer types to pay less. ``used`` counts the uses that were not given back."""

    code = CodeField(
        _("code"), max_length=LONGEST_CODE, unique=True, help_text=_("Blanks, dashes and small letters do not matter.")
    )
    kind = models.CharField(_("takes off"), max_length=20, choices=DiscountKind, default=DiscountKind.PERCENT)
    percent = models.PositiveSmallIntegerField(_("percent"), null=True, blank=True)
    amount_minor = models.PositiveIntegerField(_("amount"), null=True, blank=True, help_text=_("Minor units."))
    currency = models.CharField(_("currency"), max_length=3, help_text=_("Of amount and minimum; the order's as well."))
    minimum_minor = models.PositiveIntegerField(
        _("minimum"), default=0, help_text=_("Value of the goods it is for, minor units, as the customer reads prices.")
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True, help_text=_("Empty: no end."))
    limit_total = models.PositiveIntegerField(_("uses in all"), null=True, blank=True, help_text=_("Empty: no limit."))
    limit_per_customer = models.PositiveIntegerField(
        _("uses per customer"), null=True, blank=True, help_text=_("By account and by e-mail address. Empty: no limit.")
    )
    products = models.ManyToManyField(
        Product, blank=True, related_name="+", verbose_name=_("only for products"), help_text=_("Empty: all.")
    )
    categories = models.ManyToManyField(
        Category,
        blank=True,
        related_name="+",
        verbose_name=_("only for categories"),
        help_text=_("With all that is in them."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    announcement = models.CharField(
        _("announcement"),
        max_length=120,
        blank=True,
        help_text=_(
            "Shown at the checkout while the code is valid, as in “WELCOME10: 10 % off from €20”. Empty: kept quiet."
        ),
    )
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = _("discount code")
        verbose_name_plural = _("discount codes")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=DiscountKind.values), name="discount_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=DiscountKind.PERCENT, percent__gte=1, percent__lte=100, amount_minor=None)
                | Q(kind=DiscountKind.AMOUNT, percent=None, amount_minor__gte=1)
                | Q(kind=DiscountKind.FREE_DELIVERY, percent=None, amount_minor=None),
                name="discount_value_of_its_kind",
                violation_error_message=_(
                    "Give a percentage from 1 to 100 for “percent”, an amount for “amount”, and neither for free delivery."
                ),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="discount_period",
                violation_error_message=_("It ends before it begins."),
            ),
            models.CheckConstraint(condition=~Q(code=""), name="discount_code_some"),
        ]

    def __str__(self) -> str:
        return self.code

    @property
    def value(self) -> str:
        """What it takes off, in words: “10 %”, “€5.00”, “free delivery”."""
        if self.kind == DiscountKind.PERCENT:
            return f"{self.percent} %"
        if self.kind == DiscountKind.AMOUNT:
            return str(Money(self.amount_minor or 0, self.currency))
        return str(self.get_kind_display())


class DiscountUse(models.Model):
    """One order that was placed with a code; given back when the order runs out or all of it is cancelled."""

    code = models.ForeignKey(DiscountCode, models.PROTECT, related_name="uses", verbose_name=_("code"))
    order = models.OneToOneField(Order, models.CASCADE, related_name="discount_use", verbose_name=_("order"))
    taken_at = models.DateTimeField(_("since"), default=timezone.now)
    released_at = models.DateTimeField(_("given back"), null=True, blank=True)

    class Meta:
        verbose_name = _("use of a code")
        verbose_name_plural = _("uses of codes")
        ordering = ["-taken_at", "-pk"]
        indexes = [
            models.Index(fields=["code"], condition=Q(released_at=None), name="discount_use_alive"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.order}"


class DiscountTally(models.Model):
    """How often one customer uses one code. ``who`` is an account, or the digest of an e-mail address."""

    code = models.ForeignKey(DiscountCode, models.CASCADE, related_name="tallies")
    who = models.CharField(_("customer"), max_length=80)
    used = models.PositiveIntegerField(_("used"), default=0)

    class Meta:
        verbose_name = _("uses by a customer")
        verbose_name_plural = _("uses by customers")
        constraints = [models.UniqueConstraint(fields=["code", "who"], name="discount_tally_once")]

    def __str__(self) -> str:
        return f"{self.code}: {self.used}"


class CodeGuess(models.Model):
    """How many unknown codes came from one place within one hour."""

    who = models.CharField(max_length=64)
    hour = models.DateTimeField(db_index=True)
    misses = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("guesses of codes")
        verbose_name_plural = _("guesses of codes")
        constraints = [models.UniqueConstraint(fields=["who", "hour"], name="code_guess_once")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}: {self.misses}"
