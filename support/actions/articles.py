"""The answers that every shop begins with: written once, staff's from then on."""

from __future__ import annotations

from pathlib import Path

from django.apps import AppConfig
from django.db import connections

from shop.languages import default_language
from support.models import HelpArticle, HelpText, Stage, Topic

FOLDER = Path(__file__).resolve().parent.parent / "articles"
# Slug, topic, and how far an order is that it is about; in the order of the list.
FIRST = [
    ("where-is-my-order", Topic.NOT_ARRIVED, ""),
    ("delivery-times", Topic.NOT_ARRIVED, Stage.OPEN),
    ("cancel-an-order", Topic.CANCEL, ""),
    ("change-the-address", "", Stage.OPEN),
    ("returns-and-withdrawal", Topic.CHANGED_MIND, ""),
    ("refunds-and-when-they-come", "", ""),
    ("faulty-or-damaged", Topic.DEFECTIVE, ""),
    ("invoices", "", ""),
    ("customs", "", ""),
]


def keep_articles(sender: AppConfig | None, using: str, **kwargs: object) -> None:
    """Put the first articles where they are missing. Runs after every migrate; safe to repeat.

    An article that is there stays as staff left it; what they do not want shown is taken off, not deleted.
    """
    if HelpText._meta.db_table not in connections[using].introspection.table_names():
        # Migrated back to before there were any.
        return
    rows = HelpArticle.objects.using(using)
    known = set(rows.values_list("slug", flat=True))
    missing = [entry for entry in enumerate(FIRST, 1) if entry[1][0] not in known]
    rows.bulk_create(
        HelpArticle(slug=slug, topic=topic, stage=stage, position=place * 10) for place, (slug, topic, stage) in missing
    )
    made = rows.filter(slug__in=[slug for _place, (slug, _topic, _stage) in missing])
    texts = [text for article in made for folder in _folders() for text in _text_of(article, folder)]
    HelpText.objects.using(using).bulk_create(texts)


def _folders() -> list[Path]:
    # The language that everything is written in first comes first in the admin, too.
    return sorted(FOLDER.iterdir(), key=lambda folder: (folder.name != default_language(), folder.name))


def _text_of(article: HelpArticle, folder: Path) -> list[HelpText]:
    file = folder / f"{article.slug}.md"
    if not file.is_file():
        return []
    title, summary, keywords, body = file.read_text(encoding="utf-8").split("\n\n", 3)
    return [
        HelpText(
            article=article,
            language=folder.name,
            title=title.removeprefix("# "),
            summary=summary,
            keywords=keywords.removeprefix("<!-- ").removesuffix(" -->"),
            body=body.strip() + "\n",
        )
    ]
