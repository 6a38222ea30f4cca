"""Suppliers, what they offer, what we ordered from them, and every call between us."""

from suppliers.models.back import SupplierCancellation, SupplierCancellationLine, SupplierReturn
from suppliers.models.carrier import ParcelWatch, TrackingCall, TrackingService
from suppliers.models.chase import SupplierChase
from suppliers.models.credit import CreditMatch, SupplierCredit, SupplierInvoice
from suppliers.models.offer import Offer, OfferStatus
from suppliers.models.order import SupplierOrder, SupplierOrderLine, SupplierShipment
from suppliers.models.picture import PictureFetch
from suppliers.models.supplier import Supplier, SupplierCall, SupplierProbe

__all__ = [
    "CreditMatch",
    "Offer",
    "OfferStatus",
    "ParcelWatch",
    "PictureFetch",
    "Supplier",
    "SupplierCall",
    "SupplierCancellation",
    "SupplierCancellationLine",
    "SupplierChase",
    "SupplierCredit",
    "SupplierInvoice",
    "SupplierOrder",
    "SupplierOrderLine",
    "SupplierProbe",
    "SupplierReturn",
    "SupplierShipment",
    "TrackingCall",
    "TrackingService",
]
