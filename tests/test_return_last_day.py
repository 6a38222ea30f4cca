"""The last day to hand goods in: never less than the law gives, never far off, and nobody is closed out before it."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.utils import timezone

from orders import lease
from orders.models import Event
from support.models import Return
from support.return_states import ReturnStatus
from support.returning.decide import Verdict, decide
from support.returning.flow import Label, expire, make_ready
from support.returning.supplier_word import ACTS
from support.returning.tending import tend_return
from tests.passing import put
from tests.returning import ask, make_desk, sent_order

pytestmark = pytest.mark.django_db
# What a supplier names, and what counts, in days from now; the last is some day in the eighties of this century.
DAYS = [(1, 14), (None, 14), (30, 30), (20_000, 180)]


@pytest.fixture
def agent(client):
    person = make_desk()
    client.force_login(person)
    return person


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def accepted(agent) -> Return:
    """Return a return whose customer does not know yet where the goods go."""
    row = ask(sent_order(2))
    row.supplier_order.supplier.delivery_profile.__class__.objects.update(return_address="")
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.ACCEPTED
    return row


def ready(agent, **fields) -> Return:
    row = accepted(agent)
    make_ready(row, Label("1 Quay, Cork"), by=None)
    return put(row, **fields)


def approval(days: int | None) -> dict[str, object]:
    told = {"return_to": {"name": "Meridian", "line1": "2 Pier", "city": "Galway", "country": "IE"}}
    return told if days is None else told | {"return_by": str(in_days(days))}


def inside(row: Return) -> str:
    return "\n".join(row.ticket.messages.filter(thread="internal").values_list("body", flat=True))


@pytest.mark.parametrize(("named", "counts"), DAYS)
def test_a_suppliers_last_day_takes_nothing_from_the_time_of_the_law_and_ends_some_day(agent, named, counts):
    row = accepted(agent)
    ACTS["approved"](row, approval(named))
    row.refresh_from_db()
    assert (row.status, row.return_by) == (ReturnStatus.READY, in_days(counts))


@pytest.mark.parametrize(("named", "counts"), DAYS)
def test_nor_does_the_day_of_a_label_that_comes_later(agent, named, counts):
    row = ready(agent)
    ACTS["approved"](row, approval(named))
    row.refresh_from_db()
    assert "2 Pier" in row.return_to
    assert row.return_by == in_days(counts)


def test_by_itself_it_ends_a_week_after_the_last_day_and_by_hand_the_day_after(agent):
    row = ready(agent, return_by=in_days(0))
    assert not expire(row, by=agent)
    put(row, return_by=in_days(-7))
    assert not expire(row)
    assert expire(put(row, return_by=in_days(-1)), by=agent)
    assert Event.objects.get(kind="return.expired").by == agent
    assert expire(ready(agent, return_by=in_days(-8)))


def test_a_last_day_that_was_moved_meanwhile_counts(agent):
    row = ready(agent, return_by=in_days(-8), due_at=timezone.now())
    # Read before somebody moved it.
    Return.objects.filter(pk=row.pk).update(return_by=in_days(3))
    assert not expire(row)
    row.refresh_from_db()
    assert row.status == ReturnStatus.READY


def test_a_supplier_that_waits_no_longer_ends_nothing_within_the_week_after_the_last_day(agent):
    row = ready(agent, return_by=in_days(-3))
    ACTS["expired"](row, {})
    row.refresh_from_db()
    assert row.status == ReturnStatus.READY
    assert "waits no longer" in inside(row)
    ACTS["expired"](put(row, return_by=in_days(-8)), {})
    row.refresh_from_db()
    assert row.status == ReturnStatus.EXPIRED


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_goods_of_a_return_that_is_over_are_told_to_colleagues_while_they_are_on_their_way(agent, status):
    row = ready(agent, status=status)
    ACTS["in_transit"](row, {})
    row.refresh_from_db()
    assert row.status == status
    assert "on their way although the return was over" in inside(row)


def test_nobody_can_end_it_on_the_page_before_the_last_day_is_over(agent, client):
    row = ready(agent, return_by=in_days(0))
    page, button = f"/desk/returns/{row.pk}/", "End it: not handed in"
    assert button not in client.get(page).content.decode()
    client.post(f"{page}step/", {"step": "expire"})
    row.refresh_from_db()
    assert row.status == ReturnStatus.READY
    put(row, return_by=in_days(-1))
    assert button in client.get(page).content.decode()


def test_a_return_that_moves_on_in_the_moment_it_is_taken_is_given_back(agent, monkeypatch):
    row, take = ready(agent, due_at=timezone.now()), lease.take

    def taken_too_late(rows, pk):
        return put(take(rows, pk), status=ReturnStatus.RECEIVED)

    monkeypatch.setattr(lease, "take", taken_too_late)
    tend_return(row.pk)
    row.refresh_from_db()
    assert (row.lease_until, row.due_at) == (None, None)
