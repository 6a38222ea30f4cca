"""A small IMAP server over a real socket: one folder, which tests fill, and which can misbehave."""

from __future__ import annotations

import re
import socketserver
import threading
from dataclasses import dataclass, field

USER, PASSWORD = "help@shop.example", "a secret"


@dataclass
class Kept:
    """One mail of the folder."""

    raw: bytes
    flags: set[str] = field(default_factory=set)


class ImapServer:
    """Listens on a port of this machine. ``mode``: ``cut_at_store`` ends the line before a mail is flagged, ``silent``
    never answers, ``refuse`` lets nobody in, ``lies_about_size`` says nothing of a size."""

    def __init__(self) -> None:
        self.mails: dict[int, Kept] = {}
        self.mode = ""
        self.fetched: list[str] = []
        self.sessions = 0
        self.closing = threading.Event()
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.sessions += 1
                if outer.mode == "silent":
                    outer.closing.wait(30)
                    return
                self.wfile.write(b"* OK ready\r\n")
                while line := self.rfile.readline(10_000):
                    if not outer._answer(self.wfile, line.decode().strip()):
                        return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def put(self, raw: bytes) -> int:
        """Lay a mail into the folder; return its number."""
        uid = len(self.mails) + 1
        self.mails[uid] = Kept(raw)
        return uid

    def unread(self) -> list[int]:
        return [uid for uid, mail in self.mails.items() if r"\Seen" not in mail.flags]

    def stop(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=10)

    def _answer(self, out, line: str) -> bool:
        tag, _blank, rest = line.partition(" ")
        command, _blank, words = rest.partition(" ")
        if command.upper() == "UID":
            command, _blank, words = words.partition(" ")
        told, state = self._do(out, command.upper(), words)
        if told is None:
            return False
        out.write(told + f"{tag} {state} done\r\n".encode())
        return command.upper() != "LOGOUT"

    def _do(self, out, command: str, words: str) -> tuple[bytes | None, str]:
        if command == "CAPABILITY":
            return b"* CAPABILITY IMAP4rev1\r\n", "OK"
        if command == "LOGIN":
            is_right = self.mode != "refuse" and words in {f'{USER} "{PASSWORD}"', f'"{USER}" "{PASSWORD}"'}
            return b"", "OK" if is_right else "NO"
        if command == "SELECT":
            return f"* {len(self.mails)} EXISTS\r\n".encode(), "OK"
        if command == "SEARCH":
            return f"* SEARCH {' '.join(map(str, self.unread()))}\r\n".encode(), "OK"
        if command == "FETCH":
            return self._fetch(words), "OK"
        if command == "STORE":
            if self.mode == "cut_at_store":
                return None, ""
            self.mails[int(words.split()[0])].flags.add(r"\Seen")
            return b"", "OK"
        return (b"* BYE\r\n", "OK") if command == "LOGOUT" else (b"", "BAD")

    def _fetch(self, words: str) -> bytes:
        uid, what = words.split(" ", 1)
        raw = self.mails[int(uid)].raw
        if "RFC822.SIZE" in what:
            size = "" if self.mode == "lies_about_size" else f"RFC822.SIZE {len(raw)}"
            return f"* {uid} FETCH (UID {uid} {size})\r\n".encode()
        self.fetched.append(what)
        part = re.search(r"<0\.(\d+)>", what)
        content = raw[: int(part[1])] if part else raw
        return f"* {uid} FETCH (UID {uid} BODY[] {{{len(content)}}}\r\n".encode() + content + b")\r\n"
