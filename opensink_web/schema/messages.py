"""A failed keyword as a sentence for people, at the value it is about.

Limits of the schema are named; values of the answer never are, since messages are logged and sent.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from jsonschema_rs import ValidationError
from jsonschema_rs import ValidationErrorKind as Kind

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONValue
from opensink_web.schema.subschemas import Path, pointer_to

_CANDIDATES_MAX = 100
REQUIRED = "This field is required."
_NO_SUCH_FIELD = "The schema has no field with this name."
_NO_SUCH_NAME = "A field cannot have this name."
UNEXPECTED_KEY = frozenset({_NO_SUCH_FIELD, _NO_SUCH_NAME})
"""What is said of a key that an object may not have, whatever its value."""
_UNION_NONE = "This does not match any of the forms the schema allows here."
_UNION_SEVERAL = (
    "This matches more than one of the forms the schema allows here; it must match exactly one."
)
_PATTERN = "This must match the pattern "
_EXACTLY = "This must be exactly "
_WRONG = "This is not what the schema allows here."

_TYPES = {
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "empty (null)",
}
_FORMATS = {
    "date": "a date, such as 2026-01-31",
    "time": "a time with its offset, such as 14:30:00Z",
    "date-time": "a date and time with an offset, such as 2026-01-31T14:30:00Z",
    "duration": "a duration, such as P3DT4H",
    "email": "an e-mail address, such as name@example.com",
    "idn-email": "an e-mail address, such as name@example.com",
    "uri": "a full address, such as https://example.com/page",
    "iri": "a full address, such as https://example.com/page",
    "uri-reference": "an address or a part of one, such as /page",
    "iri-reference": "an address or a part of one, such as /page",
    "uri-template": "a template of an address, such as /users/{id}",
    "json-pointer": "a JSON Pointer, such as /items/0",
    "relative-json-pointer": "a relative JSON Pointer, such as 1/items",
    "hostname": "a host name, such as example.com",
    "idn-hostname": "a host name, such as example.com",
    "ipv4": "an IPv4 address, such as 192.0.2.1",
    "ipv6": "an IPv6 address, such as 2001:db8::1",
    "uuid": "a UUID, such as 123e4567-e89b-12d3-a456-426614174000",
    "regex": "a regular expression",
}
# What looks right to whoever typed it, and is refused for letters such as é alone (RFC 3986, 5321).
_ENCODED = (
    "This address may have no letters such as é. Write them percent-encoded, as in "
    "https://example.com/caf%C3%A9."
)
_ASCII_FORMATS = {
    "uri": _ENCODED,
    "uri-reference": _ENCODED,
    "email": "This e-mail address may have no letters such as é.",
    "hostname": "This name may have no letters such as é. Write xn--caf-dma.com for café.com.",
}


def errors_of(
    error: ValidationError, answer: JSONValue, patterns: Mapping[str, str]
) -> Iterator[FieldError]:
    """Yield what one failed keyword has to say of an answer: one entry a value it is about.

    `patterns` are those that were translated, as they stand in the schema.
    """
    path = _path_in(answer, error)
    match error.kind:
        case Kind.Required(property=name):
            yield FieldError(pointer_to((*path, name)), REQUIRED)
        case (
            Kind.AdditionalProperties(unexpected=names)
            | Kind.UnevaluatedProperties(unexpected=names)
        ):
            yield from _at_each(path, names, _NO_SUCH_FIELD)
        case Kind.UnevaluatedItems(unexpected=indexes):
            yield from _at_each(path, indexes, "The schema has no place for this entry.")
        case Kind.PropertyNames(error=inner):
            yield from _at_each(path, [str(inner.instance)], _NO_SUCH_NAME)
        case Kind.AnyOf(context=branches) | Kind.OneOfNotValid(context=branches):
            yield from _of_union(path, tuple(error.instance_path), branches, answer, patterns)
        case Kind.Pattern(pattern=pattern):
            sentence = f"{_PATTERN}{_shown(patterns.get(pattern, pattern))}"
            yield FieldError(pointer_to(path), sentence)
        case kind:
            yield FieldError(pointer_to(path), _sentence(kind, error.instance))


def is_constant_named(message: str) -> bool:
    """Return True if a message repeats a constant of the schema, which may be a secret."""
    return message.startswith(_EXACTLY)


def _at_each(path: Path, steps: list[str] | list[int], message: str) -> Iterator[FieldError]:
    for step in steps:
        yield FieldError(pointer_to((*path, step)), message)


def _path_in(answer: JSONValue, error: ValidationError) -> Path:
    """Return where the value of an error stands; the engine leaves the key "" out of its paths."""
    steps = tuple(error.instance_path)
    candidates = islice(_paths(answer, steps), _CANDIDATES_MAX)
    return next((path for path, value in candidates if value == error.instance), steps)


def _paths(value: JSONValue, steps: Path) -> Iterator[tuple[Path, JSONValue]]:
    """Yield every path that has these steps and perhaps empty keys between, with its value."""
    if not steps:
        yield (), value
    elif isinstance(value, dict) and steps[0] in value:
        for path, part in _paths(value[str(steps[0])], steps[1:]):
            yield (steps[0], *path), part
    elif isinstance(value, list) and isinstance(steps[0], int) and steps[0] < len(value):
        for path, part in _paths(value[steps[0]], steps[1:]):
            yield (steps[0], *path), part
    if isinstance(value, dict) and "" in value:
        for path, part in _paths(value[""], steps):
            yield ("", *path), part


def _of_union(
    path: Path,
    steps: Path,
    branches: list[list[ValidationError]],
    answer: JSONValue,
    patterns: Mapping[str, str],
) -> Iterator[FieldError]:
    """Speak of the one branch that was meant, where that can be told."""
    meant = [branch for branch in branches if not _is_of_another_type(steps, branch)]
    if len(meant) > 1:
        meant = [branch for branch in meant if not _is_marked_otherwise(steps, branch)] or meant
    if len(meant) == 1:
        for error in meant[0]:
            yield from errors_of(error, answer, patterns)
    elif not meant:
        yield FieldError(pointer_to(path), _type_sentence(_types_of(steps, branches)))
    else:
        yield FieldError(pointer_to(path), _UNION_NONE)


def _is_of_another_type(path: Path, branch: list[ValidationError]) -> bool:
    return any(
        isinstance(error.kind, Kind.Type) and tuple(error.instance_path) == path for error in branch
    )


def _is_marked_otherwise(path: Path, branch: list[ValidationError]) -> bool:
    """Return True if a constant, such as a discriminator, says that another branch was meant."""
    return any(
        isinstance(error.kind, Kind.Constant | Kind.Enum)
        and len(error.instance_path) <= len(path) + 1
        for error in branch
    )


def _types_of(path: Path, branches: list[list[ValidationError]]) -> list[str]:
    return [
        name
        for branch in branches
        for error in branch
        if isinstance(error.kind, Kind.Type) and tuple(error.instance_path) == path
        for name in error.kind.types
    ]


def _type_sentence(types: list[str]) -> str:
    names = list(dict.fromkeys(_TYPES[name] for name in types))
    if len(names) < 2:
        return f"This must be {''.join(names)}."
    return f"This must be {', '.join(names[:-1])} or {names[-1]}."


def _sentence(kind: Kind, instance: object) -> str:
    match kind:
        case Kind.Type(types=types):
            return _type_sentence(types)
        case Kind.Format(format=name):
            if name in _ASCII_FORMATS and isinstance(instance, str) and not instance.isascii():
                return _ASCII_FORMATS[name]
            return _of_address(name, str(instance)) or (
                f"This must be {_FORMATS.get(name, f'in the format “{name}”')}."
            )
        case Kind.OneOfMultipleValid():
            return _UNION_SEVERAL
        case Kind.Constant(expected_value=value):
            return f"{_EXACTLY}{_shown(value)}."
        case Kind.Enum():
            return "This must be one of the options."
        case _:
            return _of_limit(kind)


def _of_address(name: str, text: str) -> str:
    """Say what keeps a text from being an address, nothing when it is none at all."""
    if name not in {"uri", "iri"}:
        return ""
    if re.search(r"\s", text):
        return "This address cannot have spaces. Write a space as %20."
    if not re.match("[A-Za-z][A-Za-z0-9+.-]*:", text):
        return "This must begin with a scheme, such as https:// in https://example.com/page."
    return ""


_LIMITS: dict[str, Callable[[str], str]] = {
    "minimum": lambda limit: f"This must be {limit} or more.",
    "maximum": lambda limit: f"This must be {limit} or less.",
    "exclusiveMinimum": lambda limit: f"This must be more than {limit}.",
    "exclusiveMaximum": lambda limit: f"This must be less than {limit}.",
    "minLength": lambda limit: f"This must have at least {_counted(limit, 'character')}.",
    "maxLength": lambda limit: f"This must have at most {_counted(limit, 'character')}.",
    "minItems": lambda limit: f"This needs at least {_counted(limit, 'entry')}.",
    "maxItems": lambda limit: f"This takes at most {_counted(limit, 'entry')}.",
    "additionalItems": lambda limit: f"This takes at most {_counted(limit, 'entry')}.",
    "minProperties": lambda limit: f"This needs at least {_counted(limit, 'field')}.",
    "maxProperties": lambda limit: f"This takes at most {_counted(limit, 'field')}.",
    "multipleOf": lambda limit: f"This must be a multiple of {limit}.",
}
_PLAIN = {
    "uniqueItems": "Each entry must be different.",
    "contains": "An entry that the schema requires is missing, or occurs too often.",
    "not": "The schema does not allow this.",
    "falseSchema": "The schema allows nothing here.",
    "contentEncoding": "This is not encoded as the schema requires.",
    "contentMediaType": "This is not of the media type the schema requires.",
}


def _of_limit(kind: Kind) -> str:
    if kind.name in _LIMITS:
        return _LIMITS[kind.name](_shown(kind.value))
    return _PLAIN.get(kind.name, _WRONG)


def _counted(limit: str, noun: str) -> str:
    plural = "entries" if noun == "entry" else f"{noun}s"
    return f"{limit} {noun if limit == '1' else plural}"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:119] + "…"
