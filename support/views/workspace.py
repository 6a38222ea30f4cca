"""One case at the desk: read it, write in it, keep what is begun, take back what is about to go out."""

from __future__ import annotations

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST, require_safe

from orders.keys import bound_key
from support.actions.assign import take_next
from support.actions.drafts import drop_draft, keep_draft
from support.actions.holding import take_back
from support.actions.ticket import Stale, add_note, agent_answers
from support.composing import Composer, composer_for
from support.desk_forms import ComposerForm
from support.macros import by_shortcut, expand, insert
from support.models import Audience, Macro, Ticket, TicketMessage
from support.placeholders import gaps_in
from support.presence import forget_presence, note_presence, who_is_in
from support.views.guard import agents_only
from support.workspace import ticket_context, tickets_with_drafts


@agents_only
@require_safe
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    wanted = request.GET.get("to", Audience.CUSTOMER)
    audience = wanted if wanted in Audience.values else Audience.CUSTOMER
    found = get_object_or_404(tickets_with_drafts(request.user, audience), pk=pk)
    note_presence(found, request.user, is_writing=False)
    return render(request, "desk/ticket.html", ticket_context(request, found, composer_for(found, audience)))


@agents_only
@require_POST
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    return _write(request, pk, Audience.CUSTOMER)


@agents_only
@require_POST
def note(request: HttpRequest, pk: int) -> HttpResponse:
    return _write(request, pk, Audience.NOTE)


def _write(request: HttpRequest, pk: int, audience: Audience) -> HttpResponse:
    """Do what the pressed button of the composer says; whatever it is, nothing that was typed is lost."""
    found = get_object_or_404(tickets_with_drafts(request.user, audience), pk=pk)
    if found.merged_into is not None:
        messages.error(request, _("This case was merged meanwhile: it goes on in %(number)s.") % _numbered(found))
        keep_draft(found.merged_into, request.user, audience, request.POST.get("message", ""), is_added=True)
        return redirect("desk:ticket", found.merged_into_id)
    composer = composer_for(found, audience)
    form = ComposerForm(request.POST)
    for name, act in ACTS.items():
        if name in request.POST:
            return act(request, found, composer, form)
    if not form.is_valid():
        return _show(request, found, composer, form)
    return _send(request, found, composer, form)


def _numbered(found: Ticket) -> dict[str, str]:
    return {"number": found.merged_into.number if found.merged_into else found.number}


def _keep(
    request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm, text: str, macro: Macro | None = None
) -> None:
    if macro is None and form.data.get("macro"):
        macro = by_shortcut(str(form.data["macro"]))
    keep_draft(found, request.user, composer.audience, text, macro=macro)


def _back(found: Ticket, audience: str, **query: str) -> HttpResponse:
    address = reverse("desk:ticket", args=[found.pk])
    return redirect(f"{address}?{urlencode({'to': audience, **query})}#composer")


def _switch(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    _keep(request, found, composer, form, form.typed())
    return _back(found, composer_for(found, request.POST["switch"]).audience)


def _only_keep(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    _keep(request, found, composer, form, form.typed())
    messages.success(request, _("Your draft is kept. Only you see it."))
    return _back(found, composer.audience)


def _find(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    _keep(request, found, composer, form, form.typed())
    return _back(found, composer.audience, find=request.POST.get("find", "")[:60])


def _insert(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    macro = by_shortcut(request.POST["insert"])
    if macro is None:
        messages.error(request, _("This macro is not offered any more. Choose another."))
        _keep(request, found, composer, form, form.typed())
        return _back(found, composer.audience)
    written = insert(form.typed(), macro, found, request.user)
    _keep(request, found, composer, form, written.text, written.macro)
    return _back(found, composer.audience)


def _forget_macro(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    keep_draft(found, request.user, composer.audience, form.typed())
    return _back(found, composer.audience)


def _fill(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    written = expand(form.typed(), found, request.user)
    _keep(request, found, composer, form, written.text, written.macro)
    return _back(found, composer.audience)


# By the name of the button; any other sends.
ACTS = {
    "switch": _switch,
    "keep": _only_keep,
    "find_macro": _find,
    "insert": _insert,
    "forget_macro": _forget_macro,
    "fill": _fill,
}


def _send(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    data, text = form.cleaned_data, form.cleaned_data["message"]
    if composer.audience == Audience.NOTE:
        add_note(found, text, by=request.user, form_key=data["form_key"])
        drop_draft(found, request.user, composer.audience)
        messages.success(request, _("Note kept."))
        return redirect("desk:ticket", found.pk)
    written = expand(text, found, request.user)
    if written.is_changed:
        # Nobody has seen it like this yet.
        _keep(request, found, composer, form, written.text, written.macro)
        messages.info(request, _("The text was filled in and not sent: read it, then send it."))
        return _back(found, composer.audience)
    for gap in gaps_in(text):
        form.add_error("message", gap)
    if form.errors:
        _keep(request, found, composer, form, text)
        return _show(request, found, composer, form)
    macro = by_shortcut(data["macro"]) if data["macro"] else None
    try:
        agent_answers(found, text, by=request.user, form_key=data["form_key"], seen=data["seen"], macro=macro)
    except Stale as stale:
        _keep(request, found, composer, form, text, macro)
        return _show_news(request, found, composer, form, stale)
    drop_draft(found, request.user, composer.audience)
    return _sent(request, found, data["form_key"])


def _sent(request: HttpRequest, found: Ticket, form_key: UUID) -> HttpResponse:
    held = TicketMessage.objects.filter(form_key=bound_key(form_key, found), held_until__isnull=False).first()
    goes_on = request.POST.get("send") == "next"
    if held is None:
        messages.success(request, _("Sent to the customer."))
    elif goes_on:
        # On the case itself the answer stands with its button; from elsewhere one must find back to it.
        link = reverse("desk:ticket", args=[found.pk]) + "#held"
        words = _("Your answer in %(number)s goes out in a few seconds.") % {"number": found.number}
        messages.success(request, format_html('{} <a href="{}">{}</a>', words, link, _("Take it back")))
    if not goes_on:
        return redirect("desk:ticket", found.pk)
    following = take_next(request.user, now=timezone.now(), besides=found.pk)
    return redirect("desk:ticket", following.pk) if following else redirect("desk:inbox")


def _show(request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm) -> HttpResponse:
    context = ticket_context(request, found, composer, form=form) | {"has_errors": True}
    return render(request, "desk/ticket.html", context, status=422)


def _show_news(
    request: HttpRequest, found: Ticket, composer: Composer, form: ComposerForm, stale: Stale
) -> HttpResponse:
    """Show what has come since the page was loaded; sent once more, the answer goes, for now it was seen."""
    text = ngettext(
        "Not sent: a message has come in since you opened this page. Read it, then send again.",
        "Not sent: %(count)d messages have come in since you opened this page. Read them, then send again.",
        len(stale.news),
    )
    form.add_error(None, text % {"count": len(stale.news)})
    form.data = form.data.copy()
    form.data["seen"] = str(max(one.pk for one in stale.news))
    context = ticket_context(request, found, composer, form=form)
    context |= {"has_errors": True, "news": {one.pk for one in stale.news}}
    return render(request, "desk/ticket.html", context, status=409)


@agents_only
@require_POST
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is being written, for the script that does so every few seconds; says when it was kept."""
    found = get_object_or_404(Ticket, pk=pk)
    form = ComposerForm(request.POST)
    form.is_valid()
    composer = composer_for(found, request.POST.get("audience", ""))
    key = form.cleaned_data.get("form_key")
    is_sent = key is not None and TicketMessage.objects.filter(form_key=bound_key(key, found)).exists()
    if not is_sent:
        _keep(request, found, composer, form, form.typed())
        note_presence(found, request.user, is_writing=bool(form.typed().strip()))
    return JsonResponse({"saved": not is_sent, "words": "" if is_sent else _("Draft kept")})


@agents_only
@require_POST
def presence(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Note that the page is still open; say who else is here, and how much has come in since ``seen``."""
    found = get_object_or_404(Ticket, pk=pk)
    forget_presence(request.user)
    note_presence(found, request.user, is_writing=request.POST.get("writing") == "1")
    people = who_is_in([found.pk], besides=request.user).get(found.pk, [])
    seen = request.POST.get("seen", "")
    newer = found.messages.filter(pk__gt=int(seen)).exclude(user=request.user) if seen.isdecimal() else None
    count = newer.count() if newer is not None and len(seen) < 19 else 0
    words = ngettext("%(count)d new message - show", "%(count)d new messages - show", count) % {"count": count}
    return JsonResponse({"people": [_presence_words(*one) for one in people], "news": words if count else ""})


def _presence_words(user: object, is_writing: bool) -> str:
    text = _("%(name)s is writing") if is_writing else _("%(name)s is reading")
    return text % {"name": user.get_short_name()}  # type: ignore[attr-defined]


@agents_only
@require_POST
def undo(request: HttpRequest, pk: int, message_id: int) -> HttpResponse:
    if take_back(message_id, by=request.user) is None:
        messages.error(request, _("Too late: the answer has gone out."))
        return redirect("desk:ticket", pk)
    messages.success(request, _("Taken back. It is your draft again, and nobody has seen it."))
    return _back(get_object_or_404(Ticket, pk=pk), Audience.CUSTOMER)
