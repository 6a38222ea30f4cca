"""The tests' own tables: made once by all migrations, copied, and emptied after each test that commits."""

from __future__ import annotations

import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db.models.signals import post_migrate

from orders.models import Order, Paper
from shop.models import Market, Region, TaxRate
from tests import tables
from tests.emptying import FILLED_BY_MIGRATE, empty_tables
from tests.factories import make_paid_order, make_supplier, make_variant


def ours_after_migrate() -> set:
    """Return what this project has to run after each migrate."""
    found = {receiver for app in apps.get_app_configs() for receiver in post_migrate._live_receivers(app)[0]}
    return {receiver for receiver in found if (tables.ROOT / receiver.__module__.split(".")[0]).is_dir()}


def test_whatever_runs_after_migrate_is_known_to_what_makes_and_what_empties_the_tables():
    files = {Path(sys.modules[receiver.__module__].__file__) for receiver in ours_after_migrate()}
    assert files <= {file for pattern in tables.SOURCES for file in tables.ROOT.glob(pattern)}
    assert ours_after_migrate() == set(FILLED_BY_MIGRATE)


@pytest.fixture
def workshop(tmp_path, monkeypatch):
    """A project with one migration, which takes no time and is counted."""
    migrations = tmp_path / "project" / "shop" / "migrations"
    migrations.mkdir(parents=True)
    made = []

    def migrate(url: str) -> None:
        made.append(url)
        with sqlite3.connect(url.removeprefix("sqlite:///")) as file:
            file.execute("CREATE TABLE shelf (id INTEGER)")

    monkeypatch.setattr(tables, "ROOT", tmp_path / "project")
    monkeypatch.setattr(tables, "FOLDER", tmp_path / "kept")
    monkeypatch.setattr(tables, "migrate", migrate)
    return migrations, made


def names_in(file: Path) -> list[str]:
    with sqlite3.connect(file) as copy:
        return [name for (name,) in copy.execute("SELECT name FROM sqlite_master")]


def test_whoever_comes_at_once_waits_and_the_tables_are_made_once(workshop, tmp_path):
    _migrations, made = workshop
    copies = [tmp_path / f"copy-{number}.sqlite3" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(tables.copy_to_file, copies))
    assert len(made) == 1
    assert [names_in(copy) for copy in copies] == [["shelf"]] * 8


def test_another_migration_makes_other_tables_and_the_oldest_go(workshop, tmp_path):
    migrations, made = workshop
    for number in range(tables.KEPT + 2):
        (migrations / f"000{number}.py").write_text("")
        tables.copy_to_file(tmp_path / "copy.sqlite3")
        tables.copy_to_file(tmp_path / "copy.sqlite3")
        assert len(made) == number + 1
    assert len(list(tables.FOLDER.glob("tables-*.sqlite3"))) == tables.KEPT


def test_what_a_copy_replaces_leaves_nothing_behind(workshop, tmp_path):
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"copy.sqlite3{ending}").write_text("of a test that was killed")
    tables.copy_to_file(tmp_path / "copy.sqlite3")
    assert names_in(tmp_path / "copy.sqlite3") == ["shelf"]
    assert not (tmp_path / "copy.sqlite3-wal").exists()


def filled_by_migrate() -> dict[str, list]:
    """Return what nobody ever finds empty."""
    return {
        "regions": sorted(Region.objects.values_list("code")),
        "rates": sorted(TaxRate.objects.values_list("country", "tax_class", "basis_points")),
        "markets": sorted(Market.objects.values_list("name", "countries__country")),
        "rights": sorted(Group.objects.values_list("name", "permissions__codename")),
    }


@pytest.mark.django_db(transaction=True)
def test_emptied_tables_are_as_migrate_leaves_them(relay):
    before = filled_by_migrate()
    make_paid_order((make_variant(make_supplier()), 1))
    relay.run_until_idle()
    assert Order.objects.exists()
    assert Paper.objects.exists()
    TaxRate.objects.all().delete()

    empty_tables()

    assert all(before.values())
    assert filled_by_migrate() == before
    left = {model for model in apps.get_models() if model.objects.exists()}
    never_empty = {"Group", "Market", "MarketCountry", "NightlyAudit", "RefundCap", "Region", "TaxRate"}
    never_empty |= {"HelpArticle", "HelpText", "Macro", "MacroText", "ServiceLevel", "SupportHours", "Tag"}
    assert {model.__name__ for model in left} == never_empty | {"ContentType", "Permission"}
