"""Cancelling over HTTP: the customer's page, the desk and the admin say the same and do the same."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Cancellation, Order, OrderLine
from shop.words import moment
from suppliers.models import SupplierCancellation, SupplierOrder
from support.actions.ticket import open_ticket
from support.models import Topic
from tests.dialogue import ask, connected, mails, order_of, refunded, unexplained, units_of
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.paying_back import preview

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    return make_paid_order((make_variant(make_supplier(), price_minor=2500, name="Oak board"), 2))


@pytest.fixture
def agent():
    return make_person("ada@example.com", role="Support agents", name="Ada Agent")


def case(order: Order):
    return open_ticket(
        order=order, email=order.email, name="", topic=Topic.CHANGED_MIND, subject="x", body="x", form_key=uuid.uuid4()
    )


def text_of(answer) -> str:
    """Return a page's words as they are read: without mark-up and line breaks."""
    return " ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split())


def form_of(answer) -> dict[str, object]:
    """Return what a browser would send of a page's form: the key and all ticked lines."""
    page = answer.content.decode()
    key = re.search(r'name="form_key" value="([^"]+)"', page).group(1)
    return {"form_key": key, "lines": re.findall(r'name="lines" value="(\d+)"[^>]*checked', page)}


def test_a_guest_cancels_by_link_with_one_page_that_says_what_happens(client, relay, order, settings):
    Order.objects.update(forward_after=timezone.now() + timedelta(minutes=10))
    order.refresh_from_db()
    page = f"/orders/{order.token}/"
    until = moment(order.forward_after)
    shown = text_of(client.get(page))
    assert f"Change or cancel until {until}" in shown
    confirm = client.get(page + "cancel/")
    said = text_of(confirm)
    assert f"Until {until} whatever you choose is cancelled at once" in said
    assert str(order.total) in said
    assert "2 × Oak board" in said

    data = form_of(confirm)
    for _click in range(2):
        assert client.post(page + "cancel/", data).headers["Location"] == page
    relay.run_until_idle()

    assert Cancellation.objects.count() == 1
    assert refunded(order) == [order.total_minor]
    assert mails(order) == ["cancellation-answered"]
    done = text_of(client.get(page))
    assert "This order is cancelled" in done
    assert "2 × Oak board Cancelled" in done
    assert "Cancel order" not in done
    assert "Change or cancel until" not in done
    assert unexplained() == []


def test_only_the_chosen_goods_are_cancelled(client, order):
    supplier = make_supplier("meridian")
    other = make_paid_order(
        (make_variant(supplier, price_minor=2500, name="Oak board"), 1),
        (make_variant(supplier, price_minor=1000, name="Linen cushion"), 2),
    )
    line = other.lines.get(name="Linen cushion")
    url = f"/orders/{other.token}/cancel/"

    client.post(url, {"form_key": str(uuid.uuid4()), "lines": [line.pk]})

    assert [(row.line, row.quantity) for row in Cancellation.objects.get().lines.all()] == [(line, 2)]
    assert [row.cancelled for row in other.lines.order_by("pk")] == [0, 2]
    for wrong in ([], [order.lines.get().pk], ["x"], [line.pk]):
        answer = client.post(url, {"form_key": str(uuid.uuid4()), "lines": wrong})
        assert answer.status_code == 422, wrong
        assert "Error:" in answer.content.decode()
    assert Cancellation.objects.count() == 1


def test_nobody_cancels_by_a_wrong_link_or_by_looking(client, order):
    assert client.get("/orders/" + "A" * 43 + "/cancel/").status_code == 404
    assert client.post("/orders/" + "A" * 43 + "/cancel/", {"lines": order.lines.get().pk}).status_code == 404
    client.get(f"/orders/{order.token}/cancel/")
    assert Cancellation.objects.count() == 0


def test_the_page_says_what_we_wait_for_until_when_and_what_came_of_it(client, harbour, relay):
    harbour.control("pause", {"paused": True})
    supplier = connected(harbour)
    order = order_of(supplier, "TEST-NOCANCEL")
    relay.run_until_idle()
    page = f"/orders/{order.token}/"
    confirm = client.get(page + "cancel/")
    assert "We ask the supplier at once to stop what you choose" in text_of(confirm)

    assert "We have noted it" in text_of(client.post(page + "cancel/", form_of(confirm), follow=True))
    relay.run_until_idle()

    cancellation = Cancellation.objects.get()
    waiting = client.get(page)
    assert "Cancellation asked for" in text_of(waiting)
    assert f"Asked on {moment(cancellation.requested_at)}." in text_of(waiting)
    assert f"which comes by {moment(cancellation.answer_by)}." in text_of(waiting)
    assert "data-refresh-seconds" in waiting.content.decode()
    assert "Cancel order" not in text_of(waiting)

    harbour.control("advance", {"seconds": 60})
    SupplierCancellation.objects.update(due_at=timezone.now())
    relay.run_until_idle()

    refused = text_of(client.get(page))
    assert "Could not be stopped" in refused
    assert "It had already been sent." in refused
    assert "so it cannot be cancelled any more. You can send it back." in refused
    assert "There is nothing to cancel" in text_of(client.get(page + "cancel/"))


def test_the_help_page_leads_to_it_while_it_is_possible(client, order):
    link = f"/orders/{order.token}/cancel/"
    assert link in client.get(f"/orders/{order.token}/help/").content.decode()
    OrderLine.objects.update(shipped=2)
    assert link not in client.get(f"/orders/{order.token}/help/").content.decode()


def test_an_agent_cancels_part_of_a_line_and_sees_the_suppliers_answer(client, harbour, relay, agent):
    harbour.control("pause", {"paused": True})
    order = order_of(connected(harbour))
    relay.run_until_idle()
    ticket, line = case(order), order.lines.get()
    client.force_login(agent)
    url = f"/desk/tickets/{ticket.pk}/lines/{line.pk}/cancel/"
    assert url in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    for wrong in ("0", "3", "-1", "x", ""):
        answer = client.post(url, {"quantity": wrong, "reason": "customer_request"})
        assert answer.status_code == 422, wrong
    assert "2 of it can still be cancelled" in text_of(
        client.post(url, {"quantity": "3", "reason": "customer_request"})
    )
    assert client.post(url, {"quantity": "1", "reason": "because"}).status_code == 422
    assert Cancellation.objects.count() == 0

    key = str(uuid.uuid4())
    for _click in range(2):
        answer = client.post(url, {"quantity": "1", "reason": "too_late", "form_key": key})
        assert answer.status_code == 302
    relay.run_until_idle()

    made = Cancellation.objects.get()
    assert (made.requested_by, made.reason, made.status) == (agent, "too_late", "accepted")
    assert SupplierCancellation.objects.get().request["reason_code"] == "too_late"
    (theirs,) = harbour.books()["orders"]
    assert theirs["lines"][0]["quantity_cancelled"] == 1
    assert units_of(order)[:2] == (1, 1)
    assert order.refunds.get().requested_by == agent
    desk = text_of(client.get(f"/desk/tickets/{ticket.pk}/"))
    assert "Harbour: decided (cancelled)" in desk
    assert "We are cancelling 1 × " in desk
    client.logout()
    assert "We are cancelling 1 × " in text_of(client.get(ticket.get_absolute_url()))


def test_an_agent_reaches_no_line_of_another_order_and_a_stranger_none(client, order, agent):
    ticket = case(order)
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    client.force_login(agent)
    url = f"/desk/tickets/{ticket.pk}/lines/{other.lines.get().pk}/cancel/"
    assert client.post(url, {"quantity": 1, "reason": "other"}).status_code == 404
    own = f"/desk/tickets/{ticket.pk}/lines/{order.lines.get().pk}/cancel/"
    client.force_login(make_person())
    assert client.post(own, {"quantity": 1, "reason": "other"}).status_code == 403
    client.logout()
    assert client.post(own, {"quantity": 1, "reason": "other"}).headers["Location"].startswith("/account/login/")
    assert Cancellation.objects.count() == 0


def test_staff_cancel_with_a_button_and_see_who_asked_and_who_answered(client, harbour, relay):
    harbour.control("pause", {"paused": True})
    order = order_of(connected(harbour))
    relay.run_until_idle()
    staff = make_person(role="Store staff")
    client.force_login(staff)
    url = f"/admin/orders/order/{order.pk}/change/"
    page = client.get(url).content.decode()
    assert "Cancel what has not been sent" in page
    key = re.search(r'name="cancel_key" value="([^"]+)"', page).group(1)
    empty = {
        f"{name}-{part}": "0"
        for name in ("lines", "deliveries", "estimates")
        for part in ("TOTAL_FORMS", "INITIAL_FORMS")
    }

    for _click in range(2):
        assert client.post(url, empty | {"_cancel": "1", "cancel_key": key}).status_code == 302
    relay.run_until_idle()

    made = Cancellation.objects.get()
    assert (made.requested_by, made.status) == (staff, "accepted")
    assert refunded(order) == [order.total_minor]
    assert SupplierOrder.objects.get().status == "closed"
    shown = text_of(client.get(url))
    assert "Harbour : decided (cancelled)" in shown
    assert str(staff) in shown
    assert "Cancel what has not been sent" not in client.get(url).content.decode()
    for model in ("orders/cancellation", "suppliers/suppliercancellation"):
        assert client.get(f"/admin/{model}/").status_code == 200
    client.post(url, empty | {"_cancel": "1", "cancel_key": str(uuid.uuid4())})
    assert Cancellation.objects.count() == 1


@pytest.mark.parametrize(("action", "status"), [("note_stopped", "accepted"), ("note_not_stopped", "refused")])
def test_staff_note_what_a_supplier_said_on_the_telephone(client, harbour, relay, action, status):
    harbour.control("pause", {"paused": True})
    order = order_of(connected(harbour, capabilities=[]))
    relay.run_until_idle()
    ask(order)
    relay.run_until_idle()
    client.force_login(make_person(role="Store staff"))
    row = SupplierCancellation.objects.get()

    client.post("/admin/suppliers/suppliercancellation/", {"action": action, "_selected_action": [row.pk]})
    relay.run_until_idle()

    assert Cancellation.objects.get().status == status
    assert refunded(order) == ([order.total_minor] if status == "accepted" else [])
    assert order.work_items.filter(closed_at=None).count() == 0
    assert mails(order) == ["cancellation-asked", "cancellation-answered"]


def test_units_that_were_not_sent_are_cancelled_at_the_desk_and_not_only_paid_back(client, order, agent):
    ticket = case(order)
    OrderLine.objects.update(forwarded=2, shipped=1)
    client.force_login(agent)
    url = f"/desk/tickets/{ticket.pk}/lines/{order.lines.get().pk}/refund/"

    pk = order.lines.get().pk

    answer = client.post(url, {f"units_{pk}": "2", f"money_{pk}": "50.00", "reason": "goodwill"})

    assert answer.status_code == 422
    assert "1 of it were not sent: cancel them instead" in text_of(answer)
    assert refunded(order) == []
    # What was sent, and money alone, can be paid back.
    for typed in ({f"units_{pk}": "1", f"money_{pk}": "25.00"}, {f"money_{pk}": "5.00"}):
        assert client.post(url, preview(client, url, typed | {"reason": "goodwill"})).status_code == 302
    assert refunded(order) == [2500, 500]
