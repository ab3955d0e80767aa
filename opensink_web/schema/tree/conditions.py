"""Which schemas apply to an object because of what is in it, or because a person chose them.

`if` and its branches, what a key brings with it, and the branches of unions. A condition is decided
by validating the object as it stands.
"""

from collections.abc import Callable, Iterator

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.tree.document import Document
from opensink_web.schema.tree.flattening import Applying, Union

Choose = Callable[[Union], JSONValue]
"""Returns the branch of a union that applies, None for none."""


class Decided(Applying):
    """What applies to one value; `trace` tells which decisions were taken."""

    def __init__(self, document: Document, value: JSONObject, choose: Choose) -> None:
        self.trace: list[int] = []
        self.taken: dict[Union, JSONValue] = {}
        self._document = document
        self._value = value
        self._choose = choose

    def conditional(self, conditions: JSONObject) -> list[JSONValue]:
        """Return the schemas that apply by these conditions of one schema."""
        applied: list[JSONValue] = []
        if "if" in conditions and {"then", "else"} & conditions.keys():
            holds = self._document.fits(conditions["if"], self._value)
            applied.append(conditions.get("then" if holds else "else", True))
        by_key = _by_key(conditions)
        applied.extend(schema for key, schema in by_key.items() if key in self._value)
        self.trace.extend(map(id, applied))
        return [schema for schema in applied if schema is not True]

    def chosen(self, union: Union) -> list[JSONValue]:
        """Return the branch that applies, if one does."""
        branch = self._choose(union)
        self.trace.append(id(branch))
        self.taken[union] = branch
        return [] if branch is None else [branch]


class Conditional(Applying):
    """All that conditions may bring, whatever the value, and no branch of a union."""

    def conditional(self, conditions: JSONObject) -> list[JSONValue]:
        """Return every schema that these conditions may bring."""
        return [schema for schema in possible(conditions) if isinstance(schema, dict)]


class Supposed(Applying):
    """What applies if one schema that a condition may bring does, and no other."""

    def __init__(self, schema: JSONValue) -> None:
        self._schema = schema

    def conditional(self, conditions: JSONObject) -> list[JSONValue]:
        """Return the schema, if it is these conditions that may bring it."""
        return [schema for schema in possible(conditions) if schema is self._schema]


class Everything(Conditional):
    """All that may ever apply."""

    def chosen(self, union: Union) -> list[JSONValue]:
        """Return every branch."""
        return [branch for branch in union.branches if isinstance(branch, dict)]


def possible(conditions: JSONObject) -> Iterator[JSONValue]:
    """Yield the schemas that the conditions of one schema may bring."""
    if "if" in conditions:
        yield from (conditions[name] for name in ("then", "else") if name in conditions)
    yield from _by_key(conditions).values()


def _by_key(conditions: JSONObject) -> JSONObject:
    schemas = conditions.get("dependentSchemas")
    return schemas if isinstance(schemas, dict) else {}
