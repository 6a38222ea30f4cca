"""Customers: made, read and listed, as far as the shop needs them."""

from __future__ import annotations

import time

from demo.payments import forms
from demo.payments.errors import missing
from demo.payments.ledger import new_id
from demo.payments.reading import page_of
from demo.payments.sandbox import Sandbox

CUSTOMER = forms.mapping(
    {
        "description": forms.text(),
        "email": forms.email,
        "metadata": forms.metadata,
        "name": forms.text(256),
        "phone": forms.text(20),
    }
)
NOTHING = forms.mapping({})
CUSTOMER_LIST = forms.listing(email=forms.email)


def create_customer(sandbox: Sandbox, raw: dict) -> dict:
    asked = CUSTOMER(raw, "")
    customer = {
        "id": new_id("cus", length=14),
        "object": "customer",
        "address": None,
        "balance": 0,
        "created": int(time.time()),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": asked.get("description"),
        "email": asked.get("email"),
        "livemode": False,
        "metadata": asked.get("metadata", {}),
        "name": asked.get("name"),
        "phone": asked.get("phone"),
        "preferred_locales": [],
        "shipping": None,
        "tax_exempt": "none",
    }
    sandbox.ledger.add(customer)
    sandbox.record("customer.created", customer)
    return customer


def retrieve_customer(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    NOTHING(raw, "")
    return found_customer(sandbox, identifier)


def found_customer(sandbox: Sandbox, identifier: str, *, param: str = "id") -> dict:
    """Read a customer; raises Invalid (as a missing resource) if there is none, or it was deleted."""
    customer = sandbox.ledger.find("customer", identifier)
    if customer is None or customer.get("deleted"):
        raise missing("customer", identifier, param=param)
    return customer


def delete_customer(sandbox: Sandbox, raw: dict, identifier: str) -> dict:
    """Delete a customer, as a person in the dashboard would; what refers to it stays."""
    NOTHING(raw, "")
    customer = found_customer(sandbox, identifier)
    sandbox.ledger.save(customer | {"deleted": True})
    sandbox.record("customer.deleted", customer)
    return {"id": identifier, "object": "customer", "deleted": True}


def list_customers(sandbox: Sandbox, raw: dict) -> dict:
    asked = CUSTOMER_LIST(raw, "")
    # Stripe compares addresses with their case ("List all customers").
    chosen = [
        one
        for one in sandbox.ledger.newest("customer")
        if not one.get("deleted") and asked.get("email", one["email"]) == one["email"]
    ]
    return page_of(chosen, asked, url="/v1/customers")
