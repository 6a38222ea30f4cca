"""Private files: only who has the file's own unguessable link, an agent, or a supplier with a signed one."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from support.actions.solve import photo_of
from support.models import Attachment, TicketMessage


@require_safe
def attachment(request: HttpRequest, token: str) -> HttpResponse:
    found = get_object_or_404(Attachment.objects.select_related("message"), token=token)
    is_agent = request.user.has_perm("support.change_ticket")
    if found.message.thread != TicketMessage.Thread.CUSTOMER and not is_agent:
        raise Http404
    return _answer(found)


@require_safe
def photo(request: HttpRequest, signed: str) -> HttpResponse:
    found = photo_of(signed)
    if found is None:
        raise Http404
    return _answer(found)


def _answer(found: Attachment) -> HttpResponse:
    try:
        with found.file.open("rb") as opened:
            # At most UPLOAD_LIMIT_BYTES.
            content = opened.read()
    except FileNotFoundError as error:
        raise Http404 from error
    # The type is the checked one; the browser must not guess another, nor run anything.
    response = HttpResponse(content, content_type=found.content_type)
    response["Content-Disposition"] = f'inline; filename="photo{found.extension}"'
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "private, no-store"
    return response
