"""Support cases: tickets with their threads, files, and returns; the desk's terms, roster and settings; help articles."""

from support.models.attachment import Attachment, attachment_path, private_storage
from support.models.cause import CaseCause
from support.models.knowledge import HelpArticle, HelpText, HelpVisit, Stage
from support.models.levels import ServiceLevel, SupportClosure, SupportHours
from support.models.presence import Presence
from support.models.question import SupplierQuestion
from support.models.rating import Rating
from support.models.returning import (
    FAULTS,
    Basis,
    Choice,
    Claim,
    Replacement,
    Return,
    ReturnDecision,
    ReturnLine,
    ReturnReason,
    Solution,
    Withdrawal,
)
from support.models.roster import AgentProfile, HandOver, HandOverRead, SavedView, Shift
from support.models.ticket import Tag, Ticket, TicketLine, TicketMessage, Topic
from support.models.writing import Audience, Draft, HeldAnswer, Macro, MacroText, Situation, Tick

__all__ = [
    "Solution",
    "ReturnReason",
    "ReturnLine",
    "ReturnDecision",
    "Replacement",
    "Claim",
    "Choice",
    "Basis",
    "FAULTS",
    "AgentProfile",
    "Attachment",
    "Audience",
    "CaseCause",
    "Draft",
    "HandOver",
    "HandOverRead",
    "HeldAnswer",
    "HelpArticle",
    "HelpText",
    "HelpVisit",
    "Macro",
    "MacroText",
    "Presence",
    "Rating",
    "Return",
    "SavedView",
    "ServiceLevel",
    "Shift",
    "Situation",
    "Stage",
    "SupplierQuestion",
    "SupportClosure",
    "SupportHours",
    "Tag",
    "Tick",
    "Ticket",
    "TicketLine",
    "TicketMessage",
    "Topic",
    "Withdrawal",
    "attachment_path",
    "private_storage",
]
