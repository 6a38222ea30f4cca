"""Quote what sending a basket would cost."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from demo.supplier.messages import Answer, Request
from demo.supplier.money import money
from demo.supplier.problems import entry, invalid
from demo.supplier.profile import Service
from demo.supplier.supplier import Supplier


def quote_shipping(supplier: Supplier, request: Request) -> Answer:
    """List the services to a destination, cheapest first; none where an item is not sent there.

    Raises Problem ``validation-failed``.
    """
    body = request.json
    items = [supplier.ledger.get("item", line["sku"]) for line in body["lines"]]
    faults = [
        entry(f"/lines/{index}/sku", "unknown-reference", "We do not carry this")
        for index, item in enumerate(items)
        if item is None
    ]
    if body["currency"] != supplier.profile.currency:
        faults.append(entry("/currency", "currency-mismatch", f"This account buys in {supplier.profile.currency}"))
    if faults:
        raise invalid(*faults)
    country = body["destination"]["country"]
    limits = [item.document.get("ships_to") for item in items if item]
    served = all(limit is None or country in limit for limit in limits)
    services = supplier.profile.services_to(country) if served else []
    return Answer(200, {"services": [as_quoted(service, body["currency"]) for service in services]})


def as_quoted(service: Service, currency: str) -> dict[str, Any]:
    """Write one service of a quote."""
    return {
        "service_code": service.code,
        "service_name": service.name,
        "carrier": service.carrier,
        "cost": money(Decimal(service.cost), currency),
        "tracked": service.tracked,
        "min_days": service.min_days,
        "max_days": service.max_days,
    }
