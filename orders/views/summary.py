"""The sums beside the checkout form: what is shown, and whether it is still what would be paid."""

from __future__ import annotations

from dataclasses import replace

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.actions.checkout import open_order
from orders.actions.discount import Buyer, CodeRefused, UnknownCode, may_guess, note_miss
from orders.actions.quote import Quote, QuotedLine, quote_basket
from orders.forms import CheckoutForm
from orders.models import Order
from orders.tax import TaxUnknown
from orders.views.delivery import (
    changed_promises,
    choice_sets,
    chosen_services,
    days_shown,
    imports_shown,
    untold_imports,
)
from orders.views.till import Till
from shop.actions.basket import basket_lines, most_for
from shop.cards import thumb_of
from shop.models import Basket, BasketLine
from shop.places import Place
from shop.visitor import services_of

# The last code that applied may be looked up again, however many others were tried after it.
GOOD_CODE = "discount_code"
# What a customer looks at before they pay, in the order of ``Quote.sums``: when it changed, and when it is new.
CHANGES: tuple[Promise, ...] = (
    gettext_lazy("The goods cost %(now)s now; they were %(before)s."),
    gettext_lazy("Delivery costs %(now)s now; it was %(before)s."),
    gettext_lazy("The discount is %(now)s now; it was %(before)s."),
    gettext_lazy("Tax on top is %(now)s now; it was %(before)s."),
)


def _typed(form: CheckoutForm, name: str) -> str:
    return str(form[name].value() or "").strip()


def _place(form: CheckoutForm) -> Place:
    """Return where the goods go as far as it was typed; an unknown country is the shop's own."""
    country = _typed(form, "country")
    known = country if country in dict(form.fields["country"].choices) else settings.SHOP_COUNTRY
    return Place(known, **{name: _typed(form, name)[:100] for name in ("region", "postcode", "city", "line1")})


def _quote(
    request: HttpRequest,
    form: CheckoutForm,
    lines: list[BasketLine],
    *,
    order: Order | None,
    without_tax: bool = False,
) -> Quote:
    """Work out what the basket costs by the services chosen and with the code typed. Raises TaxUnknown.

    ``order`` is the basket's open one, if any.
    """
    now, code, email = timezone.now(), _typed(form, "code"), _typed(form, "email")
    refusal = None
    if code and code != request.session.get(GOOD_CODE) and not may_guess(request, now=now):
        text = _("Too many codes were tried from here. Please try again in an hour, or order without one.")
        code, refusal = "", CodeRefused(text)
    user = request.user if request.user.is_authenticated else None
    buyer = Buyer(user=user, email=email if "@" in email else "", order=order)
    quote = quote_basket(
        lines,
        _place(form),
        services=services_of(request),
        code=code,
        buyer=buyer,
        now=now,
        without_tax=without_tax,
    )
    if isinstance(quote.refusal, UnknownCode) and request.method == "POST":
        _count_miss(request)
    if quote.code is not None:
        request.session[GOOD_CODE] = code
    return quote if refusal is None else replace(quote, refusal=refusal)


def _quote_or_without_tax(
    request: HttpRequest, form: CheckoutForm, lines: list[BasketLine], *, order: Order | None
) -> Quote:
    try:
        return _quote(request, form, lines, order=order)
    except TaxUnknown:
        return _quote(request, form, lines, order=order, without_tax=True)


def quote_in_basket(request: HttpRequest, form: CheckoutForm, basket: Basket) -> Quote:
    """Work out what the basket costs with the code that was typed there, before any address is known."""
    lines = [line for line in basket_lines(basket) if 0 < line.quantity <= most_for(line)]
    return _quote_or_without_tax(request, form, lines, order=open_order(basket))


def try_code(request: HttpRequest, form: CheckoutForm, basket: Basket) -> CodeRefused | None:
    """Look whether the typed code applies to the basket, counting a guess that misses; None: it does."""
    return quote_in_basket(request, form, basket).refusal


def _count_miss(request: HttpRequest) -> None:
    # One answer may look twice; it is one guess.
    if not getattr(request, "_is_miss_counted", False):
        request._is_miss_counted = True  # type: ignore[attr-defined]
        note_miss(request, now=timezone.now())


def quote_shown(request: HttpRequest, form: CheckoutForm, till: Till) -> Quote | None:
    """Return what would be ordered from a valid form; None, with an error at its place, if nothing can be."""
    try:
        quote = _quote(request, form, till.lines, order=till.order)
    except TaxUnknown:
        text = _("The tax cannot be worked out at the moment, so nothing was ordered. Please try again in a minute.")
        form.add_error(None, text)
        return None
    if quote.stuck:
        names = ", ".join(variant.product.local_name for variant in quote.stuck)
        if quote.region is not None or quote.terms.country != form.cleaned_data["country"]:
            text = _("%(names)s cannot be sent to %(place)s. Please remove it from your basket, or change the address.")
            form.add_error("postcode", text % {"names": names, "place": quote.place_name})
            return None
        text = _("%(names)s cannot be sent to that country. Please remove it from your basket, or change the country.")
        form.add_error("country", text % {"names": names})
        return None
    if quote.refusal is not None:
        form.add_error("code", quote.refusal.words)
        return None
    if quote.is_too_small:
        text = _("%(total)s is less than can be paid by card. Please add something to your basket.")
        form.add_error(None, text % {"total": quote.money(quote.total_minor)})
        return None
    return quote


def was_shown(form: CheckoutForm, quote: Quote) -> bool:
    """False, with errors that say what changed, if what the customer saw is not what they would get and pay.

    A price, a rate, a code or a parcel's days may have changed since, or the country without a look at
    what that costs; and only the postcode tells that goods go to an island with other terms.
    """
    parcels = [one.parcel for one in quote.parcels]
    for text in changed_promises(parcels, form.data.get("days", ""), chosen_services(form.data)):
        form.add_error(None, text)
    for text in untold_imports(parcels, form.data.get("imports")):
        form.add_error(None, text)
    return _sums_were_shown(form, quote) and form.is_valid()


def _sums_were_shown(form: CheckoutForm, quote: Quote) -> bool:
    shown, parts = form.data.get("shown", ""), _numbers(form.data.get("shown_sums", ""))
    total_as_seen = not shown.isdecimal() or int(shown[:12]) == quote.total_minor
    if total_as_seen and parts in {None, quote.sums}:
        return True
    if parts is not None:
        for text, before, now in zip(CHANGES, parts, quote.sums, strict=True):
            if before != now:
                form.add_error(None, text % {"now": quote.money(now), "before": quote.money(before)})
    text = _("The total is %(total)s now: look at the goods and the delivery, and continue if it suits you.")
    form.add_error(None, text % {"total": quote.money(quote.total_minor)})
    return False


def _numbers(text: str) -> tuple[int, ...] | None:
    """Read the sums that stood on the page; None for anything else."""
    parts = text[:80].split(",")
    if len(parts) != len(CHANGES) or not all(part.isascii() and part.isdigit() for part in parts):
        return None
    return tuple(int(part) for part in parts)


def summary(request: HttpRequest, form: CheckoutForm, till: Till) -> dict[str, object]:
    """Return what the page shows of parcels and sums, also where something cannot be sent or the tax is open."""
    quote = _quote_or_without_tax(request, form, till.lines, order=till.order)
    short = [(line, most_for(line)) for line in till.lines if line.quantity > most_for(line)]
    # Whoever comes back from the pay page is told how it stands; whoever presses buttons knows.
    waiting = till.order if request.method != "POST" else None
    return _shown(quote) | {
        "waiting": waiting,
        "stuck": [line for line in till.lines if line.variant in quote.stuck],
        "short": short,
    }


def _shown(quote: Quote) -> dict[str, object]:
    parcels = [one.parcel for one in quote.parcels]
    return {
        "groups": [(one.parcel, [_item(line, quote) for line in one.lines]) for one in quote.parcels],
        "choice_sets": choice_sets(parcels),
        "days": days_shown(parcels),
        "imports": imports_shown(parcels),
        "import_texts": list(dict.fromkeys(parcel.import_text for parcel in parcels if parcel.import_text)),
        "quote": quote,
        "currency": quote.terms.currency,
        "items": quote.money(quote.items_minor),
        "delivery": quote.money(quote.delivery_minor),
        "discount": quote.money(-quote.discount_minor),
        "tax": quote.money(quote.tax_minor),
        "total": quote.money(quote.total_minor),
        "shown_sums": ",".join(str(part) for part in quote.sums),
        "country_name": quote.place_name,
    }


def _item(line: QuotedLine, quote: Quote) -> dict[str, object]:
    variant = line.variant
    return {
        "name": variant.product.local_name,
        "options": variant.options_label,
        "quantity": line.quantity,
        "total": quote.money(line.line_minor),
        "image": thumb_of(variant),
    }
