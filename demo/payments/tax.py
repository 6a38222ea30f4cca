"""Tax calculations, as Stripe Tax answers them: a handful of places, rounded line by line.

Stripe knows thousands of jurisdictions and what each code bears there; the sandbox knows enough to
tell inclusive from exclusive, a rate of two jurisdictions, goods without tax, and an address that does not do.
"""

from __future__ import annotations

import time
from decimal import ROUND_HALF_UP, Decimal

from demo.payments import forms
from demo.payments.amounts import MAXIMUM_MINOR, MINIMUM_MINOR
from demo.payments.errors import Invalid
from demo.payments.ledger import new_id
from demo.payments.sandbox import Sandbox

DAY_SECONDS = 24 * 60 * 60
NOT_TAXED = "txcd_00000000"
BOOKS = "txcd_35010000"
# Percent by country: standard, and books.
VAT = {"IE": ("23.0", "0.0"), "DE": ("19.0", "7.0"), "FR": ("20.0", "5.5"), "GB": ("20.0", "0.0")}
# Percent of state and city, where the shop is registered; a state that is not here collects nothing.
SALES_TAX = {"NY": ("4.0", "4.875"), "CA": ("7.25", "2.25")}
ADDRESS = forms.mapping(
    {
        "city": forms.text(),
        "country": forms.text(2),
        "line1": forms.text(),
        "line2": forms.text(),
        "postal_code": forms.text(),
        "state": forms.text(),
    },
    required=("country",),
)
CUSTOMER = forms.mapping({"address": ADDRESS, "address_source": forms.choice("billing", "shipping")})
BEHAVIOUR = forms.choice("exclusive", "inclusive")
LINE = forms.mapping(
    {
        "amount": forms.integer(least=0, most=MAXIMUM_MINOR),
        "quantity": forms.integer(least=1),
        "reference": forms.text(500),
        "tax_behavior": BEHAVIOUR,
        "tax_code": forms.text(40),
    },
    required=("amount",),
)
SHIPPING = forms.mapping(
    {"amount": forms.integer(least=0, most=MAXIMUM_MINOR), "tax_behavior": BEHAVIOUR, "tax_code": forms.text(40)}
)
CALCULATION = forms.mapping(
    {
        "currency": forms.text(3),
        "customer_details": CUSTOMER,
        "line_items": forms.sequence(LINE),
        "shipping_cost": SHIPPING,
        "tax_date": forms.integer(least=0),
    },
    required=("currency", "line_items"),
)


def create_calculation(sandbox: Sandbox, raw: dict) -> dict:
    asked = CALCULATION(raw, "")
    if asked["currency"].lower() not in MINIMUM_MINOR:
        raise Invalid(f"Invalid currency: {asked['currency']}", param="currency")
    address = asked.get("customer_details", {}).get("address") or {}
    _check_place(address)
    lines = [_line(item, address) for item in asked["line_items"]]
    delivery = _delivery(asked["shipping_cost"], address) if "shipping_cost" in asked else None
    parts = [*lines, delivery] if delivery else lines
    on_top = sum(part["amount_tax"] for part in parts if part["tax_behavior"] == "exclusive")
    now, identifier = int(time.time()), new_id("taxcalc")
    url = f"/v1/tax/calculations/{identifier}/line_items"
    return {
        "id": identifier,
        "object": "tax.calculation",
        "amount_total": sum(part["amount"] for part in parts) + on_top,
        "currency": asked["currency"].lower(),
        "customer": None,
        "customer_details": asked.get("customer_details"),
        "expires_at": now + DAY_SECONDS,
        "line_items": {"object": "list", "data": lines, "has_more": False, "url": url},
        "livemode": False,
        "shipping_cost": delivery,
        "tax_amount_exclusive": on_top,
        "tax_amount_inclusive": sum(part["amount_tax"] for part in parts) - on_top,
        "tax_date": asked.get("tax_date", now),
    }


def _check_place(address: dict) -> None:
    if not address.get("country") or (address["country"] == "US" and not address.get("postal_code")):
        raise Invalid(
            "We could not determine the customer's tax location based on the provided customer address.",
            code="customer_tax_location_invalid",
            param="customer_details[address]",
        )


def _rates(address: dict, code: str) -> list[str]:
    """Return the percentages that add up at an address; none where nothing is collected."""
    if code == NOT_TAXED:
        return []
    if address["country"] == "US":
        return list(SALES_TAX.get(address.get("state", ""), ()))
    standard, books = VAT.get(address["country"], (None, None))
    chosen = books if code == BOOKS else standard
    return [chosen] if chosen else []


def _tax(amount: int, rates: list[str], behaviour: str) -> int:
    percent = sum((Decimal(rate) for rate in rates), Decimal(0))
    base = 100 + percent if behaviour == "inclusive" else Decimal(100)
    return int((amount * percent / base).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _line(item: dict, address: dict) -> dict:
    behaviour, code = item.get("tax_behavior", "exclusive"), item.get("tax_code", "txcd_99999999")
    rates = _rates(address, code)
    return {
        "id": new_id("tax_li"),
        "object": "tax.calculation_line_item",
        "amount": item["amount"],
        "amount_tax": _tax(item["amount"], rates, behaviour),
        "livemode": False,
        "metadata": None,
        "product": None,
        "quantity": item.get("quantity", 1),
        "reference": item.get("reference", ""),
        "tax_behavior": behaviour,
        "tax_code": code,
        "tax_breakdown": [
            {
                "amount": _tax(item["amount"], [rate], "exclusive"),
                "sourcing": "destination",
                "tax_rate_details": {"display_name": "Tax", "percentage_decimal": rate, "tax_type": "vat"},
                "taxability_reason": "standard_rated",
                "taxable_amount": item["amount"],
            }
            for rate in rates
        ],
    }


def _delivery(asked: dict, address: dict) -> dict:
    behaviour, code = asked.get("tax_behavior", "exclusive"), asked.get("tax_code", "txcd_92010001")
    tax = _tax(asked["amount"], _rates(address, code), behaviour)
    return {"amount": asked["amount"], "amount_tax": tax, "tax_behavior": behaviour, "tax_code": code}
