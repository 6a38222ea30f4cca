"""Wait or cancel: the mail, its signed link, the order page, silence, and two things at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from config.audit import run_audit
from notifications.models import Notification
from orders.actions.delays import delay_by_name, settle_silence, signed_name
from orders.models import Cancellation, Delay, OrderDelivery, OrderLine, Refund
from shop.models import Market
from suppliers.models import SupplierOrder
from tests.delays import SOURCE, hand_over, hurry_news, on, sell, slip, told
from tests.parcels import P, told_parcel

pytestmark = pytest.mark.django_db
NOON = ("2026-11-24", 12)


def text_of(order, number: int = -1) -> str:
    mails = Notification.objects.filter(order=order, kind="arrival-delayed").order_by("pk")
    return list(mails)[number].text


def link_in(order) -> str:
    return re.search(r"http://testserver(/orders/delay/\S+)", text_of(order))[1]


def delayed(relay, *slugs: str, latest: str = "2026-12-02", **word: str):
    """Sell something that its supplier has not had yet, and let it be late; return the order."""
    order = sell(*slugs)
    with on(*NOON):
        slip(order, latest, **word)
        relay.run_until_idle()
    return order


def test_the_mail_says_the_old_and_the_new_day_the_reason_and_the_choice_and_names_the_goods(relay):
    order = delayed(relay, reason_code="capacity")
    text = text_of(order)
    assert Notification.objects.get(kind="arrival-delayed").subject.startswith("Later than promised: arrives Wed 2 Dec")
    assert "It was to arrive by Fri 27 Nov. It now arrives Wed 2 Dec." in text
    assert "the warehouse is very busy" in text
    assert "You can wait, and need do nothing." in text
    assert f"2 × {order.lines.get().name}" in text


def test_the_same_slip_told_twice_is_one_mail_and_the_next_one_another_an_hour_later(relay):
    order = delayed(relay)
    with on(*NOON):
        assert not slip(order, "2026-12-02")
        relay.run_until_idle()
        assert told(order) == ["arrival-delayed"]
    with on("2026-11-24", 12):
        slip(order, "2026-12-04")
        relay.run_until_idle()
        assert told(order) == ["arrival-delayed"]
    with on("2026-11-24", 13):
        hurry_news(relay)
    assert told(order) == ["arrival-delayed"] * 2
    assert "by Wed 2 Dec. It now arrives Fri 4 Dec" in text_of(order)
    assert [delay.status for delay in Delay.objects.order_by("pk")] == ["over", "asked"]


def test_several_parcels_that_slip_at_once_are_one_mail(relay, settings):
    order = sell("harbour", "meridian")
    with on(*NOON):
        slip(order, "2026-12-02", slug="harbour", reason_code="weather")
        slip(order, "2026-12-07", slug="meridian", reason_code="capacity")
        relay.run_until_idle()
    assert told(order) == ["arrival-delayed"]
    text = text_of(order)
    assert "Your parcels are late" in text
    assert "It now arrives Wed 2 Dec" in text
    assert "It now arrives Mon 7 Dec" in text
    assert "bad weather on the way" in text
    assert "the warehouse is very busy" in text


def test_a_day_that_comes_back_before_it_was_told_is_not_told(relay):
    order = sell()
    with on(*NOON):
        slip(order, "2026-12-02")
        slip(order, "2026-11-27")
        relay.run_until_idle()
    assert told(order) == []


def test_what_comes_sooner_than_promised_is_not_spoken_of_beside_what_is_late(relay):
    order = sell("harbour", "meridian")
    with on(*NOON):
        slip(order, "2026-11-25", slug="meridian")
        slip(order, "2026-12-02", slug="harbour")
        relay.run_until_idle()
    (part,) = Delay.objects.get().parts.all()
    assert part.delivery.profile.code == "harbour"
    assert told(order) == ["arrival-delayed"]


def test_good_news_after_a_delay_are_told_too(relay):
    order = delayed(relay)
    with on("2026-11-25"):
        slip(order, "2026-11-27")
        hurry_news(relay)
    assert told(order) == ["arrival-delayed", "arrival-changed"]
    mail = Notification.objects.get(kind="arrival-changed")
    assert mail.subject.startswith("Sooner again: arrives Fri 27 Nov")
    assert "as first promised" in mail.text


def test_looking_at_the_link_changes_nothing_and_needs_no_log_in(relay, client):
    order = delayed(relay)
    with on("2026-11-25"):
        page = client.get(link_in(order))
    assert page.status_code == 200
    assert page["X-Robots-Tag"] == "noindex"
    html = page.content.decode()
    assert "Wait or cancel?" in html
    assert str(order.money(5000)) in html
    assert (Delay.objects.get().status, Cancellation.objects.count()) == ("asked", 0)


def test_who_waits_says_so_once_and_can_still_cancel_later(relay, client):
    order = delayed(relay)
    with on("2026-11-25"):
        for _time in range(2):
            assert client.post(link_in(order), {"answer": "wait"}).status_code == 302
        assert Delay.objects.get().status == "waits"
        page = client.get(order.get_absolute_url()).content.decode()
        assert "You wait for it" in page
        client.post(link_in(order), {"answer": "cancel"})
        relay.run_until_idle()
    assert Delay.objects.get().status == "cancelled"
    assert Refund.objects.get().amount_minor == order.total_minor


def test_who_cancels_has_the_money_back_by_the_cancellations_own_conversation(relay, client):
    order = delayed(relay)
    with on("2026-11-25"):
        for _time in range(2):
            client.post(link_in(order), {"answer": "cancel"}, follow=True)
        relay.run_until_idle()
    made = Cancellation.objects.get()
    assert (made.reason, made.status, Refund.objects.count()) == ("too_late", "accepted", 1)
    kinds = set(Notification.objects.filter(order=order).values_list("kind", flat=True))
    assert "cancellation-answered" in kinds
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert not [what for finding in run_audit() for what in finding.violations]


def test_only_what_is_late_is_cancelled(relay, client):
    order = delayed(relay, "harbour", "meridian")
    late, other = order.lines.order_by("delivery__position")
    with on("2026-11-25"):
        client.post(link_in(order), {"answer": "cancel"})
        relay.run_until_idle()
    units = dict(OrderLine.objects.values_list("pk", "cancelled"))
    assert (units[late.pk], units[other.pk]) == (2, 0)


def test_a_parcel_that_left_before_the_click_is_not_cancelled_and_says_what_to_do(relay, client):
    order = delayed(relay)
    hand_over(order)
    with on("2026-11-25"):
        told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now())
        answer = client.post(link_in(order), {"answer": "cancel"}, follow=True).content.decode()
        page = client.get(link_in(order)).content.decode()
    assert "It has left by now" in answer
    assert "It has left by now" in page
    assert 'value="cancel"' not in page
    assert (Delay.objects.get().status, Cancellation.objects.count()) == ("asked", 0)


def test_the_suppliers_part_is_asked_to_stop_what_it_has(relay, client):
    order = delayed(relay)
    (row,) = hand_over(order)
    with on("2026-11-25"):
        client.post(link_in(order), {"answer": "cancel"})
        relay.run_until_idle()
    asked = row.cancellations.get()
    assert asked.cancellation == Cancellation.objects.get()
    assert SupplierOrder.objects.get().pk == row.pk


@pytest.mark.parametrize("spoilt", ["1", "1:x", "999999999999999999999:x", "x:y", ":", "٣:x"])
def test_a_link_that_we_did_not_sign_is_no_page(client, spoilt):
    assert client.get(f"/orders/delay/{spoilt}/").status_code == 404
    assert delay_by_name(spoilt) is None


def test_a_link_of_before_the_address_was_corrected_is_dead_and_one_order_opens_no_other(relay, client):
    order = delayed(relay)
    link = link_in(order)
    type(order).objects.filter(pk=order.pk).update(token="another-token-of-this-order")
    assert client.get(link).status_code == 404
    delay = Delay.objects.get()
    forged = signing.Signer(salt="orders.delay.guessed").sign(str(delay.pk))
    assert delay_by_name(forged) is None
    assert delay_by_name(signed_name(delay)) == delay


def test_the_order_page_shows_the_delay_and_leads_to_the_choice(relay, client):
    order = delayed(relay, reason_code="weather")
    with on("2026-11-25"):
        page = client.get(order.get_absolute_url()).content.decode()
    assert "<s>" in page
    assert "bad weather on the way" in page
    assert link_in(order) in page


def test_where_nothing_is_late_the_page_asks_nothing_of_it(relay, client):
    order = sell()
    with on("2026-11-24", 12):
        page = client.get(order.get_absolute_url()).content.decode()
    assert "Later than promised" not in page


# --- what silence means


def american(order) -> None:
    type(order).objects.filter(pk=order.pk).update(country="US")


def test_in_europe_who_says_nothing_waits_however_long_it_takes(relay):
    order = delayed(relay, latest="2027-03-02")
    assert (order.country.code, Delay.objects.get().answer_by, Delay.objects.get().due_at) == ("IE", None, None)
    assert "need do nothing" in text_of(order)


def test_a_country_in_no_market_waits_too(relay):
    Market.objects.all().delete()
    delayed(relay)
    assert Delay.objects.get().answer_by is None


def test_in_the_united_states_silence_agrees_to_a_first_definite_delay_of_up_to_thirty_days(relay):
    order = sell()
    american(order)
    with on(*NOON):
        slip(order, "2026-12-27")
        relay.run_until_idle()
    assert Delay.objects.get().answer_by is None


def test_longer_it_needs_consent_and_without_it_the_money_goes_back(relay, mailbox):
    order = sell()
    american(order)
    with on(*NOON):
        slip(order, "2026-12-28")
        relay.run_until_idle()
    delay = Delay.objects.get()
    # Thirty days after Friday 27 November, the day promised.
    assert timezone.localtime(delay.answer_by).date().isoformat() == "2026-12-28"
    assert "Please tell us by Sun 27 Dec whether you want to wait." in text_of(order)
    with on("2026-12-27", 12):
        settle_silence(delay.pk)
        assert Delay.objects.get().status == "asked"
    Delay.objects.update(lease_until=None, due_at=timezone.now())
    with on("2026-12-28", 12):
        settle_silence(delay.pk)
        settle_silence(delay.pk)
        relay.run_until_idle()
    assert (Delay.objects.get().status, Refund.objects.get().amount_minor) == ("unanswered", order.total_minor)
    assert Notification.objects.filter(order=order, kind="cancellation-answered").count() == 1


def test_a_delay_without_a_suppliers_date_needs_consent_at_once(relay):
    order = sell()
    american(order)
    with on(*NOON):
        slip(order, "2026-12-02", source=SOURCE.OURS, reason_code="not_sent")
        relay.run_until_idle()
    delay = Delay.objects.get()
    assert not delay.is_definite
    assert delay.answer_by is not None


def test_a_second_delay_needs_consent_by_the_day_that_was_agreed_to(relay):
    order = sell()
    american(order)
    with on(*NOON):
        slip(order, "2026-12-02")
        relay.run_until_idle()
    with on("2026-11-26"):
        slip(order, "2026-12-09")
        hurry_news(relay)
    second = Delay.objects.get(status="asked")
    assert timezone.localtime(second.answer_by).date().isoformat() == "2026-12-03"


def test_who_has_agreed_to_wait_is_not_cancelled(relay, client):
    order = sell()
    american(order)
    with on(*NOON):
        slip(order, "2027-01-28")
        relay.run_until_idle()
        client.post(link_in(order), {"answer": "wait"})
    with on("2027-01-10"):
        settle_silence(Delay.objects.get().pk)
        relay.run_until_idle()
    assert (Delay.objects.get().status, Refund.objects.count()) == ("waits", 0)


def test_what_left_before_the_answer_was_due_is_not_cancelled(relay):
    order = sell()
    american(order)
    with on(*NOON):
        slip(order, "2027-01-28")
        relay.run_until_idle()
    hand_over(order)
    with on("2026-12-20"):
        told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now())
    with on("2027-01-10"):
        Delay.objects.update(due_at=timezone.now() - timedelta(days=60))
        settle_silence(Delay.objects.get().pk)
    assert (Delay.objects.get().status, Cancellation.objects.count()) == ("over", 0)


def test_what_is_on_its_way_leaves_nothing_to_choose(relay):
    order = sell()
    hand_over(order)
    with on("2026-11-25"):
        parcel = told_parcel(order, P.IN_TRANSIT, shipped_at=timezone.now())
        slip(order, "2026-12-02", source=SOURCE.CARRIER, reason_code="weather")
        relay.run_until_idle()
    assert Delay.objects.get().status == "told"
    assert "It is on its way already." in text_of(order)
    assert "/orders/delay/" not in text_of(order)
    assert parcel.pk


def test_what_was_promised_is_never_changed_by_any_of_it(relay):
    order = delayed(relay)
    delivery = OrderDelivery.objects.get()
    assert (delivery.promised_latest_on.isoformat(), delivery.told_latest_on.isoformat()) == (
        "2026-11-27",
        "2026-12-02",
    )
    assert [word.latest_on.isoformat() for word in order.estimates.all()] == ["2026-12-02"]
