"""How much work a schema makes: to draw, to check an answer, to say everything that is wrong.

It is the most that it could be. Where that is more than a moment, `deadline` tries what it is.

Patterns take no more than linear time here, but a linear time with a factor: each character of a
text costs up to 75 µs where the compiled pattern has a MiB.

jsonschema-rs remembers what it knows when it only decides valid or not, but not while it collects
errors: a recursive schema that reaches one value on two ways makes 2^depth visits then (18 levels
took 32 s). Each error also carries a copy of the value it is about: 4,000 wrong names in one
object took 10 s. Each pair of schema and value is counted once here, so counting stays cheap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import jsonschema_rs

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.look_ahead import look_aheads_of
from opensink_web.schema.pattern_pieces import PatternRefused
from opensink_web.schema.patterns import LARGEST_PATTERN_BYTES, patterns_of, translated
from opensink_web.schema.references import References
from opensink_web.schema.subschemas import (
    HOLDER_KEYWORDS,
    IN_PLACE_KEYWORDS,
    MAP_KEYWORDS,
    children,
)

MAX_COPIES = 500_000
MAX_PAIRS = 200_000
MAX_CHECKS = 4_000_000
MAX_PATTERN_STEPS = 2_000_000_000
MULTIPLE_OF_CHECKS = 100
"""`multipleOf` is checked with exact fractions: 1e308 against 5e-324 takes 40 µs."""
_PATTERN_SIZES_BYTES = tuple(LARGEST_PATTERN_BYTES // 4**power for power in range(5, -1, -1))


@dataclass(frozen=True, slots=True)
class Expanded:
    """A schema with every reference replaced by what it points at.

    Its nodes, its levels, the text in it, and what its patterns take when they are compiled.
    """

    size: int
    nesting: int
    size_bytes: int
    pattern_bytes: int

    def is_light(self, instance: JSONValue) -> bool:
        """Return True if checking this answer takes no more than a moment, whatever is in it.

        Each pattern is counted for each character, as if it were matched everywhere.
        """
        values, characters = _extent(instance)
        return (
            self.size * values <= MAX_CHECKS
            and self.pattern_bytes * characters <= MAX_PATTERN_STEPS
        )


def expanded(schema: JSONValue) -> Expanded:
    """Expand a schema, in thought only.

    Raises: RecursionError for references that lead too deep.
    """
    return _Expansion(References(schema)).of(schema)


@lru_cache(maxsize=4096)
def pattern_size_bytes(pattern: str) -> int:
    """Return about how large a pattern is compiled; the most there is if it cannot be."""
    if look_aheads := look_aheads_of(pattern):
        return sum(map(pattern_size_bytes, (*look_aheads.needed, *look_aheads.ruled_out)))
    try:
        text = translated(pattern)
    except PatternRefused:
        return LARGEST_PATTERN_BYTES
    for size_bytes in _PATTERN_SIZES_BYTES:
        options = jsonschema_rs.RegexOptions(size_limit=size_bytes)
        try:
            jsonschema_rs.Draft202012Validator({"pattern": text}, pattern_options=options)
        except jsonschema_rs.ValidationError:
            continue
        return int(size_bytes)
    return LARGEST_PATTERN_BYTES


def _extent(instance: JSONValue) -> tuple[int, int]:
    """Count the values in an answer, and the characters of its texts and keys."""
    values = characters = 0
    rest = [instance]
    while rest:
        value = rest.pop()
        values += 1
        if isinstance(value, str):
            characters += len(value)
        elif isinstance(value, dict):
            characters += sum(map(len, value))
            rest.extend(value.values())
        elif isinstance(value, list):
            rest.extend(value)
    return values, characters


class _Expansion:
    """Looks at each schema once."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._known: dict[int, Expanded] = {}

    def of(self, schema: JSONValue) -> Expanded:
        if not isinstance(schema, dict):
            return Expanded(1, 1, 0, 0)
        if id(schema) not in self._known:
            self._known[id(schema)] = Expanded(1, 1, 0, 0)  # what a cycle back to this schema adds
            below = [self.of(child) for child in self._below(schema)]
            patterns = sum(map(pattern_size_bytes, patterns_of(schema)))
            self._known[id(schema)] = Expanded(
                size=_own_checks(schema) + sum(part.size for part in below),
                nesting=1 + max((part.nesting for part in below), default=0),
                size_bytes=_own_size_bytes(schema) + sum(part.size_bytes for part in below),
                pattern_bytes=patterns + sum(part.pattern_bytes for part in below),
            )
        return self._known[id(schema)]

    def _below(self, schema: JSONObject) -> Iterator[JSONValue]:
        yield from (child for path, child in children(schema) if path[0] not in HOLDER_KEYWORDS)
        yield from self._references.targets(schema)


def _own_checks(schema: JSONObject) -> int:
    return 1 + MULTIPLE_OF_CHECKS * ("multipleOf" in schema)


def _own_size_bytes(schema: JSONObject) -> int:
    """Count what stands in a schema itself: texts, options, constants, names of properties."""
    within = {path[0] for path, _ in children(schema)}
    return sum(
        sum(map(len, value)) if name in within and isinstance(value, dict) else len(dump(value))
        for name, value in schema.items()
        if name not in within or name in MAP_KEYWORDS
    )


def is_light_to_explain(schema: JSONValue, instance: JSONValue) -> bool:
    """Return True if collecting every error of this answer takes no more than a moment."""
    try:
        return _Count(References(schema)).copies(schema, instance) <= MAX_COPIES
    except (RecursionError, OverflowError):
        return False


class _Count:
    """Counts the values that would be copied if every keyword failed at every visit."""

    def __init__(self, references: References) -> None:
        self._references = references
        self._known: dict[tuple[int, int], int] = {}
        self._sizes: dict[int, int] = {}

    def copies(self, schema: JSONValue, instance: JSONValue) -> int:
        pair = (id(schema), id(instance))
        if pair in self._known:
            return self._known[pair]
        if len(self._known) > MAX_PAIRS:
            raise OverflowError
        self._known[pair] = 0
        own = _keywords_that_fail(schema, instance) * self._size(instance)
        total = own + sum(self.copies(*applied) for applied in self._applied(schema, instance))
        self._known[pair] = total
        return total

    def _size(self, instance: JSONValue) -> int:
        if not isinstance(instance, dict | list):
            return 1
        if id(instance) not in self._sizes:
            below = instance.values() if isinstance(instance, dict) else instance
            self._sizes[id(instance)] = 1 + sum(map(self._size, below))
        return self._sizes[id(instance)]

    def _applied(
        self, schema: JSONValue, instance: JSONValue
    ) -> Iterator[tuple[JSONValue, JSONValue]]:
        if not isinstance(schema, dict):
            return
        yield from ((target, instance) for target in self._references.targets(schema))
        for path, child in children(schema):
            if path[0] in IN_PLACE_KEYWORDS:
                yield child, instance
            elif path[0] not in HOLDER_KEYWORDS:
                yield from ((child, value) for value in _values_below(path, instance))


def _keywords_that_fail(schema: JSONValue, instance: JSONValue) -> int:
    """Count the errors of one schema about one value; some keywords make one for each name."""
    if not isinstance(schema, dict):
        return 1
    required = schema.get("required")
    names = len(required) if isinstance(required, list) else 0
    for keyword in ("dependentRequired", "dependencies"):
        dependents = schema.get(keyword)
        if isinstance(dependents, dict):
            names += sum(len(value) for value in dependents.values() if isinstance(value, list))
    if "propertyNames" in schema and isinstance(instance, dict):
        names += len(instance)
    return 1 + len(schema) + names


def _values_below(path: tuple[str | int, ...], instance: JSONValue) -> list[JSONValue]:
    if isinstance(instance, dict):
        if path[0] == "properties":
            return [instance[str(path[1])]] if path[1] in instance else []
        return list(instance.values())
    if isinstance(instance, list) and path[0] not in {"properties", "patternProperties"}:
        return list(instance)
    return []
