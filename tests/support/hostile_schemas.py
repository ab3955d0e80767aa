"""Schemas that attack: by time, by memory, by reaching out, by what their names and numbers are.

REFUSED have no business here at all. DRAWN are odd but honest JSON Schema, or mean more work than
a form can be: they are taken, and whatever becomes of them must be drawn and read in time.
"""

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]
LOOPBACK = "http://127.0.0.1:1/a/b"


def answer(**properties: Any) -> Schema:
    return {"type": "object", "properties": properties}


def numbered(count: int, value: Any) -> Schema:
    return {f"p{number}": value for number in range(count)}


def text(**keywords: Any) -> Schema:
    return {"type": "string", **keywords}


def when(key: str, then: Any) -> Schema:
    """Return a condition that a text is "x", and what it brings then."""
    return {"if": {"properties": {key: {"const": "x"}}, "required": [key]}, "then": then}


def branch(tag: str, number: int) -> Schema:
    """Return a branch of a union that a constant marks, with a field of its own."""
    own = {tag: {"const": number}, f"{tag}-{number}": text()}
    return {"properties": own, "required": [tag]}


def entries(items: Any, **keywords: Any) -> Schema:
    return {"type": "array", "items": items, **keywords}


def nested(levels: int, wrap: Callable[[Any], Any], innermost: Any) -> Any:
    for _ in range(levels):
        innermost = wrap(innermost)
    return innermost


def shared(count: int, definition: Any) -> Schema:
    """One definition in many places: a small text that means a large form."""
    return {**answer(**numbered(count, {"$ref": "#/$defs/d"})), "$defs": {"d": definition}}


def chain(length: int, link: Callable[[Schema], Schema]) -> Schema:
    links = {str(at): link({"$ref": f"#/$defs/{at + 1}"}) for at in range(length)}
    return {"$ref": "#/$defs/0", "$defs": {**links, str(length): {"type": "object"}}}


def everyone_knows_everyone(count: int, keyword: str) -> Schema:
    """As many ways through it as there are orders of its definitions."""
    names = range(count)
    definitions = {
        str(one): {keyword: [{"$ref": f"#/$defs/{other}"} for other in names if other != one]}
        for one in names
    }
    return {"$ref": "#/$defs/0", "$defs": definitions}


def doubling(levels: int, wrap: Callable[[Any], Schema]) -> Schema:
    definitions: Schema = {"0": {"type": "object"}}
    for level in range(1, levels + 1):
        definitions[str(level)] = wrap({"$ref": f"#/$defs/{level - 1}"})
    return {"$ref": f"#/$defs/{levels}", "$defs": definitions}


REFUSED: dict[str, Any] = {
    # reaching out
    "a reference to a web server": answer(a={"$ref": f"{LOOPBACK}#/x"}),
    "a reference to a file": answer(a={"$ref": "file:///etc/passwd"}),
    "a dynamic reference to a web server": {"$dynamicRef": f"{LOOPBACK}#x"},
    "a recursive reference to a web server": {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        **answer(a={"$recursiveRef": LOOPBACK}),
    },
    "a reference that an $id turns outwards": {"$id": LOOPBACK, **answer(a={"$ref": "c"})},
    "a reference that an embedded $id turns outwards": {
        "$id": "file:///etc/",
        "$defs": {"x": {"$id": "file:///x/passwd"}},
        **answer(a={"$ref": "passwd"}),
    },
    "a reference in what only looks like data": {
        "examples": [{"$ref": LOOPBACK}],
        **answer(a={"$ref": "#/examples/0"}),
    },
    "a reference in an unknown keyword": {
        "x": {"$ref": "file:///etc/passwd"},
        **answer(a={"$ref": "#/x"}),
    },
    "a reference to the meta-schema": answer(
        a={"$ref": "https://json-schema.org/draft/2020-12/schema"}
    ),
    "a dialect of its own": {"$schema": LOOPBACK, "type": "object"},
    # references and ids that are none
    "a reference to nothing": answer(a={"$ref": "#/$defs/none"}),
    "a reference to half an escape": {"$defs": {"a": {}}, **answer(a={"$ref": "#/$defs/%zz"})},
    "a reference to NUL": answer(a={"$ref": "#/%00"}),
    "a long reference": answer(a={"$ref": "#" + "/a" * 10_000}),
    "a number for a reference": {"$ref": 5},
    "a list for a reference": {"allOf": [{"$ref": ["#"]}]},
    "an id that is no URI": {"$id": "http://[", "type": "object"},
    "an id of colons": {"$id": "::::", "type": "object"},
    "an embedded id that is no URI": {
        "$defs": {"a": {"$id": "http://[/x"}},
        **answer(a={"$ref": "#/$defs/a"}),
    },
    "an anchor with a space": {"$anchor": "a b", "type": "object"},
    # multiplying
    "allOf that doubles 28 times": doubling(28, lambda below: {"allOf": [below, below]}),
    "anyOf that doubles 28 times": doubling(28, lambda below: {"anyOf": [below, below]}),
    "properties that double 28 times": doubling(28, lambda below: answer(a=below, b=below)),
    "allOf among 40": everyone_knows_everyone(40, "allOf"),
    "anyOf among 12": everyone_knows_everyone(12, "anyOf"),
    "oneOf among 12": everyone_knows_everyone(12, "oneOf"),
    "a chain of 1,900 references": chain(1_900, lambda next_: next_),
    "a chain of 600 properties": chain(600, lambda next_: answer(x=next_)),
    "900 times 900 options": shared(900, {"enum": list(range(900))}),
    "500 times a constant of 900 values": shared(500, {"const": [1] * 900}),
    "500 times a default of 200 kB": shared(500, text(default="x" * 200_000)),
    "900 times a description of 100 kB": shared(900, text(description="x" * 100_000)),
    "an unknown keyword that doubles": {
        "x": doubling(29, lambda below: {"allOf": [below, below]})["$defs"],
        **answer(a={"$ref": "#/x/29"}),
    },
    # size and depth
    "64 levels of allOf": nested(64, lambda inner: {"allOf": [inner]}, {"type": "object"}),
    "64 levels of not": nested(64, lambda inner: {"not": inner}, {}),
    "a description of 1 MiB": {"type": "object", "description": "x" * 1_048_576},
    "an enum of 1 MiB": answer(a={"enum": [f"{number:06}" for number in range(120_000)]}),
    "6,000 subschemas": answer(**numbered(6_000, {})),
    "3,000 references": answer(**numbered(3_000, {"$ref": "#"})),
    # patterns
    "a pattern that looks ahead": answer(a=text(pattern="(?=a)+$")),
    "a pattern that refers back": answer(a=text(pattern=r"(a+)\1+$")),
    "a pattern of patterns": answer(a=text(pattern="(a{1,1000}){1,900}")),
    "letters repeated 200 times": answer(a=text(pattern=r"\p{L}{200}")),
    "65,535 repetitions": answer(a=text(pattern="a{0,65535}")),
    "words and digits, 20,000 states": answer(a=text(pattern=r"(\w{1,100}\d){1,400}z")),
    "4,000 patterns": answer(
        **{f"p{number}": text(pattern=f"^[a-z]{{1,63}}{number}$") for number in range(4_000)}
    ),
    "1,000 patterns for names": {
        "type": "object",
        "patternProperties": {f"\\w{{{number}}}": {} for number in range(1_000)},
    },
    "a pattern for names that looks ahead": {
        "type": "object",
        "propertyNames": {"pattern": "(?=a)"},
    },
    # keywords that are none
    "multiples of 0": answer(a={"type": "number", "multipleOf": 0}),
    "multiples of -1": answer(a={"type": "number", "multipleOf": -1}),
    "fewer than no items": answer(a=entries({}, minItems=-1)),
    "a number for a title": {"type": "object", "title": 5},
    "a type twice": {"type": ["object", "object"]},
    "no room for an object": {"allOf": [{"type": "object"}, {"not": {}}, False]},
}

DRAWN: dict[str, Any] = {
    # more than a form can be
    "30,000 options": answer(a={"enum": [str(number) for number in range(30_000)]}),
    "40,000 options of a list": answer(a=entries({"enum": list(range(40_000))})),
    "4,000 titled options": answer(
        a={"oneOf": [{"const": number, "title": "x"} for number in range(4_000)]}
    ),
    "a million rows": {**answer(a=entries(text(), minItems=1_000_000)), "required": ["a"]},
    "1e308 rows": {**answer(a=entries(text(), minItems=1e308)), "required": ["a"]},
    "rows in rows in rows": {
        **answer(a=nested(8, lambda inner: entries(inner, minItems=1_000_000), text())),
        "required": ["a"],
    },
    "rows of groups of rows": nested(
        6,
        lambda inner: {**answer(a=entries(inner, minItems=50)), "required": ["a"]},
        text(),
    ),
    "10,000 proposed numbers": answer(
        a=entries(entries({"type": "integer"}), default=[[1] * 100] * 100)
    ),
    "100 proposed rows of 100 fields": answer(
        a=entries(answer(**numbered(100, text())), default=[{}] * 99)
    ),
    "rows that proposed rows begin": answer(
        a=entries(entries(entries(text(), minItems=20), minItems=20), default=[[]] * 99)
    ),
    "20 rows of 400 fields": {
        **answer(a=entries(answer(**numbered(400, text())), minItems=20)),
        "required": ["a"],
    },
    "4,000 properties": answer(**numbered(4_000, text())),
    "20,000 required names": {"type": "object", "required": [f"p{n}" for n in range(20_000)]},
    "a constant of 100,000 numbers": answer(a={"const": [1] * 100_000}),
    "500 times 90 proposed entries": shared(300, entries(text(), default=["x"] * 90)),
    "a doubling of fields": doubling(12, lambda below: answer(x=below, y=below)),
    "2,000 parts": {
        "type": "object",
        "allOf": [{"required": [f"a{n}"], "properties": {f"a{n}": text()}} for n in range(2_000)],
    },
    "2,000 parts about one property": {
        "type": "object",
        "allOf": [{"properties": {"a": text(title=str(n))}} for n in range(2_000)],
    },
    "200 parts of 100 names": {
        "type": "object",
        "allOf": [{"required": [f"a{n}_{m}" for m in range(100)]} for n in range(200)],
    },
    "200 parts of 200 options": answer(a={"allOf": [{"enum": list(range(200))}] * 200}),
    "1,000 conditions": {
        **answer(a=text()),
        "allOf": [
            {"if": {"properties": {"a": {"const": str(n)}}}, "then": {"required": ["a"]}}
            for n in range(1_000)
        ],
    },
    "2,000 unevaluated parts": {
        "type": "object",
        "allOf": [{"properties": {f"p{n}": {}}} for n in range(2_000)],
        "unevaluatedProperties": False,
    },
    "unevaluated properties, ten levels": nested(
        10,
        lambda inner: {
            **answer(a=inner),
            "unevaluatedProperties": False,
            "anyOf": [{"properties": {"a": inner}}],
        },
        {"type": "object"},
    ),
    "3,000 places": answer(a={"type": "array", "prefixItems": [text()] * 3_000}),
    # leading back to themselves
    "itself": {"$ref": "#"},
    "itself and itself": {"allOf": [{"$ref": "#"}, {"$ref": "#"}]},
    "itself ten times": {**answer(a={}), "anyOf": [{"$ref": "#"}] * 10},
    "not itself": {"not": {"$ref": "#"}},
    "itself if itself": {"if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"}},
    "each other": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
    },
    "itself by a dynamic anchor": {
        "$dynamicAnchor": "n",
        **answer(a={"$dynamicRef": "#n"}),
        "unevaluatedProperties": False,
    },
    "itself by a recursive anchor": {
        "$schema": "https://json-schema.org/draft/2019-09/schema",
        "$recursiveAnchor": True,
        **answer(a={"$recursiveRef": "#"}),
    },
    "a chain of 150 references": chain(150, lambda next_: next_),
    "a chain of 90 properties": chain(90, lambda next_: {**answer(x=next_), "required": ["x"]}),
    # patterns and formats that are slow elsewhere
    "(a+)+$": answer(a=text(pattern="^(a+)+$", default="a" * 5_000 + "!")),
    "(x+x+)+y": answer(a=text(pattern="(x+x+)+y", default="x" * 5_000)),
    "names by (a+)+$": {
        "propertyNames": {"pattern": "^(a+)+$"},
        "default": {"a" * 5_000 + "!": 1},
        "type": "object",
    },
    "20,000 alternatives": answer(a=text(pattern="a|" * 20_000 + "b")),
    "brackets in brackets": answer(a=text(pattern="(" * 200 + "a" + ")" * 200)),
    "every format": answer(
        **{
            name: text(format=name, default="a" * 1_000)
            for name in (
                *("uri-template", "idn-hostname", "idn-email", "duration", "regex", "iri"),
                *("json-pointer", "hostname", "email", "unheard-of", "x" * 1_000),
            )
        }
    ),
    # numbers and lengths
    "multiples of 1e308": answer(a={"type": "number", "multipleOf": 1e308, "minimum": 1}),
    "multiples of 5e-324": answer(
        a={"type": "number", "multipleOf": 5e-324, "minimum": 1e308, "default": 1e308}
    ),
    "multiples of 400 digits": answer(
        a={"type": "integer", "multipleOf": 10**399, "minimum": 10**398, "default": 10**399}
    ),
    "more than 1e308 and less than its opposite": answer(
        a={"type": "integer", "exclusiveMinimum": 1e308, "exclusiveMaximum": -1e308}
    ),
    "400 digits of length": answer(a=text(minLength=10**399, maxLength=10**399)),
    "a length of 1e300": answer(a=text(maxLength=1e300)),
    "400 digits of properties": {"type": "object", "minProperties": 10**399},
    "1e300 that contain": answer(a=entries(text(), contains=text(), minContains=10**300)),
    # fields that depend on others
    "90 conditions that all hold": {
        "type": "object",
        "properties": {f"p{n}": text(default="x") for n in range(90)},
        "allOf": [when(f"p{n}", answer(**{f"q{n}": text()})) for n in range(90)],
    },
    "a chain of 80 conditions": {
        "type": "object",
        "properties": {"p0": text(default="x")},
        "allOf": [when(f"p{n}", answer(**{f"p{n + 1}": text(default="x")})) for n in range(80)],
    },
    "a condition on what it brings": {
        **answer(a=text()),
        "if": {"not": {"required": ["b"]}},
        "then": answer(b=text(default="x")),
    },
    "a condition that brings the whole": {
        **answer(a=text(default="x")),
        "if": {"required": ["a"]},
        "then": {"$ref": "#"},
    },
    "1,000 branches": {"type": "object", "oneOf": [branch("k", n) for n in range(1_000)]},
    "500 branches without a mark": {
        "type": "object",
        "anyOf": [answer(**{f"k{n}": text()}) for n in range(500)],
    },
    "60 unions of 20 branches": {
        "type": "object",
        "allOf": [{"oneOf": [branch(f"k{u}", n) for n in range(20)]} for u in range(60)],
    },
    # names
    "names of Python and JavaScript": answer(
        __proto__=text(), constructor=text(), __class__=answer(__init__=text())
    ),
    "names of templates and tags": answer(
        **{name: text() for name in ("", " ", "<script>", "a/b~c", "{{7*7}}", "\u202e", "-")}
    ),
    "an id like the meta-schema's": {
        "$id": "https://json-schema.org/draft/2020-12/schema",
        **answer(a={"$ref": "#"}),
    },
    "a vocabulary of its own": {"$vocabulary": {"http://127.0.0.1:1/": True}, "type": "object"},
    "an anchor twice": {
        "$defs": {"a": {"$anchor": "x"}, "b": {"$anchor": "x"}},
        **answer(a={"$ref": "#x"}),
    },
    "every type": {"type": ["object", "string", "integer", "array", "null", "boolean"]},
    "a default of another type": {
        **answer(a=entries(text())),
        "default": {"a": [[[[]]]]},
    },
}
