"""Reviews in the admin: read, published, or refused with a reason."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _, ngettext

from shop.actions import reviews
from shop.models import Review
from shop.models.review import ReviewStatus


class DecisionForm(forms.ModelForm):
    """What a person decides about one review; its words stay those of the buyer."""

    decision = forms.ChoiceField(
        label=_("decision"),
        choices=[(ReviewStatus.APPROVED, _("publish it")), (ReviewStatus.REFUSED, _("refuse it"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("why it is refused"),
        required=False,
        max_length=300,
        help_text=_("Insults, names of people, advertising, another product. A bad opinion is no reason."),
    )

    class Meta:
        model = Review
        fields: tuple[str, ...] = ()

    def clean(self) -> dict[str, object]:
        found = super().clean() or {}
        if found.get("decision") == ReviewStatus.REFUSED and not str(found.get("reason", "")).strip():
            self.add_error("reason", _("Say why, in a few words: it is kept with the review."))
        return found


@admin.register(Review)
class ReviewAdmin(admin.ModelAdmin):
    """Buyers' reviews; what waits longest is read first."""

    form = DecisionForm
    list_display = ["rating", "title", "product", "author", "created_at", "status"]
    list_display_links = ["rating", "title"]
    list_filter = ["status", "rating", "created_at"]
    search_fields = ["title", "text", "author", "product__name"]
    list_select_related = ["product"]
    list_per_page = 50
    actions = ["publish"]
    readonly_fields = [
        "product",
        "options_label",
        "rating",
        "title",
        "text",
        "author",
        "bought_on",
        "created_at",
        "status",
        "refused_reason",
        "decided_by",
        "decided_at",
    ]
    fieldsets = [
        (
            None,
            {"fields": ["product", "options_label", "rating", "title", "text", "author", "bought_on", "created_at"]},
        ),
        (_("Decision"), {"fields": ["status", "refused_reason", "decided_by", "decided_at", "decision", "reason"]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Review | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Review, form: DecisionForm, change: bool) -> None:
        """Decide, through the one function that does; nothing else of a review can be changed."""
        if form.cleaned_data["decision"] == ReviewStatus.APPROVED:
            reviews.approve(obj, by=request.user)
        else:
            reviews.refuse(obj, by=request.user, reason=form.cleaned_data["reason"])

    @admin.action(description=_("Publish what is marked"), permissions=["change"])
    def publish(self, request: HttpRequest, queryset: QuerySet[Review]) -> None:
        done = sum(reviews.approve(review, by=request.user) for review in queryset)
        text = ngettext("%(count)d review is shown now.", "%(count)d reviews are shown now.", done)
        messages.success(request, text % {"count": done})
