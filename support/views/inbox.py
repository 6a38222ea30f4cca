"""The inbox: cases by view, search, the next case, and views of one's own."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST

from orders.progress import order_word
from support.actions.assign import take_next
from support.actions.bulk import DEEDS
from support.agents import agent_of, names_on_duty, settings_of, unread_notes
from support.due import due_of, due_words, span
from support.figures import median_today
from support.forms_desk import SavedViewForm
from support.inbox import PER_PAGE, VIEWS, Asked, arrived, counts, next_due, page_of, people_in
from support.models import SavedView, Ticket, Topic
from support.presence import who_is_in
from support.states import TicketStatus
from support.views.guard import agents_only

MOST_PAGES = 1000


@agents_only
def inbox(request: HttpRequest) -> HttpResponse:
    now, asked = timezone.now(), Asked.of(request.GET)
    numbers = counts(request.user, now)
    page = _page(request, asked.rule(request.user, now), now)
    agent = agent_of(request.user, now=now)
    request.desk_agent = agent  # type: ignore[attr-defined]
    context = {
        "asked": asked,
        "views": _views(asked, numbers),
        "saved": agent.views,
        "page_obj": page,
        "querystring": asked.querystring(),
        "query": asked.query,
        "now": now,
        "desk_section": "inbox",
        "deeds": DEEDS,
        "numbers": numbers,
        "median": (median := median_today()) is not None and span(median),
        "title": _title(asked),
        "is_on_duty": agent.is_on_duty,
        "duty": names_on_duty(),
        "notes": unread_notes(request.user, now) if agent.is_on_duty else [],
        "empty": "" if page.object_list else _empty(asked, now),
        "topics": Topic.choices,
        "priorities": Ticket.Priority.choices,
        "states": TicketStatus.choices,
        "save_form": SavedViewForm(profile=agent.profile, initial={"query": asked.querystring()}, prefix="save"),
    }
    return render(request, "desk/inbox.html", context)


def _views(asked: Asked, numbers: dict[str, int]) -> list[tuple[str, Any, int, bool]]:
    is_plain = not asked.is_narrowed
    return [(name, label, numbers[name], is_plain and name == asked.view) for name, label in VIEWS.items()]


def _title(asked: Asked) -> str:
    if asked.query:
        return _("Search")
    return str(VIEWS[asked.view])


def _page(request: HttpRequest, rule: Q, now: Any) -> Page:
    wanted = request.GET.get("page", "")
    number = max(1, min(int(wanted), MOST_PAGES)) if wanted.isdecimal() else 1
    rows, total = page_of(rule, number)
    if not rows and number > 1:
        # There were more a moment ago, or somebody typed a number.
        number, (rows, total) = 1, page_of(rule, 1)
    people_in(rows, who_is_in([row.pk for row in rows], besides=request.user))
    for row in rows:
        row.due = due_of(row, now)
        row.age = span((now - row.opened_at).total_seconds())
        row.word = order_word(row.order) if row.order else None
        row.merge_url = f"{reverse('desk:details', args=[row.pk])}#merge" if row.siblings > 1 else ""
    page = Paginator(range(total), PER_PAGE).get_page(number)
    page.object_list = rows
    return page


def _empty(asked: Asked, now: Any) -> str:
    if asked.is_narrowed:
        return _("Nothing found. Try fewer words, or another view.")
    due = next_due(now)
    if due is None:
        return _("Nothing due.")
    return _("Nothing due. Next one %(when)s.") % {"when": due_words(due, now)}


@agents_only
def news(request: HttpRequest) -> HttpResponse:
    """Say how many cases have come into a list since it was loaded, and how many each view has now."""
    since = parse_datetime(request.GET.get("since", "").replace(" ", "+")[:40]) if request.GET.get("since") else None
    if since is None or timezone.is_naive(since):
        raise Http404
    now = timezone.now()
    count = arrived(Asked.of(request.GET).rule(request.user, now), since)
    words = ngettext("%(count)d new – show", "%(count)d new – show", count) % {"count": count}
    numbers = counts(request.user, now)
    return JsonResponse({"count": count, "words": words, "views": {name: numbers[name] for name in VIEWS}})


@agents_only
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take the next case: the most urgent of one's own and of those that nobody has."""
    came_from = request.POST.get("besides", "")
    found = take_next(request.user, now=timezone.now(), besides=int(came_from) if came_from.isdecimal() else None)
    if found is None:
        messages.info(request, _("Nothing to take: no case waits for you or for anybody."))
        return redirect("desk:inbox")
    return redirect("desk:ticket", found.pk)


@agents_only
@require_POST
def save_view(request: HttpRequest) -> HttpResponse:
    """Keep what is shown as a view of one's own; the same name a second time is the same view."""
    profile = settings_of(request.user)
    form = SavedViewForm(request.POST, profile=profile, prefix="save")
    if not form.is_valid():
        messages.error(request, " ".join(words for errors in form.errors.values() for words in errors))
        return redirect("desk:inbox")
    # Only what the inbox itself understands is kept.
    query = Asked.of(QueryDict(form.cleaned_data["query"])).querystring()
    name = form.cleaned_data["name"]
    SavedView.objects.update_or_create(profile=profile, name=name, defaults={"query": query})
    messages.success(request, _("Kept as “%(name)s”.") % {"name": name})
    return redirect(f"{reverse('desk:inbox')}?{query}")


@agents_only
@require_POST
def delete_view(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SavedView.objects.filter(profile__user=request.user), pk=pk)
    found.delete()
    messages.success(request, _("“%(name)s” is deleted.") % {"name": found.name})
    return redirect("desk:inbox")
