"""Discount codes: what they take off, when they apply, what is said when not, and who holds a use."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.audit import run_audit
from orders.actions.cancel import request_cancellation
from orders.actions.checkout import give_up
from orders.actions.discount import MOST_MISSES, CodeRefused, free_use
from orders.actions.late import settle_late_payment
from orders.actions.payment import record_payment
from orders.actions.refund import units_minor
from orders.models import DiscountCode, DiscountTally, DiscountUse, Order
from shop.models import Variant
from shop.money import Money
from suppliers.models import SupplierOrder
from tests.factories import (
    ADDRESS,
    add_offer,
    make_code,
    make_order,
    make_paid_order,
    make_person,
    make_supplier,
    make_variant,
)
from tests.test_audit_corruption import take, told
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
SOON = timedelta(days=3)


def look(client, code: str, **typed: str) -> str:
    return client.post("/checkout/", TYPED | {"code": code, "apply_code": "1"} | typed).content.decode()


def used(code: DiscountCode) -> int:
    code.refresh_from_db()
    return code.used


def unexplained() -> dict[str, list[str]]:
    """Return what the audit says of money and codes; nobody is told or asked anything in most of these tests."""
    money = ("V02", "V03", "V04", "V11")
    return {
        one.check.name: one.violations for one in run_audit() if one.violations and one.check.name.startswith(money)
    }


# --- what it takes off


def test_a_code_typed_in_any_way_takes_its_part_off_page_pay_page_order_and_mail(client, sandbox, relay, mailbox):
    code = make_code("TENOFF")
    add(client, make_variant(make_supplier()))
    page = look(client, " ten-off ")
    assert "Discount TENOFF" in page
    assert "-€1.25" in page
    assert 'value="Alex Byrne"' in page
    assert client.post("/checkout/", TYPED | {"code": "ten off", "shown": "1515"}).status_code == 303
    order = Order.objects.get()
    assert (order.total_minor, order.discount_minor, order.tax_minor) == (1515, 125, 283)
    assert order.lines.get().paid_minor == 1515
    assert sandbox.control("ledger")["sessions"][0]["amount_total"] == 1515
    assert used(code) == 1
    assert "Discount TENOFF" in client.get(order.get_absolute_url()).content.decode()
    record_payment(order, stripe_id="pi_1", paid=order.total)
    relay.run_until_idle()
    (mail,) = mailbox()
    assert "Discount TENOFF: -€1.25" in mail.get_body(("plain",)).get_content()


def test_a_code_can_be_taken_out_again_and_everything_typed_stays(client):
    make_code("TENOFF")
    add(client, make_variant(make_supplier()))
    look(client, "TENOFF")
    page = client.post("/checkout/", TYPED | {"code": "TENOFF", "drop_code": "1"}).content.decode()
    assert "Discount TENOFF" not in page
    assert "€16.40" in page
    assert 'value="12 Main Street"' in page


@pytest.mark.parametrize(
    ("fields", "total"),
    [
        ({"kind": "amount", "amount_minor": 500}, 1140),
        ({"kind": "amount", "amount_minor": 99_999}, 390),
        ({"kind": "free_delivery"}, 1250),
        ({"percent": 100}, 390),
        ({"percent": 33}, 1227),
    ],
)
def test_no_line_falls_below_zero_whatever_the_code(fields, total):
    make_code("CODE", **fields)
    order = make_order((make_variant(make_supplier()), 1), code="code")
    assert order.total_minor == total
    assert order.lines.get().paid_minor == total


def test_a_code_for_a_category_leaves_all_other_goods_alone():
    supplier = make_supplier()
    inside, outside = make_variant(supplier, price_minor=1000), make_variant(supplier, price_minor=1000)
    code = make_code("ONLY", percent=50)
    code.products.add(inside.product)
    order = make_order((inside, 1), (outside, 1), code="ONLY")
    assert [(line.sku, line.discount_minor) for line in order.lines.all()] == [(inside.sku, 500), (outside.sku, 0)]
    code.products.clear()
    code.categories.add(inside.product.department)
    assert make_order((inside, 1), (outside, 1), code="ONLY").discount_minor == 1000


def test_what_a_code_has_made_free_is_ordered_without_a_pay_page(client, relay):
    make_code("GIFT", percent=100)
    variant = make_variant(make_supplier(), price_minor=5000)
    add(client, variant)
    assert "nothing to pay" in look(client, "GIFT")
    answer = client.post("/checkout/", TYPED | {"code": "GIFT", "shown": "0"}, follow=True)
    order = Order.objects.get()
    assert answer.status_code == 200
    assert (order.status, order.total_minor, order.sessions.count()) == ("paid", 0, 0)
    assert answer.redirect_chain == [(f"{order.get_absolute_url()}?thanks=1", 302)]
    page = answer.content.decode()
    for words in ("Your order is confirmed.", "with nothing to pay", "What happens next", "Arrives", "Discount GIFT"):
        assert words in page, words
    assert "Your order is paid" not in page
    assert "Payment received" not in page
    relay.run_until_idle()
    assert order.lines.get().forwarded == 1
    assert unexplained() == {}
    assert "Your basket is empty" in client.get("/basket/").content.decode()


# --- why it does not apply


def refusal(*, value: int = 1250, **fields: object) -> str:
    make_code("CODE", **fields)
    with pytest.raises(CodeRefused) as refused:
        make_order((make_variant(make_supplier(), price_minor=value), 1), code="CODE")
    assert not Order.objects.exists()
    assert DiscountCode.objects.get().used == fields.get("used", 0)
    return refused.value.words


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"is_active": False}, "We do not know the code CODE"),
        ({"valid_from": timezone.now() + SOON}, "counts from"),
        ({"valid_from": timezone.now() - 2 * SOON, "valid_until": timezone.now() - SOON}, "was valid until"),
        ({"limit_total": 3, "used": 3}, "is used up"),
        ({"minimum_minor": 2000}, "counts from €20.00: €7.50 are missing"),
    ],
)
def test_each_reason_why_a_code_does_not_apply_is_a_sentence_of_its_own(fields, says):
    assert says in refusal(**fields)


def test_a_code_for_goods_that_are_not_in_the_basket_and_one_of_another_currency_say_so():
    supplier = make_supplier()
    code = make_code("CODE")
    code.products.add(make_variant(supplier).product)
    variant = make_variant(supplier)
    with pytest.raises(CodeRefused, match="Nothing in your basket"):
        make_order((variant, 1), code="CODE")
    DiscountCode.objects.update(currency="GBP")
    with pytest.raises(CodeRefused, match="another currency"):
        make_order((variant, 1), code="CODE")


@pytest.mark.parametrize("email", ["Alex@Example.com", "alex+again@example.com", " alex@example.com"])
def test_one_customer_is_one_customer_however_the_address_is_written(email):
    make_code("ONCE", limit_per_customer=1)
    variant = make_variant(make_supplier())
    make_paid_order((variant, 1), code="ONCE")
    again = ADDRESS.__class__(**{**vars_of(ADDRESS), "email": email})
    with pytest.raises(CodeRefused, match="as often as it can be used"):
        make_order((variant, 1), address=again, code="ONCE")


def test_an_account_is_counted_whatever_address_it_types():
    make_code("ONCE", limit_per_customer=1)
    variant, person = make_variant(make_supplier()), make_person()
    make_paid_order((variant, 1), user=person, code="ONCE")
    other = ADDRESS.__class__(**{**vars_of(ADDRESS), "email": "else@example.com"})
    with pytest.raises(CodeRefused, match="as often as it can be used"):
        make_order((variant, 1), user=person, address=other, code="ONCE")
    assert make_order((variant, 1), address=other, code="ONCE").discount_minor


def vars_of(address) -> dict[str, str]:
    return {name: getattr(address, name) for name in address.__dataclass_fields__}


def test_a_code_refused_on_the_page_keeps_everything_typed_and_orders_nothing(client):
    add(client, make_variant(make_supplier()))
    answer = client.post("/checkout/", TYPED | {"code": "NOPE"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "We do not know the code NOPE" in page
    assert 'value="12 Main Street"' in page
    assert not Order.objects.exists()


@pytest.mark.parametrize("typed", ["<script>", "'; --", "x" * 500, "٣", "\x00", " ", "-"])
def test_nonsense_is_an_unknown_code_and_never_an_error_of_ours(client, typed):
    add(client, make_variant(make_supplier()))
    answer = client.post("/checkout/", TYPED | {"code": typed, "apply_code": "1"})
    assert answer.status_code == 200
    assert "<script>x" not in answer.content.decode()


def test_a_code_that_ends_between_page_and_order_is_seen_before_paying(client):
    code = make_code("TENOFF")
    add(client, make_variant(make_supplier()))
    look(client, "TENOFF")
    DiscountCode.objects.filter(pk=code.pk).update(valid_until=timezone.now())
    answer = client.post("/checkout/", TYPED | {"code": "TENOFF", "shown": "1515", "shown_sums": "1250,390,125,0"})
    assert answer.status_code == 422
    assert "was valid until" in answer.content.decode()
    assert "€16.40" in answer.content.decode()
    assert not Order.objects.exists()


def test_what_changed_since_it_was_shown_is_named_one_by_one(client):
    make_code("TENOFF")
    variant = make_variant(make_supplier())
    add(client, variant)
    page = client.post("/checkout/", TYPED | {"code": "TENOFF", "look": "1"})
    shown = {"shown": str(page.context["total"].minor), "shown_sums": page.context["shown_sums"]}
    Variant.objects.filter(pk=variant.pk).update(price_minor=1300)
    page = client.post("/checkout/", TYPED | {"code": "TENOFF"} | shown).content.decode()
    assert "The goods cost €13.00 now; they were €12.50." in page
    assert "The discount is €1.30 now; it was €1.25." in page
    assert "Delivery costs" not in page
    assert "The total is €15.60 now" in page


def test_guessing_ends_after_some_tries_and_a_good_code_still_counts(client):
    make_code("GOOD")
    add(client, make_variant(make_supplier()))
    look(client, "GOOD")
    for number in range(MOST_MISSES):
        assert "We do not know" in look(client, f"GUESS{number}")
    assert "Too many codes were tried" in look(client, "ANOTHER")
    assert "Discount GOOD" in look(client, "GOOD")
    make_code("SECOND")
    assert "Too many codes were tried" in look(client, "SECOND")


# --- who holds a use


def test_a_use_is_given_back_once_when_its_order_runs_out_or_is_cancelled_unpaid():
    code = make_code("FEW", limit_total=2, limit_per_customer=2)
    variant = make_variant(make_supplier(), stock=None)
    first, second = make_order((variant, 1), code="FEW"), make_order((variant, 1), code="FEW")
    assert used(code) == 2
    assert give_up(first)
    assert not give_up(first)
    assert not free_use(first)
    assert used(code) == 1
    request_cancellation(second, key="x", by=None)
    assert give_up(second)
    assert (used(code), DiscountUse.objects.filter(released_at=None).count()) == (0, 0)
    assert set(DiscountTally.objects.values_list("used", flat=True)) == {0}
    assert unexplained() == {}


def test_the_same_basket_ordered_anew_uses_its_code_once(client, sandbox):
    code = make_code("ONCE", limit_total=1, limit_per_customer=1)
    add(client, make_variant(make_supplier()))
    for city in ("Dublin", "Cork", "Cork", "Galway"):
        assert client.post("/checkout/", TYPED | {"code": "ONCE", "city": city}).status_code == 303
    assert used(code) == 1
    client.post("/checkout/", TYPED)
    assert used(code) == 0


def test_money_that_comes_too_late_takes_the_use_again_if_there_is_one_and_else_goes_back():
    code = make_code("ONE", limit_total=1)
    variant = make_variant(make_supplier(), stock=None)
    orders = []
    for number in range(2):
        order = make_order((variant, 1), code="ONE")
        give_up(order)
        record_payment(order, stripe_id=f"pi_{number}", paid=order.total)
        orders.append(order)
    assert [settle_late_payment(order) for order in orders] == [True, False]
    assert [Order.objects.get(pk=order.pk).status for order in orders] == ["paid", "cancelled"]
    assert (used(code), orders[1].refunds.get().amount_minor) == (1, orders[1].total_minor)


# --- money back


def test_a_discounted_order_cancelled_in_parts_pays_back_what_was_paid_to_the_last_cent():
    make_code("ODD", percent=33)
    supplier = make_supplier()
    order = make_paid_order(
        (make_variant(supplier, price_minor=999), 3), (make_variant(supplier, price_minor=101), 1), code="ODD"
    )
    first, second = order.lines.all()
    request_cancellation(order, {first.pk: 1}, key="a", by=None)
    request_cancellation(order, {first.pk: 1, second.pk: 1}, key="b", by=None)
    first.refresh_from_db()
    assert first.refunded_minor == first.paid_minor * 1 // 3 * 2
    assert units_minor(first, 1) == first.paid_minor - first.refunded_minor
    request_cancellation(order, {first.pk: 1}, key="c", by=None)
    assert sum(refund.amount_minor for refund in order.refunds.all()) == order.total_minor
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert unexplained() == {}


def test_the_margin_of_a_line_knows_discount_and_tax():
    make_code("HALF", percent=50)
    order = make_order((make_variant(make_supplier(), price_minor=1230), 1), code="HALF")
    assert order.lines.get().goods_net_minor == 500


@pytest.mark.parametrize(
    ("currency", "price", "total", "units"),
    [("JPY", 1482, 4391, [1463, 1463, 1465]), ("KWD", 1515, 4490, [1490, 1490, 1510])],
)
def test_baskets_in_currencies_without_and_with_three_decimals(
    settings, sandbox, client, currency, price, total, units
):
    settings.SHOP_CURRENCY = currency
    make_code("TEN")
    variant = make_variant(make_supplier(), price_minor=price)
    client.post("/basket/add/", {"variant": variant.sku, "quantity": "3"})
    assert client.post("/checkout/", TYPED | {"code": "TEN", "shown": str(total)}).status_code == 303
    order = Order.objects.get()
    assert order.total == Money(total, currency)
    (session,) = sandbox.control("ledger")["sessions"]
    assert (session["amount_total"], session["currency"]) == (total, currency.lower())

    record_payment(order, stripe_id="pi_1", paid=order.total)
    for number in range(3):
        request_cancellation(order, {order.lines.get().pk: 1}, key=f"unit {number}", by=None)
    assert [refund.amount_minor for refund in order.refunds.order_by("pk")] == units


def test_units_that_another_supplier_takes_over_keep_their_price_and_their_discount(relay):
    make_code("ODD", percent=33)
    variant = make_variant(make_supplier("harbour"), price_minor=999)
    add_offer(make_supplier("meridian"), variant, price_minor=999)
    order = make_paid_order((variant, 3), code="ODD")
    relay.run_until_idle()
    row = SupplierOrder.objects.get(order=order)

    take(row, 1, "rejected", told(row.lines.get(), rejected=3))
    relay.run_until_idle()

    assert SupplierOrder.objects.filter(order=order).exclude(supplier=row.supplier).count() == 1
    line = order.lines.get()
    assert (line.paid_minor, line.cancelled, line.refunded_minor) == (order.total_minor, 0, 0)
    assert unexplained() == {}
