"""Take in pictures: re-encoded by us in a few sizes, so that nothing a stranger sent is ever shown as it came."""

from __future__ import annotations

import hashlib
import io
import warnings

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError, features

from shop.models import Listing, Product, ProductImage, Variant

# A thumbnail, a card on a phone with a fine screen, a product page, and the same enlarged.
WIDTHS = (160, 360, 720, 1080, 1600)
SMALL_WIDTH, LARGE_WIDTH = 360, 1080
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF")
# What both are written with. For photographs AVIF at this speed costs as much time as WebP, and 40 % fewer bytes.
ENCODED = {"webp": {"quality": 82, "method": 4}, "avif": {"quality": 60, "speed": 8, "max_threads": 1}}
# A picture of no more colours than this is a drawing: WebP holds it as well, and a browser unpacks it sooner.
MOST_OF_A_DRAWING = 256
# More pixels than any camera makes; a small file can unpack to a huge picture.
MOST_PIXELS = 40_000_000
# Narrower or flatter than this shows nothing.
LEAST_SIDE = 32


class NotAPicture(Exception):
    """The bytes are no picture we can decode, or too large or too small a one."""


def store_picture(
    product: Product, variant: Variant | None, *, position: int, alt: str, content: bytes, source_url: str
) -> ProductImage:
    """Re-encode a picture as WebP in all sizes it is large enough for, a photograph as AVIF too. Safe to repeat.

    It is never made larger than it came. Raises NotAPicture for bytes that are none.
    """
    picture = _opened(content)
    name = hashlib.sha256(content).hexdigest()[:24]
    shrunk = [_shrunk(picture, width) for width in _widths(picture.width)]
    sizes = [_stored(one, name, "webp") for one in shrunk]
    image = ProductImage.objects.filter(product=product, variant=variant, position=position).first()
    image = image or ProductImage(product=product, variant=variant, position=position)
    image.alt, image.source_url, image.sizes = alt[:250], source_url, sizes
    image.avif_sizes = [_stored(one, name, "avif") for one in shrunk] if _gains_by_avif(picture) else []
    image.small_width, image.small_height, image.small.name = _of_width(sizes, SMALL_WIDTH)
    image.large_width, image.large_height, image.large.name = _of_width(sizes, LARGE_WIDTH)
    image.save()
    if position == 0:
        # A card that has no picture yet shows the first to come, without waiting for prices or stock.
        Listing.objects.filter(product=product, picture=None).update(picture=image)
    return image


def _opened(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            # Its size is judged below, before a single pixel is unpacked.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise NotAPicture(f"too many pixels: {opened.width} x {opened.height}")
                if min(opened.size) < LEAST_SIDE:
                    raise NotAPicture(f"too small: {opened.width} x {opened.height}")
                return _flat(ImageOps.exif_transpose(opened))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPicture(type(error).__name__) from error


def _flat(picture: Image.Image) -> Image.Image:
    """Return the picture without transparency: see-through parts become white, not black."""
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    ground = Image.new("RGB", picture.size, "white")
    seen = picture.convert("RGBA")
    ground.paste(seen, mask=seen)
    return ground


def _widths(own: int) -> list[int]:
    """Return the widths that a picture of this width is stored in: those below its own, and its own up to the widest."""
    return [*(width for width in WIDTHS[:-1] if width < own), min(own, WIDTHS[-1])]


def _shrunk(picture: Image.Image, width: int) -> Image.Image:
    if picture.width <= width:
        return picture
    return picture.resize((width, max(1, round(picture.height * width / picture.width))), Image.Resampling.LANCZOS)


def _gains_by_avif(picture: Image.Image) -> bool:
    return picture.getcolors(MOST_OF_A_DRAWING) is None and features.check("avif")


def _stored(picture: Image.Image, name: str, kind: str) -> list[int | str]:
    """Store one size in one format and return its width, height and file; the same bytes are stored once."""
    path = f"products/{name}-{picture.width}.{kind}"
    if not default_storage.exists(path):
        file = io.BytesIO()
        picture.save(file, kind.upper(), **ENCODED[kind])
        path = default_storage.save(path, ContentFile(file.getvalue()))
    return [picture.width, picture.height, path]


def _of_width(sizes: list[list[int | str]], width: int) -> list[int | str]:
    """Return the smallest size that is at least so wide, else the widest."""
    return next((size for size in sizes if int(size[0]) >= width), sizes[-1])
