"""The colours that the shop's goods come in, by the word used in a picture's name."""

from __future__ import annotations

from demo.pictures.shapes import PAPER, STEEL, WOOD, Hue, tones

HUES: dict[str, Hue] = {
    "beech": WOOD,
    "blush": tones("DE9A93"),
    "brick": tones("B4472F"),
    "charcoal": tones("4A4F59"),
    "cream": PAPER,
    "forest": tones("3F7A35"),
    "ink": tones("2F54A5"),
    "mustard": tones("D39A24"),
    "navy": tones("2C3E6B"),
    "ochre": tones("B97A08"),
    "plum": tones("7A4A7E"),
    "sage": tones("86A58A"),
    "sea": tones("1F7480"),
    "sky": tones("74A5D6"),
    "steel": STEEL,
    "sun": tones("EDB43A"),
    "terracotta": tones("CB6B47"),
    "violet": tones("5B4A99"),
    "walnut": tones("8A5A3C"),
}
