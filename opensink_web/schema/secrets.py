"""Which parts of a value are secret by a schema: `writeOnly`, or of the format password.

The one place that decides it; whatever is drawn, answered or kept asks here. It errs on the side of
hiding: what any part of the schema that may apply calls secret is secret, whichever branch or
condition turns out to hold, and a reference that cannot be followed hides what stands there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.patterns import matcher
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import IN_PLACE_KEYWORDS, Path, children, objects_in, walk

HIDDEN = "••••••"
"""What stands in the place of a secret."""
MAX_VISITS = 1_000_000
"""How many schemas are looked at for one value, about a second's work; after that all is hidden."""
_MAPS_IN_PLACE = frozenset({"dependentSchemas", "dependencies"})
_PROPOSALS = ("default", "const")
_LISTED_PROPOSALS = ("examples", "enum")


@dataclass(frozen=True, slots=True)
class _Matching:
    """Any key that matches a pattern: the pattern's own text need not."""

    pattern: str


_Step: TypeAlias = str | _Matching | int | None
"""A key, an entry of a list, or any entry."""


class Secrets:
    """What is secret at one place of a value, and below it.

    `schemas` are all that may apply at the place. A place below a secret is secret too.
    """

    def __init__(
        self, document: "_Document", schemas: tuple[JSONObject, ...], *, is_secret: bool
    ) -> None:
        self.document = document
        self.schemas = schemas
        self.is_secret = is_secret
        self._distinct_items = max((_count_distinct_items(each) for each in schemas), default=0)
        self._below: dict[str | int | None, Secrets] = {}

    def at_key(self, key: str) -> "Secrets":
        """Return what is secret at a key of the object that stands here."""
        return self._at(key)

    def at_index(self, index: int | None) -> "Secrets":
        """Return what is secret at an entry of the list that stands here; None for any of them."""
        # entries beyond those that a schema tells apart are all alike
        return self._at(index if index is None else min(index, self._distinct_items))

    def from_index(self, index: int) -> "Secrets":
        """Return what is secret at any entry of the list from an index on."""
        return self.at_index(index if index >= self._distinct_items else None)

    @property
    def of_names(self) -> "Secrets":
        """What is secret in the names of the keys here: nothing, unless the whole object is."""
        return self if self.is_secret else self.document.place([])

    @property
    def altogether(self) -> "Secrets":
        """The same place, of which everything is secret."""
        return self.document.hiding

    def at_pointer(self, pointer: str, value: JSONValue) -> "Secrets":
        """Return what is secret at a place in the value that stands here."""
        place: Secrets = self
        for token in pointer.split("/")[1:]:
            key = token.replace("~1", "/").replace("~0", "~")
            if isinstance(value, list) and key.isdecimal():
                place, value = place.at_index(int(key)), value_at(value, (int(key),))
            else:
                place, value = place.at_key(key), value_at(value, (key,))
        return place

    def _at(self, step: str | int | None) -> "Secrets":
        if self.is_secret or not self.document.has_secrets:
            return self
        if step not in self._below:
            self.document.visits_left -= len(self.schemas)
            self._below[step] = self.document.place(
                child
                for schema in self.schemas
                for child in self.document.children_at(schema, step)
            )
        return self._below[step]

    def may_hold_any(self) -> bool:
        """Return True if something here or below may be secret."""
        return self.is_secret or any(map(self.document.reaches_secret, self.schemas))

    def paths_in(self, value: JSONValue, at: Path = ()) -> Iterator[Path]:
        """Yield where the secrets of the value that stands here are, the outermost alone."""
        if self.is_secret:
            yield at
        elif self.document.has_secrets and isinstance(value, dict):
            for key, inner in value.items():
                yield from self.at_key(key).paths_in(inner, (*at, key))
        elif self.document.has_secrets and isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self.at_index(index).paths_in(inner, (*at, index))

    def hide(self, value: JSONValue) -> JSONValue:
        """Return the value that stands here with a mark in the place of each secret."""
        return hide_at(value, self.paths_in(value))


def secrets_of(schema: JSONValue) -> Secrets:
    """Return what is secret in the values that a schema describes."""
    return _Document(schema).place([schema])


def hide_at(value: JSONValue, paths: Iterable[Path]) -> JSONValue:
    """Return the value with a mark at each of these places."""
    return with_values(value, dict.fromkeys(paths, HIDDEN))


def value_at(value: JSONValue, path: Path) -> JSONValue:
    """Return what stands at a place of a value, None where there is no such place."""
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def merged_paths(*several: Iterable[Path]) -> list[list[str | int]]:
    """Return the paths, each once, as they are stored."""
    return [list(path) for path in dict.fromkeys(path for paths in several for path in paths)]


def paths_from(stored: Iterable[Iterable[str | int]]) -> list[Path]:
    """Return the paths that were stored."""
    return [tuple(each) for each in stored]


def with_values(value: JSONValue, given: Mapping[Path, JSONValue], at: Path = ()) -> JSONValue:
    """Return the value with others in the places that are given; the value itself stays."""
    if not given:
        return value
    if at in given:
        return given[at]
    if isinstance(value, dict):
        return {key: with_values(inner, given, (*at, key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_values(inner, given, (*at, index)) for index, inner in enumerate(value)]
    return value


def without_secret_proposals(schema: JSONValue) -> JSONValue:
    """Return a schema without the secret values in it: defaults, constants, examples, options."""
    document = _Document(schema)
    if not document.has_secrets:
        return schema
    is_whole, secrets = document.places(schema)
    given: dict[Path, JSONValue] = {}
    for path, part in objects_in(schema):
        places = secrets.get(id(part), []) if is_whole else [document.hiding]
        for step, proposal in _proposals_of(part):
            inner = {inner for place in places for inner in place.paths_in(proposal)}
            given |= dict.fromkeys(((*path, *step, *each) for each in inner), HIDDEN)
    return with_values(schema, given)


def _proposals_of(schema: JSONObject) -> Iterator[tuple[Path, JSONValue]]:
    """Yield the values that a schema itself names, each with its place in it."""
    for keyword in _PROPOSALS:
        if keyword in schema:
            yield (keyword,), schema[keyword]
    for keyword in _LISTED_PROPOSALS:
        listed = schema.get(keyword)
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            yield (keyword, index), each


class _Document:
    """One schema with its references, and the places of its values that were asked for."""

    def __init__(self, root: JSONValue) -> None:
        self.has_secrets = any(names_secret(each) for _, each in objects_in(root))
        self.hiding = Secrets(self, (), is_secret=True)
        dialect = root.get("$schema") if isinstance(root, dict) else None
        self._knows_prefix = dialect is None or "2020-12" in str(dialect)
        self._references = References(root) if self.has_secrets else None
        self._known: dict[frozenset[int], Secrets] = {}
        self._reaches: dict[int, bool] = {}
        self.visits_left = MAX_VISITS

    def place(self, starts: Iterable[JSONValue]) -> Secrets:
        """Return the place at which these schemas, and whatever they bring in, may apply."""
        if self._references is None:
            return Secrets(self, (), is_secret=False)
        schemas: dict[int, JSONObject] = {}
        rest = list(starts) if self.visits_left >= 0 else []
        while rest and self.visits_left >= 0:
            schema = rest.pop()
            self.visits_left -= 1
            if not isinstance(schema, dict) or id(schema) in schemas:
                continue
            schemas[id(schema)] = schema
            targets = self._references.targets(schema)
            # where a dynamic reference leads depends on how one came here
            if "$dynamicRef" in schema or None in targets or self._is_secret(schema):
                return self.hiding
            rest.extend(targets)
            rest.extend(_in_place(schema))
        if self.visits_left < 0:
            return self.hiding
        key = frozenset(schemas)
        if key not in self._known:
            self._known[key] = Secrets(self, tuple(schemas.values()), is_secret=False)
        return self._known[key]

    def children_at(self, schema: JSONObject, step: _Step) -> Iterator[JSONValue]:
        """Yield the schemas inside a schema that may be about a key, an entry, or any entry."""
        if isinstance(step, str | _Matching):
            yield from _at_key(schema, step)
        else:
            yield from _at_index(schema, step, knows_prefix=self._knows_prefix)

    def _is_secret(self, schema: JSONObject) -> bool:
        """Return True if a schema alone makes a value secret; so does one of what is in a text."""
        return names_secret(schema) or any(
            name in schema and self.reaches_secret(schema[name])
            for name in ("contentSchema", "propertyNames")
        )

    def reaches_secret(self, schema: JSONValue) -> bool:
        """Return True if a schema, or any below it or referred to, may make something secret."""
        if self._references is None:
            return False
        known = self._reaches.get(id(schema))
        if known is not None:
            return known
        seen: set[int] = set()
        rest = [schema]
        while rest:
            each = rest.pop()
            if not isinstance(each, dict) or id(each) in seen:
                continue
            seen.add(id(each))
            targets = self._references.targets(each)
            if names_secret(each) or "$dynamicRef" in each or None in targets:
                self._reaches[id(schema)] = True
                return True
            rest.extend([*targets, *(child for _, child in children(each))])
        self._reaches[id(schema)] = False
        return False

    def places(self, root: JSONValue) -> tuple[bool, dict[int, list[Secrets]]]:
        """Return the places at which each schema may apply, and whether these are all.

        A schema that may apply at a secret place, and whatever is in it, is secret altogether.
        """
        secrets: dict[int, list[Secrets]] = {}
        hidden: list[JSONValue] = []
        # a definition that nothing refers to still says something of its own values
        rest = [[schema] for _, schema in walk(root)]
        seen: set[frozenset[int]] = set()
        while rest:
            starts = rest.pop()
            key = frozenset(map(id, starts))
            if key in seen:
                continue
            seen.add(key)
            place = self.place(starts)
            if place.is_secret:
                hidden.extend(starts)
                continue
            for schema in place.schemas:
                secrets.setdefault(id(schema), []).append(place)
            for step in _steps(place.schemas):
                below = [
                    child
                    for schema in place.schemas
                    for child in self.children_at(schema, step)
                    if isinstance(child, dict)
                ]
                rest.append(below)
        for schema in self._all_within(hidden):
            secrets[id(schema)] = [self.hiding]
        return self.visits_left >= 0, secrets

    def _all_within(self, schemas: list[JSONValue]) -> Iterator[JSONObject]:
        seen: set[int] = set()
        rest = list(schemas)
        while rest:
            schema = rest.pop()
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            yield schema
            rest.extend(child for _, child in children(schema))
            if self._references is not None:
                rest.extend(self._references.targets(schema))


def names_secret(schema: JSONObject) -> bool:
    """Return True if a schema itself says that its values are secret."""
    return schema.get("writeOnly") is True or schema.get("format") == "password"


def _in_place(schema: JSONObject) -> Iterator[JSONValue]:
    """Yield the schemas inside a schema that are about the same value."""
    for name in IN_PLACE_KEYWORDS & schema.keys():
        value = schema[name]
        if isinstance(value, list):
            yield from value
        elif name in _MAPS_IN_PLACE and isinstance(value, dict):
            yield from value.values()
        else:
            yield value


def _at_key(schema: JSONObject, key: str | _Matching) -> Iterator[JSONValue]:
    properties, patterns = schema.get("properties"), schema.get("patternProperties")
    is_named = False
    if isinstance(properties, dict) and isinstance(key, str) and key in properties:
        is_named = True
        yield properties[key]
    if isinstance(patterns, dict):
        for pattern, child in patterns.items():
            matches = _does_match(pattern, key)
            is_named = is_named or matches is True
            if matches is not False:
                yield child
    if not is_named:
        yield from (
            schema[name]
            for name in ("additionalProperties", "unevaluatedProperties")
            if name in schema
        )


def _at_index(schema: JSONObject, index: int | None, *, knows_prefix: bool) -> Iterator[JSONValue]:
    # until 2019-09, `items` is the list that `prefixItems` is now, which says nothing there
    items = schema.get("items")
    first = items if isinstance(items, list) else schema.get("prefixItems")
    first = first if isinstance(first, list) else []
    yield from first if index is None else first[index : index + 1]
    if index is None or index >= len(first) or not (knows_prefix or isinstance(items, list)):
        further = ("additionalItems", "unevaluatedItems", *(["items"] * isinstance(items, dict)))
        yield from (schema[name] for name in further if name in schema)
    if "contains" in schema:
        yield schema["contains"]


def _steps(schemas: tuple[JSONObject, ...]) -> list[_Step]:
    """Return the keys that schemas name, one that they do not, and the entries they tell apart."""
    names: dict[_Step, None] = {}
    count = 0
    for schema in schemas:
        properties = schema.get("properties")
        names |= dict.fromkeys(properties if isinstance(properties, dict) else ())
        count = max(count, _count_distinct_items(schema))
        for word in ("patternProperties", "additionalProperties", "unevaluatedProperties"):
            inner = schema.get(word)
            if isinstance(inner, dict):
                is_patterns = word == "patternProperties"
                names |= dict.fromkeys(map(_Matching, inner) if is_patterns else ("",))
    return [*names, *range(count), None]


def _count_distinct_items(schema: JSONObject) -> int:
    """Return how many entries of a list have a schema each."""
    listed = [schema.get(word) for word in ("items", "prefixItems")]
    return max(len(each) if isinstance(each, list) else 0 for each in listed)


def _does_match(pattern: str, key: "str | _Matching") -> bool | None:
    """Return True if a key matches a pattern, in linear time; None where that cannot be told."""
    if key == _Matching(pattern):
        return True
    validator = matcher(pattern)
    if validator is None:
        return None
    return validator.is_valid(key.pattern if isinstance(key, _Matching) else key)
