"""What an agent may send as a JSON Schema, checked once when the schema arrives.

The limits keep every later step cheap: compiling, validating, drawing the form.
"""

import jsonschema_rs

from opensink_web.errors import FieldError, InvalidSchema
from opensink_web.json_value import MAX_DEPTH, JSONObject, JSONValue, dump
from opensink_web.schema.references import REFERENCE_KEYWORDS, References
from opensink_web.schema.subschemas import HOLDER_KEYWORDS, children, pointer_to, walk
from opensink_web.schema.validation import DIALECTS, compile_schema, dialect_of, is_too_deep

MAX_SIZE_BYTES = 256 * 1024
MAX_SUBSCHEMAS = 5_000
MAX_REFERENCES = 2_000
MAX_EXPANDED = 20_000


def check_schema(schema: JSONValue) -> None:
    """Refuse what is not a usable schema for an answer.

    Raises: InvalidSchema, whose errors point into the schema.
    """
    if not isinstance(schema, dict | bool):
        raise _refused("", "A JSON Schema is an object.")
    _check_size(schema)
    _check_dialect(schema)
    _check_subschemas(schema)
    _check_references(schema)
    _check_compiles(schema)
    _check_expansion(schema)
    if not _allows_object(schema, References(schema), frozenset()):
        raise _refused("", "An answer is always an object, and this schema allows none.")


def _refused(pointer: str, message: str) -> InvalidSchema:
    sentence = f"The schema cannot be used: {message}"
    return InvalidSchema(sentence, errors=(FieldError(pointer, message),))


def _check_size(schema: JSONValue) -> None:
    if is_too_deep(schema):
        raise _refused("", f"It is nested deeper than {MAX_DEPTH} levels.")
    if len(dump(schema).encode()) > MAX_SIZE_BYTES:
        raise _refused("", f"It is larger than {MAX_SIZE_BYTES // 1024} KiB.")


def _check_dialect(schema: JSONValue) -> None:
    own = dialect_of(schema)
    if own is None:
        names = "2020-12, 2019-09 and draft-07"
        raise _refused("/$schema", f"This dialect is not known here. Known are {names}.")
    for path, part in walk(schema):
        if path and "$schema" in part and DIALECTS.get(str(part["$schema"]).rstrip("#")) != own:
            raise _refused(
                pointer_to((*path, "$schema")), "A part cannot change the dialect of the whole."
            )


def _check_subschemas(schema: JSONValue) -> None:
    for count, (path, _) in enumerate(walk(schema), start=1):
        if count > MAX_SUBSCHEMAS:
            raise _refused(pointer_to(path), f"It has more than {MAX_SUBSCHEMAS:,} subschemas.")


def _check_references(schema: JSONValue) -> None:
    references = References(schema)
    found = [
        (part[keyword], (*path, keyword))
        for path, part in walk(schema)
        for keyword in REFERENCE_KEYWORDS
        if keyword in part
    ]
    if len(found) > MAX_REFERENCES:
        raise _refused("", f"It has more than {MAX_REFERENCES:,} references.")
    for reference, path in found:
        _check_reference(references, str(reference), pointer_to(path))


def _check_reference(references: References, reference: str, pointer: str) -> None:
    if not references.is_local(reference):
        raise _refused(pointer, "References to other documents are not followed: use #/$defs/….")
    if not references.has_embedded_documents and references.resolve(reference) is None:
        raise _refused(pointer, "This reference points at nothing in the schema.")


def _check_compiles(schema: JSONObject | bool) -> None:
    try:
        compile_schema(schema)
    except jsonschema_rs.ValidationError as error:
        raise _refused(pointer_to(error.instance_path), _why(error)) from None


def _why(error: jsonschema_rs.ValidationError) -> str:
    keyword = error.instance_path[-1] if error.instance_path else ""
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Referencing):
        return "It has a reference that points at nothing in the schema."
    if keyword == "pattern" or kind.name in {"format", "propertyNames"}:
        return (
            "This is not a regular expression the server takes: "
            "look-ahead, look-behind and back-references are left out, since they can hang it."
        )
    return f"The value of “{keyword}” is not what JSON Schema asks for."


def _check_expansion(schema: JSONValue) -> None:
    if _Expansion(References(schema)).size(schema) > MAX_EXPANDED:
        raise _refused(
            "", "Its references and combinations multiply to more than the server can check."
        )


class _Expansion:
    """Counts the schema's nodes with every reference replaced by what it points at."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._sizes: dict[int, int] = {}

    def size(self, schema: JSONValue) -> int:
        if not isinstance(schema, dict):
            return 1
        if id(schema) not in self._sizes:
            self._sizes[id(schema)] = 1  # what a cycle back to this schema adds
            below = [child for path, child in children(schema) if path[0] not in HOLDER_KEYWORDS]
            below += [
                self._references.resolve(schema[keyword])
                for keyword in REFERENCE_KEYWORDS
                if keyword in schema
            ]
            self._sizes[id(schema)] = 1 + sum(self.size(child) for child in below)
        return self._sizes[id(schema)]


def _allows_object(schema: JSONValue, references: References, seen: frozenset[int]) -> bool:
    if not isinstance(schema, dict) or id(schema) in seen:
        return schema is not False
    seen = seen | {id(schema)}
    if not (_type_allows_object(schema) and _values_allow_object(schema)):
        return False
    target = references.resolve(schema["$ref"]) if "$ref" in schema else True
    if not _allows_object(target, references, seen):
        return False
    every = [_allows_object(part, references, seen) for part in _list(schema.get("allOf"))]
    return all(every) and all(
        any(_allows_object(part, references, seen) for part in parts)
        for parts in (_list(schema.get("anyOf")), _list(schema.get("oneOf")))
        if parts
    )


def _type_allows_object(schema: JSONObject) -> bool:
    kind = schema.get("type", "object")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _values_allow_object(schema: JSONObject) -> bool:
    constant, options = schema.get("const", {}), schema.get("enum", [{}])
    return isinstance(constant, dict) and any(isinstance(one, dict) for one in _list(options))


def _list(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []
