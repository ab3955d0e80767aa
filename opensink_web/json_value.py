"""JSON as people and agents send it: the type, and a parser that takes no doubtful text.

RFC 8259 leaves duplicate keys, lone surrogates, depth and size to the receiver. We refuse the first
two, because two readers would see two different documents, and limit the others.
"""

import json
import re
from typing import Any, TypeAlias

from opensink_web.errors import InvalidInput

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"
JSONObject: TypeAlias = dict[str, JSONValue]

MAX_DEPTH = 64
MAX_INTEGER_DIGITS = 400
MAX_VALUES = 2_000_000
"""The largest bodies could hold 16 million, which a server would look at for a minute."""


def parse(text: bytes | str) -> JSONValue:
    """Read one JSON document, UTF-8.

    Raises: InvalidInput for anything that is not exactly one unambiguous document.
    """
    try:
        string = text.decode("utf-8") if isinstance(text, bytes) else text
        _check_size(string)
        value: JSONValue = json.loads(
            string,
            object_pairs_hook=_unique_keys,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except UnicodeDecodeError:
        raise InvalidInput("The body is not valid UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InvalidInput(
            f"This is not valid JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        ) from None
    except RecursionError:
        raise InvalidInput(_TOO_DEEP) from None
    _check_nesting_and_text(value)
    return value


def dump(value: JSONValue, *, indent: int | None = None) -> str:
    """Write JSON for people and for signing: key order kept, no escapes that are not needed."""
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)


def beginning(value: JSONValue, length: int) -> tuple[str, bool]:
    """Write JSON over several lines, no further than `length`; return whether more was to come."""
    encoder = json.JSONEncoder(ensure_ascii=False, indent=2, separators=(",", ": "))
    parts, written = [], 0
    for part in encoder.iterencode(value):
        parts.append(part)
        written += len(part)
        if written > length:
            break
    return "".join(parts)[:length], written > length


def storable(text: str) -> str:
    """Replace what UTF-8 or PostgreSQL could not keep, for text that is shown and not compared."""
    return _UNSTORABLE.sub("\ufffd", text)


_NOT_BARE = (str, list, dict)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_TOO_DEEP = f"The JSON is nested deeper than {MAX_DEPTH} levels."


_TEXT = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def _check_size(text: str) -> None:
    """Count the signs that each value but the first follows, before anything is made of them."""
    if _separators(text) > MAX_VALUES and _separators(_TEXT.sub("", text)) > MAX_VALUES:
        raise InvalidInput(f"The JSON has more than {MAX_VALUES:,} values.")


def _separators(text: str) -> int:
    return sum(map(text.count, ",[{"))


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise InvalidInput("The JSON has an object in which a key occurs twice.")
    return members


def _no_constant(name: str) -> JSONValue:
    raise InvalidInput(f"{name} is not a JSON number.")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise InvalidInput("The JSON has a number that is too large to be stored.")
    return number


def _integer(text: str) -> int:
    if len(text) > MAX_INTEGER_DIGITS:
        raise InvalidInput("The JSON has a number that is too large to be stored.")
    return int(text)


def _check_nesting_and_text(value: JSONValue) -> None:
    """Walk without recursion: depth, and text that UTF-8 or PostgreSQL could not keep."""
    rest: list[tuple[JSONValue, int]] = [(value, 1)]
    while rest:
        item, depth = rest.pop()
        if isinstance(item, str):
            _check_text(item)
        elif isinstance(item, dict | list):
            if depth > MAX_DEPTH:
                raise InvalidInput(_TOO_DEEP)
            if isinstance(item, dict):
                for key in item:
                    _check_text(key)
            children = item.values() if isinstance(item, dict) else item
            rest += [(each, depth + 1) for each in children if isinstance(each, _NOT_BARE)]


def _check_text(text: str) -> None:
    if "\0" in text:
        raise InvalidInput("The JSON has a string that contains a NUL character.")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidInput("The JSON has a string that contains half a surrogate pair.")
