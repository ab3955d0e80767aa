"""What makes an app of the pages: a manifest whose addresses hold anywhere, and the worker."""

import json
import re
import struct
from pathlib import Path
from urllib.parse import urljoin

import pytest
from flask import Flask

STATIC = Path(__file__).parents[2] / "static"


@pytest.fixture(scope="module")
def manifest() -> dict[str, object]:
    read: dict[str, object] = json.loads((STATIC / "app.webmanifest").read_text())
    return read


@pytest.mark.parametrize("root", ["", "/opensink"])
def test_the_app_is_all_pages_wherever_they_live(manifest: dict[str, object], root: str) -> None:
    address = f"https://sink.example.com{root}/static/app.webmanifest?v=1"
    for name in ("start_url", "scope"):
        assert urljoin(address, str(manifest[name])) == f"https://sink.example.com{root}/"
    assert "id" not in manifest, "it would be one for all installations of a host"


def test_its_icons_are_there_in_the_sizes_it_says(manifest: dict[str, object]) -> None:
    icons = manifest["icons"]
    assert isinstance(icons, list)
    assert {icon.get("purpose", "any") for icon in icons} == {"any", "maskable"}
    for icon in icons:
        content = (STATIC / icon["src"]).read_bytes()
        if icon["type"] == "image/png":
            assert content.startswith(b"\x89PNG")
            width, height = struct.unpack(">II", content[16:24])
            assert icon["sizes"] == f"{width}x{height}"


def test_the_manifest_is_served_as_one(app: Flask) -> None:
    answer = app.test_client().get("/static/app.webmanifest")
    assert answer.content_type == "application/manifest+json"


def test_the_worker_stands_above_all_pages_and_is_kept_by_nobody_else(app: Flask) -> None:
    answer = app.test_client().get("/service-worker.js")
    assert answer.content_type == "text/javascript; charset=utf-8"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_the_worker_answers_no_request_and_keeps_nothing() -> None:
    """A page from a cache would show what was decided long since."""
    script = (STATIC / "service-worker.js").read_text()
    for word in ('"fetch"', "caches", "indexedDB", "importScripts"):
        assert word not in script
    assert set(re.findall(r"fetch\((\w+)", script)) == {"address"}
    assert re.findall(r"address = new URL\((.+), ", script) == ['"account/device"']
