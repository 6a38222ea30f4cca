"""Signing in: by a password or by a code that comes by mail, and no word to strangers about who has an account."""

from __future__ import annotations

import re

import pytest

from notifications.models import Notification
from shop.models import User
from tests.accounts import make_customer, prove
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_mail(settings):
    """Let mails about accounts go the way they do in the shop."""
    settings.EMAIL_BACKEND = "notifications.backend.QueueingBackend"


def code_in(mail) -> str:
    text = mail.get_body(("plain",)).get_content().replace("\r", "")
    return re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", text, re.M).group(1)


def test_a_code_by_mail_signs_in_pasted_with_blanks(client, relay, mailbox):
    make_customer()
    client.post("/account/login/code/", {"email": "alex@example.com"})
    relay.run_until_idle()
    code = code_in(mailbox()[-1])
    answer = client.post("/account/login/code/confirm/", {"code": f" {code} "})
    assert answer["Location"] == "/account/"
    assert client.get("/account/").status_code == 200


def test_a_wrong_code_signs_nobody_in(client):
    make_customer()
    client.post("/account/login/code/", {"email": "alex@example.com"})
    for _time in range(4):
        client.post("/account/login/code/confirm/", {"code": "AAAAAA"})
    assert client.get("/account/").status_code == 302


def test_strangers_do_not_learn_who_has_an_account(client, relay, mailbox):
    make_customer()
    known = client.post("/account/login/code/", {"email": "alex@example.com"})
    unknown = client.post("/account/login/code/", {"email": "nobody@example.com"})
    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])
    again = client.post("/account/signup/", {"email": "alex@example.com", "password1": ""})
    fresh = client.post("/account/signup/", {"email": "new@example.com", "password1": ""})
    assert (again.status_code, again["Location"]) == (fresh.status_code, fresh["Location"])


def test_an_account_needs_no_password(client):
    client.post("/account/signup/", {"email": "new@example.com", "password1": ""})
    assert not User.objects.get().has_usable_password()


def test_a_new_address_counts_once_its_mail_was_answered(client, relay, mailbox):
    user = make_customer()
    prove(client, user)
    client.post("/account/email/", {"email": "new@example.com", "action_add": ""})
    user.refresh_from_db()
    assert user.email == "alex@example.com"
    relay.run_until_idle()
    (link,) = re.findall(r"(/account/confirm-email/\S+)", mailbox()[-1].get_body(("plain",)).get_content())
    client.post(link)
    user.refresh_from_db()
    assert user.email == "new@example.com"


def test_staff_who_read_messages_find_no_code_in_them(client, relay):
    make_customer()
    client.post("/account/login/code/", {"email": "alex@example.com"})
    row = Notification.objects.get()
    client.force_login(make_person(role="Store staff"))
    page = client.get(f"/admin/notifications/notification/{row.pk}/change/").content.decode()
    assert row.recipient in page
    code = re.search(r"^([A-Z0-9]{3,}-?[A-Z0-9]*)$", row.text, re.M).group(1)
    assert code not in page


def test_whoever_has_no_password_is_not_asked_for_one(client):
    user = make_customer()
    user.set_unusable_password()
    user.save()
    client.force_login(user)
    assert client.get("/account/data/").status_code == 200
    page = client.get("/account/details/").content.decode()
    assert "Set a password" in page


@pytest.mark.parametrize("path", ["/account/login/", "/account/signup/", "/account/login/code/"])
def test_every_way_in_has_labels_and_says_what_fills_it_in(client, path):
    page = client.get(path).content.decode()
    form = page[page.index("<main") :]
    assert re.search(r'type="email"[^>]*autocomplete="email"|autocomplete="email"[^>]*type="email"', form) or (
        'autocomplete="username"' in form
    )
    for field in re.findall(r'<input type="(?:email|password|text)"[^>]*id="([^"]+)"', form):
        assert f'for="{field}"' in form, field
