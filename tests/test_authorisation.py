"""Every address of the shop, for every kind of visitor, with their own and with foreign objects."""

from __future__ import annotations

import uuid
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from notifications.actions.choices import correspondent_at
from notifications.links import token_of
from orders.actions.delays import signed_name
from orders.actions.refund import RefundPart
from orders.models import Delay
from shop.actions.addresses import save_address
from shop.models import BasketLine, SavedAddress
from shop.views.my_data import signed_address
from suppliers.models import Supplier, SupplierOrder, SupplierReturn
from support.actions.ticket import open_ticket
from support.models import Attachment, Return, SupplierQuestion, Topic
from support.question_links import question_path
from support.return_links import return_path
from support.returning.words import PHOTO_SALT
from tests.addresses import ALLAUTH, OWN, PROVED, RULES, every_name
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.papers import credited

pytestmark = pytest.mark.django_db
WHO = ("nobody", "owner", "stranger", "Store staff", "Support agents", "Pharmacists")


def test_every_address_is_listed():
    media = {name for name in every_name() if name.startswith("^media/")}
    # The desk has its own table (test_permissions).
    desk = {name for name in every_name() if name.startswith(("desk:", "desk_mails:"))}
    assert every_name() - {*RULES, *OWN, *PROVED} - ALLAUTH - media - desk == set()
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
    picture = BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    file.file.save("x.png", ContentFile(picture.getvalue()))
    file.save()
    question = SupplierQuestion.objects.create(
        ticket=ticket,
        supplier=Supplier.objects.get(),
        text="Where is it?",
        answer_by=timezone.now(),
        form_key=uuid.uuid4(),
    )
    question.files.add(file)
    signed = question_path(question).split("/")[2]
    at_supplier = SupplierOrder.objects.create(order=order, supplier=Supplier.objects.get(), reference="A-1")
    back = SupplierReturn.objects.create(supplier_order=at_supplier, order=order, return_reference="RT-1")
    coming = Return.objects.create(
        number="RT-1", order=order, ticket=ticket, supplier_order=at_supplier, request_key=uuid.uuid4(), basis="fault",
        reason="defective", supplier_return=back,
    )  # fmt: skip
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
            "support:return-new": {"token": order.token},
            "support:withdraw": {"token": order.token},
            **{
                f"support:return{step}": {"token": order.token, "number": coming.number}
                for step in ("", "-slip", "-handed-in", "-cancel", "-objection")
            },
            "support:attachment": {"token": file.token},
            "support:photo": {"signed": signing.TimestampSigner(salt=PHOTO_SALT).sign(f"{file.pk}.RT-1")},
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
            "support:attachment-small": {"token": file.token},
            "support:rating": {"token": ticket.token},
            "support:article": {"slug": "returns-and-withdrawal"},
            "supplier-question": {"signed": signed},
            "supplier-return": {"signed": return_path(back).split("/")[-2]},
            "supplier-question-file": {"signed": signed, "token": file.token},
            "shop:my-data-open": {"signed": signed_address(order.email)},
            "shop:my-data-download": {"signed": signed_address(order.email)},
            "shop:my-data-erase": {"signed": signed_address(order.email)},
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
        elif rule == "posts":
            assert status == 405, (name, status)
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
            # 410: it may have been ours once.
            status = ask(client, world, who, address(name, world, wrong=True)).status_code
            assert status == (410 if name.startswith("shop:my-data") else 404), (name, who)


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
