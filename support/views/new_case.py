"""A case that an agent opens for a customer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from support.actions.new_case import open_for_customer
from support.forms import NewCaseForm
from support.models import Topic
from support.views.guard import agents_only


@agents_only
def new(request: HttpRequest) -> HttpResponse:
    initial = {"whom": request.GET.get("order", "")[:100], "is_note": "message", "topic": Topic.QUESTION}
    form = NewCaseForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data, order = form.cleaned_data, form.order
        made = open_for_customer(
            order=order,
            email=form.email,
            name="",
            topic=Topic(data["topic"]),
            subject=data["subject"],
            body=data["message"],
            is_note=data["is_note"] == "note",
            by=request.user,
            form_key=data["form_key"],
        )
        messages.success(request, _("Opened.") if data["is_note"] == "note" else _("Opened, and sent to the customer."))
        return redirect("desk:ticket", made.pk)
    context = {"form": form, "desk_section": "new"}
    return render(request, "desk/new.html", context, status=422 if form.errors else 200)
