"""Who may go on to the pay page: the pages that card testers meet, and honest customers hardly ever."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from orders.actions.checkout import open_order
from orders.actions.defence import Limited, Visit, admit, expect_room, is_circuit_open
from orders.challenge import is_right, new_question
from orders.forms import CheckForm
from orders.models import CheckoutSession, Order, PayAttempt
from shop.actions.basket import basket_of
from shop.limits import allow, network
from shop.models import Basket

OPENED, QUESTION, ANSWERED, BACK = "checkout_opened", "check_question", "check_answered", "check_back"
# An answer is good for one pay page, and for so long.
GOOD_FOR_SECONDS = 900
# Wrong answers from one address, in so many seconds.
MOST_WRONG, WRONG_SECONDS = 20, 600

View = Callable[..., HttpResponse]


class NotAsked(Exception):
    """A question must be answered first."""


def guarded(view: View) -> View:
    """Answer with the page that says what to do when a view raises Limited or NotAsked."""

    @wraps(view)
    def inner(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except Limited as error:
            return limited(request, error.retry_after)
        except NotAsked:
            request.session[BACK] = _way_back(kwargs)
            return redirect("orders:check")

    return inner


def _way_back(kwargs: dict[str, object]) -> str:
    # Of addresses that we make ourselves; none that a visitor could have brought along.
    return reverse("orders:detail", kwargs=kwargs) if "token" in kwargs else reverse("orders:checkout")


def limited(request: HttpRequest, retry_after: int) -> HttpResponse:
    """Say when it goes on and what can be done until then; basket and form are kept."""
    basket = basket_of(request)
    order = open_order(basket) if basket is not None else None
    context = {
        "again_at": timezone.now() + timedelta(seconds=retry_after),
        "minutes": -(-retry_after // 60),
        "order": order,
    }
    response = render(request, "orders/limited.html", context, status=429)
    response["Retry-After"] = str(retry_after)
    return response


def note_opened(request: HttpRequest, basket: Basket) -> None:
    """Remember since when this visitor has the form for what is in the basket now."""
    key = f"{basket.pk}:{basket.generation}"
    known = request.session.get(OPENED)
    if not isinstance(known, dict) or known.get("basket") != key:
        request.session[OPENED] = {"basket": key, "at": timezone.now().timestamp()}


def is_too_quick(request: HttpRequest, basket: Basket) -> bool:
    """True for a form that nobody had the time to read; what was typed is kept, and a second press goes through."""
    if settings.CHECKOUT_MIN_SECONDS <= 0:
        return False
    note_opened(request, basket)
    return timezone.now().timestamp() - request.session[OPENED]["at"] < settings.CHECKOUT_MIN_SECONDS


def visit_of(request: HttpRequest, *, email: str, basket: Basket | None) -> Visit:
    """Return by what this visitor is counted; nothing of it can be read back."""
    if request.session.session_key is None:
        request.session.create()
    user = request.user
    # Whoever types somebody else's address must not use up what that person may: an account counts by itself.
    is_own = user.is_authenticated and user.email.lower() == email.strip().lower()
    return Visit(
        network=_hashed("network", network(request)),
        visitor=_hashed("visitor", str(request.session.session_key)),
        email=_hashed("email", f"account {user.pk}" if is_own else _plain(email)),
        basket=str(basket.pk) if basket is not None else "",
    )


def _plain(email: str) -> str:
    # one+two@example.com is one@example.com.
    name, _at, host = email.strip().lower().rpartition("@")
    return f"{name.partition('+')[0]}@{host}"


def _hashed(what: str, text: str) -> str:
    return salted_hmac("orders.defence", f"{what}:{text}").hexdigest()[:32] if text else ""


def ask_leave(request: HttpRequest, visit: Visit, *, gives_up: bool) -> None:
    """Raise Limited or NotAsked before anything is made or given up, for a new order that costs something.

    Whoever gives up nothing is counted only when the order is made: should there be no room, it is undone.
    """
    if gives_up:
        expect_room(visit, now=timezone.now())
    _expect_answer(request)


def ask_to_pay(request: HttpRequest, session: CheckoutSession, *, is_counted: bool) -> None:
    """Count a pay page that is about to be opened, once, and use up the answer. Raises Limited or NotAsked.

    ``is_counted``: it is known to have been counted.
    """
    is_counted = is_counted or session.state != CheckoutSession.State.NEW
    is_counted = is_counted or PayAttempt.objects.filter(session=session).exists()
    if not is_counted:
        _expect_answer(request)
        order: Order = session.order
        admit(session, visit_of(request, email=order.email, basket=order.basket), now=timezone.now())
    # The next pay page needs its own.
    request.session.pop(ANSWERED, None)


def _expect_answer(request: HttpRequest) -> None:
    good_until = request.session.get(ANSWERED, 0)
    if good_until < timezone.now().timestamp() and is_circuit_open():
        raise NotAsked


def check(request: HttpRequest) -> HttpResponse:
    """Ask a question that needs no script and nobody else's service; then go on where the visitor was."""
    back = request.session.get(BACK)
    if back is None:
        return redirect("orders:checkout")
    asked = request.session.get(QUESTION)
    if asked is None or request.method != "POST":
        asked = asked or _ask(request)
        return render(request, "orders/check.html", {"form": CheckForm(asked["text"])})
    form = CheckForm(asked["text"], request.POST)
    if form.is_valid():
        if is_right(form.cleaned_data["answer"], asked["answers"]):
            return _pass(request, back)
        # Only wrong ones count: many honest people may sit behind one address.
        if not allow(request, "check", limit=MOST_WRONG, seconds=WRONG_SECONDS):
            return limited(request, WRONG_SECONDS)
        form = CheckForm(_ask(request)["text"], wrong=_("That is not it. Here is another question."))
    return render(request, "orders/check.html", {"form": form}, status=422)


def _ask(request: HttpRequest) -> dict[str, object]:
    text, answers = new_question()
    request.session[QUESTION] = {"text": text, "answers": answers}
    return request.session[QUESTION]


def _pass(request: HttpRequest, back: str) -> HttpResponse:
    for name in (QUESTION, BACK):
        request.session.pop(name, None)
    request.session[ANSWERED] = timezone.now().timestamp() + GOOD_FOR_SECONDS
    messages.success(request, _("Thank you. Everything is as you left it: go on to the payment now."))
    return redirect(back)
