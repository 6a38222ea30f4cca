"""Getting help: the order first, then the topic, an answer in place, and a short form for what is left."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shop.words import moment
from support.actions.ticket import answer_due
from support.models import Ticket, Topic
from tests.accounts import make_customer
from tests.factories import make_order, make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Oak board"), 1))


def fields(page: str, action: str = "") -> list[str]:
    """Return the fields that a person sees in the form that is sent to us."""
    form = re.search(r'<form[^>]*enctype="multipart/form-data".*?</form>', page, re.S).group()
    return re.findall(
        r'<(?:input type="(?!hidden)\w+"|textarea|select)[^>]*name="(\w+)"|name="(\w+)"[^>]*<textarea', form
    )


def test_contact_begins_with_the_order_and_has_no_dead_end(client, settings):
    settings.SELLER = settings.SELLER | {"lines": ["1 Mill Lane", "Cork"], "contact": "hello@larkfield.example"}
    page = client.get("/support/").content.decode()
    main = page[page.index("<main") :]
    assert main.index("About an order") < main.index("What is it about?")
    assert "/orders/find/" in main
    assert "1 Mill Lane" in main
    assert "hello@larkfield.example" in main
    assert "screen reader" in main
    assert "textarea" not in main


def test_whoever_is_signed_in_chooses_among_their_own_orders(client, order):
    mine = make_paid_order((make_variant(make_supplier("meridian")), 1), user=make_customer())
    client.force_login(mine.user)
    unpaid = make_order((make_variant(make_supplier("quay")), 1), user=mine.user)
    theirs = make_paid_order((make_variant(make_supplier("kestrel")), 1), user=make_customer("other@example.com"))
    page = client.get("/support/").content.decode()
    assert f"/orders/{mine.token}/help/" in page
    assert theirs.token not in page
    assert unpaid.token not in page


def test_choosing_costs_the_same_for_few_and_many_orders(client):
    user = make_customer()
    client.force_login(user)
    counts = []
    for number in range(5):
        make_paid_order((make_variant(make_supplier(f"s{number}")), 1), user=user)
        with CaptureQueriesContext(connection) as queries:
            client.get("/support/")
        counts.append(len(queries))
    assert counts[-1] == counts[1]
    # Three of them say when we answer: terms and support hours, kept for a moment unless something has changed.
    assert counts[-1] <= 15


def test_the_form_has_four_fields_at_most_and_says_when_we_answer(client):
    page = client.get("/support/?topic=payment").content.decode()
    assert len(fields(page)) <= 4
    assert f"We answer by {moment(answer_due(timezone.now()))}" in page


def test_where_is_my_order_is_answered_in_place(client, order):
    page = client.get(f"/orders/{order.token}/help/?topic=not_arrived").content.decode()
    assert "Arrives" in page
    assert page.index("Arrives") < page.index("Still need help?")
    assert "<details" in page
    assert 'name="message"' in page


def test_a_topic_that_needs_a_person_opens_the_form_at_once(client, order):
    page = client.get(f"/orders/{order.token}/help/?topic=question").content.decode()
    assert "<details" not in page[page.index("<main") :]
    assert '<input type="hidden" name="topic" value="question"' in page


def test_a_topic_that_is_none_shows_the_topics(client, order):
    for text in ("nonsense", "<script>", "a" * 500):
        for path in (f"/orders/{order.token}/help/", "/support/"):
            answer = client.get(path, {"topic": text})
            assert answer.status_code == 200
            assert "What is it about?" in answer.content.decode()


def test_a_message_gets_its_number_at_once_and_a_copy_by_mail(client, relay, mailbox):
    data = {"email": "alex@example.com", "topic": "payment", "message": "Is there an invoice?"}
    page = client.post("/support/", data, follow=True).content.decode()
    ticket = Ticket.objects.get()
    assert ticket.number in page
    assert moment(ticket.answer_due_at) in page
    relay.run_until_idle()
    (mail,) = mailbox()
    assert mail["To"] == "alex@example.com"
    assert "Is there an invoice?" in mail.get_body(("plain",)).get_content()


def test_a_question_about_a_product_names_it(client):
    variant = make_variant(make_supplier(), name="Steel kettle")
    page = client.get("/support/", {"about": variant.sku}).content.decode()
    assert "About: Steel kettle" in page
    client.post("/support/", {"email": "a@example.com", "product": "Steel kettle", "message": "How tall?"})
    assert Ticket.objects.get().subject == "Steel kettle: How tall?"


def test_number_and_address_attach_the_order_but_show_nobody_its_link(client, order):
    data = {"email": order.email, "number": order.number.lower(), "message": "Where is it?"}
    answer = client.post("/support/", data, follow=True)
    ticket = Ticket.objects.get()
    assert ticket.order == order
    page = answer.content.decode()
    assert ticket.number in page
    assert order.token not in page
    assert ticket.token not in page


def test_a_draft_survives_an_error(client):
    answer = client.post("/support/", {"email": "no address", "topic": "other", "message": "A long story."})
    assert answer.status_code == 422
    assert "A long story." in answer.content.decode()
    assert "<title>Error:" in answer.content.decode()


def test_nobody_types_as_quickly_as_a_program(client, settings):
    settings.CONTACT_MIN_SECONDS = 60
    data = {"email": "a@example.com", "message": "Buy!", "form_key": str(uuid.uuid4())}
    answer = client.post("/support/", data)
    assert answer.status_code == 422
    assert "Please press the button once more" in answer.content.decode()
    assert Ticket.objects.count() == 0
    settings.CONTACT_MIN_SECONDS = 0.001
    assert client.post("/support/", data).status_code == 302


def test_one_click_too_many_sends_one_message(client):
    data = {"email": "a@example.com", "message": "Hello?", "form_key": str(uuid.uuid4())}
    for _time in range(2):
        assert client.post("/support/", data)["Location"] == "/support/sent/"
    assert Ticket.objects.count() == 1


def test_not_there_opens_a_case_that_is_filled_in(client, order):
    from tests.parcels import delivered_parcel

    parcel = delivered_parcel(order, place="Front porch")
    page = client.get(order.get_absolute_url()).content.decode()
    assert "Where, as the carrier says: Front porch" in page
    (link,) = re.findall(r'href="([^"]+parcel=\d+)"', page)
    form = client.get(link.replace("&amp;", "&")).content.decode()
    assert "is not here. The carrier says: Delivered" in form
    assert parcel.tracking_number in form
    assert re.search(rf'value="{order.lines.get().pk}"[^>]*checked', form)
    client.post(link.replace("&amp;", "&"), {"topic": "not_arrived", "message": "Not here."})
    assert Ticket.objects.get().topic == Topic.NOT_ARRIVED


def test_another_orders_parcel_fills_in_nothing(client, order):
    from tests.parcels import delivered_parcel

    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    parcel = delivered_parcel(other, place="Porch")
    page = client.get(f"/orders/{order.token}/help/?topic=not_arrived&parcel={parcel.pk}").content.decode()
    assert "is not here" not in page
