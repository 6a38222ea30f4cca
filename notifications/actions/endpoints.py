"""Tell the merchant's own systems of events: each in the lane of its address, until it is taken or given up."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

from django.db import transaction
from django.db.models import Exists, Min, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from notifications.models import Endpoint, EventDelivery, EventDeliveryStatus
from notifications.payload import body_of
from notifications.signing import signed_headers
from orders import lease
from orders.actions.work import open_work
from orders.models import Event, WorkItem
from shop.turns import is_over
from suppliers import outbound

# Tried for so long, then given up: whoever was away for a long weekend misses nothing.
TRIED_FOR = timedelta(days=5)
# How long a worker goes on sending in one lane; the last call comes on top, and both stay below the lease.
GOES_ON_SECONDS = 20
# How long two secrets sign after one took the other's place.
BOTH_SIGN_FOR = timedelta(days=1)
# So many events in a row not taken, and the address is left alone for a while.
BREAKS_AFTER = 3
# Their answer is not read; a few bytes show that there is one.
MOST_BYTES = 65_536
GONE = 410


def wanted_kinds() -> set[str]:
    """Return the kinds of events that somebody is told of. One small query."""
    return {kind for kinds in Endpoint.objects.filter(is_active=True).values_list("kinds", flat=True) for kind in kinds}


def owe_event(event: Event) -> None:
    """Write down that an event is to be told to each address that wants its kind, once. Safe to repeat."""
    endpoints = [one for one in Endpoint.objects.filter(is_active=True) if event.kind in one.kinds]
    if not endpoints:
        return
    now, body = timezone.now(), body_of(event)
    EventDelivery.objects.bulk_create(
        [
            EventDelivery(
                endpoint=endpoint,
                event=event,
                order=event.order,
                kind=event.kind,
                webhook_id=f"msg_{uuid4().hex}",
                body=body,
                due_at=now,
                give_up_at=now + TRIED_FOR,
            )
            for endpoint in endpoints
        ],
        ignore_conflicts=True,
    )
    _soon([endpoint.pk for endpoint in endpoints])


def _soon(pks: Iterable[int]) -> None:
    # One that fails keeps its pause, however much there is to tell.
    Endpoint.objects.filter(pk__in=pks, failing_since=None).update(due_at=Now())


def tell_endpoint(endpoint_id: int) -> None:
    """Send what is due to one address, oldest first, until something is not taken. Talks to the network."""
    endpoint = lease.take(Endpoint.objects.filter(is_active=True), endpoint_id)
    if endpoint is None:
        return
    stops_at = time.monotonic() + GOES_ON_SECONDS
    failures = endpoint.failures
    while not is_over(stops_at):
        # What failed before comes last: one event that is never taken must not stop the others.
        delivery = _waiting(endpoint).filter(due_at__lte=Now()).order_by("tries", "due_at", "pk").first()
        if delivery is None:
            break
        answer, failure = _send(endpoint, delivery)
        if not failure:
            failures = 0
            _note_taken(endpoint, delivery)
            continue
        failures += 1
        _note_failure(endpoint, delivery, answer, failure)
        if failures >= BREAKS_AFTER or answer is None or answer.retry_after:
            _rest(endpoint, failures, answer, failure)
            return
    lease.finish(endpoint, failures=failures)
    _wake(endpoint)


def _waiting(endpoint: Endpoint) -> QuerySet[EventDelivery]:
    return EventDelivery.objects.filter(endpoint=endpoint, status=EventDeliveryStatus.QUEUED)


def _wake(endpoint: Endpoint) -> None:
    """Let a lane be due when its next event is; also for one that came in while the lane was at work."""
    next_at = _waiting(endpoint).aggregate(at=Min("due_at"))["at"]
    if next_at is not None:
        Endpoint.objects.filter(pk=endpoint.pk, due_at=None).update(due_at=next_at)


def _send(endpoint: Endpoint, delivery: EventDelivery) -> tuple[outbound.Answer | None, str]:
    """Send one event; return the answer, and why it counts as not taken (empty: it was taken)."""
    body = delivery.body.encode()
    is_both = endpoint.former_secret and endpoint.former_until and endpoint.former_until > timezone.now()
    in_use = [endpoint.secret, *([endpoint.former_secret] if is_both else [])]
    headers = signed_headers(delivery.webhook_id, int(time.time()), body, in_use)
    try:
        answer = outbound.call(
            "POST",
            endpoint.url,
            allowed_hosts=[urlsplit(endpoint.url).hostname or ""],
            headers={"Content-Type": "application/json", **headers},
            raw_body=body,
            most_bytes=MOST_BYTES,
        )
    except (outbound.Forbidden, outbound.NeverConnected, outbound.Failed) as error:
        return None, f"{type(error).__name__}: {error}"
    return answer, "" if answer.is_ok else f"HTTP {answer.status}"


def _note_taken(endpoint: Endpoint, delivery: EventDelivery) -> None:
    now = timezone.now()
    with transaction.atomic():
        EventDelivery.objects.filter(pk=delivery.pk).update(
            status=EventDeliveryStatus.TAKEN, taken_at=now, due_at=None, tries=delivery.tries + 1, answer="taken"
        )
        Endpoint.objects.filter(pk=endpoint.pk).update(failing_since=None, last_good_at=now)


def _note_failure(endpoint: Endpoint, delivery: EventDelivery, answer: outbound.Answer | None, failure: str) -> None:
    now, tries = timezone.now(), delivery.tries + 1
    with transaction.atomic():
        due_at = now + timedelta(seconds=lease.pause_after(tries))
        EventDelivery.objects.filter(pk=delivery.pk, status=EventDeliveryStatus.QUEUED).update(
            tries=tries, due_at=due_at, answer=failure[:200]
        )
        if answer is not None and answer.status == GONE:
            # Their way of saying that they want no more (Standard Webhooks).
            Endpoint.objects.filter(pk=endpoint.pk).update(is_active=False)
            _give_up(endpoint, _waiting(endpoint))
        else:
            _give_up(endpoint, _waiting(endpoint).filter(give_up_at__lte=now))


def _rest(endpoint: Endpoint, failures: int, answer: outbound.Answer | None, failure: str) -> None:
    """Leave an address alone for a growing pause: nobody answers, it asks for it, or it takes nothing of anything."""
    Endpoint.objects.filter(pk=endpoint.pk, failing_since=None).update(failing_since=timezone.now())
    endpoint.failures = failures - 1
    lease.fail(endpoint, failure, retry_after=answer.retry_after if answer else None)


def _give_up(endpoint: Endpoint, waiting: QuerySet[EventDelivery]) -> None:
    count = waiting.update(status=EventDeliveryStatus.FAILED, due_at=None)
    if not count:
        return
    Endpoint.objects.filter(pk=endpoint.pk, given_up_at=None).update(given_up_at=timezone.now())
    summary = f"{endpoint.name} does not take what it is told: {count} events are given up."
    open_work(WorkItem.Reason.ENDPOINT_FAILED, endpoint, order=None, summary=summary)


def switch_off(endpoint: Endpoint) -> int:
    """Tell an address nothing any more; what still waits can be sent again by hand later. Return how much that is."""
    with transaction.atomic():
        Endpoint.objects.filter(pk=endpoint.pk).update(is_active=False, due_at=None, failing_since=None)
        return _waiting(endpoint).update(
            status=EventDeliveryStatus.FAILED, due_at=None, answer="switched off before it was taken"
        )


def tell_again(deliveries: QuerySet[EventDelivery]) -> int:
    """Send events once more, taken or given up, with their own ids; return how many. Not to addresses out of use."""
    now = timezone.now()
    found = deliveries.filter(endpoint__is_active=True).exclude(status=EventDeliveryStatus.QUEUED)
    pks = list(found.values_list("pk", "endpoint_id"))
    with transaction.atomic():
        count = EventDelivery.objects.filter(pk__in=[pk for pk, _endpoint in pks]).update(
            status=EventDeliveryStatus.QUEUED, due_at=now, tries=0, give_up_at=now + TRIED_FOR
        )
        endpoints = Endpoint.objects.filter(pk__in={endpoint for _pk, endpoint in pks})
        failed = EventDelivery.objects.filter(endpoint=OuterRef("pk"), status=EventDeliveryStatus.FAILED)
        endpoints.filter(~Exists(failed)).update(given_up_at=None)
        # Somebody has looked after it: it is tried now, whatever its pause.
        endpoints.filter(lease.is_free()).update(due_at=now, failures=0)
    return count


def change_secret(endpoint: Endpoint, secret: str) -> None:
    """Sign with a new secret from now on, and with the one before for a day longer."""
    Endpoint.objects.filter(pk=endpoint.pk).update(
        secret=secret, former_secret=endpoint.secret, former_until=timezone.now() + BOTH_SIGN_FOR
    )
    endpoint.refresh_from_db()


def has_waiting() -> Q:
    """Endpoints in use with something to tell: for whoever looks that none of them sleeps."""
    waiting = EventDelivery.objects.filter(endpoint=OuterRef("pk"), status=EventDeliveryStatus.QUEUED)
    return Q(Exists(waiting), is_active=True)
