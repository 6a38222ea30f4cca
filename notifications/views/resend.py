"""Send a message once more: staff look at it, and at the address, first."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from notifications.actions.again import send_message_again
from notifications.models import Channel, Notification
from orders.actions.email_address import TooLateToCorrect, can_correct, correct_email


class ResendForm(forms.Form):
    """Where it goes this time, and whether all further mails of its order go there too."""

    recipient = forms.EmailField(label=gettext_lazy("Send it to"), max_length=254)
    corrects = forms.BooleanField(
        label=gettext_lazy("From now on write to this address about the whole order"),
        help_text=gettext_lazy("Its link changes; both addresses are told."),
        required=False,
    )

    def __init__(self, *args: object, can_correct: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not can_correct:
            del self.fields["corrects"]


def resend(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(Notification.objects.select_related("order"), pk=pk, channel=Channel.MAIL)
    if not request.user.has_perm("notifications.change_notification"):
        raise PermissionDenied
    may = row.order is not None and can_correct(row.order, now=timezone.now())
    form = ResendForm(request.POST or None, initial={"recipient": row.recipient}, can_correct=may)
    if request.method == "POST" and form.is_valid() and _send(request, row, form):
        return redirect("admin:notifications_notification_changelist")
    context = admin.site.each_context(request) | {"title": _("Send again"), "form": form, "row": row}
    return render(request, "admin/message_resend.html", context, status=422 if form.errors else 200)


def _send(request: HttpRequest, row: Notification, form: ResendForm) -> bool:
    to = form.cleaned_data["recipient"]
    if form.cleaned_data.get("corrects"):
        try:
            correct_email(row.order, to, now=timezone.now(), by=request.user)
        except TooLateToCorrect:
            form.add_error("corrects", _("It was corrected meanwhile, or too often."))
            return False
    made = send_message_again(row, to=to, by=request.user)
    messages.success(request, _("It goes to %(to)s in a moment.") % {"to": made.recipient})
    return True
