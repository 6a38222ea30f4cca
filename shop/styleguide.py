"""The gallery of every component in every state, for developers and for the accessibility checks.

Its samples are not translated: nobody but developers sees them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.templatetags.static import static

from shop.register import UPRIGHT, RegisterMark

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TINTS = ("kitchen", "desk", "home", "outdoors", "bath", "kids")


class SampleForm(forms.Form):
    email = forms.EmailField(
        label="E-mail",
        help_text="For the confirmation and news of your parcels.",
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": "That e-mail address has no @; it should look like name@example.com."},
    )
    postcode = forms.CharField(
        label="Postcode",
        min_length=5,
        widget=forms.TextInput(attrs={"autocomplete": "postal-code", "class": "input-short"}),
        error_messages={"min_length": "That postcode is too short; Irish ones look like D02 X285."},
    )
    note = forms.CharField(label="Note for the carrier", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    country = forms.ChoiceField(label="Country", choices=[("IE", "Ireland"), ("DE", "Germany")])
    reason = forms.ChoiceField(
        label="What is wrong?",
        choices=[("damaged", "It arrived damaged"), ("wrong", "It is the wrong item"), ("mind", "I changed my mind")],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose what is wrong."},
    )
    photo = forms.FileField(label="Photo", required=False, help_text="JPEG or PNG, up to 10 MB.")
    billing = forms.BooleanField(label="The invoice goes to another address", required=False)


def _image(name: str) -> dict[str, Any]:
    return {"url": static(f"styleguide/{name}.svg"), "width": 400, "height": 500, "alt": ""}


def _cards() -> list[dict[str, Any]]:
    base = {"get_absolute_url": "#card", "arrival": "Thu 26 - Sat 28 Nov"}
    return [
        base | {"name": "Enamel mug, 0.4 l", "price": "€ 14.50", "card_image": _image("mug"), "tint": "kitchen"},
        base
        | {
            "name": "Task lamp with a clamp and a very long name that needs a second line to fit",
            "price": "€ 42.00",
            "old_price": "€ 49.00",
            "tag": "Offer",
            "card_image": _image("lamp"),
            "tint": "desk",
        },
        base
        | {
            "name": "Steel bottle",
            "price": "€ 19.00",
            "stock_words": "Only 3 left",
            "stock_level": "low",
            "card_image": _image("bottle"),
            "tint": "outdoors",
        },
        {
            "name": "Wooden blocks",
            "get_absolute_url": "#card",
            "price": "€ 24.00",
            "stock_words": "Back about 4 December",
            "stock_level": "gone",
            "card_image": None,
            "tint": "kids",
        },
    ]


def _steps(reached: int, *, problem: bool = False) -> list[dict[str, Any]]:
    labels = ("Ordered", "Confirmed", "Sent", "Out for delivery", "Delivered")
    states = ["done"] * reached + ["problem" if problem else "current"] + ["todo"] * len(labels)
    return [
        {"label": label, "state": state, "at": NOON + timedelta(hours=7 * index) if state != "todo" else None}
        for index, (label, state) in enumerate(zip(labels, states, strict=False))
    ]


def _parcels() -> list[dict[str, Any]]:
    goods = [
        {
            "name": "Enamel mug",
            "url": "#card",
            "image": _image("mug"),
            "options": "red",
            "quantity": 2,
            "total": "€ 29.00",
        },
        {
            "name": "Steel bottle",
            "image": _image("bottle"),
            "quantity": 1,
            "total": "€ 19.00",
            "note": "Refunded € 4.00",
        },
    ]
    entries = [
        {"text": "Out for delivery", "at": NOON + timedelta(hours=20), "place": "Dublin"},
        {"text": "Nobody was at home", "at": NOON + timedelta(hours=9), "place": "Dublin", "problem": True},
        {"text": "Handed to the carrier", "at": NOON, "place": "Leeds"},
    ]
    return [
        {
            "key": "1",
            "heading": "Parcel 1 of 2",
            "arrival_words": "Arrives Thu 26 - Sat 28 November",
            "word": "On its way",
            "shape": "half",
            "sent_from": "Sent from Leeds, Express",
            "import_text": "Sent from the United Kingdom. Import duty, tax and a handling fee may be due on arrival.",
            "steps": _steps(2),
            "items": goods,
            "carrier": "An Post",
            "number": "CE123456789IE",
            "tracking_url": "#carrier",
            "number_note": "The number works from tomorrow.",
            "entries": entries,
            "updated_at": NOON,
            "is_delivered": False,
        },
        {
            "key": "2",
            "heading": "Parcel 2 of 2",
            "arrival_words": "Arrives Mon 30 November",
            "old_arrival": "Thu 26 - Sat 28 November",
            "reason": "The carrier lost a day to snow. There is nothing for you to do.",
            "word": "Late",
            "shape": "late",
            "steps": _steps(3, problem=True),
            "items": goods[:1],
        },
    ]


def gallery(request: HttpRequest) -> HttpResponse:
    if not settings.DEBUG:
        raise Http404
    scheme = request.GET.get("scheme", "")
    context = {
        "scheme": scheme if scheme in ("light", "dark") else "",
        "sample_form": SampleForm(),
        "form": SampleForm({"email": "mia.example.com", "postcode": "D02", "country": "IE"}),
        "cards": _cards(),
        "sample_departments": [
            {"name": tint.capitalize(), "get_absolute_url": "#department", "tint": tint, "image": image}
            for tint, image in zip(
                TINTS, [_image("mug"), _image("lamp"), None, _image("bottle"), None, None], strict=True
            )
        ],
        "parcels": _parcels(),
        "image": _image("mug"),
        "marks": [
            RegisterMark("#register", "IE", "Ireland", UPRIGHT["IE"], True),
            RegisterMark("#register-pt", "PT", "Portugal", (), False),
        ],
        "page_obj": Paginator(range(240), 24).page(5),
        "crumbs": [("Home", "#home"), ("Kitchen", "#kitchen")],
        "tabs": [
            {"label": "Open", "url": "#open", "current": True, "count": 4},
            {"label": "Delivered", "url": "#delivered", "current": False, "count": 12},
            {"label": "All", "url": "#all", "current": False},
        ],
        "icons": ICONS,
        "colours": COLOURS,
    }
    return render(request, "styleguide/gallery.html", context)


ICONS = [
    "search",
    "basket",
    "account",
    "truck",
    "parcel",
    "return",
    "check",
    "cross",
    "plus",
    "minus",
    "info",
    "warning",
    "clock",
    "calendar",
    "card",
    "mail",
    "help",
    "chat",
    "pin",
    "home",
    "filter",
    "copy",
    "external",
    "print",
    "next",
    "previous",
    "edit",
    "eye",
    "bin",
    "lock",
    "note",
    "kitchen",
    "desk",
    "outdoors",
    "bath",
    "kids",
]
COLOURS = [
    "bg",
    "surface",
    "raised",
    "ink",
    "muted",
    "line",
    "control",
    "accent",
    "accent-hover",
    "accent-soft",
    "link",
    "focus",
    "danger",
    "danger-soft",
    "warn",
    "warn-soft",
    "info",
    "info-soft",
    "ok",
    "ok-soft",
    "tag",
    "panel-kitchen",
    "panel-desk",
    "panel-home",
    "panel-outdoors",
    "panel-bath",
    "panel-kids",
]
