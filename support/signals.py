"""The signals of this app's events; see ``orders.signals``."""

from __future__ import annotations

from orders.signals import EventSignal

ticket_opened = EventSignal("ticket.opened")
ticket_answered = EventSignal("ticket.answered")  # by an agent, to the customer
ticket_replied = EventSignal("ticket.replied")  # by the customer
ticket_solved = EventSignal("ticket.solved")
