"""Keep mails as files instead of sending them: the demo shop and the tests."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class MailFolder(BaseEmailBackend):
    """One file per Message-ID, so that a mail sent twice is one mail, as for those who receive it."""

    def __init__(self, folder: str = "", **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.folder = Path(folder)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each message; return how many."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            mime = message.message()
            name = re.sub(r"[^A-Za-z0-9-]", "_", str(mime["Message-ID"]).strip("<>"))[:120]
            target = self.folder / f"{name}.eml"
            draft = target.with_suffix(f".{os.getpid()}.part")
            draft.write_bytes(mime.as_bytes(linesep="\r\n"))
            draft.replace(target)
        return len(email_messages)
