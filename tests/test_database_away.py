"""The database goes away in the middle of a request: the customer is told to come back, and sees no error page."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError, connection

from shop.models import AccessLog, User
from tests.desk import make_agent, make_case
from tests.factories import make_supplier, make_variant

pytestmark = pytest.mark.django_db


def is_told_to_come_back(answer) -> bool:
    text = answer.content.decode()
    return (answer.status_code, answer["Retry-After"]) == (503, "30") and text.startswith("The shop is resting")


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_it_is_away_when_the_page_is_made(client, monkeypatch, error):
    def away(*_args, **_kwargs):
        raise error("the connection is closed")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        answer = client.get("/search/?q=lamp")

    assert is_told_to_come_back(answer)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_it_goes_away_when_the_session_is_written_after_the_page(client, monkeypatch, error):
    def away(*_args, **_kwargs):
        raise error("the connection is closed")

    variant = make_variant(make_supplier())
    with monkeypatch.context() as patch:
        patch.setattr(SessionStore, "save", away)
        answer = client.post("/basket/add/", {"variant": variant.sku, "quantity": "1"})

    assert is_told_to_come_back(answer)


def test_it_goes_away_while_a_session_that_is_known_is_written_again(client, monkeypatch):
    def away(*_args, **_kwargs):
        raise OperationalError("the connection is closed")

    client.post("/country/", {"country": "DE"})
    with monkeypatch.context() as patch:
        patch.setattr(Session, "save", away)
        answer = client.post("/country/", {"country": "FR"})

    assert is_told_to_come_back(answer)


def test_a_session_that_somebody_ended_meanwhile_is_no_fault_of_the_database(client, monkeypatch):
    client.post("/country/", {"country": "DE"})
    save = Session.save

    def ended(self, *args, **kwargs):
        Session.objects.all().delete()
        return save(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(Session, "save", ended)
        answer = client.post("/country/", {"country": "FR"})

    assert answer.status_code == 400


@pytest.mark.parametrize(("owner", "asks"), [(User, "from_db"), (AccessLog.objects, "bulk_create")])
def test_it_goes_away_around_the_page_where_only_middleware_asks_it(client, monkeypatch, settings, owner, asks):
    """One asks before the view who it is, the other notes after it who saw what."""

    def away(*_args, **_kwargs):
        raise OperationalError("the connection is closed")

    agent = make_agent()
    Authenticator.objects.create(user=agent, type=Authenticator.Type.TOTP, data={})
    client.force_login(agent)
    address = f"/desk/tickets/{make_case().pk}/"
    assert client.get(address).status_code == 200

    # As a server answers: the test client would raise what a page says, and DEBUG shows a page of its own.
    settings.DEBUG = False
    client.raise_request_exception = False
    with monkeypatch.context() as patch:
        patch.setattr(owner, asks, away)
        answer = client.get(address)

    assert is_told_to_come_back(answer)
