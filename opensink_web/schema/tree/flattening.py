"""`$ref`, `allOf` and unions with null merged into one plain set of keywords, for drawing.

A form needs one answer to "what goes here"; the validator still checks the schema as it was sent,
so where two parts disagree this module may take either. What it cannot make plain is NotPlain:
a schema that refers to itself at the same value, types that exclude each other, a reference whose
target cannot be told, and more than MAX_PARTS combined.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.references import REFERENCE_KEYWORDS
from opensink_web.schema.tree.document import Document, Split
from opensink_web.schema.tree.merging import NotPlain, fits_type, merged

_ANNOTATIONS = frozenset(
    {"title", "description", "default", "examples", "readOnly", "writeOnly", "$comment", "$schema"}
)
_CONDITIONS = frozenset({"if", "then", "else", "not", "dependentSchemas"})
_COMBINING = frozenset({"allOf", *REFERENCE_KEYWORDS})
_UNIONS = ("anyOf", "oneOf")
MAX_PARTS = 400
"""How many schemas are merged into one; who combines more means no form."""
_MAX_INNER = 16
"""How many references, or unions, each in the other, are looked through."""


@dataclass(frozen=True, slots=True, eq=False)
class Union:
    """The schemas of one `anyOf` or `oneOf`, of which null was taken out.

    `key` is the identity of the keyword's value; `is_exclusive`: only one of them may fit. `around`
    are the branches of other unions in which it stands; `tag` is the key that tells its branches
    apart, where an OpenAPI `discriminator` names one.
    """

    key: int
    branches: tuple[JSONValue, ...]
    is_exclusive: bool
    around: tuple[JSONValue, ...] = ()
    tag: str = ""


class Applying:
    """Says which of the schemas apply that depend on the value: here none of them."""

    def conditional(self, conditions: JSONObject) -> list[JSONValue]:
        """Return the schemas that apply by these conditions of one schema."""
        return []

    def chosen(self, union: Union) -> list[JSONValue]:
        """Return the branches that apply."""
        return []


@dataclass(frozen=True, slots=True)
class Flat:
    """A schema without `$ref` and `allOf`.

    `conditions` hold the keywords that apply by the value; `unions` are those left; `branches` are
    those of the first, each for itself, where the schema beside them says nothing of properties.
    `followed` holds the ids of the schemas that were combined, by which recursion is noticed.
    """

    keywords: JSONObject
    conditions: tuple[JSONObject, ...]
    unions: tuple[Union, ...]
    followed: frozenset[int]
    nullable: bool = False
    branches: tuple["Flat", ...] = ()


def flatten(schema: JSONValue, document: Document, *, is_object: bool = False) -> Flat:
    """Merge what applies to one value, whatever it is. Raises: NotPlain."""
    parts = collected([schema], document, Applying())
    flat = merged_parts(parts)
    words = flat.keywords
    if flat.unions and not (is_object or "properties" in words or words.get("type") == "object"):
        branches = tuple(flatten(branch, document) for branch in flat.unions[0].branches)
        return replace(flat, branches=branches)
    return flat


def merged_parts(parts: "Parts") -> Flat:
    """Merge the parts of one value. Raises: NotPlain."""
    says_null = any(part.says_null for part in parts.plain)
    nullable = says_null and all(part.allows_null for part in parts.plain if not part.is_inner)
    keywords = merged([part.words for part in parts.plain], parts.document)
    nullable = nullable and keywords.get("const", ...) is not None
    _settle_type(keywords, nullable=nullable)
    conditions = tuple(part.conditions for part in parts.plain if part.conditions)
    return Flat(keywords, conditions, tuple(parts.unions), frozenset(parts.followed), nullable)


def annotations(schema: JSONValue, document: Document) -> JSONObject:
    """Return title, description, default and their like, also from behind references."""
    annotations: JSONObject = {}
    for _ in range(_MAX_INNER):
        if not isinstance(schema, dict):
            break
        words = document.modern(schema)
        annotations = {name: words[name] for name in words if name in _ANNOTATIONS} | annotations
        schema = next(iter(document.targets(schema)), None)
    return annotations


class Part:
    """The plain keywords of one schema, its conditions and its unions.

    `is_inner`: it stands beside null in a union, so that it need not allow null itself. `around`
    are the branches of unions in which it stands.
    """

    def __init__(self, words: JSONObject, around: tuple[JSONValue, ...], *, is_inner: bool) -> None:
        apart = {*_CONDITIONS, *_UNIONS, *_COMBINING}
        self.words = {name: value for name, value in words.items() if name not in apart}
        self.conditions = {name: value for name, value in words.items() if name in _CONDITIONS}
        self.unions = [(name, _listed(words[name])) for name in _UNIONS if name in words]
        self.around = around
        self.is_inner = is_inner
        types = _listed(self.words.get("type", "null"))
        self.allows_null = (
            "null" in types
            and None in _listed(self.words.get("enum", [None]))
            and self.words.get("const") is None
        )
        self.says_null = "null" in types and "type" in self.words

    @property
    def named(self) -> list[str]:
        """The keys of an object that this part speaks of."""
        properties = self.words.get("properties")
        required = self.words.get("required")
        return [
            *(properties if isinstance(properties, dict) else ()),
            *(map(str, required) if isinstance(required, list) else ()),
        ]


def collected(
    schemas: Iterable[JSONValue], document: Document, applying: Applying, most: int = MAX_PARTS
) -> "Parts":
    """Return the parts of a value to which all these schemas apply. Raises: NotPlain."""
    parts = Parts(document, most)
    for schema in schemas:
        parts.add(schema)
    parts.unfold(applying)
    return parts


class Parts:
    """The schemas that apply to one value, the outermost first: its annotations win."""

    def __init__(self, document: Document, most: int) -> None:
        self.document = document
        self.plain: list[Part] = []
        self.unions: list[Union] = []
        self.followed: set[int] = set()
        self._most = most
        self._path: set[int] = set()

    def add(
        self, schema: JSONValue, around: tuple[JSONValue, ...] = (), *, is_inner: bool = False
    ) -> None:
        """Take a schema and whatever it combines. Raises: NotPlain."""
        if schema is True:
            return
        if not isinstance(schema, dict) or id(schema) in self._path:
            raise NotPlain
        if id(schema) in self.followed:
            return  # two parts refer to it, and it says the same twice
        if len(self.plain) >= self._most:
            raise NotPlain
        self.followed.add(id(schema))
        words = self.document.modern(schema)
        self.plain.append(Part(words, around, is_inner=is_inner))
        forbidden = dict.fromkeys(_forbidden(words.get("not")), False)
        if forbidden:
            self.plain.append(Part({"properties": {**forbidden}}, around, is_inner=is_inner))
        self._path.add(id(schema))
        for child in (*self.document.targets(schema), *_members(words, "allOf")):
            self.add(child, around, is_inner=is_inner)
        self._path.discard(id(schema))

    def add_leniently(self, schema: JSONValue) -> None:
        """Take of a schema what there is, though it contradict itself or be too much."""
        with suppress(NotPlain):
            self.add(schema)
        self._path.clear()

    def unfold(self, applying: Applying) -> None:
        """Take what applies by the value, and the unions apart. Raises: NotPlain."""
        for part in self.plain:  # which grows meanwhile
            for child in applying.conditional(part.conditions):
                self.add(child, part.around, is_inner=part.is_inner)
            for keyword, schemas in part.unions:
                self._add_union(part, keyword, schemas, applying)

    def _add_union(
        self, part: Part, keyword: str, schemas: list[JSONValue], applying: Applying
    ) -> None:
        """Take null out of a union. What is left alone becomes a part of the schema itself."""
        _, branches, has_null = _split(schemas, self.document)
        part.says_null = part.says_null or has_null
        part.allows_null = part.allows_null and has_null
        is_inner = part.is_inner or has_null
        if not branches:
            part.words.setdefault("const", None)
        elif len(branches) == 1:
            self.add(branches[0], part.around, is_inner=is_inner)
        else:
            discriminator = part.words.get("discriminator")
            named = discriminator if isinstance(discriminator, dict) else {}
            union = Union(
                key=id(schemas),
                branches=branches,
                is_exclusive=keyword == "oneOf",
                around=part.around,
                tag=str(named.get("propertyName", "")),
            )
            self.unions.append(union)
            for branch in applying.chosen(union):
                self.add(branch, (*part.around, branch), is_inner=is_inner)


def _split(schemas: list[JSONValue], document: Document) -> Split:
    """Take null out of a union, once for each."""
    if id(schemas) not in document.splits:
        every = list(_alternatives(schemas, document))
        branches = tuple(branch for branch in every if not _is_null(branch, document))
        document.splits[id(schemas)] = (schemas, branches, len(branches) < len(every))
    return document.splits[id(schemas)]


def _alternatives(
    schemas: list[JSONValue], document: Document, depth: int = 0
) -> Iterator[JSONValue]:
    """Yield the branches of a union; those of a branch that is nothing but a union in its place."""
    for schema in schemas:
        inner = _union_alone(schema, document) if depth < _MAX_INNER else None
        if inner is None:
            yield schema
        else:
            yield from _alternatives(inner, document, depth + 1)


def _union_alone(schema: JSONValue, document: Document) -> list[JSONValue] | None:
    """Return the branches of a schema that is nothing but a union, perhaps behind references."""
    for _ in range(_MAX_INNER):
        if not isinstance(schema, dict):
            return None
        words = document.modern(schema)
        plain = words.keys() - _ANNOTATIONS - {"discriminator"}
        if plain in ({"anyOf"}, {"oneOf"}):
            return _members(words, *plain)
        if plain != {"$ref"}:
            return None
        schema = document.targets(schema)[0]
    return None


def _forbidden(negated: JSONValue) -> list[str]:
    """Return the keys that may not be there: `not` with `required` of one key alone."""
    if not isinstance(negated, dict):
        return []
    if negated.keys() == {"anyOf"}:
        return [key for each in _members(negated, "anyOf") for key in _forbidden(each)]
    required = _members(negated, "required")
    return [str(required[0])] if negated.keys() == {"required"} and len(required) == 1 else []


def _is_null(schema: JSONValue, document: Document) -> bool:
    for _ in range(_MAX_INNER):
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


def _members(words: JSONObject, keyword: str) -> list[JSONValue]:
    members = words.get(keyword)
    return members if isinstance(members, list) else []


def _listed(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else [value]
