"""Pictures are taken in once, at import: in sizes of our own, never larger than they came, never from a stranger."""

from __future__ import annotations

import io
import re
import struct
import zlib

import pytest
from django.core.files.storage import default_storage
from PIL import Image

from shop.actions.catalog import refresh_products
from shop.actions.pictures import NotAPicture, store_picture
from shop.models import ProductImage
from suppliers.actions.pictures import GIVES_UP_AFTER, fetch_picture, want_pictures
from suppliers.adapters.base import Refused, Unclear
from suppliers.adapters.rest import RestAdapter
from suppliers.models import PictureFetch, Supplier
from tests.factories import make_person, make_supplier, make_variant
from tests.products import png

pytestmark = pytest.mark.django_db
ADDRESS = "https://pictures.example/1.png"


@pytest.fixture
def variant():
    return make_variant(make_supplier())


def store(variant, content: bytes) -> ProductImage:
    return store_picture(variant.product, variant, position=0, alt="x", content=content, source_url=ADDRESS)


def opened(name: str) -> Image.Image:
    with default_storage.open(name) as file:
        image = Image.open(io.BytesIO(file.read()))
        image.load()
        return image


@pytest.mark.parametrize(
    ("width", "widths"),
    [(2000, [160, 360, 720, 1080, 1600]), (900, [160, 360, 720, 900]), (360, [160, 360]), (100, [100])],
)
def test_a_picture_is_stored_in_every_size_it_is_large_enough_for(variant, width, widths):
    image = store(variant, png(width, width * 5 // 4))

    assert [size[0] for size in image.sizes] == widths
    for stored_width, height, name in image.sizes:
        found = opened(name)
        assert (found.format, found.size) == ("WEBP", (stored_width, height))
    assert image.large_width == min(width, 1080)
    assert image.small_width == min(width, 360)


def photograph(width: int, height: int) -> bytes:
    """Return a picture of very many colours."""
    file = io.BytesIO()
    Image.merge("RGB", [Image.effect_noise((width, height), 90) for _band in "RGB"]).save(file, "JPEG")
    return file.getvalue()


def test_a_photograph_is_stored_as_avif_too_in_the_same_sizes_and_offered_first(variant, client):
    image = store(variant, photograph(500, 625))

    assert (
        [size[:2] for size in image.avif_sizes]
        == [size[:2] for size in image.sizes]
        == [[160, 200], [360, 450], [500, 625]]
    )
    for width, height, name in image.avif_sizes:
        found = opened(name)
        assert (found.format, found.size) == ("AVIF", (width, height))
    page = client.get(variant.product.get_absolute_url()).content.decode()
    gallery = page.split('class="gallery"')[1].split("</a>")[0]
    assert re.search(
        r'<picture><source type="image/avif" srcset="[^"]+-160.avif 160w, [^"]+-500.avif 500w" sizes=".+?">', gallery
    )
    assert re.search(
        r'<img src="[^"]+.webp" srcset="[^"]+.webp 500w"[^>]* width="500" height="625"[^>]*></picture>', gallery
    )


def test_a_drawing_of_few_colours_is_stored_as_webp_alone_and_needs_no_choice(variant, client):
    image = store(variant, png(500, 625))

    assert image.avif_sizes == []
    assert "<picture>" not in client.get(variant.product.get_absolute_url()).content.decode()


def test_cards_offer_avif_in_lists_below_a_product_and_on_home(variant, client):
    store(variant, photograph(500, 625))
    refresh_products([variant.product_id])
    other = make_variant(Supplier.objects.get())
    for path in ("/", "/c/kitchen/", other.product.get_absolute_url()):
        card = client.get(path).content.decode().split('<article class="card')[-1]
        assert '<source type="image/avif"' in card, path


def test_see_through_parts_become_white(variant):
    image = store(variant, png(200, 200, mode="RGBA"))

    assert opened(image.large.name).convert("RGB").getpixel((100, 100)) == (255, 255, 255)


def test_a_picture_taken_on_its_side_is_turned(variant):
    file, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 300)).save(file, "JPEG", exif=exif)

    image = store(variant, file.getvalue())

    assert (image.large_width, image.large_height) == (300, 400)


def _bomb() -> bytes:
    """Return a PNG of a few bytes that says it is 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


def _gif() -> bytes:
    file = io.BytesIO()
    Image.new("P", (100, 100)).save(file, "GIF")
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<html>not found</html>",
        _bomb(),
        _gif(),
        png(400, 10),
        png(300, 300)[:200],
    ],
    ids=["nothing", "svg", "html", "bomb", "gif", "line", "cut short"],
)
def test_what_is_no_picture_is_refused_and_nothing_is_stored(variant, content):
    with pytest.raises(NotAPicture):
        store(variant, content)
    assert not ProductImage.objects.exists()


def wanted(variant, *urls: str) -> PictureFetch:
    want_pictures(Supplier.objects.get(), variant, list(urls) or [ADDRESS])
    return PictureFetch.objects.get(position=0)


def answer_with(monkeypatch, *answers: bytes | Exception) -> list[str]:
    """Let the suppliers' client answer so; return the addresses it is asked for."""
    asked, left = [], list(answers)

    def picture(self, url: str) -> bytes:
        asked.append(url)
        told = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(told, Exception):
            raise told
        return told

    monkeypatch.setattr(RestAdapter, "picture", picture)
    return asked


def test_the_relay_fetches_a_wanted_picture_once(variant, relay, monkeypatch):
    row = wanted(variant)
    asked = answer_with(monkeypatch, png(200, 250))

    relay.run_until_idle()
    relay.run_until_idle()
    want_pictures(row.supplier, variant, [ADDRESS])
    relay.run_until_idle()

    row.refresh_from_db()
    assert (asked, row.status, row.due_at) == ([ADDRESS], "stored", None)
    assert ProductImage.objects.get().source_url == ADDRESS


def test_another_address_is_fetched_anew(variant, monkeypatch):
    row = wanted(variant)
    answer_with(monkeypatch, png(200, 250), png(220, 250))
    fetch_picture(row.pk)
    want_pictures(row.supplier, variant, [ADDRESS + "?v=2"])
    fetch_picture(row.pk)

    assert ProductImage.objects.get().large_width == 220


@pytest.mark.parametrize("broken", [Refused("404", "picture"), b"<html>gone</html>"])
def test_a_broken_picture_is_listed_for_staff_and_the_product_is_shown_with_a_drawing(
    variant, client, monkeypatch, broken
):
    row = wanted(variant)
    answer_with(monkeypatch, broken)
    fetch_picture(row.pk)

    row.refresh_from_db()
    assert (row.status, row.due_at) == ("broken", None)
    assert row.last_error
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert "picture-empty" in page
    assert "pictures.example" not in page
    client.force_login(make_person(role="Store staff"))
    assert ADDRESS in client.get("/admin/suppliers/picturefetch/?status__exact=broken").content.decode()


def test_a_silent_server_is_asked_some_times_and_then_no_more(variant, monkeypatch):
    row = wanted(variant)
    asked = answer_with(monkeypatch, Unclear("cut"))
    for _number in range(GIVES_UP_AFTER + 3):
        PictureFetch.objects.filter(status="wanted").update(due_at=row.status_changed_at, lease_until=None)
        fetch_picture(row.pk)

    row.refresh_from_db()
    assert (len(asked), row.status) == (GIVES_UP_AFTER, "broken")


def test_a_feed_full_of_addresses_asks_for_a_few(variant):
    want_pictures(Supplier.objects.get(), variant, [f"{ADDRESS}?{number}" for number in range(30)] + ["x" * 900])

    assert PictureFetch.objects.count() == 6
