from __future__ import annotations

import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from demo import pictures

CATALOGUE = Path(__file__).parents[2] / "demo/catalogue"
SPECS = sorted(
    {
        spec
        for file in CATALOGUE.glob("*.json")
        for entry in json.loads(file.read_text())["items"]
        for spec in entry["pictures"]
    }
)


# One hue of each object and view: a hue changes colours, not sizes.
SHAPES = sorted({(spec.rsplit("-", 2)[0], spec.rsplit("-", 1)[1]): spec for spec in SPECS}.values())[::3]


@pytest.mark.parametrize("spec", SHAPES)
def test_a_picture_of_the_catalogue_is_a_small_png_of_the_right_size(spec):
    drawn = pictures.png.__wrapped__(spec)

    image = Image.open(io.BytesIO(drawn))
    assert (image.format, image.size) == ("PNG", (960, 1200))
    assert len(drawn) < 40_000


def test_every_object_of_the_shop_has_its_own_drawing():
    objects = {spec.rsplit("-", 2)[0] for spec in SPECS}
    drawn = {pictures.svg(f"{name}-sage-main") for name in objects}

    assert (len(objects), len(drawn)) == (60, 60)


def test_a_picture_can_be_drawn_smaller():
    image = Image.open(io.BytesIO(pictures.png("mug-sage-main", 320)))

    assert image.size == (320, 400)


def test_the_same_name_always_gives_the_same_bytes():
    assert pictures.png.__wrapped__("kettle-brick-main") == pictures.png.__wrapped__("kettle-brick-main")


def test_a_hue_and_a_view_each_change_the_picture():
    names = ("mug-sage-main", "mug-navy-main", "mug-sage-detail", "mug-sage-scale")

    assert len({pictures.svg(name) for name in names}) == 4


@pytest.mark.parametrize(
    "spec", ["", "mug", "mug-sage", "mug-sage-back", "mug-pink-main", "yacht-sage-main", "../mug-sage-main"]
)
def test_a_picture_nobody_drew_is_refused(spec):
    with pytest.raises(KeyError):
        pictures.png(spec)


def test_a_drawing_needs_nothing_from_outside():
    for spec in SPECS:
        root = ElementTree.fromstring(pictures.svg(spec))
        assert {element.tag.split("}")[1] for element in root.iter()} <= {"svg", "rect", "path", "g", "clipPath"}


def test_the_small_palette_keeps_the_panels_own_colour():
    image = Image.open(io.BytesIO(pictures.png("mug-sage-main"))).convert("RGB")

    assert image.getpixel((5, 5)) == (0xF6, 0xD9, 0xCF)
