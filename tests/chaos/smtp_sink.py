"""A mail server that keeps every copy it was given, and can be told to misbehave."""

from __future__ import annotations

import contextlib
import socketserver
import threading
import time
from dataclasses import dataclass
from email import policy
from email.parser import BytesParser


@dataclass(frozen=True, slots=True)
class Received:
    """One copy of a mail, as it came over the wire."""

    at: float
    to: str
    subject: str
    message_id: str


# How servers refuse a recipient, and a whole mail.
REFUSALS = {
    "no_such_user": "550 5.1.1 no such user",
    "plain_550": "550 no such mailbox here",
    "mailbox_full": "552 5.2.2 mailbox full",
    "not_relaying": "550 5.7.1 relaying denied",
}
REFUSED_MAILS = {"spam": "554 5.7.1 this looks like spam"}


class Cut(Exception):
    """The connection ends here without a word."""


class SmtpSink:
    """Listens on a port of this machine; ``mode`` is what it does to the next ``turns`` mails.

    ``cut_after_data`` keeps the mail and cuts the line before it says so; ``refuse_data`` and
    ``refuse_rcpt`` refuse for now; ``slow`` answers after ``seconds``; ``busy`` sends callers away. The
    modes of REFUSALS refuse in their own words.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.hits: dict[str, int] = {}
        self.mode, self.turns, self.seconds = "", 0, 0.0
        self._lock = threading.Lock()
        self._server: socketserver.ThreadingTCPServer | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        """Listen, on the same port as before."""
        sink = self

        class Conversation(socketserver.StreamRequestHandler):
            timeout = 20

            def handle(self) -> None:
                with contextlib.suppress(Cut, OSError):
                    sink.converse(self)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, request: object, client_address: object) -> None:
                """Stay silent: callers are killed in the middle of a sentence here."""

        self._server = Server(("127.0.0.1", self.port), Conversation)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        """Stop listening: callers are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def misbehave(self, mode: str, turns: int, seconds: float = 0) -> None:
        """Do this to so many mails (or callers) from now on."""
        with self._lock:
            self.mode, self.turns, self.seconds = mode, turns, seconds
            self.hits[mode] = 0

    def behave(self) -> None:
        """Be good again."""
        with self._lock:
            self.mode, self.turns = "", 0

    def _turn(self, mode: str) -> bool:
        with self._lock:
            if self.mode != mode or self.turns < 1:
                return False
            self.turns -= 1
            self.hits[mode] += 1
            return True

    def converse(self, line: socketserver.StreamRequestHandler) -> None:
        """Speak with one caller until it goes."""

        def say(text: str) -> None:
            line.wfile.write(f"{text}\r\n".encode())

        if self._turn("busy"):
            say("421 too busy")
            return
        say("220 sink")
        recipient = ""
        while words := line.rfile.readline(2000).decode(errors="replace").strip():
            verb = words.upper()
            if verb.startswith("QUIT"):
                say("221 bye")
                return
            if verb.startswith("RCPT"):
                recipient = words.partition("<")[2].rpartition(">")[0]
                say(self._answer_to_recipient())
            elif verb.startswith("DATA"):
                say("354 go on")
                say(self._take(recipient, line))
            else:
                say("250 ok")

    def _answer_to_recipient(self) -> str:
        refusal = REFUSALS.get(self.mode, "450 later")
        return refusal if self.mode in {*REFUSALS, "refuse_rcpt"} and self._turn(self.mode) else "250 ok"

    def _take(self, recipient: str, line: socketserver.StreamRequestHandler) -> str:
        lines = []
        while (piece := line.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(piece)
        if not piece:
            raise Cut
        if self._turn("refuse_data"):
            return "451 later"
        if self.mode in REFUSED_MAILS and self._turn(self.mode):
            return REFUSED_MAILS["spam"]
        if self._turn("slow"):
            time.sleep(self.seconds)
        mail = BytesParser(policy=policy.default).parsebytes(b"".join(lines), headersonly=True)
        copy = Received(time.time(), recipient, str(mail["Subject"]).strip(), str(mail["Message-ID"]))
        with self._lock:
            self.received.append(copy)
        if self._turn("cut_after_data"):
            raise Cut
        return "250 taken"
