"""Work for people, in the admin: what is most urgent first, the best next action as its button."""

from __future__ import annotations

from collections import Counter

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.timesince import timesince
from django.utils.translation import gettext as _t, gettext_lazy as _

from orders.actions.work import close_item, subject_of
from orders.models import Event, WorkItem
from orders.remedies import NotPossible, Remedy, apply_remedy, page_of, remedies_of
from shop.money import Money
from shop.readonly import ReadOnlyAdmin

BY_HAND = Remedy("close", _("Close: solved by hand"), "", "orders.change_workitem")


class OpenFilter(admin.SimpleListFilter):
    """Open work, unless closed work is asked for."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("no", _("closed")), ("all", _("all"))]

    def choices(self, changelist: object):
        rows = list(super().choices(changelist))
        rows[0]["display"] = _t("open")
        return rows

    def queryset(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> QuerySet[WorkItem]:
        if self.value() == "all":
            return queryset
        return queryset.exclude(closed_at=None) if self.value() == "no" else queryset.filter(closed_at=None)


class WorkItemAdmin(ReadOnlyAdmin):
    """What needs a person."""

    list_filter = [OpenFilter, "reason", "opened_at"]
    search_fields = ["summary", "order__number", "subject_key"]
    list_select_related = ["order"]
    list_per_page = 50
    show_full_result_count = False
    actions = ["try_again", "close_items"]
    change_form_template = "admin/work_item.html"
    fields = readonly_fields = [
        "reason", "summary", "order", "subject_key", "money", "opened_at", "age", "deadline_at", "closed_at", "closed_by",
    ]  # fmt: skip

    def get_list_display(self, request: HttpRequest) -> list[object]:
        @admin.display(description=_("next step"))
        def next_step(item: WorkItem) -> str:
            return self._first_button(item, request)

        return ["summary", "reason", "order", "money", "age", "deadline", next_step]

    def get_urls(self) -> list[URLPattern]:
        act = self.admin_site.admin_view(self.act)
        return [path("<int:pk>/act/<slug:key>/", act, name="orders_workitem_act"), *super().get_urls()]

    def has_change_permission(self, request: HttpRequest, obj: WorkItem | None = None) -> bool:
        return obj is None and request.user.has_perm("orders.change_workitem")

    @admin.display(description=_("money at stake"), ordering="money_minor")
    def money(self, item: WorkItem) -> str:
        return str(Money(item.money_minor, item.order.currency)) if item.order and item.money_minor else ""

    @admin.display(description=_("age"), ordering="opened_at")
    def age(self, item: WorkItem) -> str:
        return timesince(item.opened_at, item.closed_at)

    @admin.display(description=_("deadline"), ordering="deadline_at")
    def deadline(self, item: WorkItem) -> str:
        if item.deadline_at is None or not item.is_open:
            return ""
        if item.deadline_at < timezone.now():
            return format_html("<strong>{}</strong>", _t("%(time)s late") % {"time": timesince(item.deadline_at)})
        return _t("in %(time)s") % {"time": timesince(timezone.now(), item.deadline_at)}

    def _first_button(self, item: WorkItem, request: HttpRequest) -> str:
        found = remedies_of(item, request.user)[:1]
        return (
            format_html('<a class="button" href="{}">{}</a>', act_url(item, found[0]), found[0].label) if found else ""
        )

    def render_change_form(self, request: HttpRequest, context: dict, *args: object, **kwargs: object) -> HttpResponse:
        item = kwargs.get("obj")
        if isinstance(item, WorkItem):
            context |= {
                "buttons": [(act_url(item, one), one.label) for one in self._remedies(request, item)],
                "subject_url": _admin_url(item),
                "history": Event.objects.filter(
                    subject_key__in=[f"workitem:{item.pk}", item.subject_key]
                ).select_related("by")[:50],
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def _remedies(self, request: HttpRequest, item: WorkItem) -> list[Remedy]:
        by_hand = [BY_HAND] if item.is_open and request.user.has_perm(BY_HAND.permission) else []
        return remedies_of(item, request.user) + by_hand

    def act(self, request: HttpRequest, pk: int, key: str) -> HttpResponse:
        """Ask once, naming the thing; then do it and say what came of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        item = WorkItem.objects.select_related("order").filter(pk=pk).first()
        if item is None:
            raise Http404
        back = HttpResponseRedirect(reverse("admin:orders_workitem_changelist"))
        if not item.is_open:
            self.message_user(request, _t("This was solved meanwhile: %(what)s") % {"what": item.summary})
            return back
        remedy = next((one for one in self._remedies(request, item) if one.key == key), None)
        if remedy is None:
            raise PermissionDenied
        if remedy.is_page:
            return HttpResponseRedirect(page_of(item, remedy) or back.url)
        if request.method != "POST":
            return self._confirm(request, item, remedy)
        self._do(request, item, remedy)
        return back

    def _confirm(self, request: HttpRequest, item: WorkItem, remedy: Remedy) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": remedy.label,
            "item": item,
            "label": remedy.label,
            "money": self.money(item),
            "opts": self.opts,
            "others": [(act_url(item, one), one.label) for one in self._remedies(request, item) if one != remedy],
        }
        return TemplateResponse(request, "admin/work_act.html", context)

    def _do(self, request: HttpRequest, item: WorkItem, remedy: Remedy) -> None:
        if remedy is BY_HAND:
            close_item(item, by=request.user)
            self.message_user(request, _t("Closed: %(what)s") % {"what": item.summary})
            return
        try:
            told = apply_remedy(item, remedy, by=request.user)
        except NotPossible as error:
            self.message_user(request, f"{item.summary} {error}", messages.WARNING)
            return
        self.message_user(request, f"{item.summary} {told}", messages.SUCCESS)

    @admin.action(description=_("Try again, where trying again is the next step"), permissions=["view"])
    def try_again(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> None:
        """Do it for many at once: only what tries again, never what moves money."""
        told: Counter[str] = Counter()
        for item in queryset.filter(closed_at=None).select_related("order"):
            remedy = next((one for one in remedies_of(item, request.user) if one.is_retry), None)
            if remedy is None:
                told[_t("A person must decide about it one by one.")] += 1
                continue
            try:
                told[apply_remedy(item, remedy, by=request.user)] += 1
            except NotPossible as error:
                told[str(error)] += 1
        for text, count in told.items():
            self.message_user(request, f"{count} × {text}")

    @admin.action(description=_("Close: solved by hand"), permissions=["change"])
    def close_items(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> None:
        closed = sum(close_item(item, by=request.user) for item in queryset)
        self.message_user(request, _t("%(count)d closed.") % {"count": closed})


def act_url(item: WorkItem, remedy: Remedy) -> str:
    """Return the address of the page that asks whether to do it."""
    return reverse("admin:orders_workitem_act", args=[item.pk, remedy.key])


def _admin_url(item: WorkItem) -> str:
    """Return the admin's page of the row an item is about; empty if it has none or is gone."""
    subject = subject_of(item)
    if subject is None or not admin.site.is_registered(type(subject)):
        return ""
    return reverse(f"admin:{subject._meta.app_label}_{subject._meta.model_name}_change", args=[subject.pk])
