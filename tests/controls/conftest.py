"""Threads for the controls that need some."""

from __future__ import annotations

import pytest

from tests.races.crowd import Crowd


@pytest.fixture
def crowd():
    made = Crowd()
    yield made
    made.leave()
