from __future__ import annotations

import threading

from demo.payments.capturing import lapse
from demo.payments.checkout import end_session, found_session
from demo.payments.ledger import Job
from demo.payments.paying import settle_payment
from demo.payments.refunds import settle_refund
from demo.payments.sandbox import Sandbox

TICK_SECONDS = 0.1


class Clock(threading.Thread):
    """Does what happens by itself: sessions expire, banks and card networks answer late."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="clock", daemon=True)
        self.sandbox = sandbox

    def run(self) -> None:
        while not self.sandbox.stopping.is_set():
            if not self.do_one():
                self.sandbox.stopping.wait(TICK_SECONDS)

    def do_one(self) -> bool:
        """Do the job that is due first; False if none is due. A job and its effect are one change."""
        with self.sandbox.ledger.change():
            job = self.sandbox.ledger.take_due_job()
            if job is None:
                return False
            do_job(self.sandbox, job)
        return True


def do_job(sandbox: Sandbox, job: Job) -> None:
    """Let one thing happen; call it inside the change that takes the job."""
    if job.kind == "settle_payment":
        settle_payment(sandbox, job.subject, succeeds=job.detail["succeeds"])
    elif job.kind == "settle_refund":
        settle_refund(sandbox, job.subject, succeeds=job.detail["succeeds"])
    elif job.kind == "lapse":
        lapse(sandbox, job.subject)
    else:
        session = found_session(sandbox, job.subject)
        if session["status"] == "open":
            end_session(sandbox, session)
