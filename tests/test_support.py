"""Cases: one per problem, answered by mail and page, solved with money or with the supplier."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from orders.models import OrderLine, Refund
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierOrderLine, SupplierReturn
from support.actions.ticket import answer_due, open_ticket
from support.models import Attachment, Choice, Ticket, Topic
from support.returning.asking import NotOffered, Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.words import photo_links
from support.uploads import Photo
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.paying_back import preview

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    made = make_paid_order((make_variant(make_supplier()), 2))
    forward_order(made)
    SupplierOrderLine.objects.update(pending=0, accepted=2, shipped=2, delivered=2)
    OrderLine.objects.update(shipped=2, delivered=2)
    return made


@pytest.fixture
def agent():
    return make_person("ada@example.com", role="Support agents", name="Ada Agent")


def photo() -> SimpleUploadedFile:
    out = BytesIO()
    image = Image.new("RGB", (300, 200), "salmon")
    exif = Image.Exif()
    exif[0x010E] = "SECRET PLACE"
    image.save(out, "JPEG", exif=exif)
    return SimpleUploadedFile("crack.jpg", out.getvalue(), "image/jpeg")


def report(client, order, **changes) -> Ticket:
    data = {
        "lines": str(order.lines.get().pk),
        "topic": "defective",
        "message": "It has a crack.",
        "photos": photo(),
    } | changes
    answer = client.post(f"/orders/{order.token}/help/", data)
    assert answer.status_code == 302, answer.content.decode()
    return Ticket.objects.latest("pk")


def test_a_problem_becomes_a_case_with_its_photo_and_a_mail(client, order, relay, mailbox):
    ticket = report(client, order)
    assert ticket.lines.get().quantity == 2
    file = Attachment.objects.get()
    assert b"SECRET PLACE" not in file.file.read()
    file.file.close()
    answer = client.get(f"/support/files/{file.token}/")
    assert answer["Content-Type"] == "image/jpeg"
    assert "sandbox" in answer["Content-Security-Policy"]
    relay.run_until_idle()
    assert [message for message in mailbox() if ticket.number in message["Subject"]]
    assert ticket.subject in client.get(order.get_absolute_url()).content.decode()


def test_an_answer_reaches_the_customer_once_and_theirs_opens_the_case_again(client, order, agent, relay, mailbox):
    ticket = report(client, order)
    client.force_login(agent)
    key = str(uuid.uuid4())
    for _time in range(2):
        client.post(f"/desk/tickets/{ticket.pk}/reply/", {"message": "Sorry about that.", "form_key": key})
    relay.run_until_idle()
    ticket.refresh_from_db()
    assert (ticket.status, ticket.owner) == ("waiting_customer", agent)
    answers = [message for message in mailbox() if message["Subject"].strip().startswith("Answer to your case")]
    assert len(answers) == 1
    assert "Sorry about that." in answers[0].get_body(("plain",)).get_content()

    client.logout()
    page = client.get(ticket.get_absolute_url()).content.decode()
    assert "Ada" in page
    assert "ada@example.com" not in page
    client.post(ticket.get_absolute_url(), {"message": "Thank you, but it broke."})
    ticket.refresh_from_db()
    assert ticket.status == "open"


def test_a_line_is_refunded_in_part_and_never_beyond_what_was_paid(client, order, agent):
    ticket = report(client, order)
    client.force_login(agent)
    url = f"/desk/tickets/{ticket.pk}/lines/{order.lines.get().pk}/refund/"
    pk = order.lines.get().pk
    page = client.get(url).content.decode()
    assert "€28.90 of €28.90 and 2 units left to pay back" in page
    for amount in ("25.01", "0", "-1", "x", "1.234"):
        answer = client.post(url, {f"units_{pk}": "1", f"money_{pk}": amount, "reason": "defective"})
        assert answer.status_code == 422, amount
        assert f'value="{amount}"' in answer.content.decode()
    confirmed = preview(client, url, {f"units_{pk}": "1", f"money_{pk}": "12,50", "reason": "defective"})
    for _time in range(2):
        assert client.post(url, confirmed).status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount_minor, refund.requested_by) == (1250, agent)
    assert "€16.40 of €28.90 and 1 unit left to pay back" in client.get(url).content.decode()
    client.logout()
    assert "€12.50" in client.get(ticket.get_absolute_url()).content.decode()


def test_a_line_of_another_order_cannot_be_reached_through_a_case(client, order, agent):
    ticket = report(client, order)
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    client.force_login(agent)
    for action in ("refund", "return"):
        url = f"/desk/tickets/{ticket.pk}/lines/{other.lines.get().pk}/{action}/"
        assert client.get(url).status_code == 404
        assert client.post(url, {"reason": "goodwill"}).status_code == 404
    assert Refund.objects.count() == 0


def test_a_return_is_asked_from_the_supplier_with_signed_photo_links(client, order):
    pictures = [Photo("crack.jpg", photo().read(), "image/jpeg")]
    wanted, key = Wanted({order.lines.get().pk: 1}, "defective", photos=pictures), uuid.uuid4()
    for _time in range(2):
        (back,) = ask_return(order, wanted, form_key=key)
    boss = make_person(is_superuser=True)
    for _time in range(2):
        decide(back, Verdict(Choice.REFUND_AFTER, goods_back=True), form_key=key, by=boss)
    row = SupplierReturn.objects.get()
    asked = row.request["lines"][0]
    assert (asked["reason_code"], asked["quantity"], row.return_reference) == ("defective", 1, back.number)
    (link,) = asked["photo_urls"]
    path = link.removeprefix("http://testserver")
    assert client.get(path).status_code == 200
    assert client.get(path[:-3] + "xx/").status_code == 404
    assert len(photo_links(back)) == 1
    SupplierReturn.objects.update(status="resolved")
    assert client.get(path).status_code == 404


def test_more_than_was_sent_cannot_go_back(order):
    with pytest.raises(NotOffered):
        ask_return(order, Wanted({order.lines.get().pk: 3}, "defective"), form_key=uuid.uuid4())


def test_the_inbox_finds_cases_by_what_agents_know(client, order, agent):
    ticket = report(client, order)
    client.force_login(agent)
    for query in (ticket.number, order.number, "alex@example.com", "Alex"):
        assert ticket.number in client.get("/desk/search/", {"q": query}).content.decode(), query
    assert ticket.number not in client.get("/desk/search/", {"q": "nobody"}).content.decode()
    client.post(f"/desk/tickets/{ticket.pk}/close/")
    assert ticket.number not in client.get("/desk/").content.decode()
    assert ticket.number in client.get("/desk/?state=solved").content.decode()


def test_we_answer_on_working_days():
    friday = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
    assert timezone.localtime(answer_due(friday)).strftime("%a %H:%M") == "Mon 16:30"


def test_a_robot_that_fills_the_hidden_field_leaves_nothing_behind(client):
    answer = client.post("/support/", {"email": "a@example.com", "message": "Buy!", "website": "x"})
    assert answer.status_code == 200
    assert Ticket.objects.count() == 0


def test_a_question_about_a_strangers_order_does_not_show_it(client, order):
    client.post("/support/", {"email": "thief@example.com", "message": "Where is it?", "number": order.number})
    assert Ticket.objects.get().order is None


def test_who_writes_too_often_has_to_wait(client):
    for number in range(20):
        assert client.post("/support/", {"email": "a@example.com", "message": f"{number}"}).status_code == 302
    answer = client.post("/support/", {"email": "a@example.com", "message": "again"})
    assert "Too many messages" in answer.content.decode()


def test_a_case_without_an_order_works_at_the_desk(client, agent):
    ticket = open_ticket(
        order=None, email="a@example.com", name="", topic=Topic.QUESTION, subject="?", body="?", form_key=uuid.uuid4()
    )
    client.force_login(agent)
    assert client.get(f"/desk/tickets/{ticket.pk}/").status_code == 200
    assert ticket.answer_due_at > timezone.now()
