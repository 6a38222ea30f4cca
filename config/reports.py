"""Pages for staff that look across all apps."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from config.audit import run_audit
from config.audit.registry import GRACE
from config.models import Comparison, MoneyFinding, NightlyAudit
from orders.events import key_of
from orders.models import WorkItem
from orders.remedies import remedies_of

PER_PAGE = 50
A_NIGHT = timedelta(hours=26)


def audit_page(request: HttpRequest) -> HttpResponse:
    """Show the same as ``manage.py audit``, and how the last nightly run ended."""
    if not request.user.has_perm("orders.view_workitem"):
        raise PermissionDenied
    findings = run_audit()
    night = NightlyAudit.objects.first()
    context = admin.site.each_context(request) | {
        "title": _("It adds up"),
        "findings": findings,
        "unexplained": sum(len(finding.violations) for finding in findings),
        "at": timezone.now(),
        "night": night,
        "is_late": night is None or (night.due_at is not None and night.due_at < timezone.now() - GRACE),
    }
    return render(request, "admin/audit.html", context)


def reconciliation_page(request: HttpRequest) -> HttpResponse:
    """Show when our books were last compared with Stripe's, what was looked at, and what nothing explains."""
    if not request.user.has_perm("orders.view_workitem"):
        raise PermissionDenied
    open_findings = MoneyFinding.objects.filter(explained_at=None)
    counts = {
        row["kind"]: row
        for row in open_findings.order_by().values("kind").annotate(count=Count("pk"), oldest=Min("found_at"))
    }
    kind = request.GET.get("kind", "")
    if kind not in MoneyFinding.Kind.values:
        kind = ""
    rows = open_findings.filter(kind=kind) if kind else open_findings
    page = Paginator(rows.select_related("order"), PER_PAGE).get_page(request.GET.get("page"))
    context = admin.site.each_context(request) | {
        "title": _("Reconciliation"),
        "unexplained": sum(row["count"] for row in counts.values()),
        "runs": _runs(),
        "kinds": [(one.value, one.label, counts.get(one.value)) for one in MoneyFinding.Kind],
        "kind": MoneyFinding.Kind(kind) if kind else None,
        "page": page,
        "rows": _with_buttons(request, list(page)),
        "now": timezone.now(),
    }
    return render(request, "admin/reconciliation.html", context)


def _runs() -> list[dict[str, object]]:
    known = {run.kind: run for run in Comparison.objects.all()}
    late = {Comparison.Kind.RECENT: timedelta(seconds=settings.RECONCILE_SECONDS * 2), Comparison.Kind.FULL: A_NIGHT}
    found = []
    for kind in Comparison.Kind:
        run = known.get(kind)
        is_late = run is not None and run.finished_at is not None and run.finished_at < timezone.now() - late[kind]
        counts = run.last_counts if run else {}
        looked = [(name.replace("_", " "), part["seen"], part["taken_in"]) for name, part in counts.items()]
        found.append({"label": kind.label, "run": run, "is_late": is_late, "looked": looked})
    return found


def _with_buttons(request: HttpRequest, rows: list[MoneyFinding]) -> list[dict[str, object]]:
    """Return each difference with its work, the best next action, and the way to Stripe; one query for all."""
    keys = [key_of(row) for row in rows]
    orders = [row.order_id for row in rows if row.order_id]
    about = WorkItem.objects.filter(closed_at=None).filter(Q(subject_key__in=keys) | Q(order__in=orders))
    by_key: dict[str, WorkItem] = {}
    by_order: dict[int, WorkItem] = {}
    for item in about.select_related("order"):
        by_key[item.subject_key] = item
        if item.order_id:
            by_order.setdefault(item.order_id, item)
    found = []
    for row, key in zip(rows, keys, strict=True):
        item = by_key.get(key) or by_order.get(row.order_id or 0)
        buttons = remedies_of(item, request.user) if item else []
        # Only money that bears an order's number can be noted for it; then that is the next step.
        can_note = row.kind == MoneyFinding.Kind.STRAY_PAYMENT and row.order_id is not None
        wanted = [one for one in buttons if one.key != "note-payment" or can_note]
        wanted.sort(key=lambda one: one.key != "note-payment")
        found.append({"row": row, "item": item, "buttons": wanted, "at_stripe": _at_stripe(row.key)})
    return found


def _at_stripe(key: str) -> str:
    """Return the address in Stripe's dashboard of one of its ids; empty for anything else."""
    places = {"pi": "payments", "ch": "payments", "re": "refunds", "dp": "disputes", "du": "disputes"}
    place = places.get(key.partition("_")[0]) if "_" in key else None
    mode = "test/" if settings.STRIPE_SECRET_KEY.startswith("sk_test_") else ""
    return f"https://dashboard.stripe.com/{mode}{place}/{key}" if place else ""
