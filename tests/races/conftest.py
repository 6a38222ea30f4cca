"""What every race needs."""

from __future__ import annotations

import pytest

from tests.races.crowd import Crowd


@pytest.fixture
def crowd(transactional_db):
    """Return threads that begin at once; their connections end before the test's rows do."""
    made = Crowd()
    yield made
    made.leave()
