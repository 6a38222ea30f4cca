"""An agent's own settings."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from support.agents import agent_of, settings_of
from support.forms_desk import AgentForm
from support.views.guard import agents_only


@agents_only
def mine(request: HttpRequest) -> HttpResponse:
    # A row before it is changed: of two clicks both change the same one.
    profile = (
        settings_of(request.user) if request.method == "POST" else agent_of(request.user, now=timezone.now()).profile
    )
    form = AgentForm(request.POST or None, instance=profile)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Kept."))
        return redirect("desk:mine")
    context = {"form": form, "desk_section": "mine"}
    return render(request, "desk/mine.html", context, status=422 if form.errors else 200)
