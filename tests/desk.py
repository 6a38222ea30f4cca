"""Cases and agents for tests of the desk."""

from __future__ import annotations

import re
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from orders.models import Order
from shop.models import User
from support.actions.ticket import open_ticket
from support.models import AgentProfile, Shift, Ticket, Topic
from tests.factories import make_person


def make_agent(name: str = "Ada Agent", **settings: Any) -> User:
    """Make an agent, with settings of their own if any are given."""
    made = make_person(role="Support agents", name=name)
    if settings:
        AgentProfile.objects.create(user=made, **settings)
    return made


def make_case(subject: str = "Where is it?", *, order: Order | None = None, **fields: Any) -> Ticket:
    """Open a case as a customer does; further fields are written past every machine."""
    topic = fields.pop("topic", Topic.QUESTION)
    facts = {"email": fields.pop("email", "alex@example.com"), "name": fields.pop("name", "Alex Byrne")}
    body = fields.pop("body", "It has not come.")
    made = open_ticket(order=order, topic=topic, subject=subject, body=body, form_key=uuid.uuid4(), **facts)
    if fields:
        Ticket.objects.filter(pk=made.pk).update(**fields)
        made.refresh_from_db()
    return made


def due_in(hours: float) -> datetime:
    """Return a time so many hours from now."""
    return timezone.now() + timedelta(hours=hours)


def put_on_duty(user: User, *, hours: float = 8, is_lead: bool = False) -> Shift:
    """Let somebody be on duty since an hour ago."""
    return Shift.objects.create(user=user, starts_at=due_in(-1), ends_at=due_in(hours), is_lead=is_lead)


def page_of(client: Any, path: str, **query: str) -> str:
    """Return a page that must be there."""
    answer = client.get(path, query)
    assert answer.status_code == 200, answer.status_code
    return answer.content.decode()


def rows_of(page: str) -> list[str]:
    """Return the numbers of the cases in a list, in its order."""
    return re.findall(r'class="inbox-meta">(T-\d+-\d+)', page)
