"""Style and script in one file each, compressed, at addresses that change with the content."""

import gzip
import os
import re
from pathlib import Path

import brotli
import pytest
import tinycss2
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.errors import NotFound
from opensink_web.web.rendering import assets

ROOT = Path(__file__).parents[3]
SHEETS = sorted((ROOT / "static/css").iterdir())
SCRIPTS = sorted((ROOT / "static/js").iterdir())
WEIGHT_MAX = 47_000
"""In bytes, compressed: what the first page of somebody who is signed in loads beside itself."""
FOREVER = "public, max-age=31536000, immutable"
GZIP = {"Accept-Encoding": "gzip, deflate"}
BROTLI = {"Accept-Encoding": "gzip, deflate, br, zstd"}


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


def with_what_it_takes(name: str) -> str:
    """Return a template, and all that it includes or imports."""
    taken, waiting = dict[str, str](), [name]
    while waiting:
        each = waiting.pop()
        taken[each] = (ROOT / "templates" / each).read_text()
        named = re.findall(r"\{%-? *(?:include|import|from) \"([^\"]+\.html)\"", taken[each])
        waiting += [other for other in named if other not in taken]
    return "\n".join(taken.values())


@pytest.mark.parametrize(
    ("script", "marks"),
    [
        (assets.ANSWERING, r'"answer/_f|data-review\b|data-table-choose'),
        (assets.LISTS, r"data-select\b|data-live-list|data-decline-send"),
        (assets.EXECUTIONS, r"\brun-(name|lines|error|code)\b|\bbatch-(bar|cell|dot)\b"),
    ],
)
def test_each_page_has_what_is_for_what_is_on_it(script: str, marks: str) -> None:
    paths = (ROOT / "templates").rglob("*.html")
    pages = [path for path in paths if path.read_text().count("{% extends ") == 1]
    names = [path.relative_to(ROOT / "templates").as_posix() for path in pages]
    taken = {name: with_what_it_takes(name) for name in names}
    has = {name for name in names if script in taken[name]}
    assert has == {name for name in names if re.search(marks, taken[name])}
    assert len(has) > 1


@pytest.mark.parametrize(("ending", "mimetype"), [("css", "text/css"), ("js", "text/javascript")])
def test_a_bundle_has_its_kind(app: Flask, client: FlaskClient, ending: str, mimetype: str) -> None:
    name = next(each for each in assets.BUNDLES if each.endswith(ending))
    assert client.get(address_of(app, name)).content_type == f"{mimetype}; charset=utf-8"


def served(app: Flask, name: str) -> str:
    return app.test_client().get(f"/static/{name}").text


def rules_of(text: str) -> list[tuple[str, list[str]]]:
    """Return each rule's selector (or what it is under), and the names of what it declares."""
    found = []
    for node in tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True):
        assert node.type != "error", node
        if node.type == "declaration":
            continue
        prelude = re.sub(r"\s+", " ", tinycss2.serialize(node.prelude)).strip()
        prelude = re.sub(r"(?<=[\w\])]) :", " *:", prelude)  # `a :b` is not `a:b`
        prelude = re.sub(r" ?([>+~,:(){}=]|<=|>=) ?", r"\1", prelude)
        inside = tinycss2.serialize(node.content or [])
        within = tinycss2.parse_blocks_contents(inside)
        declared = [each.name for each in within if each.type == "declaration"]
        found.append((re.sub(r'"([\w-]+)"', r"\1", prelude), declared))
        found += rules_of(inside)
    return found


@pytest.mark.parametrize(
    "path", sorted((ROOT / "static/css").iterdir()), ids=lambda path: path.name
)
def test_a_style_sheet_has_each_rule_that_is_written(app: Flask, path: Path) -> None:
    sent = served(app, f"css/{path.name}")
    assert rules_of(sent) == rules_of(path.read_text())
    assert "/*" not in sent


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_each_text_that_is_written(app: Flask, path: Path) -> None:
    lines = [line.partition(" // ")[0] for line in path.read_text().splitlines()]
    plain = [line for line in lines if not re.search(r"^ *//|[`\\]", line)]
    texts = {text for line in plain for text in re.findall(r'"([^"]*)"', line)}
    sent = served(app, f"js/{path.name}")
    assert {text for text in texts if text not in sent} == set()
    assert "\n//" not in sent


@pytest.mark.parametrize(
    ("name", "written", "sent"),
    [
        ("a.css", ".row :is(.title) { top: 0 }", ".row :is(.title){top:0}"),
        ("a.css", ".row:is(.title) > b { top: 0 }", ".row:is(.title)>b{top:0}"),
        ("a.css", "a { width: calc(1px + 2%) }", "a{width:calc(1px + 2%)}"),
        ("a.css", "a { --none: ; --one:1 }", "a{--none: ;--one:1}"),
        ("a.css", 'a::after { content: "a  b" }', 'a::after{content:"a  b"}'),
        ("a.js", 'f(`${1} ${x ? `a  ${y} b` : ""} c`);', 'f(`${1} ${x?`a  ${y} b`:""} c`)'),
        ("a.js", "f(`one\n    two // three`);", "f(`one\n    two // three`)"),
        ("a.js", "f((x) => /a  b/.test(x));", "f(e=>/a  b/.test(e))"),
        ("a.js", "f(a + +b, c - -d);", "f(a+ +b,c- -d)"),
        ("a.js", "(() => { const row = 1; f({ row }); })();", "(()=>{const e=1;f({row:e})})()"),
    ],
)
def test_what_blanks_and_names_mean_stays(
    app: Flask, tmp_path: Path, name: str, written: str, sent: str
) -> None:
    """Minifiers that know no grammar made `.row:is(.title)` of the first."""
    (tmp_path / name).write_text(written)
    app.static_folder = str(tmp_path)
    assert served(app, name) == sent


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0.5, gzip;q=1", "gzip"),
        ("br", "br"),
        ("br;q=0, gzip", "gzip"),
    ],
)
def test_whoever_takes_it_compressed_gets_it(
    client: FlaskClient, style: str, accepted: str, coding: str
) -> None:
    plain, compressed = client.get(style), get(client, style, Accept_Encoding=accepted)
    assert compressed.headers["Content-Encoding"] == coding
    decompress = {"br": brotli.decompress, "gzip": gzip.decompress}[coding]
    assert decompress(compressed.data) == plain.data
    assert len(compressed.data) < len(plain.data) / 3
    assert compressed.headers["Cache-Control"] == FOREVER


def test_what_a_page_names_is_light(app: Flask, client: FlaskClient) -> None:
    """docs/decisions/light.md says of what it is; a script that few pages need could come alone."""
    templates = [*(ROOT / "templates/macros").glob("*.html"), ROOT / "templates/base.html"]
    text = "".join(path.read_text() for path in templates)
    names = set(re.findall(r"asset\([\"']([^\"']+)[\"']\)", text))
    weights = {
        name: len(client.get(address_of(app, name), headers=BROTLI).data) for name in sorted(names)
    }
    assert len(weights) == 5
    assert sum(weights.values()) <= WEIGHT_MAX, weights


@pytest.mark.parametrize("accepted", ["", "zstd", "br;q=0, gzip;q=0", "identity"])
def test_and_nobody_else_does(client: FlaskClient, style: str, accepted: str) -> None:
    answer = get(client, style, Accept_Encoding=accepted)
    assert "Content-Encoding" not in answer.headers
    assert b"{" in answer.data


def test_who_has_it_is_told_so(client: FlaskClient, style: str) -> None:
    """Not where it is kept for ever, for then nobody asks again."""
    assert "ETag" not in client.get(style).headers
    bare = style.partition("?")[0]
    tags = {client.get(bare, headers=headers).headers["ETag"] for headers in ({}, GZIP, BROTLI)}
    assert len(tags) == 3, "these are not the same byte by byte"
    compressed = client.get(bare, headers=GZIP).headers["ETag"]
    again = get(client, bare, Accept_Encoding="gzip", If_None_Match=compressed)
    assert again.status_code == 304
    assert again.data == b""
    assert again.headers["Cache-Control"] == "no-cache"


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
    file.write_text("a { top: 0 }")
    before = address_of(app, "app.css")
    file.write_text("b { top: 0 }")
    os.utime(file, ns=(1, 1))
    assert before.startswith("/static/app.css?v=")
    assert address_of(app, "app.css") != before


def test_a_misspelt_name_fails_at_once(app: Flask) -> None:
    with pytest.raises(FileNotFoundError):
        address_of(app, "css/nothing.css")


def test_below_a_path_addresses_have_it(app: Flask) -> None:
    with app.test_request_context(environ_overrides={"SCRIPT_NAME": "/opensink"}):
        assert assets.asset(assets.STYLE).startswith("/opensink/static/style.css?v=")
