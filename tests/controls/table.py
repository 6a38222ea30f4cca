"""The negative controls: each protection, how it is switched off, its scene, and what turns red."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.controls import scenes, switches


@dataclass(frozen=True, slots=True)
class Control:
    """One protection. ``red`` is how the scene's own assertion names the damage (a regular expression).

    ``threads``: the scene needs several connections. ``postgres_only``: SQLite gives the same
    protection by itself, so there it cannot be switched off.
    """

    name: str
    protects: str
    off: Callable[..., Any]
    scene: Callable[..., None]
    red: str
    threads: bool = False
    postgres_only: bool = False

    @property
    def id(self) -> str:
        """How pytest names it, in brackets behind the name of the test."""
        return self.name.replace(" ", "-")


CONTROLS = [
    Control(
        "lease",
        "A row in work is nobody else's until its lease ends.",
        switches.no_lease,
        scenes.a_second_worker_comes_while_the_first_is_speaking,
        "the same mail left twice",
    ),
    Control(
        "fence",
        "A result is written only by the attempt that still holds the row.",
        switches.no_fence,
        scenes.a_worker_comes_back_after_its_lease,
        "a late worker had a mail sent again",
    ),
    Control(
        "message key",
        "A message has one Message-ID for ever.",
        switches.a_new_message_id_each_time,
        scenes.the_mail_server_takes_a_mail_and_cuts_the_line,
        "a repeated mail looks like a second one",
    ),
    Control(
        "order key",
        "An order has one reference and one key on every attempt.",
        switches.a_new_key_and_reference_each_time,
        scenes.the_answer_of_a_supplier_is_lost,
        r"the supplier has the order \d+ times",
    ),
    Control(
        "doubt",
        "What may have arrived is unknown, not failed.",
        switches.a_lost_answer_read_as_a_refusal,
        scenes.a_lost_answer_is_no_refusal,
        "the supplier sends what we call refused",
    ),
    Control(
        "refund key",
        "A refund has one key on every attempt.",
        switches.a_new_refund_key_each_time,
        scenes.the_answer_to_a_refund_is_lost,
        "the customer was paid back twice",
    ),
    Control(
        "look-up",
        "A refund in doubt, or older than its key's life, is looked up before it is asked again.",
        switches.a_key_that_is_trusted_for_ever,
        scenes.a_refund_is_asked_again_when_its_key_is_forgotten,
        "the customer was paid back twice",
    ),
    Control(
        "outbox",
        "What follows from an event is owed in the database.",
        switches.tasks_published_at_once,
        scenes.the_broker_forgets_everything,
        "a paid order never reached its supplier",
    ),
    Control(
        "inbox",
        "A webhook is stored before it is answered.",
        switches.webhooks_worked_on_at_once,
        scenes.stripe_is_down_when_its_webhook_comes,
        "we said yes to a webhook and forgot the payment",
    ),
    Control(
        "unique webhook",
        "A sender's event is stored once.",
        switches.no_unique_webhook,
        scenes.one_webhook_comes_six_times_at_once,
        "one webhook was stored [2-9] times",
        threads=True,
    ),
    Control(
        "order lock",
        "Units of an order are counted by one at a time.",
        switches.no_order_lock,
        scenes.two_parcels_of_one_line_are_told_at_once,
        "the count of a parcel was written away",
        threads=True,
        postgres_only=True,
    ),
    Control(
        "version check",
        "A copy is taken only if it is newer than the one known.",
        switches.no_version_check,
        scenes.an_older_copy_comes_after_a_newer_one,
        "an older copy undid a newer one",
    ),
    Control(
        "forward moves",
        "A parcel moves along the table of moves, never back.",
        switches.parcels_move_anywhere,
        scenes.a_parcel_is_said_to_be_on_its_way_after_it_arrived,
        "a delivered parcel was moved back",
    ),
    Control(
        "refund limit",
        "Never more goes back than was taken.",
        switches.no_refund_limit,
        scenes.two_agents_pay_back_more_than_half,
        "more is promised back than was taken",
    ),
    Control(
        "reservation",
        "Units are held by one conditional UPDATE.",
        switches.no_reservation_check,
        scenes.the_last_unit_is_bought_while_another_types,
        r"the last unit was sold 2 times",
    ),
    Control(
        "signature",
        "A webhook is proven on its raw bytes.",
        switches.no_signature_check,
        scenes.a_forged_webhook_refuses_an_order,
        "a forged message paid money back",
    ),
    Control(
        "transaction guard",
        "No call leaves while a transaction is open.",
        switches.no_transaction_guard,
        scenes.an_order_is_placed_inside_a_transaction_that_fails,
        "the supplier took an order that our books know nothing of",
    ),
    Control(
        "permission",
        "The desk is for agents.",
        switches.no_permission_check,
        scenes.a_customer_finds_the_desk,
        "a customer paid money back to herself",
    ),
]


def as_markdown() -> str:
    """Return the table as it stands in docs/proof.md."""
    rows = [
        f"| {one.name} | {one.protects} | {_doc(one.off)}{' PostgreSQL only.' if one.postgres_only else ''} "
        f"| {_doc(one.scene)} | {_plain(one.red)} | `[{one.id}]` {one.scene.__name__} |"
        for one in CONTROLS
    ]
    head = ["| protection | what it promises | switched off | the scene | what turns red | test and scene |"]
    return "\n".join([*head, "|---|---|---|---|---|---|", *rows])


def _doc(function: Callable[..., Any]) -> str:
    return " ".join((function.__doc__ or "").split())


def _plain(pattern: str) -> str:
    return pattern.replace(r"\d+", "2").replace("[2-9]", "6")
