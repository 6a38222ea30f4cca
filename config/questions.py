"""Deadlines of questions to suppliers from within cases, and what a person can do about one that is not answered.

Part of ``config/deadlines.py`` and ``config/remedies.py``.
"""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _t, gettext_lazy as _

from config.waits import AT_ONCE, AWAY, Wait
from orders import lease
from orders.models import WorkItem
from orders.remedies import NotPossible, Remedy
from shop.models import User
from support.actions.ask_supplier import close_question
from support.models import SupplierQuestion
from support.states import WAITING_QUESTIONS, QuestionStatus

R, _Q = WorkItem.Reason, QuestionStatus
_BY_HAND = Q(channel=SupplierQuestion.Channel.BY_HAND)


def _question(
    name: str, states: tuple[str, ...], since: str, after: object, says: str, cause: Q, *, opens: bool = True
) -> Wait:
    return Wait(
        name, SupplierQuestion, states, R.SUPPLIER_SILENT, (since,), after, "{row.supplier.name}: " + says, cause,
        lambda row: 0, related=("supplier", "ticket__order"), opens=opens,
    )  # fmt: skip


QUESTIONS = [
    _question(
        "question not sent", (_Q.ASKED,), "asked_at", AWAY, "a question in case {row.ticket.number} cannot be sent. {row.last_error:.100}",
        Q(sent_at=None),
    ),
    # Opened by whoever found out that nobody can be asked by itself.
    _question(
        "question by hand", WAITING_QUESTIONS, "sent_at", AT_ONCE, "must be asked by a person, for case {row.ticket.number}.",
        _BY_HAND, opens=False,
    ),
    # Reminded and given up by the sweep; where that does not happen, somebody must know.
    _question(
        "question without answer", WAITING_QUESTIONS, "answer_by", AWAY * 72, "nothing follows from a question in case {row.ticket.number}.",
        ~_BY_HAND,
    ),
    _question(
        "question overdue", (_Q.OVERDUE,), "status_changed_at", AT_ONCE, "has not answered the question in case {row.ticket.number}.",
        Q(),
    ),
]  # fmt: skip
# A case that waits for such a question has the question's deadline.
IS_ASKED = Q(Exists(SupplierQuestion.objects.filter(ticket=OuterRef("pk"), status__in=WAITING_QUESTIONS)))
QUESTION_RESTS = {
    (SupplierQuestion, _Q.ANSWERED): "over; its case is open again",
    (SupplierQuestion, _Q.CLOSED): "over",
}
QUESTION_RETRIES = [(SupplierQuestion, Q(status__in=WAITING_QUESTIONS))]
QUESTION_ASIDE = [SupplierQuestion]


def _remedy(key: str, label: object, *, is_retry: bool = False) -> Remedy:
    name = f"config.questions.{key.replace('-', '_')}"
    return Remedy(key, label, name, "support.change_ticket", ("supplierquestion",), is_retry)


QUESTION_REMEDIES = [
    _remedy("ask-question", _("Ask the supplier again now"), is_retry=True),
    _remedy("drop-question", _("Nobody needs the answer any more")),
]


def ask_question(question: SupplierQuestion, *, by: User) -> str:
    """Let the next step of a question, sending it or reminding of it, happen now."""
    free = SupplierQuestion.objects.filter(lease.is_free(), pk=question.pk, status__in=WAITING_QUESTIONS)
    if not free.update(due_at=timezone.now()):
        raise NotPossible(_t("The supplier was reminded twice. Call it, and note its answer in the case."))
    return _t("It is looked at in a moment.")


def drop_question(question: SupplierQuestion, *, by: User) -> str:
    """End a question whose answer nobody needs."""
    if not close_question(question, by=by):
        raise NotPossible(_t("It was answered or closed meanwhile."))
    return _t("Closed; the case is open again if it waited for nothing else.")
