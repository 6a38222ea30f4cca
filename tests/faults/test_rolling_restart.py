"""A deploy in the middle: what is told to end lets what it began end, takes nothing new, and ends well."""

from __future__ import annotations

import pytest
import requests

from tests.journeys.buying import buy, wait_delivered
from tests.journeys.stack import Stack, wait_for

pytestmark = pytest.mark.faults
LEASE_SECONDS = 5


class LongReadings(Stack):
    """Each reading of a supplier is of all six lists."""

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"SUPPLIER_STOCK_SECONDS": "1"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    with LongReadings(tmp_path_factory.mktemp("restart")) as running:
        yield running


@pytest.fixture
def stack(house):
    """The one shop of these tests, whole again after each of them."""
    yield house
    house.make_whole()


def end(stack: Stack, name: str) -> int:
    """Tell a process to end, as a deploy does, and return its exit code."""
    process = stack.processes.pop(name)
    process.terminate()
    return process.wait(timeout=LEASE_SECONDS + 25)


def slow_down(stack: Stack) -> None:
    # Who looks is there before there is anything to see: a call lasts a moment only.
    stack.export()
    for supplier in stack.suppliers.values():
        supplier.control("faults", [{"match": "POST /v1/orders", "kind": "delay", "times": 9, "seconds": 1.5}])


def sent(stack: Stack) -> list[dict]:
    """Return every request to place an order that the suppliers have seen."""
    books = [supplier.books()["requests"] for supplier in stack.suppliers.values()]
    return [row for rows in books for row in rows if (row["method"], row["path"]) == ("POST", "/v1/orders")]


def is_sending(stack: Stack, number: str) -> bool:
    order = stack.order(number)
    return any(row["state"] == "sending" for row in order["supplier_orders"])


def test_a_worker_told_to_end_finishes_its_calls_and_nothing_is_sent_twice(stack):
    before = len(sent(stack))
    slow_down(stack)
    _shopper, _path, number = buy(stack)
    wait_for(lambda: is_sending(stack, number), "an order is being sent")

    assert end(stack, "worker") == 0
    assert not is_sending(stack, number)
    stack.start("worker")

    order = wait_delivered(stack, number)
    assert len(sent(stack)) - before == len(order["supplier_orders"])
    assert set(stack.effects().values()) == {1}


def readings(stack: Stack) -> dict[str, int]:
    """Return how often each supplier was asked for something."""
    books = {slug: supplier.books()["requests"] for slug, supplier in stack.suppliers.items()}
    return {slug: sum(row["method"] == "GET" for row in rows) for slug, rows in books.items()}


def test_a_worker_told_to_end_in_a_long_reading_stops_at_its_next_page(stack):
    slow = {"match": "GET /v1/*", "kind": "delay", "times": 99, "seconds": 1.2}
    for supplier in stack.suppliers.values():
        supplier.control("faults", [slow])
    begun = readings(stack)
    wait_for(lambda: all(now > begun[slug] for slug, now in readings(stack).items()), "the suppliers are being read")

    before = readings(stack)
    assert end(stack, "worker") == 0
    # The call under way is answered, and whatever was asked while the signal came; of six lists the rest is left.
    assert all(after - before[slug] <= 2 for slug, after in readings(stack).items())
    stack.start("worker")


def test_a_relay_told_to_end_ends_at_once_and_another_takes_over(stack):
    wait_for(lambda: requests.get(f"{stack.base}/health/ready", timeout=5).ok, "the relay turns")
    before = len(sent(stack))

    assert end(stack, "relay") == 0
    _shopper, _path, number = buy(stack)
    stack.start("relay")

    order = wait_delivered(stack, number)
    assert len(sent(stack)) - before == len(order["supplier_orders"])


def test_a_relay_that_does_the_work_itself_finishes_its_calls_when_told_to_end(tmp_path):
    # Nobody listens there: the broker is away for as long as the test lasts.
    with Stack(tmp_path, redis_url="redis://127.0.0.1:9/0") as stack:
        stack.kill("worker")
        slow_down(stack)
        _shopper, _path, number = buy(stack)
        wait_for(lambda: is_sending(stack, number), "an order is being sent")

        assert end(stack, "relay") == 0
        assert not is_sending(stack, number)
        stack.start("relay")

        order = wait_delivered(stack, number)
        assert len(sent(stack)) == len(order["supplier_orders"])
        assert set(stack.effects().values()) == {1}
