"""Who of us looked at whose data is written down once an hour, for ever the same, and forgotten in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.test import RequestFactory
from django.urls import get_resolver
from django.utils import timezone

from config.access import NOT_PERSONAL, OF_A_CASE, PERSONAL, SHOWS, WITHOUT_DATA
from config.tasks import forget_old_access
from shop.access import note_access, person_key
from shop.models import AccessLog
from support.models import Attachment
from support.uploads import Photo, store_photos
from tests.asking import a_case
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.permissions import addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier()), 1))


@pytest.fixture
def agent(client):
    person = make_person(role="Support agents")
    client.force_login(person)
    return person


def seen() -> list[tuple[str, str]]:
    return list(AccessLog.objects.order_by("pk").values_list("kind", "key"))


def test_whoever_opens_a_case_is_noted_once_an_hour(client, order, agent, monkeypatch):
    ticket = a_case(order)
    for _time in range(3):
        assert client.get(f"/desk/tickets/{ticket.pk}/").status_code == 200
    row = AccessLog.objects.get()
    assert (row.user, row.kind, row.key) == (agent, "case", f"ticket:{ticket.pk}")
    now = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: now)
    client.get(f"/desk/tickets/{ticket.pk}/")
    assert AccessLog.objects.count() == 2


def test_a_page_of_the_case_with_a_mistake_in_its_form_shows_it_as_well(client, order, agent):
    ticket = a_case(order)
    assert client.post(f"/desk/tickets/{ticket.pk}/reply/", {"message": ""}).status_code == 422
    assert seen() == [("case", f"ticket:{ticket.pk}")]


def test_what_is_refused_or_only_listed_is_not_noted(client, order, agent):
    ticket = a_case(order)
    assert client.get("/desk/").status_code == 200
    assert client.get(f"/desk/tickets/{ticket.pk + 1}/").status_code == 404
    client.force_login(make_person())
    assert client.get(f"/desk/tickets/{ticket.pk}/").status_code == 403
    assert seen() == []


def test_orders_people_and_messages_in_the_admin_are_noted(client, order, relay):
    relay.run_until_idle()
    staff = make_person(role="Store staff", is_superuser=True)
    client.force_login(staff)
    for page in (f"orders/order/{order.pk}/change/", f"shop/user/{staff.pk}/change/"):
        assert client.get(f"/admin/{page}").status_code == 200
    assert seen() == [("order", f"order:{order.pk}"), ("customer", f"user:{staff.pk}")]


def test_a_file_is_noted_when_an_agent_opens_it_and_not_when_its_customer_does(client, order):
    store_photos(a_case(order).messages.get(), [Photo("a.png", b"x", "image/png")])
    file = Attachment.objects.get()
    assert client.get(f"/support/files/{file.token}/").status_code == 200
    client.force_login(make_person())
    client.get(f"/support/files/{file.token}/")
    assert seen() == []
    client.force_login(make_person(role="Support agents"))
    client.get(f"/support/files/{file.token}/")
    assert seen() == [("file", f"attachment:{file.pk}")]


def test_it_costs_one_statement_and_a_list_none(client, order, agent, django_assert_num_queries):
    with django_assert_num_queries(1):
        note_access(agent, AccessLog.Kind.CASE, "ticket:1")
    with django_assert_num_queries(1):
        note_access(agent, AccessLog.Kind.CASE, "ticket:1")
    assert AccessLog.objects.count() == 1


def test_nothing_of_it_is_ever_changed(agent):
    note_access(agent, AccessLog.Kind.CASE, "ticket:1")
    for change in (lambda rows: rows.update(key="x"), lambda rows: rows.bulk_update(list(rows), ["key"])):
        with pytest.raises(TypeError):
            change(AccessLog.objects.all())
    model_admin = admin.site._registry[AccessLog]
    request = RequestFactory().get("/")
    request.user = make_person(is_superuser=True, is_staff=True)
    row = AccessLog.objects.get()
    assert not model_admin.has_change_permission(request, row)
    assert not model_admin.has_delete_permission(request, row)
    assert not model_admin.has_add_permission(request)


def test_it_is_forgotten_after_a_year(agent, settings):
    note_access(agent, AccessLog.Kind.CASE, "ticket:1")
    forget_old_access()
    assert AccessLog.objects.count() == 1
    settings.ACCESS_LOG_DAYS = 0
    forget_old_access()
    assert AccessLog.objects.count() == 0


def test_no_address_stands_in_it():
    assert person_key("Alex@Example.com ") == person_key("alex@example.com")
    assert "alex" not in person_key("alex@example.com")


def test_the_list_is_for_staff_and_costs_the_same_with_few_and_many_rows(client, agent, django_assert_max_num_queries):
    assert client.get("/admin/shop/accesslog/").status_code == 302
    client.force_login(make_person(role="Store staff"))
    note_access(agent, AccessLog.Kind.CASE, "ticket:1")
    client.get("/admin/shop/accesslog/")
    for count in (3, 60):
        for number in range(count):
            note_access(agent, AccessLog.Kind.ORDER, f"order:{count}{number}")
        with django_assert_max_num_queries(12):
            page = client.get("/admin/shop/accesslog/").content.decode()
        assert agent.email in page
    assert "ticket:1" in client.get("/admin/shop/accesslog/?q=ticket:1").content.decode()
    assert "order:31" not in client.get("/admin/shop/accesslog/?kind__exact=case").content.decode()


def test_every_page_about_one_row_says_whether_it_shows_somebodys_data():
    for name, route in addresses(get_resolver()):
        if name.startswith("desk:") and "<" in route:
            assert route.startswith(OF_A_CASE) or name in {*SHOWS, *WITHOUT_DATA}, name
    registered = {model._meta.label_lower.replace(".", "_") for model in admin.site._registry}
    assert registered == {*PERSONAL, *NOT_PERSONAL}
