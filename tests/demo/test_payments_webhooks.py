import pytest
import stripe

from tests.demo.payment_fixtures import endpoint_fixture, sandbox_fixture  # noqa: F401
from tests.demo.payment_process import session_params, wait_until


def pay(sandbox, **how):
    session = sandbox.client().v1.checkout.sessions.create(session_params())
    return sandbox.control(f"sessions/{session.id}/pay", how)["session"]


def test_a_webhook_is_tried_again_until_it_is_taken(sandbox, endpoint):
    endpoint.status = 500
    pay(sandbox)
    wait_until(lambda: len(endpoint.received) >= 2)

    endpoint.status = 200

    wait_until(lambda: all(event["pending_webhooks"] == 0 for event in sandbox.control("ledger")["events"]))
    assert set(endpoint.kinds()) == {"checkout.session.completed", "payment_intent.succeeded"}
    assert min(event["deliveries"][0]["attempts"] for event in sandbox.control("ledger")["events"]) >= 2


def test_a_restart_keeps_the_ledger_and_what_was_not_delivered(sandbox, endpoint):
    endpoint.status = 503
    session = pay(sandbox)
    wait_until(lambda: len(endpoint.received) >= 2)

    sandbox.kill()
    endpoint.received.clear()
    endpoint.status = 200
    sandbox.start()

    wait_until(lambda: len(endpoint.received) == 2)
    assert endpoint.kinds() == ["checkout.session.completed", "payment_intent.succeeded"]
    assert sandbox.client().v1.checkout.sessions.retrieve(session["id"]).payment_status == "paid"


def test_stopping_ends_the_process_cleanly(sandbox):
    assert sandbox.stop() == 0


def test_a_wrong_secret_does_not_verify(sandbox, endpoint):
    pay(sandbox)
    wait_until(lambda: len(endpoint.received) == 2)
    body, signature = endpoint.received[0]

    with pytest.raises(stripe.SignatureVerificationError):
        stripe.Webhook.construct_event(body, signature, "whsec_other")


def test_webhooks_can_be_switched_off_and_sent_on_demand(sandbox, endpoint):
    sandbox.control("webhooks", {"mode": "off"})
    pay(sandbox)
    before = len(endpoint.received)

    tried = sandbox.control("deliver")["tried"]

    assert (before, tried, len(endpoint.received)) == (0, 2, 2)


def test_a_shuffled_storm_brings_each_event_as_often_as_asked(sandbox, endpoint):
    sandbox.control("webhooks", {"mode": "shuffle", "copies": 20, "seconds": 0.5})

    pay(sandbox)

    wait_until(lambda: len(endpoint.received) == 40)
    assert endpoint.kinds() == ["checkout.session.completed"] * 20 + ["payment_intent.succeeded"] * 20


@pytest.mark.parametrize(
    ("card", "first", "last", "told", "refunded_minor"),
    [
        ("4000000000007726", "pending", "succeeded", "refund.updated", 7450),
        ("4000000000005126", "succeeded", "failed", "refund.failed", 0),
    ],
)
def test_a_refund_can_change_its_mind_later(sandbox, endpoint, card, first, last, told, refunded_minor):
    intent_id = pay(sandbox, card=card)["payment_intent"]

    refund = sandbox.client().v1.refunds.create({"payment_intent": intent_id})

    assert refund.status == first
    wait_until(lambda: told in endpoint.kinds())
    assert sandbox.client().v1.refunds.retrieve(refund.id).status == last
    assert sandbox.control("ledger")["charges"][0]["amount_refunded"] == refunded_minor


def test_a_refund_in_the_dashboard_is_told_like_any_other(sandbox, endpoint):
    intent_id = pay(sandbox)["payment_intent"]

    sandbox.control("refunds", {"payment_intent": intent_id, "amount": 500})

    wait_until(lambda: {"refund.created", "charge.refunded"} <= set(endpoint.kinds()))
    assert sandbox.client().v1.refunds.list({"payment_intent": intent_id}).data[0].amount == 500


def test_a_dispute_is_opened_and_closed(sandbox, endpoint):
    intent_id = pay(sandbox)["payment_intent"]

    dispute = sandbox.control("disputes", {"payment_intent": intent_id, "reason": "product_not_received"})
    with pytest.raises(stripe.InvalidRequestError, match="charged back"):
        sandbox.client().v1.refunds.create({"payment_intent": intent_id})
    sandbox.control("disputes", {"dispute": dispute["id"], "status": "lost"})

    wait_until(lambda: {"charge.dispute.created", "charge.dispute.closed"} <= set(endpoint.kinds()))
    assert sandbox.client().v1.disputes.retrieve(dispute["id"]).status == "lost"
