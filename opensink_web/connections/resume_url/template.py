"""A body in which a decision's values take the places of `"{{…}}"`.

A text stands for a value only as a whole, and the value keeps its type: `"{{response/amount}}"`
becomes a number. A pointer (RFC 6901) that leads nowhere becomes null, as all of the response does
when there is none. Templates are filled in, never evaluated.
"""

import re
from collections.abc import Iterator

from opensink_web import json_value
from opensink_web.connections.decision import Decision
from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue

_PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_POINTER = re.compile(r"response(?:/(?:[^~/]|~[01])*)*")
_NAMES = ("response", "outcome", "reason", "by", "request_id", "session_id")
_INDEX = re.compile(r"0|[1-9][0-9]{0,9}")
PLACES_MAX = 100
FILLED_BYTES_MAX = 4 * 1024 * 1024


class TooLarge(Exception):
    """The values make a body that nobody is sent; `message` is for people."""

    message = (
        f"The body of the call would be larger than {FILLED_BYTES_MAX // 1024**2} MiB with this "
        "answer, so the resume URL is not called. Name less of the answer in `body`, or none of "
        "it twice."
    )


def template_errors(template: JSONValue, path: str = "") -> Iterator[FieldError]:
    """Give an error for each place that stands for nothing, and for the first of too many, with its
    pointer.
    """
    for number, (pointer, name) in enumerate(_places(template, path), start=1):
        if number > PLACES_MAX:
            yield FieldError(pointer, f"At most {PLACES_MAX} values can be named in a body.")
            return
        if name not in _NAMES and not _POINTER.fullmatch(name):
            known = ", ".join(f"{{{{{each}}}}}" for each in _NAMES)
            yield FieldError(
                pointer,
                f"There is no such value. These are: {known}, and what a JSON Pointer finds in"
                " the answer, such as {{response/approved}}.",
            )


def _places(template: JSONValue, path: str) -> Iterator[tuple[str, str]]:
    """Give the pointer to each place in a template, and what is named there."""
    if isinstance(template, str):
        name = _name_in(template)
        if name is not None:
            yield path, name
    elif isinstance(template, list):
        for index, item in enumerate(template):
            yield from _places(item, f"{path}/{index}")
    elif isinstance(template, dict):
        for key, inner in template.items():
            escaped = key.replace("~", "~0").replace("/", "~1")
            yield from _places(inner, f"{path}/{escaped}")


def filled(template: JSONValue, decision: Decision) -> JSONValue:
    """Return a checked template with the values of a decision. Raises: TooLarge."""
    whole = values_of(decision)
    values: dict[str, JSONValue] = {}
    sizes: dict[str, int] = {}
    size = 0
    for _, name in _places(template, ""):
        if name not in values:
            values[name] = _value_of(name, whole)
            sizes[name] = len(json_value.dump(values[name]).encode())
        size += sizes[name]
        if size > FILLED_BYTES_MAX:
            raise TooLarge
    return _with_values(template, values)


def _with_values(template: JSONValue, values: dict[str, JSONValue]) -> JSONValue:
    if isinstance(template, list):
        return [_with_values(item, values) for item in template]
    if isinstance(template, dict):
        return {key: _with_values(inner, values) for key, inner in template.items()}
    name = _name_in(template) if isinstance(template, str) else None
    return template if name is None else values[name]


def _value_of(name: str, whole: JSONObject) -> JSONValue:
    return whole[name] if name in whole else _at(whole["response"], name.split("/")[1:])


def values_of(decision: Decision) -> JSONObject:
    """Return what is sent where there is no template."""
    return {
        "request_id": decision.request_id,
        "session_id": decision.session_id,
        "outcome": decision.outcome,
        "response": decision.response,
        "reason": decision.reason,
        "by": decision.by,
    }


def _name_in(text: str) -> str | None:
    place = _PLACE.fullmatch(text)
    return None if place is None else place.group(1)


def _at(value: JSONValue, steps: list[str]) -> JSONValue:
    for step in steps:
        if isinstance(value, dict):
            value = value.get(step.replace("~1", "/").replace("~0", "~"))
        elif isinstance(value, list) and _INDEX.fullmatch(step) and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value
