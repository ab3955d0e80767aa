"""The values that somebody may choose from: the booleans, an enum, a union of constants."""

from collections import Counter
from dataclasses import dataclass, replace

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.lookalike import shared, skeleton, spelled
from opensink_web.schema.secrets import Secrets
from opensink_web.schema.tree.flattening import Flat
from opensink_web.schema.tree.merging import DESCRIPTIONS, TITLES, NotPlain

MAX_OPTIONS = 1_000


@dataclass(frozen=True, slots=True)
class Option:
    """One value to choose, of any JSON type; `is_named` by a title, not by the value itself."""

    value: JSONValue
    label: str
    description: str = ""
    is_named: bool = True


def options_of(
    flat: Flat, secrets: Secrets, *, is_required: bool = True
) -> tuple[Option, ...] | None:
    """Return the options of a plain schema, None where it leaves more than a choice, or none.

    A constant is a choice where it may be left out; so is any boolean, which a person has to give.
    Raises: NotPlain for more than can be listed.
    """
    options = _options(flat.keywords, flat, is_required=is_required)
    if options is None:
        return None
    if len(options) > MAX_OPTIONS:
        raise NotPlain
    options = list({dump(option.value): option for option in options}.values())
    if secrets.is_secret:
        return _numbered(options)
    shown = [_without_secrets(option, secrets) for option in options]
    return _distinct(options) if shown == options else _numbered(shown)


def _without_secrets(option: Option, secrets: Secrets) -> Option:
    """Name an option without the secrets in it, as far as it has no title."""
    if option.label != written(option.value) or not any(secrets.paths_in(option.value)):
        return option
    return replace(option, label=written(secrets.hide(option.value)), is_named=True)


def _options(words: JSONObject, flat: Flat, *, is_required: bool) -> list[Option] | None:
    if "const" in words:
        may_be_left = flat.nullable or not is_required or isinstance(words["const"], bool)
        if not may_be_left or words.get("readOnly") is True:
            return None
        return [_constant({"const": words["const"]})]  # title and description are the field's own
    if isinstance(words.get("enum"), list):
        return _enum(words)
    if flat.branches and all(
        {"const", "enum"} & branch.keywords.keys() for branch in flat.branches
    ):
        return [
            option
            for keywords in (branch.keywords for branch in flat.branches)
            for option in ([_constant(keywords)] if "const" in keywords else _enum(keywords))
        ]
    if words.get("type") == "boolean":
        return [Option(value=True, label="Yes"), Option(value=False, label="No")]
    return None


def _constant(words: JSONObject) -> Option:
    value, title = words["const"], words.get("title")
    is_named = bool(title) or value is None or isinstance(value, bool)
    return Option(value, str(title or written(value)), str(words.get("description", "")), is_named)


def _enum(words: JSONObject) -> list[Option]:
    """List an enum: where it leaves a choice, its values are there to be read."""
    values = words.get("enum")
    listed = values if isinstance(values, list) else []
    is_choice = len(listed) > 1
    titles, descriptions = (_mapping(words.get(name)) for name in (TITLES, DESCRIPTIONS))
    return [
        Option(
            value,
            str(titles.get(dump(value)) or written(value)),
            str(descriptions.get(dump(value), "")),
            is_named=is_choice or dump(value) in titles,
        )
        for value in listed
    ]


def label_of(options: tuple[Option, ...], value: JSONValue) -> str | None:
    """Return the label of the option that a value is, None where it is none of them."""
    position = position_of(options, value)
    return None if position is None else options[position].label


def position_of(options: tuple[Option, ...], value: JSONValue) -> int | None:
    """Return which option a value is: written the same, or an equal number as 1.0 is 1."""
    written = dump(value)
    for position, option in enumerate(options):
        if dump(option.value) == written:
            return position
    equal = (at for at, option in enumerate(options) if _is_equal(option.value, value))
    return next(equal, None)


def _is_equal(one: JSONValue, other: JSONValue) -> bool:
    """Return True if JSON Schema calls two values equal; to Python true is 1, too."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_equal(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_is_equal, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and one == other


def _mapping(value: JSONValue) -> JSONObject:
    return value if isinstance(value, dict) else {}


def written(value: JSONValue) -> str:
    """Write a value for people who choose it."""
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
