"""The page on which a supplier answers one question: by a signed link, without a log-in, and nothing else of ours."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop.limits import allow
from suppliers.models import SupplierOrderLine
from support.actions.ask_supplier import supplier_answers
from support.forms_supplier import AnswerForm
from support.models import SupplierQuestion
from support.question_links import Lapsed, question_of
from support.states import QuestionStatus
from support.views.files import answer_with

LIMIT, SECONDS = 20, 3600


def question(request: HttpRequest, signed: str) -> HttpResponse:
    try:
        found = _found(signed)
    except Lapsed:
        return private(render(request, "support/supplier_lapsed.html", status=410))
    form = AnswerForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and found.is_open and form.is_valid():
        if allow(request, "supplier-question", limit=LIMIT, seconds=SECONDS):
            data = form.cleaned_data
            told = {"new_day": data["new_day"], "photos": data["photos"], "form_key": data["form_key"]}
            supplier_answers(found, data["message"], **told)
            return redirect("supplier-question", signed)
        form.add_error(None, _("That is a lot of answers in one hour. Please try again later, or answer our mail."))
    elif request.method == "POST" and not found.is_open:
        # Answered twice, or too late: nothing is lost on us, and nothing is written twice.
        messages.info(
            request, _("This question was answered or closed before, so we have not taken in another answer.")
        )
        return redirect("supplier-question", signed)
    status = 422 if form.is_bound and form.errors else 200
    return private(render(request, "support/supplier_question.html", _context(found, form, signed), status=status))


def _found(signed: str) -> SupplierQuestion:
    found = question_of(signed)
    if found is None:
        raise Http404
    return found


def _context(found: SupplierQuestion, form: AnswerForm, signed: str) -> dict[str, object]:
    lines = SupplierOrderLine.objects.filter(supplier_order=found.supplier_order_id).exclude(supplier_order=None)
    return {
        "question": found,
        "form": form,
        "signed": signed,
        # By the supplier's own number of the goods: no name, price or address of the customer's is needed to answer.
        "lines": lines.select_related("order_line"),
        "files": found.files.all(),
        "is_open": found.is_open,
        "is_answered": found.status == QuestionStatus.ANSWERED,
    }


@require_safe
def question_file(request: HttpRequest, signed: str, token: str) -> HttpResponse:
    try:
        found = _found(signed)
    except Lapsed as error:
        raise Http404 from error
    file = found.files.filter(token=token).first()
    # Once it is answered, nobody needs to look at a customer's picture any more.
    if file is None or not found.is_open:
        raise Http404
    return answer_with(file)


def private(response: HttpResponse) -> HttpResponse:
    """Keep an answer at a signed address out of caches and search engines."""
    # The address is the key: no search engine, cache or other site may have it.
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Cache-Control"] = "private, no-store"
    return response
