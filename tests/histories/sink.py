"""Where the mails of a history end: each is taken apart as a mail program would, at the moment it comes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from typing import ClassVar

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from tests.histories.diary import Received


class SinkBackend(BaseEmailBackend):
    """Keeps every copy it is given, as bytes that were read again."""

    received: ClassVar[list[Received]] = []

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            mail = BytesParser(policy=policy.default).parsebytes(message.message().as_bytes())
            text = mail.get_body(("plain",)).get_content()
            subject, name = str(mail["Subject"]).strip(), str(mail["Message-ID"]).strip()
            for to in message.recipients():
                self.received.append(Received(datetime.now(UTC), to, subject, text, name))
        return len(email_messages)
