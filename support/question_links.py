"""The signed address at which a supplier answers one question; it needs no log-in, and lapses."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.urls import reverse

from support.models import SupplierQuestion

# What is signed here opens nothing else.
_SALT = "support.question"
# Each reminder brings a new link; so long after the last of them nobody needs it any more.
LINK_LIFE = timedelta(days=45)


class Lapsed(Exception):
    """The link was ours, and is too old."""


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SALT, sep="~")


class _Dated(signing.TimestampSigner):
    """Signs as of another time than now."""

    def __init__(self, at: datetime) -> None:
        super().__init__(salt=_SALT, sep="~")
        self._at = at

    def timestamp(self) -> str:
        return signing.b62_encode(int(self._at.timestamp()))


def question_path(question: SupplierQuestion, *, at: datetime | None = None) -> str:
    """Return the path of a question's page, good for LINK_LIFE from ``at``; None: from now."""
    signer = _Dated(at) if at else _signer()
    return reverse("supplier-question", args=[signer.sign(question.token)])


def question_url(question: SupplierQuestion, *, at: datetime | None = None) -> str:
    """Return the full address of a question's page; of the same ``at`` it is the same for ever."""
    return settings.SITE_URL + question_path(question, at=at)


def question_of(signed: str) -> SupplierQuestion | None:
    """Return the question a link leads to; None for one that we did not sign, or of a case that is gone. One query.

    Raises Lapsed for a link that is too old.
    """
    try:
        token = _signer().unsign(signed, max_age=LINK_LIFE)
    except signing.SignatureExpired as error:
        raise Lapsed from error
    except signing.BadSignature:
        return None
    related = ("ticket__order", "supplier", "supplier_order")
    return SupplierQuestion.objects.select_related(*related).filter(token=token).first()
