"""The service a customer chose reaches the supplier, and another supplier that steps in keeps to it."""

from __future__ import annotations

import pytest
from django.db.models import F
from django.utils import timezone

from config.audit import run_audit
from orders.actions.checkout import place_order
from orders.actions.payment import record_payment
from orders.models import Order, Refund
from shop.actions.delivery import ZoneTerms
from shop.models import Variant
from suppliers.actions.catalog import write_best_offers
from suppliers.actions.forward import forward_order, make_supplier_orders
from suppliers.actions.repair import repair_rejection
from suppliers.actions.track import refuse_all
from suppliers.models import Offer, SupplierOrder
from tests.factories import ADDRESS, add_offer, express, make_basket, make_supplier, make_variant, standard

pytestmark = pytest.mark.django_db
TWO_WAYS = (ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2), express(690)]),)
SLOW = (ZoneTerms("Ireland", ["IE"], [standard(390, None, 20, 30)]),)


def bought(*lines: tuple[Variant, int], services: dict[str, str]) -> Order:
    basket = make_basket(*lines)
    order = place_order(basket, ADDRESS, user=None, now=timezone.now(), services=services)
    record_payment(order, stripe_id=f"pi_{order.number}", paid=order.total)
    order.refresh_from_db()
    return order


def reject(row: SupplierOrder) -> None:
    """Let a supplier reject all of an order, and repair it as the reaction to that would."""
    refuse_all(row, reason_code="out_of_stock")
    repair_rejection(row.order.events.filter(kind="supplier_lines.rejected").latest("pk"))


def asked(order: Order) -> dict[str, str]:
    rows = SupplierOrder.objects.filter(order=order).select_related("supplier")
    return {row.supplier.slug: row.request.get("shipping", {}).get("service_code", "") for row in rows}


def test_the_service_bought_is_asked_from_its_supplier_and_the_standard_needs_no_word():
    suppliers = [make_supplier(slug, zones=TWO_WAYS) for slug in ("harbour", "meridian")]
    order = bought(*[(make_variant(one), 1) for one in suppliers], services={"harbour": "express"})
    forward_order(order)
    assert asked(order) == {"harbour": "express", "meridian": ""}


def test_what_was_bought_is_asked_although_the_profile_has_other_services_by_now():
    supplier = make_supplier(zones=TWO_WAYS)
    order = bought((make_variant(supplier), 1), services={"harbour": "express"})
    make_supplier(zones=[ZoneTerms("Ireland", ["IE"], [standard(390, None, 1, 2)])])
    forward_order(order)
    assert asked(order) == {"harbour": "express"}


def test_another_supplier_is_asked_for_the_same_service_and_the_page_says_it():
    first, second = (make_supplier(slug, zones=TWO_WAYS) for slug in ("harbour", "meridian"))
    variant = make_variant(first)
    order = bought((variant, 1), services={"harbour": "express"})
    add_offer(second, variant)
    reject(forward_order(order)[0])

    assert asked(order) == {"harbour": "express", "meridian": "express"}
    line = order.lines.select_related("delivery__profile").get()
    assert (line.delivery.profile.code, line.delivery.service, line.delivery.service_name) == (
        "meridian", "express", "Express",
    )  # fmt: skip
    assert line.delivery.price_minor == 0
    assert line.delivery_minor == order.delivery_minor == 690
    assert line.delivery.promised_latest_on == order.deliveries.get(profile__code="harbour").promised_latest_on


def test_goods_that_come_to_a_supplier_by_another_service_are_an_order_of_their_own():
    first, second = (make_supplier(slug, zones=TWO_WAYS) for slug in ("harbour", "meridian"))
    fast, slow = make_variant(first), make_variant(second)
    order = bought((fast, 1), (slow, 1), services={"harbour": "express"})
    add_offer(second, fast)
    rows = forward_order(order)
    reject(next(row for row in rows if row.supplier_id == first.pk))

    sent = SupplierOrder.objects.filter(order=order, supplier=second).order_by("part")
    assert [(row.part, row.request.get("shipping")) for row in sent] == [(1, None), (2, {"service_code": "express"})]
    assert len({row.reference for row in sent}) == 2
    assert order.deliveries.filter(profile__code="meridian").count() == 2


def test_units_of_one_line_from_two_suppliers_go_by_the_service_bought():
    first, second = (make_supplier(slug, zones=TWO_WAYS) for slug in ("harbour", "meridian"))
    variant = make_variant(first)
    order = bought((variant, 2), services={"harbour": "express"})
    offers = [Offer.objects.get(supplier=first), add_offer(second, variant)]
    line = order.lines.select_related("delivery").get()
    line.order = order
    make_supplier_orders([(line, offer, 1) for offer in offers])
    assert asked(order) == {"harbour": "express", "meridian": "express"}


@pytest.mark.parametrize("reason", ["too slow", "not sent there", "duty"])
def test_whoever_cannot_keep_the_terms_is_not_asked_and_the_delivery_is_paid_back_too(reason):
    first = make_supplier(zones=TWO_WAYS)
    second = make_supplier(
        "kestrel", zones=SLOW if reason == "too slow" else TWO_WAYS, country="GB" if reason == "duty" else "IE"
    )
    variant = make_variant(first)
    order = bought((variant, 1), services={"harbour": "express"})
    offer = add_offer(second, variant)
    if reason == "not sent there":
        Offer.objects.filter(pk=offer.pk).update(ships_to=["DE"])
    reject(forward_order(order)[0])

    assert asked(order) == {"harbour": "express"}
    line = order.lines.get()
    assert (line.cancelled, line.refunded_minor) == (1, line.paid_minor)
    assert Refund.objects.get().amount_minor == order.total_minor == 1250 + 690


def test_the_audit_finds_nothing_after_a_choice_a_repair_and_a_refund():
    first, second = (make_supplier(slug, zones=TWO_WAYS) for slug in ("harbour", "meridian"))
    variant, alone = make_variant(first), make_variant(first)
    order = bought((variant, 1), (alone, 2), services={"harbour": "express"})
    add_offer(second, variant)
    reject(forward_order(order)[0])
    assert order.lines.get(variant=alone).refunded_minor == order.lines.get(variant=alone).paid_minor
    assert sum(line.delivery_minor for line in order.lines.all()) == order.delivery_minor
    found = {finding.check.name: finding.violations for finding in run_audit()}
    assert {name: rows for name, rows in found.items() if rows} == {}


def test_where_the_best_offer_is_sent_to_is_written_down_to_the_shop():
    variant = make_variant(make_supplier())
    Offer.objects.update(ships_to=["IE", "DE"])
    write_best_offers([variant.pk])
    variant.refresh_from_db()
    assert variant.is_sent_to("DE")
    assert not variant.is_sent_to("FR")
    Offer.objects.update(ships_to=None, unit_cost=F("unit_cost") + 1)
    write_best_offers([variant.pk])
    variant.refresh_from_db()
    assert variant.is_sent_to("FR")
