"""Pages for staff that look across all apps."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from config.audit import run_audit
from config.audit.registry import GRACE
from config.models import NightlyAudit


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
