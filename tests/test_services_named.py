"""The service bought for each parcel is named on the order page, in mails, and on invoice and credit note."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.actions.checkout import place_order
from orders.actions.payment import record_payment
from orders.actions.refund import RefundPart
from orders.models import Order, OrderDelivery, Paper
from orders.papers.pdf import paper_pdf
from shop.actions.delivery import ZoneTerms
from tests.factories import ADDRESS, express, make_basket, make_supplier, make_variant, standard
from tests.papers import credited, invoiced, pages_of

pytestmark = pytest.mark.django_db
TWO_WAYS = (ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2), express(690)]),)


@pytest.fixture(name="order")
def order_fixture() -> Order:
    """Two things sent from Cork by express for 6.90, and one from there by the standard service for 3.90."""
    harbour, meridian = make_supplier("harbour", zones=TWO_WAYS), make_supplier("meridian", zones=TWO_WAYS)
    basket = make_basket((make_variant(harbour), 2), (make_variant(meridian), 1))
    order = place_order(basket, ADDRESS, user=None, now=timezone.now(), services={"harbour": "express"})
    record_payment(order, stripe_id="pi_1", paid=order.total, card_brand="visa", card_last4="4242")
    order.refresh_from_db()
    return order


def test_page_and_mails_name_it_by_parcel(order, client, relay, mailbox):
    relay.run_until_idle()
    page = client.get(order.get_absolute_url()).content.decode()
    (mail,) = mailbox()
    for text in (page, mail.get_body(("plain",)).get_content(), mail.get_body(("html",)).get_content()):
        assert "Sent from Cork, Express" in text
        assert "Sent from Cork, Standard" in text


def text_of(paper: Paper) -> str:
    return " ".join("".join(pages_of(paper_pdf(paper.content, issued_at=paper.issued_at))).split())


def test_the_invoice_names_it_with_its_price_on_page_and_file(order, client):
    paper = invoiced(order)
    page = client.get(f"{order.get_absolute_url()}invoice/{paper.number}/")
    texts = [page.content.decode(), text_of(paper)]
    for text in texts:
        assert "Delivery from Cork, Express: €6.90." in text
        assert "Delivery from Cork, Standard: €3.90." in text
    assert sum(one["delivery_minor"] for one in paper.content["deliveries"]) == order.delivery_minor


def test_the_credit_note_names_that_of_the_goods_it_is_about_as_it_was_bought(order):
    invoiced(order)
    line = order.lines.get(delivery__service="express")
    # Another supplier sends it: what was bought stays what it was.
    OrderDelivery.objects.filter(pk=line.delivery_id).update(service_name="Slow boat")
    line.refresh_from_db()
    note = credited(order, [RefundPart(line, 2, line.paid_minor)], key="all")
    assert "Delivery from Cork, Express: €6.90." in text_of(note)
    assert "Standard" not in text_of(note)
    assert "Slow boat" not in text_of(note)


def test_a_paper_from_before_there_was_a_choice_is_drawn_as_it_was(order):
    content = invoiced(order).content
    del content["deliveries"]
    text = "".join(pages_of(paper_pdf(content, issued_at=order.placed_at)))
    assert "Delivery from" not in text
    assert order.number in text
