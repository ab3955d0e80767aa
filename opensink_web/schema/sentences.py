"""What one failed keyword says of one value, as a sentence.

Limits of the schema are named; values of the answer never are, since messages are logged and sent.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from jsonschema_rs import ValidationErrorKind as Kind

from opensink_web.schema.patterns import name_of

REQUIRED = "This field is required."
_PATTERN = "This must match the pattern "
_EXACTLY = "This must be exactly "
_ONE_OF = "This must be one of: "
OPTIONS = "This must be one of the options."
_WRONG = "This is not what the schema allows here."
_OPTIONS_MAX = 20

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


def names_constants(message: str) -> bool:
    """Return True if a message repeats constants of the schema, which may be secrets."""
    return message.startswith((_EXACTLY, _ONE_OF))


def listed(words: Sequence[str], conjunction: str) -> str:
    """Write words one after the other: a, b and c."""
    *others, last = dict.fromkeys(words)
    return f"{', '.join(others)} {conjunction} {last}" if others else last


def one_of(values: Sequence[object]) -> str:
    """Say which values there are to choose from."""
    texts = list(dict.fromkeys(map(shown, values)))
    more = ", …" if len(texts) > _OPTIONS_MAX else ""
    return f"{_ONE_OF}{', '.join(texts[:_OPTIONS_MAX])}{more}."


def type_words(types: Sequence[str]) -> str:
    """Write the names of types as people call them."""
    return listed([_TYPES.get(name, name) for name in types], "or")


def type_sentence(types: Sequence[str], *, start: str = "This must be") -> str:
    """Say which types there are to choose from."""
    return f"{start} {type_words(types)}."


def sentence(kind: Kind, instance: object, patterns: Mapping[str, str]) -> str:
    """Say what a keyword asks for; `patterns` are those that were translated, as they were."""
    match kind:
        case Kind.Constant() | Kind.Enum() if instance is None:
            return REQUIRED
        case Kind.Type(types=types):
            return type_sentence(types)
        case Kind.Pattern(pattern=pattern):
            return f"{_PATTERN}{shown(patterns.get(pattern, pattern))}"
        case Kind.Not(schema=schema) if (name := name_of(schema)) in patterns:
            return f"{_PATTERN}{shown(patterns[str(name)])}"
        case Kind.Format(format=name):
            if name in _ASCII_FORMATS and isinstance(instance, str) and not instance.isascii():
                return _ASCII_FORMATS[name]
            return _of_address(name, str(instance)) or (
                f"This must be {_FORMATS.get(name, f'in the format “{name}”')}."
            )
        case Kind.Constant(expected_value=value):
            return f"{_EXACTLY}{shown(value)}."
        case Kind.Enum():
            return OPTIONS
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
    "minLength": lambda limit: f"This must have at least {counted(limit, 'character')}.",
    "maxLength": lambda limit: f"This must have at most {counted(limit, 'character')}.",
    "minItems": lambda limit: f"This needs at least {counted(limit, 'entry')}.",
    "maxItems": lambda limit: f"This takes at most {counted(limit, 'entry')}.",
    "additionalItems": lambda limit: f"This takes at most {counted(limit, 'entry')}.",
    "minProperties": lambda limit: f"This needs at least {counted(limit, 'field')}.",
    "maxProperties": lambda limit: f"This takes at most {counted(limit, 'field')}.",
    "multipleOf": lambda limit: f"This must be a multiple of {limit}.",
}
_PLAIN = {
    "uniqueItems": "Each entry must be different.",
    "contentEncoding": "This is not encoded as the schema requires.",
    "contentMediaType": "This is not of the media type the schema requires.",
}


def _of_limit(kind: Kind) -> str:
    if kind.name in _LIMITS:
        return _LIMITS[kind.name](shown(kind.value))
    return _PLAIN.get(kind.name, _WRONG)


def counted(limit: str, noun: str) -> str:
    """Write a number of things."""
    plural = "entries" if noun == "entry" else f"{noun}s"
    return f"{limit} {noun if limit == '1' else plural}"


def shown(value: object) -> str:
    """Write a value of a schema, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 120 else text[:119] + "…"
