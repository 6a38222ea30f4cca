"""Staff type money as money: with a point or a comma, in the currency of the row, never in cents."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from orders.discount_admin import DiscountCodeForm
from orders.models import DiscountCode, RefundCap
from orders.refund_admin import RefundCapForm
from shop.amount_field import MOST_MINOR, AmountField
from shop.models import DeliveryService
from shop.zone_forms import ServiceForm


@pytest.mark.parametrize(
    ("currency", "typed", "minor"),
    [
        ("EUR", "3.90", 390),
        ("EUR", " €3,9 ", 390),
        ("EUR", "0", 0),
        ("EUR", "", None),
        ("JPY", "500", 500),
        ("KWD", "1.250", 1250),
    ],
)
def test_an_amount_is_read_as_people_write_it(currency, typed, minor):
    assert AmountField(currency=currency, required=False).clean(typed) == minor


@pytest.mark.parametrize(
    ("currency", "typed", "hint"),
    [
        ("EUR", "3.905", "like 12.50"),
        ("EUR", "a lot", "like 12.50"),
        ("EUR", "1e3", "like 12.50"),
        ("EUR", "-1", "from 0 to"),
        ("EUR", str(MOST_MINOR), "from 0 to"),
        ("JPY", "1.5", "like 1250"),
    ],
)
def test_what_is_no_amount_is_refused_with_an_example(currency, typed, hint):
    with pytest.raises(ValidationError, match=hint):
        AmountField(currency=currency).clean(typed)


def test_a_service_shows_its_price_as_money_and_not_as_cents():
    form = ServiceForm(instance=DeliveryService(price_minor=390, free_from_minor=5000))
    assert 'value="3.90"' in str(form["price_minor"])
    assert 'value="50.00"' in str(form["free_from_minor"])


@pytest.mark.django_db
def test_what_was_typed_wrong_stays_on_the_form(settings):
    form = ServiceForm({"price_minor": "3.9.0"}, instance=DeliveryService(price_minor=390))
    assert not form.is_valid()
    assert 'value="3.9.0"' in str(form["price_minor"])


@pytest.mark.django_db
def test_a_code_is_in_the_currency_that_its_own_form_says():
    told = {
        "code": "YEN", "kind": "amount", "amount_minor": "500", "currency": "JPY", "is_active": "on",
        "valid_from": "2026-01-01 00:00",
    }  # fmt: skip
    form = DiscountCodeForm(told)
    assert form.is_valid(), form.errors
    code = form.save()
    assert (code.amount_minor, code.minimum_minor) == (500, 0)
    assert 'value="500"' in str(DiscountCodeForm(instance=code)["amount_minor"])
    assert DiscountCodeForm(told | {"code": "CENT", "currency": "EUR"}).save().amount_minor == 50_000
    assert DiscountCode.objects.count() == 2


@pytest.mark.django_db
def test_a_cap_is_typed_as_money():
    told = {"group": Group.objects.create(name="New role").pk, "currency": "EUR", "per_refund_minor": "50"}
    cap = RefundCapForm(told | {"per_order_minor": "100,50"}).save()
    assert (cap.per_refund_minor, cap.per_order_minor) == (5000, 10_050)
    assert RefundCap.objects.filter(pk=cap.pk).exists()
