"""What customers and agents type into cases."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from orders.lookup import find_order
from orders.models import Cancellation, Order, OrderLine
from support.file_fields import FilesField, PhotosField
from support.models import Topic
from support.topics import CONTACT_QUESTIONS, Question, question

MESSAGE_MISSING = {"required": gettext_lazy("Tell us in a few words what it is about.")}
ORDER_TOPICS = [topic for topic in Topic.choices if topic[0] != Topic.QUESTION] + [
    (Topic.QUESTION.value, Topic.QUESTION.label)
]


ABOUT_GOODS = {Topic.DEFECTIVE, Topic.DAMAGED, Topic.WRONG_ITEM, Topic.CHANGED_MIND}


class OnceForm(forms.Form):
    """A form that does its work once, however often it is sent."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if not self.is_bound:
            self.initial["form_key"] = uuid.uuid4()

    def clean_form_key(self) -> uuid.UUID:
        """Make up for a form that was sent without its key: then it is a new one."""
        return self.cleaned_data.get("form_key") or uuid.uuid4()


class HelpForm(OnceForm):
    """What is wrong with which goods of an order."""

    lines = forms.MultipleChoiceField(
        label=gettext_lazy("Which goods?"),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={
            "required": gettext_lazy("Choose which goods it is about."),
            "invalid_choice": gettext_lazy("Choose goods of this order."),
        },
    )
    topic = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        choices=ORDER_TOPICS,
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose what it is about."),
            "invalid_choice": gettext_lazy("Choose what it is about."),
        },
    )
    message = forms.CharField(
        label=gettext_lazy("In your words"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages=MESSAGE_MISSING,
    )
    photos = PhotosField()

    def __init__(self, *args: object, order: Order, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lines"].required = self["topic"].value() in ABOUT_GOODS
        if self["topic"].value() in Topic.values:
            # Chosen on the page before.
            self.fields["topic"].widget = forms.HiddenInput()
        self.order_lines = {str(line.pk): line for line in order.lines.all()}
        self.fields["lines"].choices = [(pk, _label(line)) for pk, line in self.order_lines.items()]
        # Before the message: who chooses one of three says so where they choose.
        several = [line for line in self.order_lines.values() if _live(line) > 1]
        for line in several:
            label = _("How many of %(name)s?") % {"name": line.name}
            most = _("You ordered %(most)d of it.") % {"most": _live(line)}
            self.fields[f"units_{line.pk}"] = forms.IntegerField(
                label=label,
                required=False,
                min_value=1,
                max_value=_live(line),
                initial=_live(line),
                widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
                error_messages={"min_value": most, "max_value": most, "invalid": most},
            )
        self.order_fields(
            ["form_key", "lines", *(f"units_{line.pk}" for line in several), "topic", "message", "photos"]
        )
        if len(self.order_lines) == 1:
            self.initial.setdefault("lines", list(self.order_lines))

    def quantities(self) -> Mapping[int, int]:
        """Return the chosen lines' ids with the units that were typed; else with all that were not cancelled."""
        chosen = [self.order_lines[pk] for pk in self.cleaned_data["lines"]]
        return {line.pk: self.cleaned_data.get(f"units_{line.pk}") or _live(line) for line in chosen}


def _live(line: OrderLine) -> int:
    return max(1, line.quantity - line.cancelled)


def _label(line: OrderLine) -> str:
    return f"{line.quantity} × {line.name}" + (f", {line.options_label}" if line.options_label else "")


class ContactForm(OnceForm):
    """A question, with or without an order. Topic and order number were chosen on the page before."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": gettext_lazy("Type your e-mail address, so that we can answer."),
            "invalid": gettext_lazy("An e-mail address looks like name@example.com."),
        },
    )
    message = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages=MESSAGE_MISSING,
    )
    photos = PhotosField()
    number = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)
    topic = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    product = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    # People do not see this field; programs fill it in.
    website = forms.CharField(required=False, widget=forms.HiddenInput)

    def question(self) -> Question:
        """Return what it is about; something else where that makes no sense."""
        return question(CONTACT_QUESTIONS, self.cleaned_data["topic"]) or CONTACT_QUESTIONS[-1]

    def order(self) -> Order | None:
        """Return the order that number and address name together."""
        return find_order(self.cleaned_data["number"], self.cleaned_data["email"])

    def subject(self) -> str:
        """Return what the case is called: what it is about, and how the message begins."""
        first = self.cleaned_data["message"].strip().splitlines()[0]
        about = [self.cleaned_data["product"], first] if self.cleaned_data["product"] else [first]
        return ": ".join(about)[:80]


class ReplyForm(OnceForm):
    """One message more in a case."""

    message = forms.CharField(
        label=gettext_lazy("Your message"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages=MESSAGE_MISSING,
    )


class CustomerReplyForm(ReplyForm):
    """A customer's message, with photos and PDFs."""

    photos = FilesField()


class RatingForm(forms.Form):
    """How a case went, in one answer and, who likes, a few words."""

    answer = forms.ChoiceField(
        label=gettext_lazy("Did we solve it well?"),
        choices=[("good", gettext_lazy("Yes, well")), ("bad", gettext_lazy("No, not really"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose one of the two.")},
    )
    comment = forms.CharField(
        label=gettext_lazy("What should we do better?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class NewCaseForm(OnceForm):
    """A case that an agent opens: whom it is about, what about, and the first words."""

    whom = forms.CharField(
        label=gettext_lazy("Order number or e-mail address"),
        max_length=254,
        error_messages={"required": gettext_lazy("Type the number of the order, or the customer's address.")},
    )
    topic = forms.ChoiceField(label=gettext_lazy("What is it about?"), choices=Topic.choices)
    subject = forms.CharField(
        label=gettext_lazy("Subject"),
        max_length=150,
        error_messages={"required": gettext_lazy("Say in a few words what it is about; the customer reads it, too.")},
    )
    message = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8}),
        error_messages={"required": gettext_lazy("Write what it is about.")},
    )
    is_note = forms.ChoiceField(
        label=gettext_lazy("Who reads it?"),
        choices=[
            ("message", gettext_lazy("The customer: it goes out as a mail at once")),
            ("note", gettext_lazy("Colleagues only: an internal note")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose who reads it.")},
    )
    order: Order | None = None
    email = ""

    def clean_whom(self) -> str:
        """Find the order with that number, or take the address of somebody without one."""
        typed = self.cleaned_data["whom"].strip()
        if "@" in typed:
            self.email = forms.EmailField(
                error_messages={"invalid": _("An e-mail address looks like name@example.com.")}
            ).clean(typed)
            return typed
        self.order = Order.objects.filter(number__iexact=typed).first()
        if self.order is None:
            raise forms.ValidationError(_("No order has the number %(number)s.") % {"number": typed})
        return typed


class CancelLineForm(OnceForm):
    """How many units of a line are not to come, and why."""

    quantity = forms.IntegerField(label=gettext_lazy("Units"), min_value=1, max_value=9999)
    reason = forms.ChoiceField(label=gettext_lazy("Reason"), choices=Cancellation.Reason.choices)

    def __init__(self, *args: object, most: int, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.most = most
        self.initial["quantity"] = most

    def clean_quantity(self) -> int:
        """Return the units, at most what can still be asked for."""
        units = self.cleaned_data["quantity"]
        if units > self.most:
            text = _("%(most)d of it can still be cancelled; the others were sent, cancelled or asked for before.")
            raise forms.ValidationError(text % {"most": self.most})
        return units
