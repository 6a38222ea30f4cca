"""Delivery: zones and services, the customer's choice for each parcel, what is not sent where, duty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from notifications.messages import order_confirmed
from orders.actions.checkout import place_order
from orders.models import Order
from shop import kept
from shop.actions.delivery import ServiceTerms, ZoneTerms, write_zones
from shop.customs import Border, border_between
from shop.delivery import plan_delivery
from shop.models import BasketLine, DeliveryService, Variant, ZoneCountry
from tests.factories import ADDRESS, express, make_basket, make_order, make_supplier, make_variant, standard
from tests.test_checkout import TYPED, add
from tests.test_queries import cost

pytestmark = pytest.mark.django_db
# A Tuesday before the cut-off of 14:00.
MORNING = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TWO_WAYS = (
    ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2), express(690)]),
    ZoneTerms("Europe", ["DE", "FR"], [standard(800, None, 3, 5)]),
    ZoneTerms("Everywhere else", [], [standard(1800, None, 7, 12)]),
)


def days(parcel) -> tuple[str, str]:
    return parcel.window.earliest_on.isoformat(), parcel.window.latest_on.isoformat()


def test_a_parcel_goes_by_the_cheapest_service_unless_another_is_chosen():
    variant = make_variant(make_supplier(zones=TWO_WAYS))
    usual = plan_delivery([(variant, 1)], "IE", now=MORNING).parcels[0]
    fast = plan_delivery([(variant, 1)], "IE", now=MORNING, services={"harbour": "express"}).parcels[0]
    assert (usual.service.code, usual.price_minor, days(usual)) == ("standard", 390, ("2026-11-25", "2026-11-27"))
    assert (fast.service.code, fast.price_minor, days(fast)) == ("express", 690, ("2026-11-25", "2026-11-26"))
    assert [choice.service.code for choice in usual.choices] == ["standard", "express"]


def test_a_service_that_is_free_from_a_threshold_on_is_the_cheapest_from_there():
    zone = ZoneTerms(
        "Ireland", ["IE"], [standard(390, None, 1, 2), ServiceTerms("express", "Express", 690, 2000, 1, 1)]
    )
    variant = make_variant(make_supplier(zones=[zone]), price_minor=1000)
    below, above = (plan_delivery([(variant, units)], "IE", now=MORNING).parcels[0] for units in (1, 2))
    assert (below.service.code, below.price_minor) == ("standard", 390)
    assert (above.service.code, above.price_minor) == ("express", 0)


def test_what_is_missing_for_free_delivery_is_that_of_the_parcel_and_its_service():
    variant = make_variant(make_supplier(zones=TWO_WAYS), price_minor=1250)
    usual = plan_delivery([(variant, 2)], "IE", now=MORNING).parcels[0]
    fast = plan_delivery([(variant, 2)], "IE", now=MORNING, services={"harbour": "express"}).parcels[0]
    assert (usual.missing_minor, fast.missing_minor) == (2500, 0)


def test_the_zone_that_names_a_country_wins_over_everywhere_else():
    variant = make_variant(make_supplier(zones=TWO_WAYS))
    prices = {
        code: plan_delivery([(variant, 1)], code, now=MORNING).parcels[0].price_minor
        for code in ("IE", "DE", "FR", "JP")
    }
    assert prices == {"IE": 390, "DE": 800, "FR": 800, "JP": 1800}


def test_a_choice_that_a_country_does_not_have_falls_back_to_the_cheapest():
    variant = make_variant(make_supplier(zones=TWO_WAYS))
    for chosen in ({"harbour": "express"}, {"harbour": "x" * 500}, {"": ""}, {"meridian": "express"}):
        assert plan_delivery([(variant, 1)], "DE", now=MORNING, services=chosen).parcels[0].price_minor == 800


def test_a_country_cannot_be_in_two_zones_of_a_profile_whoever_writes_it():
    profile = make_supplier(zones=TWO_WAYS).delivery_profile
    ireland, europe, _elsewhere = profile.zones.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        ZoneCountry.objects.create(zone=europe, profile=profile, country="IE")
    with pytest.raises(IntegrityError), transaction.atomic():
        profile.zones.filter(pk=ireland.pk).update(is_elsewhere=True)
    twice = [ZoneTerms("A", ["IE"], [express(1)]), ZoneTerms("B", ["IE"], [express(1)])]
    with pytest.raises(IntegrityError), transaction.atomic():
        write_zones(profile, twice)
    assert profile.zones.count() == 3


def test_connecting_a_supplier_again_gives_it_the_new_zones_and_no_others():
    supplier = make_supplier(zones=TWO_WAYS)
    make_supplier(zones=TWO_WAYS[:1])
    assert [zone.name for zone in supplier.delivery_profile.zones.all()] == ["Ireland"]
    assert DeliveryService.objects.count() == 2


def test_goods_a_supplier_keeps_out_of_a_country_are_stuck_and_the_rest_of_the_parcel_is_not():
    supplier = make_supplier(zones=TWO_WAYS)
    sent, kept = make_variant(supplier), make_variant(supplier)
    Variant.objects.filter(pk=kept.pk).update(ships_to=["IE"])
    kept.refresh_from_db()
    plan = plan_delivery([(sent, 1), (kept, 1)], "DE", now=MORNING)
    assert plan.stuck == [kept]
    assert [parcel.lines for parcel in plan.parcels] == [[(sent, 1)]]


# --- the checkout page


def test_the_total_follows_the_choice_without_any_script(client):
    add(client, make_variant(make_supplier(zones=TWO_WAYS)))
    page = client.get("/checkout/")
    assert 'id="harbour-standard" name="service-harbour" value="standard" checked' in page.content.decode()
    assert page.context["total"].minor == 1640

    looked = client.post("/checkout/", TYPED | {"look": "1", "service-harbour": "express"})
    text = looked.content.decode()
    assert looked.status_code == 200
    assert looked.context["total"].minor == 1940
    assert 'value="express" checked' in text
    assert 'value="12 Main Street"' in text
    assert "There is a problem" not in text


def test_each_of_two_parcels_has_its_own_choice(client, sandbox):
    for slug in ("harbour", "meridian"):
        add(client, make_variant(make_supplier(slug, zones=TWO_WAYS)))
    page = client.post("/checkout/", TYPED | {"look": "1", "service-meridian": "express"})
    assert page.context["delivery"].minor == 390 + 690
    assert client.get("/basket/").context["delivery"].minor == 390 + 690
    client.post("/checkout/", TYPED | {"service-meridian": "express", "shown": str(page.context["total"].minor)})
    order = Order.objects.get()
    sold = {row.profile.code: (row.service, row.service_name, row.price_minor) for row in order.deliveries.all()}
    assert sold == {"harbour": ("standard", "Standard", 390), "meridian": ("express", "Express", 690)}
    assert order.delivery_minor == 1080
    assert sum(line.delivery_minor for line in order.lines.all()) == 1080


def test_a_parcel_with_one_service_offers_no_choice(client):
    add(client, make_variant(make_supplier()))
    assert "radio-card" not in client.get("/checkout/").content.decode()


def test_the_choice_survives_errors_and_a_change_of_the_country(client):
    add(client, make_variant(make_supplier(zones=TWO_WAYS)))
    wrong = client.post("/checkout/", TYPED | {"email": "nonsense", "service-harbour": "express"})
    assert wrong.status_code == 422
    assert 'value="express" checked' in wrong.content.decode()

    abroad = client.post("/checkout/", {"look": "1", "country": "DE"})
    assert abroad.context["delivery"].minor == 800
    home = client.post("/checkout/", {"look": "1", "country": "IE"})
    assert 'value="express" checked' in home.content.decode()
    assert home.context["delivery"].minor == 690


def test_a_choice_is_not_paid_before_its_total_was_seen(client, sandbox):
    add(client, make_variant(make_supplier(zones=TWO_WAYS)))
    shown = {name: str(client.get("/checkout/").context[name]) for name in ("days",)} | {"shown": "1640"}
    answer = client.post("/checkout/", TYPED | shown | {"service-harbour": "express"})
    assert answer.status_code == 422
    assert "The total is €19.40 now" in answer.content.decode()
    again = client.post("/checkout/", TYPED | {"service-harbour": "express", "shown": "1940", "days": shown["days"]})
    assert again.status_code == 303


def test_later_days_of_the_chosen_service_are_seen_before_paying(client, sandbox):
    add(client, make_variant(make_supplier(zones=TWO_WAYS)))
    page = client.get("/checkout/")
    DeliveryService.objects.filter(code="standard", zone__name="Ireland").update(transit_max_days=9)
    kept.forget_all()
    sent = {"shown": "1640", "days": page.context["days"], "service-harbour": "standard"}
    answer = client.post("/checkout/", TYPED | sent)
    assert answer.status_code == 422
    assert "The parcel from Cork arrives" in answer.content.decode()
    assert Order.objects.count() == 0
    assert client.post("/checkout/", TYPED | sent | {"days": answer.context["days"]}).status_code == 303


def test_a_service_that_is_gone_is_named_even_if_the_total_is_the_same(client, sandbox):
    supplier = make_supplier(zones=[ZoneTerms("Ireland", ["IE"], [standard(690, None, 1, 2), express(690)])])
    add(client, make_variant(supplier))
    days_shown = client.get("/checkout/").context["days"]
    DeliveryService.objects.filter(code="express").delete()
    sent = {"shown": "1940", "days": days_shown, "service-harbour": "express"}
    answer = client.post("/checkout/", TYPED | sent)
    assert answer.status_code == 422
    assert "What you chose is not offered for the parcel from Cork: Standard arrives" in answer.content.decode()


@pytest.mark.parametrize("nonsense", ["", "x", "=", "harbour.standard=", "a" * 9000, "\x00", "٣=٣ =="])
def test_nonsense_in_the_hidden_days_or_the_choice_is_no_error_of_ours(client, sandbox, nonsense):
    add(client, make_variant(make_supplier(zones=TWO_WAYS)))
    posted = {"days": nonsense, "service-harbour": nonsense, f"service-{nonsense[:300]}": nonsense, "remove": nonsense}
    assert client.post("/checkout/", TYPED | posted).status_code == 302
    posted.pop("remove")
    assert client.post("/checkout/", TYPED | posted).status_code in {303, 422}
    assert client.get("/checkout/").status_code == 200


def test_another_service_makes_another_order_of_the_basket_and_the_same_one_does_not():
    basket = make_basket((make_variant(make_supplier(zones=TWO_WAYS)), 1))
    first = place_order(basket, ADDRESS, user=None, now=timezone.now())
    again = place_order(basket, ADDRESS, user=None, now=timezone.now(), services={"harbour": "standard"})
    fast = place_order(basket, ADDRESS, user=None, now=timezone.now(), services={"harbour": "express"})
    first.refresh_from_db()
    assert again == first
    assert (first.status, fast.status, fast.total_minor) == ("expired", "placed", 1940)


def test_later_days_make_another_order_so_that_nobody_is_promised_the_old_ones():
    basket = make_basket((make_variant(make_supplier(zones=TWO_WAYS)), 1))
    first = place_order(basket, ADDRESS, user=None, now=timezone.now())
    DeliveryService.objects.update(transit_max_days=9)
    kept.forget_all()
    second = place_order(basket, ADDRESS, user=None, now=timezone.now())
    assert second != first
    assert second.deliveries.get().promised_latest_on > first.deliveries.get().promised_latest_on


# --- not sent there


def stuck_basket(client) -> tuple[Variant, Variant]:
    supplier = make_supplier(zones=TWO_WAYS)
    sent, kept = make_variant(supplier, name="Oak board"), make_variant(supplier, name="Sun cream")
    Variant.objects.filter(pk=kept.pk).update(ships_to=["IE"])
    add(client, sent, kept)
    return sent, kept


def test_the_checkout_says_which_line_is_not_sent_and_takes_it_out_in_place(client):
    _sent, kept = stuck_basket(client)
    page = client.post("/checkout/", TYPED | {"look": "1", "country": "DE", "postcode": "10115"})
    text = page.content.decode()
    assert "Not sent to Germany" in text
    assert [line.variant for line in page.context["stuck"]] == [kept]
    assert page.context["total"].minor == 1250 + 800

    line = BasketLine.objects.get(variant=kept)
    typed = TYPED | {"country": "DE", "postcode": "10115", "note": "ring twice"}
    answer = client.post("/checkout/", typed | {"remove": str(line.pk)}, follow=True)
    text = answer.content.decode()
    assert "Not sent to Germany" not in text
    assert "Sun cream" not in text
    assert 'value="ring twice"' in text
    assert answer.context["total"].minor == 1250 + 800


def test_nobody_takes_a_line_out_of_another_basket(client):
    stuck_basket(client)
    others = make_basket((make_variant(make_supplier(zones=TWO_WAYS)), 1)).lines.get()
    client.post("/checkout/", TYPED | {"remove": str(others.pk)})
    assert BasketLine.objects.filter(pk=others.pk).exists()


def test_an_order_with_goods_that_are_not_sent_there_is_refused_by_name(client):
    stuck_basket(client)
    answer = client.post("/checkout/", TYPED | {"country": "DE", "postcode": "10115"})
    assert answer.status_code == 422
    assert "Sun cream cannot be sent to that country" in answer.content.decode()
    assert Order.objects.count() == 0


def test_basket_and_product_say_early_what_is_not_sent_to_the_visitors_country(client):
    sent, kept = stuck_basket(client)
    assert "Not sent to" not in client.get("/basket/").content.decode()
    back = client.post("/country/", {"country": "DE", "next": "/basket/"})
    assert back["Location"] == "/basket/"

    basket = client.get("/basket/")
    assert "Not sent to Germany" in basket.content.decode()
    assert [view.line.variant for view in basket.context["page"].stuck] == [kept]
    assert basket.context["total"].minor == 2050
    assert [view.line.variant for view in basket.context["page"].in_the_way] == [kept]
    assert "Not sent to Germany" in client.get(kept.product.get_absolute_url()).content.decode()
    assert "Delivery €8.00" in client.get(sent.product.get_absolute_url()).content.decode()
    assert client.get("/checkout/").context["country_name"] == "Germany"


@pytest.mark.parametrize("nonsense", ["", "XX", "\x00", "DEU", "a" * 5000])
def test_a_country_that_is_none_changes_nothing_and_leads_nowhere_else(client, nonsense):
    answer = client.post("/country/", {"country": nonsense, "next": "https://evil.example/"})
    assert answer.status_code == 422
    assert "Choose a country from the list." in answer.content.decode()
    assert "evil.example" not in answer.content.decode()
    assert "Prices for Ireland" in client.get("/").content.decode()


# --- customs


@pytest.mark.parametrize(
    ("origin", "destination", "border"),
    [
        ("IE", "IE", Border.NONE), ("IE", "DE", Border.NONE), ("IE", "MC", Border.NONE), ("GB", "IM", Border.NONE),
        ("CH", "LI", Border.NONE), ("AX", "AX", Border.NONE), ("JP", "JP", Border.NONE),
        ("IE", "RE", Border.TAX), ("FI", "AX", Border.TAX), ("MQ", "GP", Border.TAX), ("GB", "JE", Border.TAX),
        ("GB", "IE", Border.DUTY), ("IE", "GB", Border.DUTY), ("DK", "GL", Border.DUTY), ("IE", "US", Border.DUTY),
        ("IE", "NO", Border.DUTY), ("JP", "IE", Border.DUTY),
    ],
)  # fmt: skip
def test_what_a_parcel_crosses_on_its_way(origin, destination, border):
    assert border_between(origin, destination) is border


WORLD = (ZoneTerms("Everywhere", [], [standard(800, None, 3, 5)]),)


def test_duty_is_told_on_product_basket_checkout_and_confirmation_where_there_is_a_border(client):
    variant = make_variant(make_supplier("kestrel", country="GB", zones=WORLD))
    add(client, variant)
    said = "Sent from United Kingdom. Import duty, tax and a handling fee may be due when it reaches Ireland."
    for path in (variant.product.get_absolute_url(), "/basket/", "/checkout/"):
        assert said in client.get(path).content.decode(), path
    order = make_order((variant, 1))
    assert order.deliveries.get().import_text == said
    assert any(said in section.lines for section in order_confirmed(order).sections)
    assert said in client.get(order.get_absolute_url()).content.decode()

    client.post("/country/", {"country": "GB"})
    for path in (variant.product.get_absolute_url(), "/basket/", "/checkout/"):
        assert "Import duty" not in client.get(path).content.decode(), path


def test_the_merchants_own_words_take_the_place_of_ours_and_only_at_a_border(client):
    supplier = make_supplier("kestrel", country="GB", zones=WORLD)
    profile = supplier.delivery_profile
    profile.import_text = "Nothing is due at the door."
    profile.save()
    variant = make_variant(supplier)
    assert plan_delivery([(variant, 1)], "IE", now=MORNING).parcels[0].import_text == "Nothing is due at the door."
    assert plan_delivery([(variant, 1)], "GB", now=MORNING).parcels[0].import_text == ""


# --- what it costs


def test_pages_cost_the_same_however_many_zones_and_services_there_are(client):
    few = make_supplier("harbour", zones=TWO_WAYS[:1])
    variant = make_variant(few)
    add(client, variant)
    paths = (variant.product.get_absolute_url(), "/basket/", "/checkout/", "/", "/pages/delivery/")

    before = [cost(client, path) for path in paths]
    ways = [standard(390, 5000, 1, 2), *(ServiceTerms(f"way-{n}", f"Way {n}", 400 + n, None, 1, 3) for n in range(12))]
    zones = [ZoneTerms(f"Zone {code}", [code], ways) for code in ("IE", "DE", "FR", "ES", "IT", "PL", "SE", "AT")]
    write_zones(few.delivery_profile, zones)
    assert [cost(client, path) for path in paths] == before


def test_the_promise_is_that_of_the_chosen_service():
    basket = make_basket((make_variant(make_supplier(zones=TWO_WAYS)), 1))
    order = place_order(basket, ADDRESS, user=None, now=MORNING, services={"harbour": "express"})
    sold = order.deliveries.get()
    assert (sold.promised_latest_on.isoformat(), sold.supplier_service) == ("2026-11-26", "express")
    assert sold.promised_latest_on - sold.ship_by_on == timedelta(days=1)
