"""What an account is known by: its verified addresses, and who may be told to prove again who they are."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from allauth.account.decorators import reauthentication_required
from allauth.account.models import EmailAddress
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse

from shop.models import User

View = Callable[..., HttpResponse]


def verified_emails(user: User | AnonymousUser) -> list[str]:
    """Return the addresses, in small letters, that someone has proved to be theirs; one query."""
    if not user.is_authenticated:
        return []
    found = EmailAddress.objects.filter(user=user, verified=True).values_list("email", flat=True)
    return sorted({email.lower() for email in found})


def proved(view: View) -> View:
    """Let a view be opened only by someone who has just typed their password or second factor once more.

    Whoever signs in by a code has nothing to type: being signed in is then all there is.
    """
    asked_again = reauthentication_required(view)

    @login_required
    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        user = request.user
        has_secret = user.has_usable_password() or user.authenticator_set.exists()
        return (asked_again if has_secret else view)(request, *args, **kwargs)

    return inner
