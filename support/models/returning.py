"""Goods that a customer sends back, money without goods, and new goods for old ones."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Cancellation, Order, OrderLine, Refund
from shop.models import Variant
from shop.money import Money
from suppliers.models import SupplierOrder, SupplierOrderLine, SupplierReturn
from support.models.ticket import Ticket
from support.return_states import ClaimStatus, DecisionStatus, ReplacementStatus, ReturnStatus


class ReturnReason(models.TextChoices):
    """Why, in the customer's everyday words; a withdrawal needs none."""

    DAMAGED = "damaged", _("It arrived damaged")
    WRONG_ITEM = "wrong_item", _("It is the wrong item")
    DEFECTIVE = "defective", _("It is faulty")
    DOES_NOT_FIT = "does_not_fit", _("It does not fit")
    CHANGED_MIND = "changed_mind", _("I changed my mind")
    LATE = "late", _("It came too late")
    OTHER = "other", _("Something else")


# Whose fault it is not the customer's: the law gives a remedy, and the shop pays the way back.
FAULTS = (ReturnReason.DAMAGED, ReturnReason.WRONG_ITEM, ReturnReason.DEFECTIVE)


class Solution(models.TextChoices):
    """What the customer wants."""

    REFUND = "refund", _("Money back")
    REPLACEMENT = "replacement", _("The same again")
    EXCHANGE = "exchange", _("Another size or colour")
    KEEP = "keep", _("Keep it and have part of the price back")


class Choice(models.TextChoices):
    """What can be decided about a return."""

    REFUND_KEEP = "refund_keep", _("Refund without return")
    REFUND_AFTER = "refund_after", _("Refund after return")
    REPLACEMENT = "replacement", _("Replacement")
    PART_REFUND = "part_refund", _("Part refund")
    DECLINE = "decline", _("Decline")


class Basis(models.TextChoices):
    """On what right goods come back."""

    WITHDRAWAL = "withdrawal", _("withdrawal from the contract")
    FAULT = "fault", _("a fault")
    WINDOW = "window", _("the shop's own return window")
    GOODWILL = "goodwill", _("goodwill")


class Return(DueWork):
    """What a customer asks for about goods of one supplier, and how they come back. One label, one return.

    One request about goods of two suppliers makes two, with one ``request_key``. ``due_at``: a step that is due by
    itself, as a reminder or the end of its time.
    """

    number = models.CharField(_("number"), max_length=32, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="+", verbose_name=_("order"))
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="returns", verbose_name=_("ticket"))
    supplier_order = models.ForeignKey(
        SupplierOrder, models.PROTECT, related_name="+", verbose_name=_("supplier order")
    )
    supplier_return = models.OneToOneField(
        SupplierReturn, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("at the supplier")
    )
    request_key = models.UUIDField(editable=False)
    status = models.CharField(
        _("state"), max_length=20, choices=ReturnStatus, default=ReturnStatus.REQUESTED, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    basis = models.CharField(_("on the ground of"), max_length=12, choices=Basis)
    reason = models.CharField(_("reason"), max_length=20, choices=ReturnReason, blank=True)
    solution = models.CharField(_("asked for"), max_length=20, choices=Solution, default=Solution.REFUND)
    exchange_for = models.ForeignKey(
        Variant, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("exchange for")
    )
    # --- what was decided
    choice = models.CharField(_("decided"), max_length=20, choices=Choice, blank=True)
    goods_back = models.BooleanField(_("goods come back"), null=True, blank=True)
    refund_at_handover = models.BooleanField(
        _("refund at the hand-over"), default=False, help_text=_("Else once the goods are received.")
    )
    shop_pays = models.BooleanField(_("we pay the way back"), default=False)
    # --- where the goods go, and with what
    return_to = models.TextField(_("goes to"), blank=True)
    instructions = models.TextField(_("instructions"), blank=True)
    label_url = models.URLField(_("label"), max_length=500, blank=True)
    carrier_name = models.CharField(_("carrier"), max_length=80, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=64, blank=True)
    return_by = models.DateField(_("to be handed in by"), null=True, blank=True)
    # --- times
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    ready_at = models.DateTimeField(_("label sent"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    handed_in_at = models.DateTimeField(_("handed in"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("opened by"),
        help_text=_("Empty: the customer."),
    )

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-asked_at", "-pk"]
        permissions = [("decide_return", _("Can decide returns")), ("decline_right", _("Can decline a legal right"))]
        indexes = [
            models.Index(fields=["order"], name="return_by_order"),
            models.Index(fields=["status", "status_changed_at"], name="return_by_status"),
            models.Index(fields=["asked_at"], name="return_by_asked"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ReturnStatus.values), name="return_status_known"),
            models.CheckConstraint(condition=Q(basis__in=Basis.values), name="return_basis_known"),
            models.CheckConstraint(condition=Q(reason__in=["", *ReturnReason.values]), name="return_reason_known"),
            models.CheckConstraint(condition=Q(solution__in=Solution.values), name="return_solution_known"),
            models.CheckConstraint(condition=Q(choice__in=["", *Choice.values]), name="return_choice_known"),
            models.UniqueConstraint(fields=["request_key", "supplier_order", "basis"], name="return_once_per_request"),
            # What was decided, and only that, can have gone further.
            models.CheckConstraint(
                condition=Q(status__in=["requested", "cancelled"]) | Q(decided_at__isnull=False),
                name="return_decided_first",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("support:return", args=[self.order.token, self.number])

    @property
    def is_withdrawal(self) -> bool:
        """True if the customer has withdrawn from the contract: nobody has to agree to that."""
        return self.basis == Basis.WITHDRAWAL


class Withdrawal(DueWork):
    """A customer's withdrawal from the contract, as it was declared: when, and for how many units of which lines.

    ``due_at``: units that were to be stopped and had left; they come back instead.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="+", verbose_name=_("order"))
    form_key = models.UUIDField(unique=True, editable=False)
    declared_at = models.DateTimeField(_("declared"), default=timezone.now)
    units = models.JSONField(_("units"), help_text=_("By the order line's id."))
    words = models.TextField(_("in the customer's words"), blank=True)
    cancellation = models.OneToOneField(
        Cancellation, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("cancellation")
    )

    class Meta:
        verbose_name = _("withdrawal")
        verbose_name_plural = _("withdrawals")
        ordering = ["-declared_at", "-pk"]
        indexes = [models.Index(fields=["order"], name="withdrawal_by_order")]

    def __str__(self) -> str:
        return f"{self.order}: withdrawal {self.pk}"


class ReturnLine(models.Model):
    """Units of one order line in a return: how many were asked for, came back and are paid for."""

    class Condition(models.TextChoices):
        AS_NEW = "as_new", _("as new")
        OPENED = "opened", _("opened")
        USED = "used", _("used")
        DAMAGED = "damaged", _("damaged")

    parent = models.ForeignKey(Return, models.CASCADE, related_name="lines", verbose_name=_("return"))
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+", verbose_name=_("line"))
    supplier_line = models.ForeignKey(
        SupplierOrderLine, models.PROTECT, related_name="+", verbose_name=_("supplier's line")
    )
    quantity = models.PositiveIntegerField(_("units"))
    received = models.PositiveIntegerField(_("received"), default=0)
    refused = models.PositiveIntegerField(
        _("refused"), default=0, help_text=_("By the supplier, after it had them; a person decides about these.")
    )
    settled = models.PositiveIntegerField(
        _("settled"), default=0, help_text=_("Units that were paid back or replaced for the customer.")
    )
    condition = models.CharField(_("condition"), max_length=10, choices=Condition, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    written_off = models.BooleanField(_("written off"), default=False)

    class Meta:
        verbose_name = _("goods of a return")
        verbose_name_plural = _("goods of returns")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="return_line_some"),
            models.CheckConstraint(condition=Q(received__lte=F("quantity")), name="return_line_no_more_received"),
            models.CheckConstraint(condition=Q(refused__lte=F("received")), name="return_line_no_more_refused"),
            models.CheckConstraint(condition=Q(settled__lte=F("quantity")), name="return_line_settled_once"),
            models.UniqueConstraint(fields=["parent", "supplier_line"], name="return_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.parent}: {self.quantity} x {self.order_line.sku}"


class ReturnDecision(models.Model):
    """One decision about a return, as it was made: never edited, the next one follows it."""

    parent = models.ForeignKey(Return, models.CASCADE, related_name="decisions", verbose_name=_("return"))
    status = models.CharField(_("state"), max_length=10, choices=DecisionStatus, editable=False)
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    choice = models.CharField(_("decided"), max_length=20, choices=Choice)
    proposed = models.CharField(_("the rule proposed"), max_length=20, choices=Choice, blank=True)
    why = models.JSONField(_("because"), default=list, help_text=_("The rule's reasons, in words."))
    units = models.JSONField(_("units"), default=dict, help_text=_("By the return line's id; empty: all of them."))
    amount_minor = models.PositiveIntegerField(_("refund"), default=0, help_text=_("Minor units."))
    goods_back = models.BooleanField(_("goods come back"), default=True)
    text = models.TextField(_("words for the customer"), blank=True)
    needs = models.CharField(
        _("needs"),
        max_length=10,
        blank=True,
        choices=[("cap", _("a higher limit")), ("right", _("a second person: it is a legal right"))],
    )
    form_key = models.UUIDField(unique=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
        help_text=_("Empty: the rule."),
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("second")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("decision about a return")
        verbose_name_plural = _("decisions about returns")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DecisionStatus.values), name="return_decision_status_known"),
            models.CheckConstraint(condition=Q(choice__in=Choice.values), name="return_decision_choice_known"),
            models.UniqueConstraint(fields=["parent"], condition=Q(status="asked"), name="return_decision_one_asked"),
            # A second person is another one.
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(decided_by=None) | ~Q(approved_by=F("decided_by")),
                name="return_decision_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parent}: {self.choice}"

    @property
    def order(self) -> Order:
        """The order it is about."""
        return self.parent.order


class Claim(models.Model):
    """Money that is owed without goods coming back, once."""

    number = models.CharField(_("number"), max_length=32, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="+", verbose_name=_("order"))
    parent = models.OneToOneField(Return, models.PROTECT, related_name="claim", verbose_name=_("return"))
    status = models.CharField(_("state"), max_length=10, choices=ClaimStatus, default=ClaimStatus.OWED, editable=False)
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    is_part = models.BooleanField(_("part of the price"), default=False)
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units."))
    refunds = models.ManyToManyField(Refund, blank=True, related_name="+", verbose_name=_("refunds"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)

    class Meta:
        verbose_name = _("claim")
        verbose_name_plural = _("claims")
        ordering = ["-opened_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(status__in=ClaimStatus.values), name="claim_status_known")]

    def __str__(self) -> str:
        return self.number

    @property
    def amount(self) -> Money:
        """What is owed."""
        return self.order.money(self.amount_minor)


class Replacement(models.Model):
    """New goods for old ones: ``line`` is their own line of the same order, at no price."""

    number = models.CharField(_("number"), max_length=32, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="+", verbose_name=_("order"))
    parent = models.ForeignKey(Return, models.PROTECT, related_name="replacements", verbose_name=_("return"))
    for_line = models.OneToOneField(
        ReturnLine, models.PROTECT, related_name="replacement", verbose_name=_("in the place of")
    )
    line = models.OneToOneField(OrderLine, models.PROTECT, related_name="+", verbose_name=_("new line"))
    quantity = models.PositiveIntegerField(_("units"))
    is_exchange = models.BooleanField(_("exchange"), default=False)
    status = models.CharField(
        _("state"), max_length=10, choices=ReplacementStatus, default=ReplacementStatus.ORDERED, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)

    class Meta:
        verbose_name = _("replacement")
        verbose_name_plural = _("replacements")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ReplacementStatus.values), name="replacement_status_known"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="replacement_some"),
        ]

    def __str__(self) -> str:
        return self.number
