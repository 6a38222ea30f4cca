"""A support agent who pays customers back over the desk, sometimes with a nervous finger."""

from __future__ import annotations

import contextlib
import queue
import re
import threading
import time
from collections.abc import Callable
from urllib.parse import urljoin

from tests.chaos.browser import Browser, GaveUp
from tests.chaos.customers import LOOKS_AGAIN, Crowd, Note, at_once
from tests.journeys.stack import AGENT, PASSWORD


class Agent(threading.Thread):
    """Works on refunds until told that no more come. Every second click is a double click."""

    def __init__(self, crowd: Crowd) -> None:
        super().__init__(name="agent", daemon=True)
        self.crowd = crowd
        self.over = threading.Event()
        self.browser = Browser(crowd.stack.base, crowd.journal, crowd.flying, number=59_000)
        self._served = 0
        self._decided = 0

    def run(self) -> None:
        """Serve one customer after the other."""
        queues = (self.crowd.refunds_wanted, self.crowd.returns_wanted)
        while not (self.over.is_set() and all(one.empty() for one in queues)):
            with contextlib.suppress(queue.Empty):
                number = self.crowd.returns_wanted.get_nowait()
                self._guarded(number, lambda number=number: self.decide(number))
            with contextlib.suppress(queue.Empty):
                note = self.crowd.refunds_wanted.get(timeout=0.3)
                self._guarded(note.number, lambda note=note: self.serve(note))

    def _guarded(self, number: str, act: Callable[[], None]) -> None:
        try:
            act()
        except GaveUp as gone:
            self.crowd.journal.note("gave_up", customer=number, behaviour="agent", why=str(gone))
        except Exception as error:  # noqa: BLE001  (evidence, not the end of the run)
            why = f"{type(error).__name__}: {error}"[:2000]
            self.crowd.journal.note("customer_failed", customer=f"agent {number}", why=why)

    def decide(self, number: str) -> None:
        """Decide a return as the rule proposes, every second time with two clicks at once."""
        for _try in range(20):
            page = self.browser.ask("GET", "/desk/returns/")
            if page.status_code == 302:
                self.sign_in()
                continue
            found = re.search(rf'href="(/desk/returns/\d+/)"[^>]*>\s*{number}', page.text)
            if found:
                break
            time.sleep(0.5)
        else:
            raise GaveUp(f"{number} is not among the returns to decide")
        self._decided += 1
        for _try in range(LOOKS_AGAIN):
            screen = self.browser.ask("GET", found.group(1))
            target, values = self.browser.form(screen, "/desk/returns/")
            if "choice" not in values:
                raise GaveUp(f"nothing to decide about {number}")
            if self._decided % 2:
                at_once(lambda target=target, values=values: self.browser.once("POST", target, data=values), 2)
            answer = self.browser.ask("POST", target, data=values)
            # Anything else is the page anew: what it was about has moved meanwhile.
            if answer.status_code == 302:
                return
        raise GaveUp(f"the decision about {number} is never taken: {answer.status_code}")

    def sign_in(self) -> None:
        """Log in at the desk."""
        page = self.browser.ask("GET", "/account/login/?next=/desk/")
        if page.status_code == 302:
            return
        target, values = self.browser.form(page, "/account/login/")
        self.browser.ask("POST", target, data=values | {"login": AGENT, "password": PASSWORD})

    def serve(self, note: Note) -> None:
        """Open the customer's case for them, find it at the desk, and pay a little of the first line back."""
        self.complain(note)
        if self._served == 0:
            self.sign_in()
        self._served += 1
        ticket = self.find_ticket(note)
        page = self.browser.ask("GET", ticket)
        link = re.search(r'href="([^"]+/refund/)"', page.text)
        if link is None:
            raise GaveUp(f"no refund to give on {ticket}")
        refund = urljoin(page.url, link.group(1))
        target, values = self.browser.form(self.browser.ask("GET", refund), "/refund/")
        # Money only: units that no supplier has sent yet are cancelled, and not paid back.
        money = next(name for name in values if name.startswith("money_"))
        values |= {name: "0" for name in values if name.startswith("units_")} | {money: "1.50"}
        preview = self.browser.ask("POST", target, data=values)
        shown = re.search(r"<button[^>]*>Pay back €([\d.,]+)<", preview.text)
        if shown is None:
            raise GaveUp(f"no preview of a refund on {ticket} ({preview.status_code})")
        target, values = self.browser.form(preview, "/refund/")
        if self._served % 2:
            at_once(lambda: self.browser.once("POST", target, data=values), 2)
        answer = self.browser.ask("POST", target, data=values)
        minor = round(float(shown.group(1).replace(",", "")) * 100)
        if answer.status_code not in {302, 422}:
            raise GaveUp(f"the refund was answered {answer.status_code}")
        # 422: what this form asked for has been paid back by the click before.
        self.crowd.journal.note("refund_asked", number=note.number, amount_minor=minor, status=answer.status_code)

    def complain(self, note: Note) -> None:
        """Be the customer: say on the order's help page what is wrong."""
        customer = Browser(
            self.crowd.stack.base, self.crowd.journal, self.crowd.flying, number=int(note.email[9:-15]) + 1
        )
        for _try in range(30):
            page = customer.ask("GET", note.path + "help/?topic=damaged")
            if page.status_code == 200:
                break
            time.sleep(1)
        target, values = customer.form(page, "help/")
        lines = re.findall(r'name="lines" value="(\d+)"', page.text)
        values |= {"lines": lines[0], "topic": "damaged", "message": f"Broken, {note.number}."}
        answer = customer.ask("POST", target, data=values)
        if answer.status_code != 302:
            raise GaveUp(f"the complaint was answered {answer.status_code}")

    def find_ticket(self, note: Note) -> str:
        """Look the case up by its order's number."""
        for _try in range(10):
            page = self.browser.ask("GET", f"/desk/?q={note.number}")
            found = re.search(r'href="(/desk/tickets/\d+/)"', page.text)
            if found:
                return found.group(1)
            if page.status_code == 302:
                self.sign_in()
            time.sleep(0.5)
        raise GaveUp(f"no case of {note.number} at the desk")
