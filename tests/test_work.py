"""What needs a person: opened once, solved by whoever may, by the same actions as everywhere else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from config.answers import audit_now
from config.remedies import REMEDIES
from orders.actions.work import close_work, open_work, subject_of
from orders.models import Event, Refund, WorkItem
from orders.remedies import NotPossible
from suppliers.models import SupplierOrder
from tests import waiting
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.passing import put
from tests.work import LIST, is_closed, press, staff_fixture, work_of  # noqa: F401

pytestmark = pytest.mark.django_db


def test_every_reason_has_a_next_step_and_every_step_exists():
    assert set(REMEDIES) == set(WorkItem.Reason)
    for remedies in REMEDIES.values():
        keys = [remedy.key for remedy in remedies]
        assert len(set(keys)) == len(keys)
        for remedy in remedies:
            assert callable(import_string(remedy.action))


def test_work_is_opened_once_with_a_time_to_act_and_a_history():
    order = waiting.paid_order()
    payment = order.payments.get()

    first = open_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment, order=order, summary="x")
    second = open_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment, order=order, summary="y")

    item = WorkItem.objects.get()
    assert (first, second, item.summary) == (True, False, "x")
    assert item.deadline_at - item.opened_at >= timedelta(hours=23)
    assert subject_of(item) == payment
    person = make_person()
    assert close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment, by=person)
    assert not close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment)
    item.refresh_from_db()
    assert item.closed_by == person
    assert list(order.events.filter(kind__startswith="work.").order_by("pk").values_list("kind", "by")) == [
        ("work.opened", None),
        ("work.closed", person.pk),
    ]


def test_nothing_happens_without_a_post_and_its_token(client, staff):
    from django.test import Client

    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")
    link = reverse("admin:orders_workitem_act", args=[item.pk, "next-supplier"])
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)

    assert client.get(link).status_code == 200
    assert strict.post(link).status_code == 403

    row.refresh_from_db()
    assert row.status == "refused"
    assert not is_closed(item)


@pytest.mark.parametrize(
    ("who", "wanted"),
    [("nobody", 302), ("customer", 302), ("Support agents", 302), ("Pharmacists", 302), ("Store staff", 200)],
)
def test_who_may_act(client, who, wanted):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")
    if who != "nobody":
        client.force_login(make_person(role="" if who == "customer" else who))

    for key in ("next-supplier", "cancel-refused", "close"):
        assert client.get(reverse("admin:orders_workitem_act", args=[item.pk, key])).status_code == wanted
    if wanted != 200:
        client.post(reverse("admin:orders_workitem_act", args=[item.pk, "next-supplier"]))
        row.refresh_from_db()
        assert row.status == "refused"


def test_each_step_asks_for_its_own_permission(client):
    from django.contrib.auth.models import Permission

    person = make_person(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_workitem"))
    client.force_login(person)
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")

    for key in ("next-supplier", "cancel-refused", "close", "no-such-thing"):
        link = reverse("admin:orders_workitem_act", args=[item.pk, key])
        assert client.get(link).status_code == 403
        assert client.post(link).status_code == 403
    assert "act/" not in client.get(LIST).content.decode()
    assert client.get(reverse("admin:orders_workitem_act", args=[999_999, "close"])).status_code == 404


def test_what_was_solved_meanwhile_is_said_and_not_done_again(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")
    press(client, item, "next-supplier")

    page = press(client, item, "cancel-refused").content.decode()

    assert "This was solved meanwhile" in page
    assert Refund.objects.count() == 0


def test_an_action_that_is_not_possible_says_why_and_changes_nothing(client, staff):
    row = put(waiting.a_supplier_order(), status="placed")
    item = work_of(row, "supplier_refused")

    page = press(client, item, "next-supplier").content.decode()

    assert "It is not refused any more." in page
    assert not is_closed(item)
    assert not Event.objects.filter(kind="work.acted").exists()


def test_trying_again_makes_the_row_due(client, staff):
    row = put(waiting.a_supplier_order(), status="unknown", due_at=None)
    mail = put(waiting.a_mail(), status="failed", due_at=None)
    reaction = put(waiting.a_reaction(), due_at=None, failures=7)
    incoming = put(waiting.an_incoming(), due_at=None, failures=9)
    refund = put(waiting.a_refund(), due_at=None)
    presses = [
        (row, "supplier_silent", "ask-supplier"),
        (mail, "mail_failed", "send-mail"),
        (reaction, "reaction_failed", "try-reaction"),
        (incoming, "incoming_failed", "work-again"),
        (refund, "refund_stuck", "ask-stripe"),
    ]
    for subject, reason, key in presses:
        item = work_of(subject, reason)
        assert press(client, item, key).status_code == 200
        subject.refresh_from_db()
        assert subject.due_at is not None, reason
        # It closes when its cause is gone, not before.
        assert not is_closed(item)
    assert mail.status == "queued"


def test_what_was_set_aside_is_tried_again(client):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    aside = {"quarantined_at": timezone.now(), "due_at": None, "deaths": 2}
    for made, key in ((waiting.a_supplier_order(), "free-order"), (waiting.an_incoming(), "free-row")):
        row = put(made, **aside)
        item = work_of(row, "quarantined")

        press(client, item, key)

        row.refresh_from_db()
        assert (row.quarantined_at, row.deaths, is_closed(item)) == (None, 0, True)
        assert row.due_at is not None


def test_the_audit_is_run_again_on_a_persons_wish(staff):
    night = put(waiting.the_nightly_audit(), due_at=timezone.now() + timedelta(hours=1))

    audit_now(night, by=staff)

    night.refresh_from_db()
    assert night.due_at <= timezone.now()
    put(night, lease_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(NotPossible):
        audit_now(night, by=staff)


def test_many_of_one_cause_are_tried_again_at_once_but_no_money_moves(client, staff):
    supplier = make_supplier()
    variant = make_variant(supplier)
    rows = []
    for number in range(3):
        order = make_paid_order((variant, 1))
        made = SupplierOrder.objects.create(order=order, supplier=supplier, reference=f"R-{number}", status="unknown")
        open_work(WorkItem.Reason.SUPPLIER_SILENT, made, order=order, summary=str(made))
        rows.append(made)
    payment = order.payments.get()
    open_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment, order=order, summary="money")
    chosen = list(WorkItem.objects.values_list("pk", flat=True))

    page = client.post(LIST, {"action": "try_again", "_selected_action": chosen}, follow=True).content.decode()

    assert "3 × It is asked in a moment" in page
    assert "1 × A person must decide" in page
    assert SupplierOrder.objects.filter(due_at=None).count() == 0
    assert Refund.objects.count() == 0


def test_work_is_closed_by_hand_with_the_name_of_who_did_it(client, staff):
    parcel = put(waiting.a_parcel(), status="exception", reason_code="lost")
    first = work_of(parcel, "parcel_trouble")
    press(client, first, "close")
    second = work_of(parcel, "parcel_silent")
    client.post(LIST, {"action": "close_items", "_selected_action": [second.pk]})

    for item in (first, second):
        assert is_closed(item)
        assert item.closed_by == staff


def test_a_late_case_is_given_to_whoever_is_free(client, staff):
    ticket = put(waiting.a_ticket(), owner=make_person(role="Support agents"))
    item = work_of(ticket, "case_late")

    press(client, item, "free-case")

    ticket.refresh_from_db()
    assert ticket.owner is None
    assert not is_closed(item)
