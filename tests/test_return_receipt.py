"""What came back is noted at the desk: ticked, counted, in which condition; what differs is decided anew."""

from __future__ import annotations

import uuid
from datetime import timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from orders.models import OrderLine, Refund, WorkItem
from support.models import Attachment, Return
from support.return_states import ReturnStatus
from support.returning.decide import Verdict, decide
from support.returning.flow import expire
from tests.factories import make_person
from tests.passing import put
from tests.returning import ask, make_desk, make_staff, no_right_to_withdraw, sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    person = make_desk()
    client.force_login(person)
    return person


def accepted(*units: int, agent) -> Return:
    """Return a return that goes back and is paid for once it is here."""
    row = ask(sent_order(*units))
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.READY
    return row


def photo() -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return SimpleUploadedFile("back.png", out.getvalue(), "image/png")


def note(client, row: Return, key: str = "", **changes: object):
    """Send the receipt: all that was asked for is here, but for what is changed of the first line."""
    data: dict[str, object] = {"form_key": key or str(uuid.uuid4())}
    for line in row.lines.all():
        data |= {f"came_{line.pk}": "on", f"units_{line.pk}": line.quantity, f"refused_{line.pk}": 0}
        data |= {f"condition_{line.pk}": "as_new", f"note_{line.pk}": ""}
    first = row.lines.first().pk
    for name, value in changes.items():
        whole = name if name == "photos" else f"{name}_{first}"
        data[whole] = value
    return client.post(f"/desk/returns/{row.pk}/receive/", {key: one for key, one in data.items() if one is not None})


def test_what_came_as_agreed_is_paid_at_once(client, agent):
    row = accepted(2, agent=agent)
    page = client.get(f"/desk/returns/{row.pk}/receive/").content.decode()
    assert "2 × Thing" in page
    assert note(client, row, note="Shelf 4").status_code == 302
    row.refresh_from_db()
    line = row.lines.get()
    assert row.status == ReturnStatus.RESOLVED
    assert (line.received, line.refused, line.condition, line.note) == (2, 0, "as_new", "Shelf 4")
    assert Refund.objects.get().lines.get().quantity == 2


def test_the_same_receipt_sent_twice_is_noted_once(client, agent):
    row = accepted(1, agent=agent)
    key = str(uuid.uuid4())
    for _time in range(2):
        assert note(client, row, key=key).status_code == 302
    assert Refund.objects.count() == 1
    assert row.ticket.messages.filter(thread="internal", body__contains="received at the desk").count() == 1


@pytest.mark.parametrize(
    ("changes", "says", "paid"),
    [
        ({"units": 1}, "1 of 2 came", 1),
        ({"came": None}, "0 of 2 came", 0),
        ({"refused": 1}, "1 not taken", 1),
        ({"condition": "damaged"}, "came damaged", 2),
    ],
)
def test_what_differs_goes_back_to_the_decision_and_is_shown(client, agent, changes, says, paid):
    row = accepted(2, agent=agent)
    note(client, row, **changes)
    row.refresh_from_db()
    assert row.status == ReturnStatus.REVIEW
    assert sum(one.lines.get().quantity for one in Refund.objects.all()) == paid
    page = client.get(f"/desk/returns/{row.pk}/").content.decode()
    assert "It did not come back as agreed" in page
    assert says in page
    assert WorkItem.objects.filter(reason="return_decision", closed_at=None).exists()
    assert row.number in client.get("/desk/returns/").content.decode()


def test_what_is_left_after_a_difference_is_decided_once(client, agent):
    row = accepted(3, agent=agent)
    note(client, row, units=2)
    row.refresh_from_db()
    decide(row, Verdict("refund_keep"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.RESOLVED
    assert sum(one.lines.get().quantity for one in Refund.objects.all()) == 3


def test_goods_that_cannot_be_sold_again_are_written_off(client, agent):
    row = accepted(1, agent=agent)
    note(client, row, condition="used", written_off="on")
    assert row.lines.get().written_off
    assert "written off" in client.get(f"/desk/returns/{row.pk}/").content.decode()


def test_photos_of_what_came_stay_with_colleagues(client, agent):
    row = accepted(1, agent=agent)
    note(client, row, photos=photo())
    assert Attachment.objects.get().message.thread == "internal"


@pytest.mark.parametrize(
    "bad", [{"units": 5}, {"units": "x"}, {"units": -1}, {"refused": 2}, {"condition": "odd"}, {"note": "x" * 301}]
)
def test_a_receipt_that_makes_no_sense_is_asked_for_again(client, agent, bad):
    row = accepted(1, agent=agent)
    answer = note(client, row, **bad)
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    row.refresh_from_db()
    assert row.status == ReturnStatus.READY


def test_nothing_is_received_of_what_is_not_accepted(client, agent):
    row = ask(sent_order(1))
    assert note(client, row).url == f"/desk/returns/{row.pk}/"
    assert row.lines.get().received == 0


# --- steps by hand


def press(client, row: Return, step: str) -> str:
    client.post(f"/desk/returns/{row.pk}/step/", {"step": step})
    row.refresh_from_db()
    return row.status


def test_handed_in_taken_back_and_ended_by_hand(client, agent):
    assert press(client, accepted(1, agent=agent), "handed-in") == ReturnStatus.IN_TRANSIT
    row = accepted(1, agent=agent)
    assert press(client, row, "expire") == ReturnStatus.READY
    put(row, return_by=timezone.localdate() - timedelta(days=1))
    assert press(client, row, "expire") == ReturnStatus.EXPIRED
    assert press(client, row, "cancel") == ReturnStatus.EXPIRED
    row = ask(sent_order(1))
    assert press(client, row, "cancel") == ReturnStatus.CANCELLED
    assert OrderLine.objects.get(pk=row.lines.get().order_line_id).in_returns == 0
    assert press(client, row, "explode") == ReturnStatus.CANCELLED


def test_an_address_is_given_by_hand_where_nobody_knows_one(client, agent):
    row = ask(sent_order(1))
    row.supplier_order.supplier.delivery_profile.__class__.objects.update(return_address="")
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.ACCEPTED
    path = f"/desk/returns/{row.pk}/label/"
    assert path in client.get(f"/desk/returns/{row.pk}/").content.decode()
    bad = {"return_to": "", "label_url": "javascript:alert(1)", "return_by": "soon", "instructions": "Keep this."}
    answer = client.post(path, bad)
    assert answer.status_code == 422
    assert "Keep this." in answer.content.decode()
    assert client.post(path, {"return_to": "5 Pier, Galway", "carrier_name": "An Post"}).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.return_to, row.carrier_name) == (ReturnStatus.READY, "5 Pier, Galway", "An Post")
    assert row.return_by > timezone.localdate()


def test_an_objection_lets_somebody_decide_anew_and_its_units_count_again(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(2), reason="changed_mind")
    decide(row, Verdict("decline"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert row.status == ReturnStatus.DECLINED
    assert press(client, row, "anew") == ReturnStatus.REVIEW
    line = OrderLine.objects.get()
    assert line.in_returns == 2
    decide(row, Verdict("decline"), form_key=uuid.uuid4(), by=agent)
    line.refresh_from_db()
    assert line.in_returns == 0


def test_goods_that_come_after_their_time_and_are_in_another_return_are_told_to_colleagues(client, agent):
    row = accepted(1, agent=agent)
    assert expire(put(row, return_by=timezone.localdate() - timedelta(days=1)), by=agent)
    ask(row.order)
    note(client, row)
    row.refresh_from_db()
    assert row.status == ReturnStatus.EXPIRED
    assert OrderLine.objects.get().in_returns == 1
    internal = "\n".join(row.ticket.messages.filter(thread="internal").values_list("body", flat=True))
    assert "another return is about the same goods" in internal


@pytest.mark.parametrize(("role", "status"), [("Store staff", 200), ("Pharmacists", 403), ("", 403)])
def test_who_may_note_what_came(client, agent, role, status):
    row = accepted(1, agent=agent)
    client.force_login(make_staff() if role == "Store staff" else make_person(role=role))
    assert client.get(f"/desk/returns/{row.pk}/receive/").status_code == status
    if status == 403:
        assert note(client, row).status_code == 403
        assert press(client, row, "cancel") == ReturnStatus.READY
