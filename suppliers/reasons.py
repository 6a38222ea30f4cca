"""The contract's words for why goods go back, in everyday words."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

_REASONS = {
    "damaged_in_transit": _("it arrived damaged"),
    "wrong_item": _("it is the wrong item"),
    "defective": _("it is faulty"),
    "arrived_late": _("it came too late"),
    "no_longer_needed": _("it is not wanted any more"),
    "lost_in_transit": _("it was lost on the way"),
    "other": _("another reason"),
}


def return_reason(code: str) -> str:
    """Return why something goes back, in words; the code itself where nobody has words for it."""
    return str(_REASONS.get(code, code))
