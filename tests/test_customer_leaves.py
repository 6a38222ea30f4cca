"""Whoever deletes their account is deleted at the payment provider too, once none of their orders is under way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.customer import delete_customer
from orders.actions.opening import open_session
from orders.actions.payment import settle
from orders.models import Order, ProviderCustomer, WorkItem
from shop.personal_data import close_account
from tests.accounts import deliver, make_customer
from tests.factories import make_order, make_supplier, make_variant
from tests.money import pay

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(sandbox) -> Order:
    """Sell something to somebody with an account, who pays it on the provider's page."""
    made = make_order((make_variant(make_supplier(), stock=9), 1), user=make_customer(name="Alex Byrne"))
    open_session(made.sessions.get())
    pay(sandbox, made)
    settle(made.sessions.get())
    made.refresh_from_db()
    assert made.is_paid
    return made


def customers(sandbox) -> list[str]:
    return [one["email"] for one in sandbox.control("ledger")["customers"] if not one.get("deleted")]


def hurry(relay) -> None:
    ProviderCustomer.objects.update(due_at=timezone.now(), lease_until=None)
    relay.run_until_idle()


def test_the_customer_goes_once_the_goods_have_come(order, sandbox, relay):
    close_account(order.user)
    hurry(relay)
    assert customers(sandbox) == ["alex@example.com"]
    assert ProviderCustomer.objects.get().due_at > timezone.now()

    deliver(order)
    hurry(relay)
    assert customers(sandbox) == []
    assert ProviderCustomer.objects.count() == 0
    # What was paid is kept by the law, there as here.
    assert order.payments.count() == 1
    assert len(sandbox.control("ledger")["payment_intents"]) == 1


def test_an_account_that_stays_keeps_its_customer(order, sandbox, relay):
    deliver(order)
    hurry(relay)
    delete_customer(ProviderCustomer.objects.get().pk)
    assert customers(sandbox) == ["alex@example.com"]


@pytest.mark.parametrize("kind", ["drop_after", "error_500_before", "error_500_after"])
def test_an_answer_that_is_lost_is_asked_for_again(order, sandbox, relay, kind):
    deliver(order)
    close_account(order.user)
    sandbox.control("faults", [{"match": "DELETE /v1/customers/*", "kind": kind}])
    hurry(relay)
    hurry(relay)
    assert (customers(sandbox), ProviderCustomer.objects.count()) == ([], 0)
    asked = [row for row in sandbox.control("ledger")["requests"] if row["method"] == "DELETE"]
    assert len(asked) == 2


def test_one_that_is_gone_there_already_is_what_was_wanted(order, sandbox, relay):
    deliver(order)
    sandbox.client().v1.customers.delete(ProviderCustomer.objects.get().stripe_id)
    close_account(order.user)
    hurry(relay)
    assert ProviderCustomer.objects.count() == 0
    assert not WorkItem.objects.exists()


def test_what_a_lost_answer_has_left_behind_is_found_and_deleted(order, sandbox, relay):
    deliver(order)
    close_account(order.user)
    ProviderCustomer.objects.update(stripe_id="")
    hurry(relay)
    assert (customers(sandbox), ProviderCustomer.objects.count()) == ([], 0)


def test_one_that_may_just_be_made_is_waited_for(order, sandbox, relay):
    deliver(order)
    sandbox.client().v1.customers.delete(ProviderCustomer.objects.get().stripe_id)
    close_account(order.user)
    ProviderCustomer.objects.update(stripe_id="")
    hurry(relay)
    assert ProviderCustomer.objects.count() == 1
    ProviderCustomer.objects.update(created_at=timezone.now() - timedelta(hours=21))
    hurry(relay)
    assert ProviderCustomer.objects.count() == 0


def test_what_the_provider_refuses_is_left_to_a_person(order, sandbox, relay, monkeypatch):
    from orders import stripe_client
    from orders.stripe_client import StripeRefused

    def refuse(customer_id):
        raise StripeRefused("parameter_invalid", "no")

    deliver(order)
    close_account(order.user)
    monkeypatch.setattr(stripe_client, "delete_customer", refuse)
    hurry(relay)
    row = ProviderCustomer.objects.get()
    assert (row.due_at, row.quarantined_at is None) == (None, False)
    assert WorkItem.objects.get().reason == "quarantined"
