"""What agents set at the desk: shifts, hand-overs, their own settings, views of their own."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from support.agents import desk_agents
from support.forms import OnceForm
from support.models import AgentProfile, SavedView, Topic

MOST_SAVED = 20


class ShiftForm(forms.Form):
    """Who is on duty on which day, from when to when; a shift that ends before it begins goes on into the next day."""

    user = forms.ModelChoiceField(
        queryset=None,
        empty_label=gettext_lazy("Choose"),
        label=gettext_lazy("Who?"),
        error_messages={
            "required": gettext_lazy("Choose who is on duty."),
            "invalid_choice": gettext_lazy("Choose somebody who works at the desk."),
        },
    )
    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={
            "required": gettext_lazy("Choose the day on which it begins."),
            "invalid": gettext_lazy("Write the day as 2026-12-28."),
        },
    )
    starts = forms.TimeField(
        label=gettext_lazy("From"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={
            "required": gettext_lazy("Say when it begins."),
            "invalid": gettext_lazy("Write the time at which it begins as 09:00."),
        },
    )
    ends = forms.TimeField(
        label=gettext_lazy("To"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={
            "required": gettext_lazy("Say when it ends."),
            "invalid": gettext_lazy("Write the time at which it ends as 17:00."),
        },
    )
    is_lead = forms.BooleanField(label=gettext_lazy("Lead of this shift"), required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = desk_agents()
        self.fields["user"].label_from_instance = lambda user: user.get_full_name()

    def span(self) -> tuple[datetime, datetime]:
        """Return when it begins and ends."""
        day, starts, ends = (self.cleaned_data[name] for name in ("day", "starts", "ends"))
        last = day if ends > starts else day + timedelta(days=1)
        return timezone.make_aware(datetime.combine(day, starts)), timezone.make_aware(datetime.combine(last, ends))


class HandOverForm(OnceForm):
    """What the next shift must know."""

    body = forms.CharField(
        label=gettext_lazy("What must the next shift know?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Write what the next shift must know.")},
    )


class AgentForm(forms.ModelForm):
    """How somebody works at the desk."""

    topics = forms.MultipleChoiceField(
        label=gettext_lazy("Topics I take"),
        choices=Topic.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None: all of them."),
    )
    languages = forms.MultipleChoiceField(
        label=gettext_lazy("Languages I write"),
        choices=settings.LANGUAGES,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = AgentProfile
        fields = ["is_available", "most_open", "topics", "languages", "shortcuts_on"]
        labels = {
            "is_available": gettext_lazy("Give me new cases while I am on duty"),
            "most_open": gettext_lazy("Most cases to answer at once"),
            "shortcuts_on": gettext_lazy("Single-key shortcuts"),
        }
        error_messages = {
            "most_open": {
                "required": gettext_lazy("Say how many cases you take at once."),
                "invalid": gettext_lazy("Write a number from 1 to 500."),
                "min_value": gettext_lazy("Write a number from 1 to 500."),
                "max_value": gettext_lazy("Write a number from 1 to 500."),
            }
        }


class SavedViewForm(forms.ModelForm):
    """A view of one's own."""

    class Meta:
        model = SavedView
        fields = ["name", "query"]
        widgets = {"query": forms.HiddenInput}
        labels = {"name": gettext_lazy("Keep this view as")}
        error_messages = {"name": {"required": gettext_lazy("Give the view a name.")}}

    def __init__(self, *args: object, profile: AgentProfile, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.profile = profile

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        mine = self.profile.views
        if mine.count() >= MOST_SAVED and not mine.filter(name=cleaned.get("name", "")).exists():
            raise forms.ValidationError(_("You have %(most)d views; delete one first.") % {"most": MOST_SAVED})
        return cleaned
