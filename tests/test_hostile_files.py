"""Files that strangers send: photos are made anew, PDFs kept if they do nothing by themselves, all else refused."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image, ImageCms

from support.uploads import MOST_PIXELS, read_file, thumbnail
from tests.letters import a_pdf
from tests.photos import ODD_TAGS, turned

SECRET = b"SECRET-hidden-in-the-file"


def picture(kind: str, mode: str = "RGB", **options: object) -> bytes:
    out = BytesIO()
    Image.new(mode, (40, 30)).save(out, kind, **options)
    return out.getvalue()


def archive(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, SECRET)
    return out.getvalue()


def png(width: int, height: int) -> bytes:
    """A small PNG that claims a size."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9999)) + chunk(b"IEND", b"")
    )


def animated(kind: str) -> bytes:
    out = BytesIO()
    frames = [Image.new("RGB", (40, 30), colour) for colour in ("red", "blue")]
    frames[0].save(out, kind, save_all=True, append_images=frames[1:])
    return out.getvalue()


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    return picture("JPEG", exif=exif)


def two_in_one() -> bytes:
    """What telephones write as .jpg: a photo, and a second picture behind it."""
    out = BytesIO()
    first, second = Image.new("RGB", (40, 30), "red"), Image.new("RGB", (40, 30), "blue")
    first.save(out, "MPO", save_all=True, append_images=[second])
    return out.getvalue()


def pdf_with(name: bytes) -> bytes:
    return a_pdf().replace(b"/Catalog", b"/Catalog /" + name + b" 2 0 R")


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
REFUSED = {
    "nothing.jpg": b"",
    "zeros.jpg": b"\0" * 500,
    "words.jpg": b"not a picture",
    "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "drawing.jpg": b"<?xml version='1.0'?><svg onload='alert(1)'/>",
    "page.html": b"<!doctype html><script>alert(1)</script>",
    "page.jpg": b"<html><script>alert(1)</script>",
    "page.png": b"GIF89a/*<script>alert(1)</script>",
    "entity.xml": b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><x>&e;</x>",
    "script.js": b"alert(1)",
    "script.php": b"<?php system('id');",
    "script.sh": b"#!/bin/sh\nid",
    "script.bat": b"@echo off",
    "program.exe": b"MZ" + b"\0" * 200,
    "program.jpg": b"MZ" + b"\0" * 200,
    "program": b"\x7fELF" + b"\0" * 200,
    "program.class": b"\xca\xfe\xba\xbe" + b"\0" * 50,
    "link.lnk": b"L\0\0\0\x01\x14\x02\0",
    "all.zip": archive("a.txt"),
    "all.jpg": archive("a.txt"),
    "letter.docx": archive("[Content_Types].xml", "word/document.xml"),
    "sheet.xlsm": archive("xl/vbaProject.bin"),
    "app.jar": archive("META-INF/MANIFEST.MF"),
    "letter.doc": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 200,
    "letter.rtf": b"{\\rtf1 {\\object}}",
    "all.gz": gzip.compress(SECRET),
    "all.bz2": b"BZh91AY&SY",
    "all.7z": b"7z\xbc\xaf\x27\x1c",
    "all.rar": b"Rar!\x1a\x07\x01\0",
    "disk.iso": b"\0" * 32769 + b"CD001",
    "film.mp4": b"\0\0\0\x18ftypmp42",
    "photo.heic": b"\0\0\0\x18ftypheic",
    "sound.mp3": b"ID3\x03\0",
    "font.woff2": b"wOF2",
    "print.ps": b"%!PS-Adobe-3.0\n(id) (r) file",
    "print.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "flash.swf": b"FWS\x09",
    "moving.gif": picture("GIF"),
    "moving.jpg": picture("GIF"),
    "scan.tiff": picture("TIFF"),
    "scan.bmp": picture("BMP"),
    "icon.ico": picture("ICO"),
    "soft.jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    "cut.jpg": picture("JPEG")[:80],
    "cut.png": picture("PNG")[:40],
    "cut.webp": picture("WEBP")[:20],
    "broken.png": picture("PNG").replace(b"IDAT", b"IDAX"),
    "large.png": png(30_000, 30_000),
    "long.png": png(MOST_PIXELS + 1, 1),
    "empty.png": png(0, 0),
    "heavy.jpg": picture("JPEG") + b"\0" * (10 * 1024 * 1024),
    "heavy.pdf": a_pdf() + b"\0" * (10 * 1024 * 1024) + b"%%EOF",
    "cut.pdf": b"%PDF-1.7\n1 0 obj",
    "named.jpg": a_pdf(),
    "named.pdf.exe": a_pdf(),
    "page.pdf": b"%PDF-<script>alert(1)</script>",
    "other.pdf": b"<html>not a pdf",
    "script.pdf": pdf_with(b"JavaScript"),
    "launch.pdf": pdf_with(b"Launch"),
    "inside.pdf": pdf_with(b"EmbeddedFile"),
    "films.pdf": pdf_with(b"RichMedia"),
}
KEPT = {
    "plain.jpg": picture("JPEG"),
    "plain.png": picture("PNG"),
    "plain.webp": picture("WEBP"),
    "misnamed.exe": picture("JPEG"),
    "place.jpg": with_exif(),
    "tail.jpg": picture("JPEG") + SECRET,
    "tail.png": picture("PNG") + SECRET + archive("a.txt"),
    "comment.jpg": picture("JPEG", comment=SECRET),
    "profile.jpg": picture("JPEG", icc_profile=PROFILE),
    "four.jpg": picture("JPEG", "CMYK"),
    "grey.png": picture("PNG", "LA"),
    "palette.png": picture("PNG", "P"),
    "deep.png": picture("PNG", "I;16"),
    "moving.webp": animated("WEBP"),
    "moving.png": animated("PNG"),
}


def sent(name: str, content: bytes) -> SimpleUploadedFile:
    # Whoever sends it says what it is; nobody believes that.
    return SimpleUploadedFile(name, content, "image/jpeg")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_photo_or_quiet_pdf_is_refused_by_its_name(name):
    with pytest.raises(ValidationError) as refused:
        read_file(sent(name, REFUSED[name]))
    assert name in refused.value.messages[0]


@pytest.mark.parametrize("name", KEPT)
def test_photos_are_made_anew_and_nothing_hidden_survives(name):
    kept = read_file(sent(name, KEPT[name]))
    assert SECRET not in kept.content
    assert b"PK\x03\x04" not in kept.content
    assert PROFILE not in kept.content
    with Image.open(BytesIO(kept.content)) as image:
        assert image.size == (40, 30)
        assert getattr(image, "n_frames", 1) == 1
        assert not image.getexif()
    with Image.open(BytesIO(thumbnail(kept.content))) as small:
        assert small.format == "JPEG"


@pytest.mark.parametrize("name", ODD_TAGS)
def test_a_turned_photo_with_odd_metadata_is_kept_upright(name):
    kept = read_file(sent("odd.jpg", turned(tag=ODD_TAGS[name])))
    with Image.open(BytesIO(kept.content)) as image:
        assert image.size == (30, 40)
        assert not image.getexif()


UNREADABLE = {
    "empty": picture("JPEG", exif=b"Exif\0\0"),
    "words": picture("JPEG", exif=b"Exif\0\0nonsense"),
    "cut": picture("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff\x12"),
    "outside": turned(tag=b"\x00\x01\x05\0\x01\0\0\0" + b"\xff\xff\xff\x7f"),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_photo_whose_metadata_cannot_be_read_is_kept_as_it_is(name):
    kept = read_file(sent("odd.jpg", UNREADABLE[name]))
    with Image.open(BytesIO(kept.content)) as image:
        assert image.size == (40, 30)


def test_of_several_pictures_in_one_file_the_photo_is_kept():
    kept = read_file(sent("portrait.jpg", two_in_one()))
    assert kept.content_type == "image/jpeg"
    with Image.open(BytesIO(kept.content)) as image:
        assert (image.format, image.size, getattr(image, "n_frames", 1)) == ("JPEG", (40, 30), 1)
        assert image.getpixel((5, 5))[0] > 200


def test_a_pdf_is_kept_as_it_came():
    kept = read_file(sent("receipt.PDF", a_pdf()))
    assert (kept.content, kept.content_type, kept.name) == (a_pdf(), "application/pdf", "receipt.PDF")
