"""The values that a schema names itself - defaults, examples, constants - held against their parts.

The whole document is compiled once, in another that refers to each part, so that every reference in
it leads where it does otherwise, and a schema of hundreds of defaults costs one check.
"""

from collections.abc import Iterator
from urllib.parse import quote

from opensink_web.errors import FieldError, Unavailable
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialects import dialect_of
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import Path, pointer_to, walk
from opensink_web.schema.validation import Checker

MAX_VALUES = 200
_LISTED = ("examples", "enum")


def misfits(schema: JSONValue) -> list[FieldError]:
    """Return each value that does not fit the part in which it stands, and why; the path is its.

    The schema has passed `check_schema` or `check_value_schema`.
    """
    values = list(_values(schema))[:MAX_VALUES]
    if not values or not isinstance(schema, dict):
        return []
    instance: JSONObject = {str(at): value for at, (_, _, value) in enumerate(values)}
    try:
        errors = Checker(_referring(schema, [part for part, _, _ in values])).errors_of(instance)
    except (Unavailable, RecursionError):
        return []  # it is only a warning
    reasons: dict[str, str] = {}
    for error in errors:
        reasons.setdefault(error.path.split("/")[1] if error.path else "", error.message)
    return [
        FieldError(pointer_to((*part, *place)), reasons[str(at)])
        for at, (part, place, _) in enumerate(values)
        if str(at) in reasons
    ]


def _values(schema: JSONValue) -> Iterator[tuple[Path, Path, JSONValue]]:
    """Yield the path of a part, where in it a value stands, and the value."""
    for path, part in walk(schema):
        for keyword in ("default", "const"):
            if keyword in part:
                yield path, (keyword,), part[keyword]
        for keyword in _LISTED:
            several = part.get(keyword)
            for index, value in enumerate(several if isinstance(several, list) else ()):
                yield path, (keyword, index), value


def _referring(schema: JSONObject, parts: list[Path]) -> JSONObject:
    """Return a document that has a property for each part of a schema."""
    dialect = dialect_of(schema)
    base = References(schema).base_of(schema)
    inner = dict(schema)
    if dialect.has_lone_references and "$ref" in inner:  # beside which an id would not count
        inner["allOf"] = [{"$ref": inner.pop("$ref")}]
    inner[dialect.id_keyword] = base
    named = {"$schema": schema["$schema"]} if "$schema" in schema else {}
    properties: JSONObject = {
        str(at): {"$ref": f"{base}#{quote(pointer_to(path))}"} for at, path in enumerate(parts)
    }
    return {**named, "properties": properties, "definitions": {"schema": inner}}
