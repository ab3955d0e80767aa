"""How long forms take on the server: to make, draw, read and draw a part of anew.

    .venv/bin/python -m tests.benchmarks.forms

A form of 200 fields in three levels stands beside a bare Jinja loop that writes as many bytes; then
come documents of 100 to 150 KiB as FHIR and OpenAPI write them. Exits with 1 above a goal.
"""

import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from opensink_web.json_value import dump
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema
from opensink_web.web.rendering.filters import equip

RUNS = 40
FORM_GOAL_MS = 50
LARGE_GOAL_MS = 300
_PAGE = """{% from "answer/_form.html" import answer_fields, answer_error_summary %}
<form>{{ answer_error_summary(form) }}{{ answer_fields(form, "/refresh") }}</form>"""
_PART = """{% from "answer/_form.html" import part_of %}{{ part_of(form, field, "/refresh") }}"""
_BARE = """{% for row in rows %}<div class="mb-3"><label for="{{ row.id }}">{{ row.title }}</label>
<input id="{{ row.id }}" name="{{ row.id }}" value="{{ row.value }}">
{{ row.rest }}</div>{% endfor %}"""


def fields() -> Any:
    """Return a schema of 200 fields in three levels, of all the plain kinds."""
    leaves: list[Any] = [
        {"type": "string", "maxLength": 80, "default": "some text"},
        {"type": "integer", "minimum": 0, "default": 7},
        {"type": "number", "multipleOf": 0.01},
        {"type": "boolean"},
        {"enum": ["red", "green", "blue"], "default": "red"},
        {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "May be **empty**."},
        {"type": "string", "format": "date"},
        {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
    ]
    inner = {"type": "object", "properties": {f"f{n}": leaves[n % 8] for n in range(10)}}
    names = [f"f{n}" for n in range(3)]
    outer = {"type": "object", "properties": {f"g{n}": inner for n in range(4)}, "required": names}
    return {"type": "object", "properties": {f"p{n}": outer for n in range(5)}}


def resources() -> Any:
    """Return a document as FHIR's: resources that hold each other and themselves."""
    kinds = {
        f"Resource{n}": {
            "type": "object",
            "description": "A resource, and what is known of it. " * 3,
            "properties": {
                "resourceType": {"const": f"Resource{n}"},
                "id": {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"},
                "contained": {"type": "array", "items": {"$ref": "#/definitions/Resource0"}},
                **{
                    f"element{m}": {
                        "description": f"What element {m} of this resource says of it.",
                        "$ref": f"#/definitions/Resource{min(n * 2 + 1 + m, 59)}",
                    }
                    for m in range(2)
                },
                **{f"code{m}": {"enum": ["draft", "active", "retired"]} for m in range(30)},
            },
            "required": ["resourceType"],
            "additionalProperties": False,
        }
        for n in range(60)
    }
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "properties": {
            "subject": {"$ref": "#/definitions/Resource0"},
        },
        "required": ["subject"],
        "definitions": kinds,
    }


def operations() -> Any:
    """Return a document as one of an OpenAPI tool: many operations, each with its parameters."""
    money = {
        "type": "object",
        "properties": {"amount": {"type": "number"}, "currency": {"type": "string"}},
    }
    branches = [
        {
            "type": "object",
            "title": f"Operation {n}",
            "properties": {
                "operation": {"const": f"operation_{n}"},
                **{
                    f"parameter_{m}": {
                        "description": f"The parameter {m} of operation {n}, in a sentence or two.",
                        "anyOf": [{"type": "string", "maxLength": 200}, {"type": "null"}],
                        "default": None,
                    }
                    for m in range(10)
                },
                "money": {"$ref": "#/$defs/Money"},
            },
            "required": ["operation"],
        }
        for n in range(70)
    ]
    return {"type": "object", "oneOf": branches, "$defs": {"Money": money}}


class Drawing:
    """The templates as the application has them."""

    def __init__(self) -> None:
        templates = Path(__file__).parents[2] / "templates"
        environment = Environment(
            loader=FileSystemLoader(templates),
            autoescape=True,
            undefined=StrictUndefined,
            auto_reload=False,
        )
        equip(environment)
        self.page = environment.from_string(_PAGE)
        self.part = environment.from_string(_PART)
        self.bare = environment.from_string(_BARE)


def times_ms(action: Callable[[], object], runs: int = RUNS) -> tuple[float, float]:
    """Return the median and the 95th percentile."""
    action()
    gc.collect()
    gc.freeze()  # as the server does once all is loaded
    durations = []
    for _ in range(runs):
        begun = time.perf_counter()
        action()
        durations.append((time.perf_counter() - begun) * 1000)
    return statistics.median(durations), statistics.quantiles(durations, n=20)[-1]


def main() -> None:
    """Print a line for each measurement."""
    drawing = Drawing()
    is_slow = False

    def told(name: str, action: Callable[[], object], goal_ms: float | None = None) -> None:
        nonlocal is_slow
        median, worst = times_ms(action)
        is_slow = is_slow or (goal_ms is not None and worst > goal_ms)
        goal = f"   goal {goal_ms:.0f} ms" if goal_ms else ""
        print(f"{name:<44} p50 {median:7.1f} ms   p95 {worst:7.1f} ms{goal}")

    schema = fields()
    html = drawing.page.render(form=AnswerForm.blank(schema))
    sent: MultiDict[str, str] = MultiDict({"answer-0-0-0": "typed", "_add": "answer-0-0-7"})
    rows = [
        {
            "id": f"f{n}",
            "title": f"Field {n}",
            "value": n,
            "rest": Markup("x" * (len(html) // 200 - 110)),  # noqa: S704 - ours
        }
        for n in range(200)
    ]
    print(f"200 fields in 3 levels: {len(html) // 1024} KiB of HTML")
    told(
        "  make and draw", lambda: drawing.page.render(form=AnswerForm.blank(schema)), FORM_GOAL_MS
    )
    news = ({**schema, "$comment": str(n)} for n in range(RUNS + 1))
    told(
        "  the same of a new schema", lambda: drawing.page.render(form=AnswerForm.blank(next(news)))
    )
    told("  make", lambda: AnswerForm.blank(schema))
    told("  take and read what is sent", lambda: AnswerForm.submitted(schema, sent).read())
    told("  a bare loop of as many bytes", lambda: drawing.bare.render(rows=rows))

    def redraw() -> str:
        form = AnswerForm.submitted(schema, sent).changed_by(sent)
        assert form is not None
        field = form.part("answer-0-0-7-part")
        return drawing.part.render(form=form, field=field)

    print(f"A part drawn anew: {len(redraw())} characters")
    told("  take, change and draw", redraw, FORM_GOAL_MS)
    for name, large in (("resources", resources()), ("operations", operations())):
        check_schema(large)
        print(f"{name}: {len(dump(large)) // 1024} KiB of schema")

        def draw(large: Any = large) -> str:
            return drawing.page.render(form=AnswerForm.blank(large))

        told("  make and draw", draw, LARGE_GOAL_MS)
    sys.exit(is_slow)


if __name__ == "__main__":
    main()
