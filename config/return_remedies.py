"""What a person can do about returns, and about goods that come back too often. Part of ``config/remedies.py``."""

from __future__ import annotations

from collections.abc import Mapping

from django.urls import reverse
from django.utils.translation import gettext as _t, gettext_lazy as _

from orders.models import Shipment, WorkItem
from orders.remedies import Remedy
from shop.models import Product, User
from suppliers.actions.ask import read_again
from suppliers.models import SupplierOrder, SupplierReturn
from support.models import Return

R = WorkItem.Reason
ASK_RETURN = Remedy(
    "ask-return",
    _("Ask again now"),
    "config.remedies.ask_return",
    "suppliers.change_supplierorder",
    ("supplierreturn",),
    is_retry=True,
)
_DECIDE = Remedy(
    "decide-return",
    _("Decide it"),
    "config.return_remedies.return_page",
    "support.decide_return",
    ("return",),
    is_page=True,
)
OPEN_RETURN = Remedy(
    "open-return",
    _("Open the return"),
    "config.return_remedies.return_page",
    "support.view_return",
    ("return",),
    is_page=True,
)
_WHY = Remedy(
    "why-returned",
    _("See why it comes back"),
    "config.return_remedies.reasons_page",
    "support.view_return",
    ("product",),
    is_page=True,
)
# What becomes of goods too many is agreed with customer and supplier, in the case of the return where there is one.
_OPEN_SECOND = Remedy(
    "open-second",
    _("Open the return, and agree what becomes of them"),
    "config.return_remedies.page_of_second",
    "support.view_return",
    ("supplierreturn",),
    is_page=True,
)
_WRITE_ABOUT = Remedy(
    "write-about",
    _("Write to the customer"),
    "config.return_remedies.new_case_page",
    "support.change_ticket",
    ("supplierorder", "shipment"),
    is_page=True,
)
_READ_SECOND = Remedy(
    "read-second",
    _("Read its parcels again from the supplier"),
    "config.return_remedies.read_second",
    "suppliers.change_supplierorder",
    ("supplierreturn", "supplierorder"),
    is_retry=True,
)
RETURN_PAGES: Mapping[str, list[Remedy]] = {
    R.RETURN_DECISION: [_DECIDE],
    R.PRODUCT_RETURNS: [_WHY],
    R.COMES_TWICE: [_OPEN_SECOND, _WRITE_ABOUT, _READ_SECOND],
    R.CAME_PAID_BACK: [_WRITE_ABOUT],
}


def return_page(row: Return) -> str:
    """Return the address of the screen on which a return is decided."""
    return reverse("desk:return", args=[row.pk])


def reasons_page(product: Product) -> str:
    """Return the address of the reasons for which a product comes back."""
    return f"{reverse('desk:return-learning')}?product={product.pk}"


def page_of_second(row: SupplierReturn) -> str:
    """Return the address of the return for which new goods may come twice; of all returns where it is none of ours."""
    known = Return.objects.filter(supplier_return=row).first()
    return return_page(known) if known else reverse("desk:returns")


def new_case_page(row: SupplierOrder | Shipment) -> str:
    """Return the address on which an agent writes to the customer whose order something belongs to."""
    return f"{reverse('desk:new')}?order={row.order.number}"


def read_second(row: SupplierReturn | SupplierOrder, *, by: User) -> str:
    """Read an order and its parcels anew of which goods may come twice: one may be void, or on its way back, by now."""
    read_again(row.supplier_order if isinstance(row, SupplierReturn) else row)
    return _t("It is read in a moment. Close this once it is settled with the supplier and the customer.")
