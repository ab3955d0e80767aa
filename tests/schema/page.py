"""A page as a browser without JavaScript has it: elements, what the controls hold, what is sent."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from pathlib import Path

from flask import Flask
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.operations.requests.row_text import preview_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.subschemas import pointer_to
from opensink_web.web.rendering.filters import equip
from opensink_web.web.rendering.stored_answer import stored_answer

TEMPLATES = Path(__file__).parents[2] / "templates"
FORM = """{% from "answer/_form.html" import answer_fields, answer_error_summary %}
<form method="post" novalidate>{{ answer_error_summary(form) }}
{{ answer_fields(form, "/refresh") }}</form>"""
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "path", "wbr"})
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:[^>\"]|\"[^\"]*\")*)>|<!--.*?-->", re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s=\"/>]+)(?:\s*=\s*\"([^\"]*)\")?")


@cache
def environment() -> Environment:
    """Return the templates, as the application has them but for Markdown."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,  # or every form looks whether a template was changed
        # where a run has compiled them once for all its processes
        bytecode_cache=Flask.jinja_options.get("bytecode_cache"),
    )
    equip(templates)
    templates.globals["asset"] = str
    templates.filters["markdown"] = lambda text: Markup("<p>{}</p>").format(escape(text))
    for name in templates.list_templates(filter_func=lambda name: name.startswith("answer/")):
        templates.get_template(name)
    templates.get_template("macros/_ui.html")  # which they use
    return templates


@cache
def _template() -> Callable[[AnswerForm], str]:
    template = environment().from_string(FORM)
    return lambda form: template.render(form=form)


def drawn(form: AnswerForm) -> str:
    """Return the HTML of a form."""
    return _template()(form)


@cache
def _answered() -> Template:
    return environment().from_string(
        '{% import "input_request/_answer.html" as answered %}{{ answered.facts(answer.facts) }}'
        "{{ answer.shown }}{{ answer.proposed }}"
    )


def decided(schema: JSONValue, answer: JSONObject) -> str:
    """Return the HTML of an answer that is stored, and of the same where it was another before."""
    before = {key: other(value) for key, value in answer.items()}
    edited = [pointer_to((key,)) for key in answer]
    return preview_of(schema, answer) + "".join(
        _answered().render(answer=stored)
        for stored in (
            stored_answer(schema, answer),
            stored_answer(schema, answer, before, edited),
            stored_answer(schema, before, answer, edited),
        )
    )


def other(value: JSONValue) -> JSONValue:
    """Return another value of the kind, as secret."""
    return f"{value} before" if isinstance(value, str) else value


@dataclass(eq=False, slots=True)
class Element:
    """An element of a page; `parts` are elements and texts, in order."""

    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    parts: list["Element | str"] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name, "")

    def has_class(self, name: str) -> bool:
        """Return True if the element has this class."""
        return name in self["class"].split()

    @property
    def inner(self) -> Iterator["Element"]:
        """The elements right inside this one."""
        return (part for part in self.parts if isinstance(part, Element))

    def every(self, *tags: str) -> Iterator["Element"]:
        """Yield the elements of these tags below this one, in the page's order."""
        for part in self.inner:
            if not tags or part.tag in tags:
                yield part
            yield from part.every(*tags)

    @property
    def text(self) -> str:
        """What a person reads here, white space as a browser collapses it."""
        return " ".join("".join(self._texts()).split())

    def _texts(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, str):
                yield part
            else:
                yield from part._texts()  # of the same class
                yield " " if part.tag in {"div", "p", "br", "dd", "dt", "li"} else ""


class Page:
    """The form of a page; a person changes its controls, and sends it by one of its buttons."""

    def __init__(self, html: str) -> None:
        self.root = parsed(html)

    @property
    def ids(self) -> list[str]:
        """Every id, in order."""
        return [each["id"] for each in self.root.every() if "id" in each.attributes]

    @property
    def sent(self) -> "MultiDict[str, str]":
        """What the browser sends, as the controls stand now."""
        sent: MultiDict[str, str] = MultiDict()
        for control in self.root.every("input", "select", "textarea"):
            if control["name"] and "disabled" not in control.attributes:
                for value in values_of(control):
                    sent.add(control["name"], value)
        return sent


def values_of(control: Element) -> list[str]:
    """Return what a control sends."""
    if control.tag == "textarea":
        text = "".join(part for part in control.parts if isinstance(part, str))
        lines = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\n")
        return [lines.replace("\n", "\r\n")]
    if control.tag == "select":
        options = list(control.every("option"))
        chosen = [each["value"] for each in options if "selected" in each.attributes]
        if "multiple" in control.attributes:
            return chosen
        return chosen[:1] or [each["value"] for each in options[:1]]
    if control["type"] in {"radio", "checkbox"} and "checked" not in control.attributes:
        return []
    value = control.attributes.get("value", "on" if control["type"] == "checkbox" else "")
    return [value if control["type"] == "hidden" else re.sub(r"[\r\n]", "", value)]


def parsed(html: str) -> Element:
    """Read HTML as our templates write it: attributes in double quotes, every element closed."""
    root = Element("page")
    path, end = [root], 0
    for tag in _TAG.finditer(html):
        if tag.start() > end:
            path[-1].parts.append(unescape(html[end : tag.start()]))
        end = tag.end()
        closing, name, attributes = tag.groups()
        if not name:
            continue
        if closing:
            while len(path) > 1 and path.pop().tag != name:
                pass
            continue
        found = _ATTRIBUTE.findall(attributes)
        element = Element(name, {key: unescape(value) for key, value in found})
        path[-1].parts.append(element)
        if name not in VOID:
            path.append(element)
    path[-1].parts.append(unescape(html[end:]))
    return root
