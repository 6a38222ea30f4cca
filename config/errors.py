"""Pages for when something is wrong: friendly, without personal data, never a traceback."""

from __future__ import annotations

import logging
import uuid

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseForbidden,
    HttpResponseServerError,
)
from django.template import loader
from django.utils.translation import gettext as _

logger = logging.getLogger(__name__)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer 500 with a reference number that stands in the log as well."""
    reference = uuid.uuid4().hex[:10]
    logger.error("page failed, reference %s, path %s", reference, request.path)
    return HttpResponseServerError(loader.render_to_string("500.html", {"reference": reference}))


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer 400, also to a host name that is not ours, with the headers that middleware did not come to set."""
    response = HttpResponseBadRequest(loader.render_to_string("400.html", {}))
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = settings.SECURE_REFERRER_POLICY
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer 403 and say how to go on: usually the page was open for too long."""
    return HttpResponseForbidden(loader.render_to_string("403_csrf.html", {}, request))


def unavailable(request: HttpRequest) -> HttpResponse:
    """Answer 503 while the database is away; needs neither database nor templates."""
    text = _("The shop is resting for a moment. Nothing you did is lost. Please try again in a minute.")
    response = HttpResponse(text, status=503, content_type="text/plain; charset=utf-8")
    response["Retry-After"] = "30"
    return response
