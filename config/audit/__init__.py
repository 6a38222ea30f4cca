"""It adds up, or this says where it does not: the invariants over the whole database.

Each check is a handful of queries that return only violations (or a walk in chunks, where the
database cannot compare), so it runs over any size in bounded memory. What a person has been
asked about (an open WorkItem) counts as explained. What only outsiders' books can prove (a
supplier's ledger, the mail sink, the client's log) is proven by the fault suite's checker.
"""

from __future__ import annotations

# Each module puts its checks into the registry.
from config.audit import (  # noqa: F401
    amounts,
    codes,
    credits,
    dialogue,
    gate,
    history,
    papers,
    reaching,
    returns,
    telling,
    units,
    waiting,
)
from config.audit.registry import CHECKS, Check, Finding, run_audit

__all__ = ["CHECKS", "Check", "Finding", "run_audit"]
