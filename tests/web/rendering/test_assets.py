"""Style and script in one file each, compressed, at addresses that change with the content."""

import gzip
import os
import re
from pathlib import Path

import pytest
import tinycss2
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.errors import NotFound
from opensink_web.web.rendering import assets

ROOT = Path(__file__).parents[3]
WEIGHT_MAX = 67_000
"""In bytes, compressed: what the first page of somebody who is signed in loads beside itself."""
FOREVER = "public, max-age=31536000, immutable"
GZIP = {"Accept-Encoding": "br;q=1, gzip;q=0.5"}


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__, static_folder=str(ROOT / "static"))
    assets.register(app)
    app.register_error_handler(NotFound, lambda _error: ("", 404))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def address_of(app: Flask, name: str) -> str:
    with app.test_request_context():
        return assets.asset(name)


@pytest.fixture
def style(app: Flask) -> str:
    return address_of(app, assets.STYLE)


def get(client: FlaskClient, address: str, **headers: str) -> TestResponse:
    return client.get(address, headers={key.replace("_", "-"): headers[key] for key in headers})


def test_every_style_sheet_and_script_is_in_a_bundle_once() -> None:
    bundled = [name for names in assets.BUNDLES.values() for name in names]
    ours = [
        path.relative_to(ROOT / "static").as_posix()
        for folder in ("css", "js")
        for path in sorted((ROOT / "static" / folder).iterdir())
    ]
    missing = set(ours) - {*bundled, *assets.ALONE}
    assert missing == set(), "name these in BUNDLES of opensink_web/web/rendering/assets.py"
    assert len(bundled) == len(set(bundled))


def test_no_page_loads_a_part_of_a_bundle_by_itself() -> None:
    named = {
        name
        for path in (ROOT / "templates").rglob("*.html")
        for name in re.findall(r"asset\([\"']([^\"']+\.(?:css|js))[\"']", path.read_text())
    }
    assert named == {*assets.BUNDLES, *assets.ALONE}, "pages load what is in the bundles anyway"


@pytest.mark.parametrize("name", [*assets.BUNDLES, *assets.ALONE, "img/favicon.svg"])
def test_what_a_page_names_is_there_and_kept_for_ever(
    app: Flask, client: FlaskClient, name: str
) -> None:
    answer = client.get(address_of(app, name))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == FOREVER
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(("ending", "mimetype"), [("css", "text/css"), ("js", "text/javascript")])
def test_a_bundle_has_its_kind(app: Flask, client: FlaskClient, ending: str, mimetype: str) -> None:
    (name,) = [each for each in assets.BUNDLES if each.endswith(ending)]
    assert client.get(address_of(app, name)).content_type == f"{mimetype}; charset=utf-8"


def parts_of(name: str) -> list[str]:
    return [(ROOT / "static" / part).read_text() for part in assets.BUNDLES[name]]


def test_the_style_has_all_that_is_written_but_its_comments(
    client: FlaskClient, style: str
) -> None:
    """A blank too few makes another selector of `.row :is(.title)`."""

    def read(text: str) -> str:
        without = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
        nodes = tinycss2.parse_stylesheet(without, skip_whitespace=True)
        assert [node for node in nodes if node.type == "error"] == []
        return re.sub(r"\s+", " ", tinycss2.serialize(nodes))

    sent = client.get(style).text
    assert read(sent) == read("\n".join(parts_of(assets.STYLE)))
    assert not re.search(r"^ +\S.*\{|^/\*(?!!)", sent, re.MULTILINE)


def test_the_script_has_every_line_that_is_no_comment(app: Flask, client: FlaskClient) -> None:
    def read(text: str) -> list[str]:
        lines = [line.strip().rstrip(";") for line in text.splitlines()]
        return [line for line in lines if line and not line.startswith("//")]

    sent = client.get(address_of(app, assets.SCRIPT)).text
    assert read(sent) == [line for part in parts_of(assets.SCRIPT) for line in read(part)]
    assert not re.search(r"^ |^//", sent, re.MULTILINE)


@pytest.mark.parametrize("path", sorted((ROOT / "static/js").iterdir()), ids=lambda path: path.name)
def test_no_text_of_a_script_goes_over_lines(path: Path) -> None:
    """What a line is indented by, and lines that begin with two slashes, are not sent."""
    for number, line in enumerate(path.read_text().splitlines(), 1):
        is_comment = line.lstrip().startswith("//")
        assert is_comment or line.count("`") % 2 == 0, number
        assert not line.endswith("\\"), number


def test_whoever_takes_gzip_gets_it(client: FlaskClient, style: str) -> None:
    plain, compressed = client.get(style), client.get(style, headers=GZIP)
    assert compressed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(compressed.data) == plain.data
    assert len(compressed.data) < len(plain.data) / 3
    assert compressed.headers["Cache-Control"] == FOREVER


def test_what_a_page_names_is_light(app: Flask, client: FlaskClient) -> None:
    """docs/decisions/light.md says of what it is; a script that few pages need could come alone."""
    templates = [*(ROOT / "templates/macros").glob("*.html"), ROOT / "templates/base.html"]
    text = "".join(path.read_text() for path in templates)
    names = set(re.findall(r"asset\([\"']([^\"']+)[\"']\)", text))
    weights = {
        name: len(client.get(address_of(app, name), headers=GZIP).data) for name in sorted(names)
    }
    assert len(weights) == 5
    assert sum(weights.values()) <= WEIGHT_MAX, weights


@pytest.mark.parametrize("accepted", ["", "br", "gzip;q=0", "identity"])
def test_and_nobody_else_does(client: FlaskClient, style: str, accepted: str) -> None:
    answer = get(client, style, Accept_Encoding=accepted)
    assert "Content-Encoding" not in answer.headers
    assert b"{" in answer.data


def test_who_has_it_is_told_so(client: FlaskClient, style: str) -> None:
    tags = {client.get(style, headers=headers).headers["ETag"] for headers in ({}, GZIP)}
    assert len(tags) == 2, "these are not the same byte by byte"
    compressed = client.get(style, headers=GZIP).headers["ETag"]
    again = get(client, style, Accept_Encoding="gzip", If_None_Match=compressed)
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["Cache-Control"] == FOREVER


def test_another_version_s_address_is_not_kept(client: FlaskClient, style: str) -> None:
    """A server of the version before, or after, answers while one replaces the other."""
    for address in (style.partition("?")[0], re.sub("v=.*", "v=000000000000", style)):
        assert client.get(address).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    ["css/nothing.css", "css", "", "../app.py", "css/../../app.py", "js/./theme.js", "x" * 300],
)
def test_there_is_nothing_else(client: FlaskClient, path: str) -> None:
    assert client.get(f"/static/{path}").status_code == 404


def test_an_address_changes_with_the_content(app: Flask, tmp_path: Path) -> None:
    """Which is looked at anew where somebody works on it."""
    app.static_folder, app.debug = str(tmp_path), True
    file = tmp_path / "app.css"
    file.write_text("a {}")
    before = address_of(app, "app.css")
    file.write_text("b { }")
    os.utime(file, ns=(1, 1))
    assert before.startswith("/static/app.css?v=")
    assert address_of(app, "app.css") != before


def test_a_misspelt_name_fails_at_once(app: Flask) -> None:
    with pytest.raises(FileNotFoundError):
        address_of(app, "css/nothing.css")


def test_below_a_path_addresses_have_it(app: Flask) -> None:
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/opensink"}):
        assert assets.asset(assets.STYLE).startswith("/opensink/static/style.css?v=")
