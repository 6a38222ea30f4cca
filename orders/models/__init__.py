"""The customer's order, the money, the parcels, and what happened to them."""

from orders.models.approval import Approval
from orders.models.cancellation import Cancellation, CancellationLine
from orders.models.defence import CardCircuit, CardDecline, Meter, PayAttempt
from orders.models.delay import ArrivalNotice, Delay, DelayPart
from orders.models.delivery import OrderDelivery
from orders.models.discount import CodeGuess, DiscountCode, DiscountTally, DiscountUse
from orders.models.dispute import Dispute
from orders.models.event import Event, IncomingEvent, Reaction, RelayBeat
from orders.models.hold import Hold
from orders.models.line_review import LineReview
from orders.models.order import Order, OrderLine, Reservation
from orders.models.paper import Paper, PaperCounter, PaperKind
from orders.models.parcel import Estimate, ParcelNumber, Shipment, ShipmentLine, TrackingEvent
from orders.models.payment import Authorisation, CheckoutSession, Payment, ProviderCustomer, Refund, RefundLine
from orders.models.refund_request import RefundCap, RefundRequest
from orders.models.work import WorkItem

__all__ = [
    "Approval",
    "ArrivalNotice",
    "Authorisation",
    "Cancellation",
    "CancellationLine",
    "CardCircuit",
    "CardDecline",
    "CheckoutSession",
    "CodeGuess",
    "Delay",
    "DelayPart",
    "DiscountCode",
    "DiscountTally",
    "DiscountUse",
    "Dispute",
    "Estimate",
    "Event",
    "Hold",
    "IncomingEvent",
    "LineReview",
    "Meter",
    "Order",
    "OrderDelivery",
    "OrderLine",
    "Paper",
    "PaperCounter",
    "PaperKind",
    "ParcelNumber",
    "PayAttempt",
    "Payment",
    "ProviderCustomer",
    "Reaction",
    "Refund",
    "RefundCap",
    "RefundLine",
    "RefundRequest",
    "RelayBeat",
    "Reservation",
    "Shipment",
    "ShipmentLine",
    "TrackingEvent",
    "WorkItem",
]
