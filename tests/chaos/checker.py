"""Decide from other people's ledgers whether every promise was kept.

Imports nothing of the shop. Compares the suppliers' books, the payment provider's ledger, every
copy of a mail that was received and what customers were told with the shop's documented export;
the shop's opinion of itself (its audit) is only one line among them.
"""

from __future__ import annotations

from tests.chaos.facts import Evidence, Facts, Verdict
from tests.chaos.rules import back, goods, mails, money, service


def check(evidence: Evidence) -> Verdict:
    """Hold everything against everything."""
    verdict = Verdict()
    facts = Facts(evidence)
    for rule in (
        service.acknowledged,
        money.payments,
        money.paid_back,
        back.known_on_both_sides,
        back.withdrawn,
        back.renewed,
        goods.bought,
        goods.books_agree,
        goods.retry_after,
        goods.unpaid,
        mails.due,
        mails.noted,
        mails.asked,
        mails.returns,
        service.pages,
        service.itself,
    ):
        rule(facts, verdict)
    return verdict
