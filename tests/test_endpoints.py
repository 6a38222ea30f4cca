"""The merchant's own systems are told of events: signed, once each, however often they are away."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from config.audit import run_audit
from notifications.actions import endpoints
from notifications.models import Endpoint, EventDelivery
from notifications.payload import OFFERED
from notifications.signing import NoSecret, key_of, new_secret, signed_headers
from orders.models import Event, Reaction, WorkItem
from orders.signals import EventSignal
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.listener import Listener
from tests.work import press, staff_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
SECRET = new_secret()


@pytest.fixture(autouse=True)
def long_pauses(settings):
    """Let no pause end by itself while a test looks."""
    settings.RETRY_SECONDS = settings.RETRY_MAX_SECONDS = 900


@pytest.fixture
def theirs():
    listening = Listener()
    yield listening
    listening.close()


@pytest.fixture
def endpoint(theirs) -> Endpoint:
    return make_endpoint(theirs.base)


def make_endpoint(base: str, **fields: object) -> Endpoint:
    facts = {"name": "Stock keeping", "kinds": ["order.paid"], "secret": SECRET}
    return Endpoint.objects.create(url=f"{base}/hook?shop=1", **facts | fields)


def an_order():
    return make_paid_order((make_variant(make_supplier()), 2))


def hurry(relay) -> None:
    """Let every pause be over."""
    EventDelivery.objects.filter(status="queued").update(due_at=timezone.now())
    Endpoint.objects.update(due_at=timezone.now())
    relay.run_until_idle()


def test_an_event_is_sent_once_signed_so_that_any_library_of_the_standard_believes_it(endpoint, theirs, relay):
    order = an_order()
    relay.run_until_idle()
    relay.run_until_idle()
    (heard,) = theirs.heard
    assert heard.path == "/hook?shop=1"
    assert heard.headers["content-type"] == "application/json"
    told = Webhook(SECRET).verify(heard.body, heard.headers)
    assert (told["type"], told["data"]["order"]["number"]) == ("order.paid", order.number)
    assert EventDelivery.objects.get().webhook_id == heard.headers["webhook-id"]
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(heard.body, heard.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(heard.body + b" ", heard.headers)


def test_our_signature_is_the_one_of_the_standards_own_library():
    body, at = b'{"a":1}', timezone.now().replace(microsecond=0)
    ours = signed_headers("msg_1", int(at.timestamp()), body, [SECRET])["webhook-signature"]
    assert ours == Webhook(SECRET).sign("msg_1", at, body.decode())


def test_it_says_what_is_written_down_and_nothing_about_a_person(endpoint, theirs, relay):
    order = an_order()
    relay.run_until_idle()
    told = json.loads(theirs.heard[0].body)
    assert set(told) == {"type", "timestamp", "data"}
    assert set(told["data"]) == {"event_id", "order"}
    line = order.lines.get()
    assert told["data"]["order"] == {
        "number": order.number, "status": "paid", "country": "IE", "currency": "EUR",
        "total_minor": order.total_minor, "refunded_minor": 0,
        "placed_at": told["data"]["order"]["placed_at"], "paid_at": told["data"]["order"]["paid_at"],
        "lines": [{
            "sku": line.sku, "quantity": 2, "unit_price_minor": 1250, "forwarded": told["data"]["order"]["lines"][0]["forwarded"],
            "confirmed": 0, "backordered": 0, "shipped": 0, "delivered": 0, "returned": 0, "cancelled": 0,
        }],
        "parcels": [],
    }  # fmt: skip
    assert told["timestamp"].endswith("Z")
    for personal in (order.email, order.name, order.line1, order.postcode, order.token):
        assert personal not in theirs.heard[0].body.decode()


def test_the_manual_names_every_event_that_can_be_chosen_and_each_of_them_exists():
    manual = (django_settings.BASE_DIR / "docs" / "webhooks.md").read_text()
    assert [kind for kind in OFFERED if f"`{kind}`" not in manual] == []
    assert [kind for kind in OFFERED if kind not in EventSignal.by_kind] == []


def test_what_nobody_is_told_of_costs_nothing(relay):
    an_order()
    relay.run_until_idle()
    assert not Reaction.objects.filter(receiver="notifications.tasks.owe_event").exists()
    assert EventDelivery.objects.count() == 0


def test_what_was_not_taken_is_sent_again_with_the_same_id_and_the_same_bytes(endpoint, theirs, relay):
    theirs.answer = lambda heard: (500, {}, b"oops")
    an_order()
    relay.run_until_idle()
    row = EventDelivery.objects.get()
    assert (row.status, row.tries, row.answer) == ("queued", 1, "HTTP 500")
    assert row.due_at > timezone.now()
    theirs.answer = lambda heard: (204, {}, b"")
    hurry(relay)
    first, second = theirs.heard
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    row.refresh_from_db()
    assert (row.status, row.tries, row.due_at) == ("taken", 2, None)


def test_one_event_that_is_never_taken_does_not_stop_the_others(endpoint, theirs, relay):
    first = an_order()
    theirs.answer = lambda heard: (400 if first.number.encode() in heard.body else 200, {}, b"")
    relay.run_until_idle()
    others = [make_paid_order((make_variant(make_supplier(f"s{n}")), 1)) for n in range(3)]
    relay.run_until_idle()
    assert EventDelivery.objects.filter(status="taken").count() == len(others)
    assert EventDelivery.objects.get(status="queued").order == first
    endpoint.refresh_from_db()
    assert endpoint.failing_since is None


def test_one_that_is_dead_is_tried_once_in_a_while_and_delays_nobody_else(theirs, relay):
    dead = make_endpoint("http://127.0.0.1:9", name="Dead")
    alive = make_endpoint(theirs.base, name="Alive")
    for number in range(4):
        make_paid_order((make_variant(make_supplier(f"s{number}")), 1))
    relay.run_until_idle()
    assert EventDelivery.objects.filter(endpoint=alive, status="taken").count() == 4
    tried = EventDelivery.objects.filter(endpoint=dead).exclude(tries=0)
    # No answer at all: the others are not even tried.
    assert tried.count() == 1
    dead.refresh_from_db()
    assert dead.failing_since is not None
    assert dead.due_at > timezone.now()
    before = dead.due_at
    make_paid_order((make_variant(make_supplier("s9")), 1))
    relay.run_until_idle()
    dead.refresh_from_db()
    assert dead.due_at == before


def test_who_comes_back_gets_everything_that_waited(endpoint, theirs, relay):
    theirs.answer = lambda heard: (503, {"Retry-After": "600"}, b"")
    orders = [make_paid_order((make_variant(make_supplier(f"s{n}")), 1)) for n in range(3)]
    relay.run_until_idle()
    endpoint.refresh_from_db()
    # As long as it asked for.
    assert endpoint.due_at > timezone.now() + timedelta(seconds=590)
    assert len(theirs.heard) == 1
    theirs.answer = lambda heard: (200, {}, b"")
    hurry(relay)
    taken = EventDelivery.objects.filter(status="taken")
    assert {row.order_id for row in taken} == {order.pk for order in orders}
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.due_at, endpoint.failures) == (None, None, 0)


def test_after_days_it_is_given_up_into_one_piece_of_work_and_sent_again_by_a_button(
    client, staff, endpoint, theirs, relay
):
    theirs.answer = lambda heard: (500, {}, b"")
    for number in range(2):
        make_paid_order((make_variant(make_supplier(f"s{number}")), 1))
    relay.run_until_idle()
    EventDelivery.objects.update(give_up_at=timezone.now())
    hurry(relay)
    assert EventDelivery.objects.filter(status="failed").count() == 2
    item = WorkItem.objects.get(reason="endpoint_failed")
    assert {finding.check.name for finding in run_audit() if finding.violations} & {"V09 endpoints", "V10 due"} == set()

    theirs.answer = lambda heard: (200, {}, b"")
    press(client, item, "tell-again")
    relay.run_until_idle()

    assert EventDelivery.objects.filter(status="taken").count() == 2
    endpoint.refresh_from_db()
    assert endpoint.given_up_at is None
    item.refresh_from_db()
    assert item.closed_at is not None


def test_who_says_gone_is_told_nothing_more_and_a_person_is_asked(endpoint, theirs, relay):
    theirs.answer = lambda heard: (410, {}, b"")
    an_order()
    relay.run_until_idle()
    endpoint.refresh_from_db()
    assert not endpoint.is_active
    assert EventDelivery.objects.get().status == "failed"
    assert WorkItem.objects.filter(reason="endpoint_failed").count() == 1


def test_a_redirect_is_not_followed_and_not_taken_for_a_yes(endpoint, theirs, relay):
    theirs.answer = lambda heard: (302, {"Location": "http://127.0.0.1:9/"}, b"")
    an_order()
    relay.run_until_idle()
    assert EventDelivery.objects.get().answer == "HTTP 302"
    assert len(theirs.heard) == 1


def test_an_address_inside_our_own_network_is_never_called(endpoint, theirs, relay, settings):
    settings.OUTBOUND_ALLOW_PRIVATE = False
    an_order()
    Endpoint.objects.update(url=theirs.base.replace("http://", "https://") + "/hook")
    relay.run_until_idle()
    row = EventDelivery.objects.get()
    assert (row.status, row.answer.partition(":")[0]) == ("queued", "Forbidden")
    assert theirs.heard == []


def test_for_a_day_after_a_change_both_secrets_sign(endpoint, theirs, relay):
    new = new_secret()
    endpoints.change_secret(endpoint, new)
    an_order()
    relay.run_until_idle()
    for secret in (SECRET, new):
        assert Webhook(secret).verify(theirs.heard[0].body, theirs.heard[0].headers)
    Endpoint.objects.update(former_until=timezone.now() - timedelta(seconds=1))
    endpoints.tell_again(EventDelivery.objects.all())
    relay.run_until_idle()
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(theirs.heard[1].body, theirs.heard[1].headers)
    assert Webhook(new).verify(theirs.heard[1].body, theirs.heard[1].headers)


def test_an_event_told_to_the_lane_while_it_is_at_work_is_not_forgotten(endpoint, theirs, relay):
    an_order()
    relay.run_until_idle()
    # As a crash would leave it: something waits, and nobody is due to look.
    EventDelivery.objects.update(status="queued", due_at=timezone.now())
    Endpoint.objects.update(due_at=None)
    relay.run_until_idle(with_periodic=True)
    relay.run_until_idle()
    assert EventDelivery.objects.get().status == "taken"


def test_the_same_event_owed_twice_is_told_once(endpoint, theirs):
    order = an_order()
    event = Event.objects.get(order=order, kind="order.paid")
    endpoints.owe_event(event)
    endpoints.owe_event(event)
    endpoints.tell_endpoint(endpoint.pk)
    endpoints.tell_endpoint(endpoint.pk)
    assert len(theirs.heard) == 1


@pytest.mark.parametrize("text", ["", "whsec_", "whsec_c2hvcnQ=", "x" * 40, "whsec_" + "A" * 120, "whsec_!!!!"])
def test_what_cannot_sign_is_no_secret(text):
    with pytest.raises(NoSecret):
        key_of(text)


def form(**fields: object) -> dict[str, object]:
    return {
        "name": "Books",
        "url": "https://books.example.com/hook",
        "kinds": ["order.paid"],
        "secret": "",
        "is_active": "on",
    } | fields


def test_staff_set_one_up_see_its_secret_once_and_never_again(client, staff):
    page = client.post("/admin/notifications/endpoint/add/", form(), follow=True).content.decode()
    made = Endpoint.objects.get()
    assert made.secret in page
    change = f"/admin/notifications/endpoint/{made.pk}/change/"
    assert made.secret not in client.get(change).content.decode()
    secret = made.secret
    client.post(change, form(name="The books"))
    made.refresh_from_db()
    assert (made.name, made.secret) == ("The books", secret)
    another = new_secret()
    client.post(change, form(secret=another))
    made.refresh_from_db()
    assert (made.secret, made.former_secret) == (another, secret)


def test_only_https_and_only_what_can_sign(client, staff, settings):
    settings.OUTBOUND_ALLOW_PRIVATE = False
    for wrong in (
        {"url": "http://books.example.com/"},
        {"secret": "short"},
        {"kinds": ["user.spied_on"]},
        {"kinds": []},
    ):
        assert client.post("/admin/notifications/endpoint/add/", form(**wrong)).status_code == 200
    assert Endpoint.objects.count() == 0


def test_switched_off_it_is_told_nothing_and_nothing_waits(client, staff, endpoint, theirs, relay):
    theirs.answer = lambda heard: (500, {}, b"")
    an_order()
    relay.run_until_idle()
    client.post(f"/admin/notifications/endpoint/{endpoint.pk}/change/", {**form(url=endpoint.url), "is_active": ""})
    assert EventDelivery.objects.get().status == "failed"
    heard = len(theirs.heard)
    make_paid_order((make_variant(make_supplier("other")), 1))
    hurry(relay)
    assert len(theirs.heard) == heard
    assert not WorkItem.objects.filter(reason="endpoint_failed").exists()


def test_agents_see_no_endpoints(client):
    client.force_login(make_person(role="Support agents", is_staff=True))
    assert client.get("/admin/notifications/endpoint/").status_code == 403
