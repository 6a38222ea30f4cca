"""What holds for every request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from django.conf import settings
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware as DjangoSessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.utils.cache import add_never_cache_headers, get_conditional_response, patch_vary_headers
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language_from_request
from django.views.defaults import page_not_found

from config import health
from config.errors import unavailable
from shop.languages import split_language

Handler = Callable[[HttpRequest], HttpResponse]
# Pages that show something personal: no copy of them may stay in any cache.
PRIVATE_PATHS = (
    "/account/",
    "/orders/",
    "/checkout/",
    "/basket/",
    "/support/",
    "/desk/",
    "/admin/",
    "/supplier/",
    "/my-data/",
)
# How Django writes its token into forms: another mask each time over one secret.
# Begins with plain text, which is found ten times faster than by looking behind each letter.
MASKED_TOKEN = re.compile(rb'name="csrfmiddlewaretoken" value="[A-Za-z0-9]{64}"')
# Pages of people who work here: their language is their browser's, for there is one address for all of them.
STAFF_PATHS = ("/admin/", "/desk/")
# Where people in staff roles may go before they have set up their second factor.
WITHOUT_SECOND_FACTOR = ("/account/", "/static/", "/health/")


class HealthMiddleware:
    """Answer what load balancers ask before any name of the shop is looked at.

    They ask by address, which is no host name of the shop's, and would be refused for it.
    """

    ANSWERS: ClassVar[dict[str, Handler]] = {"/health/live": health.live, "/health/ready": health.ready}

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self.ANSWERS.get(request.path_info)
        return answer(request) if answer and request.method in {"GET", "HEAD"} else self.get_response(request)


class DatabaseUnavailableMiddleware:
    """Answer 503 with a plain page, not 500, while the database does not answer."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn a lost or locked database into 503; everything else stays what it is."""
        if isinstance(exception, OperationalError | InterfaceError):
            return unavailable(request)
        return None


class SessionMiddleware(DjangoSessionMiddleware):
    """Django's, which writes the session after the view: no exception of the view's that would become 503."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Answer 503, not 500 or 400, where the database goes away between the view and the writing of its session.

        Django takes whatever stops the writing for a session that somebody ended meanwhile, and answers 400.
        """
        try:
            return super().process_response(request, response)
        except (OperationalError, InterfaceError):
            return unavailable(request)
        except SessionInterrupted as error:
            if _database_was_away(error):
                return unavailable(request)
            raise


def _database_was_away(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OperationalError | InterfaceError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


class NoNulMiddleware:
    """Answer 404 to an address with a NUL byte in it: PostgreSQL stores and finds none, and no person types one."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
            return page_not_found(request, Http404())
        return self.get_response(request)


class LanguageMiddleware:
    """Let the address decide the language of the shop, and the browser that of the staff's own pages.

    So a page of the shop is the same whatever the browser prefers, and no cache need look at that. The language
    ends with the answer: the next task of the thread begins without one.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        is_staff = request.path_info.startswith(STAFF_PATHS)
        language = get_language_from_request(request) if is_staff else split_language(request.path_info)[0]
        with translation.override(language):
            request.LANGUAGE_CODE = language  # type: ignore[attr-defined]
            response = self.get_response(request)
        if is_staff:
            patch_vary_headers(response, ("Accept-Language",))
        response.headers.setdefault("Content-Language", language)
        return response


class StaffSecondFactorMiddleware:
    """Send people in staff roles to set up their second factor before anything else.

    Not in DEBUG, so that the demo log-ins work with a password.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._must_set_up(request):
            return redirect("mfa_activate_totp")
        return self.get_response(request)

    def _must_set_up(self, request: HttpRequest) -> bool:
        user = request.user
        if settings.DEBUG or not user.is_authenticated or _page(request).startswith(WITHOUT_SECOND_FACTOR):
            return False
        # One query, and only for the few people who can have a role at all.
        if not (user.is_staff or user.is_superuser or user.groups.filter(name__in=settings.STAFF_ROLES).exists()):
            return False
        return not user.authenticator_set.exists()


class PrivatePagesMiddleware:
    """Forbid every cache to keep personal pages, also their errors and redirects."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _page(request).startswith(PRIVATE_PATHS) and not response.has_header("Cache-Control"):
            add_never_cache_headers(response)
        return response


class AskAgainMiddleware:
    """Let a visitor's own browser keep the pages of the shop, and ask each time whether they are still the same.

    ``private``: no cache that serves others may have them, for prices, basket and tokens are the visitor's own.
    ``no-cache``: a page is never shown from the browser's store unasked, so a new price shows on the next look. The
    tag is taken from the page itself, so nothing that a page shows can be forgotten in it; of the token in its forms,
    which is written differently each time, the secret behind it counts. Whoever has the same page gets 304 and no body.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        is_page = response.get("Content-Type", "").startswith("text/html") and not response.streaming
        if request.method not in {"GET", "HEAD"} or response.status_code != 200 or not is_page:
            return response
        if response.has_header("Cache-Control") or response.has_header("ETag"):
            return response
        response["Cache-Control"] = "private, no-cache"
        response["ETag"] = f'"{_tag(request, response.content)}"'
        return get_conditional_response(request, etag=response["ETag"], response=response) or response


def _page(request: HttpRequest) -> str:
    """Return which page is asked for, whatever the language."""
    return split_language(request.path)[1]


def _tag(request: HttpRequest, content: bytes) -> str:
    secret = request.META.get("CSRF_COOKIE", "").encode()
    # A keyed hash, for the secret goes into it.
    same = MASKED_TOKEN.sub(b"", content) + secret
    return salted_hmac("config.middleware.tag", same, algorithm="sha256").hexdigest()[:32]
