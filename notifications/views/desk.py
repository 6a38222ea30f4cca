"""The mails about the order of a case: agents look at them, and send one again to where it went."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from notifications.actions.again import send_again_from_ticket
from notifications.models import Channel, Notification
from support.forms import OnceForm
from support.models import Ticket
from support.views.guard import agents_only


class AgainForm(OnceForm):
    """Which mail goes out once more."""

    mail = forms.ModelChoiceField(queryset=Notification.objects.none())

    def __init__(self, *args: object, ticket: Ticket, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        rows = Notification.objects.filter(order=ticket.order, channel=Channel.MAIL).defer("html")
        self.fields["mail"].queryset = rows.order_by("-created_at", "-pk")


@agents_only
def mails(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.exclude(order=None).select_related("order"), pk=pk)
    form = AgainForm(request.POST or None, ticket=found)
    if request.method == "POST":
        if not form.is_valid():
            messages.error(request, _("This mail is not about the case's order. Choose one of the list."))
            return redirect("desk_mails:list", pk)
        row, key = form.cleaned_data["mail"], form.cleaned_data["form_key"]
        send_again_from_ticket(found, row, key=key, by=request.user)
        messages.success(request, _("It goes to %(to)s in a moment.") % {"to": row.recipient})
        return redirect("desk:ticket", pk)
    context = {"ticket": found, "form": form, "mails": form.fields["mail"].queryset, "desk_section": "inbox"}
    return render(request, "notifications/desk_mails.html", context)
