"""Which mails no person wrote: answered, two machines would write to each other for ever (RFC 3834)."""

from __future__ import annotations

import re
from email.utils import parseaddr

from django.conf import settings

from notifications.inbound.letter import Letter

# Any of these headers at all.
ANY = ("x-autoreply", "x-autorespond", "x-auto-response-suppress", "x-failed-recipients", "x-loop")
LISTS = ("list-id", "list-post", "list-unsubscribe")
MASS = {"bulk", "junk", "list", "auto_reply"}
NOBODY = re.compile(r"^(?:mailer-daemon|postmaster|bounces?|no-?reply|do-?not-?reply)(?:[+.=-].*)?$")


def why_automatic(letter: Letter) -> str:
    """Say why a mail counts as a machine's; empty for a person's."""
    heads = letter.heads
    local = letter.sender.partition("@")[0]
    rules = (
        (heads.get("auto-submitted", "no").partition(";")[0].strip().lower() not in {"no", ""}, "an automatic answer"),
        (heads.get("precedence", "").strip().lower() in MASS, "sent to many"),
        (any(name in heads for name in ANY), "an automatic answer"),
        (any(name in heads for name in LISTS), "of a mailing list"),
        (letter.is_report, "a delivery report"),
        (heads.get("return-path", "").replace(" ", "") == "<>", "a delivery report"),
        (bool(NOBODY.match(local)), "from an address that nobody reads"),
        (letter.sender in own_addresses() or without_tag(letter.sender) in own_addresses(), "from ourselves"),
    )
    return next((why for fits, why in rules if fits), "")


def without_tag(address: str) -> str:
    """Return an address without what stands between its plus and its at."""
    local, at, domain = address.lower().partition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def help_addresses() -> set[str]:
    """Return the addresses at which customers write to us, without tags."""
    return {without_tag(one) for one in (settings.REPLY_ADDRESS, *settings.HELP_ADDRESSES) if one}


def own_addresses() -> set[str]:
    """Return every address that our own mails come from or are answered at."""
    ours = {parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower(), (settings.INBOUND_IMAP or {}).get("user", "").lower()}
    return help_addresses() | (ours - {""})
