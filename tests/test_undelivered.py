"""A parcel that was not handed over, waits somewhere or comes back: one mail each, and the page says the same."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.actions.carrier_word import CarrierWord, record_carrier_word
from orders.actions.shipping import Scan
from orders.models import Event, Order, OrderLine
from orders.progress import parcel_cards
from orders.states import ParcelStatus
from shop.words import day
from tests.odd import Scene, mouth_fixture, parcel_copy, placed_fixture, unsent_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
P = ParcelStatus
KINDS = ("parcel-attempted", "parcel-deposited", "parcel-back")


class Story:
    """One parcel whose supplier tells what its carrier has scanned, oldest scan first."""

    def __init__(self, made: Scene, relay: Any) -> None:
        self.made, self.relay, self.version = made, relay, 0
        self.scans: list[dict[str, Any]] = []
        self.tell("in_transit", hours=48)

    @property
    def order(self) -> Order:
        return Order.objects.get(pk=self.made.row.order_id)

    @property
    def shipment(self):
        return self.order.shipments.get()

    def tell(
        self, status: str, *, hours: float | None = None, place: str = "Cork", reason: str | None = None, **facts: Any
    ) -> None:
        """Let the supplier's signed webhook say it; ``hours``: with a scan of so long ago."""
        self.version += 1
        if hours is not None:
            at = (timezone.now() - timedelta(hours=hours)).isoformat()
            scan = {"event_id": f"S-{self.version}", "occurred_at": at, "status": status, "description": "RAW"}
            self.scans.append(scan | {"location": {"city": place, "country": "IE"}})
        told = {"status": status, "reason_code": reason, "events": list(self.scans), "delivered_at": None} | facts
        self.again(parcel_copy(self.made.row, version=self.version) | told)

    def again(self, copy: dict[str, Any]) -> None:
        self.copy = copy
        self.made.tell("webhook", "shipment", copy)
        self.relay.run_until_idle()

    def carrier(self, status: str, *, hours: float, place: str = "") -> None:
        """Let the carrier itself tell a scan."""
        scan = Scan(f"c{hours}", timezone.now() - timedelta(hours=hours), P(status), "RAW", place)
        with transaction.atomic():
            record_carrier_word(self.shipment, CarrierWord(P(status), [scan]), is_newest=True)
        self.relay.run_until_idle()


@pytest.fixture
def story(placed, relay):
    return Story(placed, relay)


def told() -> list[str]:
    """Return the kinds of such mails that were written, in order."""
    return list(Notification.objects.filter(kind__in=KINDS).order_by("pk").values_list("kind", flat=True))


def mail_about(mailbox, start: str):
    (found,) = [mail for mail in mailbox() if mail["Subject"].strip().startswith(start)]
    return found


def body(mail, kind: str = "plain") -> str:
    return mail.get_body((kind,)).get_content()


def holds() -> bool:
    found = {finding.check.name: finding.violations for finding in run_audit() if finding.check.name.startswith("V08")}
    assert {name: violations for name, violations in found.items() if violations} == {}
    return True


def page_of(client, order: Order, language: str = "") -> str:
    page = re.sub(r"\s+", " ", client.get(language + order.get_absolute_url()).content.decode())
    return page.replace("&#x27;", "'")


def test_a_tried_delivery_is_told_once_with_day_reason_what_follows_and_the_links(story, mailbox, client):
    facts = {"reason": "recipient_unavailable", "tracking_url": "https://carrier.example/T1"}
    story.tell("attempt_failed", hours=2, **facts)
    for _time in range(2):
        story.again(story.copy)
    # A newer copy that says the same.
    story.tell("attempt_failed", **facts)

    assert told() == ["parcel-attempted"]
    mail, order = mail_about(mailbox, "Delivery tried: parcel 1 of 1"), story.order
    (card,) = parcel_cards(order)
    (scan,) = order.shipments.get().tracking_events.filter(status="attempt_failed")
    for text in (body(mail), page_of(client, order)):
        assert day(timezone.localdate(scan.occurred_at)) in text
        assert "could not hand it over" in text
        assert "The reason: nobody was there to take it." in text
        assert "comes again on the next working day" in text
        assert "https://carrier.example/T1" in text
    assert mail["To"] == order.email
    assert order.get_absolute_url() in body(mail)
    for sentence in card.note.split(". "):
        assert sentence in body(mail)
    assert holds()


def test_each_further_attempt_is_told_whether_or_not_the_van_was_heard_of_between(story):
    story.tell("attempt_failed", hours=47)
    story.tell("attempt_failed", hours=23)
    assert told() == ["parcel-attempted"] * 2
    story.tell("out_for_delivery", hours=1)
    story.tell("attempt_failed", hours=0)
    assert told() == ["parcel-attempted"] * 3
    assert holds()


def test_the_same_attempt_in_the_words_of_supplier_and_carrier_is_one(story):
    story.tell("attempt_failed", hours=3)
    story.carrier("attempt_failed", hours=5, place="Dublin 2")
    story.carrier("attempt_failed", hours=2, place="Dublin 2")
    assert told() == ["parcel-attempted"]


def test_a_state_without_scans_is_told_once_and_the_scan_that_comes_after_it_is_no_news(story):
    story.tell("attempt_failed")
    story.tell("attempt_failed", hours=1)
    story.tell("attempt_failed")
    assert told() == ["parcel-attempted"]


def test_an_attempt_that_is_told_days_later_is_no_news(story):
    story.tell("attempt_failed", hours=73)
    assert story.shipment.status == "attempt_failed"
    assert told() == []
    assert holds()


def test_an_attempt_that_newer_scans_have_overtaken_is_no_news(story):
    story.tell("out_for_delivery", hours=1)
    story.scans.append({**story.scans[-1], "event_id": "S-old", "status": "attempt_failed"})
    story.scans[-1]["occurred_at"] = (timezone.now() - timedelta(hours=20)).isoformat()
    story.tell("attempt_failed")
    assert story.shipment.tracking_events.filter(status="attempt_failed").count() == 1
    assert told() == []


def test_an_older_copy_and_one_after_delivery_tell_nothing(story):
    tried = story.copy | {"status": "attempt_failed"}
    story.tell("delivered", hours=1, delivered_at=timezone.now().isoformat())
    story.again(tried)
    story.tell("attempt_failed", hours=0)
    story.tell("available_for_pickup", hours=0)
    assert (story.shipment.status, told()) == ("delivered", [])
    assert holds()


def test_what_became_of_it_before_the_mail_was_written_counts(placed, relay, monkeypatch):
    story = Story(placed, relay)
    monkeypatch.setattr(relay, "run_until_idle", lambda: None)
    story.tell("attempt_failed", hours=2)
    story.tell("delivered", hours=1, delivered_at=timezone.now().isoformat())
    monkeypatch.undo()
    relay.run_until_idle()
    assert Event.objects.filter(kind="parcel.attempted").count() == 1
    assert told() == []
    assert holds()


def test_a_parcel_that_waits_is_told_once_with_place_since_when_and_what_to_bring(story, mailbox, client):
    story.tell("attempt_failed", hours=26)
    story.tell("available_for_pickup", hours=20, place="Parcel shop, Main Street")
    for hours in (10, 1):
        # A carrier's reminders.
        story.tell("available_for_pickup", hours=hours, place="Parcel shop, Main Street")
    assert told() == ["parcel-attempted", "parcel-deposited"]

    mail, order = mail_about(mailbox, "Ready to collect: parcel 1 of 1"), story.order
    page = page_of(client, order)
    since = datetime.fromisoformat(story.scans[2]["occurred_at"])
    for text in (body(mail), page):
        assert "could not hand it over" in text
        assert f"since {day(timezone.localdate(since))}." in text
        assert "Where, as the carrier says: Parcel shop, Main Street, IE." in text
        assert "Bring the tracking number" in text
    assert 'class="parcel-arrival">Ready to collect<' in page
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', body(mail, "html"), re.DOTALL)
    status = json.loads(data)["deliveryStatus"]
    assert (status["@type"], datetime.fromisoformat(status["availableFrom"])) == ("DeliveryEvent", since)
    assert holds()


def test_another_place_of_the_same_speaker_is_told_and_another_name_for_it_by_the_carrier_is_not(story):
    story.tell("available_for_pickup", hours=30, place="Shop A")
    story.carrier("available_for_pickup", hours=20, place="SHOP A, MAIN ST")
    assert told() == ["parcel-deposited"]


def test_another_place_is_told_and_a_parcel_that_was_out_of_sight_between_is_not(story):
    story.tell("available_for_pickup", hours=30, place="Shop A")
    story.tell("unknown")
    story.tell("available_for_pickup")
    assert told() == ["parcel-deposited"]
    story.tell("available_for_pickup", hours=2, place="Shop B")
    assert told() == ["parcel-deposited"] * 2
    assert "Shop B" in Notification.objects.filter(kind="parcel-deposited").latest("pk").text


@pytest.mark.parametrize("first", ["returning", "returned"])
def test_a_parcel_that_comes_back_is_told_once_with_what_the_customer_can_choose(story, mailbox, client, first):
    story.tell("exception", hours=9, reason="address_problem")
    story.tell(first, hours=8, reason="address_problem")
    story.again(story.copy)
    story.tell("returned", hours=1, reason="address_problem")

    assert told() == ["parcel-back"]
    mail, order = mail_about(mailbox, "On its way back: parcel 1 of 1"), story.order
    page = page_of(client, order)
    for text in (body(mail), page):
        assert "The carrier could not deliver it" in text
        assert "The reason: the carrier has a question about the address." in text
        assert "A colleague sees to it and pays you back what was in it" in text
        assert "Would you rather have it sent once more" in text
        assert "Tell us what you prefer" in text
        assert f"{order.get_absolute_url()}help/" in text
    assert "Arrives" not in page[page.index('class="parcel"') : page.index("</section>", page.index('class="parcel"'))]
    assert holds()


def test_what_was_paid_back_already_promises_no_second_payment(story, mailbox, client):
    OrderLine.objects.update(refunded=2)
    story.tell("returning", hours=1)
    page = page_of(client, story.order)
    for text in (body(mail_about(mailbox, "On its way back:")), page):
        assert "You have been paid back for it" in text
        assert "A colleague sees to it" not in text
    assert "Tell us what you prefer" not in page


def test_a_way_back_that_was_stopped_before_it_was_told_is_told_when_it_goes_on(placed, relay, monkeypatch):
    story = Story(placed, relay)
    monkeypatch.setattr(relay, "run_until_idle", lambda: None)
    story.tell("returning", hours=3)
    story.tell("exception", hours=2)
    monkeypatch.undo()
    relay.run_until_idle()
    assert told() == []
    assert holds()
    story.tell("returned", hours=1)
    assert told() == ["parcel-back"]
    assert holds()


def test_the_audit_misses_each_of_them(story):
    story.tell("attempt_failed", hours=2)
    Notification.objects.filter(kind="parcel-attempted").delete()
    with pytest.raises(AssertionError, match="no message parcel-attempted"):
        holds()


def test_all_of_it_is_german_for_whoever_ordered_in_german(placed, relay, mailbox, client):
    Order.objects.update(language="de")
    story = Story(placed, relay)
    story.tell("attempt_failed", hours=26, reason="recipient_unavailable")
    assert "es war niemand da" in page_of(client, story.order, "/de")
    story.tell("available_for_pickup", hours=20, place="Paketshop")
    story.tell("returning", hours=1, reason="refused")
    page = page_of(client, story.order, "/de")

    assert "kommt der Zustelldienst am nächsten Werktag wieder" in body(mail_about(mailbox, "Zustellversuch: Paket 1"))
    waits = body(mail_about(mailbox, "Abholbereit: Paket 1"))
    assert "Ort laut Zustelldienst: Paketshop" in waits
    assert "Ausweis" in waits
    back = body(mail_about(mailbox, "Auf dem Rückweg: Paket 1"))
    for text in (back, page):
        assert "Der Grund: es wurde nicht angenommen." in text
        assert "Sagen Sie uns, was Ihnen lieber ist" in text
