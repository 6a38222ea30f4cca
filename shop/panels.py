"""How a page shows facts of later apps without knowing them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.db import models
from django.http import HttpRequest
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class Panel:
    """A block of a page: a template and what it shows."""

    template: str
    context: dict[str, object] = field(default_factory=dict)


PanelMaker = Callable[[HttpRequest, models.Model], Panel | None]


def panels(page: str, request: HttpRequest, subject: models.Model) -> list[Panel]:
    """Return the blocks that later apps add to ``page`` about ``subject``, in order.

    Which ones is listed in the one table that the setting PANELS names. A maker returns
    None when it has nothing to show to this visitor.
    """
    makers: dict[str, list[str]] = import_string(settings.PANELS)
    made = (import_string(path)(request, subject) for path in makers.get(page, []))
    return [panel for panel in made if panel is not None]
