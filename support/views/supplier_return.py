"""Where a supplier answers about one return: on its signed page, or through one of us who was told it."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from shop.limits import allow
from suppliers.actions.returns_told import NotNow, take_told
from suppliers.models import SupplierReturn
from suppliers.reasons import return_reason
from support.actions.ticket import Author, Thread, tell_thread
from support.forms_supplier_return import Said, goods_of, return_form_for
from support.models import Return
from support.question_links import Lapsed
from support.return_links import supplier_return_of
from support.returning.words import photo_links
from support.views.guard import agents_only
from support.views.supplier_question import private

LIMIT, SECONDS = 20, 3600


def page(request: HttpRequest, signed: str) -> HttpResponse:
    try:
        row = supplier_return_of(signed)
    except Lapsed:
        return private(render(request, "support/supplier_lapsed.html", status=410))
    if row is None:
        raise Http404
    form = _form(request, row)
    if request.method == "POST" and (form is None or form.is_valid()):
        if form is not None and not allow(request, "supplier-return", limit=LIMIT, seconds=SECONDS):
            form.add_error(None, _("That is a lot of answers in one hour. Please try again later."))
        else:
            _take(request, row, form, thanks=_("Thank you, your answer is with us."))
            return private(redirect("supplier-return", signed))
    status = 422 if form is not None and form.errors else 200
    return private(render(request, "support/supplier_return.html", _context(row, form), status=status))


@agents_only
def noted(request: HttpRequest, pk: int) -> HttpResponse:
    """Note what a supplier's people said on the telephone, on the form that they would have."""
    related = ("ticket", "supplier_return__supplier_order__supplier__delivery_profile", "supplier_return__order")
    back = get_object_or_404(Return.objects.exclude(supplier_return=None).select_related(*related), pk=pk)
    row = back.supplier_return
    form = _form(request, row)
    if request.method == "POST" and (form is None or form.is_valid()):
        if _take(request, row, form, thanks=_("Noted; what follows from it happens in a moment.")):
            text = _("%(number)s: noted by %(name)s for the supplier.")
            facts = {"number": back.number, "name": request.user.get_short_name()}
            tell_thread(back.ticket, Thread.INTERNAL, text % facts, author=Author.SYSTEM)
        return redirect("desk:ticket", back.ticket_id)
    context = _context(row, form) | {"back": back, "ticket": back.ticket, "desk_section": "inbox"}
    status = 422 if form is not None and form.errors else 200
    return render(request, "desk/return_word.html", context, status=status)


def _form(request: HttpRequest, row: SupplierReturn) -> Said | None:
    """Return the form of what is asked now; None if nothing is, or if what was sent answers another question."""
    kind = return_form_for(row)
    is_sent = request.method == "POST"
    if kind is None or (is_sent and request.POST.get("about", kind.ABOUT) != kind.ABOUT):
        return None
    return kind(request.POST if is_sent else None, row=row)


def _take(request: HttpRequest, row: SupplierReturn, form: Said | None, *, thanks: str) -> bool:
    try:
        if form is None:
            raise NotNow(row.status)
        take_told(row, form.told())
    except NotNow:
        # Sent twice, or somebody was faster: nothing is lost on us, and nothing is written twice.
        messages.info(request, _("That was answered before, so we have not taken in another answer."))
        return False
    messages.success(request, thanks)
    return True


def _context(row: SupplierReturn, form: Said | None) -> dict[str, object]:
    back = Return.objects.select_related("ticket", "supplier_return").filter(supplier_return=row).first()
    return {
        "row": row,
        "order": row.supplier_order,
        "form": form,
        # The goods and what is wrong with them; no name, address, price or mail of the customer's is needed to answer.
        "goods": [(one, return_reason(one.reason_code)) for one in goods_of(row)],
        # Signed anew: the page outlives the links that went out with the question.
        "photos": photo_links(back) if form is not None and back is not None else [],
        "is_withdrawn": row.status == SupplierReturn.Status.CANCELLED,
        "resolution": row.last_copy.get("resolution") or {},
    }
