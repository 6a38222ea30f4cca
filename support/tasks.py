"""The tasks of this app."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from orders.reactions import react, react_together
from support import kept_files
from support.actions import ask_supplier, assign, automatic, escalate, holding, pay_back
from support.returning import learning, renewal, supplier_word, tending, withdrawing


@shared_task
def take_supplier_word(reaction_id: int) -> None:
    """Move a return by what its supplier says of it."""
    react(reaction_id, supplier_word.take_word)


@shared_task
def note_kept_return(reaction_id: int) -> None:
    """Tell a case that its return cannot be withdrawn any more."""
    react(reaction_id, supplier_word.note_kept)


@shared_task
def follow_replacement(*reaction_ids: int) -> None:
    """Move replacements with their parcel."""
    react_together(reaction_ids, renewal.follow_replacements)


@shared_task
def pay_instead_of_replacement(reaction_id: int) -> None:
    """Pay back what was to be replaced and cannot be."""
    react(reaction_id, renewal.note_not_to_be_had)


@shared_task
def tend_withdrawal(withdrawal_id: int) -> None:
    """Let goods come back that were to be stopped and had left."""
    withdrawing.tend_withdrawal(withdrawal_id)


@shared_task
def tend_return(return_id: int) -> None:
    """Remind of a return, or end it."""
    tending.tend_return(return_id)


@shared_task
def learn_from_returns() -> None:
    """Measure how often goods come back: flag products, and note how often each supplier's are faulty."""
    learning.learn(now=timezone.now())


@shared_task
def note_refund_decision(reaction_id: int) -> None:
    """Write into a case what became of a refund that waited for approval."""
    react(reaction_id, pay_back.note_refund_decision)


@shared_task
def work_on_question(question_id: int) -> None:
    """Send a supplier a question, remind it, or note that it is silent."""
    ask_supplier.work_on_question(question_id)


@shared_task
def close_questions(reaction_id: int) -> None:
    """End the questions of a case that was solved."""
    react(reaction_id, ask_supplier.close_questions)


@shared_task
def notice_cause(reaction_id: int) -> None:
    """Let what happened open a case, where its customer has to be talked to."""
    react(reaction_id, automatic.notice_cause)


@shared_task
def settle_causes(reaction_id: int) -> None:
    """Close cases whose cause is gone."""
    react(reaction_id, automatic.settle_causes_of)


@shared_task
def tend_causes() -> None:
    """Find what no event tells: days that have passed, and causes that are gone."""
    automatic.tend_causes()


@shared_task
def give_out_case(reaction_id: int) -> None:
    """Give a new case to an agent on duty."""
    react(reaction_id, assign.give_out_opened)


@shared_task
def tend_cases() -> None:
    """Pass up what is late, once; then give out what nobody has, the most urgent first."""
    escalate.escalate_overdue(now=timezone.now())
    assign.give_out_waiting()


@shared_task
def release_answer(held_id: int) -> None:
    """Let an agent's answer go out whose time to be taken back is over."""
    holding.release_answer(held_id)


@shared_task
def forget_kept_files() -> None:
    """Delete the files of forms that were never sent after all."""
    kept_files.forget_kept_files(timezone.now())
