"""What a supplier's people send from a page that is not the newest, and links that nobody is to be shown."""

from __future__ import annotations

import re
import uuid

import pytest

from suppliers.actions.track import take_return_copy
from suppliers.models import Supplier, SupplierReturn
from support.models import Choice, Return
from support.return_links import return_path
from support.returning.decide import Verdict, decide
from tests.factories import make_person, make_supplier
from tests.returning import ask, sent_order

pytestmark = pytest.mark.django_db
BEFORE = "That was answered before"


@pytest.fixture
def agent():
    return make_person("agent", is_superuser=True)


@pytest.fixture
def row(agent, relay) -> Return:
    """Two units that a supplier was asked for by mail."""
    supplier = make_supplier()
    Supplier.objects.update(contact_email="returns@harbour.example", capabilities=[])
    made = ask(sent_order(2, supplier=supplier))
    decide(made, Verdict(Choice.REFUND_AFTER, goods_back=True), form_key=uuid.uuid4(), by=agent)
    relay.run_until_idle()
    made.refresh_from_db()
    return made


def open_form(client, path: str) -> dict[str, str]:
    """Return the hidden fields of a supplier's page as it stands."""
    return dict(re.findall(r'type="hidden" name="(about|form_key)" value="([^"]*)"', client.get(path).content.decode()))


def agreed(**more: str) -> dict[str, str]:
    return {"take-0": "2", "goods_back": "yes", "return_to": "1 Quay\nCork"} | more


def test_a_second_press_is_told_that_it_was_answered(client, row):
    path = return_path(row.supplier_return)
    sent = open_form(client, path) | agreed()
    first, second = client.post(path, sent), client.post(path, sent, follow=True)
    assert (first.status_code, second.status_code) == (302, 200)
    assert BEFORE in second.content.decode()
    assert SupplierReturn.objects.get().status == "approved"


def test_counts_on_a_stale_page_are_not_dropped_in_silence(client, agent, row):
    path = return_path(row.supplier_return)
    client.post(path, open_form(client, path) | agreed())
    counts = {"came-0": "2", "not-0": "1", "why-0": "worn", "gives": "credit", "amount": "3"}
    stale = open_form(client, path) | counts
    client.force_login(agent)
    desk = f"/desk/returns/{row.pk}/supplier/"
    noted = open_form(client, desk) | {"came-0": "2", "not-0": "0", "gives": "later"}
    assert client.post(desk, noted).status_code == 302
    known = SupplierReturn.objects.get()
    assert known.status == "received"
    client.logout()

    answer = client.post(path, stale, follow=True)

    assert BEFORE in answer.content.decode()
    assert "Thank you, your answer is with us." not in answer.content.decode().split("<main", 1)[-1].split("<h1", 1)[0]
    now = SupplierReturn.objects.get()
    assert (now.status, now.version) == ("received", known.version)
    # What an agent notes from an older page is no answer, either.
    client.force_login(agent)
    assert BEFORE in client.post(desk, noted, follow=True).content.decode()


def test_the_next_question_of_a_page_is_answered_as_ever(client, row):
    path = return_path(row.supplier_return)
    client.post(path, open_form(client, path) | agreed())
    counts = {"came-0": "2", "not-0": "0", "gives": "later"}
    assert client.post(path, open_form(client, path) | counts).status_code == 302
    wrong = client.post(path, open_form(client, path) | {"gives": "credit", "amount": "much"})
    assert wrong.status_code == 422
    again = dict(re.findall(r'name="(about)" value="([^"]*)"', wrong.content.decode()))
    assert client.post(path, again | {"gives": "credit", "amount": "3"}).status_code == 302
    assert SupplierReturn.objects.get().status == "resolved"


@pytest.mark.parametrize("link", ["http://labels.example/1.pdf", "javascript:alert(1)"])
def test_a_label_that_may_not_be_shown_is_none(client, row, relay, link):
    (part,) = row.supplier_return.request["lines"]
    copy = {
        "return_reference": row.number, "version": 9, "status": "approved", "goods_back_required": True,
        "lines": [part | {"quantity_approved": 2}], "label": {"url": link}, "return_to": {"line1": "1 Quay"},
    }  # fmt: skip
    take_return_copy(Supplier.objects.get(), copy)
    relay.run_until_idle()
    row.refresh_from_db()
    assert (row.status, row.label_url) == ("ready", "")
    page = client.get(row.get_absolute_url()).content.decode()
    assert link not in page
    assert "Open the label" not in page


@pytest.mark.parametrize("link", ["http://labels.example/1.pdf", "ftp://labels.example/1.pdf"])
def test_people_are_asked_for_a_safe_link(client, row, link):
    path = return_path(row.supplier_return)
    answer = client.post(path, open_form(client, path) | agreed(label_url=link))
    assert answer.status_code == 422
    assert "A link begins with https://." in answer.content.decode()
