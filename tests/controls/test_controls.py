"""Switch off one protection at a time: the scene it stands for must turn red, by its own assertion."""

from __future__ import annotations

import inspect
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import pytest
from django.conf import settings

from tests.controls.table import CONTROLS, as_markdown

PROOF = Path(__file__).resolve().parents[2] / "docs" / "proof.md"
HAS_ROW_LOCKS = "postgresql" in settings.DATABASES["default"]["ENGINE"]
CASES = [
    pytest.param(one, id=one.id, marks=pytest.mark.django_db(transaction=one.threads))
    for one in CONTROLS
    if HAS_ROW_LOCKS or not one.postgres_only
]


def played(function, request):
    """Call a scene or a switch with the fixtures that its parameters name."""
    return function(**{name: request.getfixturevalue(name) for name in inspect.signature(function).parameters})


@pytest.mark.parametrize("control", CASES)
def test_with_its_protection_a_scene_ends_well(control, request):
    played(control.scene, request)


@pytest.mark.parametrize("control", CASES)
def test_without_its_protection_it_ends_in_the_damage_it_names(control, request):
    off = played(control.off, request)
    is_off = off if isinstance(off, AbstractContextManager) else nullcontext()
    # Any other error than the scene's own assertion is a fault of the control.
    with is_off, pytest.raises(AssertionError, match=control.red):
        played(control.scene, request)


def test_the_document_tells_the_table_as_it_is():
    assert as_markdown() in PROOF.read_text(), "run scripts/proof.py"


def test_every_control_says_what_it_is_about():
    assert len({control.name for control in CONTROLS}) == len(CONTROLS) >= 12
    for control in CONTROLS:
        assert control.off.__doc__
        assert control.scene.__doc__
