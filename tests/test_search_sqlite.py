"""SQLite's index of words is kept by triggers, which a rebuilt table takes with it; PostgreSQL's is a column."""

from __future__ import annotations

import pytest
from django.db import connection

from shop.models import Listing
from shop.search.index import keep_index
from tests.factories import make_supplier
from tests.shelf import names_on, page_of, put


@pytest.mark.django_db
def test_triggers_lost_with_a_rebuilt_table_come_back_after_the_next_migrate(client):
    put(make_supplier(), "Day rucksack", brand="Cragside", path=("Outdoors", "Carrying"))
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER listing_words_changed")
    Listing.objects.update(name_words="zeppelin")
    assert names_on(page_of(client, "/search/?q=zeppelin")) == []
    keep_index(sender=None)
    assert names_on(page_of(client, "/search/?q=zeppelin")) == ["Day rucksack"]
