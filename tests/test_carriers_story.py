"""A parcel from label to door: told by its carrier alone, by its supplier alone, and by both."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.test import Client
from django.utils import timezone

from config.audit import run_audit
from orders.models import Estimate, IncomingEvent, OrderDelivery, Shipment
from orders.progress import parcel_cards
from suppliers.actions.follow import tend_carriers
from suppliers.models import ParcelWatch, Supplier, TrackingCall
from tests.carriers import (  # noqa: F401  (fixtures)
    NUMBER,
    carriers_fixture,
    followed,
    make_due,
    open_reasons,
    read,
    report,
    scan,
    state_of,
    use,
)
from tests.deals import deal_fixture, odd_supplier_fixture, process_fixture  # noqa: F401  (fixtures)
from tests.demo.carrier_process import API_KEY
from tests.test_carriers_dialects import EASYPOST
from tests.test_carriers_webhooks import signed_aftership

pytestmark = pytest.mark.django_db


def labelled(deal):
    """Return a deal whose supplier has made a label, and says no more from then on."""
    made = deal("TEST-OK", 2)
    made.news_until(lambda: Shipment.objects.exclude(tracking_number="").exists(), step=3)
    assert Shipment.objects.get().status == "label_created"
    Supplier.objects.update(uses_polling=False)
    return made


def violations():
    return {finding.check.name: finding.violations for finding in run_audit() if finding.violations}


def test_a_parcel_is_followed_to_the_door_by_its_carrier_alone(carriers, deal, relay, mailbox):
    made = labelled(deal)
    number = Shipment.objects.get().tracking_number
    read()
    scans, seen = [], []
    for place, status in enumerate(["label_created", "in_transit", "in_transit", "out_for_delivery", "delivered"]):
        scans.append(scan(status, timezone.now() - timedelta(minutes=50 - 10 * place), city=f"Town {place}"))
        report(carriers, scans, number=number)
        make_due()
        read()
        relay.run_until_idle()
        seen.append(Shipment.objects.get().status)

    assert seen == ["label_created", "in_transit", "in_transit", "out_for_delivery", "delivered"]
    assert (made.line.shipped, made.line.delivered) == (2, 2)
    subjects = [message["Subject"].split(":")[0].strip() for message in mailbox()]
    assert sorted(subjects) == ["Delivered", "Order confirmed", "Sent"]
    page = Client().get(made.order.get_absolute_url()).content.decode()
    assert "Town 4" in page
    assert "RAW" not in page
    assert ParcelWatch.objects.get().due_at > timezone.now() + timedelta(hours=12)
    Supplier.objects.update(uses_polling=True)
    made.news_until(lambda: made.row.status == "closed")
    assert (open_reasons(), violations()) == ([], {})


def test_without_a_key_the_supplier_is_believed_and_nobody_is_called(deal, relay):
    made = deal("TEST-OK", 2)
    made.news_until(lambda: made.line.delivered == 2)
    relay.run_until_idle()
    assert tend_carriers(now=timezone.now()) == 0
    assert Shipment.objects.get().status == "delivered"
    assert (ParcelWatch.objects.count(), TrackingCall.objects.count(), open_reasons()) == (0, 0, [])
    assert violations() == {}


def test_a_service_that_is_away_leaves_the_parcel_to_its_supplier(settings, deal, relay):
    use(settings, "aftership")
    made = deal("TEST-OK", 2)
    made.news_until(lambda: made.line.delivered == 2)
    assert read().failing_since is not None
    assert Shipment.objects.get().status == "delivered"


def test_told_by_both_each_mail_goes_out_once_and_each_scan_is_shown_once(carriers, deal, relay, mailbox):
    made = deal("TEST-OK", 2)
    made.news_until(lambda: Shipment.objects.exclude(tracking_number="").exists(), step=3)
    for _turn in range(40):
        made.news(after=4)
        for parcel in made.parcels():
            facts = {name: parcel[name] for name in ("eta", "delay")}
            report(carriers, parcel["events"], number=parcel["tracking_number"], **facts)
        make_due()
        read()
        relay.run_until_idle()
        if made.line.delivered == 2:
            break
    subjects = [message["Subject"].split(":")[0].strip() for message in mailbox()]
    assert sorted(subjects) == ["Delivered", "Order confirmed", "Sent"]
    shipment = Shipment.objects.get()
    own = shipment.tracking_events.filter(source="carrier")
    (card,) = parcel_cards(made.order)
    assert len(card.entries) == own.count() > 0
    assert shipment.tracking_events.filter(source="supplier").exists()
    assert violations() == {}


def test_webhooks_and_polling_together_in_any_order_tell_the_same_story_once(carriers, relay, client, mailbox):
    watch = followed()
    read()
    watch.refresh_from_db()
    stages = ["in_transit", "out_for_delivery", "delivered"]
    bodies = []
    for place in range(3):
        scans = [scan(status, 9 - hours) for hours, status in enumerate(stages[: place + 1])]
        report(carriers, scans)
        (tracking,) = carriers.control("ledger")["trackings"]
        bodies.append(json.dumps({"event": "tracking_update", "event_id": f"e-{place}", "msg": tracking}).encode())
    for body in (bodies[2], bodies[0], bodies[1], bodies[0]):
        headers = signed_aftership(body)
        assert (
            client.post(
                "/webhooks/carriers/aftership/", body, content_type="application/json", headers=headers
            ).status_code
            == 200
        )
        relay.run_until_idle()
        make_due()
        read()
    relay.run_until_idle()
    assert state_of(watch).status == "delivered"
    assert IncomingEvent.objects.count() == 3
    kinds = list(
        watch.shipment.order.events.filter(kind__startswith="parcel.").order_by("pk").values_list("kind", flat=True)
    )
    assert kinds.count("parcel.in_transit") == kinds.count("parcel.delivered") == 1
    assert len([message for message in mailbox() if message["Subject"].startswith("Delivered")]) == 1


def test_a_carriers_new_date_is_an_estimate_of_the_carriers_told_once(carriers, relay, mailbox):
    watch = followed("in_transit")
    delivery = watch.shipment.delivery
    late = delivery.promised_latest_on + timedelta(days=5)
    report(carriers, [scan("in_transit", 2)], eta={"earliest": late.isoformat(), "latest": late.isoformat()})
    read()
    for _time in range(2):
        make_due()
        read()
        relay.run_until_idle()
    estimate = Estimate.objects.get()
    assert (estimate.source, estimate.latest_on, estimate.shipment_id) == ("carrier", late, watch.shipment_id)
    assert OrderDelivery.objects.get().expected_latest_on == late
    assert state_of(watch).status == "in_transit"


@pytest.mark.parametrize("eta", [{}, {"earliest": "2026-12-24", "latest": "2027-01-24"}])
def test_a_carrier_that_has_not_found_the_parcel_makes_no_delay(carriers, relay, mailbox, eta):
    followed("in_transit")
    report(carriers, [], eta=eta)
    read()
    relay.run_until_idle()
    assert ParcelWatch.objects.get().raw == "Pending / Pending_001 / The carrier does not know it yet"
    assert not Estimate.objects.exists()
    assert Shipment.objects.get().status == "in_transit"
    assert not [message for message in mailbox() if "later" in message["Subject"].lower()]


@contextmanager
def easypost_stub():
    """Run a server that answers as EasyPost's documentation shows, and keep what it was asked."""
    asked: list[tuple[str, str, dict]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers["Authorization"], body))
            tracker = EASYPOST | {"tracking_code": NUMBER, "status": "unknown", "tracking_details": []}
            status, told = 200, tracker
            if self.path.endswith("/batch"):
                told = {
                    "trackers": [EASYPOST | {"tracking_code": NUMBER, "updated_at": "2026-11-25T01:00:00Z"}],
                    "has_more": False,
                }
            elif body["tracker"]["tracking_code"] == "UNPAID1":
                status, told = 402, {"error": {"code": "PAYMENT.REQUIRED", "message": "pay first"}}
            elif body["tracker"]["tracking_code"] != NUMBER:
                status, told = 422, {"error": {"code": "TRACKER.CREATE.ERROR", "message": "not found"}}
            text = json.dumps(told).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v2", asked
    server.shutdown()
    server.server_close()


def test_easypost_is_spoken_to_as_its_documentation_says(settings):
    with easypost_stub() as (base, asked):
        use(settings, "easypost", base=base)
        watch = followed()
        read("easypost")
        assert state_of(watch).status == "label_created"
        make_due()
        read("easypost")
        other = followed(number="XX1")
        read("easypost")
    assert [path for path, _key, _body in asked] == ["/v2/trackers", "/v2/trackers/batch", "/v2/trackers"]
    assert {key for _path, key, _body in asked} == {"Basic " + base64.b64encode(f"{API_KEY}:".encode()).decode()}
    assert asked[0][2] == {"tracker": {"tracking_code": NUMBER}}
    assert asked[1][2] == {"tracking_codes": [NUMBER]}
    assert state_of(watch).status == "in_transit"
    other.refresh_from_db()
    assert (other.refused_code, other.due_at) == ("TRACKER.CREATE.ERROR", None)


def test_a_bill_that_is_not_paid_gives_up_no_parcel(settings):
    with easypost_stub() as (base, _asked):
        use(settings, "easypost", base=base)
        watch = followed(number="UNPAID1")
        service = read("easypost")
    assert service.last_error == "TryLater: not taken: 402, PAYMENT.REQUIRED"
    watch.refresh_from_db()
    assert (watch.refused_code, watch.due_at <= timezone.now()) == ("", True)
