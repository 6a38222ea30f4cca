"""Every address of the shop, for every kind of visitor, with their own and with foreign objects."""

from __future__ import annotations

import uuid

import pytest
from django.core.files.base import ContentFile
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from notifications.actions.choices import correspondent_at
from notifications.links import token_of
from orders.actions.delays import signed_name
from orders.actions.refund import RefundPart
from orders.models import Delay
from shop.actions.addresses import save_address
from shop.models import BasketLine, SavedAddress
from support.actions.solve import PHOTO_SALT
from support.actions.ticket import open_ticket
from support.models import Attachment, Topic
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.papers import credited

pytestmark = pytest.mark.django_db
WHO = ("nobody", "owner", "stranger", "Store staff", "Support agents", "Pharmacists")
# How each address answers a GET. "open": everybody gets a page (or is sent on, or told to POST).
# "key": whoever has the unguessable link; any other link is 404. "login": people who are logged in.
# "agents": support agents only. "staff": only the admin's own people. "signed": whoever can sign.
RULES = {
    "health-live": "open",
    "health-ready": "open",
    "stripe-webhook": "signed",
    "supplier-webhook": "signed",
    "carrier-webhook": "signed",
    "mail-webhook": "signed",
    "reply-webhook": "signed",
    "sms-webhook": "signed",
    "audit": "staff",
    "reconciliation": "staff",
    "margin": "staff",
    "margin-export": "staff",
    "styleguide": "open",
    "shop:home": "open",
    "shop:category": "open",
    "shop:product": "open",
    "shop:search": "open",
    "shop:suggest": "open",
    "shop:basket": "open",
    "shop:basket-add": "open",
    "shop:basket-added": "open",
    "shop:reviews": "open",
    "shop:tell-me": "open",
    "shop:stop-telling": "open",
    "sitemap-places": "open",
    "sitemap-products": "open",
    "shop:basket-update": "open",
    "shop:basket-undo": "open",
    "shop:basket-go": "open",
    "shop:country": "open",
    "shop:page": "open",
    "shop:addresses": "login",
    "shop:address-add": "login",
    "shop:details": "login",
    "robots": "open",
    "sitemap": "open",
    "orders:checkout": "open",
    "orders:check": "open",
    "orders:code": "open",
    "orders:find": "open",
    "orders:parcel": "open",
    "orders:again": "open",
    "orders:email-address": "key",
    "orders:return": "key",
    "orders:delay": "key",
    "orders:detail": "key",
    "orders:calendar": "key",
    "orders:address": "key",
    "orders:cancel": "key",
    "orders:review": "key",
    "orders:pay": "open",
    "orders:invoice": "key",
    "orders:credit-note": "key",
    "orders:paper": "key",
    "orders:paper-file": "key",
    "orders:account": "login",
    "support:order-help": "key",
    "support:contact": "open",
    "support:sent": "open",
    "support:ticket": "key",
    "support:attachment": "key",
    "support:photo": "key",
    "desk:inbox": "agents",
    "desk:search": "agents",
    "desk:ticket": "agents",
    "desk:reply": "agents",
    "desk:note": "agents",
    "desk:close": "agents",
    "desk:refund": "agents",
    "desk:cancel": "agents",
    "desk:return": "agents",
    "notifications:choices": "key",
    "notifications:stop": "key",
    "notifications:order-choices": "key",
    "notifications:account-choices": "login",
    "sent_mails:list": "open",
    "sent_mails:detail": "open",
    "sent_mails:html": "open",
}
# What an account keeps: to others it is not there. And what asks for the password once more.
OWN = ("shop:address-edit", "shop:address-default", "shop:address-delete")
PROVED = ("shop:export", "shop:account-delete")
# allauth's own pages have its own rules and tests; listed so that a new one is looked at.
ALLAUTH = {
    "account_login", "account_logout", "account_signup", "account_inactive", "account_reauthenticate", "account_email",
    "account_change_password", "account_set_password", "account_email_verification_sent", "account_confirm_email",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_login_code", "account_request_login_code", "mfa_index",
    "account_confirm_reauthentication_code", "account_request_reauthentication_code",
    "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
}  # fmt: skip


def every_name() -> set[str]:
    """Return the names of all addresses but the admin's generated ones; nameless ones by their pattern."""
    found: set[str] = set()

    def walk(patterns, space: str) -> None:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                inner = entry.namespace or ""
                if inner == "admin":
                    continue
                walk(entry.url_patterns, f"{space}{inner}:" if inner else space)
            elif isinstance(entry, URLPattern):
                found.add(f"{space}{entry.name}" if entry.name else str(entry.pattern))

    walk(get_resolver().url_patterns, "")
    return found


def test_every_address_is_listed():
    media = {name for name in every_name() if name.startswith("^media/")}
    assert every_name() - {*RULES, *OWN, *PROVED} - ALLAUTH - media == set()
    assert {*RULES, *OWN, *PROVED} - every_name() == set()


@pytest.fixture
def world(client):
    """An order of the owner with a case and a photo, and a person of every kind."""
    from django.core import signing

    people = {"owner": make_person("alex@example.com"), "stranger": make_person("other@example.com")}
    people |= {role: make_person(role=role) for role in WHO[3:]}
    kept = save_address(people["owner"], {"name": "Alex", "line1": "1 Street", "city": "Cork", "country": "IE"})
    variant = make_variant(make_supplier())
    order = make_paid_order((variant, 1), user=people["owner"])
    note = credited(order, [RefundPart(order.lines.get(), 0, 100)], key="k")
    ticket = open_ticket(
        order=order, email=order.email, name="Alex", topic=Topic.DEFECTIVE, subject="x", body="x", form_key=uuid.uuid4()
    )
    file = Attachment(message=ticket.messages.get(), original_name="x.png", content_type="image/png", size_bytes=1)
    file.file.save("x.png", ContentFile(b"x"))
    file.save()
    told = token_of(correspondent_at(order.email))
    return {
        "people": people,
        "right": {
            "orders": {"token": order.token},
            "orders:address": {"token": order.token},
            "orders:again": {"token": order.token},
            "orders:delay": {"name": signed_name(Delay.objects.create(order=order, is_definite=True))},
            "orders:email-address": {"token": order.token},
            "shop:address-edit": {"pk": kept.pk},
            "shop:address-default": {"pk": kept.pk},
            "shop:address-delete": {"pk": kept.pk},
            "orders:credit-note": {"token": order.token, "refund_id": note.refund_id},
            "orders:paper": {"token": order.token, "number": note.number},
            "orders:paper-file": {"token": order.token, "number": note.number},
            "support:order-help": {"token": order.token},
            "support:ticket": {"token": ticket.token},
            "support:attachment": {"token": file.token},
            "support:photo": {"signed": signing.TimestampSigner(salt=PHOTO_SALT).sign(str(file.pk))},
            "shop:category": {"slug": variant.product.department.slug},
            "shop:product": {"slug": variant.product.slug},
            "shop:reviews": {"slug": variant.product.slug},
            "shop:tell-me": {"slug": variant.product.slug},
            "shop:stop-telling": {"token": "of-nobody"},
            "sitemap-products": {"number": 0},
            "orders:review": {"token": order.token, "line_id": order.lines.get().pk},
            "shop:page": {"slug": "terms"},
            "shop:basket-update": {"line_id": 1},
            "supplier-webhook": {"slug": "harbour"},
            "carrier-webhook": {"slug": "aftership"},
            "mail-webhook": {"provider": "postmark"},
            "reply-webhook": {"provider": "postmark"},
            "notifications:choices": {"token": told},
            "notifications:stop": {"token": told, "kind": "review-request"},
            "notifications:order-choices": {"token": order.token},
            "orders:calendar": {"token": order.token},
            "sent_mails:detail": {"pk": 0},
            "sent_mails:html": {"pk": 0},
            "desk": {"pk": ticket.pk},
            "desk-line": {"pk": ticket.pk, "line_id": order.lines.get().pk},
        },
    }


def address(name: str, world: dict, *, wrong: bool = False) -> str:
    from django.urls import reverse

    right = world["right"]
    kwargs: dict[str, object] = {}
    if name in right:
        kwargs = right[name]
    elif name in {"orders:return", "orders:detail", "orders:cancel", "orders:pay", "orders:invoice"}:
        kwargs = right["orders"]
    elif name in {"desk:refund", "desk:cancel", "desk:return"}:
        kwargs = right["desk-line"]
    elif name.startswith("desk:") and name not in {"desk:inbox", "desk:search"}:
        kwargs = right["desk"]
    if wrong:
        kwargs = {key: "A" * 43 if isinstance(value, str) else 999_999 for key, value in kwargs.items()}
    return reverse(name, kwargs=kwargs)


def ask(client, world: dict, who: str, url: str):
    client.logout()
    if who != "nobody":
        client.force_login(world["people"][who])
    return client.get(url)


@pytest.mark.parametrize("who", WHO)
def test_who_may_open_what(client, world, who, settings):
    for name, rule in RULES.items():
        answer = ask(client, world, who, address(name, world))
        status, to_login = answer.status_code, answer.headers.get("Location", "").startswith("/account/login/")
        if rule == "open":
            assert status in {200, 302, 404, 405, 503}, (name, status)
            assert not to_login, name
        elif rule == "key":
            assert status in {200, 302}, (name, status)
            assert not to_login, name
        elif rule == "signed":
            assert status == 405, (name, status)
        elif rule == "login":
            assert (status, to_login) == ((302, True) if who == "nobody" else (200, False)), name
        elif rule == "agents":
            wanted = {"nobody": {302}, "Support agents": {200, 405}}.get(who, {403})
            assert status in wanted, (name, who, status)
        elif rule == "staff":
            assert (status == 200) == (who == "Store staff"), (name, who, status)


def test_what_an_account_keeps_is_its_own(client, world):
    for who in WHO:
        for name in OWN:
            answer = ask(client, world, who, address(name, world))
            allowed = {"nobody": {302, 405}, "owner": {200, 405}}.get(who, {404, 405})
            assert answer.status_code in allowed, (name, who)
            if who != "owner":
                client.post(address(name, world), {"name": "Thief", "line1": "1", "city": "Cork", "country": "IE"})
    assert SavedAddress.objects.get().name == "Alex"


def test_data_and_deletion_ask_for_the_password_once_more(client, world):
    for who in WHO:
        for name in PROVED:
            answer = ask(client, world, who, address(name, world))
            where = "login" if who == "nobody" else "reauthenticate"
            assert answer.headers.get("Location", "").startswith(f"/account/{where}/"), (name, who)


def test_a_wrong_link_is_404_for_everybody(client, world):
    for who in WHO:
        for name in [name for name, rule in RULES.items() if rule == "key"]:
            assert ask(client, world, who, address(name, world, wrong=True)).status_code == 404, (name, who)


def test_the_account_lists_own_orders_only(client, world):
    client.force_login(world["people"]["owner"])
    mine = client.get("/account/").content.decode()
    client.force_login(world["people"]["stranger"])
    theirs = client.get("/account/").content.decode()
    token = world["right"]["orders"]["token"]
    assert token in mine
    assert token not in theirs


def test_a_strangers_basket_line_is_not_changed(client, world):
    from tests.factories import make_basket

    basket = make_basket((make_variant(make_supplier()), 1))
    line = basket.lines.get()
    client.post(f"/basket/lines/{line.pk}/", {"quantity": "5"})
    client.post(f"/basket/lines/{line.pk}/", {"remove": "1"})
    assert BasketLine.objects.get(pk=line.pk).quantity == 1


def admin_names() -> list[str]:
    from django.contrib import admin

    return sorted(f"{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry)


@pytest.mark.parametrize("who", WHO)
def test_the_admin_is_for_store_staff(client, world, who):
    from django.urls import reverse

    for name in admin_names():
        status = ask(client, world, who, reverse(f"admin:{name}_changelist")).status_code
        if who != "Store staff":
            # Sent to the log-in, or refused.
            assert status in {302, 403}, (name, who, status)
        elif name.startswith(("account_", "mfa_")):
            assert status == 403, name
        else:
            assert status == 200, name


def test_staff_can_delete_no_order_and_edit_no_amount(client, world):
    from django.urls import reverse

    from orders.models import Order

    order = Order.objects.get()
    staff = world["people"]["Store staff"]
    client.force_login(staff)
    assert client.post(reverse("admin:orders_order_delete", args=[order.pk]), {"post": "yes"}).status_code == 403
    page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    assert 'name="total_minor"' not in page
    assert 'name="status"' not in page
    assert "Order: paid" in page
    assert str(order.total) in page


def test_internal_notes_and_supplier_messages_never_reach_the_customer(client, world):
    from support.actions.ticket import add_note, tell_thread
    from support.models import Ticket, TicketMessage

    ticket = Ticket.objects.get()
    add_note(ticket, "SECRET NOTE", by=world["people"]["Support agents"], form_key=uuid.uuid4())
    tell_thread(ticket, TicketMessage.Thread.SUPPLIER, "SECRET DEAL", author=TicketMessage.Author.SUPPLIER)
    page = client.get(ticket.get_absolute_url()).content.decode()
    assert "SECRET" not in page
    client.force_login(world["people"]["Support agents"])
    desk = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert "SECRET NOTE" in desk
    assert "SECRET DEAL" in desk


def test_a_second_factor_is_demanded_of_staff_in_production(client, world, settings):
    settings.DEBUG = False
    for who in WHO[3:]:
        answer = ask(client, world, who, "/desk/")
        assert answer.headers.get("Location") == "/account/2fa/totp/activate/", who
    assert ask(client, world, "owner", "/account/").status_code == 200


def test_who_one_is_cannot_be_proved_again_by_a_mail(client, mailbox):
    client.force_login(make_person())
    for method in (client.get, client.post):
        assert method(reverse("account_request_reauthentication_code")).status_code in {403, 404}
    assert mailbox() == []
