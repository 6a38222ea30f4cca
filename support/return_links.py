"""The signed address at which a supplier answers about one return; it needs no log-in, and lapses."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from suppliers.models import SupplierReturn
from support.question_links import Lapsed

# What is signed here opens nothing else.
_SALT = "support.supplier-return"
# From the question to the money: the goods take their time, and each reminder brings a new link.
LINK_LIFE = timedelta(days=90)


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SALT, sep="~")


def return_path(row: SupplierReturn) -> str:
    """Return the path of the page on which its supplier answers about a return, good for LINK_LIFE from now."""
    return reverse("supplier-return", args=[_signer().sign(row.return_reference)])


def return_url(row: SupplierReturn) -> str:
    """Return the full address of that page."""
    return settings.SITE_URL + return_path(row)


def supplier_return_of(signed: str) -> SupplierReturn | None:
    """Return the return a link leads to; None for one that we did not sign. One query.

    Raises support.question_links.Lapsed for a link that is too old.
    """
    try:
        reference = _signer().unsign(signed, max_age=LINK_LIFE)
    except signing.SignatureExpired as error:
        raise Lapsed from error
    except signing.BadSignature:
        return None
    rows = SupplierReturn.objects.select_related("supplier_order__supplier", "order")
    return rows.filter(return_reference=reference).first()
