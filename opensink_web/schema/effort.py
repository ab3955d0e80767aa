"""How much work it would be to say everything that is wrong with an answer.

jsonschema-rs remembers what it knows when it only decides valid or not, but not while it collects
errors: a recursive schema that reaches one value on two ways makes 2^depth visits then (18 levels
took 32 s). Each pair of schema and value is counted once here, so counting stays cheap.
"""

from collections.abc import Iterator

from opensink_web.json_value import JSONValue
from opensink_web.schema.references import REFERENCE_KEYWORDS, References
from opensink_web.schema.subschemas import HOLDER_KEYWORDS, IN_PLACE_KEYWORDS, children

MAX_VISITS = 100_000
MAX_PAIRS = 200_000


def is_affordable(schema: JSONValue, instance: JSONValue) -> bool:
    """Tell whether collecting every error of this answer takes a bounded time."""
    try:
        return _Count(References(schema)).visits(schema, instance) <= MAX_VISITS
    except (RecursionError, OverflowError):
        return False


class _Count:
    def __init__(self, references: References) -> None:
        self._references = references
        self._known: dict[tuple[int, int], int] = {}

    def visits(self, schema: JSONValue, instance: JSONValue) -> int:
        pair = (id(schema), id(instance))
        if pair in self._known:
            return self._known[pair]
        if len(self._known) > MAX_PAIRS:
            raise OverflowError
        self._known[pair] = 0
        total = 1 + sum(self.visits(*applied) for applied in self._applied(schema, instance))
        self._known[pair] = total
        return total

    def _applied(
        self, schema: JSONValue, instance: JSONValue
    ) -> Iterator[tuple[JSONValue, JSONValue]]:
        if not isinstance(schema, dict):
            return
        for keyword in REFERENCE_KEYWORDS:
            if keyword in schema:
                yield self._references.resolve(schema[keyword]), instance
        for path, child in children(schema):
            if path[0] in IN_PLACE_KEYWORDS:
                yield child, instance
            elif path[0] not in HOLDER_KEYWORDS:
                yield from ((child, value) for value in _values_below(path, instance))


def _values_below(path: tuple[str | int, ...], instance: JSONValue) -> list[JSONValue]:
    if isinstance(instance, dict):
        if path[0] == "properties":
            return [instance[str(path[1])]] if path[1] in instance else []
        return list(instance.values())
    if isinstance(instance, list) and path[0] not in {"properties", "patternProperties"}:
        return list(instance)
    return []
