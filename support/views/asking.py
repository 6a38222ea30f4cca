"""Agents ask suppliers, look at what became of it, and note what was answered by telephone."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.calendars import Calendar
from support.actions.ask_supplier import ask_supplier, close_question, supplier_answers
from support.forms_supplier import AskForm, NoteAnswerForm
from support.models import SupplierQuestion, Ticket
from support.views.guard import agents_only

# As suppliers are asked about late goods as well.
ANSWER_DAYS = 2


@agents_only
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    # One that was merged goes on elsewhere.
    asking = Ticket.objects.exclude(order=None).filter(merged_into=None).select_related("order")
    found = get_object_or_404(asking, pk=pk)
    first_day = Calendar(found.order.country.code).add(timezone.localdate(), ANSWER_DAYS)
    chosen = {"supplier_order": request.GET["of"][:20]} if request.GET.get("of", "").isdecimal() else {}
    form = AskForm(request.POST or None, ticket=found, first_day=first_day, initial=chosen)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        ask_supplier(
            found,
            data["supplier_order"],
            data["text"],
            due_at=data["answer_by"],
            by=request.user,
            form_key=data["form_key"],
            files=list(data.get("files") or ()),
        )
        messages.success(request, _("The supplier is being asked; the answer lands here."))
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "form": form, "desk_section": "inbox"}
    return render(request, "desk/ask_supplier.html", context, status=422 if form.errors else 200)


@agents_only
def question(request: HttpRequest, pk: int) -> HttpResponse:
    related = ("ticket__order", "supplier", "supplier_order", "asked_by")
    found = get_object_or_404(SupplierQuestion.objects.select_related(*related), pk=pk)
    form = NoteAnswerForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        supplier_answers(found, data["message"], form_key=data["form_key"], by=request.user)
        messages.success(request, _("Noted; the case is open again."))
        return redirect("desk:ticket", found.ticket_id)
    context = {"question": found, "ticket": found.ticket, "form": form, "desk_section": "inbox"}
    return render(request, "desk/question.html", context, status=422 if form.errors else 200)


@agents_only
@require_POST
def question_close(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SupplierQuestion.objects.select_related("ticket"), pk=pk)
    if close_question(found, by=request.user):
        messages.success(request, _("Closed: nobody waits for that answer any more."))
    return redirect("desk:ticket", found.ticket_id)
