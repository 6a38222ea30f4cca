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


def register() -> None:
    """Register the checks; may run twice."""
    register_check(private_addresses, Tags.security, deploy=True)
