"""Signed links that need no log-in: to what somebody wants to be told, and to stop one kind of it."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.urls import reverse

from notifications.models import Correspondent

# Not for ever the same key as other signatures: what is signed here opens nothing else.
_SALT = "notifications.choices"


def token_of(correspondent: Correspondent) -> str:
    """Return the text in links by which somebody is known: their row's id, signed; no address stands in it."""
    return Signer(salt=_SALT, sep="~").sign(str(correspondent.pk))


def correspondent_of(token: str) -> Correspondent | None:
    """Return whose link it is; None for a text that we have not signed. One query."""
    try:
        pk = Signer(salt=_SALT, sep="~").unsign(token)
    except BadSignature:
        return None
    return Correspondent.objects.filter(pk=pk).first()


def choices_path(correspondent: Correspondent) -> str:
    """Return the path of somebody's page about messages."""
    return reverse("notifications:choices", args=[token_of(correspondent)])


def stop_path(correspondent: Correspondent, kind: str) -> str:
    """Return the path that stops one kind, by a button or at one click of a mail program (RFC 8058)."""
    return reverse("notifications:stop", args=[token_of(correspondent), kind])
