"""A shop with its till and the real payment sandbox beside it: what can happen to money, one method each.

Nothing waits here: hours and days pass by moving times in rows back, and by asking the sandbox to let
what it was waiting for happen.
"""

from __future__ import annotations

import contextlib
import json
import time
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import DateTimeField, ExpressionWrapper, F
from django.test import Client
from django.utils import timezone

from config.celery import app
from config.relay import deliver_events
from demo.payments.webhooks import signature
from orders.actions.authorisation import NothingToDecide, refuse_order
from orders.actions.cancel import NotOpen, cancel_units
from orders.actions.checkout import Address, give_up, place_order
from orders.actions.holds import release_holds
from orders.actions.opening import open_session
from orders.actions.payment import make_way, settle
from orders.actions.refund import RefundPart, TooMuch, refundable_minor, request_refund, units_minor
from orders.actions.reservation import SoldOut
from orders.models import (
    Authorisation,
    CheckoutSession,
    Event,
    Hold,
    IncomingEvent,
    Order,
    OrderLine,
    Payment,
    Reaction,
    Refund,
    WorkItem,
)
from orders.stripe_client import StripeRefused, StripeUnclear
from shop.models import Basket, BasketLine, Variant
from shop.money import payable_step
from tests.comparing import reconcile
from tests.demo.payment_process import WEBHOOK_SECRET
from tests.factories import ADDRESS

# The other reactions write mails that no rule of the money depends on.
RECEIVERS = {
    "orders.tasks.issue_credit_note",
    "orders.tasks.issue_invoice",
    "orders.tasks.settle_late_payment",
    "suppliers.tasks.forward_order",
    "notifications.tasks.tell_order_confirmed",
}
LONG = 86_400 * 30
CARDS = {
    "pays": "4242424242424242",
    "declined": "4000000000000002",
    "refunds take time": "4000000000007726",
    "refunds fail later": "4000000000005126",
}
NO_ANSWER = (StripeUnclear, StripeRefused)


class Till:
    """One example: everything it writes is taken back at the end."""

    def __init__(self, sandbox) -> None:
        self.sandbox = sandbox
        self.client = Client()
        self.keys: list[tuple[str, int, list[RefundPart]]] = []
        self.orders: list[int] = []
        # As a test case's own transaction, so that what must not run inside one may run.
        self.example = transaction.atomic()
        self.example._from_testcase = True
        self.example.__enter__()
        self.control("reset")

    def close(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)
        assert not connection.needs_rollback

    def control(self, path: str, asked: object = None):
        return self.sandbox.control(path, asked)

    def ledger(self) -> dict:
        return self.control("ledger")

    # --- the customer

    def buy(
        self, goods: list[tuple[int, int, int]], basket: Basket | None = None, *, is_reviewed: bool = False
    ) -> Order | None:
        """Order goods (variant's place, units, price), to be authorised only or not; None if they are sold out."""
        settings.REVIEW_ABOVE_MINOR = 1 if is_reviewed else 0
        basket = basket or Basket.objects.create()
        variants = list(Variant.objects.order_by("pk"))
        basket.lines.all().delete()
        for place, units, price in {row[0] % len(variants): row for row in goods}.values():
            variant = variants[place % len(variants)]
            Variant.objects.filter(pk=variant.pk).update(price_minor=price)
            BasketLine.objects.create(basket=basket, variant=variant, quantity=units, price_seen_minor=price)
        try:
            order = self._way_free(basket, ADDRESS) or place_order(basket, ADDRESS, user=None, now=timezone.now())
        except SoldOut:
            return None
        if order.pk not in self.orders:
            self.orders.append(order.pk)
            # Goods stay open, so that they can be cancelled.
            Hold.objects.create(order=order, reason=Hold.Reason.MANUAL)
        return order

    def sell_out(self) -> None:
        """Let the supplier tell that it has no more than what is reserved."""
        Variant.objects.update(stock_told=F("reserved"))

    def buy_anew(self, order: Order, goods: list[tuple[int, int, int]]) -> Order | None:
        """Go back from the pay page, change the basket, and check out again."""
        basket = Basket.objects.get(pk=order.basket_id)
        return self.buy(goods, basket)

    def _way_free(self, basket: Basket, address: Address) -> Order | None:
        return make_way(basket, address, now=timezone.now())

    def open_page(self, order: Order, fault: str | None) -> None:
        self.arm("POST /v1/checkout/sessions", fault)
        session = order.sessions.filter(state=CheckoutSession.State.NEW).first()
        if session is not None:
            with contextlib.suppress(*NO_ANSWER):
                open_session(session)

    def pay(self, session_id: str, how: str) -> None:
        """Pay a page as the sandbox knows it, whether or not the shop still wants that."""
        session = next(row for row in self.ledger()["sessions"] if row["id"] == session_id)
        # A page that authorises only takes no banks.
        is_bank = how.startswith("bank") and "sepa_debit" in session["payment_method_types"]
        how = how if is_bank or how in CARDS else "pays"
        asked = {"bank": how.removeprefix("bank "), "seconds": LONG} if is_bank else {"card": CARDS[how]}
        self.control(f"sessions/{session_id}/pay", asked)

    def come_back(self, order: Order) -> None:
        for session in order.sessions.exclude(stripe_id=""):
            with contextlib.suppress(*NO_ANSWER):
                settle(session)

    # --- Stripe

    def arm(self, call: str, fault: str | None) -> None:
        self.control("faults", [{"match": call, "kind": fault}] if fault else [])

    def hurry(self, subject: str) -> list[str]:
        return self.control("jobs", {"subject": subject})["done"]

    def tell(self, event: dict) -> None:
        """Deliver a webhook, signed."""
        body = json.dumps({name: value for name, value in event.items() if name != "deliveries"}).encode()
        signed = signature(body, secret=WEBHOOK_SECRET, at=int(time.time()))
        answer = self.client.post(
            "/webhooks/stripe/", body, content_type="application/json", headers={"Stripe-Signature": signed}
        )
        assert answer.status_code == 200

    def move_dispute(self, to: str, place: int) -> None:
        """Let a bank open a dispute, or decide one."""
        ledger = self.ledger()
        charges = [row["id"] for row in ledger["charges"] if row["captured"] and not row["disputed"]]
        running = [row["id"] for row in ledger["disputes"] if row["status"] not in {"won", "lost"}]
        if to == "dispute" and charges:
            self.control("disputes", {"charge": charges[place % len(charges)]})
        elif to != "dispute" and running:
            self.control("disputes", {"dispute": running[place % len(running)], "status": to})

    # --- the shop's own hands

    def run(self, task: str, rows) -> int:
        """Do what is due, and what only waits for its pause to end."""
        pks = list(rows.exclude(due_at=None).values_list("pk", flat=True))
        rows.filter(pk__in=pks).update(due_at=timezone.now() - timedelta(seconds=1), lease_until=None)
        for pk in pks:
            app.tasks[task](pk)
        return len(pks)

    def sweep(self) -> int:
        return self.run("orders.tasks.settle_session", CheckoutSession.objects.all())

    def carry_out(self, fault: str | None = None) -> int:
        """Take, or let go, what was decided about authorised money."""
        self.arm("POST /v1/payment_intents/*", fault)
        decided = Authorisation.objects.filter(status__in=["capturing", "releasing"])
        return self.run("orders.tasks.settle_authorisation", decided)

    def work_inbox(self) -> int:
        return self.run("orders.tasks.work_incoming", IncomingEvent.objects.filter(done_at=None))

    def send_refunds(self, fault: str | None = None) -> int:
        self.arm("POST /v1/refunds", fault)
        return self.run("orders.tasks.send_refund", Refund.objects.all())

    def relay(self) -> int:
        count = deliver_events()
        for receiver in sorted(RECEIVERS):
            count += self.run(receiver, Reaction.objects.filter(done_at=None, receiver=receiver))
        return count

    def reconcile(self) -> int:
        return reconcile()

    def replay(self) -> None:
        """Work on every message once more, as staff may ask for."""
        IncomingEvent.objects.update(done_at=None, due_at=timezone.now(), failures=0)

    def a_day_passes(self) -> None:
        day = timedelta(hours=25)

        def back(name: str) -> ExpressionWrapper:
            return ExpressionWrapper(F(name) - day, output_field=DateTimeField())

        Refund.objects.update(requested_at=back("requested_at"))
        CheckoutSession.objects.update(expires_at=back("expires_at"), created_at=back("created_at"))
        Order.objects.update(pay_by=back("pay_by"))
        self.control("forget_keys")
        for session in self.ledger()["sessions"]:
            if session["status"] == "open":
                self.hurry(session["id"])

    # --- staff and agents

    def decide(self, order: Order, is_accepted: bool) -> None:
        """Release all holds of an order, or refuse it."""
        if is_accepted:
            release_holds(order, by=None)
            # Goods stay open all the same, so that they can be cancelled.
            Hold.objects.get_or_create(order=order, reason=Hold.Reason.MANUAL, released_at=None)
            return
        with contextlib.suppress(NothingToDecide):
            refuse_order(order, by=None)

    def give_up(self, order: Order) -> None:
        give_up(order)

    def cancel(self, line: OrderLine, units: int, key: str) -> None:
        try:
            cancel_units(line.order, {line.pk: units}, reason=Refund.Reason.CANCELLED, by=None, key=key)
        except NotOpen:
            assert units > line.open
        except TooMuch:
            # The money of one refund comes from one payment.
            assert line.order.payments.count() > 1

    def refund(self, line: OrderLine, units: int, amount: int, key: str) -> None:
        parts = [RefundPart(line, units, amount)]
        self.keys.append((key, line.order_id, parts))
        self.ask_refund(line.order, parts, key)

    def ask_refund(self, order: Order, parts: list[RefundPart], key: str) -> None:
        with contextlib.suppress(TooMuch):
            request_refund(order, parts, reason=Refund.Reason.GOODWILL, by=None, key=key)

    def refund_outside(self, charge: dict, amount: int) -> None:
        """Refund in the dashboard, which knows nothing of what we only intend."""
        left = charge["amount_captured"] - charge["amount_refunded"]
        # Card payments carry no last digit of three: neither does the dashboard.
        step = payable_step(charge["currency"].upper())
        if charge["captured"] and not charge["disputed"] and left >= step:
            self.control("refunds", {"charge": charge["id"], "amount": step * (1 + amount % (left // step))})

    # --- the end

    def finish(self) -> dict:
        """Let everything happen that is still to come, until nothing changes; return the sandbox's ledger."""
        self.control("faults", [])
        for turn in range(12):
            if turn == 1:
                # With Stripe answering, two turns of the sweep end what is to end.
                self.sweep()
                self.check_pages()
            if turn in {1, 4, 7}:
                # The rest runs out in time; also the page that follows a bank's refusal.
                self.a_day_passes()
            happened = len(self._let_happen()) if turn else 1
            happened += self.work_inbox() + self.sweep() + self.relay() + self.send_refunds() + self.carry_out()
            # Every 15 minutes in life: what else there is has long come to rest by then.
            happened = happened or self.reconcile()
            if not happened:
                return self.ledger()
        raise AssertionError("it never comes to rest")

    def _let_happen(self) -> list[str]:
        """Let happen whatever waits at the sandbox, but for authorisations that lapse: those wait for a week."""
        kept = {row["id"] for row in self.ledger()["payment_intents"] if row["status"] == "requires_capture"}
        if not kept:
            return self.control("jobs", {})["done"]
        subjects = [row["id"] for kind in ("sessions", "refunds") for row in self.ledger()[kind]]
        return [done for subject in subjects for done in self.hurry(subject)]

    def check_pages(self) -> None:
        """No page can be paid but that of an order which waits for its money."""
        wanted = set(Order.objects.filter(status="placed").values_list("number", flat=True))
        payable = {row["client_reference_id"] for row in self.ledger()["sessions"] if row["status"] == "open"}
        assert payable <= wanted

    def finish_refunds(self) -> dict:
        """As ``finish``, where nothing but refunds is still to come."""
        while self.send_refunds() + len(self._let_happen()) + self.work_inbox() or self.reconcile():
            pass
        return self.ledger()

    def refund_the_rest(self, order: Order, order_of_units: list[int]) -> None:
        """Pay back every unit of an order that is left, a few at a time."""
        turn = 0
        while True:
            lines = [line for line in order.lines.all() if line.refunded < line.quantity or refundable_minor(line)]
            if not lines:
                return
            turn += 1
            draw = order_of_units[turn % len(order_of_units)]
            line = lines[draw % len(lines)]
            units = min(1 + draw // 7, line.quantity - line.refunded)
            amount = units_minor(line, units) if units else refundable_minor(line)
            if amount == 0:
                # Its money went before its units did.
                OrderLine.objects.filter(pk=line.pk).update(refunded=F("refunded") + units)
                continue
            request_refund(
                order,
                [RefundPart(line, units, amount)],
                reason=Refund.Reason.GOODWILL,
                by=None,
                key=f"rest-{order.number}-{turn}",
            )

    def situations(self) -> set[str]:
        """Name what this example came to, so that a run can show that it saw everything."""
        seen = {row.kind for row in Event.objects.only("kind")}
        late = Event.objects.filter(kind="order.cancelled").values_list("facts__reason", flat=True)
        seen |= {f"money came back: {why}" for why in late}
        seen |= {f"refund {reason} {status}" for reason, status in Refund.objects.values_list("reason", "status")}
        seen |= {f"work: {reason}" for reason in WorkItem.objects.values_list("reason", flat=True)}
        if Payment.objects.filter(order__status="paid", order__events__kind="order.late_paid").exists():
            seen.add("paid late, and went on")
        spread = Refund.objects.filter(reason="outside", lines__amount_minor__gt=0)
        return seen | ({"outside refund spread"} if spread.exists() else set())
