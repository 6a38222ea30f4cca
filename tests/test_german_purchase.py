"""What a German customer reads is German: goods, search, basket, checkout, pay page, mails and papers."""

from __future__ import annotations

import uuid

import pytest
from django.conf import settings
from django.utils import translation

from notifications import messages
from notifications.models import Notification
from orders.actions.checkout import Address
from orders.actions.opening import session_params
from orders.actions.refund import RefundPart
from orders.models import Order, Shipment, ShipmentLine
from shop.languages import speaking
from shop.models import Category, Product, Wording
from suppliers.actions.catalog import write_best_offers
from suppliers.models import Offer
from support.actions.ticket import agent_answers
from support.models import Ticket
from tests.factories import make_code, make_paid_order, make_person, make_supplier
from tests.german import german_mug, page_at
from tests.journeys.buying import ADDRESS
from tests.money import pay
from tests.papers import credited, invoiced, pages_of
from tests.shelf import boxes_on, names_on, put, put_copies
from tests.test_queries import cost

pytestmark = pytest.mark.django_db
TO_GERMANY = ADDRESS | {"line1": "Hauptstraße 12", "city": "Berlin", "postcode": "10115", "country": "DE"}


@pytest.fixture
def mug():
    return german_mug()


# --- goods


def test_lists_and_product_are_german_and_what_has_no_german_words_stays_as_it_is(client, mug):
    page = page_at(client, "/de/c/kitchen/")
    assert "<h1>Küche</h1>" in page
    assert "Alles für den Herd." in page
    assert sorted(names_on(page)) == ["Becher aus Steinzeug", "Task lamp"]
    assert "12,50\N{NO-BREAK SPACE}€" in page
    assert f'href="/de{mug.product.get_absolute_url()}"' in page
    shown = page_at(client, f"/de{mug.product.get_absolute_url()}")
    for words in (
        "<h1>Becher aus Steinzeug</h1>",
        "Ein kräftiger Becher.",
        "<dt>Werkstoff</dt>",
        "Steinzeug, bleifreie Glasur",
        "In den Warenkorb",
    ):
        assert words in shown
    assert "<h1>Stoneware mug</h1>" in page_at(client, mug.product.get_absolute_url())


def test_filters_keep_their_addresses_and_change_their_words(client, mug):
    put_copies(mug, 2)
    english, german = page_at(client, "/c/kitchen/"), page_at(client, "/de/c/kitchen/")
    assert boxes_on(english).keys() == boxes_on(german).keys()
    assert boxes_on(german)["f", "Material:Stoneware"].startswith("Steinzeug")
    assert "<legend>Werkstoff</legend>" in german
    assert names_on(page_at(client, "/de/c/kitchen/?f=Material%3AStoneware")) == ["Becher aus Steinzeug"] * 3


@pytest.mark.parametrize(
    "typed", ["becher", "Bechern", "steinzeug", "Bechr", "salbei", "küche becher", "kueche becher", "mug", "mugs"]
)
def test_the_search_finds_german_words_and_english_ones_in_either_language(client, mug, typed):
    for where in ("", "/de"):
        shown = names_on(page_at(client, f"{where}/search/?q={typed}"))
        assert shown == [{"": "Stoneware mug", "/de": "Becher aus Steinzeug"}[where]]


def test_suggestions_are_in_the_language_of_the_page(client, mug):
    rows = client.get("/de/search/suggest/?q=bech").json()["rows"]
    assert [(row["text"], row["url"]) for row in rows] == [
        ("Becher aus Steinzeug", f"/de{mug.product.get_absolute_url()}")
    ]
    assert [row["text"] for row in client.get("/search/suggest/?q=bech").json()["rows"]] == ["Stoneware mug"]
    assert client.get("/de/search/suggest/?q=küche").json()["rows"][0]["text"] == "Küche"


def test_a_list_in_german_costs_no_statement_more(client, mug):
    for path in ("/c/kitchen/", "/search/?q=becher", mug.product.get_absolute_url()):
        assert cost(client, path) == cost(client, f"/de{path}"), path


def test_staff_write_german_names_and_markup_of_theirs_is_cleaned(client, mug):
    client.force_login(make_person(role="Store staff"))
    address = f"/admin/shop/category/{Category.objects.get(name='Tools').pk}/change/"
    answer = client.post(
        address,
        {"name": "Tools", "slug": "kitchen-tools", "parent": Category.objects.get(name="Kitchen").pk, "position": 0,
         "names_de": "Werkzeug", "introductions_de": ""},
    )  # fmt: skip
    assert answer.status_code == 302
    assert Category.objects.get(name="Tools").names == {"de": "Werkzeug"}
    assert names_on(page_at(client, "/de/search/?q=werkzeuge"))
    field = Product._meta.get_field("descriptions").formfield()
    assert field.clean(["<p onclick='x'>Gut</p><script>x</script>"]) == {"de": "<p>Gut</p>"}


def test_a_wording_that_staff_change_is_shown_and_found(client, mug):
    client.force_login(make_person(role="Store staff"))
    row = Wording.objects.get(text="Sage")
    posted = {"language": "de", "text": "Sage", "wording": "Graugrün", "about": ""}
    assert client.post(f"/admin/shop/wording/{row.pk}/change/", posted).status_code == 302
    assert "Graugrün" in page_at(client, "/de/c/kitchen/")
    assert names_on(page_at(client, "/search/?q=graugrün")) == ["Stoneware mug"]


# --- the purchase


def test_a_purchase_is_german_from_the_basket_to_the_credit_note(client, mug, sandbox, relay, mailbox):
    client.post("/de/country/", {"country": "DE", "next": "/de/"})
    answer = client.post("/de/basket/add/", {"variant": mug.sku}, follow=True)
    assert answer.redirect_chain[-1][0].startswith("/de/basket/added/")
    basket = page_at(client, "/de/basket/")
    assert ">Becher aus Steinzeug</a>" in basket
    assert "Salbei" in basket
    wrong = client.post("/de/checkout/", TO_GERMANY | {"city": ""})
    assert wrong.status_code == 422
    assert "Es gibt ein Problem" in wrong.content.decode()
    assert "Type the town" not in wrong.content.decode()
    assert client.post("/de/checkout/", TO_GERMANY).status_code == 303
    order = Order.objects.get()
    line, delivery = order.lines.get(), order.deliveries.get()
    assert (order.language, line.name, line.options_label) == ("de", "Becher aus Steinzeug", "Salbei")
    assert delivery.service_name == "Normalversand"
    pay(sandbox, order)
    session = sandbox.control("ledger")["sessions"][0]
    assert session["locale"] == "de"
    back = client.get(f"/de/checkout/return/{order.token}/?session={session['id']}")
    assert back.headers["Location"] == f"/de/orders/{order.token}/?thanks=1"
    relay.run_until_idle()
    (mail,) = mailbox()
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"].strip().startswith("Bestellung bestätigt")
    for words in (
        "Becher aus Steinzeug, Salbei",
        f"{settings.SITE_URL}/de/orders/{order.token}/",
        "- 10115 Berlin",
        "Deutschland",
        "12,50\N{NO-BREAK SPACE}€",
    ):
        assert words in text
    assert f"{settings.SITE_URL}/de/support/" in text


def german_order(variant, **fields: object) -> Order:
    with translation.override("de"):
        return make_paid_order((variant, 1), **fields)


def test_papers_are_frozen_in_the_language_of_the_order(client, mug):
    order = german_order(mug, address=Address(**TO_GERMANY))
    paper = invoiced(order)
    assert paper.content["buyer"]["lines"] == ["Hauptstraße 12", "10115 Berlin", "Deutschland"]
    # In whichever language its page is opened, a paper is what it was.
    page = page_at(client, paper.get_absolute_url())
    assert '<html lang="de">' in page
    for words in ("Rechnung", "Becher aus Steinzeug", "Deutschland"):
        assert words in page
    assert "Rechnung" in pages_of(client.get(f"{paper.get_absolute_url()}pdf/").content)[0]
    note = credited(order, [RefundPart(order.lines.get(), 0, 100)], key="k")
    assert "Gutschrift" in page_at(client, note.get_absolute_url())


def test_the_pay_page_is_asked_for_in_the_order_s_language_whoever_asks(mug):
    order = german_order(mug, code=make_code().code)
    params = session_params(order.sessions.get())
    assert params["locale"] == "de"
    assert params["success_url"].startswith(f"{settings.SITE_URL}/de/checkout/return/")
    assert params["cancel_url"] == f"{settings.SITE_URL}/de/checkout/"
    names = [line["price_data"]["product_data"]["name"] for line in params["line_items"]]
    assert names == ["Becher aus Steinzeug (Salbei), abzüglich Rabatt", "Lieferung"]
    english = session_params(make_paid_order((mug, 1)).sessions.get())
    assert english["locale"] == "en-GB"
    assert english["cancel_url"] == f"{settings.SITE_URL}/checkout/"


def test_whoever_changes_the_language_before_paying_gets_an_order_in_it(client, mug, sandbox):
    client.post("/basket/add/", {"variant": mug.sku})
    assert client.post("/checkout/", ADDRESS).status_code == 303
    assert client.post("/de/checkout/", ADDRESS).status_code == 303
    assert list(Order.objects.order_by("pk").values_list("language", "status")) == [
        ("en-gb", "expired"),
        ("de", "placed"),
    ]


def test_mails_about_an_order_are_german_whoever_caused_them(client, mug, relay, mailbox):
    order = german_order(mug)
    relay.run_until_idle()
    client.post("/orders/find/", {"number": order.number, "email": order.email})
    relay.run_until_idle()
    subjects = [mail["Subject"] for mail in mailbox()]
    assert len(subjects) == 2
    assert any(subject.startswith("Ihre Bestellseite") for subject in subjects), subjects
    assert all("/de/orders/" in mail.get_body(("plain",)).get_content() for mail in mailbox())


def test_a_verb_within_a_german_subject_is_small_and_a_noun_is_not(mug):
    order = make_paid_order((mug, 1))
    shipment = Shipment.objects.create(order=order, delivery=order.deliveries.get(), status="in_transit")
    ShipmentLine.objects.create(shipment=shipment, line=order.lines.get(), quantity=1)
    with speaking("de"):
        subject = messages.parcel_sent(shipment).subject
    assert subject.startswith("Versandt: kommt ")
    assert subject.endswith(f"an ({order.number}, Paket 1 von 1)")


def test_a_case_and_the_mails_about_it_are_in_the_language_it_was_written_in(client, relay, mailbox):
    question = {
        "email": "alex@example.com",
        "topic": "other",
        "message": "Wie hoch ist sie?",
        "form_key": str(uuid.uuid4()),
    }
    assert client.post("/de/support/", question).headers["Location"] == "/de/support/sent/"
    ticket = Ticket.objects.get()
    agent_answers(ticket, "10 cm.", by=make_person(role="Support agents", name="Ada"), form_key=uuid.uuid4())
    relay.run_until_idle()
    assert ticket.language == "de"
    assert [mail["Subject"].split(" (")[0].split(f" {ticket.number}")[0] for mail in mailbox()] == [
        "Ihre Nachricht ist da", "Antwort auf Ihre Anfrage",
    ]  # fmt: skip
    assert all(f"/de/support/tickets/{ticket.token}/" in mail.get_body(("plain",)).get_content() for mail in mailbox())


def test_whoever_waits_for_goods_hears_of_them_in_the_language_of_the_page(client, relay, mailbox):
    supplier = make_supplier()
    gone = put(supplier, "Stoneware mug", stock=0)
    Product.objects.update(names={"de": "Becher"})
    client.post(f"/de{gone.product.get_absolute_url()}tell-me/", {"variant": gone.sku, "email": "alex@example.com"})
    Offer.objects.update(availability="in_stock", stock=5)
    write_best_offers([gone.pk])
    relay.run_until_idle(with_periodic=True)
    (mail,) = mailbox()
    assert mail["Subject"] == "Wieder auf Lager: Becher"
    assert (
        f"{settings.SITE_URL}/de{gone.product.get_absolute_url()}?variant={gone.sku}"
        in mail.get_body(("plain",)).get_content()
    )


def test_the_link_to_sign_in_and_its_mail_are_german(client, relay, mailbox, settings):
    settings.EMAIL_BACKEND = "notifications.backend.QueueingBackend"
    client.post("/de/account/signup/", {"email": "neu@example.com", "password1": ""})
    relay.run_until_idle()
    (mail,) = mailbox()
    assert "/de/account/" in mail.get_body(("plain",)).get_content()
    assert Notification.objects.get().language == "de"
