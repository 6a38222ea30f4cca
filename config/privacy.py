"""What is kept about one person: handed out or erased by staff on their behalf, and what stays and why."""

from __future__ import annotations

from collections.abc import Mapping

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from shop.access import note_access, person_key
from shop.erasure import NotYet, erase_person, found_of, reasons_to_wait
from shop.models import AccessLog
from shop.people import person_at
from shop.personal_data import StaysStaff, exported

MAY = "shop.erase_person"
# What stays after a person was erased: (app.Model, column) to why. ``tests/test_erasure.py`` finds everything else.
KEPT: Mapping[tuple[str, str], str | Promise] = {
    ("orders.Paper", "content"): gettext_lazy("Invoices and credit notes, as they were issued: tax law has us keep them unchanged."),
    ("orders.Approval", "reason"): gettext_lazy("Why a pharmacist decided as they did: the law of medicines has it kept unchanged."),
    ("orders.ProviderCustomer", "email"): gettext_lazy("Of an account, for a day at most: until the payment provider was asked whether it still knows the address."),
}  # fmt: skip


class PersonForm(forms.Form):
    """Whose data; and, to erase them, the address once more."""

    email = forms.EmailField(
        label=gettext_lazy("Their e-mail address"),
        error_messages={
            "required": gettext_lazy("Type the address that they bought or wrote with."),
            "invalid": gettext_lazy("An e-mail address looks like name@example.com."),
        },
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class EraseForm(PersonForm):
    """The address is typed twice before anything is erased."""

    again = forms.CharField(
        label=gettext_lazy("Type the address once more to erase"),
        max_length=254,
        error_messages={"required": gettext_lazy("Type the address once more, so that nothing is erased by mistake.")},
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        email, again = str(cleaned.get("email", "")), str(cleaned.get("again", ""))
        if again and email.strip().lower() != again.strip().lower():
            self.add_error("again", _("That is another address. Nothing was erased."))
        return cleaned


def personal_data_page(request: HttpRequest) -> HttpResponseBase:
    """Look for a person, hand out what is kept, or erase them. Looking is a POST: no address stands in a log."""
    if not request.user.has_perm(MAY):
        raise PermissionDenied
    act = request.POST.get("act", "")
    form = (EraseForm if act == "erase" else PersonForm)(request.POST or None)
    is_good = request.method == "POST" and form.is_valid()
    if is_good and act == "export":
        return _handed_out(request, form.cleaned_data["email"])
    if is_good and act == "erase" and _erased(request, form):
        return redirect("personal-data")
    return render(request, "admin/personal_data.html", _context(request, form), status=422 if form.errors else 200)


def _handed_out(request: HttpRequest, email: str) -> HttpResponseBase:
    note_access(request.user, AccessLog.Kind.EXPORT, person_key(email), "handed out")
    answer = StreamingHttpResponse(exported(person_at(email)), content_type="application/json; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="personal-data-{timezone.localdate()}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


def _erased(request: HttpRequest, form: forms.Form) -> bool:
    try:
        erase_person(person_at(form.cleaned_data["email"]), by=request.user)
    except NotYet as error:
        for reason in error.reasons:
            form.add_error(None, reason)
        return False
    except StaysStaff:
        form.add_error(None, _("This is somebody who works here. Take their role away first."))
        return False
    messages.success(request, _("Erased. What the law has us keep is listed below."))
    return True


def _context(request: HttpRequest, form: forms.Form) -> dict[str, object]:
    context = admin.site.each_context(request) | {"title": _("A person's data"), "form": form, "kept": KEPT.values()}
    # Cleaned as far as it goes: a wrong second address still names whose preview is shown.
    email = getattr(form, "cleaned_data", {}).get("email")
    if email:
        person = person_at(email)
        note_access(request.user, AccessLog.Kind.CUSTOMER, person_key(email), "looked for")
        context |= {
            "email": email,
            "found": list(found_of(person)),
            "reasons": reasons_to_wait(person),
            "has_account": person.user is not None,
            "again_errors": form.errors.get("again"),
            "other_errors": form.non_field_errors(),
        }
    return context
