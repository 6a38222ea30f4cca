"""The signals of this app's events; see ``orders.signals``."""

from __future__ import annotations

from orders.signals import EventSignal

supplier_order_ready = EventSignal("supplier_order.ready")
supplier_order_placed = EventSignal("supplier_order.placed")
supplier_order_refused = EventSignal("supplier_order.refused")
supplier_order_unknown = EventSignal("supplier_order.unknown")
supplier_lines_confirmed = EventSignal("supplier_lines.confirmed")
supplier_lines_rejected = EventSignal("supplier_lines.rejected")
supplier_return_updated = EventSignal("supplier_return.updated")
supplier_return_put = EventSignal("supplier_return.put")  # asked of people, or asked again; to be written by mail
supplier_return_kept = EventSignal("supplier_return.kept")  # its supplier does not withdraw it any more
supplier_chase_asked = EventSignal("supplier_chase.asked")
