"""What of a question's schema has to stay the same for a standing approval to hold: its shape.

Left out is what the schema proposes, for that stands in the answer and is held against the
condition: constants and defaults of what is answered, wherever they are written, also in a
definition. What is in the schema and not in the answer nobody compares otherwise: a constant that
is one of several choices or is tested for, a default of what was left out. It is part of the shape.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeAlias

from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.dialects import dialect_of
from opensink_web.schema.edits import differs
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import HOLDER_KEYWORDS, IN_PLACE_KEYWORDS, children

MAX_VISITS = 100_000
"""So many parts are held against an answer; of more nothing is left out, and a person decides."""
_MEMBERS = frozenset({"properties", "prefixItems", "items"})
"""By way of these, and of what applies in place and is no choice, a constant is proposed."""


class _Place(Enum):
    """What stands at a place where no value is held against the schema."""

    ANY = "any"
    """Something, or nothing: what is asked is an instance, and no value of the schema's own."""
    NOTHING = "nothing"


_Held: TypeAlias = "JSONValue | _Place"


def shape_of(schema: JSONValue, answer: JSONObject | None = None) -> str:
    """Return a digest of a question's schema without what it proposes in an answer that says yes.

    Without an answer it is a schema that proposes nothing, because an instance came with it. Those
    with other words, limits or choices have other digests. The order of keys says nothing.
    """
    own = parse(dump(schema))  # so that each part is an object of its own
    reach = _Reach(own, is_exact=answer is None)
    reach.go(own, _Place.ANY if answer is None else answer)
    text = json.dumps(
        reach.without_proposals(own), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


class _Reach:
    """Which parts of a schema are about values of an answer, and what they propose there.

    Those in `_absent` are, or are also, about what is not in the answer. Those in `_not_constant`
    are, or are also, about another value than their constant, or choose or test by it.
    """

    def __init__(self, root: JSONValue, *, is_exact: bool) -> None:
        self._is_exact = is_exact
        self._references = References(root)
        self._has_lone_references = dialect_of(root).has_lone_references
        self._reached: set[int] = set()
        self._absent: set[int] = set()
        self._not_constant: set[int] = set()
        self._visits_left = MAX_VISITS

    def go(self, root: JSONValue, answer: _Held) -> None:
        """Walk through the schema and the answer together."""
        rest: list[tuple[JSONValue, _Held, bool]] = [(root, answer, True)]
        seen: set[tuple[int, int, bool]] = set()
        while rest and self._visits_left >= 0:
            schema, value, is_proposed = rest.pop()
            key = (id(schema), id(value), is_proposed)
            if not isinstance(schema, dict) or key in seen:
                continue
            seen.add(key)
            self._visits_left -= 1
            self._reached.add(id(schema))
            if value is _Place.NOTHING:
                self._absent.add(id(schema))
            if not (is_proposed and _is_constant_of(schema, value)):
                self._not_constant.add(id(schema))
            rest.extend((each, value, is_proposed) for each in self._references.targets(schema))
            is_alone = self._has_lone_references and "$ref" in schema
            rest.extend(_below(schema, value, is_proposed=is_proposed and not is_alone))

    def without_proposals(self, schema: JSONValue) -> JSONValue:
        """Return a part of the schema as it goes into the digest."""
        if not isinstance(schema, dict):
            return schema
        kept = {word: value for word, value in schema.items() if word != "examples"}
        is_whole = self._visits_left >= 0 and id(schema) in self._reached
        if is_whole and id(schema) not in self._not_constant:
            kept.pop("const", None)
            if _only_option(schema):
                kept["enum"] = []
        if self._is_exact or (is_whole and id(schema) not in self._absent):
            kept.pop("default", None)
        below: dict[str, dict[str | int, JSONValue]] = {}
        for (keyword, *step), child in children(kept):
            inner = self.without_proposals(child)
            if step:
                below.setdefault(str(keyword), {})[step[0]] = inner
            else:
                kept[str(keyword)] = inner
        for keyword, changed in below.items():
            kept[keyword] = _with(kept[keyword], changed)
        return kept


def _below(
    schema: JSONObject, value: _Held, *, is_proposed: bool
) -> Iterator[tuple[JSONValue, _Held, bool]]:
    """Yield the parts of a schema, each with what it is about, and whether it proposes that."""
    only = _only_choice(schema, value)
    for (keyword, *step), child in children(schema):
        if keyword in HOLDER_KEYWORDS:
            continue
        if keyword in IN_PLACE_KEYWORDS:
            yield child, value, is_proposed and (keyword == "allOf" or child is only)
            continue
        is_member = keyword in _MEMBERS
        for inner in _values_below(schema, str(keyword), step[0] if step else None, value):
            yield child, inner, is_proposed and is_member


def _values_below(
    schema: JSONObject, keyword: str, step: str | int | None, value: _Held
) -> list[_Held]:
    """Return what in a value a part of its schema is about."""
    if isinstance(value, _Place):
        return [value]
    values: list[JSONValue] = []
    match keyword:
        case "properties":
            values = [value[str(step)]] if isinstance(value, dict) and step in value else []
        case "prefixItems" | "items" if isinstance(step, int):
            values = value[step : step + 1] if isinstance(value, list) else []
        case "items" | "additionalItems" | "unevaluatedItems" | "contains":
            prefix = schema.get("prefixItems")
            first = len(prefix) if keyword == "items" and isinstance(prefix, list) else 0
            values = value[first:] if isinstance(value, list) else []
        case "additionalProperties" | "unevaluatedProperties" | "patternProperties":
            named = schema.get("properties")
            names = named if isinstance(named, dict) else {}
            members = value.items() if isinstance(value, dict) else ()
            values = [each for key, each in members if key not in names]
        case _:  # the names of keys, and what is in a text
            return [_Place.ANY]
    return [*values] or [_Place.NOTHING]


def _only_choice(schema: JSONObject, value: _Held) -> JSONValue:
    """Return the choice that there is besides null, as in what Python's authors call optional."""
    if value is None or value is _Place.NOTHING:
        return None
    for keyword in ("anyOf", "oneOf"):
        choices = schema.get(keyword)
        if isinstance(choices, list):
            others = [each for each in choices if not _is_null(each)]
            if len(others) == 1 and len(choices) == 2:
                return others[0]
    return None


def _is_null(schema: JSONValue) -> bool:
    return isinstance(schema, dict) and (
        schema.get("type") == "null" or ("const" in schema and schema["const"] is None)
    )


def _is_constant_of(schema: JSONObject, value: _Held) -> bool:
    """Return True unless a constant of the schema is another than what is answered."""
    if isinstance(value, _Place):
        return value is _Place.ANY
    constants = [schema["const"]] if "const" in schema else []
    constants += _only_option(schema)
    return not any(differs(each, value, is_exact=True) for each in constants)


def _only_option(schema: JSONObject) -> list[JSONValue]:
    """Return what is as good as a constant, and often written beside one."""
    options = schema.get("enum")
    return options if isinstance(options, list) and len(options) == 1 else []


def _with(within: JSONValue, changed: Mapping[str | int, JSONValue]) -> JSONValue:
    if isinstance(within, dict):
        return {key: changed.get(key, each) for key, each in within.items()}
    if isinstance(within, list):
        return [changed.get(index, each) for index, each in enumerate(within)]
    return within
