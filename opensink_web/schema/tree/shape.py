"""Which fields an object has: a function of what is in it, and of what a person chose.

A key keeps its number through all states of the object, so that what was typed stays where it was
typed: its place among all keys that the object may ever have, in the order of the document.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.tree.conditions import Conditional, Decided, Everything, Supposed, possible
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.flattening import (
    Applying,
    Flat,
    Parts,
    Union,
    annotations,
    collected,
    merged_parts,
)
from opensink_web.schema.tree.merging import NotPlain
from opensink_web.schema.tree.node import Choose, FieldNode, Fields, Kind, Selector
from opensink_web.schema.tree.place import Place
from opensink_web.schema.tree.titles import with_distinct_titles
from opensink_web.schema.tree.variants import MAX_TRIED, Variants

MAX_POSSIBLE = 5_000
Build = Callable[[JSONValue, Place], FieldNode]


MAX_SUPPOSED = 50
"""So many conditions are looked at one by one, for those who want to know what may come."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """A union whose branches draw something, under its number."""

    number: int
    variants: Variants

    @property
    def needs_selector(self) -> bool:
        """Return True if there is something to choose."""
        return len(self.variants.branches) > 1


class ObjectShape:
    """The fields of one object."""

    def __init__(
        self, schema: JSONValue, flat: Flat, place: Place, document: Document, build: Build
    ) -> None:
        self._schema = schema
        self._flat = flat
        self._place = replace(place, around=place.around | flat.followed)
        self._document = document
        self._build = build
        self._nodes: dict[tuple[str, int, bool], FieldNode] = {}
        self._states: dict[tuple[int, ...], Fields] = {}
        self._selectors: dict[int, Selector] = {}
        self._choices: dict[int, _Choice | None] = {}
        self.is_variable = self._is_variable()
        branches = (len(union.branches) for union in flat.unions)
        self.decisions = len(flat.conditions) + sum(branches)
        self.may_be_several = any(map(self._may_be_several, self._flat.unions))

    def _is_variable(self) -> bool:
        conditional = Conditional()
        conditions = any(conditional.conditional(each) for each in self._flat.conditions)
        return conditions or any(map(self._choice, self._flat.unions))

    def _may_be_several(self, union: Union) -> bool:
        choice = self._choice(union)
        if choice is None or union.is_exclusive:
            return False
        return choice.needs_selector and not choice.variants.tag

    def at(self, value: JSONObject, choose: Choose | None = None) -> Fields:
        """Return the fields for a value; without `choose` the value itself says its branches."""
        with self._document.lock:
            return self._at(value, choose) if self.is_variable else self._unchanging

    def _at(self, value: JSONObject, choose: Choose | None) -> Fields:
        def branch_of(union: Union) -> JSONValue:
            choice = self._choice(union)
            if choice is None:
                return None
            if choose is None or not choice.needs_selector:
                branch = choice.variants.recognized(value)
            else:
                number = choose(choice.number)
                branch = None if number is None else choice.variants.at(number)
            return None if branch is None else branch.schema

        decided = Decided(self._document, value, branch_of)
        try:
            parts = collected([self._schema], self._document, decided, MAX_POSSIBLE)
            state = tuple(decided.trace)
            if state not in self._states:
                self._states[state] = self._fields(parts, dict(decided.taken))
        except NotPlain:  # it contradicts itself in this state: what always holds is asked for
            return self._unchanging
        return self._states[state]

    def supposed(self) -> Iterator[Fields]:
        """Yield the fields that there are by each schema that a condition may bring."""
        with self._document.lock:
            brought = [each for words in self._flat.conditions for each in possible(words)]
            for schema in brought[:MAX_SUPPOSED]:
                with suppress(NotPlain):
                    parts = collected([self._schema], self._document, Supposed(schema))
                    yield self._drawn(merged_parts(parts), (), {})

    def number_in(self, selector: int, value: JSONObject) -> int | None:
        """Return the number of the branch that a value is of by itself."""
        with self._document.lock:
            variants = self._variants(selector)
            branch = variants.recognized(value)
            return None if branch is None else variants.number_of(branch)

    def fits_union(self, selector: int, value: JSONObject) -> bool:
        """Return True if a value fits the union between whose branches a selector chooses."""
        with self._document.lock:
            variants = self._variants(selector)
            tried = variants.branches if len(variants.branches) <= MAX_TRIED else []
            count = sum(self._document.fits(each.schema, value) for each in tried)
        return count == 1 or (count > 1 and not variants.union.is_exclusive)

    def _variants(self, selector: int) -> Variants:
        choices = filter(None, self._choices.values())
        return next(each.variants for each in choices if each.number == selector)

    @cached_property
    def _unchanging(self) -> Fields:
        """The fields by what always holds."""
        return self._drawn(self._flat, (), {})

    def _fields(self, parts: Parts, taken: dict[Union, JSONValue]) -> Fields:
        """Return the fields of one state, in which these branches of unions were taken."""
        constants: JSONObject = {}
        unchosen: set[str] = set()
        selectors = []
        for union in parts.unions:
            choice = self._choice(union)
            if choice is None or not choice.needs_selector:
                continue
            selectors.append(self._selector(choice))
            branch = choice.variants.of(taken.get(union))
            if branch is None:
                unchosen.add(choice.variants.tag)
            else:
                constants |= choice.variants.constant_of(branch)
        flat = merged_parts(parts)
        properties = _mapping(flat.keywords.get("properties"))
        kept = {key: child for key, child in properties.items() if key not in unchosen}
        required = [key for key in _required(flat.keywords) if key not in unchosen]
        words = flat.keywords | {"properties": kept, "required": [*required]}
        return self._drawn(replace(flat, keywords=words), tuple(selectors), constants)

    def _drawn(self, flat: Flat, selectors: tuple[Selector, ...], constants: JSONObject) -> Fields:
        """Make the nodes of plain keywords; constants mark a branch and are drawn by a selector."""
        self._document.count_of_made += 1
        words = flat.keywords
        required = dict.fromkeys(_required(words))
        properties = _mapping(words.get("properties"))
        drawn = {key: child for key, child in properties.items() if child is not False}
        drawn |= {key: True for key in required if key not in drawn}
        place = replace(self._place, around=self._place.around | flat.followed)
        nodes = {}
        for key, child in drawn.items():
            node = self._node(key, child, place, required=key in required)
            if key in constants:
                node = _marked(node, constants[key])
            nodes[key] = node
        numbers = self._numbers if self.is_variable or self._place.possible else {}
        order = sorted(nodes, key=lambda key: numbers[key]) if numbers else list(nodes)
        return Fields(
            children=with_distinct_titles(nodes[key] for key in order),
            numbers=tuple(numbers[key] for key in order) if numbers else tuple(range(len(order))),
            selectors=selectors,
            hidden=frozenset(constants),
            is_open=_is_open(words),
        )

    def _node(self, key: str, schema: JSONValue, place: Place, *, required: bool) -> FieldNode:
        known = (key, id(schema), required)
        if known not in self._nodes:
            below = place.at_key(key, required=required, possible=self._possible(key))
            self._nodes[known] = self._build(schema, below)
        return self._nodes[known]

    def _possible(self, key: str) -> tuple[JSONValue, ...]:
        """Return all schemas that may apply to a key, nothing if they are always the same."""
        if not (self.is_variable or self._place.possible):
            return ()
        schemas = self._schemas_of.get(key, ())
        return tuple(schemas) if len(schemas) > 1 else ()

    @cached_property
    def _schemas_of(self) -> dict[str, list[JSONValue]]:
        """The schemas that may ever apply to each key."""
        schemas: dict[str, list[JSONValue]] = {}
        for part in self._everything.plain:
            for key, schema in _mapping(part.words.get("properties")).items():
                schemas.setdefault(key, []).append(schema)
        return schemas

    @cached_property
    def _everything(self) -> Parts:
        """All that may ever apply."""
        return self._collected(Everything(), *self._place.possible, self._schema)

    @cached_property
    def _union_numbers(self) -> dict[int, int]:
        keys = dict.fromkeys(union.key for union in self._everything.unions)
        return {key: number for number, key in enumerate(keys)}

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """The number of each key that there may be: first those that there always are."""
        always = [] if self._place.possible else [*_mapping(self._flat.keywords.get("properties"))]
        always += [] if self._place.possible else _required(self._flat.keywords)
        later = [key for part in self._everything.plain for key in part.named]
        return {key: number for number, key in enumerate(dict.fromkeys([*always, *later]))}

    def _collected(self, applying: Applying, *schemas: JSONValue) -> Parts:
        parts = collected((), self._document, applying, MAX_POSSIBLE)
        for schema in schemas:
            parts.add_leniently(schema)
        parts.unfold(applying)
        return parts

    def _choice(self, union: Union) -> _Choice | None:
        """Return a union to choose from; None where its branches draw nothing of their own."""
        if union.key not in self._choices:
            variants = Variants(union, self._document)
            draws = bool(variants.branches) and (
                bool(variants.tag) or not variants.keys <= self._keys_beside(union)
            )
            number = self._union_numbers.get(union.key, len(self._union_numbers))
            self._choices[union.key] = _Choice(number, variants) if draws else None
        return self._choices[union.key]

    def _keys_beside(self, union: Union) -> set[str]:
        """Return the keys that the object has without a union, or where that stands."""
        around = self._collected(Conditional(), self._schema, *union.around)
        return {key for part in around.plain for key in part.named}

    def _selector(self, choice: _Choice) -> Selector:
        """Return the selector of a union, the same in every state."""
        if choice.number not in self._selectors:
            self._selectors[choice.number] = self._new_selector(choice)
        return self._selectors[choice.number]

    def _new_selector(self, choice: _Choice) -> Selector:
        variants, secrets = choice.variants, self._place.secrets
        at_tag = self._place.at_key(variants.tag, required=True) if variants.tag else self._place
        words = self._words_of_tag(variants) if variants.tag else {}
        node = FieldNode(
            kind=Kind.CHOICE,
            key=variants.tag,
            pointer=at_tag.pointer,
            title=str(words.get("title") or (at_tag.title if variants.tag else "Choose one")),
            description=str(words.get("description", "")),
            required=True,
            schema=True,
            secrets=secrets,
            options=variants.options(is_secret=at_tag.secrets.is_secret),
        )
        own = {variants.tag} if variants.tag else variants.keys
        anchor = min((self._numbers[key] for key in own if key in self._numbers), default=0)
        return Selector(choice.number, node, anchor)

    def _words_of_tag(self, variants: Variants) -> JSONObject:
        beside = _mapping(self._flat.keywords.get("properties")).get(variants.tag)
        schemas = [beside, *(branch.properties[variants.tag] for branch in variants.branches)]
        titled = [annotations(schema, self._document) for schema in schemas if schema is not None]
        titles = {words.get("title") for words in titled[1:] or titled}
        return titled[0] if beside is not None or len(titles) == 1 else {}


def _marked(node: FieldNode, constant: JSONValue) -> FieldNode:
    """Return the node of a key that only marks a branch."""
    return replace(node, kind=Kind.FIXED, constant=constant, options=(), nullable=False, shape=None)


def _is_open(words: JSONObject) -> bool:
    """Return True if there may be keys that the schema does not name."""
    is_closed = words.get("additionalProperties") is False and not words.get("patternProperties")
    return not is_closed and words.get("unevaluatedProperties") is not False


def _required(words: JSONObject) -> list[str]:
    required = words.get("required")
    return [str(key) for key in required] if isinstance(required, list) else []


def _mapping(value: JSONValue) -> JSONObject:
    return value if isinstance(value, dict) else {}
