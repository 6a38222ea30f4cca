"""The answers: their list, the search in it, each of them, and whether it was one."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shop.languages import current_language, default_language, language_tag
from shop.search.words import clean_query
from support.actions.knowledge import SHOWN, note_helped, note_shown
from support.knowledge import answers, search, suggest
from support.markdown import as_html
from support.models import HelpText


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    query = clean_query(request.GET.get("q", ""))
    context = {"help_query": query, "answers": search(query) if query else answers()}
    response = render(request, "support/help.html", context)
    if query:
        response["X-Robots-Tag"] = "noindex"
    return response


@require_safe
def article(request: HttpRequest, slug: str) -> HttpResponse:
    text = _text_of(slug)
    if not request.session.is_empty():
        # Whoever brings nothing along may be a program that reads the whole shop; it is counted with its answer.
        note_shown(request, [slug])
    context = {
        "text": text,
        "lang": language_tag(text.language) if text.language != current_language() else "",
        "html": as_html(text.body),
        "more": [one for one in suggest(topic=text.article.topic, typed=text.title, most=4) if one.slug != slug][:3],
    }
    return render(request, "support/article.html", context)


def _text_of(slug: str) -> HelpText:
    """Return an article in the language spoken now, else in the default one."""
    languages = [current_language(), default_language()]
    shown = HelpText.objects.filter(article__slug=slug, article__is_published=True, language__in=languages)
    found = {text.language: text for text in shown.select_related("article")}
    if not found:
        raise Http404
    return found.get(languages[0]) or found[languages[1]]


@require_POST
def answered(request: HttpRequest) -> HttpResponse:
    """Count that an answer was the answer, and lead on: to the order it was about, or back to the list."""
    about = request.POST.get("about", "")[:80]
    if about and about not in request.session.get(SHOWN, []) and about in {one.slug for one in answers()}:
        note_shown(request, [about])
    note_helped(request, about)
    messages.success(request, _("Good. If anything is left open, we are here."))
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        back, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return redirect(back if is_ours else reverse("support:help"))


@require_safe
def suggestions(request: HttpRequest) -> HttpResponse:
    """Return what fits the words somebody types, as a fragment; empty where nothing does."""
    typed = request.GET.get("q", "")
    found = suggest(topic=request.GET.get("topic", "")[:20], typed=typed)
    if not request.session.is_empty():
        note_shown(request, [one.slug for one in found])
    response = render(request, "support/_answers.html", {"answers": found})
    response["X-Robots-Tag"] = "noindex"
    return response
