"""What people write about: in which words they choose it, and what answers it before anybody has to write."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from support.models import Topic


@dataclass(frozen=True, slots=True)
class Question:
    """One thing people write about. ``answer`` names the block of the page that answers it; empty: a person does.

    ``reason`` is the one that its answer, a request to send something back, begins with; empty: none yet.
    """

    slug: str
    label: str | Promise
    topic: Topic
    answer: str = ""
    reason: str = ""


# On an order's page: what has a topic of its own is known by it.
ORDER_QUESTIONS = [
    Question(Topic.NOT_ARRIVED, _("Where is my order?"), Topic.NOT_ARRIVED, "where"),
    Question(Topic.DEFECTIVE, _("Something is faulty"), Topic.DEFECTIVE, "return", "defective"),
    Question(Topic.DAMAGED, _("Something arrived damaged"), Topic.DAMAGED, "return", "damaged"),
    Question(Topic.WRONG_ITEM, _("I got the wrong thing"), Topic.WRONG_ITEM, "return", "wrong_item"),
    Question(Topic.CHANGED_MIND, _("Return something, or withdraw from the contract"), Topic.CHANGED_MIND, "return"),
    Question(Topic.CANCEL, _("Cancel what has not been sent"), Topic.CANCEL, "cancel"),
    Question("address", _("Change the delivery address"), Topic.QUESTION, "address"),
    Question(Topic.QUESTION, _("Something else"), Topic.QUESTION),
]
# On the contact page, of somebody whose order we do not know yet.
CONTACT_QUESTIONS = [
    Question("where", _("Where is my order?"), Topic.NOT_ARRIVED, "order"),
    Question("problem", _("Something is wrong with what came"), Topic.DEFECTIVE, "order"),
    Question("return", _("Return something, or withdraw from the contract"), Topic.CHANGED_MIND, "order"),
    Question("product", _("A question before I buy"), Topic.QUESTION),
    Question("payment", _("Payment or invoice"), Topic.QUESTION),
    Question("account", _("My account"), Topic.QUESTION),
    Question("accessibility", _("Something on these pages does not work for me"), Topic.QUESTION),
    Question("other", _("Something else"), Topic.QUESTION),
]


def question(questions: list[Question], slug: str) -> Question | None:
    """Return the question with a slug; None for any other text."""
    return next((one for one in questions if one.slug == slug), None)
