"""Staff look at every kind of message before a customer does."""

from __future__ import annotations

from csp.decorators import csp_replace
from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin

from notifications.kinds import KINDS
from notifications.mail import Rendered
from notifications.preview.kinds import PREVIEWS, NotThere
from notifications.preview.render import as_seen, rendered_of, rendered_sample
from orders.models import Order


class PreviewForm(forms.Form):
    """What to look at; every field has an answer already."""

    kind = forms.ChoiceField(label=gettext_lazy("Message"))
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(
        label=gettext_lazy("As seen"),
        choices=[("light", gettext_lazy("light")), ("dark", gettext_lazy("dark"))],
    )
    part = forms.ChoiceField(
        label=gettext_lazy("Form"), choices=[("html", gettext_lazy("HTML")), ("text", gettext_lazy("plain text"))]
    )
    number = forms.CharField(
        label=gettext_lazy("With the data of order"),
        max_length=20,
        required=False,
        help_text=gettext_lazy("Its number. Empty: with made-up data."),
    )
    order: Order | None = None

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(slug, KINDS[slug].name) for slug in PREVIEWS]

    def clean_number(self) -> str:
        """Find the order."""
        number = self.cleaned_data["number"].strip()
        if number:
            self.order = Order.objects.filter(number__iexact=number).first()
            if self.order is None:
                raise forms.ValidationError(_("There is no order of that number."))
        return number


FIRST = {"kind": "order-confirmed", "language": settings.LANGUAGE_CODE, "theme": "light", "part": "html", "number": ""}


def _asked(request: HttpRequest) -> tuple[PreviewForm, Rendered | None]:
    """Return the form as filled in, and the message; None where there is none, with the reason in the form."""
    needed = ["notifications.view_notification", "orders.view_order"]
    if not request.user.has_perms(needed):
        raise PermissionDenied
    form = PreviewForm(FIRST | {name: request.GET[name] for name in FIRST if name in request.GET})
    if not form.is_valid():
        return form, None
    kind, language = form.cleaned_data["kind"], form.cleaned_data["language"]
    try:
        found = rendered_of(kind, form.order, language=language) if form.order else None
    except NotThere:
        form.add_error("number", _("That order has nothing that this message could be about."))
        return form, None
    return form, found or rendered_sample(kind, language=language)


@csp_replace({"frame-src": ["'self'"]})
def preview(request: HttpRequest) -> HttpResponse:
    form, found = _asked(request)
    context = admin.site.each_context(request) | {
        "title": _("Messages as customers see them"),
        "form": form,
        "found": found,
        "kilobytes": f"{len(found.html.encode()) / 1024:.1f}" if found else "",
        "query": request.GET.urlencode(),
    }
    return render(request, "admin/message_preview.html", context, status=422 if form.errors else 200)


# Mails carry their style in their elements, which no page of ours may; only our own page may frame it.
@csp_replace({"style-src": ["'unsafe-inline'"], "frame-ancestors": ["'self'"]})
@xframe_options_sameorigin
def preview_html(request: HttpRequest) -> HttpResponse:
    """Show the HTML part alone."""
    form, found = _asked(request)
    if found is None:
        return HttpResponse(status=422)
    return HttpResponse(as_seen(found.html, is_dark=form.cleaned_data["theme"] == "dark"))
