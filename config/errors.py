"""Pages for when something is wrong: friendly, without personal data, never a traceback."""

from __future__ import annotations

import logging
import sys
import uuid
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseServerError,
    UnreadablePostError,
)
from django.http.multipartparser import MultiPartParserError
from django.template import loader
from django.urls import reverse
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)
MOST_KEPT = 12


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with a reference number that stands in the log as well; 503 where only the database was away.

    What middleware asks of the database, before a view and after it, comes here alone: no other middleware sees it.
    """
    if isinstance(sys.exc_info()[1], OperationalError | InterfaceError):
        return unavailable(request)
    reference = uuid.uuid4().hex[:10]
    # By the page's name: an address may be somebody's key. With the traceback, so that the number leads to it.
    page = request.resolver_match.view_name if request.resolver_match else ""
    logger.error("page failed, reference %s, page %s", reference, page, exc_info=sys.exc_info()[0] is not None)
    return HttpResponseServerError(loader.render_to_string("500.html", {"reference": reference}))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400, also to a host name that is not ours, with the headers that middleware did not come to set."""
    response = HttpResponseBadRequest(loader.render_to_string("400.html", {}))
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 and say how to go on: usually the page was open for too long. What was typed can be copied.

    It is shown, not sent on: a form that one click sends again would be what this check is there to stop.
    """
    came_from = urlsplit(request.headers.get("Referer", ""))
    is_ours = came_from.netloc == request.get_host()
    context = {"kept": _typed(request), "back": came_from.path if is_ours else reverse("shop:home")}
    # Without the request: its session may be what is missing.
    return HttpResponseForbidden(loader.render_to_string("403_csrf.html", context))


def _typed(request: HttpRequest) -> list[tuple[str, bool]]:
    """Return what a person wrote into a refused form: no passwords or codes, and none of what the page itself put in."""
    origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
    if not origin.startswith(f"{request.scheme}://{request.get_host()}"):
        # Somebody else's page sent it: their words are none of the visitor's.
        return []
    try:
        fields = list(request.POST.items())
    except (RequestDataTooBig, TooManyFieldsSent, MultiPartParserError, UnreadablePostError):
        return []
    secret = ("csrf", "password", "token", "_key", "card", "shown", "_kept")
    shown = [(name, text) for name, text in fields if text.strip() and name not in {"code", "answer"}]
    kept = [text for name, text in shown if not any(part in name for part in secret)]
    # With whether it needs more than one line.
    return [(text, "\n" in text or len(text) > 60) for text in kept if not text.isdigit()][:MOST_KEPT]


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database is away; needs neither database nor templates."""
    text = _("The shop is resting for a moment. Nothing you did is lost. Please try again in a minute.")
    response = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = "30"
    return response
