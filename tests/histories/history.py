"""Draw a history of so many orders from a seed, and let it happen."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from django.utils import timezone, translation

from orders.actions.cancel import NothingToCancel, request_cancellation
from orders.actions.checkout import Address, give_up, place_order
from orders.actions.email_address import correct_email
from orders.actions.payment import note_declined, record_payment
from orders.actions.transfer import record_transfer
from shop.actions.delivery import ZoneTerms
from shop.models import Market, MarketCountry, User, Variant
from shop.models.catalogue import Availability
from suppliers.actions.catalog import write_best_offers
from suppliers.adapters import ADAPTERS
from suppliers.models import Offer, Supplier
from tests.factories import add_offer, make_basket, make_supplier, make_variant, standard
from tests.histories import plots
from tests.histories.days import window
from tests.histories.plots import MAY_HAVE_OTHER, PLOTS, Line, Plot
from tests.histories.warehouse import SECRET, PaperAdapter
from tests.histories.world import Sold, World

# A Tuesday; until the last order has come there is no public holiday where these goods go.
BEGINS = datetime(2027, 2, 2, 7, tzinfo=UTC)
SALE_DAYS, DAYS = 8, 27
TRANSIT = {"IE": (1, 2), "DE": (3, 5), "FR": (2, 4)}
TOWNS = {"IE": ("Dublin", "D02 X285"), "DE": ("Berlin", "10115"), "FR": ("Lyon", "69001")}
# One market in which silence does not always wait, as in the United States; shorter, so that it falls into a history.
SILENCE = {"FR": (2, 4)}
SLUGS = ("harbour", "meridian")
PAYMENTS = ["at_once"] * 11 + ["declined", "transfer", "again", "never", "refused", "sold_out"]
WISHES = [""] * 10 + ["early", "placed", "gone"]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One order as it was drawn: who buys what when, and what goes wrong where."""

    serial: int
    at: datetime
    country: str
    language: str
    units: dict[str, int]
    plots: dict[str, Plot]
    payment: str = "at_once"
    wish: str = ""
    answer: str = ""
    has_other: bool = False
    is_known: bool = False
    corrects: bool = False

    @property
    def email(self) -> str:
        """The address; every known customer buys several times."""
        return f"known{self.serial % 7}@example.com" if self.is_known else f"guest{self.serial}@example.com"

    @property
    def others(self) -> frozenset[str]:
        """The goods that another supplier has as well; of two that are rejected one."""
        fitting = sorted(slug for slug, plot in self.plots.items() if plot in MAY_HAVE_OTHER)
        return frozenset(fitting[: self.has_other])


def draw(seed: int, count: int) -> list[Scheme]:
    """Draw so many orders; every plot comes up before any does twice."""
    rng, deck, schemes = Random(seed), [], []
    for serial in range(count):
        slugs = SLUGS if rng.random() < 0.4 else (rng.choice(SLUGS),)
        chosen: dict[str, Plot] = {}
        for slug in slugs:
            deck = deck or rng.sample(PLOTS, len(PLOTS))
            chosen[slug] = deck.pop()
        country = rng.choice(["IE", "IE", "DE", "FR"])
        minutes = rng.randrange(0, 12 * 60, 15)
        scheme = Scheme(
            serial,
            BEGINS + timedelta(days=rng.randrange(SALE_DAYS), minutes=minutes),
            country,
            "de" if country == "DE" or rng.random() < 0.15 else "en-gb",
            {slug: rng.randint(2, 3) for slug in slugs},
            chosen,
            payment=rng.choice(PAYMENTS),
            wish=rng.choice(WISHES),
            answer=rng.choice(["", "", "wait", "cancel"]),
            has_other=rng.random() < 0.6,
            is_known=rng.random() < 0.3,
            corrects=rng.random() < 0.05,
        )
        schemes.append(scheme)
    return schemes


class History:
    """A shop with its suppliers and goods, in which schemes come true."""

    def __init__(self, monkeypatch: Any, settings: Any, schemes: list[Scheme], *, days: int = DAYS) -> None:
        monkeypatch.setitem(ADAPTERS, "paper", PaperAdapter)
        settings.BANK_TRANSFER_IBAN = settings.BANK_TRANSFER_IBAN or "IE29AIBK93115212345678"
        # As they are in a shop; tests of other things wait for nothing.
        settings.FORWARD_GRACE_SECONDS, settings.DELAY_SETTLE_SECONDS = 600, 60
        self.world = World(monkeypatch, settings, BEGINS)
        self.until = BEGINS + timedelta(days=days)
        self._stock_up()
        for scheme in schemes:
            self.world.plan(scheme.at, partial(self._sell, scheme))

    def live(self) -> None:
        """Let all of it happen."""
        self.world.run(self.until)

    def _stock_up(self) -> None:
        zones = tuple(ZoneTerms(place, [place], [standard(390, None, *days)]) for place, days in TRANSIT.items())
        fields = {"adapter": "paper", "capabilities": ["cancel", "delivery_events", "inquiries"], "uses_polling": False}
        for slug in (*SLUGS, "quay"):
            supplier = make_supplier(slug, zones=zones, **fields)
            supplier.webhook_secret = f"whsec_{SECRET}"
            supplier.save()
        self.goods = {slug: make_variant(_supplier(slug), stock=None) for slug in SLUGS}
        self.shared = {slug: make_variant(_supplier(slug), stock=None) for slug in SLUGS}
        for variant in self.shared.values():
            add_offer(_supplier("quay"), variant, stock=None)
        for country, (silence, consent) in SILENCE.items():
            MarketCountry.objects.filter(country=country).delete()
            market = Market.objects.create(
                name=f"As in {country}", silence_waits_days=silence, consent_within_days=consent
            )
            MarketCountry.objects.create(market=market, country=country)

    # --- an order and its money

    def _sell(self, scheme: Scheme) -> None:
        world, now = self.world, timezone.now()
        city, postcode = TOWNS[scheme.country]
        address = Address(
            email=scheme.email, name="Alex Byrne", line1="12 Main Street", city=city, postcode=postcode,
            country=scheme.country,
        )  # fmt: skip
        user = None
        if scheme.is_known:
            user = User.objects.filter(email=scheme.email).first() or User.objects.create_user(scheme.email)
        goods = [(self._variant(scheme, slug), units) for slug, units in scheme.units.items()]
        pay_with = "bank_transfer" if scheme.payment == "transfer" else "stripe"
        with translation.override(scheme.language):
            order = place_order(make_basket(*goods), address, user=user, now=now, pay_with=pay_with)
        order.sessions.update(due_at=None)
        sold = Sold(order, scheme.email, scheme.answer, others=scheme.others)
        sold.home = {slug: slug for slug in scheme.units}
        world.sold[sold.number] = sold
        cancels = {}
        for slug in scheme.units:
            world.houses.manners[sold.number, slug] = drawn = plots.manners(Random(f"{scheme.serial}{slug}"))
            cancels[slug] = drawn.cancels
        world.note(
            sold,
            "sold",
            email=scheme.email,
            language=scheme.language,
            market=SILENCE.get(scheme.country),
            transfer=pay_with != "stripe",
            parts={slug: (units, TRANSIT[scheme.country]) for slug, units in scheme.units.items()},
            cancels=cancels,
            others=scheme.others,
        )
        getattr(self, f"_pays_{scheme.payment}")(scheme, sold)

    def _variant(self, scheme: Scheme, slug: str) -> Variant:
        if scheme.payment == "sold_out":
            return make_variant(_supplier(slug), stock=9)
        return (self.shared if slug in scheme.others else self.goods)[slug]

    def _later(self, hours: float, deed: Any, *args: Any) -> None:
        self.world.plan(self.world.now + timedelta(hours=hours), partial(deed, *args))

    def _pays_at_once(self, scheme: Scheme, sold: Sold) -> None:
        self._pay(scheme, sold)

    def _pays_declined(self, scheme: Scheme, sold: Sold) -> None:
        self._pays_refused(scheme, sold)
        self._later(0.75, self._pay, scheme, sold)

    def _pays_refused(self, scheme: Scheme, sold: Sold) -> None:
        for number in (1, 2):
            self._later(number / 4, self._decline, sold, f"pi_{sold.number}_{number}")

    def _pays_never(self, scheme: Scheme, sold: Sold) -> None:
        self._later(2, self._run_out, sold)

    def _pays_transfer(self, scheme: Scheme, sold: Sold) -> None:
        self._later(50, self._pay, scheme, sold)

    def _pays_again(self, scheme: Scheme, sold: Sold) -> None:
        self._later(2, self._run_out, sold)
        self._later(26, self._pay, scheme, sold)

    def _pays_sold_out(self, scheme: Scheme, sold: Sold) -> None:
        self._later(2, self._run_out, sold)
        self._later(3, self._sell_out, sold)
        self._later(26, self._pay, scheme, sold)

    def _decline(self, sold: Sold, intent: str) -> None:
        note_declined(sold.order, intent_id=intent, code="card_declined")
        self.world.note(sold, "declined")

    def _run_out(self, sold: Sold) -> None:
        give_up(sold.order)
        self.world.note(sold, "ran_out")

    def _sell_out(self, sold: Sold) -> None:
        variants = list(sold.order.lines.values_list("variant", flat=True))
        Offer.objects.filter(variant__in=variants).update(stock=0, availability=Availability.OUT_OF_STOCK)
        write_best_offers(variants)
        self.world.note(sold, "sold_out")

    def _pay(self, scheme: Scheme, sold: Sold) -> None:
        order, now = sold.order, self.world.now
        if order.pay_with == "stripe":
            record_payment(order, stripe_id=f"pi_{order.number}", paid=order.total)
        else:
            record_transfer(order, received=order.total, key=order.number, by=None)
        order.payments.update(due_at=None)
        self.world.note(sold, "paid")
        if scheme.payment == "sold_out":
            return
        for slug in scheme.units:
            sold.way[slug] = window(now, TRANSIT[scheme.country])
        # Whether it was promised as the rule says is looked at once the shop has taken the payment in.
        self._later(1 / 30, self._note_promises, sold)
        for slug, units in scheme.units.items():
            scheme.plots[slug](Line(self.world, sold, slug, units, Random(f"{scheme.serial}{slug}")))
        self._wish_later(scheme, sold)

    def _note_promises(self, sold: Sold) -> None:
        for delivery in sold.order.deliveries.select_related("profile"):
            if delivery.profile.code in sold.home:
                days = (delivery.promised_earliest_on, delivery.promised_latest_on, delivery.ship_by_on)
                self.world.note(sold, "promised", delivery.profile.code, days=days)

    # --- what a customer wants

    def _wish_later(self, scheme: Scheme, sold: Sold) -> None:
        if scheme.wish == "early":
            self._later(1 / 12, self._wish, sold)
        elif scheme.wish == "placed":
            self._later(0.5, self._wish, sold)
        elif scheme.wish == "gone":
            latest = max(way.latest for way in sold.way.values())
            at = datetime.combine(latest, datetime.min.time(), UTC) + timedelta(days=1, hours=17)
            self.world.plan(at, partial(self._wish, sold))
        elif scheme.corrects and scheme.payment == "at_once":
            self._later(0.25, self._correct, scheme, sold)

    def _wish(self, sold: Sold) -> None:
        with contextlib.suppress(NothingToCancel):
            request_cancellation(sold.order, key=f"wish-{sold.number}", by=None)
        self.world.note(sold, "wish")

    def _correct(self, scheme: Scheme, sold: Sold) -> None:
        sold.order.refresh_from_db()
        email = f"right-{scheme.email}"
        assert correct_email(sold.order, email, now=timezone.now(), by=None)
        self.world.note(sold, "address", email=email)


def _supplier(slug: str) -> Supplier:
    return Supplier.objects.get(slug=slug)


def alone(plot: Plot, **more: Any) -> Scheme:
    """Return one order of one supplier's goods to which one thing happens."""
    scheme = Scheme(1, BEGINS + timedelta(hours=2), "IE", "en-gb", {"harbour": 2}, {"harbour": plot})
    return replace(scheme, **more)
