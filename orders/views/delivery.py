"""The choice of services on the checkout page: what is offered, what was chosen, what has changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

from django.conf import settings
from django.utils.translation import gettext as _

from shop.delivery import Choice, Parcel
from shop.money import Money

PREFIX = "service-"
LONGEST_SHOWN = 4000


@dataclass(frozen=True, slots=True)
class Card:
    """One service to choose; the names that ``components/_radio_card.html`` reads."""

    id: str
    value: str
    title: str
    price: str
    note: str
    checked: bool


@dataclass(frozen=True, slots=True)
class ChoiceSet:
    """The services of one parcel that has more than one."""

    name: str
    legend: str
    cards: list[Card]


def choice_sets(parcels: Sequence[Parcel]) -> list[ChoiceSet]:
    """Return what can be chosen, by parcel; nothing for parcels that go by the only service there is."""
    return [
        ChoiceSet(
            PREFIX + parcel.profile.code,
            _legend(parcel, number, len(parcels)),
            [_card(parcel, choice) for choice in parcel.choices],
        )
        for number, parcel in enumerate(parcels, start=1)
        if len(parcel.choices) > 1
    ]


def _legend(parcel: Parcel, number: int, count: int) -> str:
    town = parcel.profile.sent_from
    if count == 1:
        return _("Sent from %(town)s") % {"town": town}
    return _("Parcel %(number)d of %(count)d, sent from %(town)s") % {"number": number, "count": count, "town": town}


def _card(parcel: Parcel, choice: Choice) -> Card:
    return Card(
        id=f"{parcel.profile.code}-{choice.service.code}",
        value=choice.service.code,
        title=_("Arrives %(days)s") % {"days": choice.arrival},
        price=str(Money(choice.price_minor, settings.SHOP_CURRENCY)) if choice.price_minor else _("Free"),
        note=choice.service.local_name,
        checked=choice.service == parcel.service,
    )


def chosen_services(posted: Mapping[str, str]) -> dict[str, str]:
    """Return the services that a page sent: codes of services by codes of delivery profiles; unchecked."""
    return {name.removeprefix(PREFIX): code for name, code in posted.items() if name.startswith(PREFIX)}


def days_shown(parcels: Sequence[Parcel]) -> str:
    """Write down when each service was said to arrive, for a hidden field that comes back with the order."""
    return " ".join(f"{_key(parcel, choice)}={_days(choice)}" for parcel in parcels for choice in parcel.choices)


def changed_promises(parcels: Sequence[Parcel], shown: str, wanted: Mapping[str, str]) -> list[str]:
    """Say by parcel what is not any more as the customer saw it: the service, or the days it arrives.

    ``shown`` is what ``days_shown`` wrote; empty: the page sent nothing, and nothing is compared.
    ``wanted`` is what the customer chose: codes of services by codes of delivery profiles.
    """
    known = dict(entry.split("=", 1) for entry in shown[:LONGEST_SHOWN].split() if "=" in entry)
    texts = []
    for parcel in parcels:
        choice = next(one for one in parcel.choices if one.service == parcel.service)
        facts = {"town": parcel.profile.sent_from, "days": parcel.arrival, "service": parcel.service.local_name}
        if wanted.get(parcel.profile.code, parcel.service.code) != parcel.service.code:
            text = _("What you chose is not offered for the parcel from %(town)s: %(service)s arrives %(days)s.")
            texts.append(text % facts)
        elif known and known.get(_key(parcel, choice)) != _days(choice):
            texts.append(_("The parcel from %(town)s arrives %(days)s now.") % facts)
    return texts


def imports_shown(parcels: Sequence[Parcel]) -> str:
    """Write down what was said of duty and tax on arrival, for a hidden field that comes back with the order."""
    return " ".join(dict.fromkeys(_digest(parcel.import_text) for parcel in parcels if parcel.import_text))


def untold_imports(parcels: Sequence[Parcel], shown: str | None) -> list[str]:
    """Return what must be said of duty and tax on arrival and was not; ``shown`` None: the page sent nothing."""
    known = None if shown is None else shown[:LONGEST_SHOWN].split()
    texts = dict.fromkeys(parcel.import_text for parcel in parcels if parcel.import_text)
    return [text for text in texts if known is not None and _digest(text) not in known]


def _digest(text: str) -> str:
    return f"{crc32(text.encode()):08x}"


def _key(parcel: Parcel, choice: Choice) -> str:
    return f"{parcel.profile.code}.{choice.service.code}"


def _days(choice: Choice) -> str:
    return f"{choice.window.earliest_on}/{choice.window.latest_on}"
