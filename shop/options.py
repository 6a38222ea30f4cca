"""Which variant a visitor has picked, and what each option would lead to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from shop.cards import Picture, stock_words
from shop.models import ProductImage, Variant
from shop.models.texts import worded

Thumb = Callable[[ProductImage], Picture]


@dataclass(frozen=True, slots=True)
class Value:
    """One option of an axis, as a radio button. ``note`` says why it cannot be bought now, or not together."""

    label: str
    value: str
    is_chosen: bool
    is_gone: bool
    note: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class Axis:
    """One question, as Colour, with its answers; ``field`` is the name of its radio buttons."""

    name: str
    field: str
    values: tuple[Value, ...]


def chosen_variant(variants: Sequence[Variant], wanted: Mapping[str, str]) -> Variant:
    """Return what a visitor has picked among a product's variants (at least one).

    ``wanted`` holds the variant shown before as ``variant`` and the values picked as ``o0``, ``o1`` and so on, one
    for each axis. Where no variant has all of them, what was changed counts more than what was there.
    """
    before = next((variant for variant in variants if variant.sku == wanted.get("variant")), None)
    before = before or next((variant for variant in variants if variant.is_sellable), variants[0])
    picked = {name: wanted[f"o{place}"] for place, name in enumerate(axes_of(variants)) if f"o{place}" in wanted}
    changed = {name for name, value in picked.items() if str(before.options.get(name, "")) != value}
    if not changed:
        return before

    def fits(variant: Variant) -> tuple[int, int, bool]:
        met = {name for name, value in picked.items() if str(variant.options.get(name, "")) == value}
        return len(met & changed), len(met), variant.is_sellable

    return max(variants, key=fits)


def axes_of(variants: Sequence[Variant]) -> list[str]:
    """Return the names of the questions that tell the variants apart: colour first, which has pictures, then by name.

    Not as the feed has them: PostgreSQL keeps no order of an object's members.
    """
    names = {str(name) for variant in variants for name in variant.options}
    apart = [name for name in names if len({str(variant.options.get(name, "")) for variant in variants}) > 1]
    return sorted(apart, key=lambda name: (name.casefold() not in {"colour", "color"}, name.casefold()))


def options_of(
    variants: Sequence[Variant], chosen: Variant, pictures: Mapping[int, ProductImage], thumb: Thumb
) -> list[Axis]:
    """Return the questions with their answers. ``pictures`` by variant; ``thumb`` makes a small picture of one."""
    names = axes_of(variants)
    return [
        Axis(worded(name), f"o{place}", tuple(_values(name, variants, chosen, pictures if place == 0 else {}, thumb)))
        for place, name in enumerate(names)
    ]


def _values(
    name: str, variants: Sequence[Variant], chosen: Variant, pictures: Mapping[int, ProductImage], thumb: Thumb
) -> list[Value]:
    found = []
    for value in dict.fromkeys(str(variant.options.get(name, "")) for variant in variants):
        with_value = [variant for variant in variants if str(variant.options.get(name, "")) == value]
        others = {axis: own for axis, own in chosen.options.items() if axis != name}
        exact = next((one for one in with_value if {a: o for a, o in one.options.items() if a != name} == others), None)
        words, level = stock_words(exact or with_value[0])
        note = words if level == "gone" else ""
        if exact is None:
            words = (worded(str(own), about=str(axis)) for axis, own in others.items())
            note = _("not as %(others)s") % {"others": ", ".join(words)}
        image = pictures.get((exact or with_value[0]).pk)
        found.append(
            Value(
                label=worded(value, about=name),
                value=value,
                is_chosen=str(chosen.options.get(name, "")) == value,
                is_gone=level == "gone" or exact is None,
                note=note,
                image=thumb(image) if image else None,
            )
        )
    return found
