"""Texts in other languages than the one they were written in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.db import models
from django.utils.translation import get_language_info, gettext as _t, gettext_lazy as _

from shop.kept import Kept
from shop.languages import current_language, default_language, language_tag, other_languages
from shop.markup import clean_markup


def local(texts: Mapping[str, str], otherwise: str) -> str:
    """Return a text in the language that is spoken now; ``otherwise`` is the one that it was written in."""
    return texts.get(current_language()) or otherwise


class TextsWidget(forms.MultiWidget):
    """One box for each other language, named for those who hear it."""

    def __init__(self, *, is_markup: bool) -> None:
        box = forms.Textarea if is_markup else forms.TextInput
        size: dict[str, object] = {"rows": 6, "cols": 70} if is_markup else {"size": 60}
        self.codes = other_languages()
        super().__init__({code: box(attrs=size | self._named(code)) for code in self.codes})

    @staticmethod
    def _named(code: str) -> dict[str, object]:
        name = get_language_info(code)["name_local"]
        return {"lang": language_tag(code), "aria-label": name, "placeholder": name}

    def decompress(self, value: Mapping[str, str] | None) -> list[str]:
        return [(value or {}).get(code, "") for code in self.codes]


class TextsFormField(forms.MultiValueField):
    """Takes one text for each other language; those left empty are not kept."""

    def __init__(self, *, is_markup: bool, longest: int | None, **options: Any) -> None:
        self.is_markup = is_markup
        boxes = [forms.CharField(required=False, max_length=longest) for _code in other_languages()]
        super().__init__(
            boxes,
            **options | {"required": False, "require_all_fields": False, "widget": TextsWidget(is_markup=is_markup)},
        )

    def compress(self, values: list[str]) -> dict[str, str]:
        texts = dict(zip(other_languages(), values, strict=False))
        return {code: clean_markup(text) if self.is_markup else text for code, text in texts.items() if text}

    def has_changed(self, initial: Mapping[str, str] | None, data: list[str] | None) -> bool:
        return super().has_changed(self.widget.decompress(initial), data)


class TextsField(models.JSONField):
    """What a text is in other languages, by their codes; it is read with its row, so no list needs a query more.

    ``is_markup``: HTML, cleaned when staff write it. ``longest`` counts letters.
    """

    def __init__(self, *args: Any, is_markup: bool = False, longest: int | None = None, **options: Any) -> None:
        self.is_markup, self.longest = is_markup, longest
        super().__init__(*args, **options | {"default": dict, "blank": True})

    def formfield(self, **options: Any) -> forms.Field | None:
        if not other_languages():
            return None
        kept = {name: options[name] for name in ("label", "help_text") if name in options}
        return TextsFormField(
            is_markup=self.is_markup,
            longest=self.longest,
            **{"label": str(self.verbose_name).capitalize(), "help_text": self.help_text} | kept,
        )


class Wording(models.Model):
    """What a short text that suppliers or staff write again and again is in another language: “Colour”, “Sage”, “Express”.

    One row serves wherever that text stands: as the name or value of a fact or option, as a service of delivery,
    as a warning. The languages' own words (names of products, and so on) stand with their things.
    """

    language = models.CharField(_("language"), max_length=10)
    about = models.CharField(
        _("only as a value of"),
        max_length=80,
        blank=True,
        help_text=_("For a word that means two things: Light as a value of Colour. Empty: everywhere."),
    )
    text = models.CharField(_("as it was written"), max_length=500)
    wording = models.CharField(_("in that language"), max_length=500)

    class Meta:
        verbose_name = _("wording")
        verbose_name_plural = _("wordings")
        ordering = ["text", "about", "language"]
        constraints = [models.UniqueConstraint(fields=["language", "about", "text"], name="wording_once")]

    def __str__(self) -> str:
        return _t("%(text)s: %(wording)s") % {"text": self.text, "wording": self.wording}


def _load() -> dict[tuple[str, str, str], str]:
    rows = Wording.objects.values_list("language", "about", "text", "wording")
    return {(language, about, text): wording for language, about, text, wording in rows}


_kept = Kept(_load)
forget_wordings = _kept.forget


def worded(text: str, *, about: str = "", language: str = "") -> str:
    """Return a short text in a language (else the one spoken now), or as it was written where nobody has said it in that.

    ``about`` is the name of the fact or option whose value it is. Mostly no query: all wordings are kept for some seconds.
    """
    language = language or current_language()
    if language == default_language() or not text:
        return text
    known = _kept.get()
    return known.get((language, about, text)) or known.get((language, "", text)) or text
