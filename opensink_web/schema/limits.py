"""What may be sent as a JSON Schema, checked once when the schema arrives.

The limits keep every later step cheap: compiling, validating, drawing the form.
"""

import jsonschema_rs

from opensink_web.errors import FieldError, InvalidSchema
from opensink_web.json_value import MAX_DEPTH, JSONObject, JSONValue, dump
from opensink_web.schema.dialects import NAMES, dialect_of, known_dialect
from opensink_web.schema.effort import expanded, pattern_size_bytes
from opensink_web.schema.look_ahead import look_aheads_of
from opensink_web.schema.pattern_pieces import PatternRefused
from opensink_web.schema.pattern_reason import reason_of
from opensink_web.schema.patterns import matcher, patterns_of, translated
from opensink_web.schema.references import REFERENCE_KEYWORDS, References
from opensink_web.schema.subschemas import (
    Path,
    pointer_to,
    walk,
)
from opensink_web.schema.validation import compile_schema, is_too_deep

MAX_SIZE_BYTES = 256 * 1024
MAX_SUBSCHEMAS = 5_000
MAX_REFERENCES = 2_000
MAX_EXPANDED = 20_000
MAX_EXPANDED_BYTES = 512 * 1024
MAX_NESTING = 200
MAX_PATTERN_BYTES = 8 * 1024 * 1024
"""Of all different patterns together, compiled."""


def check_schema(schema: JSONValue) -> None:
    """Refuse what is not a usable schema for an answer or an input, which is always an object.

    Raises: InvalidSchema, whose errors point into the schema.
    """
    check_value_schema(schema)
    if not _Objects(References(schema)).are_allowed(schema):
        raise _refused("", "The schema must allow an object, and this one does not.")


def check_value_schema(schema: JSONValue) -> None:
    """Refuse what is not a usable schema for any value, such as a function's output.

    Raises: InvalidSchema, whose errors point into the schema.
    """
    if not isinstance(schema, dict | bool):
        raise _refused("", "A JSON Schema is an object.")
    _check_size(schema)
    _check_dialect(schema)
    _check_subschemas(schema)
    _check_references(schema)
    _check_patterns(schema)
    _check_compiles(schema)
    _check_expansion(schema)


def _refused(pointer: str, message: str) -> InvalidSchema:
    sentence = f"The schema cannot be used: {message}"
    return InvalidSchema(sentence, errors=(FieldError(pointer, message),))


def _check_size(schema: JSONValue) -> None:
    if is_too_deep(schema):
        raise _refused("", f"The schema is nested more than {MAX_DEPTH} levels.")
    if len(dump(schema).encode()) > MAX_SIZE_BYTES:
        raise _refused("", f"It is larger than {MAX_SIZE_BYTES // 1024} KiB.")


def _check_dialect(schema: JSONValue) -> None:
    own = dialect_of(schema)
    for path, part in walk(schema):
        if "$schema" not in part:
            continue
        dialect = known_dialect(part["$schema"])
        if dialect is None and not path:
            *others, oldest = NAMES.values()
            names = f"{', '.join(others)} and {oldest}"
            raise _refused("/$schema", f"This dialect is not supported. Supported are {names}.")
        if dialect is not own:
            raise _refused(
                pointer_to((*path, "$schema")),
                "Part of a schema cannot use another dialect than the whole.",
            )


def _check_subschemas(schema: JSONValue) -> None:
    for count, (path, _) in enumerate(walk(schema), start=1):
        if count > MAX_SUBSCHEMAS:
            raise _refused(pointer_to(path), f"It has more than {MAX_SUBSCHEMAS:,} subschemas.")


def _check_references(schema: JSONValue) -> None:
    references = References(schema)
    referring = [
        (part, (*path, keyword))
        for path, part in walk(schema)
        for keyword in REFERENCE_KEYWORDS
        if keyword in part
    ]
    if len(referring) > MAX_REFERENCES:
        raise _refused("", f"It has more than {MAX_REFERENCES:,} references.")
    for part, path in referring:
        _check_reference(references, part, pointer_to(path), str(part[str(path[-1])]))


def _check_reference(
    references: References, part: JSONObject, pointer: str, reference: str
) -> None:
    if not references.is_local(reference, part):
        raise _refused(pointer, "References to other documents are not followed: use #/$defs/….")
    if references.is_ambiguous(reference, part):
        raise _refused(pointer, "Different parts of the schema have the name that this refers to.")
    if references.resolve(reference, part) is None:
        raise _refused(pointer, "This reference does not point to anything in the schema.")


def _check_patterns(schema: JSONValue) -> None:
    sizes: dict[str, int] = {}
    for path, part in walk(schema):
        for pattern in patterns_of(part):
            _check_pattern(path, part, pattern)
            sizes[pattern] = pattern_size_bytes(pattern)
            if sum(sizes.values()) > MAX_PATTERN_BYTES:
                raise _refused(
                    pointer_to(path),
                    "Its patterns are too large. Repeat less in them, and limit the length of a "
                    "text with maxLength instead.",
                )


def _check_pattern(path: Path, part: JSONObject, pattern: str) -> None:
    is_name = part.get("pattern") != pattern
    pointer = pointer_to((*path, *(("patternProperties", pattern) if is_name else ("pattern",))))
    look_aheads = look_aheads_of(pattern)
    parts = (*look_aheads.needed, *look_aheads.ruled_out) if look_aheads else (pattern,)
    for each in parts:
        try:
            translated(each)
        except PatternRefused as refused:
            raise _refused(pointer, str(refused)) from None
        if matcher(each) is None:
            raise _refused(pointer, reason_of(each, pattern))
    if is_name and look_aheads:
        raise _refused(pointer, _LOOK_AHEAD_OF_NAMES)


_LOOK_AHEAD_OF_NAMES = (
    "Patterns of names cannot have a look-ahead. Name here what it allows, and say what it rules "
    "out by a pattern under “propertyNames”."
)


_NOT_ECMA_262 = (
    "This pattern has what regular expressions of ECMA-262 have not, such as \\A or (?i), and this "
    "dialect takes no others."
)


def _check_compiles(schema: JSONObject | bool) -> None:
    try:
        compile_schema(schema)
    except jsonschema_rs.ValidationError as error:
        raise _refused(pointer_to(error.instance_path), _why(error)) from None
    except BaseException as error:
        if type(error).__module__ != "pyo3_runtime":  # the engine's own panic, and nothing to catch
            raise
        raise _refused("", "The server cannot make out which parts it refers to.") from None


def _why(error: jsonschema_rs.ValidationError) -> str:
    keyword = error.instance_path[-1] if error.instance_path else ""
    kind = error.kind
    if isinstance(kind, jsonschema_rs.ValidationErrorKind.Referencing):
        return "It has a reference that does not point to anything in the schema."
    if keyword == "pattern" or kind.name in {"format", "propertyNames"}:
        return _NOT_ECMA_262  # \A, (?i) and the like, which later dialects do not look at
    return f"The value of “{keyword}” is not allowed by JSON Schema."


def _check_expansion(schema: JSONValue) -> None:
    try:
        expansion = expanded(schema)
    except RecursionError:
        raise _refused("", _TOO_NESTED) from None
    if expansion.nesting > MAX_NESTING:
        raise _refused("", _TOO_NESTED)
    if expansion.size > MAX_EXPANDED or expansion.size_bytes > MAX_EXPANDED_BYTES:
        raise _refused(
            "", "Its references and combinations multiply to more than the server can check."
        )


_TOO_NESTED = f"Its references lead more than {MAX_NESTING} levels deep."


class _Objects:
    """Tells whether schemas leave room for an object; where one leads back to itself it does."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._known: dict[int, bool] = {}

    def are_allowed(self, schema: JSONValue) -> bool:
        if not isinstance(schema, dict):
            return schema is not False
        if id(schema) not in self._known:
            self._known[id(schema)] = True
            self._known[id(schema)] = self._check(schema)
        return self._known[id(schema)]

    def _check(self, schema: JSONObject) -> bool:
        if not (_type_allows_object(schema) and _values_allow_object(schema)):
            return False
        target = self._references.resolve(schema["$ref"], schema) if "$ref" in schema else True
        every = [target, *_list(schema.get("allOf"))]
        return all(map(self.are_allowed, every)) and all(
            any(map(self.are_allowed, parts))
            for parts in (_list(schema.get("anyOf")), _list(schema.get("oneOf")))
            if parts
        )


def _type_allows_object(schema: JSONObject) -> bool:
    kind = schema.get("type", "object")
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _values_allow_object(schema: JSONObject) -> bool:
    constant, options = schema.get("const", {}), schema.get("enum", [{}])
    return isinstance(constant, dict) and any(isinstance(option, dict) for option in _list(options))


def _list(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []
