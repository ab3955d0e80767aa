"""`$ref`, `allOf` and unions with null merged into one plain set of keywords, for drawing.

A form needs one answer to "what goes here"; the validator still checks the schema as it was sent,
so where two parts disagree this module may take either. What it cannot make plain is NotPlain:
a schema that refers to itself at the same value, types that exclude each other, a reference whose
target cannot be told, and more than MAX_PARTS combined.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.references import REFERENCE_KEYWORDS
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.merging import NotPlain, fits_type, merged

_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "readOnly", "writeOnly", "$comment", "$schema"}
)
_CONDITIONS = frozenset({"if", "then", "else", "not", "dependentSchemas", "dependentRequired"})
_COMBINING = frozenset({"allOf", *REFERENCE_KEYWORDS})
_UNIONS = ("anyOf", "oneOf")
MAX_PARTS = 100
"""How many schemas are merged into one; who combines more means no form."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A schema without `$ref` and `allOf`.

    `conditions` hold the keywords that apply by the value, `unions` the schemas of each union that
    is left, without null; `branches` are those of the first, each for itself, where the schema
    beside them says nothing of properties. `followed` holds the ids of the schemas that were
    combined, by which recursion is noticed.
    """

    keywords: JSONObject
    conditions: tuple[JSONObject, ...]
    unions: tuple[tuple[JSONValue, ...], ...]
    followed: frozenset[int]
    nullable: bool = False
    branches: tuple["Flat", ...] = ()


def flatten(schema: JSONValue, document: Document) -> Flat:
    """Merge what applies to one value. Raises: NotPlain."""
    parts = _Parts(document)
    parts.add(schema)
    unions = tuple(_left_after_null(parts))
    says_null = any(part.says_null for part in parts.plain)
    nullable = says_null and all(part.allows_null for part in parts.plain if not part.is_inner)
    keywords = merged([part.words for part in parts.plain], document)
    nullable = nullable and keywords.get("const", ...) is not None
    _settle_type(keywords, nullable=nullable)
    branches: tuple[Flat, ...] = ()
    if unions and "properties" not in keywords and keywords.get("type") != "object":
        branches = tuple(flatten(branch, document) for branch in unions[0])
    conditions = tuple(part.conditions for part in parts.plain if part.conditions)
    followed = frozenset(parts.followed)
    return Flat(keywords, conditions, unions, followed, nullable, branches)


def annotations(schema: JSONValue, document: Document) -> JSONObject:
    """Return title, description, default and their like, also from behind references."""
    annotations: JSONObject = {}
    for _ in range(16):
        if not isinstance(schema, dict):
            break
        words = document.modern(schema)
        annotations = {name: words[name] for name in words if name in _ANNOTATIONS} | annotations
        schema = next(iter(document.targets(schema)), None)
    return annotations


class _Part:
    """The plain keywords of one schema, its conditions and its unions.

    `is_inner`: it stands beside null in a union, so that it need not allow null itself.
    """

    def __init__(self, words: JSONObject, *, is_inner: bool) -> None:
        apart = {*_CONDITIONS, *_UNIONS, *_COMBINING}
        self.words = {name: value for name, value in words.items() if name not in apart}
        self.conditions = {name: value for name, value in words.items() if name in _CONDITIONS}
        self.unions = [_listed(words[name]) for name in _UNIONS if name in words]
        self.is_inner = is_inner
        types = _listed(self.words.get("type", "null"))
        self.allows_null = (
            "null" in types
            and None in _listed(self.words.get("enum", [None]))
            and self.words.get("const") is None
        )
        self.says_null = "null" in types and "type" in self.words


class _Parts:
    """The schemas that apply to one value, the outermost first: its annotations win."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.plain: list[_Part] = []
        self.followed: set[int] = set()

    def add(
        self, schema: JSONValue, around: frozenset[int] = frozenset(), *, is_inner: bool = False
    ) -> None:
        """Take a schema and whatever it combines. Raises: NotPlain."""
        if schema is True:
            return
        if not isinstance(schema, dict) or id(schema) in around or len(self.plain) >= MAX_PARTS:
            raise NotPlain
        if id(schema) in self.followed:
            return  # two parts refer to it, and it says the same twice
        self.followed.add(id(schema))
        words = self.document.modern(schema)
        self.plain.append(_Part(words, is_inner=is_inner))
        around = around | {id(schema)}
        for child in (*self.document.targets(schema), *_all_of(words)):
            self.add(child, around, is_inner=is_inner)


def _left_after_null(parts: _Parts) -> Iterator[tuple[JSONValue, ...]]:
    """Take null out of the unions, and yield those that are left.

    What is left alone becomes a part of the schema itself.
    """
    for part in parts.plain:  # which grows meanwhile
        for union in part.unions:
            branches = [branch for branch in union if not _is_null(branch, parts.document)]
            has_null = len(branches) < len(union)
            part.says_null = part.says_null or has_null
            part.allows_null = part.allows_null and has_null
            if not branches:
                part.words.setdefault("const", None)
            elif len(branches) == 1:
                parts.add(branches[0], is_inner=part.is_inner or has_null)
            else:
                yield tuple(branches)


def _is_null(schema: JSONValue, document: Document) -> bool:
    for _ in range(16):
        if not isinstance(schema, dict):
            return False
        words = document.modern(schema)
        plain = {name: words[name] for name in words if name not in _ANNOTATIONS}
        if plain.keys() != {"$ref"}:
            return plain in ({"type": "null"}, {"const": None}, {"type": "null", "const": None})
        schema = document.targets(schema)[0]
    return False


def _settle_type(keywords: JSONObject, *, nullable: bool) -> None:
    """Write `type` as one name where it is one, and leave out the values it excludes."""
    types: list[JSONValue] = [name for name in _listed(keywords.get("type")) if name]
    if set(map(str, types)) == {"integer", "number"}:
        types = ["number"]
    if "type" in keywords:
        keywords["type"] = types[0] if len(types) == 1 else types
    values = keywords.get("enum")
    if isinstance(values, list):
        with_null = nullable or not types
        keywords["enum"] = [
            value for value in values if (with_null if value is None else fits_type(value, types))
        ]


def _all_of(words: JSONObject) -> list[JSONValue]:
    every = words.get("allOf")
    return every if isinstance(every, list) else []


def _listed(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else [value]


def names_in(schema: JSONValue, document: Document, depth: int = 0) -> Iterator[str]:
    """Yield the properties that a condition may bring with it.

    Raises: NotPlain where that leads too far.
    """
    if not isinstance(schema, dict):
        return
    if depth > 16:
        raise NotPlain
    words = document.modern(schema)
    properties = words.get("properties")
    yield from properties if isinstance(properties, dict) else ()
    yield from (str(name) for name in _listed(words.get("required", [])))
    below = document.targets(schema)
    for name in ("allOf", "anyOf", "oneOf", "then", "else"):
        below.extend(_listed(words.get(name, [])))
    dependents = words.get("dependentSchemas")
    below.extend(dependents.values() if isinstance(dependents, dict) else [])
    for child in below:
        yield from names_in(child, document, depth + 1)
