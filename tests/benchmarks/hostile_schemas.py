"""How long each hostile schema takes: to refuse, or to check, draw and read.

    .venv/bin/python -m tests.benchmarks.hostile_schemas

Exits with 1 when a step takes longer than LIMIT_MS of processor time.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.datastructures import MultiDict

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONValue
from opensink_web.schema.form import AnswerForm, walk
from opensink_web.schema.limits import check_schema
from opensink_web.web.rendering.filters import equip
from tests.support.hostile_schemas import DRAWN, REFUSED

LIMIT_MS = 250
_PAGE = """{% from "answer/_form.html" import answer_fields, answer_error_summary %}
<form>{{ answer_error_summary(form) }}{{ answer_fields(form, "/refresh") }}</form>"""


def _drawing() -> Callable[[AnswerForm], str]:
    templates = Path(__file__).parents[2] / "templates"
    environment = Environment(
        loader=FileSystemLoader(templates), autoescape=True, undefined=StrictUndefined
    )
    equip(environment)
    template = environment.from_string(_PAGE)
    return lambda form: template.render(form=form)


def _steps_ms(schema: JSONValue, draw: Callable[[AnswerForm], str]) -> dict[str, float]:
    """Return how long each step took; a schema that is refused has only the first."""
    steps: dict[str, float] = {}
    begun = time.process_time()

    def ended(step: str) -> None:
        nonlocal begun
        steps[step] = (time.process_time() - begun) * 1000
        begun = time.process_time()

    try:
        check_schema(schema)
    except InvalidSchema:
        ended("check")
        return steps
    ended("check")
    form = AnswerForm.blank(schema)
    draw(form)
    ended("draw")
    names = [str(field.name) for field in walk(form.root)]
    begun = time.process_time()
    AnswerForm.submitted(schema, MultiDict(dict.fromkeys(names, "[]"))).read()
    ended("read")
    return steps


def main() -> None:
    """Print a line for each schema, the slowest first."""
    draw = _drawing()
    _steps_ms({"type": "object"}, draw)  # loads the templates
    rows = [(name, _steps_ms(schema, draw)) for name, schema in (REFUSED | DRAWN).items()]
    rows.sort(key=lambda row: -max(row[1].values()))
    for name, steps in rows:
        told = ", ".join(f"{step} {duration:.0f} ms" for step, duration in steps.items())
        print(f"{max(steps.values()):6.0f} ms  {name}: {told}")
    sys.exit(max(rows[0][1].values()) > LIMIT_MS)


if __name__ == "__main__":
    main()
