"""Whatever a template prints shows its hidden characters, without the template's doing."""

from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment, TemplateSyntaxError
from markupsafe import Markup

from opensink_web.visible_text import MARKS_MAX
from opensink_web.web.rendering.filters import equip
from opensink_web.web.rendering.foreign_text import in_html
from tests.support.cases import for_each

TEMPLATES = sorted((Path(__file__).parents[3] / "templates").rglob("*.html"))
SPOOF = "EUR \u202e01"
MARKED = (
    'EUR <span class="hidden-char" title="right-to-left override" data-codes="202e">U+202E</span>01'
)
PLAIN = "EUR [U+202E]01"


def drawn(template: str, **values: object) -> str:
    environment = Environment(autoescape=True, loader=DictLoader({"page": template}))
    equip(environment)
    return environment.get_template("page").render(text=SPOOF, **values)


@pytest.mark.parametrize(
    ("template", "html"),
    [
        ("<p>{{ text }}</p>", f"<p>{MARKED}</p>"),
        ("{{ text if text else 0 }}{{ 1 }}", f"{MARKED}1"),
        ("{{ 'a ' ~ text }}", f"a {MARKED}"),
        ("{% for one in [text] %}<li>{{ one }}{% endfor %}", f"<li>{MARKED}"),
        ("{% set x %}<b>{{ text }}</b>{% endset %}{{ x }}", f"<b>{MARKED}</b>"),
        (
            "{% macro m(x) %}{{ x }}{{ caller() }}{% endmacro %}{% call m(text) %}!{% endcall %}",
            f"{MARKED}!",
        ),
        ("<!-- <a title=' -->{{ text }}", f"<!-- <a title=' -->{MARKED}"),
        ("<br/>{{ text }}", f"<br/>{MARKED}"),
        ('<p title="{{ text }}">', f'<p title="{PLAIN}">'),
        ("<p aria-label='x {{ text }}'>{{ text }}", f"<p aria-label='x {PLAIN}'>{MARKED}"),
        (
            '<p {% if text %}title="{{ text }}"{% endif %}>{{ text }}',
            f'<p title="{PLAIN}">{MARKED}',
        ),
        ("<title>{{ text }}</title>", f"<title>{PLAIN}</title>"),
        ("{% block title %}{{ text }}{% endblock %}{{ text }}", f"{PLAIN}{MARKED}"),
        (
            '<option value="{{ text }}">{{ text }}</option>',
            f'<option value="{SPOOF}">{PLAIN}</option>',
        ),
        ("<textarea>{{ text }}</textarea>{{ text }}", f"<textarea>{SPOOF}</textarea>{MARKED}"),
        ('<input value="{{ text }}">', f'<input value="{SPOOF}">'),
        ("<a href={{ text }} title={{ text }}>", f"<a href={SPOOF} title={PLAIN}>"),
    ],
)
def test_each_place_gets_what_it_can_show(template: str, html: str) -> None:
    assert drawn(template) == html


def test_html_of_our_own_is_left_as_it_is() -> None:
    assert drawn("{{ ours }}", ours=Markup("<b>x</b>")) == "<b>x</b>"


def test_html_has_no_tags_where_there_is_no_room_for_them() -> None:
    template = "{% set x %}<b>{{ text }}</b>{% endset %}<p title='{{ x }}'>"
    assert drawn(template) == "<p title='EUR [U+202E]01'>"


def test_what_reads_from_right_to_left_turns_nothing_around() -> None:
    template = '<p title="{{ name }}: 10">{{ name }}: 10</p><b>{{ "abc" }}</b>'
    assert drawn(template, name="אבג") == (
        '<p title="\u2068אבג\u2069: 10"><bdi>אבג</bdi>: 10</p><b>abc</b>'
    )


def test_text_is_escaped_like_ever() -> None:
    html = drawn("{{ x }}", x="<\u200b>&")
    assert html.startswith('&lt;<span class="hidden-char"')
    assert html.endswith("</span>&gt;&amp;")


def test_a_flood_of_marks_does_not_grow_without_bound() -> None:
    html = in_html("a\u200b" * 50_000)
    assert html.count("<span") == MARKS_MAX
    assert len(html) < 1_000_000


def test_a_template_that_ends_inside_a_tag_is_refused() -> None:
    with pytest.raises(TemplateSyntaxError):
        drawn('<p title="{{ text }}')


def test_the_html_of_every_template_can_be_followed() -> None:
    environment = Environment(autoescape=True)
    equip(environment)
    for_each(TEMPLATES, lambda path: environment.parse(path.read_text(encoding="utf-8")))


def test_no_template_goes_around_it() -> None:
    def check(template: Path) -> None:
        source = template.read_text(encoding="utf-8")
        for way in ("autoescape", "| e ", "|e ", "forceescape", "|escape", "| escape"):
            assert way not in source

    for_each(TEMPLATES, check)


def test_keys_of_json_that_look_alike_are_spelled_out() -> None:
    html = drawn(
        "<pre>{{ value | json_pretty }}</pre>",
        value={"copy": "\u202e", "\u0441\u043e\u0440\u0443": 1},
    )
    assert html.count('class="lookalike-char"') == 4
    assert "cyrillic small letter es, not the letter c" in html
    assert "\u202e" not in html


def test_a_letter_that_passes_for_another_is_marked_in_its_word() -> None:
    assert 'class="lookalike-char"' in drawn("{{ x }}", x="p\u0430y")
    assert 'class="lookalike-char"' in drawn("{{ x | markdown }}", x="p\u0430y")
