"""Whatever strangers send by mail: reading it ends soon, nothing of it runs, and the next mail is worked on."""

from __future__ import annotations

import base64
import re
import zipfile
import zlib
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings as hypothesis_settings, strategies as st
from PIL import Image

from notifications.inbound.letter import read_letter
from notifications.inbound.plain import own_and_quoted, text_of_html
from orders.models import IncomingEvent
from support.models import Attachment, Ticket, TicketMessage
from support.uploads import tidy_name
from tests.factories import make_person
from tests.letters import HELP, a_letter, a_pdf, a_picture, hand_in

pytestmark = pytest.mark.django_db
HEAD = b"From: eve@example.net\r\nTo: " + HELP.encode() + b"\r\nMessage-ID: <h@example.net>\r\nMIME-Version: 1.0\r\n"
CANARY = "<script>window.ran=1</script><img src=x onerror=window.ran=1>"


@pytest.fixture(autouse=True)
def _takes_mail(settings):
    settings.REPLY_ADDRESS = HELP


def nested(depth: int) -> bytes:
    parts = [b"Subject: bomb\r\n"]
    parts += [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n'.encode() for n in range(depth)]
    return HEAD + b"".join(parts) + b"Content-Type: text/plain\r\n\r\nhello\r\n"


def mails_in_mails(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: x\r\n\r\nhello\r\n"


def zip_bomb() -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", b"\0" * 20_000_000)
    return out.getvalue()


def picture_bomb() -> bytes:
    """A small PNG that says it is 30,000 by 30,000."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    size = (30_000).to_bytes(4, "big") * 2
    pixels = zlib.compress(b"\0" * 3_000_000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size + b"\x08\x02\0\0\0") + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def with_file(content: bytes, kind: str, name: str) -> bytes:
    mail = a_letter(From="eve@example.net")
    maintype, _slash, subtype = kind.partition("/")
    mail.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return mail.as_bytes()


SOURCES = {
    "nothing": b"",
    "only zeros": b"\0" * 1000,
    "bytes": bytes(range(256)) * 50,
    "nested 50": nested(50),
    "nested 5000": nested(5_000),
    "mails in mails": mails_in_mails(90),
    "very many mails in mails": mails_in_mails(20_000),
    "a head of a megabyte": HEAD + b"Subject: " + b"a" * 1_000_000 + b"\r\n\r\nhello",
    "ten thousand heads": HEAD + b"X-A: 1\r\n" * 10_000 + b"\r\nhello",
    "ten thousand addresses": b"To: " + b"a@example.com, " * 10_000 + b"\r\n" + HEAD + b"\r\nhello",
    "a bad boundary": HEAD + b'Content-Type: multipart/mixed; boundary="\r\n\r\n--\r\nhello',
    "no boundary": HEAD + b"Content-Type: multipart/mixed\r\n\r\nhello",
    "an unknown charset": HEAD + b"Content-Type: text/plain; charset=klingon\r\n\r\nhall\xf6chen",
    "punycode": HEAD + b"Content-Type: text/plain; charset=punycode\r\n\r\n" + b"a-" * 200_000,
    "no text charset": HEAD + b"Content-Type: text/plain; charset=zlib\r\n\r\nhello",
    "a charset with a NUL": HEAD + b'Content-Type: text/plain; charset="a\0b"\r\n\r\nhello',
    "an rfc2231 charset": HEAD + b"Content-Type: text/plain; charset*=x'y'%ff%fe\r\n\r\nhello",
    "bad base64": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n!!!not=base64===",
    "an unknown encoding": HEAD + b"Content-Transfer-Encoding: rot13\r\n\r\nuryyb",
    "bad encoded words": HEAD + b"Subject: =?utf-8?b?!!!?= =?x?q?=zz?= =?utf-8?q?=ff=fe?=\r\n\r\nhello",
    "surrogates": HEAD + b"Subject: \xed\xa0\x80\r\n\r\n\xed\xa0\x80 hello",
    "NULs": HEAD + b"Subject: a\0b\r\n\r\nhel\0lo",
    "two senders": b"From: a@example.com\r\n" + HEAD + b"\r\nhello",
    "a sender with lines": b"From: =?utf-8?q?a=0d=0aBcc:_victim=40example.com?= <eve@example.net>\r\nTo: " + HELP.encode() + b"\r\n\r\nhi",
    "a sender that is none": b"From: not an address\r\nTo: " + HELP.encode() + b"\r\n\r\nhello",
    "a zip bomb": with_file(zip_bomb(), "application/zip", "x.zip"),
    "a zip bomb as picture": with_file(zip_bomb(), "image/png", "x.png"),
    "a picture bomb": with_file(picture_bomb(), "image/png", "x.png"),
    "a cut picture": with_file(a_picture()[:500], "image/jpeg", "x.jpg"),
    "a script as picture": with_file(b"<script>alert(1)</script>", "image/jpeg", "x.jpg"),
    "HTML as PDF": with_file(b"%PDF-1.4<script>alert(1)</script>", "application/pdf", "x.pdf"),
    "an active PDF": with_file(a_pdf().replace(b"/Catalog", b"/JavaScript"), "application/pdf", "x.pdf"),
    "a PDF named otherwise": with_file(a_pdf(), "application/pdf", "x.html"),
    "a program": with_file(b"MZ" + b"\0" * 100, "application/octet-stream", "x.exe"),
    "winmail": with_file(b"\x78\x9f\x3e\x22", "application/ms-tnef", "winmail.dat"),
    "HTML without end": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 100_000,
    "HTML that never closes": HEAD + b"Content-Type: text/html\r\n\r\nhello<script>" + b"<!--" * 50_000,
    "open brackets": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 300_000,
    "many quotations": HEAD + b"\r\n" + b"On a " * 100_000 + b"\n" + b"From: x\n" * 50_000,
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.timeout(60)
def test_whatever_comes_is_worked_on_and_the_next_mail_too(relay, name):
    row = hand_in(SOURCES[name], relay)
    assert row.done_at is not None, row.last_error
    hand_in(a_letter("A person.", From="pat@example.com"), relay)
    assert Ticket.objects.filter(email="pat@example.com").exists()
    kept = Attachment.objects.values_list("content_type", flat=True)
    assert not kept


@pytest.mark.parametrize("name", ["nested 50", "nested 5000", "mails in mails", "a head of a megabyte", "punycode"])
def test_what_cannot_be_taken_apart_is_a_case_all_the_same(relay, name):
    hand_in(SOURCES[name], relay)
    assert Ticket.objects.get().email == "eve@example.net"


def test_lines_in_a_head_bring_no_heads_into_our_mails(relay, mailbox):
    hand_in(SOURCES["a sender with lines"], relay)
    hand_in(a_letter(Subject="=?utf-8?q?x=0d=0aBcc:_victim=40example.com?="), relay)
    mails = mailbox()
    assert len(mails) == 2
    assert all(mail["Bcc"] is None for mail in mails)
    assert {mail["To"] for mail in mails} == {"eve@example.net", "alex@example.com"}


def test_a_name_with_an_address_in_it_is_not_taken_for_one(relay):
    hand_in(a_letter(From='"boss@shop.example" <eve@example.net>'), relay)
    ticket = Ticket.objects.get()
    assert (ticket.email, ticket.name) == ("eve@example.net", "")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("gpj.exe\u202egnp.jpg", "gpj.exegnp.jpg"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\photo.jpg", "photo.jpg"),
        ("a\r\nSet-Cookie: x.jpg", "aSet-Cookie: x.jpg"),
        ("photo\u200b.jpg", "photo.jpg"),
        ("...", "file"),
        ("", "file"),
        ("x" * 300 + ".jpg", "x" * 115 + "….jpg"),
        ("\ud800.jpg", "jpg"),
    ],
)
def test_names_of_files_hide_nothing(name, shown):
    assert tidy_name(name) == shown


def test_unicode_tricks_in_a_files_name_reach_no_page(relay, client):
    head = HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/jpeg\r\n"
    named = b"Content-Disposition: attachment; filename*=utf-8''invoice%E2%80%AEgpj.exe.jpg\r\n"
    body = b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(a_picture()) + b"\r\n--b--\r\n"
    hand_in(head + named + body, relay)
    assert Attachment.objects.get().original_name == "invoicegpj.exe.jpg"


def test_hostile_words_are_shown_as_words_everywhere(relay, client, mailbox):
    mail = a_letter(CANARY, Subject=CANARY, From=f'"{CANARY[:40]}" <eve@example.net>')
    mail.add_attachment(a_picture(), maintype="image", subtype="jpeg", filename="<b>x</b>.jpg")
    mail.add_attachment(b"MZ", maintype="application", subtype="x-dos", filename="<i>y</i>.exe")
    row = hand_in(mail, relay)
    ticket = Ticket.objects.get()
    pages = [client.get(ticket.get_absolute_url()).content.decode()]
    client.force_login(make_person("agent@example.com", role="Support agents"))
    pages += [client.get(url).content.decode() for url in ("/desk/", f"/desk/tickets/{ticket.pk}/")]
    client.force_login(make_person("boss@example.com", role="Store staff"))
    pages += [client.get(f"/admin/orders/incomingevent/{row.pk}/change/").content.decode()]
    pages += [mail.get_body(("html",)).get_content() for mail in mailbox()]
    for page in pages:
        assert "<script>window" not in page
        assert "<img src=x" not in page
        assert "<b>x</b>" not in page
        assert "<i>y</i>" not in page


def test_a_picture_keeps_nothing_that_was_hidden_in_it(relay):
    out = BytesIO()
    Image.new("RGB", (20, 20)).save(out, "PNG")
    hand_in(with_file(out.getvalue() + b"<?php evil();", "image/png", "x.png"), relay)
    with Attachment.objects.get().file.open("rb") as kept:
        assert b"php" not in kept.read()


def test_what_a_program_would_run_in_html_is_no_text():
    html = "a<script>x()</script><style>y</style><svg onload=z()><text>t</text></svg><iframe src=x>i</iframe>b"
    assert text_of_html(html) == "ab"
    assert text_of_html("&lt;b&gt; &#0; &#x202e;") == "<b> \ufffd \u202e"


@given(st.binary(max_size=3000))
@hypothesis_settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reading_any_bytes_ends_with_a_letter(raw):
    for source in (raw, HEAD + raw, HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + raw):
        letter = read_letter(source)
        assert "\0" not in letter.text + letter.subject + letter.sender_name
        letter.digest.encode()
        letter.text.encode()
        assert re.fullmatch(r"[^\r\n]*", letter.subject)


@given(st.text(max_size=3000))
@hypothesis_settings(max_examples=200, deadline=None)
def test_nothing_of_a_text_is_lost_between_own_and_quoted(text):
    own, quoted = own_and_quoted(text)
    assert own or not quoted
    text_of_html(text)


def test_a_mail_that_breaks_our_own_code_waits_and_becomes_work(relay, monkeypatch):
    from notifications.actions import feedback

    def broken(*args):
        raise ValueError("a fault of ours")

    monkeypatch.setattr(feedback, "take_in_letter", broken)
    row = hand_in(a_letter(), relay)
    assert (row.done_at, row.last_error) == (None, "ValueError")
    monkeypatch.undo()
    IncomingEvent.objects.update(due_at=row.received_at)
    relay.run_until_idle()
    assert TicketMessage.objects.count() == 1
