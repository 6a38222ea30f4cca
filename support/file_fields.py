"""Fields for customers' files. What was chosen stays chosen when the form has to be sent once more."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.forms.boundfield import BoundField
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _, gettext_lazy

from support.kept_files import has_room, keep, kept_file, name_behind
from support.uploads import PDF, Photo, read_file, read_photo, tidy_name


class Kept(NamedTuple):
    """A file that waits for the next form: the word that brings it, and its name."""

    word: str
    name: str


class Brought(NamedTuple):
    """What of the files that were sent the next form brings along, and the names of those that it cannot."""

    kept: list[Kept]
    lost: list[str]


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several, and lists those that were sent before, to be sent along or left out.

    Its value is a list of the words of kept files and of uploads. Shown again, it keeps those uploads that can be
    read, as many as may be sent, and names the others.
    """

    allow_multiple_selected = True
    template_name = "support/widgets/many_files.html"
    read = staticmethod(read_photo)

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str | UploadedFile]:
        words = data.getlist(f"{name}_kept") if isinstance(data, MultiValueDict) else []
        chosen = files.getlist(name) if isinstance(files, MultiValueDict) else []
        return [*words, *chosen]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return not self.value_from_datadict(data, files, name)

    def get_context(self, name: str, value: object, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, None, attrs)
        context["widget"]["brought"] = self.bring(value)
        return context

    def bring(self, value: object) -> Brought:
        """Return what of a value the next form can bring; uploads are stored for it."""
        brought = Brought([], [])
        for one in value if isinstance(value, list) else []:
            word = "" if len(brought.kept) == settings.UPLOAD_LIMIT_FILES else self._word(one)
            if name := name_behind(word):
                brought.kept.append(Kept(word, name))
            elif not isinstance(one, str):
                brought.lost.append(tidy_name(one.name))
        return brought

    def _word(self, one: str | UploadedFile) -> str:
        if isinstance(one, str):
            return one
        try:
            if not has_room():
                return ""
            one.seek(0)
            return keep(self.read(one))
        except (forms.ValidationError, ValueError, OSError):
            # What cannot be read, or was closed (a ValueError to Python), a disk that is full, or a file that was
            # forgotten while it was counted.
            return ""


class PhotosField(forms.FileField):
    """Up to UPLOAD_LIMIT_FILES photos of UPLOAD_LIMIT_BYTES each; cleans to a list of Photo."""

    read = staticmethod(read_photo)
    accepted = "image/jpeg,image/png,image/webp"
    texts = (gettext_lazy("Photos"), gettext_lazy("Up to 5, JPEG, PNG or WebP, 10 MB each."))

    def __init__(self, **kwargs: object) -> None:
        label, help_text = self.texts
        widget = ManyFiles(attrs={"accept": self.accepted})
        widget.read = self.read
        super().__init__(required=False, widget=widget, **{"label": label, "help_text": help_text} | kwargs)

    def clean(self, data: object, initial: object = None) -> list[Photo]:
        """Check every file. Raises ValidationError that names the file and says what to do."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > settings.UPLOAD_LIMIT_FILES:
            raise forms.ValidationError(
                _("Choose at most %(most)d photos; more can follow later.") % {"most": settings.UPLOAD_LIMIT_FILES}
            )
        return [self._read_one(file, initial) for file in files]

    def bound_data(self, data: object, initial: object) -> object:
        """Return what was sent: Django shows nothing of it again, since no browser takes a file back."""
        return data

    def _read_one(self, file: object, initial: object) -> Photo:
        if isinstance(file, str):
            photo = kept_file(file)
            if photo is None or photo.content_type not in self.accepted.split(","):
                raise forms.ValidationError(_("A file you sent before is no longer here. Please choose it once more."))
            return photo
        return self.read(super().clean(file, initial))


class FilesField(PhotosField):
    """Photos and PDFs, as many and as large."""

    read = staticmethod(read_file)
    accepted = f"{PhotosField.accepted},{PDF}"
    texts = (gettext_lazy("Photos or PDF files"), gettext_lazy("Up to 5, JPEG, PNG, WebP or PDF, 10 MB each."))


def brought_by(bound: BoundField) -> Brought:
    """Return the files of a bound form's field that the next form can bring, whichever form that is."""
    return bound.field.widget.bring(bound.data)
