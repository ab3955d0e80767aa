"""What holds for every template and macro: no inline code, icons that exist, both error layouts."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask, render_template, render_template_string
from jinja2 import StrictUndefined

from opensink_web.models import SessionStatus
from opensink_web.web import reference
from opensink_web.web.rendering import assets, compression, filters
from tests.support.cases import for_each

ROOT = Path(__file__).parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SPRITE = ROOT / "static/vendor/tabler-icons-3.51.0/sprite.svg"
SYMBOLS = set(re.findall(r'<symbol id="([^"]+)"', SPRITE.read_text()))
UI = '{% import "macros/_ui.html" as ui %}'


@pytest.fixture
def app() -> Flask:
    app = Flask(
        __name__, static_folder=str(ROOT / "static"), template_folder=str(ROOT / "templates")
    )
    app.jinja_env.undefined = StrictUndefined
    filters.register(app)
    assets.register(app)
    compression.register(app)
    app.register_blueprint(reference.blueprint)  # error pages lead there
    return app


def render(app: Flask, source: str, **values: object) -> str:
    with app.test_request_context():
        return render_template_string(UI + source, **values)


def test_a_template_has_no_inline_style_script_or_handler() -> None:
    def check(template: Path) -> None:
        text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.DOTALL)

        assert not re.search(r"""\s(style|on[a-z]+)=["']""", text)
        assert not re.search(r"<style|<script(?![^>]*\ssrc=)", text)

    for_each(TEMPLATES, check)


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    def check(template: Path) -> None:
        named = re.findall(r"\bicon\(\"([a-z0-9-]+)\"", template.read_text())

        assert set(named) <= SYMBOLS

    for_each(TEMPLATES, check)


def test_the_sprite_has_no_icon_that_nothing_names() -> None:
    """Every page loads it."""
    code = [*(ROOT / "opensink_web/web").rglob("*.py"), *(ROOT / "static/js").glob("*.js")]
    texts = "".join(path.read_text() for path in [*TEMPLATES, *code])
    assert {name for name in SYMBOLS if not re.search(rf"[\"'#]{name}[\"']", texts)} == set()


def test_a_status_has_words_and_an_icon(app: Flask) -> None:
    html = render(app, "{{ ui.status_badge(status) }}", status=SessionStatus.WAITING_FOR_INPUT)
    assert "</svg>Waiting for input</span>" in html
    assert "#hourglass" in html


def test_every_icon_of_the_table_of_icons_is_in_the_sprite(app: Flask) -> None:
    with app.test_request_context():
        module = app.jinja_env.get_template("macros/_ui.html").module
    assert set(module.notice_icons.values()) <= SYMBOLS  # type: ignore[attr-defined]  # a template's variable


def test_a_moment_is_readable_without_scripts(app: Flask) -> None:
    html = render(app, "{{ ui.time_tag(at) }}", at=datetime(2026, 3, 9, 14, 5, tzinfo=UTC))

    assert 'datetime="2026-03-09T14:05:00Z"' in html
    assert ">9 Mar 2026, 14:05 UTC</time>" in html


def test_markdown_of_agents_is_out_of_reach_of_htmx(app: Flask) -> None:
    html = render(app, "{{ ui.markdown_block('*a* <b hx-get=/>') }}")

    assert html.startswith('<div class="markdown" hx-disable>')
    assert "<b" not in html


@pytest.mark.parametrize(
    "macro",
    [
        "ui.notice(text)",
        "ui.breadcrumbs([(text, '/')])",
        "ui.page_header(text, text)",
        "ui.facts([(text, text)])",
        "ui.figures([(text, text)])",
        "ui.code_block(text, text)",
        "ui.secret(text, 'id')",
        "ui.empty_state('inbox', text, text)",
        "ui.tabs([(text, '/', true, none)])",
        "ui.row('/', text)",
        "ui.meter(1, 2, text)",
        'ui.badge(text, "info", "clock")',
    ],
)
def test_a_macro_escapes_what_it_is_given(app: Flask, macro: str) -> None:
    html = render(app, f"{{{{ {macro} }}}}", text="<img src=x>")

    assert "<img" not in html.lower()
    assert "&lt;img" in html.lower()


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 413, 418, 429, 500, 503])
def test_an_error_page_says_what_happened_and_what_to_do(app: Flask, status: int) -> None:
    app.secret_key = None  # an error page may not touch the session

    with app.test_request_context():
        html = render_template("errors/error.html", frame="bare.html", status=status, message=None)

    assert f"Error {status}" in html
    assert "<h1>" in html
    assert 'href="/"' in html
