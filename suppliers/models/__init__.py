"""Suppliers, what they offer, what we ordered from them, and every call between us."""

from suppliers.models.back import SupplierCancellation, SupplierCancellationLine, SupplierReturn
from suppliers.models.offer import Offer, OfferStatus
from suppliers.models.order import SupplierOrder, SupplierOrderLine, SupplierShipment
from suppliers.models.supplier import Supplier, SupplierCall, SupplierProbe

__all__ = [
    "Offer",
    "OfferStatus",
    "Supplier",
    "SupplierCall",
    "SupplierCancellation",
    "SupplierCancellationLine",
    "SupplierOrder",
    "SupplierOrderLine",
    "SupplierProbe",
    "SupplierReturn",
    "SupplierShipment",
]
