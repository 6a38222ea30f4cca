"""The mailbox of the help address: read over a real line, stored before it is flagged, and missed by somebody when it fails."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from config.senders import read_inbound
from notifications.actions import mailbox as reading
from notifications.actions.mailbox import read_mailbox
from notifications.models import Mailbox
from orders.models import IncomingEvent, WorkItem
from support.models import Ticket, TicketMessage
from tests.imap_server import PASSWORD, USER, ImapServer
from tests.letters import a_letter
from tests.passing import let_time_pass, sweep

pytestmark = pytest.mark.django_db


@pytest.fixture
def server(settings):
    running = ImapServer()
    settings.HELP_ADDRESSES = [USER]
    settings.INBOUND_IMAP = {
        "host": "127.0.0.1", "port": running.port, "user": USER, "password": PASSWORD, "security": "", "folder": "INBOX",
        "timeout": 1.0, "seconds": 60.0,
    }  # fmt: skip
    yield running
    running.stop()


def read() -> int:
    return read_mailbox(now=timezone.now())


def test_what_lies_in_the_mailbox_becomes_cases_once_and_is_flagged(server, relay):
    for number in range(3):
        server.put(a_letter(f"Question {number}", To=USER, From=f"{number}@example.com").as_bytes())
    relay.run_until_idle(with_periodic=True)
    assert sorted(TicketMessage.objects.values_list("body", flat=True)) == ["Question 0", "Question 1", "Question 2"]
    assert server.unread() == []
    assert read() == 0
    assert Ticket.objects.count() == 3
    assert Mailbox.objects.get().read_at is not None


def test_a_blind_copy_to_the_mailbox_is_a_mail_to_us(server, relay):
    server.put(a_letter(To="somebody@else.example").as_bytes())
    read()
    relay.run_until_idle()
    assert Ticket.objects.count() == 1


def test_a_line_that_breaks_before_the_flag_brings_the_mail_again_and_it_is_one_message(server, relay):
    server.put(a_letter(To=USER).as_bytes())
    server.mode = "cut_at_store"
    read()
    assert server.unread() == [1]
    assert Mailbox.objects.get().failing_since is not None
    server.mode = ""
    read()
    relay.run_until_idle()
    assert server.unread() == []
    assert TicketMessage.objects.count() == 1
    assert Mailbox.objects.get().failing_since is None


def test_nothing_is_flagged_that_could_not_be_stored(server, monkeypatch):
    server.put(a_letter(To=USER).as_bytes())

    def full(*args, **kwargs):
        raise OSError("no space left")

    monkeypatch.setattr(reading, "store", full)
    with pytest.raises(OSError):
        read()
    assert server.unread() == [1]
    monkeypatch.undo()
    assert read() == 1


@pytest.mark.parametrize("mode", ["silent", "refuse", "lies_about_size"])
def test_a_server_that_does_not_answer_holds_nobody_up_and_tells_no_secret(server, mode, caplog):
    server.put(a_letter(To=USER).as_bytes())
    server.mode = mode
    assert read() == 0
    row = Mailbox.objects.get()
    assert row.failing_since is not None
    assert PASSWORD not in f"{row.name}{row.last_error}{caplog.text}"
    assert server.unread() == [1]


def test_a_mailbox_that_fails_for_an_hour_becomes_work_for_a_person(server):
    server.mode = "refuse"
    read()
    sweep()
    assert not WorkItem.objects.exists()
    let_time_pass(Mailbox.objects.get())
    sweep()
    assert "cannot be opened" in WorkItem.objects.get().summary
    server.mode = ""
    read()
    sweep()
    assert WorkItem.objects.get().closed_at is not None


def test_two_readers_do_not_read_at_once_and_a_dead_one_is_followed(server):
    server.put(a_letter(To=USER).as_bytes())
    Mailbox.objects.create(name=reading.mailbox_name(), taken_until=timezone.now() + timedelta(minutes=4))
    assert read() == 0
    assert server.sessions == 0
    Mailbox.objects.update(taken_until=timezone.now() - timedelta(seconds=1))
    assert read() == 1


def test_of_what_is_too_large_only_the_beginning_is_fetched_and_agents_are_told(server, relay, monkeypatch):
    monkeypatch.setattr(reading, "LARGEST", 50_000)
    mail = a_letter("See the film.", To=USER)
    mail.add_attachment(b"\0" * 200_000, maintype="video", subtype="mp4", filename="film.mp4")
    server.put(mail.as_bytes())
    read()
    relay.run_until_idle()
    assert server.fetched == ["(BODY.PEEK[]<0.65536>)"]
    assert "See the film." in TicketMessage.objects.get(thread="customer").body
    assert "larger than what we take" in TicketMessage.objects.get(thread="internal").body


def test_garbage_does_not_stop_the_others(server, relay):
    server.put(b"\xff\xfe\x00 no mail at all")
    server.put(b"")
    server.put(a_letter("A person.", To=USER).as_bytes())
    read()
    relay.run_until_idle()
    assert server.unread() == []
    assert TicketMessage.objects.get().body == "A person."
    assert IncomingEvent.objects.filter(done_at=None).count() == 0


def test_without_a_mailbox_nothing_is_read(settings):
    assert settings.INBOUND_IMAP == {}
    assert read() == 0
    assert not Mailbox.objects.exists()


class Env:
    """An environment with a few names."""

    def __init__(self, **named: str) -> None:
        self.named = named

    def str(self, name: str, default: str = "") -> str:
        return self.named.get(name, default)

    def list(self, name: str, default: object = ()) -> object:
        return self.named[name].split(",") if name in self.named else default


def test_the_address_of_a_mailbox_is_read_and_nonsense_refused():
    helps, where = read_inbound(
        Env(
            HELP_ADDRESS="Help@Shop.example, a@b.example",
            INBOUND_IMAP_URL="imaps://u%40x:p%3Aw@imap.example/Support?timeout=5",
        )
    )
    assert helps == ["help@shop.example", "a@b.example"]
    assert (where["user"], where["password"], where["port"], where["security"]) == ("u@x", "p:w", 993, "ssl")
    assert (where["folder"], where["timeout"], where["seconds"]) == ("Support", 5.0, 60.0)
    for wrong in ("pop3://u:p@x", "imaps://nobody", "imaps:///"):
        with pytest.raises(Exception, match="INBOUND_IMAP_URL"):
            read_inbound(Env(INBOUND_IMAP_URL=wrong))
