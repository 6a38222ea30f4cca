from __future__ import annotations

import time

from demo.payments.bookings import DISPUTE_MINOR, book
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
    # The money leaves at once, with the fee, and comes back should the dispute be won (the fee does not).
    booked = book(sandbox, dispute, kind="dispute", amount_minor=-amount_minor, fee_minor=DISPUTE_MINOR)
    dispute["balance_transactions"] = [booked]
    sandbox.ledger.save(dispute)
    sandbox.record("charge.dispute.created", dispute)
    sandbox.record("charge.dispute.funds_withdrawn", dispute)
    return dispute


def submit_evidence(sandbox: Sandbox, dispute: dict) -> dict:
    """Send the merchant's proof to the bank, as a person in the dashboard would."""
    if dispute["status"] != "needs_response":
        raise Invalid(f"Dispute {dispute['id']} takes no evidence: {dispute['status']}.", param="dispute")
    dispute["status"] = "under_review"
    dispute["evidence_details"] |= {"has_evidence": True, "submission_count": 1}
    sandbox.ledger.save(dispute)
    sandbox.record("charge.dispute.updated", dispute)
    return dispute


def close_dispute(sandbox: Sandbox, dispute: dict, *, status: str, is_overturned: bool = False) -> dict:
    """Let the bank decide: ``won`` is for the shop, ``lost`` for the cardholder; or turn a decision over."""
    if dispute["status"] in {"won", "lost"} and not is_overturned:
        raise Invalid(f"Dispute {dispute['id']} is closed: {dispute['status']}.", param="dispute")
    dispute["status"] = status
    if status == "won":
        back = book(sandbox, dispute, kind="dispute_reversal", amount_minor=dispute["amount"])
        dispute["balance_transactions"].append(back)
    sandbox.ledger.save(dispute)
    sandbox.record("charge.dispute.closed", dispute)
    if status == "won":
        sandbox.record("charge.dispute.funds_reinstated", dispute)
    return dispute


def found_dispute(sandbox: Sandbox, identifier: str) -> dict:
    """Read a dispute; raises Invalid (404) if there is none."""
    dispute = sandbox.ledger.find("dispute", identifier)
    if dispute is None:
        raise missing("dispute", identifier, param="dispute")
    return dispute
