"""What makes no sense in a supplier's copies is shown to a person, changes nothing and stops nothing."""

from __future__ import annotations

import copy as copying
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DataError
from django.utils import timezone

from config.audit import run_audit
from orders.events import key_of
from orders.models import IncomingEvent, Shipment, WorkItem
from suppliers.actions import poll, together
from suppliers.actions.inbox import work_incoming
from suppliers.actions.lanes import Lanes
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.returns import ask_return
from suppliers.actions.together import send_in_turn
from suppliers.actions.track import take_order_copy, take_return_copy
from suppliers.models import Supplier, SupplierOrder, SupplierReturn, SupplierShipment
from suppliers.strict_json import strict_json
from tests.odd import (  # noqa: F401  (fixtures)
    AS_OF,
    another,
    everything,
    make_return,
    mouth_fixture,
    open_work,
    order_copy,
    parcel_copy,
    paths,
    placed_fixture,
    put_at,
    return_copy,
    unsent_fixture,
)
from tests.odd_values import HUGE, LONG, ODD_ORDERS, ODD_PARCELS, ODD_RETURNS, ODD_VALUES, OVERFLOWS, Path
from tests.passing import sweep, work_about
from tests.work import is_closed, press, staff_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
WAYS = ["webhook", "list"]


def named(odd: list[tuple[Path, Any]], way: str) -> list[tuple[str, Path, Any]]:
    """Return the odd ones with a name each: all by webhook; by the other ways, which cost more, every third."""
    chosen = odd if way == "webhook" else odd[::3]
    return [(f"{'.'.join(map(str, path))}={value!r:.24}", path, value) for path, value in chosen]


def spoilt(good: dict[str, Any], path: Path, odd: Any) -> dict[str, Any]:
    bad = copying.deepcopy(good)
    put_at(bad, path, odd)
    return bad


def nothing_died(made) -> bool:
    """True if nothing counts against the order, nor against the reading of its supplier."""
    made.row.refresh_from_db()
    rows = (made.row, made.supplier)
    assert [(row.deaths, row.failures, row.quarantined_at, row.lease_until) for row in rows] == [(0, 0, None, None)] * 2
    return True


def asks_once(made, way: str, what: str, bad: dict[str, Any], *, name: str, reason: str, about: Any) -> None:
    """Tell an odd copy twice: one person is asked, and nothing else has changed."""
    before, asked = everything(), WorkItem.objects.count()
    made.tell(way, what, bad)
    made.tell(way, what, bad)

    assert open_work() == [(reason, key_of(about))], name
    assert WorkItem.objects.count() == asked + 1, name
    assert everything() == before, name
    assert nothing_died(made), name


@pytest.mark.parametrize("way", WAYS)
def test_an_odd_copy_of_an_order_asks_a_person_once_until_a_good_one_comes(placed, way):
    for version, (name, path, odd) in enumerate(named(ODD_ORDERS, way), start=2):
        good = order_copy(placed.row, version=version)
        bad = spoilt(good, path, odd)

        asks_once(placed, way, "order", bad, name=name, reason="supplier_garbage", about=placed.row)

        placed.tell(way, "order", good)
        placed.row.refresh_from_db()
        assert (placed.row.version, open_work()) == (version, []), name


@pytest.mark.parametrize("way", WAYS)
def test_an_odd_copy_of_a_parcel_asks_a_person_once_until_a_good_one_comes(placed, way):
    for version, (name, path, odd) in enumerate(named(ODD_PARCELS, way), start=1):
        good = parcel_copy(placed.row, version=version)
        bad = spoilt(good, path, odd)

        asks_once(placed, way, "shipment", bad, name=name, reason="parcel_garbage", about=placed.row)

        placed.tell(way, "shipment", good)
        assert (SupplierShipment.objects.get().version, open_work()) == (version, []), name


@pytest.mark.parametrize("way", WAYS)
def test_an_odd_copy_of_a_return_asks_a_person_once_until_a_good_one_comes(placed, way):
    asked = make_return(placed.row)
    for version, (name, path, odd) in enumerate(named(ODD_RETURNS, way), start=1):
        good = return_copy(asked, version=version)
        bad = spoilt(good, path, odd)

        asks_once(placed, way, "return", bad, name=name, reason="supplier_garbage", about=asked)

        placed.tell(way, "return", good)
        asked.refresh_from_db()
        assert (asked.status, asked.version, open_work()) == ("approved", version, []), name


def test_an_odd_answer_to_placing_means_placed_and_is_read_again(unsent):
    for name, path, odd in named(ODD_ORDERS, "answer"):
        made = another(unsent)
        good = order_copy(made.row)

        made.place(spoilt(good, path, odd))

        assert (made.row.status, made.row.version, made.row.attempt) == ("placed", 0, 1), name
        assert open_work() == [("supplier_garbage", key_of(made.row))], name
        assert nothing_died(made)
        made.tell("list", "order", good)
        made.row.refresh_from_db()
        assert (made.row.version, open_work()) == (1, []), name


def test_one_odd_answer_among_many_orders_sent_together_costs_the_others_nothing(unsent, settings, monkeypatch):
    settings.TOGETHER_SECONDS = 60
    known = Lanes()
    known.note(unsent.row.supplier_id, 0.01)
    monkeypatch.setattr(together, "lanes", known)
    rows = [unsent.row, *(another(unsent).row for _number in range(3))]
    answers = {row.reference: order_copy(row) for row in rows}
    answers[rows[1].reference] |= {"delay": "late"}
    answers[rows[2].reference] |= {"version": HUGE}
    unsent.mouth.say("/orders", answers, method="POST")

    send_in_turn(unsent.row.supplier_id, [row.pk for row in rows])

    told = SupplierOrder.objects.order_by("pk").values_list("status", "version", "deaths", "lease_until")
    assert list(told) == [("placed", version, 0, None) for version in (1, 0, 0, 1)]
    assert open_work() == [("supplier_garbage", key_of(row)) for row in rows[1:3]]


@pytest.mark.parametrize("odd", [{"version": "two"}, {"status": 7}, {"return_reference": "RT-9"}])
def test_an_odd_answer_to_asking_for_a_return_leaves_it_in_doubt_and_is_asked_again(placed, odd):
    asked = make_return(placed.row, status="to_ask", due_at=timezone.now())
    good = return_copy(asked)
    placed.mouth.say("/returns", good | odd, method="POST")

    ask_return(asked.pk)

    asked.refresh_from_db()
    assert (asked.status, asked.version, asked.deaths, asked.lease_until) == ("unknown", 0, 0, None)
    assert asked.due_at > timezone.now()
    assert open_work() == [("supplier_garbage", key_of(asked))]
    placed.mouth.say("/returns", good, method="POST")
    ask_return(asked.pk)
    asked.refresh_from_db()
    assert (asked.status, open_work()) == ("approved", [])


def open_parts():
    """Return the parts that open work is about."""
    return list(WorkItem.objects.filter(closed_at=None).order_by("pk").values_list("part", flat=True))


def test_an_odd_parcel_is_not_forgotten_over_a_good_one_of_the_same_order(placed):
    good = parcel_copy(placed.row)
    good["lines"][0]["quantity"] = 1
    other = good | {"shipment_id": "P-2", "events": []}

    placed.read("shipments", [good | {"carrier": "An Post"}, other])

    assert Shipment.objects.count() == 1
    assert open_work() == [("parcel_garbage", key_of(placed.row))]
    placed.read("shipments", [good])
    assert (Shipment.objects.count(), open_work()) == (2, [])


def test_of_two_odd_parcels_each_asks_until_its_own_good_copy_comes(placed):
    first = parcel_copy(placed.row)
    first["lines"][0]["quantity"] = 1
    second = first | {"shipment_id": "P-2", "events": []}

    placed.read("shipments", [first | {"carrier": "An Post"}, second | {"carrier": "An Post"}])
    assert open_parts() == [first["shipment_id"], "P-2"]
    placed.read("shipments", [second])
    assert open_parts() == [first["shipment_id"]]
    placed.read("shipments", [first])
    assert (open_parts(), Shipment.objects.count()) == ([], 2)


def test_a_supplier_that_names_ever_new_odd_parcels_does_not_fill_the_work_list(placed):
    odd = parcel_copy(placed.row) | {"carrier": "An Post"}

    placed.read("shipments", [odd | {"shipment_id": f"P-{number}"} for number in range(40)])

    assert open_parts() == ["P-0", "P-1", "P-2", "P-3", "P-4", "others"]


@pytest.mark.parametrize("name", ["orders", "shipments", "returns"])
def test_what_is_about_nothing_asks_once_about_the_supplier_and_the_rest_of_the_list_is_read(placed, name):
    asked = make_return(placed.row)
    good = {
        "orders": order_copy(placed.row, version=2),
        "shipments": parcel_copy(placed.row),
        "returns": return_copy(asked),
    }
    nameless = [7, "x", None, True, ["x"], {}, {"reference": None}, {"reference": ["LF"], "return_reference": 7}]

    for one in nameless:
        placed.read(name, [one, one])
        assert open_work() == [("supplier_garbage", key_of(placed.supplier))], one
        WorkItem.objects.update(closed_at=timezone.now())
    placed.read(name, [*nameless, good[name], *nameless])

    assert getattr(placed.supplier, f"{name}_as_of") == AS_OF
    assert nothing_died(placed)
    asked.refresh_from_db()
    taken = {"orders": placed.row.version == 2, "shipments": Shipment.objects.exists(), "returns": asked.version == 1}
    assert [what for what, is_taken in taken.items() if is_taken] == [name]


def test_a_webhook_about_nothing_asks_once_about_the_supplier_and_is_done(placed):
    before = everything()
    nothing: list[Any] = [[], ["x"], 7, "x", None, True, {}, {"order": "x"}, {"order": [1]}, {"reference": [1]}]

    rows = [placed.hook("order.updated", told) for told in nothing]

    assert all(row.done_at for row in rows)
    assert {row.failures for row in rows} == {0}
    assert open_work() == [("supplier_garbage", key_of(placed.supplier))]
    assert WorkItem.objects.count() == 1
    assert everything() == before


def test_an_odd_end_of_a_list_leaves_the_next_reading_where_the_last_began(placed):
    placed.read("orders", [])
    ends: list[Any] = ["yesterday", LONG, ["x"], 7, True, {}, "", OVERFLOWS]

    for version, as_of in enumerate(ends, start=2):
        placed.read("orders", [order_copy(placed.row, version=version)], as_of=as_of)

        assert placed.supplier.orders_as_of == AS_OF, as_of
        assert open_work() == [("supplier_garbage", key_of(placed.supplier))], as_of
        assert nothing_died(placed)
        assert placed.row.version == version
        WorkItem.objects.update(closed_at=timezone.now())


def test_lists_that_are_none_are_read_again_and_shown_to_a_person_after_a_while(placed):
    answers: list[Any] = [[], {"data": {}}, {"data": None}, {"data": [], "next_cursor": ["x"]}, b"<html>", b"[" * 99]
    for answer in answers:
        placed.read("orders", answer, whole=True)
    assert (placed.supplier.failures, placed.supplier.deaths) == (len(answers), 0)
    sweep()
    assert work_about(placed.supplier) == []

    for _time in range(2):
        placed.read("orders", [], whole=True)
    sweep()

    (item,) = work_about(placed.supplier)
    assert (item.reason, "cannot be read" in item.summary) == ("supplier_silent", True)
    placed.read("orders", [])
    sweep()
    assert work_about(placed.supplier) == []


def test_what_nobody_expected_is_shown_to_a_person_and_the_reading_goes_on(placed, monkeypatch):
    good, take = order_copy(placed.row, version=2), poll.take_order_of

    def trip(supplier, copy):
        if copy["version"] == 7:
            raise DataError("a number that no column holds")
        return take(supplier, copy)

    monkeypatch.setattr(poll, "take_order_of", trip)
    placed.read("orders", [good | {"version": 7}, good | {"reference": "LF-NONE", "version": 7}])
    assert open_work() == sorted(
        [("supplier_garbage", key_of(placed.row)), ("supplier_garbage", key_of(placed.supplier))]
    )

    placed.read("orders", [good | {"version": 7}, good])

    assert nothing_died(placed)
    assert (placed.row.version, placed.supplier.orders_as_of) == (2, AS_OF)


def test_odd_letters_are_replaced_and_long_texts_cut(placed, client):
    told = order_copy(placed.row, version=2) | {"status": LONG, "note\0\ud800": "a\0b\udfffc"}
    told["hold"] = {"code": "address\0check", "detail": "\ud83d" + LONG}
    placed.tell("webhook", "order", told)
    parcel = parcel_copy(placed.row) | {"tracking_number": "A\0\ud800B", "tracking_url": "https://[" + LONG}
    parcel["carrier"] = {"code": LONG, "name": LONG}
    parcel["events"][0] |= {"description": LONG, "location": {"city": LONG, "country": "\0"}}
    placed.tell("list", "shipment", parcel)

    placed.row.refresh_from_db()
    shipment = Shipment.objects.get()
    assert placed.row.last_copy["note\ufffd\ufffd"] == "a\ufffdb\ufffdc"
    assert (placed.row.supplier_status, placed.row.hold_code) == (LONG[:30], "address\ufffdcheck")
    assert (shipment.tracking_number, len(shipment.tracking_url)) == ("A\ufffd\ufffdB", 500)
    assert (len(shipment.carrier_name), len(shipment.tracking_events.get().description)) == (80, 500)
    assert open_work() == [("supplier_hold", key_of(placed.row))]
    assert client.get(placed.row.order.get_absolute_url()).status_code == 200


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("a\0b", "a\ufffdb"),
        ("\ud800", "\ufffd"),
        ({"a\0": {"\udfff": ["\0"]}}, {"a\ufffd": {"\ufffd": ["\ufffd"]}}),
        (["😀", "ü"], ["😀", "ü"]),
    ],
)
def test_strict_json_keeps_no_character_that_a_database_refuses(told, kept):
    assert strict_json(json.dumps(told).encode()) == kept
    # UTF-16 is half NUL, and half of a pair may come as bytes of its own.
    assert strict_json(json.dumps(told).encode("utf-16")) == kept
    as_bytes = json.dumps(told, ensure_ascii=False)
    assert strict_json(as_bytes.encode("utf-8", "surrogatepass")) == kept


TAKERS: dict[str, Callable[[Any, dict[str, Any]], object]] = {
    "orders": lambda made, copy: take_order_copy(made.row, copy),
    "shipments": lambda made, copy: take_shipment_copy(made.supplier, copy),
    "returns": lambda made, copy: take_return_copy(made.supplier, copy),
}


def odd_ones(good: dict[str, Any], *, each: int) -> list[dict[str, Any]]:
    """Return copies with one member replaced: every member, each by some of the odd values."""
    dice = random.Random(20260203)  # noqa: S311  (always the same ones)
    return [spoilt(good, path, odd) for path in paths(good) for odd in dice.sample(ODD_VALUES, each)]


@pytest.mark.parametrize("name", ["orders", "shipments", "returns"])
def test_whatever_stands_in_one_place_of_a_copy_nothing_raises_and_the_good_one_is_taken_after_it(placed, client, name):
    asked = make_return(placed.row)
    hold = {"code": "address_check", "detail": "Which door?", "respond_by": "2026-02-09T00:00:00Z"}
    good = {
        "orders": order_copy(placed.row, version=2) | {"hold": hold},
        "shipments": parcel_copy(placed.row),
        "returns": return_copy(asked),
    }[name]
    odd = odd_ones(good, each=3)

    placed.read(name, [*odd, good | {"version": 1_000}])

    assert len(odd) > 20
    assert nothing_died(placed)
    assert getattr(placed.supplier, f"{name}_as_of") == AS_OF
    versions = {"orders": placed.row.version, "returns": SupplierReturn.objects.get().version}
    assert versions.get(name, 1_000) == 1_000
    assert Shipment.objects.exists() == (name == "shipments")
    TAKERS[name](placed, json.loads(json.dumps(good)))
    assert client.get(placed.row.order.get_absolute_url()).status_code == 200
    assert [finding for finding in run_audit() if finding.violations] == []


def test_staff_can_have_the_lists_of_a_supplier_read_again(placed, client, staff):
    placed.read("orders", [7])
    Supplier.objects.update(due_at=None)
    (item,) = WorkItem.objects.filter(closed_at=None)

    press(client, item, "read-lists")

    assert is_closed(item)
    assert item.closed_by == staff
    assert placed.supplier.orders_as_of < AS_OF
    assert placed.supplier.due_at is not None


def test_staff_can_have_a_return_read_again(placed, client, staff):
    asked = make_return(placed.row)
    placed.tell("list", "return", return_copy(asked) | {"version": "two"})
    (item,) = WorkItem.objects.filter(closed_at=None)
    placed.mouth.say(f"/returns/{asked.return_reference}", return_copy(asked))

    press(client, item, "read-return")
    work_incoming(IncomingEvent.objects.get(kind="return.asked").pk)

    asked.refresh_from_db()
    assert (asked.status, is_closed(item)) == ("approved", True)
