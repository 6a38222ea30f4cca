"""What a merchant reads in the admin: words, money and times, never what the machine keeps them as."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from shop.models import Product, Variant
from shop.templatetags.shop_format import event_facts
from support.returning.asking import Wanted, ask_return
from tests.factories import make_person, make_supplier, make_variant
from tests.sending_back import make_sent_order, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    return client


def page_of(client, name: str, pk: int) -> str:
    return words_of(client.get(reverse(f"admin:{name}_change", args=[pk])))


def test_a_product_shows_its_price_and_options_in_words(staff):
    variant = make_variant(make_supplier(), price_minor=2950)
    Variant.objects.update(options={"Colour": "Sky"})
    Product.objects.update(price_from_minor=2950)

    said = page_of(staff, "shop_product", variant.product_id)

    assert "€29.50" in said
    assert "Sky" in said
    assert "2950" not in said
    assert '{"Colour"' not in said


def test_a_return_says_how_it_stands(staff):
    order = make_sent_order((make_variant(make_supplier(capabilities=["returns"])), 1))
    row = ask_return(order, Wanted({order.lines.get().pk: 1}, reason="defective"), form_key=uuid.uuid4())[0]

    said = page_of(staff, "support_return", row.pk)

    assert "State: asked for" in said
    assert f"{timezone.localtime(row.asked_at):%H:%M}" in said
    assert ".m." not in said


def test_hosts_of_a_supplier_are_typed_one_a_line(staff):
    supplier = make_supplier(capabilities=["returns", "stock_quantities"], allowed_hosts=["one.example"])
    address = reverse("admin:suppliers_supplier_change", args=[supplier.pk])
    page = staff.get(address)
    assert "returns, stock quantities" in words_of(page)
    form = page.context["adminform"].form
    typed = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
    typed |= {"allowed_hosts": "one.example\n two.example\n", "base_url": "https://api.example/v1"}
    for inline in page.context["inline_admin_formsets"]:
        typed |= {box.html_name: box.value() for box in inline.formset.management_form}

    answer = staff.post(address, typed)

    assert answer.status_code == 302, answer.context["errors"]
    supplier.refresh_from_db()
    assert supplier.allowed_hosts == ["one.example", "two.example"]


def test_facts_of_an_event_leave_out_what_is_empty_and_write_money():
    facts = {"reason": "", "number": "INV-1", "total_minor": 11000, "units": [], "attempt": 0}

    assert event_facts(facts, "EUR") == "number: INV-1; total: €110.00; attempt: 0"
    assert event_facts({"total_minor": 11000}) == "total: 11000"
