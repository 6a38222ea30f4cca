"""Our books and Stripe's, compared in a test: a whole run at once, or as much of it as Stripe lets us."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.models import Comparison, MoneyFinding
from config.reconcile import runs
from orders.actions.opening import open_session
from orders.actions.payment import settle
from orders.models import IncomingEvent, Order, WorkItem
from tests.demo.payment_process import session_params
from tests.factories import make_order, make_supplier, make_variant


@pytest.fixture(name="as_shipped", autouse=True)
def as_shipped_fixture(settings):
    """Let a run hold on to its place as long as in production: a busy machine must not look like a dead worker."""
    settings.LEASE_SECONDS = 75


@pytest.fixture(name="variant")
def variant_fixture(db):
    return make_variant(make_supplier(), stock=None)


def reconcile(kind: str = "recent") -> int:
    """Run a comparison to its end, or to where Stripe does not answer; return how many events it took in."""
    told = IncomingEvent.objects.filter(source="stripe").exclude(event_id__startswith="found:")
    before = told.count()
    runs.work_on(runs.begin(Comparison.Kind(kind), now=timezone.now()).pk)
    return told.count() - before


def found() -> list[tuple[str, str]]:
    """Return (kind, key) of every difference that nothing explains."""
    return sorted(MoneyFinding.objects.filter(explained_at=None).values_list("kind", "key"))


def paid_there(sandbox, variant) -> Order:
    """Let a customer pay on Stripe's page; nobody tells the shop."""
    order = make_order((variant, 2))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})
    return order


def noted(sandbox, variant) -> Order:
    order = paid_there(sandbox, variant)
    settle(order.sessions.get())
    order.refresh_from_db()
    return order


def strangers_payment(sandbox, **changes) -> str:
    """Let another shop of the same account take 74.50 EUR; return the payment's id."""
    asked = session_params(client_reference_id="B-77", metadata={}, payment_intent_data={}) | changes
    session = sandbox.client().v1.checkout.sessions.create(asked)
    return sandbox.control(f"sessions/{session.id}/pay", {})["session"]["payment_intent"]


def open_work() -> list[str]:
    return list(WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True))


def ledger_of(*models) -> list[list[dict]]:
    """Return all rows of some models without the columns that say when they were looked at."""
    looked = ("compared_at", "due_at", "lease_until", "attempt")
    rows = [list(model.objects.order_by("pk").values()) for model in models]
    return [[{name: value for name, value in row.items() if name not in looked} for row in one] for one in rows]
