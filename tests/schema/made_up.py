"""Schemas of all constructs made up by Hypothesis, each with answers that fit it.

A strategy draws a `Made`: a schema, and a strategy of the values that fit it. Every text that is
secret has MARKER in it, and no other has.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from hypothesis import strategies as st

from opensink_web.json_value import JSONObject, JSONValue, dump
from tests.schema.secret_cases import MARKER

Values: TypeAlias = st.SearchStrategy[Any]
Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]
KEYS = st.one_of(
    st.sampled_from(["a", "b", "c", "note", "limit_price", "isReady", "kind", "type", "name"]),
    st.text("abä_-/~ ", min_size=1, max_size=4),
)
LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.one_of(st.text("ab1 é🚀", max_size=6), st.text(LETTERS, max_size=6))
INTEGERS = st.one_of(st.integers(-5, 20), st.integers(-(10**25), 10**25))
FLOATS = st.one_of(
    st.sampled_from([0.0, 1.0, -0.5, 1e3, 1.15, 1e-7, 2.5e30]),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)
NUMBERS = st.one_of(INTEGERS, FLOATS)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=5,
)
FORMATS = {
    "date": ["2026-02-28", "1999-12-31"],
    "time": ["14:30:00Z", "23:59:59.25+01:00"],
    "date-time": ["2026-01-31T14:30:05.123-05:00", "2026-01-31T14:30:00Z"],
    "email": ["a.b+c@example.org"],
    "uri": ["https://example.org/a?b#c", "urn:isbn:0451450523"],
    "uuid": ["123e4567-e89b-12d3-a456-426614174000"],
    "ipv4": ["192.0.2.1"],
    "color": ["#1f6feb"],
}


@dataclass(frozen=True)
class Made:
    """A schema, and what fits it; `kinds` are the types that its values have."""

    schema: Any
    values: Values
    kinds: frozenset[str]
    is_secret: bool = False


@st.composite
def texts(draw: Draw) -> Made:
    """A plain text, of a length, a format, a pattern, long or secret."""
    kind = draw(st.sampled_from(["plain", "length", "format", "pattern", "long", "secret"]))
    schema: JSONObject = {"type": "string"}
    values: Values = TEXTS
    if kind == "length":
        low = draw(st.integers(0, 3))
        schema |= {"minLength": low, "maxLength": low + 3}
        values = st.text("ab🚀é", min_size=low, max_size=low + 3)
    elif kind == "format":
        name = draw(st.sampled_from(sorted(FORMATS)))
        schema["format"], values = name, st.sampled_from(FORMATS[name])
    elif kind == "pattern":
        schema["pattern"], values = "^[A-Z]{2}-[0-9]+$", st.sampled_from(["AB-1", "ZZ-99"])
    elif kind == "long":
        schema["maxLength"], values = 3000, st.text("ab\n ", max_size=12)
    elif kind == "secret":
        schema |= draw(st.sampled_from([{"writeOnly": True}, {"format": "password"}]))
        values = st.sampled_from([MARKER, f"{MARKER} 2"])
    return Made(schema, values, frozenset({"string"}), kind == "secret")


@st.composite
def numbers(draw: Draw) -> Made:
    """A number or a whole number, within limits."""
    kind = draw(st.sampled_from(["number", "integer"]))
    schema: JSONObject = {"type": kind}
    values: Values = INTEGERS if kind == "integer" else NUMBERS
    limits = draw(st.sampled_from(["none", "range", "exclusive", "multiple"]))
    if limits == "range":
        schema |= {"minimum": -2, "maximum": 7}
        values = (
            st.integers(-2, 7)
            if kind == "integer"
            else st.one_of(st.integers(-2, 7), st.floats(-2, 7, width=16))
        )
    elif limits == "exclusive":
        schema |= {"exclusiveMinimum": 0}
        values = st.integers(1, 99)
    elif limits == "multiple":
        step = draw(st.sampled_from([5, 2] if kind == "integer" else [0.01, 0.25, 5]))
        schema["multipleOf"] = step
        values = st.integers(-9, 9).map(lambda count: round(count * step, 2))
    return Made(schema, values, frozenset({"number"}))


@st.composite
def choices(draw: Draw) -> Made:
    """Yes or no, an enum, titled constants, one constant, null, a box to tick."""
    kind = draw(st.sampled_from(["boolean", "enum", "titled", "const", "null", "consent", "names"]))
    if kind == "boolean":
        return Made({"type": "boolean"}, st.booleans(), frozenset({"boolean"}))
    if kind == "null":
        return Made({"type": "null"}, st.none(), frozenset({"null"}))
    if kind == "consent":
        return Made({"type": "boolean", "const": True}, st.just(True), frozenset({"boolean"}))
    if kind == "const":
        value = draw(st.one_of(SCALARS, ANYTHING))
        return Made({"const": value}, st.just(value), frozenset({type_of(value)}))
    few = st.lists(SCALARS if kind == "enum" else TEXTS, min_size=1, max_size=7, unique_by=dump)
    options = draw(few)
    kinds = frozenset(map(type_of, options))
    schema: JSONObject = {"enum": options}
    if kind == "titled":
        schema = {"oneOf": [{"const": v, "title": f"Option {n}"} for n, v in enumerate(options)]}
    elif kind == "names":
        schema["enumNames"] = [f"Name {n}" for n, _ in enumerate(options)]
    return Made(schema, st.sampled_from(options), kinds)


def type_of(value: JSONValue) -> str:
    """Return the JSON type of a value, a whole number being a number."""
    names = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return "null" if value is None else names.get(type(value), "object")


LEAVES = st.one_of(texts(), numbers(), choices())


@st.composite
def lists(draw: Draw, inner: st.SearchStrategy[Made]) -> Made:
    """A list of one thing, or of one thing after the other."""
    kinds = frozenset({"array"})
    if draw(st.integers(0, 3)) == 0:
        parts = draw(st.lists(inner, min_size=1, max_size=3))
        schema: JSONObject = {
            "type": "array",
            "prefixItems": [each.schema for each in parts],
            "items": False,
            "minItems": len(parts),
        }
        values = st.tuples(*(each.values for each in parts)).map(list)
        return Made(schema, values, kinds)
    item = draw(inner)
    schema = {"type": "array", "items": item.schema}
    low = draw(st.sampled_from([0, 0, 1, 2]))
    if low:
        schema["minItems"] = low
    return Made(schema, st.lists(item.values, min_size=low, max_size=3), kinds)


@st.composite
def maps(draw: Draw, inner: st.SearchStrategy[Made]) -> Made:
    """Keys that nobody named."""
    item = draw(inner)
    if draw(st.booleans()):
        schema: JSONObject = {"type": "object", "additionalProperties": item.schema}
        keys: Values = KEYS
    else:
        schema = {
            "type": "object",
            "patternProperties": {"^x-": item.schema},
            "additionalProperties": False,
        }
        keys = st.sampled_from(["x-a", "x-b", "x-"])
    return Made(schema, st.dictionaries(keys, item.values, max_size=3), frozenset({"object"}))


@st.composite
def objects(draw: Draw, inner: st.SearchStrategy[Made]) -> Made:
    """Named keys, some required, some with defaults."""
    parts: dict[str, Made] = draw(st.dictionaries(KEYS, inner, min_size=1, max_size=4))
    required = [key for key in parts if draw(st.booleans())]
    properties = {key: draw(annotated(each)) for key, each in parts.items()}
    schema: JSONObject = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    if draw(st.booleans()):
        schema["additionalProperties"] = False
    values = st.fixed_dictionaries(
        {key: parts[key].values for key in required},
        optional={key: each.values for key, each in parts.items() if key not in required},
    )
    return Made(schema, values, frozenset({"object"}))


@st.composite
def annotated(draw: Draw, made: Made) -> Any:
    """The schema with words beside it: a title, a default that fits or does not."""
    schema = made.schema
    roll = draw(st.integers(0, 5))
    if roll == 0:
        return {**schema, "default": draw(made.values)}
    if roll == 1:
        return {**schema, "title": draw(st.sampled_from(["Title", "A longer title"]))}
    if roll == 2 and not made.is_secret:
        return {**schema, "default": draw(st.sampled_from([None, "", "no such", 0, [], {}]))}
    return schema


@st.composite
def conditional(draw: Draw, inner: st.SearchStrategy[Made]) -> Made:
    """A key that is asked for only when another has a certain value."""
    more = draw(inner)
    when: Any = {"properties": {"decision": {"const": "no"}}, "required": ["decision"]}
    then: Any = {"properties": {"reason": more.schema}, "required": ["reason"]}
    base: JSONObject = {
        "type": "object",
        "properties": {"decision": {"enum": ["yes", "no"]}},
        "required": ["decision"],
    }
    yes, no = (
        st.just({"decision": "yes"}),
        more.values.map(lambda v: {"decision": "no", "reason": v}),
    )
    kind = draw(st.sampled_from(["then", "else", "allOf", "dependent"]))
    if kind == "then":
        base |= {"if": when, "then": then}
    elif kind == "else":
        otherwise: Any = {"properties": {"decision": {"const": "yes"}}}
        base |= {"if": otherwise, "else": then}
    elif kind == "allOf":
        base["allOf"] = [{"if": when, "then": then}]
    else:
        base = {
            "type": "object",
            "properties": {"card": {"type": "string"}},
            "dependentSchemas": {"card": then},
        }
        yes, no = st.just({}), more.values.map(lambda v: {"card": "1", "reason": v})
    return Made(base, st.one_of(yes, no), frozenset({"object"}))


@st.composite
def unions(draw: Draw, inner: st.SearchStrategy[Made]) -> Made:
    """Values of several kinds, or objects told apart by a mark."""
    if draw(st.booleans()):
        branches = [
            _marked(draw(inner), mark) for mark in ("cat", "dog", "cow")[: draw(st.integers(2, 3))]
        ]
        word = draw(st.sampled_from(["oneOf", "anyOf"]))
        schema: JSONObject = {word: [each.schema for each in branches]}
        return Made(schema, st.one_of(*(each.values for each in branches)), frozenset({"object"}))
    first: Made = draw(inner)
    second: Made = draw(inner)
    if first.kinds & second.kinds:
        second = Made({"type": "null"}, st.none(), frozenset({"null"}))
    if first.kinds & second.kinds:
        return first
    word = draw(st.sampled_from(["oneOf", "anyOf"]))
    return Made(
        {word: [first.schema, second.schema]},
        st.one_of(first.values, second.values),
        first.kinds | second.kinds,
    )


def _marked(made: Made, mark: str) -> Made:
    schema: JSONObject = {
        "type": "object",
        "properties": {"mark": {"const": mark}, f"of_{mark}": made.schema},
        "required": ["mark", f"of_{mark}"],
    }
    values = made.values.map(lambda value: {"mark": mark, f"of_{mark}": value})
    return Made(schema, values, frozenset({"object"}))


def open_values() -> st.SearchStrategy[Made]:
    """What may be anything, or any object."""
    anything = Made({}, ANYTHING, frozenset({"any"}))
    free = Made(
        {"type": "object"}, st.dictionaries(KEYS, ANYTHING, max_size=3), frozenset({"object"})
    )
    return st.sampled_from([anything, free])


def nested(inner: st.SearchStrategy[Made]) -> st.SearchStrategy[Made]:
    """One level around what stands inside."""
    return st.one_of(
        objects(inner), lists(inner), maps(inner), unions(inner), conditional(inner), wrapped(inner)
    )


@st.composite
def wrapped(draw: Draw, inner: st.SearchStrategy[Made]) -> Made:
    """The same said in another way."""
    made: Made = draw(inner)
    return replace(
        made,
        schema=draw(st.sampled_from([{"allOf": [made.schema]}, {"allOf": [made.schema, True]}])),
    )


PARTS = st.recursive(st.one_of(LEAVES, LEAVES, open_values()), nested, max_leaves=4)


@st.composite
def cases(draw: Draw) -> tuple[JSONObject, JSONObject]:
    """A schema for objects, and an object that fits it."""
    made = draw(st.one_of(objects(PARTS), objects(PARTS), conditional(PARTS), maps(PARTS)))
    schema: JSONObject = made.schema
    if draw(st.integers(0, 3)) == 0:
        properties = schema.get("properties")
        if isinstance(properties, dict) and properties:
            key = next(iter(properties))
            schema = {
                **schema,
                "properties": {**properties, key: {"$ref": "#/$defs/one"}},
                "$defs": {"one": properties[key]},
            }
    return schema, draw(made.values)
