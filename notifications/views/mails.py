"""Every mail sent, as the customer sees it. Only reachable in development."""

from __future__ import annotations

from csp.decorators import csp_replace
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render

from notifications.models import Notification, NotificationStatus


def mail_list(request: HttpRequest) -> HttpResponse:
    sent = Notification.objects.filter(status=NotificationStatus.SENT).order_by("-sent_at", "-pk")
    page = Paginator(sent.defer("html", "text"), 50).get_page(request.GET.get("page"))
    return render(request, "notifications/mail_list.html", {"page_obj": page})


def mail_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "notifications/mail_detail.html", {"mail": get_object_or_404(Notification, pk=pk)})


@csp_replace({"style-src": ["'unsafe-inline'"]})
def mail_html(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the HTML part alone; mails carry their style in their elements, which no page of ours may."""
    return HttpResponse(get_object_or_404(Notification, pk=pk).html)
