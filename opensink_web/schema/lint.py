"""What a schema may say, but hardly means: warnings for the people who write one.

JSON Schema ignores a keyword that it does not know, and lets limits contradict each other. Nothing
here refuses a schema; that is `limits`.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialect_words import FOREIGN_WORDS, FORMATS_SINCE, of_other_dialects
from opensink_web.schema.dialects import NAMES, Dialect, dialect_of
from opensink_web.schema.own_values import misfits
from opensink_web.schema.references import REFERENCE_KEYWORDS, References
from opensink_web.schema.subschemas import (
    LIST_KEYWORDS,
    MAP_KEYWORDS,
    SINGLE_KEYWORDS,
    Path,
    pointer_to,
    walk,
)

MAX_WARNINGS = 20
_MEMBERS_MAX = 50
"""How many parts about one value are compared with each other."""
_NEEDED = {
    "then": {"if"},
    "else": {"if"},
    "if": {"then", "else"},
    "minContains": {"contains"},
    "maxContains": {"contains"},
}
_MAY_DESCRIBE = frozenset(
    {
        *("patternProperties", "additionalProperties", "allOf", "anyOf", "oneOf", "$ref"),
        *("if", "dependentSchemas", "dependencies"),
    }
)
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
        "color",  # as HTML has it: picked, and not checked
    }
)


def warnings_about(schema: JSONValue) -> tuple[FieldError, ...]:
    """Return what looks like a mistake, each with its place in the schema.

    The schema has passed `check_schema` or `check_value_schema`.
    """
    return tuple(islice(_warnings(schema), MAX_WARNINGS))


def _warnings(schema: JSONValue) -> Iterator[FieldError]:
    dialect = dialect_of(schema)
    references = References(schema)
    for path, part in walk(schema):
        yield from _below(path, _unknown_words(part, dialect))
        yield from _below(path, of_other_dialects(part, dialect))
        for each in (_contradictions, _alone, _undescribed, _never_given, _assent):
            yield from _below(path, each(part))
        yield from _below(path, _unreachable(part, references))
    for misfit in misfits(schema):
        yield FieldError(misfit.path, f"{_what(misfit.path)}: {misfit.message}")


def _below(path: Path, warnings: Iterator[FieldError]) -> Iterator[FieldError]:
    for each in warnings:
        yield FieldError(pointer_to(path) + each.path, each.message)


def _unknown_words(part: JSONObject, dialect: Dialect) -> Iterator[FieldError]:
    for word in part:
        if word not in _KEYWORDS and word not in FOREIGN_WORDS and not word.startswith("x-"):
            near = get_close_matches(word, _KEYWORDS, n=1, cutoff=0.75)
            hint = f" Did you mean “{near[0]}”?" if near else ""
            message = f"There is no JSON Schema keyword “{word}”, so it is ignored.{hint}"
            yield FieldError(pointer_to((word,)), message)
    if isinstance(part.get("enumNames"), list):
        message = (
            "“enumNames” is no keyword of JSON Schema. It is shown here; the standard way is "
            "“oneOf”, with a “const” and a “title” for each."
        )
        yield FieldError("/enumNames", message)
    named = part.get("format")
    if isinstance(named, str) and named not in _FORMATS:
        yield FieldError("/format", f"“{named}” is not a format that is checked here.")
    elif isinstance(named, str) and FORMATS_SINCE.get(named, dialect) > dialect:
        message = f"“{named}” is not a format of {NAMES[dialect]}, so it is not checked."
        yield FieldError("/format", message)


def _contradictions(part: JSONObject) -> Iterator[FieldError]:
    for lowest, highest in _PAIRS:
        low, high = part.get(lowest), part.get(highest)
        if isinstance(low, int | float) and isinstance(high, int | float) and low > high:
            message = f"“{lowest}” is more than “{highest}”, so nothing fits."
            yield FieldError(pointer_to((lowest,)), message)


def _alone(part: JSONObject) -> Iterator[FieldError]:
    """Tell of keywords that mean nothing without another."""
    for word, others in _NEEDED.items():
        if word in part and not others & part.keys():
            names = " or ".join(f"“{other}”" for other in sorted(others, reverse=True))
            yield FieldError(pointer_to((word,)), f"“{word}” means nothing without {names}.")


def _undescribed(part: JSONObject) -> Iterator[FieldError]:
    properties, required = part.get("properties"), part.get("required")
    if not isinstance(properties, dict) or not isinstance(required, list):
        return
    if part.keys() & _MAY_DESCRIBE:
        return
    for index, name in enumerate(required):
        if name not in properties:
            message = f"“{name}” is required, but “properties” says nothing of it."
            yield FieldError(f"/required/{index}", message)


def _never_given(part: JSONObject) -> Iterator[FieldError]:
    types, options = part.get("type"), part.get("enum")
    if not (isinstance(types, list) and isinstance(options, list)):
        return
    if "null" in types and None not in options:
        message = "“type” allows null and this does not list it, so null can never be given."
        yield FieldError("/enum", message)


def _assent(part: JSONObject) -> Iterator[FieldError]:
    is_assent = part.get("const") is True or (
        isinstance(options := part.get("enum"), list) and options == [True] and options[0] is True
    )
    if is_assent and part.get("default") is True:
        message = "What has to be agreed to is agreed to by a person, so this default is not used."
        yield FieldError("/default", message)


def _unreachable(part: JSONObject, references: References) -> Iterator[FieldError]:
    """Tell of properties that another part which applies too, and is closed, does not know."""
    every = part.get("allOf")
    members: list[tuple[Path, JSONValue]] = [((), part)]
    for at, member in enumerate(every if isinstance(every, list) else []):
        members.append((("allOf", at), member))
    objects = [member for _, member in members if isinstance(member, dict)]
    targets = [target for member in objects for target in references.targets(member)]
    if len(members) + len(targets) > _MEMBERS_MAX:
        return
    for closed in filter(_is_closed, (*objects, *targets)):
        for path, member in members:
            if member is closed or not isinstance(member, dict):
                continue
            for name in _names(member) - _names(closed):
                message = f"“{name}” can never be given: another part allows no such field."
                yield FieldError(pointer_to((*path, "properties", name)), message)


def _is_closed(schema: JSONValue) -> bool:
    return (
        isinstance(schema, dict)
        and schema.get("additionalProperties") is False
        and "patternProperties" not in schema
    )


def _names(schema: JSONValue) -> set[str]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return {
        name
        for name, part in (properties.items() if isinstance(properties, dict) else ())
        if part is not False
    }


def _what(pointer: str) -> str:
    """Say what a value of the schema's own is, by its place."""
    *_, before, last = ["", *pointer.split("/")]
    if before == "examples":
        return "This example does not fit"
    if before == "enum":
        return "This option can never be chosen"
    return "The default does not fit" if last == "default" else "The constant does not fit"
