"""Keep the listings: the one function that every change of a product ends in, and the whole anew."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.utils.html import strip_tags
from django.utils.translation import override

from shop.languages import default_language, known_languages, other_languages
from shop.models import Category, Listing, ListingFact, Product, ProductImage, SearchWord, Variant
from shop.models.texts import worded
from shop.search.schema import install, refill
from shop.search.vocabulary import forget_words
from shop.search.words import index_text, words_in
from shop.shelves import forget_shelves
from shop.tree import forget_tree

BATCH = 500
LONGEST_FACT = 160
SHORTEST_WORD = 3
# “Stoneware, lead-free glaze” is filtered by as Stoneware.
FIRST_PART = re.compile(r"\s*[,;(]")
FIELDS = [field.name for field in Listing._meta.concrete_fields if not field.primary_key]
NUMBERS = {
    "price_minor": "price_minor",
    "usual_minor": "usual_minor",
    "is_available": "is_available",
    "variant": "variant_id",
    "delivery_profile": "delivery_profile_id",
    "handling_max_days": "handling_max_days",
    "sent_to": "sent_to",
}


def for_index(products: QuerySet[Product]) -> QuerySet[Product]:
    """Fetch with products all that ``write_listings`` reads; three more queries however many there are."""
    pictures = Prefetch("images", ProductImage.objects.filter(position=0), to_attr="first_images")
    return products.select_related("category__parent__parent", "department").prefetch_related(
        Prefetch("variants", Variant.objects.filter(is_active=True).defer("facts"), to_attr="offered"),
        pictures,
        "facts",
    )


def shown_variant(offered: Sequence[Variant]) -> Variant | None:
    """Return the variant that a card stands for: the first that can be bought, else the first."""
    return next((variant for variant in offered if variant.is_sellable), next(iter(offered), None))


def write_numbers(listing: Listing, offered: Sequence[Variant], shown: Variant) -> None:
    """Set what changes with price and stock. Saves nothing."""
    listing.price_minor = min(variant.price_minor for variant in offered)
    listing.usual_minor = shown.price_minor
    listing.is_available = shown.is_sellable
    listing.variant_id = shown.pk
    listing.delivery_profile_id = shown.delivery_profile_id if shown.is_sellable else None
    listing.handling_max_days = shown.handling_max_days
    listing.sent_to = "" if shown.ships_to is None else f" {' '.join(shown.ships_to)} "


def write_listings(products: Iterable[Product]) -> None:
    """Write the listings of products fetched by ``for_index``, where they differ; remove those not on sale. Safe to repeat."""
    products = list(products)
    known = Listing.objects.in_bulk([product.pk for product in products])
    fresh = [listing for listing in map(_listing, products) if listing is not None]
    changed = [listing for listing in fresh if _differs(listing, known.get(listing.pk))]
    gone = set(known) - {listing.pk for listing in fresh}
    with transaction.atomic():
        if changed:
            Listing.objects.bulk_create(
                changed, BATCH, update_conflicts=True, unique_fields=["product"], update_fields=FIELDS
            )
            _write_facts([one for one in changed if one.pk not in known or one.facts != known[one.pk].facts])
        if gone:
            Listing.objects.filter(pk__in=gone).delete()
    if changed or gone:
        forget_shelves()
    if gone or any(listing.pk not in known for listing in changed):
        forget_tree()
    reworded = {one.pk for one in changed if one.pk not in known or _words(one) != _words(known[one.pk])}
    _learn(set().union(*(words_of(product) for product in products if product.pk in reworded)))


def _listing(product: Product) -> Listing | None:
    shown = shown_variant(product.offered)
    if shown is None or not product.is_published:
        return None
    facts = list(facts_of(product))
    listing = Listing(
        product=product,
        department_id=product.department_id,
        category_id=product.category_id,
        brand=product.brand,
        tax_class=product.tax_class,
        rating_tenths=product.rating_tenths,
        picture=next(iter(product.first_images), None),
        facts=json.dumps(facts, ensure_ascii=False),
        name_words=_in_all_languages(_name_texts, product),
        key_words=_in_all_languages(_key_texts, product),
        group_words=_in_all_languages(_group_texts, product),
        body_words=_in_all_languages(_body_texts, product),
    )
    write_numbers(listing, product.offered, shown)
    return listing


def facts_of(product: Product) -> Iterable[str]:
    """Return what a product can be filtered by, each once, as ``Colour:Sage``."""
    told = [(fact.name, fact.value) for fact in product.facts.all()]
    told += [(axis, str(value)) for variant in product.offered for axis, value in variant.options.items()]
    parts = ((name.replace(":", " ").strip(), FIRST_PART.split(value.strip(), maxsplit=1)[0]) for name, value in told)
    return dict.fromkeys(f"{name}:{value}"[:LONGEST_FACT] for name, value in parts if name and value)


def _in_all_languages(texts_of: Callable[[Product], list[str]], product: Product) -> str:
    """Return the words of some texts in every language, each freed of its own endings: one index finds them all."""
    texts = dict.fromkeys(_said_in(default_language(), texts_of, product))
    found = index_text(texts)
    for language in other_languages():
        # What nobody has said in that language is the same text once more.
        own = [text for text in _said_in(language, texts_of, product) if text not in texts]
        found = f"{found} {index_text(own, language)}" if own else found
    return " ".join(dict.fromkeys(found.split()))


def _said_in(language: str, texts_of: Callable[[Product], list[str]], product: Product) -> list[str]:
    with override(language):
        return texts_of(product)


def _name_texts(product: Product) -> list[str]:
    return [product.local_name]


def _key_texts(product: Product) -> list[str]:
    texts = [product.brand, product.active_ingredient]
    for variant in product.offered:
        texts += [variant.sku, variant.gtin, *_option_texts(variant)]
    return texts


def _option_texts(variant: Variant) -> list[str]:
    return [worded(str(value), about=str(axis)) for axis, value in variant.options.items()]


def _group_texts(product: Product) -> list[str]:
    texts, current = [product.department.local_name], product.category
    while current is not None:
        texts.append(current.local_name)
        current = current.parent
    return texts


def _body_texts(product: Product) -> list[str]:
    facts = [worded(fact.value, about=fact.name) for fact in product.facts.all()]
    return [strip_tags(product.local_description.replace("<", " <")), *facts]


def _words(listing: Listing) -> tuple[str, str, str]:
    return listing.name_words, listing.key_words, listing.group_words


def _differs(listing: Listing, known: Listing | None) -> bool:
    names = [field.attname for field in Listing._meta.concrete_fields]
    return known is None or any(getattr(listing, name) != getattr(known, name) for name in names)


def _write_facts(listings: list[Listing]) -> None:
    ListingFact.objects.filter(listing__in=[listing.pk for listing in listings]).delete()
    rows = [ListingFact(listing=listing, fact=fact) for listing in listings for fact in json.loads(listing.facts)]
    ListingFact.objects.bulk_create(rows, BATCH, ignore_conflicts=True)


def words_of(product: Product) -> set[str]:
    """Return the words that somebody who looks for a product may mistype."""
    found: set[str] = set()
    for language in known_languages():
        with override(language):
            options = [text for variant in product.offered for text in _option_texts(variant)]
            texts = (product.local_name, product.brand, product.active_ingredient, *_group_texts(product), *options)
            found.update(word for text in texts for word in words_in(text))
    return {word for word in found if len(word) >= SHORTEST_WORD and word.isalpha()}


def _learn(words: Iterable[str]) -> None:
    # In one order for everybody, so that no two imports wait for each other's rows.
    rows = [SearchWord(word=word) for word in sorted(words)]
    SearchWord.objects.bulk_create(rows, BATCH, ignore_conflicts=True)
    if rows:
        forget_words()


def refresh_numbers(product_ids: Iterable[int]) -> None:
    """Write anew whether products can be bought, and from which variant; for after a reservation. Two queries and its writes."""
    variants = Prefetch("variants", Variant.objects.filter(is_active=True), to_attr="offered")
    found = Product.objects.filter(pk__in=set(product_ids)).select_related("listing").prefetch_related(variants)
    # In one order for everybody, so that no two wait for each other's rows.
    for product in found.order_by("pk"):
        shown, listing = shown_variant(product.offered), getattr(product, "listing", None)
        is_available = shown is not None and shown.is_sellable
        if product.is_available != is_available:
            Product.objects.filter(pk=product.pk).update(is_available=is_available)
        if shown is None or listing is None:
            continue
        before = {name: getattr(listing, attname) for name, attname in NUMBERS.items()}
        write_numbers(listing, product.offered, shown)
        now = {name: getattr(listing, attname) for name, attname in NUMBERS.items()}
        if now != before:
            Listing.objects.filter(pk=product.pk).update(**now)
            forget_shelves()


def index_category(category: Category) -> None:
    """Write anew the listings of a category's products and of its parts'; for after it was renamed."""
    for name in ("category", "category__parent", "category__parent__parent"):
        _in_batches(Product.objects.filter(**{name: category}))
    forget_tree()


def index_wording(text: str) -> None:
    """Write anew the listings of goods that have a text as the value of a fact or option; for after its wording changed."""
    named = Q(facts__value=text) | Q(listing__fact_rows__fact__endswith=f":{text}")
    _in_batches(Product.objects.filter(named).distinct())


def rebuild_index(*, report: Callable[[int], object] = lambda done: None) -> int:
    """Write every listing anew, forget words no longer used, and return how many products were read. Safe to repeat.

    Searches go on meanwhile. ``report`` is told after each batch how many are done.
    """
    words: set[str] = set()
    done = _in_batches(Product.objects.all(), report=report, words=words)
    _learn(words)
    unused = set(SearchWord.objects.values_list("word", flat=True)) - words
    for some in _chunks(sorted(unused)):
        SearchWord.objects.filter(word__in=some).delete()
    refill()
    return done


def _in_batches(
    products: QuerySet[Product], *, report: Callable[[int], object] = lambda done: None, words: set[str] | None = None
) -> int:
    done, last = 0, 0
    while batch := list(for_index(products.filter(pk__gt=last).order_by("pk"))[:BATCH]):
        write_listings(batch)
        if words is not None:
            words.update(*(words_of(product) for product in batch if product.offered))
        done, last = done + len(batch), batch[-1].pk
        report(done)
    return done


def _chunks(words: list[str]) -> Iterable[list[str]]:
    return (words[place : place + BATCH] for place in range(0, len(words), BATCH))


def keep_index(sender: object, **kwargs: object) -> None:
    """Put up the index after a migrate; fill it where the catalogue is older than the index. Safe to repeat."""
    if install() and not Listing.objects.exists() and Product.objects.on_sale().exists():
        rebuild_index()
