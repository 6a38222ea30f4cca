"""Prepared answers: filled with what a case knows, shown before they are sent, and never sent with a gap."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings as shop_settings
from django.urls import reverse
from django.utils import timezone

from orders.models import Order, OrderDelivery
from orders.states import ParcelStatus
from shop.words import day
from support.first_macros import FIRST, keep_macros
from support.models import Macro, MacroText, Tag, Ticket
from support.placeholders import PLACEHOLDERS, fill, gaps_in, names_in
from tests.casework import answer, composer, fields_of, make_agent, make_case, said
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.parcels import told_parcel

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Oak board"), 1))


@pytest.fixture
def ticket(order):
    return make_case(order)


@pytest.fixture
def agent(client):
    made = make_agent()
    client.force_login(made)
    return made


def press(client, ticket, data=None, **button):
    """Press a button of the composer; return the page that follows."""
    data = (composer(client, ticket) if data is None else data) | button
    return client.post(f"/desk/tickets/{ticket.pk}/reply/", data, follow=True).content.decode()


def make_late(order) -> str:
    """Let an order come later than promised; return the new date as customers read it."""
    latest = order.deliveries.get().promised_latest_on + timedelta(days=6)
    OrderDelivery.objects.filter(order=order).update(expected_latest_on=latest)
    return day(latest)


def make_macro(shortcut: str = "mine", body: str = "Hello {{name}}", **more) -> Macro:
    macro = Macro.objects.create(shortcut=shortcut, **more)
    MacroText.objects.create(macro=macro, language="en-gb", name=f"My {shortcut}", body=body)
    return macro


# --- filled with the case's own facts


def test_a_late_parcel_is_answered_with_the_new_date_in_four_steps(client, agent, ticket, order):
    new = make_late(order)
    page = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()  # 1: open the case
    first = re.search(r'class="chip" name="insert" value="([\w-]+)"', page).group(1)
    assert first == "late"
    page = press(client, ticket, fields_of(page), insert=first)  # 2: press the suggestion
    text = fields_of(page)["message"]
    for fact in ("Hello Alex Byrne", order.number, "Oak board", new, order.token, "Mia"):
        assert fact in text, fact
    assert "{{" not in text
    assert said(ticket) == ["Where is my parcel?"]
    press(client, ticket, fields_of(page), send="stay")  # 3: send what was read
    assert said(ticket)[-1] == text.strip()
    assert list(Ticket.objects.get().tags.values_list("name", flat=True)) == ["late"]


def test_it_speaks_the_customers_language(client, agent, order):
    make_late(order)
    ticket = make_case(order)
    Ticket.objects.update(language="de")
    Order.objects.update(language="de")
    text = fields_of(press(client, ticket, insert="late"))["message"]
    assert text.startswith("Guten Tag Alex Byrne,")
    assert "/de/orders/" in text
    assert re.search(r"spätestens am (Mo|Di|Mi|Do|Fr|Sa|So)\.", text)


def test_every_placeholder_is_filled_from_a_case_that_has_everything(agent, ticket, order):
    from orders.models import Refund
    from tests.test_support import photo  # noqa: F401  (the module's helpers are importable here)

    make_late(order)
    told_parcel(order, ParcelStatus.IN_TRANSIT, tracking_url="https://post.example/t/CE1")
    Ticket.objects.update(waiting_until=timezone.now() + timedelta(days=2))
    ticket.refresh_from_db()
    payment = order.payments.get()
    Refund.objects.create(
        payment=payment, order=order, amount_minor=250, currency=order.currency, reason="goodwill", idempotency_key="k"
    )
    names = [name for name in PLACEHOLDERS if name != "return_number"]
    filled = fill("|".join(f"{{{{{name}}}}}" for name in names), ticket, agent)
    assert filled.gaps == []
    values = dict(zip(names, filled.text.split("|"), strict=True))
    assert all(values.values())
    assert values["tracking_number"] == "CE123456789IE"
    assert values["refund_amount"] == "€2.50"
    assert values["order_link"].startswith(shop_settings.SITE_URL)


# --- gaps


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ("Track it: {{tracking_link}}", "no parcel has a tracking link yet"),
        ("We paid {{ refund_amount }} back", "nothing was paid back yet"),
        ("Dear {{customer}}", "there is no such placeholder"),
        ("Dear {{name", "looks like a damaged placeholder"),
        ("Dear name}}", "looks like a damaged placeholder"),
        ("Dear {{}}", "there is no such placeholder"),
    ],
)
def test_nothing_is_sent_with_a_gap_also_when_it_was_typed_by_hand(client, agent, ticket, typed, named):
    refused = answer(client, ticket, typed)
    assert refused.status_code == 422
    page = refused.content.decode()
    assert named in page
    assert fields_of(page)["message"] == typed
    assert said(ticket) == ["Where is my parcel?"]
    assert composer(client, ticket)["message"] == typed


def test_a_gap_is_marked_as_soon_as_the_macro_is_inserted(client, agent, ticket):
    page = press(client, ticket, insert="where")
    marked = re.findall(r"<mark>(.*?)</mark>", page)
    assert any("tracking_number" in one and "no parcel has a tracking number yet" in one for one in marked)
    assert press(client, ticket, fields_of(page), send="stay").count("tracking_number") >= 1
    assert said(ticket) == ["Where is my parcel?"]


def test_a_placeholder_typed_by_hand_is_filled_and_read_before_it_goes(client, agent, ticket, order):
    page = press(client, ticket, composer(client, ticket) | {"message": "About {{order_number}}."}, send="stay")
    assert "read it, then send it" in page
    assert said(ticket) == ["Where is my parcel?"]
    assert fields_of(page)["message"] == f"About {order.number}."
    press(client, ticket, fields_of(page), send="stay")
    assert said(ticket)[-1] == f"About {order.number}."


# --- by shortcut and by list


def test_a_shortcut_in_the_text_becomes_the_macro_without_script(client, agent, ticket, order):
    new = make_late(order)
    typed = composer(client, ticket) | {"message": "Good news first.\n\n:late\n\nPS: at 12:30, https://x.example/:late"}
    page = press(client, ticket, typed, fill="1")
    text = fields_of(page)["message"]
    assert text.startswith("Good news first.")
    assert new in text
    assert text.endswith("PS: at 12:30, https://x.example/:late")
    assert "When this answer has gone out:" in page


def test_a_shortcut_is_never_sent_unseen(client, agent, ticket, order):
    make_late(order)
    page = press(client, ticket, composer(client, ticket) | {"message": ":late"}, send="stay")
    assert "read it, then send it" in page
    assert said(ticket) == ["Where is my parcel?"]


def test_inserting_keeps_what_was_typed_and_sends_nothing(client, agent, ticket):
    make_macro(body="Second.")
    page = press(client, ticket, composer(client, ticket) | {"message": "First."}, insert="mine")
    assert fields_of(page)["message"] == "First.\n\nSecond."
    assert said(ticket) == ["Where is my parcel?"]


def test_macros_are_found_by_words_name_and_shortcut(client, agent, ticket):
    make_macro("umbrella", "Rain, {{name}}")
    for words in ("umbrella", ":umbr", "my umbrella", "rain"):
        page = press(client, ticket, find_macro="1", find=words)
        assert 'value="umbrella"' in page, words
        assert 'value="photos"' not in page[page.index("macros-list") :], words
    assert "No macro has these words" in press(client, ticket, find_macro="1", find="xyzzy")


def test_a_macro_that_was_switched_off_is_not_offered(client, agent, ticket):
    macro = make_macro("umbrella")
    assert 'value="umbrella"' in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    macro.is_active = False
    macro.save()
    assert 'value="umbrella"' not in client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
    assert "not offered any more" in press(client, ticket, insert="umbrella")


def test_suggestions_follow_topic_and_parcel(client, agent, ticket, order):
    def suggested() -> list[str]:
        page = client.get(f"/desk/tickets/{ticket.pk}/").content.decode()
        return re.findall(r'class="chip" name="insert" value="([\w-]+)"', page)

    assert suggested()[0] == "packing"
    told_parcel(order, ParcelStatus.IN_TRANSIT)
    assert suggested()[0] == "where"
    assert "late" not in suggested()
    Ticket.objects.update(topic="defective")
    assert suggested() == ["photos"]


# --- what goes with it


def test_what_follows_is_shown_first_and_happens_when_the_answer_goes_out(client, agent, ticket):
    macro = make_macro("done", "All settled.", status_after="solved", action="urgent")
    macro.tags.add(Tag.objects.create(name="happy"))
    page = press(client, ticket, insert="done")
    effects = re.search(r'<div class="notice macro-effects">(.*?)</div>', page, re.S).group(1)
    for words in ("solved", "happy", "make it urgent"):
        assert words in effects, words
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.tags.count()) == ("new", "normal", 0)
    press(client, ticket, fields_of(page), send="stay")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.answer_due_at) == ("solved", "urgent", None)
    assert [tag.name for tag in ticket.tags.all()] == ["happy"]


def test_only_the_text_can_be_taken(client, agent, ticket):
    make_macro("done", "All settled.", status_after="solved")
    page = press(client, ticket, insert="done")
    page = press(client, ticket, fields_of(page), forget_macro="1")
    assert "macro-effects" not in page
    press(client, ticket, fields_of(page), send="stay")
    ticket.refresh_from_db()
    assert ticket.status == "waiting_customer"


def test_a_macro_that_waits_lets_the_customer_read_until_when(client, agent, ticket):
    page = press(client, ticket, insert="asked-supplier")
    press(client, ticket, fields_of(page), send="stay")
    ticket.refresh_from_db()
    assert ticket.status == "waiting_supplier"
    client.logout()
    until = day(timezone.localdate(ticket.waiting_until))
    assert f"answer expected {until}" in client.get(ticket.get_absolute_url()).content.decode()


# --- the first ones, and how they are edited


def test_the_first_macros_know_both_languages_and_only_placeholders_there_are():
    assert {text.language for text in MacroText.objects.all()} == {"en-gb", "de"}
    assert MacroText.objects.count() == 2 * len(FIRST)
    for text in MacroText.objects.all():
        assert set(names_in(text.body)) <= set(PLACEHOLDERS), text
        assert "!" not in text.body
    for macro in Macro.objects.prefetch_related("texts"):
        english, german = sorted(macro.texts.all(), key=lambda text: text.language, reverse=True)
        assert set(names_in(english.body)) == set(names_in(german.body)), macro


def test_migrating_again_changes_no_macro_that_staff_have_edited():
    MacroText.objects.filter(macro__shortcut="late", language="en-gb").update(body="Ours")
    Macro.objects.filter(shortcut="close").delete()
    before = Macro.objects.count()
    for _time in range(2):
        keep_macros(None, using="default")
    assert Macro.objects.count() == before + 1
    assert MacroText.objects.get(macro__shortcut="late", language="en-gb").body == "Ours"


def test_store_staff_edit_macros_and_an_unknown_placeholder_is_refused(client):
    client.force_login(make_person(role="Store staff"))
    macro = Macro.objects.get(shortcut="late")
    url = reverse("admin:support_macro_change", args=[macro.pk])
    page = client.get(url).content.decode()
    assert "{{new_date}}" in page
    texts = list(macro.texts.order_by("language"))
    data = {
        "shortcut": "late", "topic": "not_arrived", "situation": "late", "status_after": "waiting_customer",
        "action": "", "position": "10", "is_active": "on", "wait_days": "",
        "texts-TOTAL_FORMS": "2", "texts-INITIAL_FORMS": "2", "texts-MIN_NUM_FORMS": "1", "texts-MAX_NUM_FORMS": "1000",
    }  # fmt: skip
    for number, text in enumerate(texts):
        data |= {f"texts-{number}-{name}": getattr(text, name) for name in ("language", "name", "body")}
        data |= {f"texts-{number}-id": text.pk, f"texts-{number}-macro": macro.pk}
    refused = client.post(url, data | {"texts-0-body": "Liebe {{nmae}}"})
    assert refused.status_code == 200
    assert "there is no such placeholder" in refused.content.decode()
    assert client.post(url, data | {"texts-0-body": "Neu {{name}}"}).status_code == 302
    assert macro.texts.get(language="de").body == "Neu {{name}}"


def test_agents_do_not_edit_macros(client, agent):
    assert client.get(reverse("admin:support_macro_changelist")).status_code == 302


def test_gaps_are_named_each_once():
    assert len(gaps_in("{{new_date}} {{ new_date }} {{nope}}")) == 2
    assert gaps_in("A {curly} text, and 100 %") == []
