"""Customers who buy over HTTP: each keeps a note of what they were promised, and that note is evidence."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

from tests.chaos.browser import Browser, GaveUp, InFlight
from tests.chaos.journal import Journal
from tests.chaos.plan import Errand
from tests.journeys.stack import Stack

NUMBER = re.compile(r"Order ([A-Z]{2}-\d+)")
LINE = re.compile(r'name="lines" value="(\d+)"')
CARD = {"outcome": "card", "number": "4242424242424242", "expiry": "12 / 34", "cvc": "123"}
DECLINED = {"outcome": "4000000000000002"}
# So often somebody begins anew with a page that says that something has changed meanwhile.
LOOKS_AGAIN = 8


class PageEnded(Exception):
    """The pay page says that it can no longer be paid."""


@dataclass
class Note:
    """What a customer knows of one order: the acknowledged number, the goods and what they cost."""

    number: str
    email: str
    name: str
    line1: str
    behaviour: str
    goods: dict[str, int]
    total_minor: int
    path: str = ""


@dataclass
class Crowd:
    """All customers of a run, and what they have to remember. ``may_start`` holds an order back for the nemesis."""

    stack: Stack
    journal: Journal
    goods: Mapping[str, list[str]]
    may_start: Callable[[int], None]
    flying: InFlight = field(default_factory=InFlight)
    started: int = 0
    refunds_wanted: queue.Queue[Note] = field(default_factory=queue.Queue)
    # Numbers of returns that an agent must decide.
    returns_wanted: queue.Queue[str] = field(default_factory=queue.Queue)
    pages: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def find_pages(self) -> None:
        """Learn from the sitemap on which page each article is sold."""
        window = Browser(self.stack.base, self.journal, self.flying, number=0)
        files = re.findall(r"<loc>([^<]+)</loc>", window.ask("GET", "/sitemap.xml").text)
        texts = [window.ask("GET", file).text for file in files]
        for address in [one for text in texts for one in re.findall(r"<loc>([^<]+/p/[^<]+)</loc>", text)]:
            if "/de/" in address:
                # The same page in another language.
                continue
            found = re.search(r'name="variant" value="([^"]+)"', window.ask("GET", address).text)
            if found:
                self.pages[found.group(1)] = address
        missing = {sku for skus in self.goods.values() for sku in skus} - set(self.pages)
        assert not missing, f"not for sale: {missing}"

    def run(self, errands: list[Errand], *, threads: int, per_second: float) -> None:
        """Let all customers buy, so many at once, at most so many begun each second."""
        waiting = queue.SimpleQueue()
        for errand in errands:
            waiting.put(errand)
        pace = threading.Lock()

        def serve() -> None:
            while True:
                with pace:
                    try:
                        errand = waiting.get_nowait()
                    except queue.Empty:
                        return
                    self.may_start(errand.index)
                    with self._lock:
                        self.started += 1
                    time.sleep(1 / per_second)
                self._shop(errand)

        workers = [threading.Thread(target=serve, name=f"customer-{place}") for place in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    def _shop(self, errand: Errand) -> None:
        try:
            Customer(self, errand).buy()
        except GaveUp as gone:
            self.journal.note("gave_up", customer=errand.index, behaviour=errand.behaviour, why=str(gone))
        except Exception as error:  # noqa: BLE001  (one customer's trouble is evidence, not the end of the run)
            self.journal.note("customer_failed", customer=errand.index, why=f"{type(error).__name__}: {error}"[:2000])


class Customer:
    """One errand."""

    def __init__(self, crowd: Crowd, errand: Errand) -> None:
        self.crowd, self.errand = crowd, errand
        self.browser = Browser(crowd.stack.base, crowd.journal, crowd.flying, number=errand.index + 1)
        self.goods = {
            crowd.goods[slug][pick]: quantity
            for slug, pick, quantity in zip(errand.suppliers, errand.picks, errand.quantities, strict=True)
        }
        self.email = f"customer-{errand.index}@buyers.example"
        self.name = f"Kim Buyer {errand.index}"
        self.line1 = f"{errand.index + 1} Harbour Road"
        # What the shop said when it did not take something.
        self.refused: list[str] = []

    def buy(self) -> None:
        """Do the errand."""
        behaviour = self.errand.behaviour
        self.fill_basket()
        pay_page = self.check_out(twice=behaviour == "double_click")
        note = self.read_pay_page(pay_page)
        if behaviour == "abandons":
            return
        self.dither(pay_page)
        try:
            back = self.pay(pay_page, twice=behaviour == "double_click")
        except PageEnded:
            # The shop may end the page of an order that a newer one has replaced; no other.
            if behaviour != "old_tab":
                raise GaveUp("the pay page has expired") from None
            return
        self.crowd.journal.note("paid", number=note.number)
        if behaviour not in {"closes_tab", "pays_late"}:
            self.come_back(back, note)
        if note.path:
            self.look_back(note)

    def look_back(self, note: Note) -> None:
        """Do what comes after buying: nothing, for most."""
        behaviour = self.errand.behaviour
        if behaviour == "wants_refund":
            self.crowd.refunds_wanted.put(note)
        if behaviour == "withdraws":
            self.withdraw(note)
        if behaviour == "wants_new":
            self.want_new(note)

    def dither(self, pay_page: str) -> None:
        """Do what comes before paying: nothing, for most."""
        if self.errand.behaviour == "old_tab":
            self.change_mind()
        if self.errand.behaviour == "declined_first":
            self.browser.ask("POST", pay_page, data=DECLINED)
        if self.errand.behaviour == "pays_late":
            time.sleep(6)

    def fill_basket(self) -> None:
        """Put all goods in; whoever was cut off in the middle begins anew rather than order twice."""
        while True:
            cuts = self.browser.cuts
            first = next(iter(self.goods))
            page = self.browser.ask("GET", self.crowd.pages[first])
            _target, values = self.browser.form(page, "/basket/add/")
            for sku, quantity in self.goods.items():
                posted = values | {"variant": sku, "quantity": str(quantity)}
                added = self.browser.once("POST", "/basket/add/", data=posted)
                if added is None or added.status_code != 302 or "added=" not in added.headers["Location"]:
                    break
            else:
                if cuts == self.browser.cuts:
                    return
            self.browser.forget()
            time.sleep(0.5)

    def check_out(self, *, twice: bool = False) -> str:
        """Order; return the address of the pay page."""
        for _try in range(40):
            page = self.browser.ask("GET", "/checkout/")
            if page.status_code == 302:
                raise GaveUp("the basket is empty")
            _target, values = self.browser.form(page, "/checkout/")
            values |= {"email": self.email, "name": self.name, "line1": self.line1, "city": "Dublin"}
            values |= {"postcode": "D02 X285", "country": "IE"}
            values.pop("look", None)
            if twice:
                clicks = at_once(lambda values=values: self.browser.once("POST", "/checkout/", data=values), 2)
                answer = next((click for click in clicks if click is not None and click.status_code < 500), None)
            else:
                answer = self.browser.once("POST", "/checkout/", data=values)
            target = answer.headers.get("Location", "") if answer is not None else ""
            if "/pay/" in target:
                return target
            # The pay page does not answer, or the line was cut: the order is kept, and a person tries again.
            time.sleep(0.7)
        raise GaveUp("no pay page")

    def read_pay_page(self, pay_page: str) -> Note:
        """Read number and total where the customer sees them, and remember the order as acknowledged."""
        page = self.browser.ask("GET", pay_page)
        number = NUMBER.search(page.text)
        total = re.search(r"<title>Pay €([\d.,]+)", page.text)
        if number is None or total is None:
            raise GaveUp(f"a pay page without number: {page.status_code} {page.text[:300]}")
        minor = int(total.group(1).replace(",", "").replace(".", ""))
        note = Note(number.group(1), self.email, self.name, self.line1, self.errand.behaviour, dict(self.goods), minor)
        self.crowd.journal.note("acknowledged", **vars(note))
        return note

    def change_mind(self) -> None:
        """Put one thing more into the basket and order again; the first pay page stays open in its tab."""
        sku = next(iter(self.goods))
        page = self.browser.ask("GET", self.crowd.pages[sku])
        _target, values = self.browser.form(page, "/basket/add/")
        self.browser.ask("POST", "/basket/add/", data=values | {"variant": sku, "quantity": "1"})
        second = self.check_out()
        page = self.browser.ask("GET", second)
        self.crowd.journal.note("second_order", number=NUMBER.search(page.text).group(1))  # type: ignore[union-attr]

    def pay(self, pay_page: str, *, twice: bool = False) -> str:
        """Pay by card; return the way back to the shop."""
        if twice:
            at_once(lambda: self.browser.once("POST", pay_page, data=CARD), 2)
        for _try in range(40):
            answer = self.browser.ask("POST", pay_page, data=CARD)
            if answer.status_code == 303:
                return answer.headers["Location"]
            if "This payment is complete" in answer.text:
                found = re.search(r'href="([^"]+/checkout/return/[^"]+)"', answer.text)
                return found.group(1).replace("&amp;", "&") if found else ""
            if "expired" in answer.text:
                raise PageEnded
            time.sleep(0.5)
        raise GaveUp("the card was not taken")

    def come_back(self, back: str, note: Note) -> None:
        """Return to the shop and see the order page."""
        answer = self.browser.ask("GET", back)
        note.path = answer.headers.get("Location", "").partition("?")[0]
        if note.path and self.errand.index % 3 == 0:
            page = self.browser.ask("GET", note.path)
            seen = NUMBER.search(page.text)
            if seen is None or seen.group(1) != note.number:
                self.crowd.journal.note("wrong_page", number=note.number, status=page.status_code)

    def want_new(self, note: Note) -> None:
        """Wait until something has come, say that it is faulty, and ask for the same again."""
        path = note.path + "returns/new/"
        for _try in range(LOOKS_AGAIN):
            page = self._something_came(path)
            if page is None:
                return
            # A parcel that goes back meanwhile is offered no more, and the page says so: then they look again.
            if number := self.ask_anew(note, page):
                self.crowd.returns_wanted.put(number)
                return
        raise GaveUp(f"the request for a replacement of {note.number} is never taken: {self.refused[-1]}")

    def _something_came(self, path: str) -> requests.Response | None:
        """Return the page that asks what is to go back, once there is something; None: nothing is to be had."""
        for _try in range(60):
            page = self.browser.ask("GET", path)
            if LINE.search(page.text):
                return page
            time.sleep(1)
        return None

    def ask_anew(self, note: Note, page: requests.Response) -> str:
        """Ask for the first line of a page again; return the request's number, empty if something moved meanwhile."""
        path = note.path + "returns/new/"
        line = LINE.search(page.text).group(1)  # type: ignore[union-attr]
        _target, values = self.browser.form(page, "returns/new/")
        wanted = values | {"lines": [line], "reason": "defective", "solution": "replacement"}
        preview = self.browser.ask("POST", path, data=wanted)
        if preview.status_code == 422:
            self.refused.append(f"422 {words_of(preview.text)}")
            return ""
        _target, values = self.browser.form(preview, "returns/new/")
        values = {name: value for name, value in values.items() if name != "change"} | {"send": "1"}
        if self.errand.index % 2:
            at_once(lambda: self.browser.once("POST", path, data=values), 2)
        answer = self.browser.ask("POST", path, data=values)
        number = re.search(r"RT-\d+", answer.headers.get("Location", ""))
        if number is None and (answer.status_code == 422 or "returns/new/" in answer.headers.get("Location", "")):
            self.refused.append(f"{answer.status_code} {words_of(answer.text)}")
            return ""
        if number is None:
            raise GaveUp(f"the request for a replacement was answered {answer.status_code}")
        self.crowd.journal.note("new_wanted", number=note.number, back=number.group(0))
        return number.group(0)

    def withdraw(self, note: Note) -> None:
        """Withdraw from the whole contract on its page, in two steps; every second customer clicks twice."""
        # The later ones have their goods by then.
        time.sleep(self.errand.index % 5 * 2)
        for _try in range(LOOKS_AGAIN):
            if self._is_withdrawn(note):
                return
        raise GaveUp(f"the withdrawal from {note.number} is never taken: {self.refused[-1]}")

    def _is_withdrawn(self, note: Note) -> bool:
        """Withdraw from all that the page offers; False where something moved meanwhile, which the page then says."""
        path = note.path + "withdraw/"
        page = self.browser.ask("GET", path)
        lines = sorted(set(re.findall(r'name="lines" value="(\d+)"', page.text)))
        if not lines:
            # All of it is on its way back to its sender.
            return True
        _target, values = self.browser.form(page, "withdraw/")
        preview = self.browser.ask("POST", path, data=values | {"lines": lines})
        if 'name="confirm"' not in preview.text:
            self.refused.append(f"{preview.status_code} {words_of(preview.text)}")
            return False
        _target, values = self.browser.form(preview, "withdraw/")
        values = {name: value for name, value in values.items() if name != "change"} | {"lines": lines, "confirm": "1"}
        if self.errand.index % 2:
            at_once(lambda: self.browser.once("POST", path, data=values), 2)
        answer = self.browser.ask("POST", path, data=values)
        if answer.status_code != 302 or "done=" not in answer.headers.get("Location", ""):
            self.refused.append(f"{answer.status_code} {words_of(answer.text)} for {sorted(values.items())}")
            return False
        self.crowd.journal.note("withdrawn", number=note.number)
        return True


def words_of(page: str) -> str:
    """Return what stands on a page between its tags, from its headline on."""
    return " ".join(re.sub(r"<[^>]*>", " ", page[max(0, page.find("<h1")) :]).split())[:1500]


def at_once(click: Callable[[], Any], times: int) -> list[requests.Response | None]:
    """Do the same thing several times at the same moment."""
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(click())) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
