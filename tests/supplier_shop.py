"""An order that a real simulated supplier has delivered, and what is asked and said about its returns."""

from __future__ import annotations

import uuid

from orders.models import OrderLine
from suppliers.models import Supplier, SupplierCredit
from support.models import Choice, Return
from support.return_states import ReturnStatus
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from tests.dialogue import connected, placed, read_news, turn
from tests.factories import make_person

# Seconds of the supplier's timetable: until it decides about a return, and between its steps.
DECIDED, MOVED = 6, 9


class Shop:
    """An order of four units that the supplier has delivered, and what is said about its returns."""

    def __init__(self, process, relay) -> None:
        process.control("pause", {"paused": True})
        self.process, self.relay = process, relay
        self.supplier = connected(process)
        Supplier.objects.update(uses_polling=True)
        self.order = placed(self.supplier, relay, quantity=4)
        self.turn(200)
        self.agent = make_person("agent", is_superuser=True)
        assert self.line.delivered == 4

    @property
    def line(self) -> OrderLine:
        return self.order.lines.get(replaces=None)

    def turn(self, seconds: float) -> None:
        turn(self.process, seconds)
        read_news(self.supplier, self.relay)

    def ask(
        self,
        units: int = 2,
        *,
        choice: Choice = Choice.REFUND_AFTER,
        outcome: str = "",
        goods_back: bool = True,
        **wanted,
    ) -> Return:
        """Ask for a return, decide it, and let the supplier know, which will end it as its script says."""
        asked = Wanted({self.line.pk: units}, **{"reason": "defective"} | wanted)
        (row,) = ask_return(self.order, asked, form_key=uuid.uuid4())
        if row.status == ReturnStatus.REQUESTED:
            decide(row, Verdict(choice, goods_back=goods_back), form_key=uuid.uuid4(), by=self.agent)
        self.relay.run_until_idle()
        if outcome:
            self.process.control(f"returns/{row.number}/decide", {"outcome": outcome})
        return self.again(row)

    def again(self, row: Return) -> Return:
        row.refresh_from_db()
        return Return.objects.select_related("supplier_return").get(pk=row.pk)

    def told(self, row: Return) -> str:
        return " ".join(row.ticket.messages.exclude(thread="customer").values_list("body", flat=True))

    def credits(self) -> list[tuple[str, str, int, int | None]]:
        return list(SupplierCredit.objects.order_by("pk").values_list("status", "reason", "units", "told_minor"))


def states(row: Return) -> tuple[str, str]:
    return row.supplier_return.status, row.status
