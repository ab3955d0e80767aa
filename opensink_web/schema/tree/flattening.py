"""`$ref`, `allOf` and unions with null merged into one plain set of keywords, for drawing.

A form needs one answer to "what goes here"; the validator still checks the schema as it was sent,
so where two parts disagree this module may take either. What it cannot make plain is NotPlain,
and becomes a JSON editor.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.references import References

_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "readOnly", "writeOnly", "$comment", "$schema"}
)
_CONDITIONS = frozenset({"if", "then", "else", "not", "dependentSchemas", "dependencies"})
_UNIONS = ("anyOf", "oneOf")
MAX_PARTS = 100
"""How many schemas are merged into one; who combines more means no form."""


class NotPlain(Exception):
    """This schema is not one plain set of keywords."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A schema without `$ref` and `allOf`.

    `asides` are schemas that also apply but draw nothing; `followed` holds the ids of the schemas
    that references led to on the way here, by which recursion is noticed; `branches` are the
    schemas of a union that is left.
    """

    keywords: JSONObject
    asides: tuple[JSONValue, ...]
    followed: frozenset[int]
    nullable: bool = False
    branches: tuple["Flat", ...] = ()


def flatten(schema: JSONValue, references: References, followed: frozenset[int]) -> Flat:
    """Merge what applies to one value.

    Raises: NotPlain for recursion, contradictions and what no form can draw.
    """
    parts, followed = _parts(schema, references, followed)
    if len(parts) > MAX_PARTS:
        raise NotPlain
    keywords: JSONObject = {}
    asides: list[JSONValue] = []
    for part in parts:
        conditions = {name: part[name] for name in part if name in _CONDITIONS}
        if conditions:
            asides.append(conditions)
        _merge(keywords, {name: part[name] for name in part if name not in _CONDITIONS}, asides)
    flat = Flat(keywords, tuple(asides), followed)
    return _without_null_type(_with_union(flat, references))


def annotations(schema: JSONValue, references: References) -> JSONObject:
    """Return title, description, default and their like, also from behind references."""
    annotations: JSONObject = {}
    for _ in range(16):
        if not isinstance(schema, dict):
            break
        annotations = {name: schema[name] for name in schema if name in _ANNOTATIONS} | annotations
        schema = references.resolve(schema.get("$ref"), schema)
    return annotations


def _parts(
    schema: JSONValue, references: References, followed: frozenset[int]
) -> tuple[list[JSONObject], frozenset[int]]:
    """List the plain parts of a schema, the outermost first: its annotations win."""
    if not isinstance(schema, dict):
        if schema is True:
            return [{}], followed
        raise NotPlain
    if "$dynamicRef" in schema or "$recursiveRef" in schema:
        raise NotPlain
    parts = [{name: schema[name] for name in schema if name not in {"$ref", "allOf"}}]
    below: list[JSONValue] = []
    if "$ref" in schema:
        target = references.resolve(schema["$ref"], schema)
        if target is None or id(target) in followed or len(followed) > MAX_PARTS:
            raise NotPlain
        followed = followed | {id(target)}
        below.append(target)
    every = schema.get("allOf")
    below.extend(every if isinstance(every, list) else [])
    for child in below:
        more, followed = _parts(child, references, followed)
        parts.extend(more)
    return parts, followed


def _merge(into: JSONObject, part: JSONObject, asides: list[JSONValue]) -> None:
    for name, value in part.items():
        if name not in into:
            into[name] = value
        elif name in _UNIONS:
            asides.append({name: value})
        elif name in _MERGERS:
            into[name] = _MERGERS[name](into[name], value)


def _merged_properties(first: JSONValue, second: JSONValue) -> JSONValue:
    if not (isinstance(first, dict) and isinstance(second, dict)):
        raise NotPlain
    both = first | second
    for name in first.keys() & second.keys():
        both[name] = _all_of(first[name], second[name])
    return both


def _all_of(first: JSONValue, second: JSONValue) -> JSONValue:
    """Combine two schemas, the parts beside each other: nested they would go as deep as many."""
    if isinstance(first, dict) and first.keys() == {"allOf"}:
        return {"allOf": [*_listed(first["allOf"]), second]}
    return {"allOf": [first, second]}


def _united(first: JSONValue, second: JSONValue) -> JSONValue:
    return list(dict.fromkeys(str(name) for name in [*_listed(first), *_listed(second)]))


def _shared(first: JSONValue, second: JSONValue) -> JSONValue:
    allowed = {dump(value) for value in _listed(second)}
    return [value for value in _listed(first) if dump(value) in allowed]


def _shared_types(first: JSONValue, second: JSONValue) -> JSONValue:
    ones, others = _listed(first), _listed(second)
    both = [name for name in ones if name in others]
    if ("integer" in ones and "number" in others) or ("number" in ones and "integer" in others):
        both.append("integer")
    if not both:
        raise NotPlain
    return both


def _stricter(first: JSONValue, second: JSONValue) -> JSONValue:
    return False if second is False else first


def _both_items(first: JSONValue, second: JSONValue) -> JSONValue:
    if isinstance(first, list) or isinstance(second, list):
        raise NotPlain
    return _all_of(first, second)


_MERGERS: dict[str, Callable[[JSONValue, JSONValue], JSONValue]] = {
    "properties": _merged_properties,
    "required": _united,
    "enum": _shared,
    "type": _shared_types,
    "additionalProperties": _stricter,
    "items": _both_items,
}


def _listed(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else [value]


def _with_union(flat: Flat, references: References) -> Flat:
    """Take null out of a union; what is left alone becomes part of the schema itself."""
    name = next((name for name in _UNIONS if name in flat.keywords), None)
    if name is None:
        return flat
    rest = {key: value for key, value in flat.keywords.items() if key != name}
    union = _listed(flat.keywords[name])
    branches = [branch for branch in union if not _is_null(branch)]
    has_null = len(branches) < len(union)
    if len(branches) == 1:
        whole: JSONValue = {"allOf": [rest, branches[0]]}
        inner = flatten(whole, references, flat.followed)
        asides = flat.asides + inner.asides
        return replace(inner, asides=asides, nullable=has_null or inner.nullable)
    if not branches:
        return replace(flat, keywords=rest | {"const": None})
    if "properties" in rest:
        return replace(flat, keywords=rest, asides=(*flat.asides, {name: union}))
    drawn = tuple(flatten(branch, references, flat.followed) for branch in branches)
    return replace(flat, keywords=rest, nullable=has_null, branches=drawn)


def _is_null(schema: JSONValue) -> bool:
    if not isinstance(schema, dict):
        return False
    plain = {name: schema[name] for name in schema if name not in _ANNOTATIONS}
    return plain in ({"type": "null"}, {"const": None}, {"type": "null", "const": None})


def _without_null_type(flat: Flat) -> Flat:
    """Turn `type: [X, "null"]` into a nullable X."""
    types = _listed(flat.keywords.get("type"))
    if len(types) < 2:
        return replace(flat, keywords=flat.keywords | ({"type": types[0]} if types[0] else {}))
    rest = [name for name in types if name != "null"]
    nullable = flat.nullable or len(rest) < len(types)
    if set(map(str, rest)) == {"integer", "number"}:
        rest = ["number"]
    kind: JSONValue = rest[0] if len(rest) == 1 else rest
    return replace(flat, keywords=flat.keywords | {"type": kind}, nullable=nullable)


def names_in(schema: JSONValue, references: References, depth: int = 0) -> Iterator[str]:
    """Yield the properties that a condition may bring with it.

    Raises: NotPlain where that leads too far.
    """
    if not isinstance(schema, dict):
        return
    if depth > 16:
        raise NotPlain
    properties = schema.get("properties")
    yield from properties if isinstance(properties, dict) else ()
    yield from (str(name) for name in _listed(schema.get("required", [])))
    below = [references.resolve(schema["$ref"], schema)] if "$ref" in schema else []
    for name in ("allOf", "anyOf", "oneOf", "then", "else"):
        below.extend(_listed(schema.get(name, [])))
    for name in ("dependentSchemas", "dependencies"):
        dependents = schema.get(name)
        below.extend(dependents.values() if isinstance(dependents, dict) else [])
    for child in below:
        yield from names_in(child, references, depth + 1)
