"""The signals of this app's events; see ``orders.signals``."""

from __future__ import annotations

from orders.signals import EventSignal

ticket_opened = EventSignal("ticket.opened")
ticket_answered = EventSignal("ticket.answered")  # by an agent, to the customer
ticket_replied = EventSignal("ticket.replied")  # by the customer
ticket_solved = EventSignal("ticket.solved")
supplier_question_put = EventSignal("supplier_question.put")  # asked, or asked again; to be written by mail
supplier_question_answered = EventSignal("supplier_question.answered")
supplier_question_overdue = EventSignal("supplier_question.overdue")
order_withdrawn = EventSignal("order.withdrawn")  # from the contract, by the customer
return_requested = EventSignal("return.requested")
return_accepted = EventSignal("return.accepted")
return_ready = EventSignal("return.ready")
return_label = EventSignal("return.label")  # the supplier's label came after the customer was told where to send it
return_ending = EventSignal("return.ending")  # the last day to hand it in comes near
return_in_transit = EventSignal("return.in_transit")
return_scanned = EventSignal("return.scanned")  # the customer's word came first; now it brings the money
return_received = EventSignal("return.received")
return_resolved = EventSignal("return.resolved")
return_declined = EventSignal("return.declined")
return_cancelled = EventSignal("return.cancelled")
return_expired = EventSignal("return.expired")
return_review = EventSignal("return.review")
replacement_sent = EventSignal("replacement.sent")
replacement_delivered = EventSignal("replacement.delivered")
replacement_failed = EventSignal("replacement.failed")
replacement_paid_back = EventSignal("replacement.paid_back")  # units of it that nobody can send
