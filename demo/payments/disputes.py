from __future__ import annotations

import time

from demo.payments.errors import Invalid, missing
from demo.payments.ledger import new_id
from demo.payments.sandbox import Sandbox

EVIDENCE_SECONDS = 7 * 24 * 60 * 60
REASONS = ("fraudulent", "product_not_received", "product_unacceptable", "duplicate", "credit_not_processed", "general")


def open_dispute(sandbox: Sandbox, charge: dict, *, amount_minor: int, reason: str) -> dict:
    """Let the cardholder take a charge back, as their bank would announce it."""
    now = int(time.time())
    dispute = {
        "id": new_id("dp"),
        "object": "dispute",
        "amount": amount_minor,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": now,
        "currency": charge["currency"],
        "evidence": {},
        "evidence_details": {
            "due_by": now + EVIDENCE_SECONDS,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "status": "needs_response",
    }
    sandbox.ledger.add(dispute, parent=charge["payment_intent"])
    charge["disputed"] = True
    sandbox.ledger.save(charge)
    sandbox.record("charge.dispute.created", dispute)
    return dispute


def close_dispute(sandbox: Sandbox, dispute: dict, *, status: str) -> dict:
    """Let the bank decide: ``won`` is for the shop, ``lost`` for the cardholder."""
    if dispute["status"] in {"won", "lost"}:
        raise Invalid(f"Dispute {dispute['id']} is closed: {dispute['status']}.", param="dispute")
    dispute["status"] = status
    sandbox.ledger.save(dispute)
    sandbox.record("charge.dispute.closed", dispute)
    return dispute


def found_dispute(sandbox: Sandbox, identifier: str) -> dict:
    """Read a dispute; raises Invalid (404) if there is none."""
    dispute = sandbox.ledger.find("dispute", identifier)
    if dispute is None:
        raise missing("dispute", identifier, param="dispute")
    return dispute
