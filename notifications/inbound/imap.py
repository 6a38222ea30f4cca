"""Speak IMAP: find what nobody has read, fetch it, flag it as read. Every answer has a time limit."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType

SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")
# Of a mail that is larger than we take, so much is read: who wrote it, and how it begins.
BEGINNING = 64 * 1024


class MailboxFailed(Exception):
    """The server did not do what it was asked; the text says what, without any secret."""


class ImapReader:
    """One connection to one folder of a mailbox; use it as a context manager.

    ``where`` holds host, port, user, password, security (``ssl``, ``starttls`` or empty), folder and timeout.
    Every failure, of the line or of the server, is a MailboxFailed.
    """

    def __init__(self, where: Mapping[str, str | int | float]) -> None:
        self.where = where

    def __enter__(self) -> ImapReader:
        try:
            self.line = self._connect()
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailboxFailed(f"cannot be reached: {type(error).__name__}") from None
        try:
            if self.where["security"] == "starttls":
                # Before anything secret is said; a server that cannot is not spoken to.
                self.line.starttls(ssl.create_default_context())
            self.line.login(str(self.where["user"]), str(self.where["password"]))
            self._ask("select", f'"{self.where["folder"]}"')
        except (OSError, imaplib.IMAP4.error, MailboxFailed) as error:
            self._hang_up()
            # The server's words may repeat what we sent.
            raise MailboxFailed(f"cannot be opened: {type(error).__name__}") from None
        return self

    def _connect(self) -> imaplib.IMAP4:
        host, port, wait = str(self.where["host"]), int(self.where["port"]), float(self.where["timeout"])
        if self.where["security"] == "ssl":
            return imaplib.IMAP4_SSL(host, port, ssl_context=ssl.create_default_context(), timeout=wait)
        return imaplib.IMAP4(host, port, timeout=wait)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError, imaplib.IMAP4.error):
            self.line.logout()
        self._hang_up()

    def _hang_up(self) -> None:
        with suppress(OSError):
            self.line.shutdown()

    def unread(self, most: int) -> list[str]:
        """Return the numbers of the oldest mails that nobody has read."""
        (found,) = self._ask("uid", "SEARCH", "UNSEEN")[:1] or [b""]
        return [one.decode("ascii", "replace") for one in (found or b"").split()[:most]]

    def size(self, uid: str) -> int:
        """Return how large a mail is, in bytes."""
        answer = b" ".join(part for part in self._ask("uid", "FETCH", uid, "(RFC822.SIZE)") if isinstance(part, bytes))
        found = SIZE.search(answer)
        if found is None:
            raise MailboxFailed("does not say how large a mail is")
        return int(found[1])

    def fetch(self, uid: str, *, is_whole: bool = True) -> bytes:
        """Return a mail's source, or how it begins, and leave it unread."""
        part = "(BODY.PEEK[])" if is_whole else f"(BODY.PEEK[]<0.{BEGINNING}>)"
        for answer in self._ask("uid", "FETCH", uid, part):
            if isinstance(answer, tuple):
                return bytes(answer[1])
        raise MailboxFailed("does not give a mail out")

    def mark_read(self, uid: str) -> None:
        """Flag a mail as read."""
        self._ask("uid", "STORE", uid, "+FLAGS", r"(\Seen)")

    def _ask(self, command: str, *words: str) -> list:
        try:
            state, answer = getattr(self.line, command)(*words)
        except (OSError, imaplib.IMAP4.error) as error:
            raise MailboxFailed(f"{command} failed: {type(error).__name__}") from None
        if state != "OK":
            raise MailboxFailed(f"{command} was refused")
        return answer
