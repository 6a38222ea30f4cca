"""Whatever is typed or sent: a clear answer, nothing lost, never 500."""

from __future__ import annotations

import json
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from orders.models import IncomingEvent, Order
from support.models import Ticket
from tests.factories import make_paid_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db
NASTY = [
    "",
    " ",
    "\x00",
    "a" * 5000,
    "<script>alert(1)</script>",
    "'; DROP TABLE--",
    "٣",
    "-1",
    "1e400",
    "NaN",
    "\ud7ff\ufffe",
    "%00",
    "../../etc",
]


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


def test_addresses_with_nonsense_in_them(visitor):
    make_variant(make_supplier())
    for path in (
        "/search/?q={}",
        "/c/kitchen/?sort={}&page={}",
        "/p/x/?variant={}",
        "/basket/?added={}",
        "/orders/{}/",
        "/pages/{}/",
        "/support/tickets/{}/",
        "/support/photos/{}/",
    ):
        for text in ["", "a" * 3000, "%00", "%ff%fe", "-1", "99999999999999999999", "NaN", "%F0%9F%92%A9"]:
            answer = visitor.get(path.replace("{}", text))
            assert answer.status_code < 500, (path, text)


def test_the_basket_takes_no_nonsense(visitor):
    variant = make_variant(make_supplier(), stock=3)
    for text in NASTY:
        answer = visitor.post("/basket/add/", {"variant": variant.sku, "quantity": text})
        assert answer.status_code == 302, text
        assert visitor.post("/basket/add/", {"variant": text}).status_code in {302, 404}, text
    page = visitor.post("/basket/add/", {"variant": variant.sku, "quantity": "4"}, follow=True).content.decode()
    assert "at most 3" in page


def test_checkout_says_what_is_wrong_and_keeps_what_was_typed(visitor):
    visitor.post("/basket/add/", {"variant": make_variant(make_supplier()).sku})
    answer = visitor.post(
        "/checkout/", {"email": "alex at example", "name": "Alex Byrne", "country": "DE", "postcode": "1"}
    )
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "<title>Error:" in page
    assert page.count("An e-mail address looks like name@example.com.</") == 2
    assert page.count("Type street and house number.</") == 2
    assert 'value="Alex Byrne"' in page
    assert 'value="alex at example"' in page
    assert Order.objects.count() == 0


@pytest.mark.parametrize("field", ["email", "name", "line1", "city", "postcode", "country", "phone", "region", "note"])
def test_no_field_of_the_checkout_breaks_it(visitor, field):
    visitor.post("/basket/add/", {"variant": make_variant(make_supplier()).sku})
    good = {
        "email": "a@example.com",
        "name": "Al",
        "line1": "1 Street",
        "city": "Cork",
        "country": "FR",
        "postcode": "75001",
    }
    for text in NASTY:
        assert visitor.post("/checkout/", good | {field: text}).status_code in {422, 302, 303}, (field, text)
        assert visitor.get("/checkout/").status_code == 200, (field, text)


def test_an_unserved_country_is_named_with_the_goods(visitor):
    visitor.post("/basket/add/", {"variant": make_variant(make_supplier(), name="Oak board").sku})
    data = {
        "email": "a@example.com",
        "name": "Al",
        "line1": "1 Rue",
        "city": "Paris",
        "country": "FR",
        "postcode": "75001",
    }
    page = visitor.post("/checkout/", data).content.decode()
    assert "Oak board cannot be sent to that country" in page


def test_finding_an_order_answers_the_same_whether_or_not_there_is_one(visitor):
    order = make_paid_order((make_variant(make_supplier()), 1))
    right = visitor.post("/orders/find/", {"number": order.number, "email": order.email})
    wrong = visitor.post("/orders/find/", {"number": "LF-1", "email": "x@example.com"})
    for answer in (right, wrong):
        assert answer.status_code == 200
        assert "Look into your mail" in answer.content.decode()
    assert order.events.filter(kind="order.link_requested").count() == 1
    for text in NASTY:
        assert visitor.post("/orders/find/", {"number": text, "email": text}).status_code in {200, 422, 429}


def test_help_keeps_the_words_when_a_file_is_no_photo(visitor):
    order = make_paid_order((make_variant(make_supplier()), 1))
    url = f"/orders/{order.token}/help/"
    data = {"topic": "defective", "lines": str(order.lines.get().pk), "message": "It has a crack."}
    hostile = [
        SimpleUploadedFile("x.svg", b"<svg onload='alert(1)'/>", "image/svg+xml"),
        SimpleUploadedFile("x.jpg", b"GIF89a" + b"\x00" * 50, "image/jpeg"),
        SimpleUploadedFile("x.png", b"", "image/png"),
        SimpleUploadedFile("x.jpg", b"MZ" + b"\x90" * 500, "image/jpeg"),
    ]
    for file in hostile:
        answer = visitor.post(url, data | {"photos": file})
        assert answer.status_code == 422, file.name
        assert "It has a crack." in answer.content.decode()
    assert Ticket.objects.count() == 0
    for text in NASTY:
        assert visitor.post(url, {"topic": text, "lines": text, "message": text}).status_code == 422
        assert visitor.post("/support/", {"email": text, "message": "x", "number": text}).status_code in {422, 302}


def test_one_click_too_many_opens_one_case(visitor):
    order = make_paid_order((make_variant(make_supplier()), 1))
    data = {
        "topic": "question",
        "message": "Where is it?",
        "form_key": "6fa459ea-ee8a-3ca4-894e-db77e160355e",
    }
    first = visitor.post(f"/orders/{order.token}/help/", data)
    second = visitor.post(f"/orders/{order.token}/help/", data)
    assert first["Location"] == second["Location"]
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b'{"id": NaN}', b"[" * 5000, b'{"id": "x"}'])
def test_webhooks_refuse_what_is_not_signed_or_makes_no_sense(visitor, body):
    make_supplier()
    stripe = {"HTTP_STRIPE_SIGNATURE": f"t={int(time.time())},v1=00"}
    assert visitor.post("/webhooks/stripe/", body, content_type="application/json", **stripe).status_code == 400
    assert visitor.post("/webhooks/stripe/", body, content_type="application/json").status_code == 400
    headers = {
        "HTTP_WEBHOOK_ID": "msg_1",
        "HTTP_WEBHOOK_TIMESTAMP": str(int(time.time())),
        "HTTP_WEBHOOK_SIGNATURE": "v1,AAAA",
    }
    for bad in (headers, headers | {"HTTP_WEBHOOK_TIMESTAMP": "x"}, headers | {"HTTP_WEBHOOK_SIGNATURE": "é"}, {}):
        assert (
            visitor.post("/webhooks/suppliers/harbour/", body, content_type="application/json", **bad).status_code
            == 401
        )
    assert (
        visitor.post("/webhooks/suppliers/nobody/", body, content_type="application/json", **headers).status_code == 401
    )
    assert IncomingEvent.objects.count() == 0


def test_a_signed_webhook_is_stored_once_whatever_it_says(visitor):
    from tests.faults.test_faults import signed_by_supplier

    make_supplier()
    for body in (b"[]", b'{"id": 5}', b"not json", b'{"id": "other", "type": "ping"}'):
        signed = signed_by_supplier(body, "msg_1")
        answer = visitor.post("/webhooks/suppliers/harbour/", body, content_type="application/json", headers=signed)
        assert answer.status_code == 400, body
    body = json.dumps(
        {"id": "msg_2", "type": "order.updated", "data": {"order": {"lines": "?"}, "reference": "x"}}
    ).encode()
    for _time in range(3):
        signed = signed_by_supplier(body, "msg_2")
        answer = visitor.post("/webhooks/suppliers/harbour/", body, content_type="application/json", headers=signed)
        assert answer.status_code == 204
    assert IncomingEvent.objects.count() == 1


def test_a_page_that_was_open_for_too_long_says_how_to_go_on():
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/support/", {"email": "a@example.com", "message": "x"})
    assert answer.status_code == 403
    assert "<h1" in answer.content.decode()
