"""Wait or cancel: the page behind the link in a mail about a delay. Looking at it changes nothing."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from orders.actions.cancel import NothingToCancel
from orders.actions.delays import cancel_delayed, delay_by_name, wait_for
from orders.delays import delay_card
from orders.models import Delay
from orders.states import IllegalMove
from orders.words import CANCELLATION_WORDS


def delay(request: HttpRequest, name: str) -> HttpResponse:
    """Show a delay and its choice; a POST says ``answer``: wait or cancel. The signed name is all it needs."""
    found = delay_by_name(name)
    if found is None:
        raise Http404
    if request.method == "POST":
        (_cancel if request.POST.get("answer") == "cancel" else _wait)(request, found)
        return redirect(found.order)
    response = render(request, "orders/delay.html", {"order": found.order, "card": delay_card(found)})
    response["X-Robots-Tag"] = "noindex"
    return response


def _wait(request: HttpRequest, found: Delay) -> None:
    by = request.user if request.user.is_authenticated else None
    wait_for(found, by=by)
    messages.success(request, _("Thank you for waiting. You hear from us before anything changes again."))


def _cancel(request: HttpRequest, found: Delay) -> None:
    by = request.user if request.user.is_authenticated else None
    try:
        made = cancel_delayed(found, by=by)
    except NothingToCancel:
        messages.error(request, _("It has left by now, so it cannot be cancelled any more. You can send it back."))
    except IllegalMove:
        messages.error(request, _("There is newer news of it: this page shows how it stands."))
    else:
        waiting = _("We have noted it, and see to it at once. This page shows the answer.")
        messages.success(request, waiting if made.is_waiting else str(CANCELLATION_WORDS[made.status].text))
