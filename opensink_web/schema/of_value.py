"""A schema made from a value, where whoever asks has sent what they propose and no schema."""

from opensink_web.errors import InvalidSchema
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.limits import check_schema

APPROVAL: JSONObject = {
    "type": "object",
    "properties": {"approved": {"type": "boolean", "title": "Approved"}},
    "required": ["approved"],
}
"""What is asked where nothing is said of the answer."""
_ANY_OBJECT: JSONObject = {"type": "object"}


def schema_of(proposed: JSONObject) -> JSONObject:
    """Return a schema that the value fits, and that takes another value in each place: no key more,
    none less, of the same type.

    A value that would need more of a schema than one may have is asked for as any JSON.
    """
    schema = _schema_of(proposed)
    try:
        check_schema(schema)
    except InvalidSchema:
        return _ANY_OBJECT
    return schema


def _schema_of(value: JSONValue) -> JSONObject:
    if isinstance(value, dict):
        return {
            "type": "object",
            "properties": {key: _schema_of(inner) for key, inner in value.items()},
            "required": list(value),
            "additionalProperties": False,
        }
    if isinstance(value, list):
        kinds = [_schema_of(item) for item in value]
        # entries that are not alike are JSON
        return {"type": "array", "items": kinds[0]} if _are_alike(kinds) else {"type": "array"}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, int | float):
        return {"type": "number"}  # whoever proposes 100 may be answered 99.5
    return {"type": "string"} if isinstance(value, str) else {}


def _are_alike(kinds: list[JSONObject]) -> bool:
    return bool(kinds) and all(each == kinds[0] for each in kinds)
