"""A simulated supplier keeps its books over a crash, and misbehaves exactly as it was asked to."""

import subprocess
import sys
import uuid

import pytest
import requests

from tests.demo.supplier_checks import CheckedSupplier, check_sums, order_body, write_profile
from tests.demo.supplier_process import API_KEY, ROOT, SupplierProcess, WebhookSink, wait_until


@pytest.fixture(scope="module")
def supplier(tmp_path_factory):
    with CheckedSupplier(write_profile(tmp_path_factory.mktemp("harbour"))) as process:
        yield process


def bare(supplier, path="/account", **options):
    """Ask without checking the answer, as it may be garbage."""
    headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": uuid.uuid4().hex}
    method = options.pop("method", "GET")
    return requests.request(method, f"{supplier.base}/v1{path}", headers=headers, timeout=5, **options)


def test_a_killed_supplier_keeps_orders_keys_stock_and_schedule(tmp_path):
    ledger, key, body = tmp_path / "ledger.sqlite3", uuid.uuid4().hex, order_body(("RARE", 1))
    with CheckedSupplier(write_profile(tmp_path), ledger=ledger) as process:
        first = process.call("POST", "/orders", key=key, json=body).json()
        process.advance(15)
        parcels = process.parcels(body["reference"])
        code = process.kill()
        process.start()

        replayed = process.call("POST", "/orders", key=key, json=body)
        stock = process.call("GET", "/stock", params={"sku": "RARE"}).json()["data"][0]["quantity"]
        again = process.parcels(body["reference"])
        process.advance(100)
        order = process.order(body["reference"])
        check_sums(order, process.parcels(body["reference"]))

    assert code == -9
    assert (replayed.json(), replayed.headers["Idempotent-Replayed"]) == (first, "true")
    assert (stock, again) == (1, parcels)
    assert [parcel["status"] for parcel in parcels] == ["label_created"]
    assert order["status"] == "delivered"


def test_a_restart_brings_undelivered_webhooks_and_a_quiet_end(tmp_path):
    profile, ledger = write_profile(tmp_path), tmp_path / "ledger.sqlite3"
    with WebhookSink(status=503) as sink, CheckedSupplier(profile, ledger=ledger, webhook_url=sink.url) as process:
        order = process.place(("MADE", 1))
        wait_until(lambda: sink.attempts)
        code = process.stop()
        sink.status = 202
        seen = len(sink.attempts)
        process.start()

        told = wait_until(lambda: sink.events[seen:])

    assert code == 0
    assert (told[0]["id"], told[0]["data"]["reference"]) == (sink.events[0]["id"], order["reference"])


def test_time_passes_by_itself(tmp_path):
    with SupplierProcess(write_profile(tmp_path), speed=200) as process:
        body = order_body(("MUG", 1))
        process.call("POST", "/orders", json=body)

        wait_until(lambda: process.call("GET", f"/orders/{body['reference']}").json()["status"] == "delivered")


def test_a_catalogue_that_is_missing_is_said_in_one_line(tmp_path):
    profile = write_profile(tmp_path, catalogue="nothing.json")
    command = ["-m", "demo.supplier", "--profile", profile, "--port", "0", "--ledger", tmp_path / "l", "--api-key", "k"]

    ended = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=20)

    assert ended.returncode == 1
    assert ended.stderr == f"The catalogue {tmp_path / 'nothing.json'} does not exist.\n"


@pytest.mark.parametrize(("kind", "status"), [("error_500", 500), ("503", 503), ("429", 429), ("401", 401)])
def test_a_refusal_comes_as_often_as_it_was_asked_for(supplier, kind, status):
    supplier.control("faults", [{"match": "GET /v1/account", "kind": kind, "times": 2}])

    answers = [supplier.call("GET", "/account").status_code for _time in range(3)]

    assert answers == [status, status, 200]


def test_garbage_takes_the_place_of_an_answer(supplier):
    kinds = ["garbage_html", "nan", "huge"]
    supplier.control("faults", [{"match": "GET /v1/*", "kind": kind, "megabytes": 2} for kind in kinds])

    html, nan, huge = (bare(supplier) for _kind in kinds)

    assert html.headers["Content-Type"] == "text/html"
    assert b"NaN" in nan.content
    assert len(huge.content) > 2 * 1024 * 1024


def test_a_connection_is_cut_hung_or_starved(supplier):
    kinds = [("reset", 0), ("hang", 0.1), ("slow_drip", 0.3)]
    supplier.control("faults", [{"match": "GET /v1/*", "kind": kind, "seconds": wait} for kind, wait in kinds])

    for _kind in kinds:
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            bare(supplier)


def test_garbage_after_the_effect_leaves_the_order_stored(supplier):
    body = order_body(("MUG", 1))
    supplier.control("faults", [{"match": "POST /v1/orders", "kind": "garbage_html", "after": True}])

    answer = bare(supplier, "/orders", method="POST", json=body)

    assert answer.text.startswith("<html>")
    assert supplier.order(body["reference"])["status"] == "accepted"


def test_the_books_tell_every_request_and_every_effect(supplier):
    supplier.control("reset", {})
    body, key = order_body(("MUG", 1)), uuid.uuid4().hex
    for _time in range(3):
        supplier.call("POST", "/orders", key=key, json=body)

    books = supplier.books()

    assert [(order["reference"], order["effects"]) for order in books["orders"]] == [(body["reference"], 1)]
    assert [(seen["method"], seen["path"], seen["status"], seen["key"]) for seen in books["requests"]] == [
        ("POST", "/v1/orders", 201, key)
    ] * 3


def test_the_control_is_closed_to_strangers_and_answers_mistakes(supplier):
    stranger = requests.get(f"{supplier.base}/_control/ledger", timeout=5)
    mistake = supplier.http.post(
        f"{supplier.base}/_control/faults",
        json=[{"match": "*", "kind": "earthquake"}],
        headers={"Authorization": f"Bearer {API_KEY}"},
        timeout=5,
    )

    assert requests.get(f"{supplier.base}/_control/ping", timeout=5).json() == {"ok": True, "supplier": "harbour"}
    assert (stranger.status_code, mistake.status_code) == (401, 422)
