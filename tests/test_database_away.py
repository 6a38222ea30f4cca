"""The database goes away in the middle of a request: the customer is told to come back, and sees no error page."""

from __future__ import annotations

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import InterfaceError, OperationalError, connection

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
