"""The checkout: few fields, nothing asked twice, and every mishap said where it can be mended."""

from __future__ import annotations

import re
from urllib.request import urlopen

import pytest
from django.core.signing import TimestampSigner

from orders.actions.opening import session_params
from orders.actions.payment import record_payment
from orders.mail_hint import likely_address
from orders.models import Order
from shop.models import BasketLine, Variant
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.journeys.buying import ADDRESS
from tests.papers import invoiced

pytestmark = pytest.mark.django_db


def begin(client, **fields: object) -> Variant:
    variant = make_variant(make_supplier(), **fields)
    client.post("/basket/add/", {"variant": variant.sku})
    return variant


def shown(client) -> str:
    return client.get("/checkout/").content.decode()


def form_of(page: str) -> str:
    return page[page.index('<form class="form"') : page.index("</form>", page.index('<form class="form"'))]


def open_fields(page: str) -> list[str]:
    """Return the names of the fields that are in sight without unfolding anything."""
    form = re.sub(r"<details(?! open).*?</details>", "", form_of(page), flags=re.DOTALL)
    found = re.findall(r"<(?:input|select)[^>]*>", form)
    hidden_or_choice = ('type="hidden"', 'type="radio"')
    return [
        re.search(r'name="([^"]+)"', tag).group(1) for tag in found if not any(kind in tag for kind in hidden_or_choice)
    ]


def test_a_guest_types_five_fields_and_chooses_a_country_and_nothing_is_asked_of_accounts(client):
    begin(client)
    page = shown(client)
    assert open_fields(page) == ["email", "name", "country", "line1", "postcode", "city"]
    assert 'type="password"' not in page
    assert "Have an account? Sign in" in page
    assert 'type="checkbox"' not in form_of(page)


def test_fields_carry_the_words_that_browsers_fill_in_by(client):
    begin(client)
    form = form_of(shown(client))
    tokens = dict(re.findall(r'name="(\w+)"[^>]*autocomplete="([^"]+)"', form))
    tokens |= {name: token for token, name in re.findall(r'autocomplete="([^"]+)"[^>]*name="(\w+)"', form)}
    wanted = {
        "email": "email", "name": "name", "line1": "address-line1", "city": "address-level2",
        "postcode": "postal-code", "country": "country", "phone": "tel", "line2": "address-line2",
    }  # fmt: skip
    assert {name: tokens.get(name) for name in wanted} == wanted


@pytest.mark.parametrize("name", ["Ó Súilleabháin, Aoife", "O'Brien-Smith", "Sukarno", "李小龍", "Нина Ким"])
def test_a_name_is_one_field_and_may_be_written_in_any_script(client, sandbox, name):
    begin(client)
    assert client.post("/checkout/", ADDRESS | {"name": name}).status_code == 303
    assert Order.objects.get().name == name


def test_postcode_mail_and_telephone_are_taken_as_people_type_them(client, sandbox):
    begin(client)
    typed = {"postcode": " d02  x285", "email": "  alex@example.com ", "phone": "01 234-5678"}
    assert client.post("/checkout/", ADDRESS | typed).status_code == 303
    order = Order.objects.get()
    assert (order.postcode, order.email, order.phone) == ("D02 X285", "alex@example.com", "+35312345678")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("alex@gmial.com", "alex@gmail.com"),
        ("alex@gmail.con", "alex@gmail.com"),
        ("alex@hotmial.com", "alex@hotmail.com"),
        ("alex@gmail.com", ""),
        ("alex@mail.com", ""),
        ("alex@yahoo.fr", ""),
        ("alex@example.com", ""),
        ("alex", ""),
    ],
)
def test_a_mistyped_mail_domain_is_noticed_and_an_honest_one_left_alone(typed, meant):
    assert likely_address(typed) == meant


def test_the_hint_about_a_mail_address_stops_nobody(client, sandbox):
    begin(client)
    page = client.post("/checkout/", {"email": "alex@gmial.com", "country": "IE", "look": "1"}).content.decode()
    assert "Did you mean alex@gmail.com?" in page
    assert client.post("/checkout/", ADDRESS | {"email": "alex@gmial.com"}).status_code == 303


def test_each_cause_has_its_own_words_and_the_script_knows_them(client):
    begin(client)
    answer = client.post("/checkout/", ADDRESS | {"postcode": "12"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not how postcodes of that country are written: there they look like" in page
    assert 'data-missing="Type the town."' in page
    assert " is invalid" not in page.lower()


def test_a_state_is_asked_for_where_parcels_need_one_and_nowhere_else(client):
    begin(client)
    assert "region" not in open_fields(shown(client))
    page = client.post("/checkout/", {"country": "US", "look": "1"}).content.decode()
    assert "region" in open_fields(page)


def test_a_known_customer_types_nothing(client, sandbox):
    person = make_person()
    make_paid_order((make_variant(make_supplier("meridian")), 1), user=person)
    begin(client)
    client.force_login(person)
    page = shown(client)
    assert "Goes to" in page
    assert open_fields(page) == []

    values = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form_of(page)))
    sent = {name: values.get(name, "") for name in ("email", "name", "line1", "city", "postcode")}
    assert client.post("/checkout/", sent | {"country": "IE"}).status_code == 303
    assert Order.objects.filter(status="placed", user=person, line1="12 Main Street").count() == 1


def test_a_known_address_does_not_come_back_once_another_was_typed(client):
    person = make_person()
    make_paid_order((make_variant(make_supplier("meridian")), 1), user=person)
    begin(client)
    client.force_login(person)
    client.post("/checkout/", ADDRESS | {"line1": "7 Other Road", "city": "", "look": "1"})
    assert 'value="7 Other Road"' in shown(client)
    assert 'value="12 Main Street"' not in shown(client)


def test_prices_are_those_of_the_country_the_customers_last_order_went_to(client):
    person = make_person()
    make_paid_order((make_variant(make_supplier("meridian")), 1), user=person)
    Order.objects.update(country="DE")
    begin(client)
    client.force_login(person)
    assert client.get("/basket/").context["country_name"] == "Germany"


def test_a_country_that_was_named_in_this_visit_is_not_changed_by_the_log_in(client):
    person = make_person()
    make_paid_order((make_variant(make_supplier("meridian")), 1), user=person)
    Order.objects.update(country="DE")
    begin(client)
    client.post("/country/", {"country": "FR", "next": "/basket/"})
    client.force_login(person)
    assert client.get("/basket/").context["country_name"] == "France"


def test_basket_checkout_and_order_cost_the_same_for_the_same_country(client, sandbox):
    begin(client)
    for country in ("IE", "DE"):
        client.post("/country/", {"country": country, "next": "/basket/"})
        basket = client.get("/basket/").context["total"]
        assert client.get("/checkout/").context["total"] == basket
    address = {"country": "DE", "postcode": "10115", "city": "Berlin"}
    client.post("/checkout/", ADDRESS | address)
    assert Order.objects.get().total == basket


def test_what_was_sold_meanwhile_is_said_in_place_with_a_way_out_that_keeps_what_was_typed(client, sandbox):
    kept = begin(client)
    gone = make_variant(make_supplier("meridian"), stock=1, name="Oak board")
    client.post("/basket/add/", {"variant": gone.sku})
    make_order((gone, 1))
    answer = client.post("/checkout/", ADDRESS)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Oak board was sold meanwhile" in page
    assert "Oak board: sold out" in page

    line = BasketLine.objects.get(variant=gone, basket=BasketLine.objects.get(variant=kept).basket)
    client.post("/checkout/", ADDRESS | {"later": str(line.pk)})
    assert 'value="12 Main Street"' in shown(client)
    assert client.post("/checkout/", ADDRESS).status_code == 303
    assert [one.sku for one in Order.objects.latest("pk").lines.all()] == [kept.sku]


def test_fewer_than_wanted_can_be_taken_at_the_checkout(client, sandbox):
    variant = make_variant(make_supplier(), stock=4)
    client.post("/basket/add/", {"variant": variant.sku, "quantity": "4"})
    Variant.objects.filter(pk=variant.pk).update(stock_told=2)
    assert "Take 2" in shown(client)
    client.post("/checkout/", ADDRESS | {"fewer": str(BasketLine.objects.get().pk)})
    client.post("/checkout/", ADDRESS)
    assert Order.objects.get().lines.get().quantity == 2


def test_a_page_that_outlived_its_visit_keeps_what_was_typed(client, sandbox):
    begin(client)
    key = re.search(r'name="basket" value="([^"]+)"', shown(client)).group(1)
    client.cookies.clear()
    answer = client.post("/checkout/", ADDRESS | {"basket": key})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "You were away for a while" in page
    assert 'value="12 Main Street"' in page
    assert client.post("/checkout/", ADDRESS | {"basket": key}).status_code == 303


def test_a_customer_whose_log_in_has_ended_logs_in_again_and_finds_what_was_typed(client, sandbox):
    person = make_person()
    begin(client)
    client.force_login(person)
    key = re.search(r'name="basket" value="([^"]+)"', shown(client)).group(1)
    client.cookies.clear()
    answer = client.post("/checkout/", ADDRESS | {"basket": key})
    assert answer["Location"] == "/account/login/?next=/checkout/"
    assert client.get("/basket/").context["page"].groups == []

    client.force_login(person)
    assert 'value="12 Main Street"' in shown(client)
    assert client.post("/checkout/", ADDRESS).status_code == 303


def test_no_basket_is_had_by_a_key_of_ones_own_making_and_no_accounts_basket_by_any(client):
    begin(client)
    basket = BasketLine.objects.get().basket
    forged = TimestampSigner(salt="elsewhere").sign(str(basket.pk))
    key = re.search(r'name="basket" value="([^"]+)"', shown(client)).group(1)
    client.cookies.clear()
    assert client.post("/checkout/", ADDRESS | {"basket": forged}).status_code == 302
    client.force_login(make_person())
    assert client.post("/checkout/", ADDRESS | {"basket": key}).status_code == 302


def test_enter_in_a_field_continues_and_does_not_look_at_the_delivery(client):
    begin(client)
    first = re.search(r"<button[^>]*>", form_of(shown(client)))
    assert first
    assert "name=" not in first.group(0)


def test_the_header_leads_back_or_to_help_and_nowhere_else(client):
    begin(client)
    page = shown(client)
    header = page[page.index("<header") : page.index("</header>")]
    assert re.findall(r'<a[^>]* href="([^"]+)"', header) == ["/", "/basket/", "/support/"]
    assert 'role="search"' not in page


def test_days_amount_and_mail_address_stand_beside_the_button_before_anybody_pays(client):
    begin(client)
    page = client.post("/checkout/", ADDRESS | {"look": "1"}).content.decode()
    end = page[page.index('id="to-payment"') :]
    facts = end[: end.index("</button>")]
    for words in ("Arrives ", "alex@example.com", "Continue to payment: €16.40"):
        assert words in facts


def test_the_invoice_names_the_address_typed_for_it_and_the_goods_go_elsewhere(client, sandbox):
    begin(client)
    assert "invoice_to" not in open_fields(shown(client))
    client.post("/checkout/", ADDRESS | {"invoice_to": " Byrne Ltd \n\n1 Quay\r\nCork"})
    order = Order.objects.get()
    assert (order.invoice_to, order.line1) == ("Byrne Ltd\n1 Quay\nCork", "12 Main Street")

    record_payment(order, stripe_id="pi_1", paid=order.total, card_brand="visa", card_last4="4242")
    order.refresh_from_db()
    assert invoiced(order).content["buyer"] == {"name": "", "company": "", "lines": ["Byrne Ltd", "1 Quay", "Cork"]}


def test_whoever_comes_back_from_the_pay_page_reads_that_nothing_was_taken(client, sandbox):
    begin(client)
    assert "Not paid yet" not in shown(client)
    client.post("/checkout/", ADDRESS)
    page = shown(client)
    assert "Not paid yet" in page
    assert "Nothing was taken. We hold the goods for you until" in page
    assert 'value="12 Main Street"' in page


def test_the_pay_page_is_told_who_and_where_so_that_nothing_is_typed_again(client, sandbox):
    begin(client)
    client.post("/checkout/", ADDRESS)
    told = session_params(Order.objects.get().sessions.get())
    assert told["customer_email"] == "alex@example.com"
    assert told["payment_intent_data"]["shipping"] == {
        "name": "Alex Byrne",
        "address": {"line1": "12 Main Street", "city": "Dublin", "postal_code": "D02 X285", "country": "IE"},
    }


def test_the_pay_page_asks_a_known_customer_for_no_mail_address(client, sandbox):
    person = make_person()
    begin(client)
    client.force_login(person)
    address = client.post("/checkout/", ADDRESS | {"email": person.email})["Location"]
    with urlopen(address, timeout=10) as answer:
        page = answer.read().decode()
    assert person.email in page
    assert 'name="email"' not in page
