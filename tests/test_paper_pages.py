"""Papers where people meet them: order page, mails, print page, PDF, admin; and nobody else's."""

from __future__ import annotations

import pytest

from orders.actions.refund import RefundPart
from orders.models import Order
from tests.factories import ADDRESS, make_paid_order, make_person, make_supplier, make_variant
from tests.papers import credited, invoiced, pages_of, pay_back

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Enamel mug"), 2))


def test_the_order_page_links_its_papers(client, order):
    assert "INV-" not in client.get(order.get_absolute_url()).content.decode()
    paper = invoiced(order)
    note = credited(order, [RefundPart(order.lines.get(), 1, 500)], key="k")
    page = client.get(order.get_absolute_url()).content.decode()
    for one in (paper, note):
        assert f'href="{one.get_absolute_url()}"' in page
        assert f'href="{one.get_absolute_url()}pdf/"' in page


def test_the_print_page_says_the_same_as_the_pdf(client, order):
    paper = invoiced(order)
    page = client.get(paper.get_absolute_url()).content.decode()
    file = client.get(f"{paper.get_absolute_url()}pdf/")
    text = " ".join(pages_of(file.content)[0].split())
    for words in (
        paper.number,
        order.number,
        "Enamel mug",
        "Alex Byrne",
        str(order.total),
        "23%",
        "Visa card ending in 4242",
    ):
        assert words in page
        assert words in text
    assert file["Content-Type"] == "application/pdf"
    assert file["Content-Disposition"] == f'attachment; filename="{paper.number}.pdf"'


def test_no_cache_keeps_a_paper(client, order):
    paper = invoiced(order)
    for path in (paper.get_absolute_url(), f"{paper.get_absolute_url()}pdf/", f"/orders/{order.token}/invoice/"):
        answer = client.get(path)
        assert "no-store" in answer["Cache-Control"]
        assert "private" in answer["Cache-Control"]


def test_the_papers_of_others_are_not_there(client, order):
    paper = invoiced(order)
    note = credited(order, [RefundPart(order.lines.get(), 1, 500)], key="k")
    other = make_paid_order((order.lines.get().variant, 1))
    invoiced(other)
    mine, theirs = f"/orders/{other.token}", f"/orders/{'A' * 43}"
    for path in (
        f"{mine}/invoice/{paper.number}/",
        f"{mine}/invoice/{paper.number}/pdf/",
        f"{mine}/credit-note/{note.refund_id}/",
        f"{mine}/invoice/INV-2026-99999/",
        f"{theirs}/invoice/",
        f"{theirs}/invoice/{paper.number}/pdf/",
    ):
        assert client.get(path).status_code == 404, path


def test_the_confirmation_and_the_refund_mail_link_papers_that_may_not_be_written_yet(
    client, order, relay, mailbox, settings
):
    relay.run_until_idle()
    pay_back(order, [RefundPart(order.lines.get(), 1, 500)], key="k", reason="goodwill")
    relay.run_until_idle()
    bodies = [mail.get_body(("plain",)).get_content().replace("\r", "") for mail in mailbox()]
    site, invoice = settings.SITE_URL, f"/orders/{order.token}/invoice/"
    note = f"/orders/{order.token}/credit-note/{order.refunds.get().pk}/"
    assert any(f"Invoice:\n{site}{invoice}" in body for body in bodies)
    assert any(note in body for body in bodies)
    html = [mail.get_body(("html",)).get_content() for mail in mailbox()]
    assert any(f'href="{site}{invoice}"' in body for body in html)
    for path, kind in ((invoice, "Invoice"), (note, "Credit note")):
        assert f"<h1>{kind}</h1>" in client.get(path, follow=True).content.decode()


def test_a_link_that_comes_before_its_paper_says_so(client, order):
    page = client.get(f"/orders/{order.token}/invoice/", follow=True)
    assert page.redirect_chain[-1][0] == order.get_absolute_url()
    assert "There is no invoice yet" in page.content.decode()


def test_staff_read_and_print_papers_and_agents_do_not(client, order):
    paper = invoiced(order)
    paths = [f"/admin/orders/paper/{paper.pk}/{what}/" for what in ("print", "pdf", "change")]
    client.force_login(make_person(role="Store staff"))
    assert [client.get(path).status_code for path in paths] == [200, 200, 200]
    assert "no-store" in client.get(paths[1])["Cache-Control"]
    assert paths[1] in client.get(f"/admin/orders/order/{order.pk}/change/").content.decode()
    assert client.get("/admin/orders/paper/999/pdf/").status_code == 404
    assert client.post(f"/admin/orders/paper/{paper.pk}/delete/", {"post": "yes"}).status_code == 403
    agent = make_person(role="Support agents", is_staff=True)
    client.force_login(agent)
    assert [client.get(path).status_code for path in paths] == [403, 403, 403]


def test_who_asks_for_very_many_files_is_sent_to_the_page(client, order, monkeypatch):
    from orders.views import papers

    monkeypatch.setattr(papers, "PDF_LIMIT", 2)
    paper = invoiced(order)
    answers = [client.get(f"{paper.get_absolute_url()}pdf/") for _try in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 302]
    assert answers[2]["Location"] == paper.get_absolute_url()


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "</bdi></main>&amp;", "\u202eevil\u202c {{ x }} %(y)s", "x" * 100]
)
def test_hostile_names_are_only_printed(client, order, name):
    Order.objects.filter(pk=order.pk).update(name=name, company=name, line1=name)
    paper = invoiced(Order.objects.get(pk=order.pk))
    page = client.get(paper.get_absolute_url()).content.decode()
    assert "<script>" not in page
    assert "\u202e" not in page
    assert page.count("</main>") == 1
    text = "".join(pages_of(client.get(f"{paper.get_absolute_url()}pdf/").content)).replace("\r\n", "")
    assert name.replace("\u202e", "").replace("\u202c", "") in text


def test_an_address_of_any_length_and_form_is_printed(client, order):
    long = ADDRESS.line1 * 7
    Order.objects.filter(pk=order.pk).update(
        name="Å" * 100, line1=long[:100], line2="q" * 100, postcode="", region="R" * 60
    )
    paper = invoiced(Order.objects.get(pk=order.pk))
    assert client.get(f"{paper.get_absolute_url()}pdf/").status_code == 200
