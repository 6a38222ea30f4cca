"""The calculator at the desk and on the order in the admin: without JavaScript, and nothing typed is lost."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orders.models import Refund, RefundRequest
from support.actions.ticket import open_ticket
from support.models import Topic
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.paying_back import delivered, pay_back, preview, wish

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return delivered((make_variant(make_supplier()), 3))


@pytest.fixture
def desk(client, order):
    """Return the address of the refund of the only line, opened by an agent."""
    client.force_login(make_person(role="Support agents", name="Ada Agent"))
    facts = {"email": order.email, "name": "", "topic": Topic.CHANGED_MIND, "subject": "?", "body": "?"}
    ticket = open_ticket(order=order, form_key=uuid.uuid4(), **facts)
    return reverse("desk:refund", args=[ticket.pk, order.lines.get().pk])


def test_the_line_that_was_chosen_stands_in_the_form_with_the_reason_of_the_case(client, order, desk):
    page = client.get(desk).content.decode()

    assert f'name="units_{order.lines.get().pk}" value="3"' in page
    assert '<option value="returned" selected>' in page
    assert "You may pay back €150.00 in one refund and €300.00 for one order" in page


def test_the_preview_names_goods_delivery_tax_what_is_left_and_the_card(client, order, desk):
    answer = client.post(desk, {f"units_{order.lines.get().pk}": "3", "reason": "damaged"})

    page = answer.content.decode()
    assert answer.status_code == 200
    for amount in ("€37.50", "€3.90", "€41.40", "€7.74", "€0.00"):
        assert amount in page, amount
    assert "Back by Visa 4242" in page
    assert "Pay back €41.40</button>" in page
    assert Refund.objects.count() == 0


def test_whoever_changes_their_mind_has_the_form_as_it_was_typed(client, order, desk):
    pk = order.lines.get().pk
    sent = preview(client, desk, {f"units_{pk}": "2", "reason": "damaged", "note": "Seen on the photo."})

    page = client.post(desk, sent | {"change": "1"}).content.decode()

    assert f'name="units_{pk}" value="2"' in page
    assert 'value="Seen on the photo."' in page
    assert Refund.objects.count() == 0


def test_somebody_who_was_faster_is_seen_and_nothing_is_paid(client, order, desk):
    pk = order.lines.get().pk
    sent = preview(client, desk, {f"money_{pk}": "5.00", "reason": "goodwill"})
    boss = make_person(is_superuser=True)
    pay_back(order, wish(money={order.lines.get(): 1000}), by=boss)

    answer = client.post(desk, sent)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Something has changed meanwhile. Nothing was paid." in page
    assert "Left of the order after that: €36.40 before, €26.40 now." in page
    assert Refund.objects.count() == 1
    # What is shown now can be confirmed.
    shown = page.split('name="shown" value="')[1].split('"')[0]
    assert client.post(desk, sent | {"shown": shown}).status_code == 302
    assert Refund.objects.count() == 2


def test_units_that_are_gone_by_now_bring_back_the_form(client, order, desk):
    line = order.lines.get()
    sent = preview(client, desk, {f"units_{line.pk}": "3", "reason": "damaged"})
    pay_back(order, wish(units={line: 2}), by=make_person(is_superuser=True))

    answer = client.post(desk, sent)

    assert answer.status_code == 422
    assert "Only 1 units are left to pay back." in answer.content.decode()
    assert Refund.objects.count() == 1


def test_amounts_that_nobody_was_shown_are_not_paid(client, order, desk):
    pk = order.lines.get().pk
    sent = preview(client, desk, {f"units_{pk}": "1", "reason": "damaged"})

    forged = client.post(desk, sent | {"shown": "forged"})
    other = client.post(desk, sent | {f"units_{pk}": "2"})

    # The one is a first look, the other a change since the look.
    assert (forged.status_code, other.status_code) == (200, 422)
    assert Refund.objects.count() == 0


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({}, "Say what to pay back"),
        ({"units": "x"}, "Type a whole number of units"),
        ({"units": "-1"}, "greater than or equal to 0"),
        ({"units": "4"}, "Only 3 units are left"),
        ({"money": "12.345"}, "Type the amount like 12.50."),
        ({"money": "37.51"}, "Between 0.01 and 37.50"),
        ({"money": "NaN"}, "Type the amount like 12.50."),
    ],
)
def test_what_cannot_be_is_said_and_kept(client, order, desk, typed, told):
    pk = order.lines.get().pk
    answer = client.post(desk, {f"{name}_{pk}": value for name, value in typed.items()} | {"reason": "damaged"})

    page = answer.content.decode()
    assert answer.status_code == 422
    assert told in page
    for value in typed.values():
        assert f'value="{value}"' in page


def test_staff_pay_back_on_the_order_with_the_same_calculator(client, order):
    staff = make_person(role="Store staff")
    client.force_login(staff)
    url = reverse("admin:orders_order_refund", args=[order.pk])
    assert url in client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    pk = order.lines.get().pk

    sent = preview(client, url, {f"units_{pk}": "3", "reason": "damaged"})
    answer = client.post(url, sent, follow=True)

    refund = Refund.objects.get()
    assert "€41.40 is on its way back." in answer.content.decode()
    assert (refund.amount_minor, refund.requested_by, RefundRequest.objects.count()) == (4140, staff, 0)


def test_an_agent_without_the_right_to_refund_is_refused(client, order, desk):
    agent = make_person(role="Support agents")
    agent.groups.get().permissions.filter(codename="add_refund").delete()
    client.force_login(agent)

    assert client.get(desk).status_code == 403
    assert client.post(desk, {"reason": "goodwill"}).status_code == 403


def test_form_and_preview_cost_the_same_for_few_and_many_lines(client):
    client.force_login(make_person(role="Store staff"))
    supplier = make_supplier()

    def cost(lines: int) -> tuple[int, int]:
        order = make_paid_order(*[(make_variant(supplier), 1) for _number in range(lines)])
        order.lines.update(shipped=1, forwarded=1)
        url = reverse("admin:orders_order_refund", args=[order.pk])
        typed = {f"units_{line.pk}": "1" for line in order.lines.all()} | {"reason": "damaged"}
        client.get(url)
        with CaptureQueriesContext(connection) as form:
            client.get(url)
        with CaptureQueriesContext(connection) as looked:
            assert client.post(url, typed).status_code == 200
        return len(form), len(looked)

    few, many = cost(2), cost(8)
    assert few == many
    assert max(many) <= 16
