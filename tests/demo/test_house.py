"""The house of the demo starts whatever secrets it draws."""

from __future__ import annotations

import demo.house
from demo.house import House
from demo.shops import DemoShop
from tests.demo.supplier_process import PROFILES


def test_a_secret_that_begins_with_a_dash_is_no_option(monkeypatch, tmp_path):
    # One drawn secret in sixty-four does, and is kept: the shop would not have started, then or ever after.
    monkeypatch.setattr(demo.house, "VAR", tmp_path)
    monkeypatch.setattr(demo.house.secrets, "token_urlsafe", lambda size: "-" * size)
    suppliers = tuple(sorted(file.stem for file in PROFILES.glob("*.json")))[:2]

    commands = House(8999, DemoShop("A shop", suppliers, "", folder=tmp_path)).commands()

    drawn = [word for words in commands.values() for word in words if word.endswith("----")]
    assert len(drawn) == 5
    assert all(word.startswith("--") and "=" in word for word in drawn)
