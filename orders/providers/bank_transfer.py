"""Bank transfer: the customer pays by themselves, and staff note what arrives. Off without an IBAN."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.providers.base import Fee, Provider

if TYPE_CHECKING:
    from orders.models import Order, Payment

IN_FOURS = 4


class BankTransfer(Provider):
    """Money from the customer's account to ours."""

    name = "bank_transfer"
    label = _("Bank transfer")
    note = _("You transfer the amount yourself. We send the goods when it is here.")
    refunds_by_hand = True

    def is_offered(self) -> bool:
        return bool(settings.BANK_TRANSFER_IBAN)

    def time_to_pay(self) -> timedelta:
        return timedelta(days=settings.BANK_TRANSFER_DAYS)

    def details(self, order: Order) -> list[tuple[str | Promise, str]]:
        iban = settings.BANK_TRANSFER_IBAN
        groups = " ".join(iban[start : start + IN_FOURS] for start in range(0, len(iban), IN_FOURS))
        facts = [
            (_("Amount"), str(order.total)),
            (_("To"), settings.BANK_TRANSFER_HOLDER),
            (_("IBAN"), groups),
            (_("BIC"), settings.BANK_TRANSFER_BIC),
            (_("Reference"), order.number),
        ]
        return [(label, value) for label, value in facts if value]

    def fee(self, payment: Payment) -> Fee | None:
        return Fee(0, payment.currency)
