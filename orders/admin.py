"""Orders, money and what happened, in the admin. Nothing here edits a state or an amount."""

from __future__ import annotations

import uuid

from django.contrib import admin, messages
from django.db.models import F, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _t, gettext_lazy as _, pgettext

from orders import defence_admin, delay_admin, discount_admin, review_admin
from orders.actions.approval import MAY_DECIDE, NothingToDecide, grant_approval, refuse_approval
from orders.actions.cancel import NothingToCancel, NotOpen, cancellable_units, request_cancellation
from orders.models import (
    Approval,
    Cancellation,
    CancellationLine,
    CheckoutSession,
    Estimate,
    Event,
    IncomingEvent,
    Order,
    OrderDelivery,
    OrderLine,
    Paper,
    ParcelNumber,
    Payment,
    Reaction,
    Refund,
    RefundLine,
    Reservation,
    Shipment,
    ShipmentLine,
    TrackingEvent,
    WorkItem,
)
from orders.money_admin import act_on_money, money_context
from orders.paper_admin import PaperAdmin
from orders.progress import order_word
from orders.refund_admin import MAY_REFUND, order_refund
from orders.remedies import remedies_of
from orders.states import RefundRequestStatus
from orders.work_admin import WorkItemAdmin, act_url
from shop.money import Money
from shop.panels import panels
from shop.readonly import ReadOnlyAdmin, ReadOnlyInline, money_display

# The other modules of this admin.
__all__ = ["defence_admin", "delay_admin", "discount_admin", "review_admin"]

admin.site.register(WorkItem, WorkItemAdmin)
admin.site.register(Paper, PaperAdmin)


class LineInline(ReadOnlyInline):
    """The goods and how far they are."""

    model = OrderLine
    fields = [
        "sku", "name", "options_label", "quantity", "line_money", "delivery_money", "discount_money", "tax_rate",
        "tax_money", "forwarded", "confirmed", "backordered",
        "shipped", "delivered", "returned", "cancelled", "refunded_money",
    ]  # fmt: skip
    readonly_fields = fields
    line_money = money_display("line_minor", _("line total"))
    delivery_money = money_display("delivery_minor", _("delivery"))
    discount_money = money_display("discount_minor", _("discount"))
    tax_money = money_display("tax_minor", _("tax"))

    @admin.display(description=_("tax rate"))
    def tax_rate(self, line: OrderLine) -> str:
        return f"{line.tax_basis_points / 100:g} %"

    refunded_money = money_display("refunded_minor", _("refunded"))


class DeliveryInline(ReadOnlyInline):
    """What was promised, and what is expected now."""

    model = OrderDelivery
    fields = readonly_fields = [
        "sent_from", "service_name", "price_money", "promised_earliest_on", "promised_latest_on", "expected_latest_on", "told_latest_on",
        "ship_by_on", "late_kind", "asked_at", "answer_by",
    ]  # fmt: skip
    price_money = money_display("price_minor", _("price"))


class EstimateInline(ReadOnlyInline):
    """How the expectation moved, and why."""

    model = Estimate
    fields = readonly_fields = ["told_at", "previous_latest_on", "latest_on", "source", "reason_code", "detail"]


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    """An order with its whole story; the buttons call the same actions as everything else."""

    list_display = ["number", "placed_at", "name", "total", "status", "goods", "country", "paid_at"]
    list_filter = ["status", "placed_at", "deliveries__profile"]
    search_fields = ["number", "email", "name", "lines__sku", "shipments__tracking_number", "payments__stripe_id"]
    date_hierarchy = "placed_at"
    list_per_page = 50
    show_full_result_count = False
    inlines = [LineInline, DeliveryInline, EstimateInline]
    change_form_template = "admin/order.html"
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "number",
                    "status",
                    "goods",
                    "total",
                    "placed_at",
                    "paid_at",
                    "forward_after",
                    "customer_page",
                ]
            },
        ),
        (_("Customer"), {"fields": ["email", "name", "phone", "user", "confirmed_age"]}),
        (
            _("Address"),
            {"fields": ["company", "line1", "line2", "postcode", "city", "region", "country", "note", "invoice_to"]},
        ),
        (
            _("Money"),
            {
                "fields": [
                    "items_money",
                    "delivery_money",
                    "discount_money",
                    "discount_code",
                    "added_tax_money",
                    "total_money",
                    "tax_money",
                ]
            },
        ),
    ]
    items_money = money_display("items_minor", _("goods"))
    delivery_money = money_display("delivery_minor", _("delivery"))
    discount_money = money_display("discount_minor", _("discount"))
    added_tax_money = money_display("added_tax_minor", _("tax on top"))
    total_money = money_display("total_minor", _("total"))
    tax_money = money_display("tax_minor", _("of which tax"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        return super().get_queryset(request).prefetch_related("lines")

    def get_readonly_fields(self, request: HttpRequest, obj: Order | None = None) -> list[str]:
        return [name for _title, options in self.fieldsets for name in options["fields"]]

    def get_urls(self) -> list[URLPattern]:
        refund = self.admin_site.admin_view(order_refund)
        return [path("<int:pk>/refund/", refund, name="orders_order_refund"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return False

    @admin.display(description=_("goods"))
    def goods(self, order: Order) -> str:
        return str(order_word(order).text)

    @admin.display(description=_("page of the customer"))
    def customer_page(self, order: Order) -> str:
        return format_html('<a href="{}">{}</a>', order.get_absolute_url(), pgettext("to open it", "Open"))

    def render_change_form(self, request: HttpRequest, context: dict, *args: object, **kwargs: object) -> HttpResponse:
        order = kwargs.get("obj")
        if isinstance(order, Order):
            context |= {
                "events": order.events.select_related("by"),
                "payments": order.payments.all(),
                "papers": order.papers.all() if request.user.has_perm("orders.view_paper") else [],
                "refunds": order.refunds.select_related("requested_by"),
                "shipments": order.shipments.prefetch_related("lines__line"),
                "work": [
                    (item, [(act_url(item, one), one.label) for one in remedies_of(item, request.user)])
                    for item in order.work_items.filter(closed_at=None)
                ],
                "panels": panels("order_admin", request, order),
                **money_context(order),
                "can_cancel": bool(cancellable_units(order)),
                "can_refund": order.is_paid and request.user.has_perm(MAY_REFUND),
                "to_approve": order.refund_requests.filter(status=RefundRequestStatus.ASKED),
                "cancel_key": uuid.uuid4(),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def response_change(self, request: HttpRequest, obj: Order) -> HttpResponse:
        if "_cancel" in request.POST:
            self._cancel(request, obj)
            return HttpResponseRedirect(reverse("admin:orders_order_change", args=[obj.pk]))
        if act_on_money(request, obj):
            return HttpResponseRedirect(reverse("admin:orders_order_change", args=[obj.pk]))
        return super().response_change(request, obj)

    def _cancel(self, request: HttpRequest, order: Order) -> None:
        # The key stands in the page, so that two clicks are one request.
        key = f"admin-{request.POST.get('cancel_key') or uuid.uuid4()}"[:80]
        try:
            made = request_cancellation(order, key=key, by=request.user)
        except NothingToCancel:
            text = _t("Nothing is left to cancel: it was sent, cancelled, or asked for before.")
            self.message_user(request, text, messages.WARNING)
        else:
            word = _t("Noted; each supplier is asked now.") if made.is_waiting else made.get_status_display()
            self.message_user(request, word)


class CancellationLineInline(ReadOnlyInline):
    """Which units."""

    model = CancellationLine
    fields = readonly_fields = ["line", "quantity", "cancelled", "refused", "why"]


@admin.register(Cancellation)
class CancellationAdmin(ReadOnlyAdmin):
    """Who asked that what does not come, and the answer."""

    list_display = ["order", "status", "reason", "requested_by", "requested_at", "answer_by", "answered_at"]
    list_filter = ["status", "reason", "requested_at"]
    search_fields = ["order__number", "order__email"]
    list_select_related = ["order", "requested_by"]
    inlines = [CancellationLineInline]


@admin.register(Approval)
class ApprovalAdmin(ReadOnlyAdmin):
    """Decisions about gated goods: whoever may decide adds one; none is ever edited."""

    list_display = ["at", "order_line", "units", "decision", "by", "valid_until"]
    list_filter = ["decision", "at"]
    search_fields = ["order_line__order__number", "order_line__sku"]
    list_select_related = ["order_line__order", "by"]
    fields = ["order_line", "units", "decision", "reason", "valid_until"]
    raw_id_fields = ["order_line"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MAY_DECIDE)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict | None = None) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except (NothingToDecide, NotOpen):
            text = _t("Not decided: the line needs no approval, or not so many of its units are open.")
            self.message_user(request, text, messages.ERROR)
            return HttpResponseRedirect(reverse("admin:orders_approval_changelist"))

    def save_model(self, request: HttpRequest, obj: Approval, form: ModelForm, change: bool) -> None:
        data, line = form.cleaned_data, form.cleaned_data["order_line"]
        if data["decision"] == Approval.Decision.GRANTED:
            until = data["valid_until"]
            made = grant_approval(line, data["units"], by=request.user, reason=data["reason"], valid_until=until)
        else:
            made = refuse_approval(line, data["units"], by=request.user, reason=data["reason"])
        obj.pk, obj.by = made.pk, made.by


class RefundLineInline(ReadOnlyInline):
    """What a refund is for."""

    model = RefundLine
    fields = readonly_fields = ["line", "quantity", "amount_minor", "delivery_minor", "tax_minor"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Money in."""

    list_display = ["stripe_id", "order", "taken", "provider", "card_brand", "card_last4", "captured_at", "fee"]
    search_fields = ["stripe_id", "order__number", "order__email"]
    list_filter = ["captured_at", "provider", "card_brand"]
    list_select_related = ["order"]

    @admin.display(description=_("provider's fee"), ordering="fee_minor")
    def fee(self, payment: Payment) -> str:
        return str(Money(payment.fee_minor, payment.fee_currency)) if payment.fee_minor is not None else ""

    @admin.display(description=_("captured"), ordering="captured_minor")
    def taken(self, payment: Payment) -> str:
        return str(payment.captured)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money back."""

    list_display = ["order", "amount", "status", "reason", "requested_by", "requested_at", "stripe_id"]
    list_filter = ["status", "reason", "requested_at"]
    search_fields = ["order__number", "stripe_id", "order__email"]
    list_select_related = ["order", "requested_by"]
    inlines = [RefundLineInline]


class ShipmentLineInline(ReadOnlyInline):
    """What is in a parcel."""

    model = ShipmentLine
    fields = readonly_fields = ["line", "quantity"]


class NumberInline(ReadOnlyInline):
    """Every number it has or had."""

    model = ParcelNumber
    fields = readonly_fields = ["since", "carrier_name", "tracking_number"]


class TrackingInline(ReadOnlyInline):
    """The carrier's scans."""

    model = TrackingEvent
    fields = readonly_fields = ["occurred_at", "status", "description", "place", "source"]


@admin.register(Shipment)
class ShipmentAdmin(ReadOnlyAdmin):
    """Parcels."""

    list_display = ["__str__", "order", "carrier_name", "status", "expected_latest_on", "shipped_at", "delivered_at"]
    list_filter = ["status", "kind", "carrier_name"]
    search_fields = ["tracking_number", "numbers__tracking_number", "order__number"]
    list_select_related = ["order"]
    inlines = [ShipmentLineInline, NumberInline, TrackingInline]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """What happened."""

    list_display = ["at", "kind", "order", "subject_key", "by", "delivered_at"]
    list_filter = ["kind", "at"]
    search_fields = ["order__number", "subject_key"]
    list_select_related = ["order", "by"]
    show_full_result_count = False


@admin.register(Reaction)
class ReactionAdmin(ReadOnlyAdmin):
    """What still follows from it."""

    list_display = ["receiver", "event", "attempt", "done_at", "due_at", "last_error"]
    list_filter = ["receiver", "done_at"]
    list_select_related = ["event"]
    show_full_result_count = False


@admin.register(IncomingEvent)
class IncomingEventAdmin(ReadOnlyAdmin):
    """What was told us from outside."""

    list_display = ["received_at", "source", "kind", "event_id", "done_at", "outcome"]
    list_filter = ["source", "kind", "received_at"]
    search_fields = ["event_id"]
    show_full_result_count = False
    actions = ["replay"]

    def has_change_permission(self, request: HttpRequest, obj: IncomingEvent | None = None) -> bool:
        return obj is None and request.user.has_perm("orders.change_incomingevent")

    @admin.action(description=_("Work on it again"), permissions=["change"])
    def replay(self, request: HttpRequest, queryset: QuerySet[IncomingEvent]) -> None:
        count = queryset.update(done_at=None, due_at=timezone.now(), failures=F("failures") * 0)
        self.message_user(request, _t("%(count)d are worked on again.") % {"count": count})


@admin.register(CheckoutSession)
class CheckoutSessionAdmin(ReadOnlyAdmin):
    """Tries to pay."""

    list_display = ["order", "serial", "state", "stripe_id", "expires_at", "created_at"]
    list_filter = ["state", "created_at"]
    search_fields = ["order__number", "stripe_id"]
    list_select_related = ["order"]


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """Units held."""

    list_display = ["order", "variant", "quantity", "state", "expires_at", "taken_at", "released_at"]
    list_filter = ["state"]
    search_fields = ["order__number", "variant__sku"]
    list_select_related = ["order", "variant"]
