"""The account's own pages: addresses, details, and what is kept about its person. Its orders are in ``orders``."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.account_forms import DeleteAccountForm, DetailsForm
from shop.accounts import proved
from shop.actions.addresses import MOST, PARTS, TooManyAddresses, delete_address, make_default, save_address
from shop.address_forms import AddressForm
from shop.limits import allow
from shop.models import SavedAddress
from shop.panels import panels
from shop.people import person_of
from shop.personal_data import StaysStaff, close_account, exported
from shop.visitor import country_of

# Files with everything in them, per address they are asked from and hour.
EXPORT_LIMIT, EXPORT_SECONDS = 5, 3600


@login_required
def addresses(request: HttpRequest) -> HttpResponse:
    found = list(SavedAddress.objects.of(request.user))
    return render(request, "account/addresses.html", {"addresses": found, "is_full": len(found) >= MOST})


@login_required
def address_add(request: HttpRequest) -> HttpResponse:
    initial = {"name": request.user.name, "country": country_of(request)}
    return _address_page(request, None, initial)


@login_required
def address_edit(request: HttpRequest, pk: int) -> HttpResponse:
    address = get_object_or_404(SavedAddress.objects.of(request.user), pk=pk)
    initial = {name: str(getattr(address, name)) for name in PARTS} | {"is_default": address.is_default}
    return _address_page(request, address, initial)


def _address_page(request: HttpRequest, address: SavedAddress | None, initial: dict[str, object]) -> HttpResponse:
    if request.method == "POST" and "look" in request.POST:
        # Another country asks for other things; what was typed stays, and nothing is complained about yet.
        form = AddressForm(initial={name: request.POST.get(name, "") for name in (*PARTS, "is_default")})
    else:
        form = AddressForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid():
        try:
            save_address(request.user, form.parts(), address=address, is_default=form.cleaned_data["is_default"])
        except TooManyAddresses:
            form.add_error(None, _("You keep %(most)d addresses already. Delete one first.") % {"most": MOST})
        else:
            messages.success(request, _("The address is saved."))
            return redirect("shop:addresses")
    context = {"form": form, "address": address}
    return render(request, "account/address.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def address_default(request: HttpRequest, pk: int) -> HttpResponse:
    make_default(get_object_or_404(SavedAddress.objects.of(request.user).select_related("user"), pk=pk))
    messages.success(request, _("Your next order goes there unless you say otherwise."))
    return redirect("shop:addresses")


@login_required
def address_delete(request: HttpRequest, pk: int) -> HttpResponse:
    address = get_object_or_404(SavedAddress.objects.of(request.user).select_related("user"), pk=pk)
    if request.method == "POST":
        delete_address(address)
        messages.success(request, _("The address is deleted. Orders that were sent there keep their own copy."))
        return redirect("shop:addresses")
    return render(request, "account/address_delete.html", {"address": address})


@login_required
def details(request: HttpRequest) -> HttpResponse:
    form = DetailsForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Your name is saved."))
        return redirect("shop:details")
    return render(request, "account/details.html", {"form": form}, status=422 if form.errors else 200)


@proved
def export(request: HttpRequest) -> HttpResponse:
    """Hand out everything that is the person's, as one JSON file."""
    if not allow(request, "export", limit=EXPORT_LIMIT, seconds=EXPORT_SECONDS):
        messages.error(request, _("Too many downloads from here. Please wait an hour."))
        return redirect("shop:details")
    response = StreamingHttpResponse(exported(person_of(request.user)), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="my-data-{timezone.localdate()}.json"'
    response["Cache-Control"] = "no-store"
    return response


@proved
def delete(request: HttpRequest) -> HttpResponse:
    form = DeleteAccountForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            close_account(request.user)
        except StaysStaff:
            form.add_error(None, _("This account belongs to somebody who works here. An administrator closes it."))
        else:
            logout(request)
            messages.success(request, _("Your account is deleted. A mail confirms it."))
            return redirect("shop:home")
    context = {"form": form, "panels": panels("account_delete", request, request.user)}
    return render(request, "account/delete.html", context, status=422 if form.errors else 200)
