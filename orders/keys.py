"""The key of a form, which tells a second click from a second wish, belongs to what the form is about."""

from __future__ import annotations

from uuid import UUID, uuid5

from django.db import models

from orders.events import key_of


def bound_key(form_key: UUID, *owners: models.Model | str) -> UUID:
    """Return the key of a form as that of one order, case or person: sent for another, it is another request.

    Browsers send the key, so nobody can say that two forms never bring the same: a page may be copied, or a key be
    another's on purpose. What stands under it is then neither shown to nor taken for what somebody else asks.
    """
    return uuid5(form_key, " ".join(one if isinstance(one, str) else key_of(one) for one in owners))
