"""A form in which every word and every value is hostile."""

import re

from opensink_web.json_value import JSONObject, JSONValue
from tests.browser.hostile_texts import Texts
from tests.browser.hostile_watch import MARK


def hostile_form(texts: Texts) -> JSONObject:
    """Return a schema with hostile words wherever a schema has words."""
    fields: JSONObject = {text[:120]: {"type": "string"} for text in texts.all}
    for line in texts.lines:
        fields[f"{line[:40]}…"] = {
            "type": "string",
            "title": line,
            "description": line,
            "default": line,
        }
        fields[f"{line[:50]}…"] = {"type": "string", "examples": [line], "format": line}
    return {
        "type": "object",
        "title": texts.lines[0],
        "description": texts.lines[1],
        "properties": fields | _other_fields(texts),
        "required": ["approved"],
    }


def _other_fields(texts: Texts) -> JSONObject:
    first, second, third = texts.lines[:3]
    lines: list[JSONValue] = [*texts.lines]
    choices: list[JSONValue] = [
        {"const": line, "title": line, "description": line} for line in lines[:4]
    ]
    text: JSONObject = {"type": "string", "title": first}
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
    }
