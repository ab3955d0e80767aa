"""The branches of a union of objects: how a person tells them apart, and which one a value is."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.titles import title_of_key
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.flattening import (
    Applying,
    Part,
    Union,
    annotations,
    collected,
    flatten,
)
from opensink_web.schema.tree.merging import NotPlain
from opensink_web.schema.tree.options import Option, written

_MAX_KEYS_IN_LABEL = 3
MAX_TRIED = 50
"""How many branches without a mark are held against a value to see which it is."""


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """One branch: the keys that it names, and which of them it demands."""

    schema: JSONValue
    words: JSONObject
    properties: dict[str, JSONValue]
    required: frozenset[str]

    @property
    def keys(self) -> set[str]:
        """The keys that this branch speaks of."""
        return {*self.properties, *self.required}


class Variants:
    """The branches of one union that an object may take.

    `tag` is the key whose constant tells them apart, "" where there is none.
    """

    def __init__(self, union: Union, document: Document) -> None:
        self._document = document
        self.union = union
        known = (_branch(schema, document) for schema in union.branches)
        self.branches = [branch for branch in known if branch is not None]
        self._values: list[dict[str, JSONValue]] = []
        self.tag = next(filter(self._is_tag, self._candidates()), "")
        self._numbers = {id(branch): number for number, branch in enumerate(self.branches)}

    @property
    def keys(self) -> set[str]:
        """The keys that any of the branches speaks of."""
        return {key for branch in self.branches for key in branch.keys}

    @cached_property
    def _shared_keys(self) -> set[str]:
        return set.intersection(*(each.keys for each in self.branches))

    @cached_property
    def _titles_of_constants(self) -> list[str]:
        titles = [annotations(each.properties[self.tag], self._document) for each in self.branches]
        return [str(words["title"]) for words in titles if "title" in words]

    def constant_of(self, branch: Branch) -> JSONObject:
        """Return the one value of the tag in a branch by its key; nothing where it leaves several.

        Of a branch that does not demand its tag a value may lack it.
        """
        values = self._values[self.number_of(branch)] if self.tag else {}
        return {self.tag: next(iter(values.values()))} if len(values) == 1 else {}

    def at(self, number: int) -> Branch | None:
        """Return the branch of a number, None where there is none."""
        return self.branches[number] if 0 <= number < len(self.branches) else None

    def number_of(self, branch: Branch) -> int:
        """Return the number of one of the branches."""
        return self._numbers[id(branch)]

    def of(self, schema: JSONValue) -> Branch | None:
        """Return the branch of this very schema."""
        return next((branch for branch in self.branches if branch.schema is schema), None)

    def recognized(self, value: JSONObject) -> Branch | None:
        """Return the branch of a value: by its tag, else the first that fits, else the nearest."""
        if len(self.branches) == 1 or not value:
            return self.branches[0] if len(self.branches) == 1 else None
        if self.tag in value and self.tag:
            written = dump(value[self.tag])
            marked = zip(self.branches, self._values, strict=True)
            return next((branch for branch, values in marked if written in values), None)
        for branch in self.branches[:MAX_TRIED]:
            if self._document.fits(branch.schema, value):
                return branch
        nearest = max(self.branches, key=lambda branch: len(branch.keys & value.keys()))
        return nearest if nearest.keys & value.keys() else None

    def options(self, *, is_secret: bool) -> tuple[Option, ...]:
        """Return the branches to choose from by their number, each with a label of its own."""
        labels = [self._label(branch, is_secret=is_secret) for branch in self.branches]
        count, seen = Counter(labels), Counter[str]()
        options = []
        for number, (branch, label) in enumerate(zip(self.branches, labels, strict=True)):
            seen[label] += 1
            distinct = f"{label} ({seen[label]})" if count[label] > 1 else label
            options.append(Option(number, distinct, str(branch.words.get("description", ""))))
        return tuple(options)

    def _label(self, branch: Branch, *, is_secret: bool) -> str:
        if branch.words.get("title"):
            return str(branch.words["title"])
        constant = {} if is_secret else self.constant_of(branch)
        if constant:
            return self._label_of_constant(branch, constant[self.tag])
        reference = branch.schema.get("$ref") if isinstance(branch.schema, dict) else None
        if isinstance(reference, str) and reference.rpartition("/")[2]:
            return title_of_key(reference.rpartition("/")[2])
        own = branch.keys - self._shared_keys
        order = [key for key in branch.properties if key in own] or sorted(own)
        words = ", ".join(title_of_key(key).lower() for key in order[:_MAX_KEYS_IN_LABEL])
        return f"With {words}" if words else "Without these"

    def _label_of_constant(self, branch: Branch, value: JSONValue) -> str:
        named = self._titles_of_constants
        if len(set(named)) == len(self.branches):
            return named[self.number_of(branch)]
        return title_of_key(value) if isinstance(value, str) and value else written(value)

    def _candidates(self) -> list[str]:
        if len(self.branches) < 2:
            return []
        shared = set.intersection(*({*branch.properties} for branch in self.branches))
        named = [self.union.tag] if self.union.tag in shared else []
        return [*named, *(key for key in self.branches[0].properties if key in shared)]

    def _is_tag(self, key: str) -> bool:
        """Return True if a key has values of its own in each branch; they are noted then."""
        taken: set[str] = set()
        self._values = []
        for branch in self.branches:
            values = _constants(branch.properties[key], self._document)
            if not values or taken & values.keys():
                return False
            taken |= values.keys()
            self._values.append(values)
        return True


def _branch(schema: JSONValue, document: Document) -> Branch | None:
    """Look at a branch; None where no object can be of it."""
    try:
        parts = collected([schema], document, Applying()).plain
    except NotPlain:
        return None
    if any(not _may_be_object(part) for part in parts):
        return None
    properties: dict[str, JSONValue] = {}
    required: list[str] = []
    for part in parts:
        own, needed = part.words.get("properties"), part.words.get("required")
        for key, child in (own if isinstance(own, dict) else {}).items():
            properties[key] = document.all_of([properties.get(key, True), child])
        required.extend(map(str, needed if isinstance(needed, list) else ()))
    possible = {key: child for key, child in properties.items() if child is not False}
    return Branch(schema, annotations(schema, document), possible, frozenset(required))


def _may_be_object(part: Part) -> bool:
    named = part.words.get("type", "object")
    return named == "object" or (isinstance(named, list) and "object" in named)


def _constants(schema: JSONValue, document: Document) -> dict[str, JSONValue]:
    """Return the few values that a schema allows, each by how it is written."""
    try:
        words = flatten(schema, document).keywords
    except NotPlain:
        return {}
    listed = [words["const"]] if "const" in words else words.get("enum")
    return {dump(value): value for value in listed} if isinstance(listed, list) else {}
