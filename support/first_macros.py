"""The prepared answers that a new shop begins with, in English and German; edited in the admin from then on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connections, transaction

from support.models import Macro, MacroText, Situation, Tag, Topic
from support.states import TicketStatus

_S, _T = Situation, TicketStatus


@dataclass(frozen=True, slots=True)
class First:
    """One macro: its shortcut, name and text in English and in German, tags, and further columns."""

    shortcut: str
    english: tuple[str, str]
    german: tuple[str, str]
    tags: tuple[str, ...] = ()
    more: dict[str, Any] | None = None


HELLO, HALLO = "Hello {{name}},\n\n", "Guten Tag {{name}},\n\n"
BYE, GRUSS = "\n\nKind regards\n{{agent}}, {{shop}}", "\n\nFreundliche Grüße\n{{agent}}, {{shop}}"


def _letter(english: str, german: str) -> tuple[str, str]:
    return HELLO + english + BYE, HALLO + german + GRUSS


def _first(shortcut: str, names: tuple[str, str], texts: tuple[str, str], *tags: str, **more: Any) -> First:
    english, german = _letter(*texts)
    return First(shortcut, (names[0], english), (names[1], german), tags, more)


FIRST = [
    _first(
        "late", ("Late parcel, with the new date", "Paket verspätet, mit neuem Termin"),
        (
            "your order {{order_number}} comes later than we promised: we now expect {{goods}} by {{new_date}} at the "
            "latest (promised: {{promised_dates}}). I am sorry about that.\n\nThere is nothing you need to do. You can "
            "follow it here: {{order_link}}",
            "Ihre Bestellung {{order_number}} kommt später als versprochen: Wir erwarten {{goods}} jetzt spätestens am "
            "{{new_date}} (versprochen: {{promised_dates}}). Das tut mir leid.\n\nSie müssen nichts tun. Hier sehen Sie "
            "den Stand: {{order_link}}",
        ),
        "late", situation=_S.LATE, topic=Topic.NOT_ARRIVED, position=10,
    ),
    _first(
        "where", ("Where is my order: on its way", "Wo ist meine Bestellung: unterwegs"),
        (
            "your parcel with {{goods}} is on its way with {{carrier}}, number {{tracking_number}}. It should be with "
            "you within {{promised_dates}}.\n\nEvery step stands here: {{order_link}}",
            "Ihr Paket mit {{goods}} ist mit {{carrier}} unterwegs, Sendungsnummer {{tracking_number}}. Es sollte im "
            "Zeitraum {{promised_dates}} bei Ihnen sein.\n\nJeden Schritt sehen Sie hier: {{order_link}}",
        ),
        situation=_S.SENT, topic=Topic.NOT_ARRIVED, position=20,
    ),
    _first(
        "packing", ("Where is my order: not sent yet", "Wo ist meine Bestellung: noch nicht verschickt"),
        (
            "the supplier is packing {{goods}} of your order {{order_number}}. It should be with you within "
            "{{promised_dates}}; we write to you as soon as it leaves.\n\nYou can follow it here: {{order_link}}",
            "der Lieferant packt gerade {{goods}} aus Ihrer Bestellung {{order_number}}. Sie sollte im Zeitraum "
            "{{promised_dates}} bei Ihnen sein; sobald sie unterwegs ist, schreiben wir Ihnen.\n\nDen Stand sehen Sie "
            "hier: {{order_link}}",
        ),
        situation=_S.WAITING, topic=Topic.NOT_ARRIVED, position=30,
    ),
    _first(
        "not-there", ("Marked as delivered, not there", "Als zugestellt gemeldet, nicht da"),
        (
            "{{carrier}} says that parcel {{tracking_number}} was delivered. Could you please ask neighbours and "
            "everybody in the house, and look where parcels may be left? If it does not turn up by tomorrow, just "
            "answer this mail and we take it up with the carrier.",
            "laut {{carrier}} wurde das Paket {{tracking_number}} zugestellt. Könnten Sie bitte bei Nachbarn und im "
            "Haus nachfragen und an möglichen Ablageorten nachsehen? Wenn es bis morgen nicht auftaucht, antworten Sie "
            "einfach auf diese Nachricht, dann klären wir es mit dem Zusteller.",
        ),
        "not-there", situation=_S.DELIVERED, topic=Topic.NOT_ARRIVED, position=40,
    ),
    _first(
        "photos", ("Ask for photos", "Um Fotos bitten"),
        (
            "I am sorry that something is wrong with {{goods}}. So that we can solve it quickly, please send us one or "
            "two photos that show it, and one of the label or batch number if there is one. You can add them here: "
            "{{case_link}}",
            "es tut mir leid, dass mit {{goods}} etwas nicht stimmt. Damit wir es schnell lösen können, schicken Sie uns "
            "bitte ein oder zwei Fotos, auf denen man es sieht, und eines vom Etikett oder der Chargennummer, falls "
            "vorhanden. Das geht hier: {{case_link}}",
        ),
        "photos", topic=Topic.DEFECTIVE, position=50,
    ),
    _first(
        "damaged", ("Arrived damaged: ask for photos", "Beschädigt angekommen: um Fotos bitten"),
        (
            "I am sorry that {{goods}} arrived damaged. Please send us photos of the goods and of the packaging, and keep "
            "both until we have answered. You can add the photos here: {{case_link}}",
            "es tut mir leid, dass {{goods}} beschädigt angekommen ist. Bitte schicken Sie uns Fotos von der Ware und der "
            "Verpackung und heben Sie beides auf, bis wir geantwortet haben. Die Fotos können Sie hier hinzufügen: "
            "{{case_link}}",
        ),
        "photos", topic=Topic.DAMAGED, position=60,
    ),
    _first(
        "refunded", ("Refund is on its way", "Erstattung ist unterwegs"),
        (
            "we have paid you back {{refund_amount}} for {{goods}}. Your bank usually shows it within ten working "
            "days.\n\nIf something is still open, just answer this mail.",
            "wir haben Ihnen {{refund_amount}} für {{goods}} erstattet. Ihre Bank zeigt den Betrag meist innerhalb von "
            "zehn Werktagen an.\n\nWenn noch etwas offen ist, antworten Sie einfach auf diese Nachricht.",
        ),
        "refund", situation=_S.REFUNDED, status_after=_T.SOLVED, position=5,
    ),
    _first(
        "asked-supplier", ("We have asked the supplier", "Wir haben den Lieferanten gefragt"),
        (
            "thank you for your message. We have asked the supplier of {{goods}} about it and come back to you as soon as "
            "we have their answer, within three days. Your case has the number {{case_number}}.",
            "danke für Ihre Nachricht. Wir haben beim Lieferanten von {{goods}} nachgefragt und melden uns, sobald wir "
            "seine Antwort haben, spätestens in drei Tagen. Ihr Fall hat die Nummer {{case_number}}.",
        ),
        status_after=_T.WAITING_SUPPLIER, wait_days=3, position=80,
    ),
    _first(
        "return", ("How to send it back", "So schicken Sie es zurück"),
        (
            "you can send {{goods}} back. Your return has the number {{return_number}}: please write it on the parcel. "
            "Address and steps stand on your order's page: {{order_link}}",
            "Sie können {{goods}} zurückschicken. Ihre Rücksendung hat die Nummer {{return_number}}: Schreiben Sie sie "
            "bitte auf das Paket. Adresse und Ablauf stehen auf der Seite Ihrer Bestellung: {{order_link}}",
        ),
        "return", topic=Topic.CHANGED_MIND, situation=_S.DELIVERED, position=90,
    ),
    _first(
        "cancel-late", ("Cannot be cancelled any more", "Lässt sich nicht mehr stornieren"),
        (
            "{{goods}} of your order {{order_number}} has already been sent, so we cannot stop it any more. You can refuse "
            "the parcel at the door, or send it back within 30 days: {{order_link}}",
            "{{goods}} aus Ihrer Bestellung {{order_number}} ist schon verschickt, wir können es nicht mehr aufhalten. Sie "
            "können die Annahme verweigern oder es innerhalb von 30 Tagen zurückschicken: {{order_link}}",
        ),
        topic=Topic.CANCEL, situation=_S.SENT, position=100,
    ),
    _first(
        "wrong", ("Wrong item: we look into it", "Falscher Artikel: wir klären es"),
        (
            "I am sorry that you got the wrong thing. Please send us a photo of it and of the label on the parcel, and keep "
            "it unused. You can add the photos here: {{case_link}}",
            "es tut mir leid, dass Sie den falschen Artikel bekommen haben. Bitte schicken Sie uns ein Foto davon und vom "
            "Etikett auf dem Paket und benutzen Sie ihn nicht. Die Fotos können Sie hier hinzufügen: {{case_link}}",
        ),
        "photos", topic=Topic.WRONG_ITEM, position=110,
    ),
    _first(
        "close", ("Solved, thank you", "Gelöst, danke"),
        (
            "thank you for your message. I take it that everything is settled and close your case {{case_number}}. If "
            "something is still open, just answer this mail and it is open again.",
            "danke für Ihre Nachricht. Ich gehe davon aus, dass alles geklärt ist, und schließe Ihren Fall "
            "{{case_number}}. Wenn noch etwas offen ist, antworten Sie einfach, dann ist er wieder offen.",
        ),
        status_after=_T.SOLVED, position=120,
    ),
]  # fmt: skip


def keep_macros(sender: object, using: str, **kwargs: object) -> None:
    """Make the macros that are not there; those that are stay as staff have edited them. Runs after every migrate.

    One that is not wanted is switched off, not deleted: deleted, it would come back.
    """
    if Macro.tags.through._meta.db_table not in connections[using].introspection.table_names():
        # On the way back to an older release.
        return
    known = set(Macro.objects.values_list("shortcut", flat=True))
    missing = [first for first in FIRST if first.shortcut not in known]
    if missing:
        with transaction.atomic():
            _make(missing)


def _make(missing: Sequence[First]) -> None:
    made = Macro.objects.bulk_create(Macro(shortcut=first.shortcut, **(first.more or {})) for first in missing)
    pairs = list(zip(made, missing, strict=True))
    MacroText.objects.bulk_create(
        MacroText(macro=macro, language=language, name=name, body=body)
        for macro, first in pairs
        for language, (name, body) in (("en-gb", first.english), ("de", first.german))
    )
    names = {name for first in missing for name in first.tags}
    Tag.objects.bulk_create([Tag(name=name) for name in sorted(names)], ignore_conflicts=True)
    tags = {tag.name: tag for tag in Tag.objects.filter(name__in=names)}
    through = Macro.tags.through
    through.objects.bulk_create(through(macro=macro, tag=tags[name]) for macro, first in pairs for name in first.tags)
