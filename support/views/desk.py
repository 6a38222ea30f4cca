"""The desk: inbox and case, for support agents only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.actions.cancel import NothingToCancel, cancellable_units
from orders.models import Cancellation, OrderLine
from orders.refund_page import outcome_words, refund_step
from suppliers.actions.returns import NotReturnable
from support.actions.pay_back import reason_for, refund_from_ticket
from support.actions.solve import cancel_line, open_return
from support.actions.ticket import add_note, agent_answers, close_ticket
from support.forms import CancelLineForm, ReplyForm, ReturnForm
from support.models import Return, Ticket
from support.states import TicketStatus
from support.workspace import ticket_context

ACTIVE = Q(status__in=[TicketStatus.NEW, TicketStatus.OPEN])
PER_PAGE = 50
View = Callable[..., HttpResponse]


def agents_only(view: View) -> View:
    """Let agents in, send strangers to the log-in, refuse everybody else."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not request.user.has_perm("support.change_ticket"):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


@agents_only
def inbox(request: HttpRequest) -> HttpResponse:
    mine = Q(owner=request.user.pk)
    views = {
        "open": (_("To answer"), ACTIVE),
        "mine": (_("Mine"), mine & ~Q(status=TicketStatus.SOLVED)),
        "late": (_("Late"), ACTIVE & Q(answer_due_at__lt=timezone.now())),
        "customer": (_("Waiting for the customer"), Q(status=TicketStatus.WAITING_CUSTOMER)),
        "supplier": (_("Waiting for the supplier"), Q(status=TicketStatus.WAITING_SUPPLIER)),
        "solved": (_("Solved"), Q(status=TicketStatus.SOLVED)),
    }
    query = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    chosen = request.GET.get("view", "open")
    chosen = chosen if chosen in views else "open"
    found = Ticket.objects.filter(_matches(query) if query else views[chosen][1]).distinct()
    counts = Ticket.objects.aggregate(**{name: Count("pk", filter=rule) for name, (_label, rule) in views.items()})
    page = Paginator(found.select_related("order", "owner"), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "views": [(name, label, counts[name], name == chosen and not query) for name, (label, _rule) in views.items()],
        "page_obj": page,
        "querystring": f"view={chosen}",
        "query": query,
        "now": timezone.now(),
        "desk_section": "inbox",
    }
    return render(request, "desk/inbox.html", context)


def _matches(query: str) -> Q:
    return (
        Q(number__iexact=query)
        | Q(email__icontains=query)
        | Q(name__icontains=query)
        | Q(subject__icontains=query)
        | Q(order__number__icontains=query)
        | Q(order__shipments__tracking_number__iexact=query)
    )


@agents_only
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order", "owner"), pk=pk)
    return render(request, "desk/ticket.html", ticket_context(request, found))


@agents_only
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    return _write(request, pk, agent_answers, "reply_form", _("Sent to the customer."))


@agents_only
@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    return _write(request, pk, add_note, "note_form", _("Note kept."))


def _write(request: HttpRequest, pk: int, action: Callable[..., bool], name: str, done: str) -> HttpResponse:
    found = get_object_or_404(Ticket, pk=pk)
    form = ReplyForm(request.POST, prefix="note" if name == "note_form" else None)
    if not form.is_valid():
        context = ticket_context(request, found) | {name: form, "has_errors": True}
        return render(request, "desk/ticket.html", context, status=422)
    action(found, form.cleaned_data["message"], by=request.user, form_key=form.cleaned_data["form_key"])
    messages.success(request, done)
    return redirect("desk:ticket", pk)


@agents_only
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    close_ticket(get_object_or_404(Ticket, pk=pk), by=request.user)
    messages.success(request, _("Closed as solved."))
    return redirect("desk:ticket", pk)


@agents_only
def refund(request: HttpRequest, pk: int, line_id: int) -> HttpResponse:
    if not request.user.has_perm("orders.add_refund"):
        raise PermissionDenied
    found = get_object_or_404(Ticket.objects.exclude(order=None).select_related("order"), pk=pk)
    line = get_object_or_404(found.order.lines.select_related("order"), pk=line_id)
    confirm = partial(refund_from_ticket, found, by=request.user)
    step = refund_step(request, found.order, chosen=line, reason=reason_for(found), confirm=confirm)
    if step.confirmed is not None:
        level = messages.WARNING if step.confirmed.request else messages.SUCCESS
        messages.add_message(request, level, outcome_words(found.order, step.confirmed))
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "line": line, "desk_section": "inbox"} | step.context
    return render(request, "desk/refund.html", context, status=step.status)


@agents_only
def cancel(request: HttpRequest, pk: int, line_id: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.exclude(order=None), pk=pk)
    line = get_object_or_404(found.order.lines.select_related("order"), pk=line_id)
    initial = {"reason": Cancellation.Reason.CUSTOMER_REQUEST}
    most = cancellable_units(found.order).get(line.pk, 0)
    form = CancelLineForm(request.POST or None, most=most, initial=initial)
    if request.method == "POST" and _is_cancelled(request, found, line, form):
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "line": line, "form": form, "title": _("Cancel"), "button": _("Cancel it")}
    return render(request, "desk/line_action.html", context, status=422 if form.errors else 200)


def _is_cancelled(request: HttpRequest, found: Ticket, line: OrderLine, form: CancelLineForm) -> bool:
    # Sent a second time, nothing is left to ask for; that is no mistake of the agent's.
    known = Cancellation.objects.filter(key=f"ticket-{request.POST.get('form_key', '')}"[:80], order=found.order)
    if not known.exists():
        if not form.is_valid():
            return False
        data = form.cleaned_data
        reason = Cancellation.Reason(data["reason"])
        try:
            cancel_line(found, line, quantity=data["quantity"], reason=reason, by=request.user, key=data["form_key"])
        except NothingToCancel:
            form.add_error(None, _("Somebody was faster: nothing of it can be cancelled any more. Look again."))
            return False
    messages.success(request, _("Noted. What no supplier has is cancelled at once; the others are asked now."))
    return True


@agents_only
def return_line(request: HttpRequest, pk: int, line_id: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.exclude(order=None), pk=pk)
    line = get_object_or_404(found.order.lines.select_related("order"), pk=line_id)
    form = ReturnForm(request.POST or None, line=line)
    if request.method == "POST" and form.is_valid():
        if found.returns.filter(order_line=line).exists():
            messages.info(request, _("A return of this line is already open."))
            return redirect("desk:ticket", pk)
        data = form.cleaned_data
        try:
            solution = Return.Solution(data["solution"])
            open_return(found, line, quantity=data["quantity"], solution=solution, note=data["note"], by=request.user)
        except NotReturnable:
            form.add_error(None, _("No supplier has sent so many units of it yet."))
        else:
            messages.success(request, _("The supplier is being asked; the answer lands here."))
            return redirect("desk:ticket", pk)
    context = {"ticket": found, "line": line, "form": form, "title": _("Return"), "button": _("Ask the supplier")}
    return render(request, "desk/line_action.html", context, status=422 if form.errors else 200)
