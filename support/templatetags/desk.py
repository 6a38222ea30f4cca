"""What every page of the desk shows."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from support.models import AgentProfile

register = template.Library()


@register.inclusion_tag("desk/_keys.html", takes_context=True)
def desk_keys(context: Context) -> dict[str, Any]:
    """Load the desk's script, with the agent's choice about single keys; nothing for those who only look. One query, unless the page has read it."""
    request = context["request"]
    if not request.user.has_perm("support.change_ticket"):
        return {}
    agent = getattr(request, "desk_agent", None)
    profile = agent.profile if agent else AgentProfile.objects.filter(user=request.user).first() or AgentProfile()
    return {"is_agent": True, "are_on": profile.shortcuts_on}
