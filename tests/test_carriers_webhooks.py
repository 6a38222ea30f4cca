"""The tracking services' way in: only what they signed, stored once, worked on later, and as often as staff like."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import unicodedata
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from orders.models import IncomingEvent, WorkItem
from suppliers.actions import carrier_inbox
from suppliers.models import ParcelWatch, TrackingService
from tests.carriers import NUMBER, followed, open_reasons, state_of, use
from tests.demo.carrier_process import SECRET
from tests.factories import make_person
from tests.test_carriers_dialects import AFTERSHIP, EASYPOST

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def aftership_body(event_id: str = "e-1", **changes: Any) -> bytes:
    copy = AFTERSHIP | {"updated_at": NOW.isoformat(), "tracking_number": NUMBER} | changes
    return json.dumps({"ts": 1, "event": "tracking_update", "event_id": event_id, "msg": copy}).encode()


def easypost_body(event_id: str = "evt_1", **changes: Any) -> bytes:
    result = EASYPOST | {"updated_at": NOW.isoformat()} | changes
    return json.dumps({"id": event_id, "object": "Event", "description": "tracker.updated", "result": result}).encode()


def send(client, slug: str, body: bytes, **headers: str):
    url = reverse("carrier-webhook", args=[slug])
    return client.post(url, body, content_type="application/json", headers=headers).status_code


def signed_aftership(body: bytes, secret: str = SECRET) -> dict[str, str]:
    digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
    return {"aftership-hmac-sha256": base64.b64encode(digest).decode()}


def hex_of(secret: str, signed: bytes) -> str:
    key = unicodedata.normalize("NFKD", secret).encode()
    return "hmac-sha256-hex=" + hmac.new(key, signed, hashlib.sha256).hexdigest()


def signed_easypost(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Hmac-Signature": hex_of(secret, body)}


def newly_signed_easypost(body: bytes, *, at=None, path: str = "/webhooks/carriers/easypost/") -> dict[str, str]:
    told_at = format_datetime(at or timezone.now())
    signature = hex_of(SECRET, f"{told_at}POST{path}".encode() + body)
    return {"X-Timestamp": told_at, "X-Path": path, "X-Hmac-Signature-V2": signature}


@pytest.fixture
def watch(settings):
    use(settings, "aftership", "easypost")
    made = followed()
    ParcelWatch.objects.filter(pk=made.pk).update(service_id=AFTERSHIP["id"])
    made.refresh_from_db()
    return made


def test_news_of_a_followed_parcel_is_stored_and_moves_it(client, watch, relay):
    body = aftership_body()
    assert send(client, "aftership", body, **signed_aftership(body)) == 200
    incoming = IncomingEvent.objects.get()
    assert (incoming.source, incoming.kind, incoming.subject) == (
        "carrier:aftership", "tracking_update", f"tracking:{AFTERSHIP['id']}",
    )  # fmt: skip
    assert state_of(watch).status == "label_created"
    relay.run_until_idle()
    parcel = state_of(watch)
    assert (parcel.status, parcel.tracking_events.filter(source="carrier").count()) == ("out_for_delivery", 2)
    incoming.refresh_from_db()
    assert incoming.outcome == "taken"
    watch.refresh_from_db()
    assert watch.raw == "OutForDelivery / OutForDelivery_001 / Out for delivery"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"aftership-hmac-sha256": ""},
        {"aftership-hmac-sha256": "forged"},
        {"aftership-hmac-sha256": "örk"},
        signed_aftership(aftership_body(), "another secret"),
        signed_aftership(aftership_body("e-2")),
        # The other service's way to sign, with the right secret.
        signed_easypost(aftership_body()),
    ],
)
def test_what_aftership_did_not_sign_is_nothing(client, watch, headers):
    assert send(client, "aftership", aftership_body(), **headers) == 401
    assert not IncomingEvent.objects.exists()


def test_what_easypost_did_not_sign_or_signed_long_ago_is_nothing(client, watch):
    body = easypost_body()
    forged = [
        {},
        {"X-Hmac-Signature": "forged"},
        signed_easypost(body, "another secret"),
        signed_easypost(easypost_body("evt_2")),
        signed_aftership(body),
        newly_signed_easypost(body, at=timezone.now() - timedelta(minutes=6)),
        newly_signed_easypost(body, at=timezone.now() + timedelta(minutes=6)),
        newly_signed_easypost(body, path="/webhooks/stripe/"),
        newly_signed_easypost(body) | {"X-Timestamp": "noon"},
        newly_signed_easypost(body) | {"X-Timestamp": ""},
    ]
    assert [send(client, "easypost", body, **headers) for headers in forged] == [401] * len(forged)
    assert not IncomingEvent.objects.exists()
    assert send(client, "easypost", body, **newly_signed_easypost(body)) == 200
    assert send(client, "easypost", body, **signed_easypost(body)) == 200
    assert IncomingEvent.objects.count() == 1


def test_easyposts_secret_is_normalised_before_it_signs(client, settings):
    use(settings, "easypost")
    settings.TRACKING_SERVICES["easypost"]["webhook_secret"] = "sécret"
    body = easypost_body()
    assert send(client, "easypost", body, **signed_easypost(body, "sécret")) == 200


@pytest.mark.parametrize("slug", ["easypost", "nobody"])
def test_a_service_without_a_key_or_a_secret_has_no_way_in(client, settings, slug):
    use(settings, "aftership")
    body = easypost_body()
    assert send(client, slug, body, **signed_easypost(body)) == 401
    use(settings, slug)
    settings.TRACKING_SERVICES[slug]["webhook_secret"] = ""
    assert send(client, slug, body, **signed_easypost(body, "")) == 401
    assert client.get(reverse("carrier-webhook", args=[slug])).status_code == 405


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"not json", b'{"event_id": NaN}', b'{"event_id": "", "msg": {}}'])
def test_what_is_signed_and_no_event_is_refused(client, watch, body):
    assert send(client, "aftership", body, **signed_aftership(body)) == 400
    assert not IncomingEvent.objects.exists()


def test_what_is_too_long_is_refused_unread(client, watch):
    body = b"x" * (1024 * 1024 + 1)
    assert send(client, "aftership", body, **signed_aftership(body)) == 413


def test_the_same_message_twice_is_one_and_changes_nothing_the_second_time(client, watch, relay):
    body = aftership_body()
    assert [send(client, "aftership", body, **signed_aftership(body)) for _time in range(3)] == [200] * 3
    relay.run_until_idle()
    heard = state_of(watch).updated_at
    again = aftership_body("e-2")
    send(client, "aftership", again, **signed_aftership(again))
    relay.run_until_idle()
    assert list(IncomingEvent.objects.order_by("pk").values_list("outcome", flat=True)) == ["taken", "nothing new"]
    assert state_of(watch).updated_at == heard


def test_an_old_message_that_comes_late_moves_nothing_back(client, watch, relay):
    older = NOW - timedelta(hours=3)
    news = aftership_body("e-2", tag="Delivered", subtag="Delivered_001")
    late = aftership_body("e-1", tag="AttemptFail", subtag="AttemptFail_001", updated_at=older.isoformat())
    for body in (news, late):
        send(client, "aftership", body, **signed_aftership(body))
        relay.run_until_idle()
    assert state_of(watch).status == "delivered"


def test_staff_may_let_a_message_be_worked_on_again(client, watch, relay):
    body = aftership_body()
    send(client, "aftership", body, **signed_aftership(body))
    ParcelWatch.objects.update(service_id="another")
    relay.run_until_idle()
    incoming = IncomingEvent.objects.get()
    assert (incoming.outcome, state_of(watch).status) == ("no parcel of ours", "label_created")
    ParcelWatch.objects.update(service_id=AFTERSHIP["id"])
    client.force_login(make_person(role="Store staff"))
    url = reverse("admin:orders_incomingevent_changelist")
    client.post(url, {"action": "replay", "_selected_action": [incoming.pk]})
    relay.run_until_idle()
    incoming.refresh_from_db()
    assert (incoming.outcome, state_of(watch).status) == ("taken", "out_for_delivery")


def test_a_message_begins_the_parcels_time_anew(client, watch, relay):
    ParcelWatch.objects.update(due_at=timezone.now() + timedelta(days=1))
    body = aftership_body()
    send(client, "aftership", body, **signed_aftership(body))
    relay.run_until_idle()
    watch.refresh_from_db()
    # With the driver: an hour, give or take the jitter.
    assert timedelta(minutes=50) < watch.due_at - timezone.now() < timedelta(minutes=70)


def test_news_that_makes_no_sense_is_shown_to_staff_and_closed_by_good_news(client, watch, relay):
    bad = aftership_body("e-1", checkpoints="none")
    send(client, "aftership", bad, **signed_aftership(bad))
    relay.run_until_idle()
    assert open_reasons() == ["carrier_garbage"]
    assert IncomingEvent.objects.get().outcome.startswith("makes no sense")
    watch.refresh_from_db()
    assert (watch.strange["checkpoints"], state_of(watch).status) == ("none", "label_created")
    client.force_login(make_person(role="Store staff"))
    page = client.get(reverse("admin:suppliers_parcelwatch_change", args=[watch.pk])).content.decode()
    assert "&quot;checkpoints&quot;: &quot;none&quot;" in page
    assert NUMBER in client.get(reverse("admin:suppliers_parcelwatch_changelist")).content.decode()

    good = aftership_body("e-2")
    send(client, "aftership", good, **signed_aftership(good))
    relay.run_until_idle()
    watch.refresh_from_db()
    assert (open_reasons(), watch.strange, state_of(watch).status) == ([], None, "out_for_delivery")


def test_news_of_nobody_knows_which_parcel_is_kept_with_the_service(client, watch, relay):
    bad = aftership_body("e-1", id=None)
    send(client, "aftership", bad, **signed_aftership(bad))
    relay.run_until_idle()
    service = TrackingService.objects.get(slug="aftership")
    assert service.strange["copy"]["tracking_number"] == NUMBER
    assert WorkItem.objects.get(closed_at=None).subject_key == f"trackingservice:{service.pk}"
    client.force_login(make_person(role="Store staff"))
    page = client.get(reverse("admin:suppliers_trackingservice_change", args=[service.pk])).content.decode()
    assert NUMBER in page


def test_other_events_are_stored_and_not_used(client, watch, relay):
    body = json.dumps({"id": "evt_9", "description": "batch.created", "result": {"id": "batch_1"}}).encode()
    assert send(client, "easypost", body, **signed_easypost(body)) == 200
    relay.run_until_idle()
    assert IncomingEvent.objects.get().outcome == "not used"


def test_whatever_goes_wrong_inside_comes_back_with_a_pause_and_in_the_end_to_a_person(client, watch, monkeypatch):
    body = aftership_body()
    send(client, "aftership", body, **signed_aftership(body))
    incoming = IncomingEvent.objects.get()
    monkeypatch.setattr(carrier_inbox, "tracker_of", lambda slug: 1 / 0)
    for _time in range(carrier_inbox.GIVES_UP_AFTER):
        carrier_inbox.work_carrier_message(incoming.pk)
    incoming.refresh_from_db()
    assert (incoming.done_at, incoming.failures) == (None, carrier_inbox.GIVES_UP_AFTER)
    assert open_reasons() == ["incoming_failed"]


def test_both_services_move_parcels_the_same_way(client, watch, relay):
    other = followed(number="9400110898825022579493")
    ParcelWatch.objects.filter(pk=other.pk).update(service="easypost", service_id=EASYPOST["id"])
    body = easypost_body(status="delivered")
    send(client, "easypost", body, **signed_easypost(body))
    relay.run_until_idle()
    assert state_of(other).status == "delivered"
    assert state_of(watch).status == "label_created"
