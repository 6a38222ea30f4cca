"""Asking to send something back: one form, what follows is shown before it is sent, once, and nobody else's goods."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import OrderLine, Refund
from shop import kept
from shop.models import DeliveryProfile, Market, Product
from shop.words import day
from support.models import Attachment, Choice, Return, Ticket
from support.returning.decide import Verdict, decide
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.letters import a_picture
from tests.products import make_kettle
from tests.sending_back import arrive, fields_of, make_sent_order, words_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_sent_order((make_variant(make_supplier(), name="Oak board", price_minor=2500), 3))


def url(order) -> str:
    return f"/orders/{order.token}/returns/new/"


def typed(client, order, *, reason: str = "defective", solution: str = "refund", **more: object) -> dict[str, object]:
    """What a browser sends of the first page: the goods that are ticked there, a reason and a way."""
    return fields_of(client.get(url(order)).content.decode()) | {"reason": reason, "solution": solution} | more


def send(client, order, **more: object):
    """Ask as a customer does, in both steps; return the last answer."""
    answer = client.post(url(order), typed(client, order, **more))
    assert answer.status_code == 200, words_of(answer)
    return client.post(url(order), fields_of(answer.content.decode()) | {"send": "1"})


def test_a_guest_asks_in_two_clicks_and_sees_what_follows_before_it_is_sent(client, order):
    line = order.lines.get()
    before = client.post(url(order), typed(client, order, **{f"units_{line.pk}": "1"}))
    said = words_of(before)
    assert "1 × Oak board €25.00" in said
    assert "Goes back to you €25.00" in said
    assert "It goes to Cork, Ireland. We pay the way back." in said
    assert "looked at, within 14 days of their arrival at the latest. It goes to Visa 4242." in said
    assert "ten working days" in said
    assert not Return.objects.exists()

    after = client.post(url(order), fields_of(before.content.decode()) | {"send": "1"}, follow=True)
    row = Return.objects.get()
    assert after.redirect_chain[-1][0] == row.get_absolute_url()
    assert (row.reason, row.solution, row.lines.get().quantity) == ("defective", "refund", 1)
    assert row.number in words_of(after)


def test_with_all_of_a_delivery_its_share_goes_back_on_a_line_of_its_own(client):
    order = make_sent_order((make_variant(make_supplier(), price_minor=2000), 1))
    said = words_of(client.post(url(order), typed(client, order)))
    assert "€20.00 its share of the delivery €3.90 Goes back to you €23.90" in said


def test_the_same_form_sent_twice_is_one_request(client, order):
    check = client.post(url(order), typed(client, order))
    data = fields_of(check.content.decode()) | {"send": "1"}
    places = {client.post(url(order), data)["Location"] for _click in range(2)}
    assert places == {Return.objects.get().get_absolute_url()}
    assert Ticket.objects.count() == 1
    assert OrderLine.objects.get().in_returns == 3


def test_whoever_has_not_the_link_finds_nothing_and_an_unpaid_order_has_none(client, order):
    assert client.get(f"/orders/{uuid.uuid4()}/returns/new/").status_code == 404
    assert client.get("/orders/nonsense/returns/new/").status_code == 404
    order.__class__.objects.update(paid_at=None)
    assert client.get(url(order)).status_code == 404


def test_a_line_of_another_order_is_refused_and_what_was_typed_stays(client, order):
    other = make_sent_order((make_variant(make_supplier("quay"), name="Lamp"), 1))
    answer = client.post(
        url(order), typed(client, order, lines=[str(other.lines.get().pk)], words="It wobbles & creaks.")
    )
    assert answer.status_code == 422
    assert "Choose goods of this order that can still be sent back." in words_of(answer)
    page = answer.content.decode()
    assert "It wobbles &amp; creaks." in page
    assert fields_of(page)["reason"] == "defective"
    assert 'class="error-summary"' in page
    assert not Return.objects.exists()


@pytest.mark.parametrize("number", ["0", "-1", "4", "99999999999999999999", "1.5", "two", "²", "\x00"])
def test_a_number_that_makes_no_sense_is_said_so_at_its_place(client, order, number):
    line = order.lines.get()
    answer = client.post(url(order), typed(client, order, **{f"units_{line.pk}": number}))
    assert answer.status_code == 422
    assert "Oak board: a number from 1 to 3." in words_of(answer)
    assert f'href="#id_units_{line.pk}"' in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "value"),
    [("reason", "because"), ("reason", ""), ("solution", "gold"), ("lines", "abc"), ("lines", "")],
)
def test_what_is_no_choice_is_refused_in_words(client, order, name, value):
    answer = client.post(url(order), typed(client, order) | {name: value})
    assert answer.status_code == 422
    assert not Return.objects.exists()


def test_a_hygiene_item_stands_with_its_reason_and_goes_back_only_for_a_fault(client):
    (kettle,) = make_kettle(make_supplier(), not_returnable_reason="Hygiene goods cannot be returned.")
    order = make_sent_order((kettle, 1))
    assert "Only if it is damaged, wrong or faulty. Hygiene goods cannot be returned." in words_of(
        client.get(url(order))
    )
    answer = client.post(url(order), typed(client, order, reason="other"))
    assert answer.status_code == 422
    assert "Hygiene goods cannot be returned." in words_of(answer)
    assert send(client, order, reason="damaged").status_code == 302


def test_after_the_time_the_page_says_which_day_it_was_over(client):
    then = timezone.now() - timedelta(days=800)
    order = make_sent_order((make_variant(make_supplier()), 1), at=then)
    said = words_of(client.get(url(order)))
    assert "Nothing of this order can be sent back now." in said
    assert f"over on {day(timezone.localdate(then) + timedelta(days=30))}" in said


def test_partial_quantities_over_several_returns_never_exceed_what_was_sent(client, order):
    line = order.lines.get()
    for most in (3, 2, 1):
        assert f"of {most}" in words_of(client.get(url(order))) or most == 1
        assert send(client, order, **{f"units_{line.pk}": "1"}).status_code == 302
    assert Return.objects.count() == 3
    assert "all of it is in a return already" in words_of(client.get(url(order)))
    late = client.post(url(order), {"lines": str(line.pk), "reason": "defective", "solution": "refund"})
    assert late.status_code == 422


def test_two_suppliers_are_two_returns_with_two_labels_and_the_page_says_why(client):
    first, second = make_supplier(), make_supplier("quay")
    order = make_sent_order((make_variant(first, name="Oak board"), 1), (make_variant(second, name="Lamp"), 1))
    both = [str(line.pk) for line in order.lines.all()]
    said = words_of(client.post(url(order), typed(client, order, lines=both)))
    assert "These came from 2 suppliers, so they go back in 2 parcels" in said
    assert send(client, order, lines=both).status_code == 302
    one, other = Return.objects.all()
    assert one.request_key == other.request_key
    assert other.number in words_of(client.get(one.get_absolute_url()))


def test_photos_are_asked_only_for_what_is_damaged_wrong_or_faulty(client, order):
    check = client.post(url(order), typed(client, order, reason="changed_mind"))
    assert 'type="file"' not in check.content.decode()
    check = client.post(url(order), typed(client, order, reason="damaged"))
    assert 'type="file"' in check.content.decode()
    data = fields_of(check.content.decode()) | {"send": "1"}
    wrong = client.post(url(order), data | {"photos": SimpleUploadedFile("x.zip", b"PK\x03\x04", "application/zip")})
    assert wrong.status_code == 422
    assert "x.zip is not a photo we can read" in words_of(wrong)
    assert not Return.objects.exists()
    data["photos"] = SimpleUploadedFile("crack.jpg", a_picture(), "image/jpeg")
    assert client.post(url(order), data).status_code == 302
    assert Attachment.objects.get().original_name == "crack.jpg"


def test_part_of_the_price_and_the_same_again_are_for_faults(client, order):
    for solution in ("keep", "replacement"):
        answer = client.post(url(order), typed(client, order, reason="does_not_fit", solution=solution))
        assert answer.status_code == 422
        assert "That is for things that are damaged, wrong or faulty." in words_of(answer)
    said = words_of(client.post(url(order), typed(client, order, solution="keep")))
    assert "we propose €18.75 of the €75.00 it cost" in said
    said = words_of(client.post(url(order), typed(client, order, solution="replacement")))
    assert "3 × Oak board, free of charge" in said


def test_what_the_law_grants_is_offered_for_every_fault(client, order):
    page = client.get(url(order)).content.decode()
    for solution in ("refund", "replacement"):
        assert f'name="solution" value="{solution}"' in page


@pytest.fixture
def coloured():
    supplier = make_supplier()
    red, blue, gold = make_kettle(
        supplier, options=[{"Colour": "Red"}, {"Colour": "Blue"}, {"Colour": "Gold"}], price_minor=2000
    )
    for variant, price in ((red, 2000), (blue, 1500), (gold, 9000)):
        type(variant).objects.filter(pk=variant.pk).update(price_minor=price)
    red.refresh_from_db()
    return red, blue, gold


def test_an_exchange_lists_what_can_be_had_for_the_same_price_or_less(client, coloured):
    red, blue, gold = coloured
    order = make_sent_order((red, 1))
    page = client.get(url(order)).content.decode()
    assert f'<option value="{blue.pk}">' in page
    assert f'<option value="{gold.pk}">' not in page
    assert f'<option value="{red.pk}">' not in page
    answer = client.post(url(order), typed(client, order, solution="exchange", exchange_for=str(gold.pk)))
    assert answer.status_code == 422
    answer = client.post(url(order), typed(client, order, solution="exchange"))
    assert "Choose which one you would like instead." in words_of(answer)
    answer = client.post(url(order), typed(client, order, solution="exchange", exchange_for=str(blue.pk)))
    assert "we pay back the difference, €5.00" in words_of(answer)
    client.post(url(order), fields_of(answer.content.decode()) | {"send": "1"})
    assert Return.objects.get().exchange_for == blue


def test_an_exchange_for_less_pays_the_difference_once(client, coloured):
    red, blue, _gold = coloured
    order = make_sent_order((red, 2))
    send(client, order, solution="exchange", exchange_for=str(blue.pk))
    row = Return.objects.get()
    agent = make_person(is_superuser=True)
    decide(row, Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=agent)
    assert order.lines.get(replaces__isnull=False).variant == blue
    assert list(Refund.objects.values_list("amount_minor", flat=True)) == [1000]
    assert "€10.00" in words_of(client.get(row.get_absolute_url()))


def test_goods_that_replaced_others_bring_the_money_of_those(client, order):
    agent = make_person(is_superuser=True)
    send(client, order, solution="replacement")
    decide(Return.objects.get(), Verdict(Choice.REPLACEMENT, goods_back=False), form_key=uuid.uuid4(), by=agent)
    new = order.lines.get(replaces__isnull=False)
    arrive(new)
    said = words_of(client.post(url(order), typed(client, order)))
    assert "3 × Replacement for Oak board, free of charge €75.00" in said
    send(client, order)
    again = Return.objects.first()
    decide(again, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=agent)
    assert Refund.objects.get().amount_minor == 7500


def test_a_link_may_bring_line_and_reason_along_and_nonsense_is_ignored(client):
    supplier = make_supplier()
    order = make_sent_order((make_variant(supplier), 1), (make_variant(supplier), 1))
    line = order.lines.last()
    data = fields_of(client.get(url(order), {"line": line.pk, "reason": "damaged"}).content.decode())
    assert (data["lines"], data["reason"]) == ([str(line.pk)], "damaged")
    for text in ("abc", "²", "-1", "9" * 30, "<script>"):
        answer = client.get(url(order), {"line": text, "reason": text})
        assert answer.status_code == 200
        assert "lines" not in fields_of(answer.content.decode())


def test_change_something_brings_all_of_it_back(client, order):
    line = order.lines.get()
    check = client.post(url(order), typed(client, order, words="Cracked.", **{f"units_{line.pk}": "2"}))
    page = client.post(url(order), fields_of(check.content.decode()) | {"change": "1"})
    assert page.status_code == 200
    back = fields_of(page.content.decode())
    assert (back["reason"], back[f"units_{line.pk}"]) == ("defective", "2")
    assert "Cracked." in page.content.decode()
    assert "error-summary" not in page.content.decode()


def test_what_was_not_sent_is_cancelled_instead(client):
    order = make_paid_order((make_variant(make_supplier()), 1))
    said = words_of(client.get(url(order)))
    assert "Nothing of this order has been sent yet" in said
    assert "Something has not been sent yet? Cancel it" in said


def test_who_pays_and_what_need_not_come_back_follow_profile_and_market(client, order):
    DeliveryProfile.objects.update(returns_paid_by_shop=False)
    said = words_of(client.post(url(order), typed(client, order, reason="changed_mind")))
    assert "You pay the postage." in said
    Market.objects.update(keep_below_minor=10_000, refunds_at_handover=True)
    kept.forget_all()
    said = words_of(client.post(url(order), typed(client, order, reason="changed_mind")))
    assert "You need not send it back: keep it, or give it away." in said
    assert "We pay it back at once." in said


def market(**terms: object) -> None:
    Market.objects.update(**terms)
    kept.forget_all()


def test_what_may_be_kept_is_said_per_parcel_as_the_rule_decides_it(client):
    market(keep_below_minor=1500, accepts_by_rule=True)
    small, also = make_supplier(), make_supplier("quay")
    order = make_sent_order((make_variant(small, price_minor=1000), 2), (make_variant(also, price_minor=1000), 1))
    first, second = order.lines.all()
    both = {"lines": [str(first.pk), str(second.pk)]}
    said = words_of(client.post(url(order), typed(client, order, **both, **{f"units_{first.pk}": "1"})))
    assert said.count("You need not send it back") == 2
    assert "parcels" not in said
    assert "We pay it back at once." in said
    said = words_of(client.post(url(order), typed(client, order, **both)))
    assert said.count("You need not send it back") == said.count("We pay the way back.") == 1
    assert "For what you keep, we pay at once. For the rest:" in said
    send(client, order, **both)
    assert dict(Return.objects.values_list("lines__order_line", "goods_back")) == {first.pk: True, second.pk: False}


@pytest.mark.parametrize("doubt", ["often", "medicine"])
def test_where_a_person_looks_at_it_the_page_promises_nothing_for_them(client, order, doubt):
    market(keep_below_minor=100_000, accepts_by_rule=True)
    line = order.lines.get()
    if doubt == "medicine":
        OrderLine.objects.update(gated_at=timezone.now())
    else:
        for _time in range(2):
            send(client, order, **{f"units_{line.pk}": "1"})
        other = make_sent_order((line.variant, 2))
        for _time in range(2):
            send(client, other, **{f"units_{other.lines.get().pk}": "1"})
        assert set(Return.objects.values_list("goods_back", flat=True)) == {False}
    said = words_of(client.post(url(order), typed(client, order, **{f"units_{line.pk}": "1"})))
    assert "accepted at once" not in said
    assert "You need not send it back" not in said
    send(client, order, **{f"units_{line.pk}": "1"})
    assert Return.objects.order_by("-pk").first().status == "requested"


def test_a_part_of_the_price_that_settles_it_is_called_that_and_paid_as_shown(client, order):
    said = words_of(client.post(url(order), typed(client, order, solution="keep")))
    assert "we propose €18.75 of the €75.00 it cost; once it is paid, that settles it." in said
    assert "As soon as we have agreed." in said
    market(accepts_by_rule=True)
    said = words_of(client.post(url(order), typed(client, order, solution="keep")))
    assert "You keep it and get €18.75 of the €75.00 it cost at once, and that settles it." in said
    assert "you can still have" not in said
    assert "We pay it back at once." in said
    send(client, order, solution="keep")
    assert Refund.objects.get().amount_minor == 1875


@pytest.mark.parametrize("step", ["form", "check"])
def test_the_pages_cost_as_many_statements_for_many_lines_as_for_few(client, monkeypatch, step):
    monkeypatch.setattr("shop.kept.time", SimpleNamespace(monotonic=lambda: 1_000.0))
    supplier = make_supplier()

    def cost(order) -> int:
        data = typed(client, order, lines=[str(line.pk) for line in order.lines.all()])
        client.get(url(order))
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url(order)) if step == "form" else client.post(url(order), data)
        assert answer.status_code == 200
        return len(queries)

    few = cost(make_sent_order((make_variant(supplier), 1)))
    many = cost(make_sent_order(*[(make_variant(supplier), 2) for _number in range(9)]))
    assert many <= few
    assert few <= {"form": 9, "check": 17}[step]


def test_a_market_without_any_time_takes_back_faults_only(client, order):
    Market.objects.update(return_days=0, withdrawal_days=0)
    kept.forget_all()
    page = client.get(url(order))
    assert "Only if it is damaged, wrong or faulty." in words_of(page)
    assert 'value="changed_mind"' not in page.content.decode()
    assert Product.objects.count() == 1
