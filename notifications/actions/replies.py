"""Let what customers write by mail be a message in their case: an answer to a mail of ours, or a mail to the help address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.inbound.letter import Enclosed, Letter
from notifications.inbound.machines import help_addresses, why_automatic, without_tag
from notifications.models import Notification
from notifications.replies import subject_of
from orders.models import IncomingEvent, Order
from shop.languages import speaking
from support.actions.ask_supplier import supplier_answers
from support.actions.closing import customer_goes_on, may_reopen
from support.actions.ticket import MailFacts, open_ticket, survivor_of, tell_thread
from support.models import SupplierQuestion, Ticket, TicketMessage, Topic
from support.states import TicketStatus
from support.uploads import Photo, read_file, tidy_name

# Within an hour and from one address. Beyond the first, mails go into the newest case and nothing answers them; beyond
# the second they are only kept. Two robots that answer each other end there.
MOST_OPENED, MOST_WRITTEN, PER = 5, 40, timedelta(hours=1)
# Pictures that are read at most, whatever becomes of them: reading one takes up to a second.
MOST_TRIED = 10
READABLE = ("image/jpeg", "image/png", "image/webp", "application/pdf", "application/octet-stream")
CASE_NUMBER = re.compile(r"\bT-[0-9]{6}-[0-9]{2}\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """The files of a mail: those that may be kept, and what to tell staff of the others."""

    kept: list[Photo]
    refused: list[str]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a mail belongs. ``claimed`` is what it says it is about, from an address that this does not belong to."""

    about: Order | Ticket | SupplierQuestion | None = None
    claimed: Order | Ticket | None = None


def check_files(files: Sequence[Enclosed]) -> Checked:
    """Keep photos made anew and PDFs, as many as a page takes; name all others. Takes time: not inside a transaction."""
    kept: list[Photo] = []
    refused: list[str] = []
    for place, one in enumerate(files):
        if one.content_type not in READABLE or not one.content:
            refused.append(f"{one.name} ({one.content_type[:60]}): not a photo or PDF")
        elif len(kept) >= settings.UPLOAD_LIMIT_FILES or place >= MOST_TRIED:
            refused.append(f"{one.name}: more than {settings.UPLOAD_LIMIT_FILES} files")
        else:
            try:
                kept.append(read_file(SimpleUploadedFile(tidy_name(one.name), one.content, one.content_type)))
            except ValidationError as error:
                refused.append(" ".join(error.messages))
    return Checked(kept, refused)


def take_in_letter(incoming: IncomingEvent, letter: Letter, files: Checked) -> str:
    """Write a mail into its case: the one it answers, the order's open one, or a new one. Return what was done.

    Safe to repeat. Mails of machines open nothing, and nothing answers them. A mail from an address that what it is
    about does not belong to is a case of its own, to which no order belongs: agents are told what it claims.
    """
    known = TicketMessage.objects.filter(form_key=letter.key).select_related("ticket").first()
    if known is not None:
        return f"known: {known.ticket.number}"
    why = _why_not(incoming, letter)
    if why:
        return why
    place = _place_of(letter, incoming.body["to"].split())
    if isinstance(place.about, SupplierQuestion):
        return _supplier_says(letter, place.about, files)
    body = letter.text or _wordless(files)
    mail = MailFacts(letter.quoted, letter.sender, letter.message_id)
    ticket = _case_of(place.about)
    if ticket is None and place.about is None:
        ticket = _newest_of_too_many(letter)
    if ticket is None:
        ticket = _open(letter, place, body, mail, files.kept)
    else:
        ticket, _new = customer_goes_on(ticket, body, form_key=letter.key, photos=files.kept, mail=mail)
    _note(incoming, ticket, letter, place, files.refused)
    return f"written into {ticket.number}"


def _wordless(files: Checked) -> str:
    return _("(No words; see the files.)") if files.kept else _("(No words that we can read.)")


def _supplier_says(letter: Letter, question: SupplierQuestion, files: Checked) -> str:
    """Take in a supplier's answer to what it was asked; what its customer reads is never written from here."""
    said = letter.text or _wordless(files)
    supplier_answers(question, said, form_key=letter.key, photos=files.kept, by_mail=letter.sender)
    came_as = {"quoted": letter.quoted, "mail_id": letter.message_id}
    TicketMessage.objects.filter(form_key=letter.key).update(**came_as)
    if files.refused:
        text = "Files that were not taken over: " + "; ".join(files.refused) + "."
        tell_thread(question.ticket, TicketMessage.Thread.INTERNAL, text, author=TicketMessage.Author.SYSTEM)
    return f"answers: question {question.pk}"


def _why_not(incoming: IncomingEvent, letter: Letter) -> str:
    """Say why a mail becomes no message; empty for one that does."""
    to = incoming.body["to"].split()
    lately = TicketMessage.objects.filter(from_address=letter.sender, at__gt=timezone.now() - PER)
    rules = (
        (lambda: not letter.sender, "from nobody: kept for a person to look at"),
        (lambda: why_automatic(letter), ""),
        (lambda: _is_ours(letter), "our own mail, come back"),
        # A mailbox holds what was sent to it; a provider hands over whatever comes for the domain.
        (lambda: incoming.source != "reply:imap" and not _is_for_us(to), "about nothing of ours"),
        (lambda: not (letter.text or letter.files or letter.subject), "without words"),
        (lambda: lately.count() >= MOST_WRITTEN, "too many from this address within an hour: kept, not answered"),
    )
    for applies, why in rules:
        found = applies()
        if found:
            return why or str(found)
    return ""


def _is_ours(letter: Letter) -> bool:
    return bool(letter.message_id) and Notification.objects.filter(message_id=letter.message_id).exists()


def _is_for_us(to: Sequence[str]) -> bool:
    return any(without_tag(address) in help_addresses() for address in to)


def _place_of(letter: Letter, to: Sequence[str]) -> Place:
    """Find what a mail is about: by the address it went to, by the mails it answers, by the number in its subject."""
    tagged = next((about for address in to if (about := subject_of(address)) is not None), None)
    if tagged is not None:
        # Nobody has this address but whoever had our mail.
        return Place(about=tagged)
    claimed = _answered(letter.answers) or _named(letter.subject)
    if claimed is None:
        return Place()
    is_theirs = claimed.email.lower() == letter.sender
    return Place(about=claimed) if is_theirs else Place(claimed=claimed)


def _answered(ids: Sequence[str]) -> Order | Ticket | None:
    if not ids:
        return None
    message = (
        TicketMessage.objects.filter(mail_id__in=ids, thread=TicketMessage.Thread.CUSTOMER).order_by("-pk").first()
    )
    if message is not None:
        return message.ticket
    mail = Notification.objects.filter(message_id__in=ids).select_related("event", "order").order_by("-pk").first()
    if mail is None:
        return None
    kind, _colon, pk = mail.event.subject_key.partition(":") if mail.event else ("", "", "")
    ticket = Ticket.objects.filter(pk=int(pk)).first() if kind == "ticket" and pk.isdecimal() else None
    return ticket or mail.order


def _named(subject: str) -> Order | Ticket | None:
    case = CASE_NUMBER.search(subject)
    if case is not None and (ticket := Ticket.objects.filter(number=case[0].upper()).first()) is not None:
        return ticket
    found = re.search(rf"\b{re.escape(settings.ORDER_PREFIX)}-?([0-9]{{3,12}})\b", subject, re.IGNORECASE)
    return Order.objects.filter(number=f"{settings.ORDER_PREFIX}-{found[1]}").first() if found else None


def _case_of(about: Order | Ticket | None) -> Ticket | None:
    if about is None or isinstance(about, Ticket):
        return about
    return Ticket.objects.filter(order=about).exclude(status=TicketStatus.SOLVED).order_by("-pk").first()


def _newest_of_too_many(letter: Letter) -> Ticket | None:
    """Return the case that takes further mails of somebody who has opened many within the hour; None: they open one."""
    opened = Ticket.objects.filter(
        email__iexact=letter.sender, source=Ticket.Source.MAIL, order=None, opened_at__gt=timezone.now() - PER
    )
    if opened.count() < MOST_OPENED:
        return None
    newest = survivor_of(opened.order_by("-pk")[0])
    return newest if may_reopen(newest, now=timezone.now()) else None


def _open(letter: Letter, place: Place, body: str, mail: MailFacts, files: Sequence[Photo]) -> Ticket:
    order = place.about if isinstance(place.about, Order) else None
    with speaking(order.language if order else _language_of(letter.sender)):
        subject = letter.subject or (_("Order %(number)s") % {"number": order.number} if order else body[:60])
        made = open_ticket(
            order=order,
            # An answer goes to whom the order belongs to, whoever wrote.
            email=order.email if order else letter.sender,
            name=order.name if order else letter.sender_name,
            topic=Topic.QUESTION,
            subject=subject,
            body=body,
            form_key=letter.key,
            photos=files,
            source=Ticket.Source.MAIL,
            mail=mail,
        )
    if isinstance(place.claimed, Ticket):
        made.linked.add(place.claimed)
    return made


def _language_of(sender: str) -> str:
    # Nothing of the order is told; only that this address was written to in that language before.
    last = Order.objects.filter(email__iexact=sender).order_by("-pk").values_list("language", flat=True).first()
    return last or settings.LANGUAGE_CODE


def _note(incoming: IncomingEvent, ticket: Ticket, letter: Letter, place: Place, refused: Sequence[str]) -> None:
    """Tell agents what they cannot see of it; no customer sees this."""
    said = []
    if place.claimed is not None:
        what = "order" if isinstance(place.claimed, Order) else "case"
        text = "It says that it is about {} {}, but comes from {}, which that does not belong to: tell nothing of it before you know who writes."
        said.append(text.format(what, place.claimed.number, letter.sender))
    elif letter.sender != ticket.email.lower():
        said.append(f"It came by mail from {letter.sender}, not from the customer's address.")
    if "dmarc=fail" in letter.heads.get("authentication-results", "").lower():
        said.append("Its sender could not be proved (DMARC failed): the address may be forged.")
    if refused:
        said.append("Files that were not taken over: " + "; ".join(refused) + ".")
    if letter.is_cut:
        said.append("It is longer than what we keep, and was cut.")
    said += [text for text in (letter.unread, incoming.body.get("notes", "")) if text]
    if said:
        system, internal = TicketMessage.Author.SYSTEM, TicketMessage.Thread.INTERNAL
        tell_thread(ticket, internal, " ".join(said), author=system)
