import threading
import time

import pytest
import stripe

from tests.demo.payment_fixtures import endpoint_fixture, sandbox_fixture  # noqa: F401
from tests.demo.payment_process import SandboxProcess, session_params


def refused(call, *args, **kwargs):
    with pytest.raises(stripe.StripeError) as caught:
        call(*args, **kwargs)
    error = caught.value
    return error.http_status, error.code, getattr(error, "param", None)


def paid_intent(sandbox, card="4242424242424242"):
    session = sandbox.client().v1.checkout.sessions.create(session_params())
    return sandbox.control(f"sessions/{session.id}/pay", {"card": card})["session"]["payment_intent"]


def test_a_session_has_the_shape_the_library_expects(sandbox):
    session = sandbox.client().v1.checkout.sessions.create(session_params())

    assert session.id.startswith("cs_test_")
    assert session.url == f"{sandbox.base}/pay/{session.id}"
    assert (session.amount_total, session.currency) == (7450, "eur")
    assert (session.status, session.payment_status, session.payment_intent) == ("open", "unpaid", None)
    assert session.metadata.to_dict() == {"order": "LF-1001"}
    lines = sandbox.client().v1.checkout.sessions.line_items.list(session.id)
    assert [line.amount_total for line in lines.data] == [4400, 2555, 495]


@pytest.mark.parametrize(
    ("changes", "code", "param"),
    [
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"payment_intent_data": {"colour": "red"}}, "parameter_unknown", "payment_intent_data[colour]"),
        ({"success_url": "/return/"}, "url_invalid", "success_url"),
        ({"client_reference_id": ""}, "parameter_invalid_empty", "client_reference_id"),
        ({"customer_email": "ann"}, "email_invalid", "customer_email"),
        ({"mode": "subscription"}, None, "mode"),
        ({"expires_at": 1}, None, "expires_at"),
        ({"line_items": [{"quantity": 1}]}, "parameter_missing", "line_items[0][price_data]"),
    ],
)
def test_a_wrong_session_is_refused_with_its_parameter(sandbox, changes, code, param):
    answer = refused(sandbox.client().v1.checkout.sessions.create, session_params(**changes))

    assert answer == (400, code, param)
    assert sandbox.control("ledger")["sessions"] == []


@pytest.mark.parametrize(
    ("amount", "quantity", "code"),
    [
        (-1, 1, "parameter_invalid_integer"),
        ("7.5", 1, "parameter_invalid_integer"),
        (700, 0, "parameter_invalid_integer"),
        (49, 1, "amount_too_small"),
    ],
)
def test_a_wrong_amount_is_refused(sandbox, amount, quantity, code):
    price = {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Kettle"}}
    params = session_params(line_items=[{"price_data": price, "quantity": quantity}])

    assert refused(sandbox.client().v1.checkout.sessions.create, params)[:2] == (400, code)


def test_by_default_a_session_lives_half_an_hour_at_least(tmp_path):
    strict = SandboxProcess(tmp_path / "strict.sqlite3").start()
    create = strict.client().v1.checkout.sessions.create
    now = int(time.time())

    try:
        assert refused(create, session_params(expires_at=now + 1700)) == (400, None, "expires_at")
        assert refused(create, session_params(expires_at=now + 90000)) == (400, None, "expires_at")
        assert create(session_params(expires_at=now + 1800)).expires_at == now + 1800
    finally:
        strict.stop()


def test_a_wrong_key_and_an_unknown_id_are_refused(sandbox):
    wrong = sandbox.client(key="sk_test_sandbox_wrong").v1

    assert refused(wrong.checkout.sessions.create, session_params())[0] == 401
    assert refused(sandbox.client().v1.payment_intents.retrieve, "pi_none") == (404, "resource_missing", "intent")
    assert refused(sandbox.client().v1.checkout.sessions.retrieve, "cs_none")[:2] == (404, "resource_missing")
    assert sandbox.request("GET", "/v1/refunds")[0] == 401


def test_expand_puts_objects_in_the_place_of_ids(sandbox):
    intent_id = paid_intent(sandbox)
    sessions = sandbox.client().v1.checkout.sessions
    session_id = sessions.list().data[0].id

    session = sessions.retrieve(session_id, {"expand": ["payment_intent.latest_charge"]})

    assert session.payment_intent.id == intent_id
    assert session.payment_intent.latest_charge.payment_method_details.card.last4 == "4242"
    assert refused(sessions.retrieve, session_id, {"expand": ["colour"]}) == (400, None, "expand")


def test_the_same_key_answers_the_same_and_makes_one_session(sandbox):
    create = sandbox.client().v1.checkout.sessions.create

    first = create(session_params(), {"idempotency_key": "order-1"})
    second = create(session_params(), {"idempotency_key": "order-1"})

    assert second.id == first.id
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        create(session_params(client_reference_id="LF-2"), {"idempotency_key": "order-1"})
    assert len(sandbox.control("ledger")["sessions"]) == 1


def test_a_malformed_request_does_not_use_up_its_key(sandbox):
    create = sandbox.client().v1.checkout.sessions.create

    refused(create, session_params(colour="red"), {"idempotency_key": "order-1"})

    assert create(session_params(), {"idempotency_key": "order-1"}).status == "open"


def test_two_threads_with_one_key_make_one_refund(sandbox):
    intent_id = paid_intent(sandbox)
    sandbox.control("faults", [{"match": "POST /v1/refunds", "kind": "latency", "seconds": 1.5}])
    answers = []

    def refund():
        try:
            answers.append(
                sandbox.client().v1.refunds.create({"payment_intent": intent_id}, {"idempotency_key": "one"}).status
            )
        except stripe.StripeError as error:
            answers.append(error.http_status)

    threads = [threading.Thread(target=refund) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(map(str, answers)) == ["409", "succeeded"]
    assert len(sandbox.control("ledger")["refunds"]) == 1


def test_refunds_never_exceed_what_was_captured(sandbox):
    intent_id = paid_intent(sandbox)
    create = sandbox.client().v1.refunds.create

    create({"payment_intent": intent_id, "amount": 7000, "reason": "requested_by_customer"})

    assert refused(create, {"payment_intent": intent_id, "amount": 451}) == (400, None, "amount")
    assert create({"payment_intent": intent_id}).amount == 450
    assert refused(create, {"payment_intent": intent_id})[:2] == (400, "charge_already_refunded")
    charge = sandbox.control("ledger")["charges"][0]
    assert (charge["amount_refunded"], charge["refunded"]) == (7450, True)


def test_a_refund_needs_a_known_reason_and_captured_money(sandbox):
    create = sandbox.client().v1.refunds.create
    declined = paid_intent(sandbox, card="4000000000000002")

    assert refused(create, {"payment_intent": declined})[:2] == (400, "payment_intent_unexpected_state")
    assert refused(create, {"payment_intent": declined, "reason": "bored"}) == (400, None, "reason")
    assert refused(create, {})[:2] == (400, "parameter_missing")
    assert sandbox.control("ledger")["refunds"] == []


@pytest.mark.parametrize(("kind", "refunds"), [("error_500_before", 0), ("error_500_after", 1)])
def test_a_500_is_kept_under_its_key(sandbox, kind, refunds):
    intent_id = paid_intent(sandbox)
    create = sandbox.client().v1.refunds.create
    sandbox.control("faults", [{"match": "POST /v1/refunds", "kind": kind}])

    statuses = [refused(create, {"payment_intent": intent_id}, {"idempotency_key": "one"})[0] for _ in range(2)]

    assert statuses == [500, 500]
    assert len(sandbox.control("ledger")["refunds"]) == refunds


def test_after_a_lost_answer_the_same_key_brings_it_again(sandbox):
    intent_id = paid_intent(sandbox)
    create = sandbox.client().v1.refunds.create
    sandbox.control("faults", [{"match": "POST /v1/refunds", "kind": "drop_after"}])

    with pytest.raises(stripe.APIConnectionError):
        create({"payment_intent": intent_id}, {"idempotency_key": "one"})

    assert create({"payment_intent": intent_id}, {"idempotency_key": "one"}).amount == 7450
    assert len(sandbox.control("ledger")["refunds"]) == 1


def test_what_was_asked_before_the_books_were_emptied_is_not_in_the_new_ones(sandbox):
    sandbox.control("faults", [{"match": "GET /v1/balance", "kind": "latency", "seconds": 1}])
    slow = threading.Thread(target=sandbox.client().v1.balance.retrieve)
    slow.start()
    while sandbox.control("faults", method="GET")["armed"][0]["times"]:
        time.sleep(0.02)
    sandbox.control("reset", {})
    slow.join()

    assert sandbox.control("ledger")["requests"] == []


def test_lists_come_in_pages_and_the_balance_adds_up(sandbox):
    intents = [paid_intent(sandbox) for _ in range(3)]
    client = sandbox.client().v1
    client.refunds.create({"payment_intent": intents[0], "amount": 50})

    page = client.payment_intents.list({"limit": 2})
    rest = client.payment_intents.list({"limit": 2, "starting_after": page.data[-1].id})

    assert [intent.id for intent in page.data + rest.data] == intents[::-1]
    assert (page.has_more, rest.has_more) == (True, False)
    # Less the fees: 1.5 % and 25 cents of each, none of which comes back.
    assert client.balance.retrieve().available[0].amount == 3 * (7450 - 137) - 50
    assert len(client.events.list({"type": "checkout.session.completed"}).data) == 3
