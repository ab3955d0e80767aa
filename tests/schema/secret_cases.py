"""Schemas with secrets in every kind of place, made up from a seed, and an answer that fits each.

Every secret of the answer, and every value that the schema itself names for it, has MARKER in it;
nothing else has.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from werkzeug.datastructures import MultiDict

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.form import AnswerForm

Draw = Callable[[AnswerForm], str]
Untouched = Callable[[AnswerForm], "MultiDict[str, str]"]
MARKER = "m4rk3r"
PIN: JSONObject = {"type": "string", "writeOnly": True}
DEPTH = 4


class Vault:
    """Keeps what was typed as the pages do: encrypted, for one field."""

    def __init__(self) -> None:
        self.fernet = Fernet(Fernet.generate_key())

    def seal(self, place: str, value: JSONValue) -> str:
        return self.fernet.encrypt(dump([place, value]).encode()).decode()

    def unseal(self, place: str, sealed: str) -> JSONValue:
        try:
            kept = parse(self.fernet.decrypt(sealed).decode())
        except InvalidToken:
            raise InvalidInput("This is no longer kept.") from None
        if not isinstance(kept, list) or kept[0] != place:
            raise InvalidInput("This was typed elsewhere.")
        return kept[1]


def secrets(pick: random.Random) -> tuple[dict[str, Any], Any]:
    """Return one schema of a secret, and a value of it."""
    cases: list[tuple[dict[str, Any], Any]] = [
        ({"type": "string", "writeOnly": True}, MARKER),
        ({"type": "string", "format": "password"}, MARKER),
        ({"writeOnly": True}, {"any": [MARKER]}),
        ({"writeOnly": True, "type": ["string", "null"]}, MARKER),
        (
            {"type": "string", "writeOnly": True, "examples": [MARKER], "default": MARKER},
            MARKER,
        ),
        ({"const": MARKER, "writeOnly": True}, MARKER),
        ({"anyOf": [{"const": MARKER}, {"type": "null"}], "writeOnly": True}, MARKER),
        ({"oneOf": [{"const": MARKER}, {"const": "b"}], "writeOnly": True}, MARKER),
        ({"type": "string", "readOnly": True, "writeOnly": True}, MARKER),
        ({"type": "string", "maxLength": 4000, "writeOnly": True}, f"{MARKER}\nof two lines"),
        (
            {"type": "object", "writeOnly": True, "properties": {"x": {"type": "string"}}},
            {"x": MARKER},
        ),
        ({"type": "array", "writeOnly": True, "items": {"type": "string"}}, [MARKER, MARKER]),
        ({"type": "array", "items": {"type": "string", "writeOnly": True}}, [MARKER] * 101),
    ]
    return pick.choice(cases)


@dataclass
class Maker:
    """Makes one schema; `definitions` are what its references lead to."""

    pick: random.Random
    definitions: dict[str, Any] = field(default_factory=dict)

    def whole(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return a schema for objects, and an object that fits it."""
        schema, value = self.container(DEPTH)
        while not isinstance(value, dict):
            schema, value = self.container(DEPTH)
        if self.definitions:
            schema = {**schema, "definitions": self.definitions}
        return schema, value

    def any(self, depth: int) -> tuple[Any, Any]:
        """Return a schema and a value: a secret, something plain, or what holds more."""
        roll = self.pick.random()
        if depth == 0 or roll < 0.35:
            schema, value = secrets(self.pick)
        elif roll < 0.5:
            return self.pick.choice([({"type": "string"}, "plain"), ({"type": "boolean"}, True)])
        else:
            schema, value = self.container(depth - 1)
        for _ in range(self.pick.randrange(3)):
            schema = self.wrapped(schema)
        return schema, value

    def wrapped(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a schema that says the same in another way."""
        name = f"d{len(self.definitions)}"
        match self.pick.randrange(8):
            case 0:
                self.definitions[name] = schema
                return {"$ref": f"#/definitions/{name}"}
            case 1:
                return {"allOf": [True, schema]}
            case 2:
                return {"anyOf": [schema, {"type": "null"}]}
            case 3:
                return {"oneOf": [schema, {"type": "integer"}]}
            case 4:
                return {"if": {"type": "integer"}, "then": {}, "else": schema}
            case 5:
                return {"title": "Another title", "allOf": [schema]}
            case 6:
                return {"anyOf": [{"type": "integer"}, {"allOf": [schema]}]}
            case _:
                return schema

    def container(self, depth: int) -> tuple[dict[str, Any], Any]:
        """Return a schema of an object or a list, and a value, with more inside."""
        schema, value = self.any(depth)
        other, beside = self.any(depth)
        plain = {"a": True, "b": value}
        part = {"properties": {"b": schema}}
        many = {f"f{number}": {"type": "string"} for number in range(801)}
        both = {"properties": {"a": other, "b": schema}, "required": ["b"]}
        a_first: dict[str, Any] = {"properties": {"a": {}}}
        return self.pick.choice(
            [
                ({"type": "object", "additionalProperties": schema}, {"k": value}),
                ({"type": "object", "patternProperties": {"^k": schema}}, {"key": value}),
                ({"type": "array", "items": schema}, [value, value]),
                ({"type": "array", "prefixItems": [other, schema]}, [beside, value]),
                ({"type": "array", "prefixItems": [other], "items": schema}, [beside, value]),
                ({**a_first, "dependentSchemas": {"a": part}}, plain),
                ({**a_first, "if": {}, "then": part}, plain),
                ({"oneOf": [{"required": ["none"]}, part]}, {"b": value}),
                ({"properties": {**many, "b": schema}}, {"b": value}),
                ({"allOf": [{"properties": {"b": {}}}, part]}, {"b": value}),
                ({"type": "object", **both}, {"a": beside, "b": value}),
                ({"type": "object", **both}, {"a": beside, "b": value}),
            ]
        )


def made_up(seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the schema of a seed, and an answer that fits it."""
    return Maker(random.Random(seed)).whole()
