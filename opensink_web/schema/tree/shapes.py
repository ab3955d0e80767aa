"""Nodes of values that may be of several shapes: unions, anything at all, and maps of any keys."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Protocol, assert_never

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.patterns import NamesMatcher
from opensink_web.schema.secrets import Secrets
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.flattening import Flat
from opensink_web.schema.tree.merging import NotPlain
from opensink_web.schema.tree.node import ABSENT, FieldNode, Kind, Lazy
from opensink_web.schema.tree.options import options_of
from opensink_web.schema.tree.place import Place

MAX_BRANCHES = 100
ANYTHING: list[JSONValue] = ["string", "number", "boolean", "null", "array", "object"]
"""The types of which a value without a schema may be."""
_SCALARS = frozenset(
    {Kind.TEXT, Kind.NUMBER, Kind.INTEGER, Kind.CHOICE, Kind.CONSENT, Kind.FIXED, Kind.SCALAR}
)
BOXES = frozenset({Kind.TEXT, Kind.NUMBER, Kind.INTEGER, Kind.SCALAR})
"""The kinds with a box to type into."""
_OWN_WORDS = frozenset(
    {"title", "description", "default", "examples", "readOnly", "writeOnly", "type", "$comment"}
)


class _Builds(Protocol):
    def build(self, schema: JSONValue, place: Place) -> FieldNode: ...

    def node(self, kind: Kind, schema: JSONValue, words: JSONObject, place: Place) -> FieldNode: ...


class Shapes:
    """Makes the nodes that have branches, and those whose keys a person names."""

    def __init__(self, builder: _Builds, document: Document) -> None:
        self._builder = builder
        self._document = document

    def anything(self, schema: JSONValue, flat: Flat, place: Place) -> FieldNode:
        """Make the node of a value of which nothing is known. Raises: NotPlain."""
        if place.is_root or place.secrets.is_secret:
            raise NotPlain
        node = self._builder.node(Kind.UNION, schema, flat.keywords, place)

        def make() -> tuple[FieldNode, ...]:
            inside = replace(place, title="", required=True)
            branches = self._together(self._branches(flat, inside), schema, inside)
            box = replace(
                branches[0],
                title="A simple value",
                required=place.required,
                nullable=not place.required,
            )
            words: JSONObject = {"title": "Any value, as JSON"}
            json = self._builder.node(Kind.JSON, True, words, inside)
            return (box, *_titled(branches[1:]), json)

        # there is no end to what may be in it
        return replace(node, make_branches=Lazy(make, self._document.lock), is_recursive=True)

    def union(self, schema: JSONValue, flat: Flat, place: Place) -> FieldNode:
        """Make the node of a value that may be of several kinds. Raises: NotPlain."""
        if not flat.unions and "type" not in flat.keywords:
            return self.anything(schema, flat, place)
        if place.is_root:
            raise NotPlain
        inside = replace(place, title="", required=True, in_place=place.in_place | flat.followed)
        branches = list(self._branches(flat, inside))
        if not branches or len(branches) > MAX_BRANCHES:
            raise NotPlain
        nullable = flat.nullable or any(each.nullable for each in branches)
        node = self._builder.node(Kind.UNION, schema, flat.keywords, place)
        node = replace(node, nullable=nullable)
        shapes = self._together(branches, schema, inside)
        if len(shapes) == 1:
            alone = shapes[0]
            if alone.kind is Kind.SCALAR:
                return replace(node, kind=Kind.SCALAR, make_branches=alone.make_branches)
            title = node.title if "title" in flat.keywords else alone.title or node.title
            return replace(alone, nullable=nullable, title=title, required=place.required)
        if place.secrets.is_secret:
            raise NotPlain  # which shape it has would say something of the secret
        if shapes[0].kind in BOXES:  # which is there from the start, and may be left empty
            shapes[0] = replace(shapes[0], nullable=nullable, required=place.required)
        titled = tuple(_titled(shapes))
        return replace(node, make_branches=Lazy(lambda: titled, self._document.lock))

    def _together(
        self, branches: Iterable[FieldNode], schema: JSONValue, place: Place
    ) -> list[FieldNode]:
        """Put the simple kinds into one box, in the place of the first of them."""
        shapes: list[FieldNode] = []
        simple: list[FieldNode] = []
        at = 0
        for branch in branches:
            if branch.kind not in _SCALARS:
                shapes.append(branch)
                continue
            at = at if simple else len(shapes)
            simple += branch.branches if branch.kind is Kind.SCALAR else [branch]
        if simple:
            options, lock = tuple(_simple(simple)), self._document.lock
            box = self._builder.node(Kind.SCALAR, schema, {}, place)
            is_one = len(options) == 1 and bool(shapes)
            box = options[0] if is_one else replace(box, make_branches=Lazy(lambda: options, lock))
            shapes.insert(at, box)
        return shapes

    def _branches(self, flat: Flat, place: Place) -> Iterator[FieldNode]:
        """Yield the node of each branch; those of a union inside one are branches as well."""
        rest = {name: word for name, word in flat.keywords.items() if name not in _OWN_WORDS}
        if flat.unions:
            if "type" in flat.keywords:
                rest["type"] = flat.keywords["type"]
            base: list[JSONValue] = [rest] if rest else []
            schemas = [
                self._document.all_of([*base, branch])
                for branch in flat.unions[0].branches
                if branch is not False and id(branch) not in place.in_place
            ]
        else:
            types = flat.keywords.get("type", list(ANYTHING))
            schemas = [
                {**rest, "type": name} for name in (types if isinstance(types, list) else [])
            ]
        for schema in schemas:
            node = self._builder.build(schema, place)
            is_inside = node.kind in {Kind.UNION, Kind.SCALAR}
            yield from node.branches if is_inside else [node]

    def map(self, node: FieldNode, flat: Flat, place: Place) -> FieldNode:
        """Make an object whose keys a person names; its values may depend on their keys."""
        if place.secrets.is_secret:
            raise NotPlain
        words = flat.keywords
        further = words.get("additionalProperties", True)
        patterns = words.get("patternProperties")
        patterns = patterns if isinstance(patterns, dict) else {}
        matcher = NamesMatcher(patterns) if patterns else None
        known: dict[tuple[int, int], tuple[FieldNode, Secrets]] = {}  # which keeps their ids

        def find(key: str) -> FieldNode | None:
            matching = matcher.matching(key) if matcher else []
            schemas = [patterns[pattern] for pattern in matching]
            if not schemas:
                # a row without a name yet has the value that a name would most likely give it
                is_blank = not key and further is False
                schemas = [*patterns.values()][:1] if is_blank else [further]
            schema = self._document.all_of(schemas)
            if schema is False:
                return None
            at = replace(place.at_key(key or "-", required=True), key=key, title="Value")
            with self._document.lock:
                # keys of which the schema says the same are asked for alike
                alike = (id(schema), id(at.secrets))
                if alike not in known:
                    known[alike] = (self._builder.build(schema, at), at.secrets)
                return replace(known[alike][0], key=key, pointer=at.pointer)

        return replace(
            node,
            kind=Kind.MAP,
            constraints=replace(
                node.constraints,
                min_items=_count(words.get("minProperties")) or 0,
                max_items=_count(words.get("maxProperties")),
            ),
            key_node=self._name_of_entry(words.get("propertyNames", True), place),
            is_mixed=bool(patterns),
            find_value=find,
            patterns=tuple(patterns) if further is False else (),
        )

    def _name_of_entry(self, names: JSONValue, place: Place) -> FieldNode:
        """Make the field in which a person names an entry of a map."""
        key_place = replace(place.at_key("", required=True), title="Name")
        key_place = replace(key_place, secrets=place.secrets.of_names)
        node = self._builder.build(self._document.all_of([names, {"type": "string"}]), key_place)
        if node.kind not in {Kind.TEXT, Kind.CHOICE}:
            node = self._builder.node(Kind.TEXT, {"type": "string"}, {"title": "Name"}, key_place)
        shortest = max(1, node.constraints.min_length or 0)
        limits = replace(node.constraints, min_length=shortest)
        return replace(node, title="Name", default=ABSENT, constraints=limits)


def _count(value: JSONValue) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _simple(scalars: list[FieldNode]) -> Iterator[FieldNode]:
    """Yield the branches of a box, a constant as an option to choose."""
    for scalar in scalars:
        if scalar.kind is Kind.FIXED and scalar.constant is not ABSENT:
            words: JSONObject = {"const": scalar.constant, "title": scalar.title}
            flat = Flat(words, (), (), frozenset(), nullable=True)
            options = options_of(flat, scalar.secrets) or ()
            if scalar.title and not scalar.secret:
                options = tuple(replace(option, label=scalar.title) for option in options)
            yield replace(scalar, kind=Kind.CHOICE, options=options, constant=ABSENT)
        elif scalar.kind in {Kind.CHOICE, Kind.CONSENT}:
            yield replace(scalar, kind=Kind.CHOICE, constant=ABSENT)
        else:
            yield scalar


def _titled(branches: list[FieldNode]) -> Iterator[FieldNode]:
    """Give each branch a title that tells it from the others."""
    titles = [branch.title or _title_of(branch) for branch in branches]
    used = Counter(titles)
    numbers: Counter[str] = Counter()
    for branch, title in zip(branches, titles, strict=True):
        numbers[title] += 1
        distinct = f"{title} {numbers[title]}" if used[title] > 1 else title
        yield replace(branch, title=distinct)


def _title_of(branch: FieldNode) -> str:
    if branch.kind is Kind.SCALAR:
        words = dict.fromkeys(_title_of(each) for each in branch.branches)
        first, *rest = [word if at == 0 else word.lower() for at, word in enumerate(words)]
        return " or ".join([", ".join([first, *rest[:-1]]), rest[-1]]) if rest else first
    if branch.kind is Kind.CHOICE:
        is_boolean = all(isinstance(option.value, bool) for option in branch.options)
        return "Yes or no" if is_boolean else "One of the options"
    return _title_of_kind(branch.kind)


def _title_of_kind(kind: Kind) -> str:
    match kind:
        case Kind.TEXT:
            return "Text"
        case Kind.NUMBER:
            return "Number"
        case Kind.INTEGER:
            return "Whole number"
        case Kind.LIST:
            return "List"
        case Kind.GROUP | Kind.MAP:
            return "Fields"
        case Kind.FIXED | Kind.CHOICE | Kind.CONSENT:
            return "One of the options"
        case Kind.JSON:
            return "JSON"
        case Kind.SCALAR | Kind.UNION:
            return "Any value"
        case _:
            assert_never(kind)
