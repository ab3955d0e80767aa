"""A schema as a tree of field nodes: what to ask, in which order, with which limits.

Pure data, known before anybody answers. A part that no form can draw is one JSON node.
"""

from dataclasses import dataclass, replace
from math import ceil, floor

from opensink_web.json_value import MAX_DEPTH, JSONObject, JSONValue, dump
from opensink_web.lookalike import shared, skeleton, spelled
from opensink_web.schema.secrets import Secrets, secrets_of
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.titles import title_of_key
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.flattening import Flat, annotations, flatten, names_in
from opensink_web.schema.tree.merging import NotPlain
from opensink_web.schema.tree.node import ABSENT, Constraints, FieldNode, Kind, Lazy
from opensink_web.schema.tree.options import Option, options_of

LONG_TEXT_CHARACTERS = 200


def field_tree(schema: JSONValue) -> FieldNode:
    """Draw up what to ask for an answer to this schema, which has passed `check_schema`."""
    root = _Builder(Document(schema)).build(schema, _Place(secrets_of(schema), required=True))
    return replace(root, nullable=False)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a node stands: the key it has there, and the schemas of all that is around it."""

    secrets: Secrets
    key: str = ""
    pointer: str = ""
    title: str = "Answer"
    required: bool = False
    around: frozenset[int] = frozenset()
    depth: int = 0
    is_recursive: bool = False

    @property
    def is_root(self) -> bool:
        """Return True for the answer itself, which is always an object."""
        return not self.depth


class _Builder:
    def __init__(self, document: Document) -> None:
        self._document = document

    def build(self, schema: JSONValue, place: _Place) -> FieldNode:
        """Make the node of a schema at its place."""
        try:
            flat = self._flat(schema, place)
            again = flat.followed & place.around
            place = replace(
                place,
                around=place.around | flat.followed,
                is_recursive=any(map(self._document.is_circular, again)),
            )
            return self._drawn(schema, flat, place)
        except NotPlain:
            words = annotations(schema, self._document)
            return self._node(Kind.JSON, schema, words, place)

    def _flat(self, schema: JSONValue, place: _Place) -> Flat:
        if place.depth > MAX_DEPTH:
            raise NotPlain
        return flatten(schema, self._document)

    def _drawn(self, schema: JSONValue, flat: Flat, place: _Place) -> FieldNode:
        words = flat.keywords
        options = options_of(flat, is_secret=place.secrets.is_secret, is_required=place.required)
        if options is not None:
            return self._choice(self._node(Kind.CHOICE, schema, words, place), flat, options)
        if "const" in words:
            node = self._node(Kind.FIXED, schema, words, place)
            return replace(node, constant=words["const"])
        kind = Kind.GROUP if place.is_root else _kind(words)
        if kind is None or (flat.branches and "type" not in words):
            raise NotPlain
        node = replace(self._node(kind, schema, words, place), nullable=flat.nullable)
        match kind:
            case Kind.GROUP:
                return self._group(node, flat, place)
            case Kind.LIST:
                return self._list(node, flat, place)
            case _:
                return node

    def _choice(self, node: FieldNode, flat: Flat, options: tuple[Option, ...]) -> FieldNode:
        nullable = flat.nullable and all(option.value is not None for option in options)
        node = replace(node, options=options, nullable=nullable)
        only = options[0].value if len(options) == 1 and not nullable else ABSENT
        if only is True and not node.read_only:
            kind = Kind.CHOICE if node.secret else Kind.CONSENT
            return replace(node, kind=kind, constant=True)
        return replace(
            node, constant=flat.keywords.get("const", ABSENT) if not nullable else ABSENT
        )

    def _node(self, kind: Kind, schema: JSONValue, words: JSONObject, place: _Place) -> FieldNode:
        return FieldNode(
            kind=kind,
            key=place.key,
            pointer=place.pointer,
            title=str(words.get("title") or place.title),
            description=str(words.get("description", "")),
            required=place.required,
            schema=schema,
            secrets=place.secrets,
            is_typed="type" in words,
            read_only=words.get("readOnly") is True,
            is_recursive=place.is_recursive,
            default=words.get("default", ABSENT),
            format=str(words.get("format", "")),
            multiline=_is_multiline(words),
            placeholder="" if place.secrets.is_secret else _placeholder(words.get("examples")),
            constraints=_constraints(words, kind),
        )

    def _group(self, node: FieldNode, flat: Flat, place: _Place) -> FieldNode:
        properties = flat.keywords.get("properties", {})
        further = flat.keywords.get("additionalProperties", ABSENT)
        patterns = flat.keywords.get("patternProperties")
        is_open = (further is not False or bool(patterns)) and (
            flat.keywords.get("unevaluatedProperties") is not False
        )
        required = dict.fromkeys(str(name) for name in _list(flat.keywords.get("required")))
        if not isinstance(properties, dict):
            raise NotPlain
        properties = {name: child for name, child in properties.items() if child is not False}
        properties |= {name: True for name in required if name not in properties}
        if not (properties or not is_open or place.is_root):
            raise NotPlain
        asides: list[JSONValue] = [*flat.conditions]
        asides.extend({"anyOf": list(union)} for union in flat.unions)
        if any(set(names_in(aside, self._document)) - properties.keys() for aside in asides):
            raise NotPlain

        def make() -> tuple[FieldNode, ...]:
            return _with_distinct_labels(
                tuple(
                    self.build(child, _below(place, name, required=name in required))
                    for name, child in properties.items()
                )
            )

        return replace(
            node,
            make_children=Lazy(make),
            extras=self._extras(place) if is_open else None,
            offers_extras=is_open and (further not in (False, ABSENT) or bool(patterns)),
        )

    def _extras(self, place: _Place) -> FieldNode:
        schema: JSONValue = {"type": "object"}
        node = self._node(Kind.JSON, schema, {"title": "Further fields"}, place)
        return replace(node, required=False, description="A JSON object, or leave it empty.")

    def _list(self, node: FieldNode, flat: Flat, place: _Place) -> FieldNode:
        items = flat.keywords.get("items")
        if not isinstance(items, dict) or not items or "prefixItems" in flat.keywords:
            raise NotPlain
        below = replace(_below(place, "-", required=True), secrets=place.secrets.at_index(None))
        item_place = replace(below, key="", title="Entry")
        return replace(node, make_item=Lazy(lambda: self.build(items, item_place)))


def _with_distinct_labels(children: tuple[FieldNode, ...]) -> tuple[FieldNode, ...]:
    """Put the key behind where titles or keys look the same, as `a-b` and `a_b` are both "A b"."""
    titles, keys = shared(one.title for one in children), shared(one.key for one in children)
    return tuple(
        replace(child, title=f"{child.title} ({spelled(child.key)})")
        if skeleton(child.title) in titles or skeleton(child.key) in keys
        else child
        for child in children
    )


def _below(place: _Place, key: str, *, required: bool) -> _Place:
    return replace(
        place,
        secrets=place.secrets.at_key(key),
        key=key,
        pointer=place.pointer + pointer_to((key,)),
        title=title_of_key(key),
        required=required,
        depth=place.depth + 1,
    )


def _kind(words: JSONObject) -> Kind | None:
    """Tell what kind of field a plain schema without options is, None when no field fits."""
    named = words.get("type")
    if isinstance(named, str):
        return _KINDS.get(named)
    if named is not None:
        return None
    for keyword, kind in _TELLING.items():
        if keyword in words:
            return kind
    return None


_KINDS = {
    "string": Kind.TEXT,
    "number": Kind.NUMBER,
    "integer": Kind.INTEGER,
    "object": Kind.GROUP,
    "array": Kind.LIST,
}
# A schema without `type` means one all the same by the keywords it uses.
_TELLING = {
    "properties": Kind.GROUP,
    "items": Kind.LIST,
    "minLength": Kind.TEXT,
    "maxLength": Kind.TEXT,
    "pattern": Kind.TEXT,
    "format": Kind.TEXT,
    "minimum": Kind.NUMBER,
    "maximum": Kind.NUMBER,
    "multipleOf": Kind.NUMBER,
}


def _is_multiline(words: JSONObject) -> bool:
    longest, default = words.get("maxLength"), words.get("default")
    return (
        (isinstance(longest, int) and longest > LONG_TEXT_CHARACTERS)
        or str(words.get("contentMediaType", "")).startswith("text/")
        or (isinstance(default, str) and ("\n" in default or "\r" in default))
    )


def _placeholder(examples: JSONValue) -> str:
    first = examples[0] if isinstance(examples, list) and examples else ""
    if isinstance(first, str):
        return first if "\n" not in first else ""
    return dump(first) if isinstance(first, int | float) and not isinstance(first, bool) else ""


def _constraints(words: JSONObject, kind: Kind) -> Constraints:
    least = _count(words.get("minContains"))
    low, above = _number(words.get("minimum")), _number(words.get("exclusiveMinimum"))
    high, below = _number(words.get("maximum")), _number(words.get("exclusiveMaximum"))
    is_above = above is not None and (low is None or above >= low)
    is_below = below is not None and (high is None or below <= high)
    low, high = (above if is_above else low), (below if is_below else high)
    if kind is Kind.INTEGER:  # more than 0.5 is at least 1
        low = floor(low) + 1 if is_above and low is not None else low
        high = ceil(high) - 1 if is_below and high is not None else high
        is_above = is_below = False
    return Constraints(
        minimum=low,
        maximum=high,
        is_above=is_above,
        is_below=is_below,
        multiple_of=_number(words.get("multipleOf")),
        min_length=_count(words.get("minLength")),
        max_length=_count(words.get("maxLength")),
        pattern=str(words.get("pattern", "")),
        min_items=_count(words.get("minItems")) or 0,
        max_items=_count(words.get("maxItems")),
        unique_items=words.get("uniqueItems") is True,
        contains=words.get("contains", ABSENT),
        min_contains=1 if least is None else least,
        max_contains=_count(words.get("maxContains")),
    )


def _number(value: JSONValue) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _count(value: JSONValue) -> int | None:
    number = _number(value)
    return None if number is None else int(number)


def _list(value: JSONValue) -> list[JSONValue]:
    return value if isinstance(value, list) else []
