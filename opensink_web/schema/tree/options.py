"""The values that somebody may choose from: the booleans, an enum, a union of constants."""

from collections import Counter
from dataclasses import dataclass, replace

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.lookalike import shared, skeleton, spelled
from opensink_web.schema.tree.flattening import Flat
from opensink_web.schema.tree.merging import NotPlain

MAX_OPTIONS = 1_000


@dataclass(frozen=True, slots=True)
class Option:
    """One value to choose, of any JSON type; `is_named` by a title, not by the value itself."""

    value: JSONValue
    label: str
    description: str = ""
    is_named: bool = True


def options_of(flat: Flat, *, is_secret: bool) -> tuple[Option, ...] | None:
    """Return the options of a plain schema, None where it leaves more than a choice.

    Raises: NotPlain for more than can be listed.
    """
    options = _options(flat.keywords, flat)
    if options is None:
        return None
    if len(options) > MAX_OPTIONS:
        raise NotPlain
    options = list({dump(option.value): option for option in options}.values())
    return _numbered(options) if is_secret else _distinct(options)


def _options(words: JSONObject, flat: Flat) -> list[Option] | None:
    if "const" in words:
        return [_constant(words)] if flat.nullable else None
    if isinstance(words.get("enum"), list):
        return _enum(words)
    if words.get("type") == "boolean":
        return [Option(value=True, label="Yes"), Option(value=False, label="No")]
    if flat.branches and all(
        {"const", "enum"} & branch.keywords.keys() for branch in flat.branches
    ):
        return [
            option
            for keywords in (branch.keywords for branch in flat.branches)
            for option in ([_constant(keywords)] if "const" in keywords else _enum(keywords))
        ]
    return None


def _constant(words: JSONObject) -> Option:
    value, title = words["const"], words.get("title")
    is_named = bool(title) or value is None or isinstance(value, bool)
    return Option(
        value, str(title or _label_of(value)), str(words.get("description", "")), is_named
    )


def _enum(words: JSONObject) -> list[Option]:
    """List an enum: where it leaves a choice, its values are there to be read."""
    values = words.get("enum")
    listed = values if isinstance(values, list) else []
    is_choice = len(listed) > 1
    return [Option(value, _label_of(value), is_named=is_choice) for value in listed]


def _label_of(value: JSONValue) -> str:
    if isinstance(value, str):
        return value or "(empty text)"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return "None" if value is None else dump(value)


def _distinct(options: list[Option]) -> tuple[Option, ...]:
    """Write equal labels of different values as JSON, so that "1" and 1 can be told apart.

    Where two only look equal, the letters that make the difference are spelled out.
    """
    used = Counter(option.label for option in options)
    looks = shared(used)
    as_json = [
        replace(one, label=dump(one.value)) if used[one.label] > 1 else one for one in options
    ]
    return tuple(
        replace(one, label=spelled(one.label)) if skeleton(one.label) in looks else one
        for one in as_json
    )


def _numbered(options: list[Option]) -> tuple[Option, ...]:
    """Number those secret options that only their value would name, or tell apart."""
    used = Counter(option.label for option in options)
    return tuple(
        replace(one, label=f"{one.label if one.is_named else 'Secret value'} {number}")
        if not one.is_named or used[one.label] > 1
        else one
        for number, one in enumerate(options, 1)
    )
