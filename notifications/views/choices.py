"""What somebody wants to be told: by a signed link, from an order's page, or in an account."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.actions.choices import NotOptional, choices_of, choose, correspondent_at, stop_kind
from notifications.forms import ChoicesForm
from notifications.kinds import KINDS, kind_of
from notifications.links import choices_path, correspondent_of
from notifications.models import Correspondent
from orders.models import Order
from shop.limits import allow

# Changes per address they come from and hour: nobody has a reason for more, and a number is typed here.
CHANGE_LIMIT, CHANGE_SECONDS = 30, 3600


def choices(request: HttpRequest, token: str) -> HttpResponse:
    """Show and change what somebody is told, whoever has the link from one of their mails."""
    correspondent = correspondent_of(token)
    if correspondent is None:
        raise Http404
    return _choices_page(request, correspondent.address, back_url=reverse("shop:home"))


def order_choices(request: HttpRequest, token: str) -> HttpResponse:
    """The same for whoever has an order's link."""
    order = get_object_or_404(Order.objects.by_token(token))
    return _choices_page(request, order.email, back_url=order.get_absolute_url())


@login_required
def account_choices(request: HttpRequest) -> HttpResponse:
    """The same in an account."""
    return _choices_page(request, request.user.email, back_url=reverse("orders:account"), is_account=True)


def _choices_page(request: HttpRequest, address: str, *, back_url: str, is_account: bool = False) -> HttpResponse:
    # Only a change writes somebody down.
    known = Correspondent.objects.filter(address=address.lower()).prefetch_related("choices").first()
    now = choices_of(known)
    initial = {"mails": sorted(now["mail"]), "texts": sorted(now["sms"]), "phone": known.phone if known else ""}
    form = ChoicesForm(request.POST if request.method == "POST" else None, initial=initial)
    status = 422 if form.errors else 200
    if form.is_bound and form.is_valid():
        if allow(request, "message-choices", limit=CHANGE_LIMIT, seconds=CHANGE_SECONDS):
            wanted = form.cleaned_data
            texts, phone = wanted.get("texts", now["sms"]), wanted.get("phone", initial["phone"])
            choose(correspondent_at(address), mails=wanted["mails"], texts=texts, phone=phone)
            messages.success(request, _("Saved. It counts from now on."))
            return redirect(request.path)
        form.add_error(None, _("Too many changes from here. Please wait an hour."))
        status = 429
    context = {"form": form, "address": address, "back_url": back_url, "is_account": is_account}
    response = render(request, "notifications/choices.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    return response


# Mail programs post here by themselves (RFC 8058), without a cookie: the signed link is the proof.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str, kind: str) -> HttpResponse:
    """Stop one kind of mail. A GET changes nothing: mail programs open links by themselves."""
    correspondent = correspondent_of(token)
    if correspondent is None or kind not in KINDS:
        raise Http404
    try:
        if request.method == "POST":
            stop_kind(correspondent, kind)
    except NotOptional as error:
        raise Http404 from error
    context = {
        "kind": kind_of(kind),
        "done": request.method == "POST",
        "choices_url": choices_path(correspondent),
    }
    response = render(request, "notifications/stop.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response
