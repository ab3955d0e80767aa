"""Draws forms with the real templates and reads them back the way a browser would send them."""

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from opensink_web.schema.form import AnswerForm
from opensink_web.web.rendering.filters import equip

TEMPLATES = Path(__file__).parents[2] / "templates"
PAGE = """{% from "answer/_form.html" import answer_fields, answer_error_summary %}
<form method="post" novalidate>{{ answer_error_summary(form) }}
{{ answer_fields(form, "/refresh") }}</form>"""


class Browser(HTMLParser):
    """Collects what a form's controls would send, were it submitted untouched."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sent: MultiDict[str, str] = MultiDict()
        self.ids: list[str] = []
        self._textarea: str | None = None
        self._text = ""
        self._select: str | None = None
        self._options: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "input":
            self._take_input(given, {name for name, _ in attrs})
        elif tag == "textarea":
            self._textarea, self._text = given["name"], ""
        elif tag == "select":
            self._select, self._options = given["name"], []
        elif tag == "option":
            self._options.append((given["value"], "selected" in given))

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea is not None:
            lines = self._text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
            self.sent.add(self._textarea, lines.replace("\n", "\r\n"))
            self._textarea = None
        elif tag == "select" and self._select is not None:
            chosen = [value for value, selected in self._options if selected]
            self.sent.add(self._select, chosen[0] if chosen else self._options[0][0])

    def _take_input(self, given: dict[str, str], names: set[str]) -> None:
        kind = given.get("type", "text")
        if kind in {"radio", "checkbox"} and "checked" not in names:
            return
        self.sent.add(given["name"], re.sub(r"[\r\n]", "", given.get("value", "")))


@pytest.fixture(scope="session")
def draw() -> Callable[[AnswerForm], str]:
    """Return a function that draws a form as HTML."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
    )
    equip(environment)
    environment.filters["markdown"] = lambda text: Markup("<p>{}</p>").format(escape(text))
    template = environment.from_string(PAGE)
    return lambda form: template.render(form=form)


@pytest.fixture(scope="session")
def browse(draw: Callable[[AnswerForm], str]) -> Callable[[AnswerForm], Browser]:
    """Return a function that draws a form and looks at it as a browser does."""

    def look(form: AnswerForm) -> Browser:
        browser = Browser()
        browser.feed(draw(form))
        return browser

    return look


@pytest.fixture(scope="session")
def untouched(
    browse: Callable[[AnswerForm], Browser],
) -> Callable[[AnswerForm], MultiDict[str, str]]:
    """Return a function that says what a form sends when nobody touches it."""
    return lambda form: browse(form).sent
