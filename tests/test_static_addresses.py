"""Addresses of style, scripts and icons as production names them."""

from __future__ import annotations

import json

import pytest

from config.static import RememberingStaticFilesStorage


@pytest.fixture(params=[False, True], ids=["production", "demo"])
def storage(request, tmp_path, settings) -> RememberingStaticFilesStorage:
    settings.DEBUG = request.param
    manifest = {"version": "1.1", "hash": "", "paths": {"css/shop.css": "css/shop.0123.css"}}
    (tmp_path / "staticfiles.json").write_text(json.dumps(manifest))
    return RememberingStaticFilesStorage(location=tmp_path, base_url="/static/")


def test_an_address_has_the_mark_of_its_contents_and_is_looked_up_once(storage):
    assert storage.url("css/shop.css") == "/static/css/shop.0123.css"
    storage.hashed_files.clear()
    assert storage.url("css/shop.css") == "/static/css/shop.0123.css"


def test_a_file_that_nobody_collected_has_no_address(storage):
    for _time in range(2):
        with pytest.raises(ValueError, match="Missing staticfiles manifest entry"):
            storage.url("css/other.css")
