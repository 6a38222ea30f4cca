"""Help for customers: report a problem, ask, follow the case."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from orders.account import account_orders, order_rows, with_parts
from orders.cancellations import cancel_offer
from orders.forms import FindForm
from orders.models import Order
from orders.progress import ParcelCard, parcel_cards
from shop.limits import allow
from shop.models import Variant
from support.actions.ticket import answer_due, customer_writes, open_ticket
from support.forms import ContactForm, CustomerReplyForm, HelpForm
from support.models import Ticket, TicketMessage, Topic
from support.states import TicketStatus
from support.topics import CONTACT_QUESTIONS, ORDER_QUESTIONS, Question, question

LIMIT, SECONDS = 20, 3600
# In the session: when the form was opened, and which case was sent last.
OPENED, SENT = "contact_opened", "contact_sent"
ORDERS_SHOWN = 5
TOO_MANY = gettext_lazy("Too many messages from here. Please wait an hour, or answer one of our mails.")


def order_help(request: HttpRequest, token: str) -> HttpResponse:
    """Ask what it is about, answer what can be answered at once, and take a message for the rest."""
    order = get_object_or_404(Order.objects.by_token(token).exclude(paid_at=None))
    asked = question(ORDER_QUESTIONS, request.POST.get("topic", "") or request.GET.get("topic", ""))
    cards = parcel_cards(order)
    initial = {"topic": asked.slug if asked else ""} | _about_parcel(cards, request.GET.get("parcel", ""))
    if request.GET.get("about") == "address":
        initial["message"] = _("Can you still send it to another address? It is:") + "\n"
    form = HelpForm(request.POST or None, request.FILES or None, order=order, initial=initial)
    if request.method == "POST" and form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            return redirect(_open_for(request, order, form))
        form.add_error(None, TOO_MANY)
    context = {
        "form": form,
        "order": order,
        "parcels": cards,
        "offer": cancel_offer(order),
        "question": asked,
        "questions": ORDER_QUESTIONS,
        "answer_by": answer_due(timezone.now()),
        # Where a page answers, the form is folded away, until somebody has begun to write or came to do so.
        "is_writing": form.is_bound or "parcel" in request.GET or (asked is not None and not asked.answer),
    }
    return _private(render(request, "support/order_help.html", context, status=422 if form.errors else 200))


def _about_parcel(cards: Sequence[ParcelCard], wanted: str) -> dict[str, object]:
    """Fill in what is known when somebody says of one parcel that it is not there."""
    card = next((one for one in cards if str(one.shipment_id) == wanted and one.shipment_id), None)
    if card is None:
        return {}
    facts = {"parcel": card.heading, "arrival": card.arrival_words, "place": card.left_at or "-"}
    facts["number"] = f"{card.carrier} {card.number}".strip() or "-"
    text = _("%(parcel)s (%(number)s) is not here. The carrier says: %(arrival)s, where: %(place)s.")
    return {"lines": [str(item.line_id) for item in card.items], "message": text % facts}


def _open_for(request: HttpRequest, order: Order, form: HelpForm) -> Ticket:
    topic = Topic(form.cleaned_data["topic"])
    quantities = form.quantities()
    first = next((form.order_lines[str(pk)].name for pk in quantities), order.number)
    return open_ticket(
        order=order,
        email=order.email,
        name=order.name,
        topic=topic,
        subject=f"{topic.label}: {first}",
        body=form.cleaned_data["message"],
        lines=quantities,
        photos=form.cleaned_data["photos"],
        form_key=form.cleaned_data["form_key"],
        user=request.user if request.user.is_authenticated else None,
    )


def contact(request: HttpRequest) -> HttpResponse:
    """Ask for the order first, then what it is about; what is left is a form of three fields."""
    if request.method != "POST":
        return _ask_first(request)
    form = ContactForm(request.POST, request.FILES)
    if form.is_valid():
        if form.cleaned_data["website"]:
            # A program: it sees what a person would see, and nothing is kept.
            return _sent(request, None, form.cleaned_data["email"])
        if _is_too_quick(request):
            form.add_error(None, _("That was quicker than anybody types. Please press the button once more."))
        elif not allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            form.add_error(None, TOO_MANY)
        else:
            made = _open_contact(request, form)
            request.session[SENT] = made.pk
            return redirect("support:sent")
    return _contact_page(request, form, question(CONTACT_QUESTIONS, request.POST.get("topic", "")), status=422)


def _ask_first(request: HttpRequest) -> HttpResponse:
    request.session[OPENED] = timezone.now().timestamp()
    asked = question(CONTACT_QUESTIONS, request.GET.get("topic", ""))
    product = _asked_about(request)
    number = request.GET.get("number", "")[:80]
    if asked is None and (product or number):
        asked = question(CONTACT_QUESTIONS, "product" if product else "other")
    user = request.user
    initial = {"email": user.email if user.is_authenticated else "", "number": number}
    initial |= {"topic": asked.slug if asked else "", "product": product}
    return _contact_page(request, ContactForm(initial=initial), asked)


def _contact_page(
    request: HttpRequest, form: ContactForm, asked: Question | None, *, status: int = 200
) -> HttpResponse:
    # An order that is not paid has no help page: nothing of it was sent.
    paid = account_orders(request.user).exclude(paid_at=None)
    context = {
        "form": form,
        "question": asked,
        "questions": CONTACT_QUESTIONS,
        "rows": order_rows(list(with_parts(paid)[:ORDERS_SHOWN])),
        "find_form": FindForm(),
        "answer_by": answer_due(timezone.now()),
        "is_writing": form.is_bound or bool(form.initial.get("number")) or (asked is not None and not asked.answer),
        "seller": settings.SELLER,
    }
    return render(request, "support/contact.html", context, status=status)


def _is_too_quick(request: HttpRequest) -> bool:
    """True for a form that was sent before anybody can have typed it; a second press goes through."""
    if settings.CONTACT_MIN_SECONDS <= 0:
        return False
    now = timezone.now().timestamp()
    opened = request.session.setdefault(OPENED, now)
    return now - float(opened) < settings.CONTACT_MIN_SECONDS


def _open_contact(request: HttpRequest, form: ContactForm) -> Ticket:
    order, user = form.order(), request.user
    return open_ticket(
        order=order,
        email=form.cleaned_data["email"],
        name=order.name if order else "",
        topic=form.question().topic,
        subject=form.subject(),
        body=form.cleaned_data["message"],
        form_key=form.cleaned_data["form_key"],
        photos=form.cleaned_data["photos"],
        user=user if user.is_authenticated else None,
    )


def sent(request: HttpRequest) -> HttpResponse:
    """Say that a message has come, under which number, and when it is answered."""
    made = Ticket.objects.filter(pk=request.session.get(SENT)).first()
    return _sent(request, made, made.email) if made is not None else redirect("support:contact")


def _sent(request: HttpRequest, made: Ticket | None, email: str) -> HttpResponse:
    # A case about an order leads to that order: its link goes to the order's address, not to whoever typed it.
    is_shown = made is not None and made.order_id is None
    context = {"ticket": made, "email": email, "is_shown": is_shown, "answer_by": answer_due(timezone.now())}
    return _private(render(request, "support/sent.html", context))


def _asked_about(request: HttpRequest) -> str:
    """Name the goods that a link asks about, so that nobody types them off; empty for any other link."""
    sku = request.GET.get("about", "").replace("\x00", "")[:40]
    shown = Variant.objects.select_related("product").filter(product__is_published=True)
    variant = shown.filter(sku=sku).first() if sku else None
    if variant is None:
        return ""
    return f"{variant.full_name[:150]} ({variant.sku})"


def ticket(request: HttpRequest, token: str) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order"), token=token)
    form = CustomerReplyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            data = form.cleaned_data
            customer_writes(found, data["message"], form_key=data["form_key"], photos=data["photos"])
            messages.success(request, _("Your message is with us."))
            return redirect(found)
        form.add_error(None, TOO_MANY)
    # The one place that decides what of a case a customer sees: their own thread, nothing else.
    thread = found.messages.filter(thread=TicketMessage.Thread.CUSTOMER)
    context = {
        "ticket": found,
        "state": state_words(found),
        "thread": thread.select_related("user").prefetch_related("attachments"),
        "form": form,
        "is_solved": found.status == TicketStatus.SOLVED,
    }
    return _private(render(request, "support/ticket.html", context, status=422 if form.errors else 200))


def state_words(ticket: Ticket) -> str:
    """Say how a case stands, in the customer's words."""
    return {
        TicketStatus.WAITING_CUSTOMER: _("We have answered. Write below if something is still open."),
        TicketStatus.WAITING_SUPPLIER: _("We have asked the supplier and tell you as soon as they answer."),
        TicketStatus.SOLVED: _("Solved. If something is still open, just write below."),
    }.get(ticket.status, _("With us. We answer by mail and on this page."))


def _private(response: HttpResponse) -> HttpResponse:
    # The address is the key. The site-wide "same-origin" policy keeps it from other sites; "no-referrer"
    # would make browsers send "Origin: null", which the CSRF check refuses.
    response["X-Robots-Tag"] = "noindex"
    return response
