"""Take questions: about orders that come late, and those that a person asks in words."""

from __future__ import annotations

from demo.supplier.ledger import Record
from demo.supplier.messages import Answer, Request
from demo.supplier.orders import read_order
from demo.supplier.problems import Problem, entry, invalid
from demo.supplier.supplier import Supplier

IN_WORDS = "question"


def take_inquiry(supplier: Supplier, request: Request, reference: str) -> Answer:
    """Note a question. Of late goods, what there is to tell is told by the order itself, when there is.

    One in words is kept for a person, with the address of the page on which they answer it. Raises Problem
    ``not-found``, ``not-supported`` or ``validation-failed``.
    """
    order = read_order(supplier, reference)
    asked = {name: request.json[name] for name in ("kind", "answer_by")}
    answer = {"reference": reference, **asked, "received_at": supplier.ledger.stamp()}
    if asked["kind"] == IN_WORDS:
        _keep(supplier, request, order, answer)
    return Answer(202, answer)


def _keep(supplier: Supplier, request: Request, order: Record, answer: dict[str, str]) -> None:
    if "questions" not in supplier.profile.capabilities:
        raise Problem("not-supported", "This account takes no questions in words")
    missing = [name for name in ("text", "answer_url") if not request.json.get(name)]
    if missing:
        raise invalid(*(entry(f"/{name}", "required", "This member is required") for name in missing))
    words = {name: request.json[name] for name in ("text", "answer_url")}
    kept = answer | words | {"updated_at": answer["received_at"]}
    supplier.ledger.put(Record("question", supplier.name_next("question"), order.id, kept))
