"""Record what happened: timeline and outbox in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from django.apps import apps
from django.db import models

if TYPE_CHECKING:
    from orders.models import Event, Order
    from shop.models import User


def record(kind: str, subject: models.Model, *, by: User | None, **facts: object) -> Event:
    """Write down that ``kind`` (``subject.past_participle``) happened to ``subject``.

    Call it inside the transaction of the change itself: both stand or fall together. The
    relay delivers the event later (see ``config/reactions.py``). ``facts`` must be plain JSON
    values, and no secrets: staff read them in the timeline. ``by`` is who did it; None means
    the system. The subject is an order, or has one as ``.order`` (which may be None).
    """
    # By name: the models import the states, and the states import this module.
    return apps.get_model("orders", "Event").objects.create(
        kind=kind,
        order_id=order_id_of(subject),
        subject_key=key_of(subject),
        facts=facts,
        by=by,
    )


def record_together(
    kind: str, subjects: Sequence[models.Model], facts: Sequence[Mapping[str, object]] | None = None
) -> None:
    """Write down that the same happened to several subjects, by the system; see ``record``.

    ``facts`` are those of each subject, in their order; None: there are none.
    """
    model = apps.get_model("orders", "Event")
    model.objects.bulk_create(
        model(kind=kind, order_id=order_id_of(subject), subject_key=key_of(subject), facts=told)
        for subject, told in zip(subjects, facts or [{}] * len(subjects), strict=True)
    )


def key_of(subject: models.Model) -> str:
    """Return the text that names a row in events and notifications: ``"order:12"``."""
    return f"{subject._meta.model_name}:{subject.pk}"


def order_id_of(subject: models.Model) -> int | None:
    """Return the id of the order a row belongs to, without reading that order where the row has its id."""
    if subject._meta.label != "orders.Order" and hasattr(subject, "order_id"):
        return subject.order_id
    order = order_of(subject)
    return order.pk if order else None


def order_of(subject: models.Model) -> Order | None:
    """Return the order a row belongs to: itself, its ``order``, or None."""
    if subject._meta.label == "orders.Order":
        return subject  # type: ignore[return-value]
    return getattr(subject, "order", None)
