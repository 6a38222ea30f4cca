"""The page on which a buyer says what a thing is like."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _

from orders.actions.line_review import NotYet, SaidAlready, lines_to_review, review_line, reviewable
from orders.models import Order, OrderLine
from shop.limits import allow

LIMIT, SECONDS = 30, 3600
NOT_YET = _("You can review it once it has arrived.")
ALREADY = _("You have reviewed this already. Thank you.")
STARS = [
    ("5", _("5 stars: very good")),
    ("4", _("4 stars: good")),
    ("3", _("3 stars: all right")),
    ("2", _("2 stars: poor")),
    ("1", _("1 star: bad")),
]


class ReviewForm(forms.Form):
    """A few stars are enough; words are welcome."""

    rating = forms.ChoiceField(
        label=_("How good is it?"),
        choices=STARS,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose how many stars you give it.")},
    )
    title = forms.CharField(label=_("In a few words"), max_length=100, required=False)
    text = forms.CharField(
        label=_("What should others know?"),
        max_length=3000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_("What is it like, what do you use it for, what did you not expect?"),
    )
    author = forms.CharField(
        label=_("Name shown with it"),
        max_length=60,
        error_messages={"required": _("Enter a name to show with it; a first name is enough.")},
    )


def review(request: HttpRequest, token: str, line_id: int) -> HttpResponse:
    """Show the form, and take in what is sent. The order's own address is the key."""
    order = get_object_or_404(Order.objects.by_token(token))
    line = get_object_or_404(OrderLine.objects.select_related("order", "variant__product"), order=order, pk=line_id)
    if request.method != "POST" and line.pk not in {one.pk for one in lines_to_review(order)}:
        # Said before anything is written.
        messages.info(request, ALREADY if reviewable(line) else NOT_YET)
        return redirect(order)
    form = ReviewForm(request.POST or None, initial={"author": order.name.split()[0] if order.name.split() else ""})
    status = 200
    if request.method == "POST" and form.is_valid():
        if allow(request, "review", limit=LIMIT, seconds=SECONDS):
            return _take(request, order, line, form)
        form.add_error(None, _("Too many reviews from here. Please wait an hour."))
        status = 429
    context = {"form": form, "order": order, "line": line}
    response = render(request, "orders/review.html", context, status=422 if form.errors and status == 200 else status)
    response["X-Robots-Tag"] = "noindex"
    return response


def _take(request: HttpRequest, order: Order, line: OrderLine, form: ReviewForm) -> HttpResponse:
    facts = form.cleaned_data
    try:
        review_line(line, rating=int(facts["rating"]), author=facts["author"], title=facts["title"], text=facts["text"])
    except NotYet:
        messages.warning(request, NOT_YET)
    except SaidAlready:
        messages.info(request, ALREADY)
    else:
        messages.success(request, _("Thank you. We read every review before it is shown, mostly within a day."))
    return redirect(order)
