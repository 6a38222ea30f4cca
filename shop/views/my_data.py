"""Whoever bought or wrote without an account: what we keep about them, by a link to their address."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core import signing
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_POST

from shop.erasure import NotYet, erase_person, found_of, reasons_to_wait
from shop.limits import allow
from shop.people import Person, person_at
from shop.personal_data import StaysStaff, exported

SALT = "shop.my_data"
LIFE = timedelta(hours=24)
LIMIT, SECONDS = 5, 3600


class AddressForm(forms.Form):
    """Whose data."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": gettext_lazy("Type the address that you bought or wrote with."),
            "invalid": gettext_lazy("An e-mail address looks like name@example.com."),
        },
    )


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=SALT)


def signed_address(email: str) -> str:
    """Return the text by which a link proves an address, for LIFE. The address stands in it, so it goes only there."""
    return _signer().sign_object({"email": email.strip().lower()}, compress=True)


def _person(signed: str) -> Person | None:
    try:
        return person_at(_signer().unsign_object(signed, max_age=LIFE)["email"])
    except (signing.BadSignature, KeyError):
        return None


def ask(request: HttpRequest) -> HttpResponse:
    """Send a link to an address; whether we know it is said to nobody but whoever reads its mails."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if allow(request, "my-data", limit=LIMIT, seconds=SECONDS):
            email = form.cleaned_data["email"]
            url = settings.SITE_URL + reverse("shop:my-data-open", args=[signed_address(email)])
            text = render_to_string("shop/email/my_data.txt", {"shop_name": settings.SHOP_NAME, "url": url})
            send_mail(_("Your data at %(shop)s") % {"shop": settings.SHOP_NAME}, text, None, [email])
            messages.success(request, _("We have sent a link to that address. It works for one day."))
            return redirect("shop:my-data")
        form.add_error(None, _("Too many links from here. Please wait an hour."))
    return _private(render(request, "shop/my_data.html", {"form": form}, status=422 if form.errors else 200))


def open_link(request: HttpRequest, signed: str) -> HttpResponse:
    """Show what there is, with a button for each thing that can be done."""
    person = _person(signed)
    if person is None:
        return _private(render(request, "shop/my_data_lapsed.html", status=410))
    context = {
        "signed": signed,
        "email": next(iter(person.addresses)),
        "found": list(found_of(person)),
        "reasons": reasons_to_wait(person),
        # An account can do more, and asks for its password.
        "has_account": person.user is not None,
    }
    return _private(render(request, "shop/my_data_open.html", context))


@require_POST
def download(request: HttpRequest, signed: str) -> HttpResponseBase:
    person = _guest(signed)
    if person is None:
        return redirect("shop:my-data-open", signed)
    answer = StreamingHttpResponse(exported(person), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="my-data-{timezone.localdate()}.json"'
    return _private(answer)


@require_POST
def erase(request: HttpRequest, signed: str) -> HttpResponse:
    person = _guest(signed)
    if person is None:
        return redirect("shop:my-data-open", signed)
    try:
        erase_person(person, by=None)
    except (NotYet, StaysStaff):
        return redirect("shop:my-data-open", signed)
    messages.success(request, _("Erased. Only invoices stay, as tax law has us keep them."))
    return redirect("shop:home")


def _guest(signed: str) -> Person | None:
    person = _person(signed)
    return person if person is not None and person.user is None else None


def _private(response: HttpResponseBase) -> HttpResponseBase:
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "private, no-store"
    return response
