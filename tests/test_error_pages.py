"""When something is wrong: what, what to do, and nothing that was typed is lost."""

from __future__ import annotations

import logging
import re

import pytest
from django.test import Client

from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def as_in_production(settings):
    settings.DEBUG = False


def leads_on(page: str) -> bool:
    return all(words in page for words in ('action="/search/"', 'href="/support/"', 'href="/orders/find/"'))


@pytest.mark.parametrize("path", ["/nope/", "/orders/wrong/", "/p/nothing/", "/support/tickets/x/"])
def test_what_is_not_there_leads_on(client, path):
    answer = client.get(path)
    assert answer.status_code == 404
    assert leads_on(answer.content.decode())


def test_what_is_not_for_this_account_leads_on(client):
    client.force_login(make_person())
    answer = client.get("/desk/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert leads_on(page)
    assert "You are signed in as" in page


def test_a_failed_page_has_a_number_that_stands_in_the_log_with_the_traceback(caplog, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("planted")

    monkeypatch.setattr("orders.views.pages.ask_for_link", broken)
    with caplog.at_level(logging.ERROR):
        data = {"number": "LF-1", "email": "a@example.com"}
        answer = Client(raise_request_exception=False).post("/orders/find/", data)
    page = answer.content.decode()
    assert answer.status_code == 500
    assert leads_on(page)
    assert "planted" not in page
    number = re.search(r"<code>(\w+)</code>", page).group(1)
    (record,) = [record for record in caplog.records if number in record.getMessage()]
    assert "orders:find" in record.getMessage()
    assert str(record.exc_info[1]) == "planted"


def refused(path: str, data: dict[str, str], **headers: str):
    return Client(enforce_csrf_checks=True).post(path, data, headers=headers)


def test_a_form_that_was_open_too_long_keeps_what_was_typed():
    data = {"email": "a@example.com", "message": "A long story\nof two lines.", "form_key": "f" * 8}
    answer = refused("/support/", data, origin="http://testserver", referer="http://testserver/support/?topic=other")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert leads_on(page)
    assert "A long story\nof two lines.</textarea>" in page
    assert 'value="a@example.com"' in page
    assert "ffffffff" not in page
    assert 'href="/support/"' in page


def test_passwords_and_codes_are_never_shown_again():
    data = {"login": "a@example.com", "password": "secret phrase", "code": "123-ABC"}
    page = refused("/account/login/", data, origin="http://testserver").content.decode()
    assert "secret phrase" not in page
    assert "123-ABC" not in page


def test_what_another_site_sends_is_not_shown_as_the_visitors_words():
    page = refused("/support/", {"message": "Planted words"}, origin="https://evil.example").content.decode()
    assert "Planted words" not in page
    assert "evil.example" not in page


def test_what_was_typed_is_text_and_never_markup():
    page = refused("/support/", {"message": "<script>x</script>"}, origin="http://testserver").content.decode()
    assert "<script>x" not in page
