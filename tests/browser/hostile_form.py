"""A form in which every word and every value is hostile."""

import re

from opensink_web.json_value import JSONObject, JSONValue
from tests.browser.hostile_texts import Texts
from tests.browser.hostile_watch import MARK

FIELDS = 80
"""A form with more than a hundred fields would come in pages."""


def hostile_form(texts: Texts) -> JSONObject:
    """Return a schema with every kind of field, and hostile words wherever a schema has words."""
    return _form(texts, _other_fields(texts) | dict(_fields(texts)[:FIELDS]))


def further_forms(texts: Texts) -> list[JSONObject]:
    """Return the schemas with the rest of the texts in them."""
    fields = _fields(texts)
    starts = range(FIELDS, len(fields), FIELDS)
    return [_form(texts, dict(fields[start : start + FIELDS])) for start in starts]


def _form(texts: Texts, fields: JSONObject) -> JSONObject:
    return {
        "type": "object",
        "title": texts.lines[0],
        "description": texts.lines[1],
        "properties": fields,
        "required": ["approved"] if "approved" in fields else [],
    }


def _fields(texts: Texts) -> list[tuple[str, JSONValue]]:
    fields: list[tuple[str, JSONValue]] = [(text[:120], {"type": "string"}) for text in texts.all]
    for line in texts.lines:
        described: JSONObject = {"title": line, "description": line, "default": line}
        fields.append((f"{line[:40]}…", {"type": "string", **described}))
        fields.append((f"{line[:50]}…", {"type": "string", "examples": [line], "format": line}))
    return fields


def _other_fields(texts: Texts) -> JSONObject:
    first, second, third = texts.lines[:3]
    lines: list[JSONValue] = [*texts.lines]
    choices: list[JSONValue] = [
        {"const": line, "title": line, "description": line} for line in lines[:4]
    ]
    text: JSONObject = {"type": "string", "title": first}
    shapes: list[JSONValue] = [
        {"title": line, "type": "object", "properties": {"kind": {"const": line}, line: text}}
        for line in texts.lines[:3]
    ]
    pattern = re.escape(first[:50])
    return {
        "approved": {"type": "boolean", "title": "Go on?"},
        f"{MARK}radio": {"enum": lines[:4], "title": first},
        f"{MARK}described": {"oneOf": choices, "title": second},
        f"{MARK}pattern": {"type": "string", "default": first, "pattern": pattern},
        f"{MARK}select": {"enum": lines},
        f"{MARK}several": {"type": "array", "uniqueItems": True, "items": {"enum": lines}},
        f"{MARK}constant": {"const": {line: line for line in texts.lines}},
        f"{MARK}read": {"readOnly": True, "default": [lines], "description": texts.paragraphs[0]},
        f"{MARK}json": {"default": {"a": lines}, "description": texts.paragraphs[1]},
        f"{MARK}rows": {"type": "array", "title": third, "default": lines[:3], "items": text},
        f"{MARK}group": {"type": "object", "title": second, "properties": {first: text}},
        f"{MARK}names": {"title": third, "additionalProperties": text, "default": {first: second}},
        f"{MARK}scalar": {"title": first, "anyOf": [{"type": "integer"}, {"const": second}, text]},
        f"{MARK}kinds": {"title": first, "anyOf": [{"title": second, "type": "object"}, text]},
        f"{MARK}shapes": {"title": third, "oneOf": shapes},
        f"{MARK}pair": {"title": second, "prefixItems": [text, text], "default": [first, second]},
        f"{MARK}moment": {"title": third, "type": "string", "format": "date-time"},
        f"{MARK}assent": {"title": first, "description": second, "const": True},
        f"{MARK}misfit": {"title": second, "type": "integer", "default": first},
        f"{MARK}anything": {"title": first, "description": second},
    }
