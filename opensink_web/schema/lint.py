"""What a schema may say, but hardly means: warnings for the people who write one.

JSON Schema ignores a keyword that it does not know, and lets limits contradict each other. Nothing
here refuses a schema; that is `limits`.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.references import REFERENCE_KEYWORDS
from opensink_web.schema.subschemas import (
    LIST_KEYWORDS,
    MAP_KEYWORDS,
    SINGLE_KEYWORDS,
    Path,
    pointer_to,
    walk,
)
from opensink_web.schema.validation import validate

MAX_WARNINGS = 20
MAX_DEFAULTS = 100
"""How many are checked, for each is a schema to compile."""
_PAIRS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_KEYWORDS = (
    frozenset(word for pair in _PAIRS for word in pair)
    | MAP_KEYWORDS
    | LIST_KEYWORDS
    | SINGLE_KEYWORDS
    | frozenset(REFERENCE_KEYWORDS)
    | {
        *("$schema", "$id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary"),
        *("$comment", "type", "enum", "const", "multipleOf", "exclusiveMinimum"),
        *("exclusiveMaximum", "pattern", "format", "uniqueItems", "required"),
        *("dependentRequired", "contentEncoding", "contentMediaType"),
        *("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly"),
        "discriminator",  # OpenAPI's; Pydantic writes it
        *("enumNames", "enumDescriptions"),  # of forms in JavaScript; shown here, too
    }
)
_FORMATS = frozenset(
    {
        *("date", "time", "date-time", "duration", "email", "idn-email", "hostname"),
        *("idn-hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "iri-reference"),
        *("uuid", "uri-template", "json-pointer", "relative-json-pointer", "regex", "password"),
    }
)


def warnings_about(schema: JSONValue) -> tuple[FieldError, ...]:
    """Return what looks like a mistake, each with its place in the schema.

    The schema has passed `check_schema` or `check_value_schema`.
    """
    return tuple(islice(_warnings(schema), MAX_WARNINGS))


def _warnings(schema: JSONValue) -> Iterator[FieldError]:
    parts = list(walk(schema))
    dialect = {"$schema": parts[0][1]["$schema"]} if parts and "$schema" in parts[0][1] else {}
    checked = _with_default(parts)
    for path, part in parts:
        for each in (_unknown_words(part), _contradictions(part), _undescribed(part)):
            yield from _below(path, each)
        if id(part) in checked:
            yield from _below(path, _bad_default({**part, **dialect}))


def _with_default(parts: list[tuple[Path, JSONObject]]) -> set[int]:
    """Return the identities of the parts whose default is checked.

    None where parts refer to each other: one alone does not know what the whole defines.
    """
    linking = {*REFERENCE_KEYWORDS, "$id"}
    if any(path and linking & part.keys() for path, part in parts):
        return set()
    return {id(part) for _, part in [one for one in parts if "default" in one[1]][:MAX_DEFAULTS]}


def _below(path: Path, warnings: Iterator[FieldError]) -> Iterator[FieldError]:
    for each in warnings:
        yield FieldError(pointer_to(path) + each.path, each.message)


def _unknown_words(part: JSONObject) -> Iterator[FieldError]:
    for word in part:
        if word not in _KEYWORDS and not word.startswith("x-"):
            near = get_close_matches(word, _KEYWORDS, n=1, cutoff=0.75)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            message = f"There is no JSON Schema keyword “{word}”, so it is ignored.{hint}"
            yield FieldError(pointer_to((word,)), message)
    named = part.get("format")
    if isinstance(named, str) and named not in _FORMATS:
        yield FieldError("/format", f"“{named}” is not a format that is checked here.")


def _contradictions(part: JSONObject) -> Iterator[FieldError]:
    for lowest, highest in _PAIRS:
        low, high = part.get(lowest), part.get(highest)
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            message = f"“{lowest}” is more than “{highest}”, so nothing fits."
            yield FieldError(pointer_to((lowest,)), message)


def _undescribed(part: JSONObject) -> Iterator[FieldError]:
    properties, required = part.get("properties"), part.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return
    for index, name in enumerate(required):
        if name not in properties and "patternProperties" not in part:
            message = f"“{name}” is required, but “properties” says nothing of it."
            yield FieldError(f"/required/{index}", message)


def _bad_default(part: JSONObject) -> Iterator[FieldError]:
    for error in validate(part, part["default"])[:1]:
        yield FieldError("/default", f"The default does not fit: {error.message}")
