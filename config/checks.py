"""Our own additions to ``manage.py check --deploy``."""

from __future__ import annotations

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register as register_check


def private_addresses(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Warn when suppliers' addresses inside our own network may be called."""
    if not settings.OUTBOUND_ALLOW_PRIVATE:
        return []
    return [
        Warning(
            "OUTBOUND_ALLOW_PRIVATE is on: a supplier's address could point into your own network.",
            hint="Unset it outside development.",
            id="waybill.W001",
        )
    ]


def leases_outlast_calls(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Warn when a worker that is well could lose its work to another, because its calls outlast its lease."""
    longest = settings.TOGETHER_SECONDS + 2 * (settings.SUPPLIER_CONNECT_SECONDS + settings.SUPPLIER_READ_SECONDS)
    if longest < settings.LEASE_SECONDS:
        return []
    return [
        Warning(
            f"LEASE_SECONDS is {settings.LEASE_SECONDS}, and calls to a supplier may last {longest:g} seconds.",
            hint="Raise LEASE_SECONDS, or lower SUPPLIER_CONNECT_SECONDS, SUPPLIER_READ_SECONDS or TOGETHER_SECONDS.",
            id="waybill.W002",
        )
    ]


def seller_is_named(app_configs: object, **kwargs: object) -> list[CheckMessage]:
    """Warn when invoices would not say who sells, where, and under which tax number."""
    if settings.SELLER["lines"] and settings.SELLER["vat_number"]:
        return []
    return [
        Warning(
            "Invoices do not name the seller's address and VAT number.",
            hint="Set SELLER_NAME, SELLER_ADDRESS, SELLER_VAT_NUMBER and SELLER_REGISTRATION (see .env.example).",
            id="waybill.W003",
        )
    ]


def register() -> None:
    """Register the checks; may run twice."""
    register_check(private_addresses, Tags.security, deploy=True)
    register_check(leases_outlast_calls, deploy=True)
    register_check(seller_is_named, deploy=True)
