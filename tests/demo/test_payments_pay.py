import time
from urllib.parse import urlencode

from tests.demo.payment_fixtures import endpoint_fixture, sandbox_fixture  # noqa: F401
from tests.demo.payment_process import session_params, wait_until

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CARD = {"outcome": "card", "number": "4242 4242 4242 4242", "expiry": "12 / 34", "cvc": "123"}


def new_session(sandbox, **changes):
    return sandbox.client().v1.checkout.sessions.create(session_params(**changes))


def post(sandbox, session, form, path=""):
    return sandbox.request("POST", f"/pay/{session.id}{path}", urlencode(form), FORM)


def read(sandbox, session):
    return sandbox.client().v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})


def test_the_pay_page_says_what_is_paid_and_that_no_money_is_real(sandbox):
    session = new_session(sandbox)

    status, headers, page = sandbox.request("GET", f"/pay/{session.id}")

    assert status == 200
    for words in ("no real money", "€74.50", "LF-1001", "Linen towel", "ann@example.com", "4242 4242 4242 4242"):
        assert words in page
    assert "form-action 'self' http://shop.test" in headers["Content-Security-Policy"]


def test_paying_leads_back_to_the_shop_and_tells_it(sandbox, endpoint):
    session = new_session(sandbox)

    status, headers, _page = post(sandbox, session, CARD)

    assert (status, headers["Location"]) == (303, f"http://shop.test/return/?session={session.id}")
    paid = read(sandbox, session)
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert (paid.payment_intent.status, paid.payment_intent.amount_received) == ("succeeded", 7450)
    assert paid.customer_details.email == "ann@example.com"
    wait_until(lambda: len(endpoint.received) == 2)
    assert endpoint.kinds() == ["checkout.session.completed", "payment_intent.succeeded"]


def test_paying_twice_takes_the_money_once(sandbox):
    session = new_session(sandbox)

    post(sandbox, session, CARD)
    status, _headers, page = post(sandbox, session, CARD)

    assert status == 200
    assert "This payment is complete" in page
    assert len(sandbox.control("ledger")["charges"]) == 1


def test_a_declined_card_leaves_the_session_open(sandbox, endpoint):
    session = new_session(sandbox)

    status, _headers, page = post(sandbox, session, CARD | {"number": "4000000000009995"})

    assert status == 402
    assert "insufficient funds" in page
    tried = read(sandbox, session)
    assert (tried.status, tried.payment_intent.status) == ("open", "requires_payment_method")
    assert tried.payment_intent.last_payment_error.decline_code == "insufficient_funds"
    wait_until(lambda: endpoint.kinds() == ["payment_intent.payment_failed"])
    assert post(sandbox, session, CARD)[0] == 303


def test_a_number_that_is_no_test_card_is_declined(sandbox):
    session = new_session(sandbox)

    assert "is incorrect" in post(sandbox, session, CARD | {"number": "1234"})[2]
    assert read(sandbox, session).status == "open"


def test_3d_secure_is_asked_before_the_money_is_taken(sandbox):
    session = new_session(sandbox)

    page = post(sandbox, session, CARD | {"number": "4000002760003184"})[2]
    before = read(sandbox, session).payment_intent.status
    failed = post(sandbox, session, {"outcome": "fail"}, "/authenticate")
    paid = post(sandbox, session, {"outcome": "complete"}, "/authenticate")

    assert "Complete authentication" in page
    assert before == "requires_action"
    assert (failed[0], paid[0]) == (402, 303)
    assert read(sandbox, session).payment_status == "paid"


def test_a_bank_payment_settles_later(sandbox, endpoint):
    session = new_session(sandbox)

    post(sandbox, session, {"outcome": "bank_succeed"})

    assert read(sandbox, session).status == "complete"
    wait_until(lambda: "checkout.session.async_payment_succeeded" in endpoint.kinds())
    assert read(sandbox, session).payment_status == "paid"


def test_a_bank_payment_can_fail_later(sandbox, endpoint):
    session = new_session(sandbox)

    post(sandbox, session, {"outcome": "bank_fail"})

    wait_until(lambda: "checkout.session.async_payment_failed" in endpoint.kinds())
    failed = read(sandbox, session)
    assert (failed.payment_status, failed.payment_intent.amount_received) == ("unpaid", 0)


def test_without_an_email_from_the_shop_the_page_asks_for_one(sandbox):
    params = session_params()
    del params["customer_email"]
    session = sandbox.client().v1.checkout.sessions.create(params)

    refused = post(sandbox, session, CARD)
    taken = post(sandbox, session, CARD | {"email": "bob@example.com"})

    assert (refused[0], taken[0]) == (402, 303)
    assert read(sandbox, session).customer_details.email == "bob@example.com"


def test_a_session_expires_by_itself_and_can_no_longer_be_paid(sandbox, endpoint):
    session = new_session(sandbox, expires_at=int(time.time()) + 1)

    wait_until(lambda: endpoint.kinds() == ["checkout.session.expired"])
    page = post(sandbox, session, CARD)[2]

    assert "has expired" in page
    assert read(sandbox, session).status == "expired"
    assert sandbox.control("ledger")["charges"] == []


def test_what_a_shop_wrote_is_shown_as_text_never_as_markup(sandbox):
    session = new_session(sandbox, client_reference_id="<script>1</script>")

    assert "<script>" not in sandbox.request("GET", f"/pay/{session.id}")[2]


def test_an_unknown_payment_link_is_not_found(sandbox):
    assert sandbox.request("GET", "/pay/cs_test_none")[0] == 404
