"""One list of what a schema can ask for, in plain words.

The gallery at /docs/forms draws it, docs/forms.md has its table and its pictures, and tests fill
every form in.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from opensink_web.json_value import JSONObject, JSONValue


@dataclass(frozen=True, slots=True)
class Construct:
    """Something that a schema can say, in plain words.

    `shown` is the part of `schema` that says it, `control` what is made of it, and `example` an
    answer. One that `is_large` is not drawn among others.
    """

    name: str
    group: str
    title: str
    about: str
    control: str
    shown: JSONValue
    schema: JSONObject
    example: JSONObject
    is_large: bool


@cache
def constructs() -> dict[str, Construct]:
    """Return all of them by name, in their order."""
    text = files("opensink_web.schema").joinpath("gallery.json").read_text(encoding="utf-8")
    return {entry["name"]: _construct(entry) for entry in json.loads(text)}


def _construct(entry: dict[str, Any]) -> Construct:
    """Read an entry, which has a whole schema or that of one required property."""
    shown: JSONValue = entry["property"] if "property" in entry else entry["schema"]
    schema: JSONObject = entry.get("schema") or {
        "type": "object",
        "required": [entry["key"]],
        "properties": {entry["key"]: shown},
        "additionalProperties": False,
    }
    return Construct(
        name=entry["name"],
        group=entry["group"],
        title=entry["title"],
        about=entry.get("about", ""),
        control=entry["control"],
        shown=shown,
        schema=schema,
        example={entry["key"]: entry["example"]} if "key" in entry else entry["example"],
        is_large=entry.get("is_large", False),
    )
