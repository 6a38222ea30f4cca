"""Who carries our messages, as the operator set it: a mail server or provider, and an account for text messages."""

from __future__ import annotations

import pkgutil
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import anymail.backends
import environ
from django.core.exceptions import ImproperlyConfigured

ANYMAIL_KEYS = {
    "brevo": "BREVO_API_KEY",
    "mailgun": "MAILGUN_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "resend": "RESEND_API_KEY",
    "sendgrid": "SENDGRID_API_KEY",
}
# Whatever else Anymail speaks; its settings are ANYMAIL_… of the environment.
PROVIDERS = {found.name for found in pkgutil.iter_modules(anymail.backends.__path__)}
PROVIDERS -= {"base", "base_requests", "console", "test"}


def mail_transport(url: str, folder: Path) -> dict[str, object]:
    """Return the settings of the backend that carries mail out of the house.

    ``url`` is EMAIL_URL: ``smtp://user:password@host:587`` (``smtp+tls``, ``smtp+ssl``; ``?timeout=5``
    waits other than 15 seconds), or the name of a provider with its key, as in ``postmark://TOKEN@``. Providers with
    more settings than one key are named alone (``mailjet://``), and read by ``read_anymail``.
    Empty: mails are kept as files in ``folder``, which ``/dev/mail/`` shows.

    Raises ImproperlyConfigured for a scheme nobody knows.
    """
    if not url:
        return {"backend": "notifications.transport.MailFolder", "options": {"folder": str(folder)}}
    parts = urlsplit(url)
    if parts.scheme in ANYMAIL_KEYS:
        return {
            "backend": f"anymail.backends.{parts.scheme}.EmailBackend",
            "anymail": {ANYMAIL_KEYS[parts.scheme]: unquote(parts.username or "")},
            "options": {},
        }
    if parts.scheme.replace("-", "_") in PROVIDERS:
        backend = f"anymail.backends.{parts.scheme.replace('-', '_')}.EmailBackend"
        return {"backend": backend, "options": {}}
    if parts.scheme not in {"smtp", "smtp+tls", "smtp+ssl"}:
        known = ", ".join(["smtp", "smtp+tls", "smtp+ssl", *sorted(PROVIDERS)])
        raise ImproperlyConfigured(f"EMAIL_URL begins with {parts.scheme!r}; known are: {known}.")
    options = {
        "host": parts.hostname or "localhost",
        "port": parts.port or 25,
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "use_tls": parts.scheme == "smtp+tls",
        "use_ssl": parts.scheme == "smtp+ssl",
        # A mail server that does not answer must not hold a worker for longer than its lease.
        "timeout": float(dict(parse_qsl(parts.query)).get("timeout", 15)),
    }
    return {"backend": "django.core.mail.backends.smtp.EmailBackend", "options": options}


def read_senders(env: environ.Env, transport: dict[str, object]) -> tuple[dict[str, object], dict[str, str]]:
    """Return the settings of those who carry our messages: of mail providers, and of text messages."""
    return read_anymail(env, transport), read_sms(env)


def read_anymail(env: environ.Env, transport: dict[str, object]) -> dict[str, object]:
    """Return the settings of the library that speaks to mail providers: every ANYMAIL_X of the environment is its X.

    As ANYMAIL_WEBHOOK_SECRET (``user:password``), without which no news of mails is taken in.
    """
    named = {name.removeprefix("ANYMAIL_"): value for name, value in env.ENVIRON.items() if name.startswith("ANYMAIL_")}
    # What goes along with a mail for our own use is left out where a provider has no place for it.
    return {"IGNORE_UNSUPPORTED_FEATURES": True, **transport.get("anymail", {}), **named}  # type: ignore[dict-item]


def read_inbound(env: environ.Env) -> tuple[list[str], dict[str, object]]:
    """Return the addresses at which customers write to us, and the mailbox that is read for them; empty: none is.

    INBOUND_IMAP_URL is ``imaps://user:password@host:993/INBOX`` (``imap+tls`` for STARTTLS; ``?timeout=20`` waits other
    than 20 seconds for an answer, ``?seconds=60`` looks every so often). Raises ImproperlyConfigured for any other.
    """
    url = env.str("INBOUND_IMAP_URL", default="").strip()
    helps = [one.strip().lower() for one in env.list("HELP_ADDRESS", default=[]) if one.strip()]
    if not url:
        return helps, {}
    parts = urlsplit(url)
    known = {"imaps": ("ssl", 993), "imap+tls": ("starttls", 143), "imap": ("", 143)}
    if parts.scheme not in known or not parts.hostname or not parts.username:
        raise ImproperlyConfigured("INBOUND_IMAP_URL is written imaps://user:password@host:993/INBOX (or imap+tls://).")
    security, port = known[parts.scheme]
    asked = dict(parse_qsl(parts.query))
    return helps, {
        "host": parts.hostname,
        "port": parts.port or port,
        "user": unquote(parts.username),
        "password": unquote(parts.password or ""),
        "security": security,
        "folder": unquote(parts.path.strip("/")).replace('"', "") or "INBOX",
        "timeout": float(asked.get("timeout", 20)),
        "seconds": float(asked.get("seconds", 60)),
    }


def read_sms(env: environ.Env) -> dict[str, str]:
    """Return the account that text messages are sent with; all empty: none are sent.

    Raises ImproperlyConfigured for half an account.
    """
    names = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM")
    account = {name.removeprefix("TWILIO_").lower(): env.str(name, default="").strip() for name in names}
    if any(account.values()) and not all(account.values()):
        raise ImproperlyConfigured("Set all of TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM, or none.")
    return account | {"base": env.str("TWILIO_API_BASE", default="https://api.twilio.com").rstrip("/")}
