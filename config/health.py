"""What load balancers and operators ask."""

from __future__ import annotations

from datetime import timedelta

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from orders.models import RelayBeat

# The relay turns every second; so long without a turn means that nobody forwards orders.
RELAY_SILENT = timedelta(seconds=30)


def live(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as this process answers at all; asks nothing else."""
    return HttpResponse("ok", content_type="text/plain")


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 if the database answers and the relay turns, else 503; says which, never a secret."""
    try:
        beat = RelayBeat.objects.values_list("beat_at", flat=True).first()
    except DatabaseError:
        return JsonResponse({"database": False, "relay": False}, status=503)
    turns = beat is not None and timezone.now() - beat < RELAY_SILENT
    return JsonResponse({"database": True, "relay": turns}, status=200 if turns else 503)
