"""Private files: only who has the file's own unguessable link, an agent, or a supplier with a signed one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from shop.access import note_access
from shop.models import AccessLog
from support.models import Attachment, TicketMessage
from support.returning.words import photo_of
from support.uploads import thumbnail


@require_safe
def attachment(request: HttpRequest, token: str) -> HttpResponse:
    return answer_with(_of(request, token))


@require_safe
def small(request: HttpRequest, token: str) -> HttpResponse:
    """Show a photo small, so that a page of them stays light."""
    found = _of(request, token)
    if not found.is_picture:
        raise Http404
    return answer_with(found, is_small=True)


def _of(request: HttpRequest, token: str) -> Attachment:
    found = get_object_or_404(Attachment.objects.select_related("message"), token=token)
    is_agent = request.user.has_perm("support.change_ticket")
    is_theirs = found.message.thread == TicketMessage.Thread.CUSTOMER and found.message.held_until is None
    if not is_theirs and not is_agent:
        raise Http404
    if is_agent:
        note_access(request.user, AccessLog.Kind.FILE, f"attachment:{found.pk}", "support:attachment")
    return found


@require_safe
def photo(request: HttpRequest, signed: str) -> HttpResponse:
    found = photo_of(signed)
    if found is None:
        raise Http404
    return answer_with(found)


def answer_with(found: Attachment, *, is_small: bool = False) -> HttpResponse:
    """Answer with a file, so that no browser guesses its type, runs anything in it, or keeps it."""
    try:
        with found.file.open("rb") as opened:
            # At most UPLOAD_LIMIT_BYTES.
            content = opened.read()
    except FileNotFoundError as error:
        raise Http404 from error
    # The type is the checked one; the browser must not guess another, nor run anything.
    if is_small:
        response = HttpResponse(thumbnail(content), content_type="image/jpeg")
    else:
        response = HttpResponse(content, content_type=found.content_type)
    # What is no picture is opened by a program of its own, not inside the page.
    way, name = ("inline", "photo") if found.is_picture else ("attachment", "document")
    response["Content-Disposition"] = f'{way}; filename="{name}{".jpg" if is_small else found.extension}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response
