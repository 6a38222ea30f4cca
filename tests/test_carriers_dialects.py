"""What services write, read into our words: every state, every odd shape, and no guess where they say nothing."""

from __future__ import annotations

import copy as copying
from datetime import UTC, date, datetime
from typing import Any

import pytest

from orders.states import ParcelStatus
from suppliers.carriers import aftership, easypost
from suppliers.carriers.base import Strange, Told, day_in, moment_at, read_copies
from suppliers.outbound import strict_json

P = ParcelStatus
# As the services' own pages show them, shortened.
AFTERSHIP: dict[str, Any] = {
    "id": "9vhcqw0zgkcpnlwc6p1ye01h",
    "tracking_number": "LX123456785IE",
    "slug": "an-post",
    "updated_at": "2026-11-24T16:20:03+00:00",
    "tag": "OutForDelivery",
    "subtag": "OutForDelivery_001",
    "subtag_message": "Out for delivery",
    "checkpoints": [
        {
            "checkpoint_time": "2026-11-23T09:15:00", "message": "Left the depot", "tag": "InTransit", "city": "Cork",
            "subtag": "InTransit_001", "country_region": "IRL", "country_region_name": "Ireland", "hash": "aa11",
            "source": "carrier",
        },
        {
            "checkpoint_time": "2026-11-24T06:02:00+01:00", "message": "With the driver", "tag": "OutForDelivery",
            "subtag": "OutForDelivery_001", "city": None, "country_region": None, "hash": "bb22",
        },
    ],
    "latest_estimated_delivery": {
        "type": "range", "source": "Carrier EDD", "datetime": None, "datetime_min": "2026-11-24",
        "datetime_max": "2026-11-25", "revise_reason": "weather",
    },
}  # fmt: skip
EASYPOST: dict[str, Any] = {
    "id": "trk_c8e0edb5bb284caa934a0d3db23a148z",
    "object": "Tracker",
    "tracking_code": "9400110898825022579493",
    "status": "in_transit",
    "status_detail": "arrived_at_facility",
    "updated_at": "2026-11-24T01:43:53Z",
    "est_delivery_date": "2026-11-26T07:00:00Z",
    "carrier": "USPS",
    "tracking_details": [
        {
            "object": "TrackingDetail", "message": "Shipping Label Created", "status": "pre_transit",
            "datetime": "2026-11-22T18:20:00Z", "tracking_location": {"city": "HOUSTON", "country": None},
        },
        {
            "object": "TrackingDetail", "message": "Arrived at facility", "status": "in_transit",
            "datetime": "2026-11-23T11:05:00Z", "tracking_location": {"city": "CHARLESTON", "country": "US"},
        },
    ],
}  # fmt: skip


def aftership_told(**changes: Any) -> Told:
    return aftership.copy_of(copying.deepcopy(AFTERSHIP) | changes)


def easypost_told(**changes: Any) -> Told:
    return easypost.copy_of(copying.deepcopy(EASYPOST) | changes)


def test_a_tracking_of_aftership_in_our_words():
    told = aftership_told()
    assert (told.service_id, told.number) == (AFTERSHIP["id"], "LX123456785IE")
    assert told.updated_at == datetime(2026, 11, 24, 16, 20, 3, tzinfo=UTC)
    assert told.raw == "OutForDelivery / OutForDelivery_001 / Out for delivery"
    assert (told.word.status, told.earliest_on, told.latest_on) == (
        P.OUT_FOR_DELIVERY, date(2026, 11, 24), date(2026, 11, 25),
    )  # fmt: skip
    first, second = told.word.scans
    assert (first.event_id, first.status, first.place, first.description) == (
        "aa11", P.IN_TRANSIT, "Cork, Ireland", "Left the depot",
    )  # fmt: skip
    assert first.occurred_at == datetime(2026, 11, 23, 9, 15, tzinfo=UTC)
    assert (second.occurred_at, second.place) == (datetime(2026, 11, 24, 5, 2, tzinfo=UTC), "")


def test_a_tracker_of_easypost_in_our_words():
    told = easypost_told()
    assert (told.service_id, told.number) == (EASYPOST["id"], "9400110898825022579493")
    assert (told.raw, told.word.status) == ("in_transit / arrived_at_facility", P.IN_TRANSIT)
    assert told.latest_on == date(2026, 11, 26)
    assert [(scan.status, scan.place) for scan in told.word.scans] == [
        (P.LABEL_CREATED, "HOUSTON"), (P.IN_TRANSIT, "CHARLESTON, US"),
    ]  # fmt: skip
    again = easypost_told()
    assert [scan.event_id for scan in again.word.scans] == [scan.event_id for scan in told.word.scans]
    assert len({scan.event_id for scan in told.word.scans}) == 2


@pytest.mark.parametrize(
    ("tag", "subtag", "status", "reason"),
    [
        ("Pending", "Pending_001", None, ""),
        ("InfoReceived", "InfoReceived_001", P.LABEL_CREATED, ""),
        ("InTransit", "InTransit_002", P.IN_TRANSIT, ""),
        ("OutForDelivery", "OutForDelivery_003", P.OUT_FOR_DELIVERY, ""),
        ("AttemptFail", "AttemptFail_001", P.ATTEMPT_FAILED, ""),
        ("AvailableForPickup", "AvailableForPickup_001", P.AVAILABLE_FOR_PICKUP, ""),
        ("Delivered", "Delivered_001", P.DELIVERED, ""),
        ("Exception", "Exception_001", P.EXCEPTION, ""),
        ("Exception", "Exception_010", P.RETURNING, ""),
        ("Exception", "Exception_011", P.RETURNED, ""),
        ("Exception", "Exception_013", P.EXCEPTION, "lost"),
        ("Expired", "Expired_001", P.UNKNOWN, ""),
        # What they may add some day, and nothing at all.
        ("Teleported", "Teleported_001", None, ""),
        (None, None, None, ""),
    ],
)
def test_every_tag_of_aftership(tag, subtag, status, reason):
    told = aftership_told(tag=tag, subtag=subtag)
    assert (told.word.status, told.word.reason_code) == (status, reason)


@pytest.mark.parametrize(
    ("status", "ours"),
    [
        ("unknown", None),
        ("error", None),
        ("pre_transit", P.LABEL_CREATED),
        ("in_transit", P.IN_TRANSIT),
        ("out_for_delivery", P.OUT_FOR_DELIVERY),
        ("delivered", P.DELIVERED),
        ("available_for_pickup", P.AVAILABLE_FOR_PICKUP),
        ("return_to_sender", P.RETURNING),
        ("failure", P.EXCEPTION),
        ("cancelled", None),
        ("beamed_up", None),
    ],
)
def test_every_status_of_easypost(status, ours):
    assert easypost_told(status=status).word.status == ours


@pytest.mark.parametrize(
    ("foretold", "days"),
    [
        ({"source": "Carrier EDD", "datetime": "2026-11-25"}, ("2026-11-25", "2026-11-25")),
        ({"source": "AfterShip EDD", "datetime_min": "2026-11-24", "datetime_max": "2026-11-26"}, ("2026-11-24", "2026-11-26")),
        ({"source": "Carrier EDD", "datetime": "2026-11-25T23:30:00Z"}, ("2026-11-25", "2026-11-25")),
        ({"source": "Carrier EDD", "datetime": "2026-11-25T12:00:00"}, ("2026-11-25", "2026-11-25")),
        # Our own days, told to them and told back.
        ({"source": "Order EDD", "datetime": "2026-11-25"}, (None, None)),
        ({"source": "Custom EDD", "datetime": "2026-11-25"}, (None, None)),
        ({}, (None, None)),
        (None, (None, None)),
    ],
)  # fmt: skip
def test_an_arrival_date_is_taken_from_carriers_and_their_forecasts_only(foretold, days):
    told = aftership_told(latest_estimated_delivery=foretold)
    assert (told.earliest_on and told.earliest_on.isoformat(), told.latest_on and told.latest_on.isoformat()) == days


def test_a_local_time_is_by_the_clock_of_its_country_where_that_has_one():
    assert moment_at("2026-07-01T12:00:00", "DE") == datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
    # Several hours, of which nobody says which.
    assert moment_at("2026-07-01T12:00:00", "US") == datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
    assert moment_at("2026-07-01T12:00:00", "XX") == datetime(2026, 7, 1, 11, 0, tzinfo=UTC)
    assert moment_at("2026-07-01T12:00:00+09:00", "DE") == datetime(2026, 7, 1, 3, 0, tzinfo=UTC)
    assert moment_at("") is None
    assert day_in(None) is None


def test_what_the_shop_added_by_hand_is_no_scan_of_the_carrier():
    checkpoints = copying.deepcopy(AFTERSHIP["checkpoints"])
    checkpoints[1]["source"] = "user"
    assert [scan.event_id for scan in aftership_told(checkpoints=checkpoints).word.scans] == ["aa11"]


BROKEN_AFTERSHIP = [
    {"id": None}, {"id": ""}, {"id": "x" * 65}, {"tracking_number": None}, {"tag": ["InTransit"]}, {"tag": {"a": 1}},
    {"checkpoints": "none"}, {"checkpoints": [1]}, {"checkpoints": [{"tag": "InTransit", "checkpoint_time": "noon"}]},
    {"updated_at": "yesterday"}, {"updated_at": 1}, {"updated_at": "0001-01-01T00:00:00Z"},
    {"latest_estimated_delivery": "soon"},
    {"latest_estimated_delivery": {"source": "Carrier EDD", "datetime": "2026-02-31"}},
    {"latest_estimated_delivery": {"source": "Carrier EDD", "datetime_min": "2026-12-24", "datetime_max": "2026-12-01"}},
]  # fmt: skip
BROKEN_EASYPOST = [
    {"id": None}, {"tracking_code": None}, {"status": {"a": 1}}, {"tracking_details": {}}, {"updated_at": "x"},
    {"tracking_details": [{"status": "in_transit", "datetime": "x"}]}, {"est_delivery_date": "tomorrow"},
    {"tracking_details": [{"status": "in_transit", "datetime": "2026-11-23T11:05:00Z", "tracking_location": 7}]},
]  # fmt: skip


@pytest.mark.parametrize(
    ("whole", "read", "changes"),
    [(AFTERSHIP, aftership.copy_of, changes) for changes in BROKEN_AFTERSHIP]
    + [(EASYPOST, easypost.copy_of, changes) for changes in BROKEN_EASYPOST],
)
def test_a_copy_that_makes_no_sense_is_kept_and_hides_no_other(whole, read, changes):
    broken = copying.deepcopy(whole) | changes
    strange, good = read_copies([broken, whole], read)
    assert isinstance(strange, Strange)
    assert strange.why
    assert strange.copy["tracking_number" if whole is AFTERSHIP else "tracking_code"] == broken.get(
        "tracking_number" if whole is AFTERSHIP else "tracking_code"
    )
    assert isinstance(good, Told)


@pytest.mark.parametrize("copy", [None, 7, "text", [], [[]]])
def test_what_is_no_object_is_kept_too(copy):
    (strange,) = read_copies([copy], aftership.copy_of)
    assert (type(strange), strange.service_id) == (Strange, "")


def test_a_scan_without_a_time_or_of_no_state_we_know_is_passed_over():
    checkpoints = [
        {"tag": "InTransit", "checkpoint_time": None},
        {"tag": "Pending", "checkpoint_time": "2026-11-23T09:15:00Z"},
    ]
    assert aftership_told(checkpoints=checkpoints).word.scans == []


def test_a_copy_that_never_ends_is_kept_in_part():
    endless = copying.deepcopy(AFTERSHIP) | {"tag": 7.5, "junk": "x" * 50_000, "checkpoints": 1}
    (strange,) = read_copies(
        [strict_json(b'{"id": "a", "checkpoints": 1}') | {"junk": endless["junk"]}], aftership.copy_of
    )
    assert len(str(strange.copy)) < 2_000
