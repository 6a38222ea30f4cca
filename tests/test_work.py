"""What needs a person: seen first, solved in three clicks, by the same actions as everywhere else."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from config.answers import audit_now
from config.remedies import REMEDIES
from config.waiting import keep_deadlines
from notifications.models import Notification
from orders.actions.work import close_work, open_work, subject_of
from orders.events import record
from orders.models import Event, Hold, IncomingEvent, Order, Payment, Refund, WorkItem
from orders.remedies import NotPossible
from suppliers.models import Supplier, SupplierOrder
from tests import waiting
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.waiting import let_time_pass, put

pytestmark = pytest.mark.django_db
LIST = "/admin/orders/workitem/"


@pytest.fixture
def staff(client):
    person = make_person(role="Store staff")
    client.force_login(person)
    return person


def work_of(row, reason: str, **facts: object) -> WorkItem:
    open_work(WorkItem.Reason(reason), row, order=getattr(row, "order", None), summary=f"About {row}", **facts)
    return WorkItem.objects.get(reason=reason, closed_at=None)


def press(client, item: WorkItem, key: str):
    return client.post(reverse("admin:orders_workitem_act", args=[item.pk, key]), follow=True)


def is_closed(item: WorkItem) -> bool:
    item.refresh_from_db()
    return item.closed_at is not None


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


def test_the_home_page_shows_work_first_with_count_age_money_and_the_next_step(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    work_of(row, "supplier_refused", money_minor=2500)

    page = client.get("/admin/").content.decode()

    assert page.index("What needs a person") < page.index("Most urgent") < page.index("What has just happened")
    assert "A supplier refused an order" in page
    assert "€25.00" in page
    assert "Use the next supplier" in page


def test_the_home_page_says_that_all_is_clear(client, staff):
    page = client.get("/admin/").content.decode()

    assert page.count("0 - all clear") == 4


def test_a_refused_order_is_solved_in_three_clicks_from_home(client, staff, relay):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")
    home = client.get("/admin/").content.decode()

    link = re.search(r'href="(/admin/orders/workitem/\d+/act/[a-z-]+/)"', home).group(1)
    asked = client.get(link)
    done = client.post(link, follow=True)

    assert f"About {row.reference}" in asked.content.decode()
    assert "Another supplier is looked for" in done.content.decode()
    assert is_closed(item)
    row.refresh_from_db()
    assert row.status == "closed"
    acted = Event.objects.get(kind="work.acted")
    assert (acted.by, acted.facts["action"], acted.order) == (staff, "next-supplier", row.order)


def test_the_list_is_sorted_by_deadline_then_age_and_shows_open_work(client, staff):
    now, order = timezone.now(), waiting.paid_order()
    for number, (hours, opened) in enumerate([(5, 1), (1, 1), (5, 2)]):
        hold = Hold.objects.create(order=order, reason=["manual", "address", "margin"][number])
        until = now + timedelta(hours=hours)
        open_work(WorkItem.Reason.ORDER_HELD, hold, order=order, summary=f"Thing {number}", deadline_at=until)
        WorkItem.objects.filter(summary=f"Thing {number}").update(opened_at=now - timedelta(hours=opened))

    page = client.get(LIST).content.decode()

    assert page.index("Thing 1") < page.index("Thing 2") < page.index("Thing 0")
    WorkItem.objects.filter(summary="Thing 2").update(closed_at=now)
    assert "Thing 2" not in client.get(LIST).content.decode()
    assert "Thing 2" in client.get(f"{LIST}?open=no").content.decode()
    assert "Thing 2" in client.get(f"{LIST}?open=all").content.decode()


def test_the_page_of_an_item_shows_what_it_is_about_and_what_happened(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused", money_minor=2500)

    page = client.get(f"{LIST}{item.pk}/change/").content.decode()

    for part in (f"About {row.reference}", "€25.00", row.order.number, "Cancel and refund", "work.opened"):
        assert part in page
    assert reverse("admin:suppliers_supplierorder_change", args=[row.pk]) in page


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


def test_refused_goods_can_be_cancelled_and_paid_back_in_one_act(client, staff, relay):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")

    press(client, item, "cancel-refused")
    relay.run_until_idle()

    line = row.order.lines.get()
    assert (line.cancelled, line.forwarded, line.open) == (2, 0, 0)
    assert Refund.objects.get().amount_minor == row.order.total_minor
    assert is_closed(item)
    assert SupplierOrder.objects.count() == 1


def test_an_unexpected_payment_is_refunded_by_its_button(client, staff):
    order = waiting.paid_order()
    second = Payment.objects.create(order=order, stripe_id="pi_second", captured_minor=900, currency="EUR")
    item = work_of(second, "payment_unexpected", money_minor=900)

    page = press(client, item, "refund-payment").content.decode()

    assert "€9.00 goes back." in page
    refund = Refund.objects.get()
    assert (refund.payment, refund.amount_minor, refund.requested_by) == (second, 900, staff)
    assert is_closed(item)


def failed_refund() -> Refund:
    from orders.actions.refund import RefundPart, _fail, request_refund

    order = waiting.paid_order()
    line = order.lines.get()
    parts = [RefundPart(line, 1, 1250)]
    refund = request_refund(order, parts, reason=Refund.Reason.GOODWILL, by=None, key="first")
    _fail(refund, "account closed")
    return refund


def test_a_failed_refund_is_tried_again_with_a_key_of_its_own_and_once(client, staff):
    refund = failed_refund()
    item = WorkItem.objects.get(reason="refund_failed")

    press(client, item, "refund-again")
    press(client, item, "refund-again")

    again = Refund.objects.exclude(pk=refund.pk).get()
    assert again.idempotency_key == "first-again"
    assert (again.status, again.amount_minor, again.requested_by) == ("requested", 1250, staff)
    assert [(part.quantity, part.amount_minor) for part in again.lines.all()] == [(1, 1250)]
    line, payment = refund.order.lines.get(), refund.payment
    payment.refresh_from_db()
    assert (line.refunded, line.refunded_minor, payment.refunded_minor) == (1, 1250, 1250)
    assert is_closed(item)


def test_a_refund_that_has_not_failed_is_never_asked_with_a_second_key():
    from orders.actions.again import ask_refund_again

    refund = waiting.a_refund()

    assert ask_refund_again(refund, by=None) is None
    assert Refund.objects.count() == 1


def test_a_failed_refund_of_a_whole_payment_is_tried_again(client, staff):
    from orders.actions.refund import _fail, refund_everything

    order = waiting.paid_order()
    refund = refund_everything(order.payments.get(), reason=Refund.Reason.LATE_PAYMENT, by=None)
    _fail(refund, "account closed")

    press(client, WorkItem.objects.get(reason="refund_failed"), "refund-again")

    again = Refund.objects.exclude(pk=refund.pk).get()
    payment = order.payments.get()
    assert (again.amount_minor, payment.refunded_minor) == (order.total_minor, order.total_minor)


def test_a_second_try_after_the_money_went_another_way_is_refused(client, staff):
    refund = failed_refund()
    Payment.objects.update(refunded_minor=refund.payment.captured_minor)

    page = press(client, WorkItem.objects.get(reason="refund_failed"), "refund-again").content.decode()

    assert "So much is not left" in page
    assert Refund.objects.count() == 1


def test_units_without_a_supplier_are_cancelled_and_refunded_by_the_button(client, staff):
    line = waiting.paid_order().lines.get()
    item = work_of(line, "no_offer")

    press(client, item, "cancel-line")

    line.refresh_from_db()
    assert (line.cancelled, line.open) == (2, 0)
    assert Refund.objects.get().amount_minor == line.order.total_minor
    assert is_closed(item)


def test_a_supplier_is_looked_for_again(client, staff):
    line = waiting.paid_order().lines.get()
    item = work_of(line, "no_offer")
    Supplier.objects.update(is_active=False)
    assert "Still no supplier has it." in press(client, item, "look-again").content.decode()
    Supplier.objects.update(is_active=True)

    press(client, item, "look-again")

    assert SupplierOrder.objects.get().order == line.order
    assert is_closed(item)


def test_a_parcel_that_came_back_is_refunded_once(client, staff):
    parcel = put(waiting.a_parcel(), status="returned")
    item = work_of(parcel, "parcel_back")

    press(client, item, "refund-parcel")

    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.reason) == (parcel.order.total_minor // 2, "returned")
    assert parcel.order.lines.get().refunded == 1
    assert is_closed(item)


def test_a_hold_is_released_and_the_order_goes_out(client, staff, relay):
    order = waiting.paid_order()
    hold = Hold.objects.create(order=order, reason="manual")
    relay.run_until_idle()
    assert SupplierOrder.objects.count() == 0
    item = work_of(hold, "order_held")

    press(client, item, "release")
    relay.run_until_idle()

    hold.refresh_from_db()
    assert hold.released_by == staff
    assert SupplierOrder.objects.count() == 1
    assert is_closed(item)


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


def _in_doubt() -> SupplierOrder:
    return put(waiting.a_supplier_order(), status="unknown", due_at=None)


@pytest.mark.parametrize(("key", "becomes"), [("has-it", "placed"), ("has-it-not", "ready")])
def test_an_order_in_doubt_is_decided_by_whoever_has_asked(client, staff, key, becomes):
    row = _in_doubt()
    item = work_of(row, "supplier_doubt")

    press(client, item, key)
    again = press(client, item, key).content.decode()

    row.refresh_from_db()
    assert (row.status, is_closed(item)) == (becomes, True)
    assert "This was solved meanwhile" in again
    assert Event.objects.filter(kind=f"supplier_order.{becomes}", by=staff).count() == 1


def test_an_order_that_is_being_asked_is_not_decided_by_hand(client, staff):
    row = put(_in_doubt(), due_at=timezone.now())
    item = work_of(row, "supplier_doubt")

    page = press(client, item, "has-it-not").content.decode()

    row.refresh_from_db()
    assert "It is not in doubt any more" in page
    assert (row.status, is_closed(item)) == ("unknown", False)


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


def test_asking_a_supplier_order_again_lets_it_go_if_it_was_set_aside(client, staff):
    row = put(waiting.a_supplier_order(), status="ready", quarantined_at=timezone.now(), due_at=None)

    press(client, work_of(row, "supplier_silent"), "ask-supplier")

    row.refresh_from_db()
    assert row.quarantined_at is None
    assert row.due_at is not None


def test_a_supplier_that_refuses_our_key_is_tried_at_once(client, staff):
    probe = put(waiting.a_probe(), due_at=timezone.now() + timedelta(hours=1))

    page = press(client, work_of(probe.supplier, "supplier_key"), "ask-supplier").content.decode()

    probe.refresh_from_db()
    assert "It is tried in a moment" in page
    assert probe.due_at <= timezone.now()


@pytest.mark.parametrize(("key", "answer", "units"), [("stopped", "accepted", 2), ("not-stopped", "refused", 0)])
def test_what_a_supplier_told_of_a_cancellation_is_noted(client, staff, key, answer, units):
    asked = waiting.a_supplier_cancellation(units=2)
    item = work_of(asked.cancellation, "cancellation_by_hand")

    press(client, item, key)

    asked.refresh_from_db()
    asked.cancellation.refresh_from_db()
    line = asked.order.lines.get()
    assert (asked.status, asked.cancellation.status, line.cancelled) == ("decided", answer, units)
    assert Refund.objects.count() == bool(units)
    assert is_closed(item)


def test_a_cancellation_without_an_answer_is_asked_for_again(client, staff):
    asked = put(waiting.a_supplier_cancellation(), due_at=timezone.now() + timedelta(hours=1))
    item = work_of(asked.cancellation, "cancellation_silent")

    press(client, item, "ask-cancellation")

    asked.refresh_from_db()
    assert asked.due_at <= timezone.now()
    assert not is_closed(item)
    put(asked, status="decided")
    assert "Nobody can be asked" in press(client, item, "ask-cancellation").content.decode()


@pytest.mark.parametrize(("key", "decision", "units"), [("approve", "granted", 0), ("disapprove", "refused", 2)])
def test_goods_for_a_pharmacist_are_decided_once(client, key, decision, units):
    client.force_login(make_person(is_superuser=True, is_staff=True))
    line = put(waiting.paid_order().lines.get(), gated_at=timezone.now())
    item = work_of(line, "approval")

    press(client, item, key)
    press(client, item, key)

    line.refresh_from_db()
    assert list(line.approvals.values_list("decision", "units")) == [(decision, 2)]
    assert (line.cancelled, Refund.objects.count()) == (units, bool(units))
    assert is_closed(item)


def test_only_a_pharmacist_decides_about_gated_goods(client, staff):
    line = put(waiting.paid_order().lines.get(), gated_at=timezone.now())
    item = work_of(line, "approval")

    assert press(client, item, "approve").status_code == 403
    assert line.approvals.count() == 0


def test_how_a_dispute_stands_is_read_again_through_the_inbox(client, staff):
    payment = waiting.paid_order().payments.get()
    item = work_of(payment, "dispute")
    assert "Nothing is known of a dispute" in press(client, item, "read-dispute").content.decode()
    record("payment.disputed", payment, by=None, dispute="dp_1", status="needs_response", amount_minor=1)

    press(client, item, "read-dispute")

    asked = IncomingEvent.objects.get(source="stripe")
    assert (asked.kind, asked.body) == ("charge.dispute.updated", {"data": {"object": {"id": "dp_1"}}})
    assert asked.due_at is not None


def test_the_audit_is_run_again_on_a_persons_wish(staff):
    night = put(waiting.the_nightly_audit(), due_at=timezone.now() + timedelta(hours=1))

    audit_now(night, by=staff)

    night.refresh_from_db()
    assert night.due_at <= timezone.now()
    put(night, quarantined_at=timezone.now())
    with pytest.raises(NotPossible):
        audit_now(night, by=staff)


def test_cancelled_goods_that_were_sent_are_read_again_and_stay_work(client, staff):
    row = put(waiting.a_supplier_order(), status="placed")
    item = work_of(row, "cancelled_sent")

    press(client, item, "read-sent")

    assert IncomingEvent.objects.get(kind="order.asked").body == {"data": {"reference": row.reference}}
    assert not is_closed(item)


def test_an_order_is_read_again_through_the_inbox(client, staff):
    row = put(waiting.a_supplier_order(), status="placed")
    put(row.supplier, shipments_as_of="2999-01-01T00:00:00Z", due_at=None)
    item = work_of(row, "supplier_garbage")

    press(client, item, "read-supplier")

    asked = IncomingEvent.objects.get(kind="order.asked")
    supplier = Supplier.objects.get(pk=row.supplier_id)
    assert asked.body == {"data": {"reference": row.reference}}
    assert asked.due_at is not None
    assert supplier.due_at is not None
    assert supplier.shipments_as_of < "2999"


def test_an_order_nobody_can_pay_any_more_is_given_up(client, staff):
    session = put(waiting.a_session(), state="expired")
    item = work_of(session.order, "payment_stuck")

    press(client, item, "ask-stripe")

    assert Order.objects.get().status == "expired"
    keep_deadlines(now=timezone.now())
    assert is_closed(item)


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


def test_the_order_page_shows_open_work_with_its_button(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")

    page = client.get(reverse("admin:orders_order_change", args=[row.order_id])).content.decode()

    assert reverse("admin:orders_workitem_act", args=[item.pk, "next-supplier"]) in page


def test_an_item_whose_subject_is_gone_can_still_be_looked_at_and_closed(client, staff):
    mail = waiting.a_mail()
    item = work_of(mail, "mail_failed")
    Notification.objects.all().delete()

    assert client.get(f"{LIST}{item.pk}/change/").status_code == 200
    assert "is gone" in press(client, item, "send-mail").content.decode()
    press(client, item, "close")
    assert is_closed(item)


def test_old_rows_in_silence_reach_the_home_page_by_themselves(client, staff, relay):
    let_time_pass(put(waiting.a_supplier_order(), status="unknown"))

    relay.run_until_idle()

    assert "A supplier does not answer" in client.get("/admin/").content.decode()


def test_a_late_case_is_given_to_whoever_is_free(client, staff):
    ticket = put(waiting.a_ticket(), owner=make_person(role="Support agents"))
    item = work_of(ticket, "case_late")

    press(client, item, "free-case")

    ticket.refresh_from_db()
    assert ticket.owner is None
    assert not is_closed(item)


def test_a_parcel_whose_refund_failed_is_not_called_paid_back(client, staff):
    from orders.actions.refund import _fail

    parcel = put(waiting.a_parcel(), status="returned")
    press(client, work_of(parcel, "parcel_back"), "refund-parcel")
    _fail(Refund.objects.get(), "account closed")

    page = press(client, work_of(parcel, "parcel_back"), "refund-parcel").content.decode()

    assert "Its refund has failed" in page
    assert "parcel_back" in WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True)


def cost(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_home_list_and_pages_of_work_cost_the_same_for_few_and_many(client, staff):
    order = waiting.paid_order()
    rows = [SupplierOrder(order=order, supplier=Supplier.objects.get(), part=n, reference=f"R-{n}") for n in range(40)]

    def measure(count: int) -> list[int]:
        for row in rows[:count]:
            if row.pk is None:
                row.save()
                open_work(WorkItem.Reason.SUPPLIER_SILENT, row, order=order, summary=str(row))
        first = WorkItem.objects.earliest("pk")
        paths = [
            "/admin/",
            LIST,
            f"{LIST}{first.pk}/change/",
            reverse("admin:orders_workitem_act", args=[first.pk, "close"]),
        ]
        return [cost(client, path) for path in paths]

    few = measure(2)
    many = measure(40)

    assert many == few
    assert all(found <= most for found, most in zip(many, [16, 10, 10, 8], strict=True)), many
