"""What agents ask suppliers, and what those answer."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from suppliers.models import SupplierOrder
from support.file_fields import PhotosField
from support.forms import OnceForm
from support.models import Attachment, Ticket

LONGEST_WAIT = timedelta(days=30)
FURTHEST = timedelta(days=366)
DATE = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})


class AskForm(OnceForm):
    """A question to a supplier of the case's order."""

    supplier_order = forms.ModelChoiceField(
        label=gettext_lazy("Which supplier?"),
        queryset=SupplierOrder.objects.none(),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={
            "required": gettext_lazy("Choose whom to ask."),
            "invalid_choice": gettext_lazy("Choose one of the suppliers of this order."),
        },
    )
    text = forms.CharField(
        label=gettext_lazy("Your question"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("The supplier reads exactly this. Leave out what it need not know of the customer."),
        error_messages={"required": gettext_lazy("Type what you want to know.")},
    )
    answer_by = forms.DateField(
        label=gettext_lazy("Answer by"),
        widget=DATE,
        help_text=gettext_lazy("The evening of this day. The customer's page says until when we wait."),
        error_messages={
            "required": gettext_lazy("Choose until when you need the answer."),
            "invalid": gettext_lazy("A day looks like 2026-11-30."),
        },
    )
    files = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Files the supplier may see"),
        queryset=Attachment.objects.none(),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose files of this case.")},
    )

    def __init__(self, *args: object, ticket: Ticket, first_day: date, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        rows = SupplierOrder.objects.filter(order=ticket.order_id).exclude(order=None).select_related("supplier")
        field = self.fields["supplier_order"]
        field.queryset = rows.order_by("supplier__name", "pk")
        field.label_from_instance = lambda row: f"{row.supplier.name}, {row.reference}"
        files = Attachment.objects.filter(message__ticket=ticket).select_related("message").order_by("pk")
        self.fields["files"].queryset = files
        if not files.exists():
            del self.fields["files"]
        self.initial.setdefault("answer_by", first_day)
        only = list(rows[:2])
        if len(only) == 1:
            self.initial.setdefault("supplier_order", only[0].pk)

    def clean_answer_by(self) -> datetime:
        """Return the end of the day that was chosen."""
        chosen, today = self.cleaned_data["answer_by"], timezone.localdate()
        if not today <= chosen <= today + LONGEST_WAIT:
            raise forms.ValidationError(_("Choose a day from today on, at most 30 days away."))
        return timezone.make_aware(datetime.combine(chosen, time(23, 59)))


class AnswerForm(OnceForm):
    """What a supplier answers."""

    message = forms.CharField(
        label=gettext_lazy("Your answer"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("Type your answer; a few words are enough.")},
    )
    new_day = forms.DateField(
        label=gettext_lazy("New date, if there is one"),
        required=False,
        widget=DATE,
        help_text=gettext_lazy("When it is sent or arrives, as your answer says."),
        error_messages={"invalid": gettext_lazy("A day looks like 2026-11-30.")},
    )
    photos = PhotosField(label=gettext_lazy("Pictures"))

    def clean_new_day(self) -> date | None:
        """Return a day that can be meant."""
        day, today = self.cleaned_data["new_day"], timezone.localdate()
        if day is not None and not today - FURTHEST <= day <= today + FURTHEST:
            raise forms.ValidationError(_("Choose a day within a year of today, or leave it empty."))
        return day


class NoteAnswerForm(OnceForm):
    """What a supplier said on the telephone, as an agent notes it."""

    message = forms.CharField(
        label=gettext_lazy("What did the supplier say?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Type what the supplier said.")},
    )
