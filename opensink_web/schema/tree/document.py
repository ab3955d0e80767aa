"""A schema document while its form is drawn: its references and dialect, and what is made of them.

Whatever is made of two schemas is made once, so that the same place of the document is the same
object each time, whoever asks, and can be told by its identity.
"""

from collections.abc import Callable, Iterator
from threading import RLock
from typing import TypeAlias

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.dialects import dialect_of, modern
from opensink_web.schema.part_checker import PartChecker
from opensink_web.schema.references import REFERENCE_KEYWORDS, References
from opensink_web.schema.subschemas import children

_Inside: TypeAlias = Callable[[JSONValue], list[JSONValue]]
Split: TypeAlias = tuple[list[JSONValue], tuple[JSONValue, ...], bool]
"""A union, which keeps its identity, its branches but for null, and whether null is one."""


class Document:
    """One schema document.

    Whoever looks into the tree that is made of it holds the `lock` while something is made there;
    `count_of_made` is how much was. `splits` are unions that were taken apart, by identity
    (flattening.py): each branch that is tried asks for all of them.
    """

    def __init__(self, root: JSONValue) -> None:
        self.root = root
        self.lock = RLock()
        self.count_of_made = 0
        self._dialect = dialect_of(root)
        self._references = References(root)
        self._checker = PartChecker(root)
        self._modern: dict[int, tuple[JSONObject, JSONObject]] = {}  # with the part, to keep its id
        self.splits: dict[int, Split] = {}
        self._both: dict[tuple[int, ...], JSONObject] = {}
        self._parts_of: dict[int, list[JSONValue]] = {}
        self._circular: set[int] | None = None

    def modern(self, part: JSONObject) -> JSONObject:
        """Return the keywords of one schema as 2020-12 writes them.

        What `dependentRequired` says stands in `dependentSchemas`.
        """
        if id(part) not in self._modern:
            words = self._with_one_dependency(modern(part, self._dialect))
            self._modern[id(part)] = (part, words)
        return self._modern[id(part)][1]

    def _with_one_dependency(self, words: JSONObject) -> JSONObject:
        needed, brought = words.get("dependentRequired"), words.get("dependentSchemas", {})
        if not isinstance(needed, dict) or not isinstance(brought, dict):
            return words
        both = brought | {
            key: self.all_of([brought.get(key, True), {"required": names}])
            for key, names in needed.items()
        }
        return {
            **{name: value for name, value in words.items() if name != "dependentRequired"},
            "dependentSchemas": both,
        }

    def fits(self, part: JSONValue, value: JSONValue) -> bool:
        """Return True if a value fits a schema of the document."""
        return self._checker.fits(part, value)

    def targets(self, part: JSONObject) -> list[JSONValue]:
        """Return what the references of a schema point at; None for what cannot be told."""
        words = self.modern(part)
        return [
            self._references.resolve(words[name], part)
            for name in REFERENCE_KEYWORDS
            if name in words
        ]

    def all_of(self, schemas: list[JSONValue]) -> JSONValue:
        """Combine schemas, the parts beside each other: nested they would go as deep as many."""
        parts: list[JSONValue] = []
        for schema in schemas:
            parts.extend(self._parts_of.get(id(schema), [schema]))
        if any(part is False for part in parts):
            return False
        distinct = {id(part): part for part in parts if part is not True}
        if len(distinct) < 2:
            return next(iter(distinct.values()), True)
        key = tuple(distinct)
        if key not in self._both:
            self.count_of_made += 1
            self._both[key] = {"allOf": list(distinct.values())}
            self._parts_of[id(self._both[key])] = list(distinct.values())
        return self._both[key]

    def is_circular(self, target: int) -> bool:
        """Return True if a schema, told by its identity, may stand somewhere inside itself."""
        if self._circular is None:
            self._circular = _circular(self.root, self._inside)
        return target in self._circular

    def _inside(self, schema: JSONValue) -> list[JSONValue]:
        if not isinstance(schema, dict):
            return []
        return [*self.targets(schema), *(child for _, child in children(schema))]


def _circular(root: JSONValue, inside: _Inside) -> set[int]:
    """Return the identities of the schemas that lead back to themselves.

    Those are the strongly connected components of more than one schema, or of one that refers to
    itself (Tarjan's algorithm, with a stack of its own as schemas go deep).
    """
    order: dict[int, int] = {}
    lowest: dict[int, int] = {}
    component: dict[int, None] = {}
    circular: set[int] = set()
    visits: list[tuple[int, Iterator[JSONValue]]] = []

    def enter(schema: JSONValue) -> None:
        order[id(schema)] = lowest[id(schema)] = len(order)
        component[id(schema)] = None
        visits.append((id(schema), iter(inside(schema))))

    def leave(here: int) -> None:
        if visits:
            around = visits[-1][0]
            lowest[around] = min(lowest[around], lowest[here])
        if lowest[here] == order[here]:
            last = None
            while last != here:
                last = component.popitem()[0]
                circular.update({last} - {here})

    enter(root)
    while visits:
        here, rest = visits[-1]
        for child in rest:
            if isinstance(child, dict) and id(child) not in order:
                enter(child)
                break
            if id(child) in component:
                lowest[here] = min(lowest[here], order[id(child)])
                circular.update({id(child)})
        else:
            visits.pop()
            leave(here)
    return circular
