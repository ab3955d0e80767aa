"""Conditions in the few words in which somebody would say them: “amount ≥ 10,000”.

Only what can be said exactly is said. What is not is for whoever reads JSON Schema.
"""

from collections.abc import Mapping
from typing import Any

from opensink_web.json_value import JSONObject, JSONValue, dump

LENGTH_MAX = 100
"""So long a fact may be at most, in characters."""
_FACTS_MAX, _VALUES_MAX = 5, 5
_NOTES = frozenset({"$schema", "$comment", "title", "description", "examples", "default"})
_OF_OBJECTS = frozenset({"type", "properties", "required", "allOf", "anyOf"})
_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def condition_in_words(condition: JSONValue) -> list[str] | None:
    """Return the facts that are all to hold, none for what always holds; None where that cannot be
    said in a few words. The payload is an object.
    """
    facts = _facts_of(condition, ()) if isinstance(condition, dict) else None
    if facts is None or len(facts) > _FACTS_MAX or any(len(each) > LENGTH_MAX for each in facts):
        return None
    return facts


def _facts_of(schema: JSONObject, path: tuple[str, ...]) -> list[str] | None:
    """Return what an object has to be like; None where that cannot be said."""
    said = {name: value for name, value in schema.items() if name not in _NOTES}
    if said.keys() - _OF_OBJECTS or said.get("type", "object") != "object":
        return None
    properties, required = said.get("properties", {}), said.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return None
    facts = []
    for name in dict.fromkeys([*properties, *map(str, required)]):
        of_property = _facts_of_property(
            properties.get(name, True), (*path, name), is_required=name in required
        )
        if of_property is None:
            return None
        facts += of_property
    for word, joined in (("allOf", ""), ("anyOf", " or ")):
        parts = _facts_of_parts(said.get(word, []), path)
        if parts is None or (joined and any(len(each) != 1 for each in parts)):
            return None
        each_fact = [fact for part in parts for fact in part]
        facts += [joined.join(each_fact)] if joined and each_fact else each_fact
    return facts


def _facts_of_parts(schemas: JSONValue, path: tuple[str, ...]) -> list[list[str]] | None:
    facts = []
    for each in schemas if isinstance(schemas, list) else [None]:
        of_part = _facts_of(each, path) if isinstance(each, dict) else None
        if of_part is None:
            return None
        facts.append(of_part)
    return facts


def _facts_of_property(
    schema: JSONValue, path: tuple[str, ...], *, is_required: bool
) -> list[str] | None:
    name = ".".join(path)
    if not isinstance(schema, dict):
        schema = {} if schema is True else {"not": {}}
    said: Mapping[str, Any] = {word: value for word, value in schema.items() if word not in _NOTES}
    if not said:
        return [f"{name} is there"] if is_required else []
    if said.get("type") == "object" and said.keys() != {"type"}:
        return _facts_of(schema, path) if is_required else None
    value = _value_in_words(name, said)
    if value is None:
        return None
    words, exceptions = value
    exceptions += [] if is_required else ["missing"]
    return [f"{words} (or {', or '.join(exceptions)})" if exceptions else words]


def _value_in_words(name: str, said: Mapping[str, Any]) -> tuple[str, list[str]] | None:
    """Say what a value that is no object has to be, and what else it may be."""
    kind = said.get("type")
    words, rest = said.keys() - {"type"}, said.keys() - {"type", *_BOUNDS}
    if words == {"const"} and kind is None:
        return f"{name} = {_written(said['const'])}", []
    if words == {"enum"} and kind is None and isinstance(said["enum"], list):
        options = said["enum"]
        return (
            (f"{name} = {' or '.join(map(_written, options))}", [])
            if 0 < len(options) <= _VALUES_MAX
            else None
        )
    if not words and isinstance(kind, str) and kind in _TYPES:
        return f"{name} is {_TYPES[kind]}", []
    if rest or kind not in (None, "number", "integer"):
        return None
    limits = {sign: said[word] for word, sign in _BOUNDS.items() if word in said}
    if any(isinstance(each, bool) for each in limits.values()):  # as older drafts wrote it
        return None
    bounds = [f"{sign} {_written(limit)}" for sign, limit in limits.items()]
    whole = ", a whole number" if kind == "integer" else ""
    return f"{name} {' and '.join(bounds)}{whole}", [] if kind else ["not a number"]


def _written(value: JSONValue) -> str:
    """Write a value as people do: numbers with their thousands apart, texts in quotation marks."""
    match value:
        case bool() | None:
            return dump(value)
        case int() | float():
            whole = isinstance(value, float) and value.is_integer() and abs(value) < 10**15
            return f"{int(value) if whole else value:,}"
        case str():
            return f"“{value}”"
        case _:
            return dump(value)
