"""Answers before anybody has to write: found by topic, order and words, clean, in each language, and measured."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from shop import kept
from support.actions.articles import FIRST, FOLDER, keep_articles
from support.knowledge import answers, search, stage_of, suggest
from support.markdown import as_html
from support.models import HelpArticle, HelpText, HelpVisit, Ticket, Topic
from tests.accounts import deliver
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    return make_paid_order((make_variant(make_supplier(), name="Oak board"), 3))


@pytest.fixture
def boss(client):
    made = make_person("boss@example.com", role="Store staff")
    client.force_login(made)
    return made


def write(slug: str, title: str = "How tall is it?", body: str = "Very.", **fields: object) -> HelpArticle:
    made = HelpArticle.objects.create(slug=slug, **fields)
    HelpText.objects.create(article=made, language="en-gb", title=title, summary="In one sentence.", body=body)
    return made


def figures(about: str) -> tuple[int, int, int]:
    rows = HelpVisit.objects.filter(about=about)
    return tuple(sum(getattr(row, name) for row in rows) for name in ("shown", "helped", "asked"))


def slugs(found) -> list[str]:
    return [one.slug for one in found]


def test_every_shop_begins_with_answers_in_each_language_and_keeps_what_staff_made_of_them():
    assert HelpText.objects.count() == 2 * len(FIRST) == len(list(FOLDER.glob("*/*.md")))
    changed = HelpText.objects.get(article__slug="customs", language="en-gb")
    changed.title = "Ours"
    changed.save()
    HelpArticle.objects.filter(slug="invoices").update(is_published=False)
    keep_articles(sender=None, using="default")
    changed.refresh_from_db()
    assert changed.title == "Ours"
    assert not HelpArticle.objects.get(slug="invoices").is_published
    assert HelpText.objects.count() == 2 * len(FIRST)


def test_every_first_answer_is_a_whole_page_in_each_language_and_none_of_its_links_is_dead(client):
    for prefix in ("", "/de"):
        listed = client.get(f"{prefix}/help/").content.decode()
        for slug, _topic, _stage in FIRST:
            assert f'href="{prefix}/help/{slug}/"' in listed
            page = client.get(f"{prefix}/help/{slug}/").content.decode()
            prose = page[page.index('class="prose"') : page.index("</article>")]
            for link in re.findall(r'href="([^"]+)"', prose):
                assert link.startswith(f"{prefix}/"), link
                assert client.get(link).status_code == 200, link


def test_the_german_page_is_german_and_what_has_no_german_text_says_its_language(client):
    page = client.get("/de/help/customs/").content.decode()
    assert "<h1>Zahle ich Zoll oder Einfuhrsteuer?</h1>" in page
    write("tall")
    page = client.get("/de/help/tall/").content.decode()
    assert 'lang="en-GB"' in page
    assert "How tall is it?" in page


def test_an_answer_that_is_not_shown_is_nowhere(client):
    HelpArticle.objects.filter(slug="customs").update(is_published=False)
    kept.forget_all()
    assert client.get("/help/customs/").status_code == 404
    assert "/help/customs/" not in client.get("/help/").content.decode()
    assert "customs" not in slugs(search("customs"))
    assert client.get("/help/nonsense/").status_code == 404


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("invoice", "invoices"),
        ("REFUNDS", "refunds-and-when-they-come"),
        ("duty", "customs"),
        ("cancel", "cancel-an-order"),
    ],
)
def test_the_search_finds_by_words_and_their_beginnings(client, query, first):
    assert slugs(search(query))[0] == first
    page = client.get("/help/", {"q": query}).content.decode()
    assert f"/help/{first}/" in page
    assert f'value="{query}"' in page


def test_the_search_is_german_on_german_pages(client):
    with translation.override("de"):
        assert slugs(search("Rechnungen"))[0] == "invoices"
        assert slugs(search("Rückgabe"))[0] == "returns-and-withdrawal"
    assert "/de/help/invoices/" in client.get("/de/help/", {"q": "rechnung"}).content.decode()


@pytest.mark.parametrize("query", ["zzz qqq", "' OR 1=1 --", "%", "<script>alert(1)</script>", "a" * 5000])
def test_a_search_for_nothing_leads_on_and_never_fails(client, query):
    answer = client.get("/help/", {"q": query})
    assert answer.status_code == 200
    page = answer.content.decode()
    assert "<script>alert" not in page
    assert "/support/" in page


def test_what_is_suggested_fits_the_topic_and_how_far_the_order_is(order):
    assert stage_of(order) == "open"
    asked = slugs(suggest(topic=Topic.NOT_ARRIVED, stage="open"))
    assert set(asked) == {"where-is-my-order", "delivery-times"}
    deliver(order)
    order.refresh_from_db()
    assert stage_of(order) == "delivered"
    assert slugs(suggest(topic=Topic.NOT_ARRIVED, stage=stage_of(order))) == ["where-is-my-order"]


def test_words_that_are_typed_bring_their_answer_and_others_none():
    assert slugs(suggest(typed="Hello, could you send me the invoice please? Thanks, Alex"))[0] == "invoices"
    assert slugs(suggest(typed="My lamp arrived with a crack"))[0] == "faulty-or-damaged"
    assert slugs(suggest(typed="I moved house and need it at another address"))[0] == "change-the-address"
    assert suggest(typed="Xyzzy plugh") == []
    assert suggest(typed="") == []


def test_a_question_about_an_order_shows_what_answers_it_before_the_form(client, order):
    page = client.get(f"/orders/{order.token}/help/?topic=cancel").content.decode()
    assert page.index("/help/cancel-an-order/") < page.index("Still need help?")
    assert figures("cancel-an-order") == (1, 0, 0)
    assert figures("answer:cancel") == (1, 0, 0)
    client.get(f"/orders/{order.token}/help/?topic=cancel")
    assert figures("cancel-an-order") == (1, 0, 0)


def test_that_answers_it_counts_as_solved_without_a_case_once(client, order):
    client.get(f"/orders/{order.token}/help/?topic=not_arrived")
    for _time in range(2):
        data = {"about": "answer:where", "next": order.get_absolute_url()}
        answer = client.post("/help/answered/", data)
        assert answer["Location"] == order.get_absolute_url()
    assert figures("answer:where") == (1, 1, 0)
    assert Ticket.objects.count() == 0


def test_whoever_writes_all_the_same_is_counted_too(client, order):
    client.get(f"/orders/{order.token}/help/?topic=not_arrived")
    client.post(f"/orders/{order.token}/help/?topic=not_arrived", {"topic": "not_arrived", "message": "Not here."})
    assert Ticket.objects.count() == 1
    assert figures("where-is-my-order") == (1, 0, 1)
    client.post(f"/orders/{order.token}/help/?topic=not_arrived", {"topic": "not_arrived", "message": "Still not."})
    assert figures("where-is-my-order") == (1, 0, 1)


def test_nothing_of_a_visitor_is_kept_with_the_figures():
    assert {field.name for field in HelpVisit._meta.get_fields()} == {"id", "about", "day", "shown", "helped", "asked"}


def test_robots_that_read_pages_count_for_nothing_and_readers_who_answer_do(client):
    client.get("/help/customs/")
    assert figures("customs") == (0, 0, 0)
    client.post("/help/answered/", {"about": "customs"})
    assert figures("customs") == (1, 1, 0)
    client.post("/help/answered/", {"about": "no-such-answer"})
    client.post("/help/answered/", {"about": "answer:where"})
    assert set(HelpVisit.objects.values_list("about", flat=True)) == {"customs"}


def test_nobody_is_led_to_another_site(client):
    answer = client.post("/help/answered/", {"about": "customs", "next": "https://evil.example/"})
    assert answer["Location"] == "/help/"


def test_a_look_before_sending_keeps_what_was_typed_and_opens_nothing(client):
    data = {"email": "a@example.com", "topic": "payment", "message": "Where do I find my invoice?", "look": "1"}
    answer = client.post("/support/", data)
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "/help/invoices/" in page
    assert "Where do I find my invoice?" in page
    assert "Still need help: send" in page
    assert "There is a problem" not in page
    assert Ticket.objects.count() == 0
    del data["look"]
    assert client.post("/support/", data).status_code == 302
    assert figures("invoices") == (1, 0, 1)


def test_a_look_before_anything_is_right_complains_of_nothing(client, order):
    for url in ("/support/", f"/orders/{order.token}/help/?topic=question"):
        answer = client.post(url, {"message": "Xyzzy plugh?", "look": "1"})
        assert answer.status_code == 200
        page = answer.content.decode()
        assert "Error:" not in page
        assert "No article fits these words" in page
    assert Ticket.objects.count() == 0


def test_what_appears_while_typing_counts_as_shown(client):
    client.get("/support/?topic=other")
    client.get("/help/suggestions/", {"q": "Where do I find the invoice?"})
    assert figures("invoices") == (1, 0, 0)
    client.post("/support/", {"email": "a@example.com", "topic": "other", "message": "Where do I find the invoice?"})
    assert figures("invoices") == (1, 0, 1)


def test_suggestions_while_typing_are_a_clean_fragment(client):
    answer = client.get("/help/suggestions/", {"q": "the invoice <script>", "topic": "question"})
    page = answer.content.decode()
    assert "/help/invoices/" in page
    assert "<html" not in page
    assert "script" not in page
    assert client.get("/help/suggestions/", {"q": "\u202e?", "topic": "x" * 99}).content.decode().strip() == ""


def test_markdown_is_clean_whatever_is_typed():
    hostile = (
        "# Title\n\n<script>alert(1)</script> <b onclick=x>b</b>\n\n[a](javascript:alert(1)) [b](data:text/html,x) "
        "[c](https://example.com) [d](/orders/find/) [e](//evil.example) ![p](https://spy.example/x.gif)\n\n"
        "| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    with translation.override("de"):
        html = as_html(hostile)
    assert "<script" not in html
    assert "<b " not in html
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html)
    assert "<img" not in html
    assert "<h2>Title</h2>" in html
    assert 'href="https://example.com"' in html
    assert 'href="/de/orders/find/"' in html
    assert "<table>" in html
    assert "<h1" not in html


def test_help_costs_the_same_for_few_and_many_articles(client, order):
    urls = [
        "/help/",
        "/help/?q=tall",
        "/help/customs/",
        "/support/?topic=payment",
        f"/orders/{order.token}/help/?topic=not_arrived",
    ]
    counts = []
    for number in (1, 30):
        for one in range(number):
            write(f"tall-{number}-{one}", title=f"How tall is {one}?", topic="not_arrived")
        counts.append([])
        for url in urls:
            # A visitor who has been here: making a session costs its own.
            visitor = Client()
            visitor.get(url)
            kept.forget_all()
            with CaptureQueriesContext(connection) as queries:
                assert visitor.get(url).status_code == 200
            counts[-1].append(len(queries))
    assert counts[0] == counts[1]
    assert counts[1][0] <= 5
    assert counts[1][2] <= 6


def test_help_is_in_the_sitemap_in_each_language(client):
    found = b"".join(client.get("/sitemap-places.xml").streaming_content).decode()
    for slug, _topic, _stage in FIRST:
        assert f"<loc>http://testserver/help/{slug}/</loc>" in found
        assert f"<loc>http://testserver/de/help/{slug}/</loc>" in found


def test_a_page_of_search_results_is_no_page_for_search_engines(client):
    assert client.get("/help/", {"q": "x"})["X-Robots-Tag"] == "noindex"
    assert "X-Robots-Tag" not in client.get("/help/customs/")


def form_of(article: HelpArticle, **changes: str) -> dict[str, str]:
    text = article.texts.get(language="en-gb")
    return {
        "topic": article.topic, "stage": article.stage, "position": "5", "is_published": "on",
        "texts-TOTAL_FORMS": "1", "texts-INITIAL_FORMS": "1", "texts-MIN_NUM_FORMS": "1", "texts-MAX_NUM_FORMS": "1000",
        "texts-0-id": str(text.pk), "texts-0-article": str(article.pk), "texts-0-language": "en-gb",
        "texts-0-title": text.title, "texts-0-summary": text.summary, "texts-0-body": text.body, "texts-0-keywords": text.keywords,
    } | changes  # fmt: skip


def test_staff_look_at_an_article_before_they_save_it(client, boss):
    article = write("tall")
    url = f"/admin/support/helparticle/{article.pk}/change/"
    assert "/admin/support/helparticle/preview/" in client.get(url).content.decode()
    typed = form_of(article, **{"texts-0-body": "It is **3 m** tall. <script>x</script>"})
    page = client.post("/admin/support/helparticle/preview/", typed).content.decode()
    assert "<strong>3 m</strong>" in page
    assert "<script>x" not in page
    assert article.texts.get().body == "Very."
    assert client.post(url, typed).status_code == 302
    assert "<strong>3 m</strong>" in client.get("/help/tall/").content.decode()


def test_an_articles_address_stays_and_its_figures_are_listed(client, boss):
    HelpVisit.objects.create(about="customs", shown=7, helped=5, asked=1)
    page = client.get("/admin/support/helparticle/").content.decode()
    row = page[page.index("customs") :]
    row = row[: row.index("</tr>")]
    assert [re.search(rf"field-{name}[^>]*>(\d+)<", row)[1] for name in ("shown", "helped", "asked")] == ["7", "5", "1"]
    article = HelpArticle.objects.get(slug="customs")
    client.post(f"/admin/support/helparticle/{article.pk}/change/", form_of(article, slug="other"))
    article.refresh_from_db()
    assert article.slug == "customs"
    assert client.post(f"/admin/support/helparticle/{article.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", ["", "Support agents", "Pharmacists"])
def test_nobody_else_writes_articles(client, role):
    client.force_login(make_person(role=role))
    article = HelpArticle.objects.get(slug="customs")
    assert client.post("/admin/support/helparticle/preview/", form_of(article)).status_code in {302, 403}
    client.post(f"/admin/support/helparticle/{article.pk}/change/", form_of(article, **{"texts-0-title": "Mine"}))
    assert article.texts.get(language="en-gb").title != "Mine"


def test_the_list_of_articles_costs_the_same_for_few_and_many(client, boss):
    counts = []
    for number in (1, 30):
        for one in range(number):
            write(f"tall-{number}-{one}")
        client.get("/admin/support/helparticle/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/support/helparticle/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_answers_of_one_language_fill_the_gaps_of_another():
    write("tall")
    kept.forget_all()
    with translation.override("de"):
        titles = {one.slug: one.title for one in answers()}
    assert titles["tall"] == "How tall is it?"
    assert titles["customs"] == "Zahle ich Zoll oder Einfuhrsteuer?"


@pytest.mark.parametrize("topic", ["defective", "damaged", "wrong_item", "changed_mind"])
def test_goods_that_are_not_right_lead_to_the_request_with_its_reason_and_a_message_still_can_be_written(
    client, order, topic
):
    page = client.get(f"/orders/{order.token}/help/?topic={topic}").content.decode()
    reason = "" if topic == "changed_mind" else f"?reason={topic}"
    assert f'href="/orders/{order.token}/returns/new/{reason}"' in page
    assert "Still need help? Write to us" in page
    assert 'name="message"' in page
