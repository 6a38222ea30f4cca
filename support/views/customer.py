"""Help for customers: report a problem, ask, follow the case."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.forms.utils import ErrorDict
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from orders.account import account_orders, order_rows, with_parts
from orders.address_offer import LATE_KEY, address_offer
from orders.cancellations import cancel_offer
from orders.forms import FindForm
from orders.models import Order
from orders.periods import withdrawal_of
from orders.progress import ParcelCard, parcel_cards
from shop.limits import allow
from shop.models import Variant
from support.actions.knowledge import note_asked, note_shown
from support.actions.ticket import answer_due, open_ticket
from support.forms import ContactForm, HelpForm
from support.knowledge import Answer, stage_of, suggest
from support.models import Ticket, Topic
from support.topics import CONTACT_QUESTIONS, ORDER_QUESTIONS, Question, question

LIMIT, SECONDS = 20, 3600
# In the session: when the form was opened, and which case was sent last.
OPENED, SENT = "contact_opened", "contact_sent"
ORDERS_SHOWN = 5
TOO_MANY = gettext_lazy("Too many messages from here. Please wait an hour, or answer one of our mails.")


def order_help(request: HttpRequest, token: str) -> HttpResponse:
    """Ask what it is about, answer what can be answered at once, and take a message for the rest."""
    order = get_object_or_404(Order.objects.by_token(token).exclude(paid_at=None))
    asked = _asked(request, ORDER_QUESTIONS)
    cards = parcel_cards(order)
    initial = {"topic": asked.topic if asked else ""} | _about_parcel(cards, request.GET.get("parcel", ""))
    if (asked and asked.answer == "address") or request.GET.get("about") == "address":
        initial["message"] = (
            _("Can you still send it to another address? It is:") + "\n" + _late_address(request, order)
        )
    form = HelpForm(request.POST or None, request.FILES or None, order=order, initial=initial)
    if request.method == "POST" and "look" not in request.POST and form.is_valid():
        if allow(request, "ticket", limit=LIMIT, seconds=SECONDS):
            return redirect(_open_for(request, order, form))
        form.add_error(None, TOO_MANY)
    context = _answers(request, form, asked, stage=stage_of(order)) | {
        "form": form,
        "order": order,
        "parcels": cards,
        "offer": cancel_offer(order),
        "address": address_offer(order),
        "question": asked,
        "questions": ORDER_QUESTIONS,
        "answer_by": answer_due(timezone.now()),
        "withdrawal": withdrawal_of(order),
        # Where a page answers, the form is folded away, until somebody has begun to write or came to do so.
        "is_writing": form.is_bound or "parcel" in request.GET or (asked is not None and not asked.answer),
    }
    return private(render(request, "support/order_help.html", context, status=_status(request, form)))


def _late_address(request: HttpRequest, order: Order) -> str:
    late = request.session.get(LATE_KEY, {})
    return "\n".join(late["lines"]) if late.get("order") == order.number else ""


def _asked(request: HttpRequest, questions: list[Question]) -> Question | None:
    """Return what it is about: the link's choice, for two of them may share a topic, else the form's."""
    return question(questions, request.GET.get("topic", "")) or question(questions, request.POST.get("topic", ""))


def _status(request: HttpRequest, form: HelpForm | ContactForm) -> int:
    return 422 if form.is_bound and form.errors else 200


def _answers(
    request: HttpRequest, form: HelpForm | ContactForm, asked: Question | None, *, stage: str = ""
) -> dict[str, object]:
    """Return the answers that fit what somebody is about to write, and count that they see them.

    Whoever has typed already, and asked for a look first, gets those that fit the words.
    """
    is_look = "look" in request.POST
    if is_look:
        # Nothing is sent yet, so nothing is wrong yet.
        form._errors = ErrorDict()  # type: ignore[attr-defined]
    typed = request.POST.get("message", "") if is_look else ""
    found: list[Answer] = []
    if asked is not None or is_look:
        # A topic says more than its name; what has none of its own is known by its words, but "something else" has none.
        is_told = asked is not None and asked.topic == Topic.QUESTION and asked.slug not in {"other", Topic.QUESTION}
        said = str(asked.label) if asked is not None and is_told else ""
        found = suggest(topic=asked.topic if asked else "", stage=stage, typed=f"{said} {typed}")
        own = [f"answer:{asked.answer}"] if asked is not None and asked.answer and not is_look else []
        note_shown(request, [*own, *(one.slug for one in found)])
    return {"answers": found, "is_look": is_look, "looked": is_look and not found}


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
    note_asked(request)
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
    asked = _asked(request, CONTACT_QUESTIONS)
    if "look" in request.POST:
        return _contact_page(request, form, asked)
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
            note_asked(request)
            request.session[SENT] = made.pk
            return redirect("support:sent")
    return _contact_page(request, form, asked, status=422)


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
    context = _answers(request, form, asked) | {
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
    return private(render(request, "support/sent.html", context))


def _asked_about(request: HttpRequest) -> str:
    """Name the goods that a link asks about, so that nobody types them off; empty for any other link."""
    sku = request.GET.get("about", "").replace("\x00", "")[:40]
    shown = Variant.objects.select_related("product").filter(product__is_published=True)
    variant = shown.filter(sku=sku).first() if sku else None
    if variant is None:
        return ""
    return f"{variant.full_name[:150]} ({variant.sku})"


def private(response: HttpResponse) -> HttpResponse:
    # The address is the key. The site-wide "same-origin" policy keeps it from other sites; "no-referrer"
    # would make browsers send "Origin: null", which the CSRF check refuses.
    response["X-Robots-Tag"] = "noindex"
    return response
