"""A person with all that a shop ever keeps of one: orders, cases, mails, returns, and what machines noted."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from notifications.actions.addresses import suppress
from notifications.models import Correspondent, Endpoint, Notification, Suppression
from notifications.replies import reply_address
from notifications.signing import new_secret
from orders.actions.address import change_address
from orders.actions.email_address import correct_email
from orders.actions.holds import place_hold, release_hold
from orders.actions.line_review import review_line
from orders.models import Hold, IncomingEvent, Order, OrderLine, Refund, RefundRequest
from shop.actions.reviews import approve
from shop.actions.stock_watch import watch
from shop.models import User
from suppliers.models import SupplierOrder, SupplierOrderLine
from support.actions.ask_supplier import supplier_answers
from support.actions.ticket import add_note, customer_writes
from support.models import Attachment, Choice, Return, Withdrawal
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.uploads import Photo
from tests.accounts import deliver
from tests.asking import a_case, asked
from tests.dialogue import connected
from tests.factories import Address, make_paid_order, make_person, make_variant
from tests.parcels import P, scans_of, told_parcel
from tests.postmaster import provider_fixture  # noqa: F401
from tests.test_replies import answer

# In everything that is theirs; once with a letter that databases write in different ways.
MARK, FOREIGN = "zorblatt", "zörblatt"
EMAIL = f"{MARK}@example.com"
HOME = Address(
    email=EMAIL,
    name=f"Ada {FOREIGN.title()}",
    company=f"{MARK} Company",
    line1=f"12 {MARK.title()} Street",
    line2=f"Flat {FOREIGN}",
    city="Dublin",
    postcode="D02 X285",
    country="IE",
    phone="+353861234567",
    note=f"Ring at {MARK}",
    invoice_to=f"{MARK} Ltd\n1 Quay",
)


@pytest.fixture(name="life")
def life_fixture(harbour, relay, client, settings, provider):  # noqa: F811
    """A person who has left something in every way there is, and whose orders are over."""
    settings.EMAIL_BACKEND = "notifications.backend.QueueingBackend"
    settings.REPLY_ADDRESS = "help@reply.shop.example"
    Endpoint.objects.create(name="Books", url="https://books.example/", kinds=["order.paid"], secret=new_secret())
    supplier = connected(harbour, capabilities=["returns"], contact_email="service@harbour.example")
    order = make_paid_order((make_variant(supplier, sku="TEST-OK", price_minor=2500, stock=None), 2), address=HOME)
    Order.objects.filter(pk=order.pk).update(forward_after=timezone.now() + timedelta(hours=1))
    change_address(order, {"line1": f"9 New {MARK} Street"}, by=None)
    correct_email(order, f"new-{EMAIL}", now=timezone.now(), by=None)
    correct_email(order, EMAIL, now=timezone.now(), by=None)
    Order.objects.filter(pk=order.pk).update(forward_after=timezone.now())
    hold = place_hold(order, Hold.Reason.MANUAL, note=f"{MARK} called", by=None)
    release_hold(hold, by=None)
    relay.run_until_idle()
    order.refresh_from_db()
    assert SupplierOrder.objects.get().status == "placed"
    _cases(order, client, relay)
    _machines(order, relay)
    _over(order, relay)
    return order


def _cases(order: Order, client, relay) -> None:
    agent = make_person(role="Support agents", name="Nobody Else")
    ticket = a_case(order, f"I am {MARK}, it broke.")
    photo = Photo(f"{MARK}.png", MARK.encode(), "image/png")
    customer_writes(ticket, f"More of {MARK}.", form_key=uuid.uuid4(), photos=[photo])
    add_note(ticket, f"{FOREIGN} sounds angry.", by=agent, form_key=uuid.uuid4())
    file = Attachment.objects.get()
    question = asked(ticket, f"What of {MARK}'s lid?", by=agent, files=[file])
    relay.run_until_idle()
    supplier_answers(question, f"Sent to {MARK}.", form_key=uuid.uuid4(), photos=[photo], by_mail="x@harbour.example")
    answer(client, reply_address(order), f"By mail, {MARK}.", sender=EMAIL, Subject=f"Re: {MARK}")
    answer(client, reply_address(ticket), f"From elsewhere, {MARK}.", sender=f"other-{EMAIL}", message_id="<b@x>")
    relay.run_until_idle()
    client.force_login(agent)
    client.get(f"/desk/tickets/{ticket.pk}/")
    client.logout()
    line = order.lines.get()
    SupplierOrderLine.objects.update(pending=0, accepted=2, shipped=2, delivered=2)
    OrderLine.objects.filter(pk=line.pk).update(shipped=2, delivered=2)
    wanted = Wanted({line.pk: 1}, "defective", words=f"Cracked, {MARK}.", photos=[photo])
    (row,) = ask_return(order, wanted, form_key=uuid.uuid4())
    boss = make_person(is_superuser=True)
    decide(row, Verdict(Choice.REFUND_AFTER, text=f"Dear {MARK}", goods_back=True), form_key=uuid.uuid4(), by=boss)
    row.lines.update(note=f"Of {MARK}")
    Withdrawal.objects.create(order=order, form_key=uuid.uuid4(), units={}, words=f"Never {MARK} again.")
    row.decisions.update(why=[f"{MARK} is often late"])
    Return.objects.filter(pk=row.pk).update(
        status="resolved",
        return_to=f"To {MARK}",
        instructions=MARK,
        tracking_number=MARK,
        carrier_name=MARK,
        label_url=MARK,
    )


def _machines(order: Order, relay) -> None:
    """What others tell of them, and what our own machines write down."""
    told_parcel(
        order, P.OUT_FOR_DELIVERY, tracking_url=f"https://carrier.example/?{MARK}",
        scans=scans_of((P.IN_TRANSIT, "Cork"), (P.OUT_FOR_DELIVERY, f"Left with {MARK}")),
    )  # fmt: skip
    body = {"data": {"object": {"customer_details": {"email": EMAIL, "name": HOME.name}}}}
    IncomingEvent.objects.create(source="stripe", event_id="evt_1", kind="x", body=body, last_error=f"no {EMAIL}")
    # Of this one nothing but the order's number is theirs to be found by.
    body = {"number": order.number, "metadata": {"said": f"for {FOREIGN}"}}
    IncomingEvent.objects.create(source="supplier:harbour", event_id="s1", kind="x", body=body, done_at=timezone.now())
    Notification.objects.filter(order=order).update(last_error=f"550 <{EMAIL}> unknown")
    suppress(f"new-{EMAIL}", Suppression.Reason.BOUNCED, source="x", detail=f"no {MARK}", by=None)
    Correspondent.objects.update_or_create(address=EMAIL, defaults={"phone": HOME.phone})
    refund = Refund.objects.create(
        payment=order.payments.get(), order=order, amount_minor=1, currency="EUR", reason="goodwill", note=f"for {MARK}",
        idempotency_key="k", status="succeeded", failure=f"{MARK}'s account",
    )  # fmt: skip
    RefundRequest.objects.create(
        order=order, form_key="k", amount_minor=1, currency="EUR", reason="goodwill", asked_by=make_person(), wish={}, shown={},
        note=f"{MARK} asks", answer=f"no, {MARK}", status="declined",
    )  # fmt: skip
    assert refund.pk
    store = SessionStore()
    store["checkout"] = {"email": EMAIL, "line1": HOME.line1}
    store.save()
    kind = ContentType.objects.get_for_model(User)
    LogEntry.objects.create(user=make_person(), content_type=kind, object_id="1", object_repr=EMAIL, action_flag=2)
    relay.run_until_idle()


def _over(order: Order, relay) -> None:
    deliver(order)
    variant = order.lines.get().variant
    approve(
        review_line(order.lines.get(), rating=4, author=f"Ada {MARK}", text=f"Says {MARK}.", title=MARK),
        by=make_person(),
    )
    watch(variant, EMAIL)
    relay.run_until_idle()
    type(Return.objects.get().supplier_return).objects.update(status="resolved", last_copy={"note": MARK})
    Order.objects.filter(pk=order.pk).update(email_failed_at=None)
