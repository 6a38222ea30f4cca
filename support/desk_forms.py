"""What agents type at the desk."""

from __future__ import annotations

from collections.abc import Sequence

from django import forms
from django.utils.text import Truncator
from django.utils.translation import gettext as _, gettext_lazy

from shop.models import User
from support.actions.merging import find_case
from support.actions.properties import Properties
from support.forms import OnceForm
from support.models import Ticket, Topic

LONGEST = 4000


class ComposerForm(OnceForm):
    """One message to one audience. ``seen`` is the last message that stood on the page it was written on."""

    message = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 8, "data-draft": ""}),
        error_messages={
            "required": gettext_lazy("Write something first."),
            "max_length": gettext_lazy("That is too long: %(limit_value)d characters at most."),
        },
    )
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)
    macro = forms.CharField(max_length=30, required=False, widget=forms.HiddenInput)

    def typed(self) -> str:
        """Return what was typed, whether or not it can be sent."""
        text = str(self.data.get("message", "")).replace("\x00", "").replace("\r\n", "\n")
        return text[:LONGEST]


class PropertiesForm(forms.Form):
    """Whose a case is, how urgent, what about, and its tags."""

    owner = forms.ModelChoiceField(
        label=gettext_lazy("Agent"), queryset=User.objects.none(), required=False, empty_label=gettext_lazy("nobody")
    )
    priority = forms.ChoiceField(label=gettext_lazy("Priority"), choices=Ticket.Priority.choices)
    topic = forms.ChoiceField(label=gettext_lazy("Topic"), choices=Topic.choices)
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Words with commas between them."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: object, ticket: Ticket, agents: Sequence[User], **kwargs: object) -> None:
        tags = ", ".join(ticket.tags.values_list("name", flat=True))
        initial = {"owner": ticket.owner_id, "priority": ticket.priority, "topic": ticket.topic, "tags": tags}
        super().__init__(*args, initial=initial, **kwargs)
        owner = self.fields["owner"]
        owner.queryset = User.objects.filter(pk__in=[agent.pk for agent in agents])
        owner.label_from_instance = lambda user: user.get_full_name()

    def properties(self) -> Properties:
        """Return what was chosen."""
        data = self.cleaned_data
        return Properties(
            owner=data["owner"],
            priority=Ticket.Priority(data["priority"]),
            topic=Topic(data["topic"]),
            tags=data["tags"].split(","),
        )


class CaseNumberForm(forms.Form):
    """Another case, by its number."""

    number = forms.CharField(
        label=gettext_lazy("Number of the other case"),
        max_length=20,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": gettext_lazy("Type the number of the other case, as in T-123456-78.")},
    )

    def clean_number(self) -> str:
        """Find the case."""
        self.other = find_case(self.cleaned_data["number"])
        if self.other is None:
            raise forms.ValidationError(_("There is no case with this number. It looks like T-123456-78."))
        return self.cleaned_data["number"]


class SplitForm(forms.Form):
    """Which messages leave, and what their new case is called."""

    subject = forms.CharField(
        label=gettext_lazy("Subject of the new case"),
        max_length=200,
        error_messages={"required": gettext_lazy("Type what the new case is about; the customer reads it.")},
    )
    chosen = forms.MultipleChoiceField(
        label=gettext_lazy("Messages that move"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Tick the messages that the new case begins with."),
            "invalid_choice": gettext_lazy("One of the messages is not in this case any more. Look again."),
        },
    )

    def __init__(self, *args: object, ticket: Ticket, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        rows = ticket.messages.filter(held_until=None)
        self.fields["chosen"].choices = [
            (one.pk, f"{one.get_author_display()}, {one.get_thread_display()}: {Truncator(one.body).chars(80)}")
            for one in rows
        ]
