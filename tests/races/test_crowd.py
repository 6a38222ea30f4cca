"""What takes protections away puts them back: a twin must not leave the next race without its wall."""

from __future__ import annotations

import pytest
from django.db import connection, models

from notifications.models import Notification
from orders.models import IncomingEvent, Payment
from tests.races.crowd import without_wall

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def walls_of(model: type[models.Model]) -> list[list[str]]:
    """Return the columns of each unique constraint or index that the database has for a model."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table).values()
    return sorted(one["columns"] for one in found if one["unique"] and not one["primary_key"])


@pytest.mark.parametrize(
    ("model", "names", "columns"),
    [
        (Notification, ["key", "message_id"], [["key"], ["message_id"]]),
        (Payment, ["stripe_id"], [["stripe_id"]]),
        (IncomingEvent, ["incoming_event_once"], [["source", "event_id"]]),
    ],
    ids=["two fields", "one field", "a constraint"],
)
def test_a_wall_is_gone_while_it_is_taken_away_and_stands_again_afterwards(transactional_db, model, names, columns):
    complete = walls_of(model)
    assert [one for one in complete if one in columns] == columns

    # Twice, for the first time may leave behind what the second one stumbles over.
    for _time in range(2):
        with without_wall(model, *names):
            assert walls_of(model) == [one for one in complete if one not in columns]
        assert walls_of(model) == complete
