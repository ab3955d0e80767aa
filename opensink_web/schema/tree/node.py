"""What there is to ask for: one node a value, as pure data.

What is below a node is made when it is first looked at, since a schema may describe itself and
has then no end. A part that no form can draw is one JSON node.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from enum import Enum, StrEnum
from typing import Final, Generic, Literal, Protocol, TypeAlias, TypeVar

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.secrets import Secrets
from opensink_web.schema.tree.options import Option


class _Absent(Enum):
    ABSENT = "absent"


ABSENT: Final = _Absent.ABSENT
Absent: TypeAlias = Literal[_Absent.ABSENT]


class Kind(StrEnum):
    """How a value is asked for; FIXED is shown only, CONSENT is true or nothing, JSON is typed."""

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    CHOICE = "choice"
    CONSENT = "consent"
    GROUP = "group"
    LIST = "list"
    FIXED = "fixed"
    JSON = "json"
    SCALAR = "scalar"
    """One of several kinds that fit into one box."""
    UNION = "union"
    """One of several shapes, which a person chooses."""
    MAP = "map"
    """Keys that a person names, each with a value."""


@dataclass(frozen=True, slots=True)
class Constraints:
    """The limits that a control can tell of; lengths are in characters.

    The number itself is within a limit, unless it has to be above (`is_above`) or below it.
    """

    minimum: int | float | None = None
    maximum: int | float | None = None
    is_above: bool = False
    is_below: bool = False
    multiple_of: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str = ""
    min_items: int = 0
    max_items: int | None = None
    unique_items: bool = False
    contains: JSONValue | Absent = ABSENT
    min_contains: int = 1
    max_contains: int | None = None


T = TypeVar("T")


class Lazy(Generic[T]):
    """Something that is made when it is first asked for, by one thread at a time."""

    def __init__(self, make: Callable[[], T], lock: AbstractContextManager[object]) -> None:
        self._make = make
        self._lock = lock
        self._made: T | None = None

    def __call__(self) -> T:
        if self._made is None:
            with self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made


Choose: TypeAlias = Callable[[int], int | None]
"""Returns the number of the branch that was chosen with a selector, None for none."""


class Shape(Protocol):
    """The fields of a group, which may depend on what is in it and on what a person chose."""

    is_variable: bool
    may_be_several: bool
    """Whether a value may be of several branches of a union at once."""
    decisions: int
    """How much may have to be held against a value to know its fields."""

    def at(self, value: JSONObject, choose: Choose | None = None) -> "Fields":
        """Return the fields for a value; without `choose` the value itself says its branches."""

    def supposed(self) -> "Iterator[Fields]":
        """Yield the fields that there are by each schema that a condition may bring."""

    def number_in(self, selector: int, value: JSONObject) -> int | None:
        """Return the number of the branch that a value is of by itself."""

    def fits_union(self, selector: int, value: JSONObject) -> bool:
        """Return True if a value fits the union between whose branches a selector chooses."""


@dataclass(frozen=True, slots=True, eq=False)
class Fields:
    """The fields of a group in one of its states.

    `numbers` are those of the children, the same in every state. The `hidden` children say which
    branch was chosen, as a selector does. `is_open`: there may be keys that the schema does not
    name.
    """

    children: tuple["FieldNode", ...]
    numbers: tuple[int, ...]
    selectors: tuple["Selector", ...]
    hidden: frozenset[str]
    is_open: bool


@dataclass(frozen=True, slots=True, eq=False)
class Selector:
    """A choice between the branches of a union, drawn before the child of the number `anchor`.

    The options of its node are the numbers of the branches.
    """

    number: int
    node: "FieldNode"
    anchor: int


@dataclass(frozen=True, slots=True)
class FieldNode:
    """One thing to ask for.

    `pointer` is where the value stands in the answer, with "-" for the entry of a list.
    `default` is what the schema proposes and `constant` what it dictates; without `is_typed`
    the kind is only a guess from the keywords. `secrets` says what in the value is secret,
    `secret` that all of it is. `is_recursive`: its schema stands around it too, so that there
    may be no end below. A group has `children`, and `extras` for keys the schema does not name
    (`offers_extras`: a person may add some, `invites_extras`: it asks for them); a list has
    `item`, and `prefix` for the first entries if those are asked for one by one; what may be of
    several kinds has `branches`, and a map has `key_node` and `value_at`; its keys are to match
    one of `patterns`, and `is_mixed` if its values depend on them.
    """

    kind: Kind
    key: str
    pointer: str
    title: str
    description: str
    required: bool
    schema: JSONValue
    secrets: Secrets = field(repr=False, compare=False)
    nullable: bool = False
    is_typed: bool = True
    read_only: bool = False
    default: JSONValue | Absent = ABSENT
    constant: JSONValue | Absent = ABSENT
    options: tuple[Option, ...] = ()
    format: str = ""
    multiline: bool = False
    placeholder: str = ""
    constraints: Constraints = Constraints()
    is_recursive: bool = False
    extras: "FieldNode | None" = None
    offers_extras: bool = False
    invites_extras: bool = False
    shape: "Shape | None" = field(default=None, repr=False, compare=False)
    make_item: Lazy["FieldNode"] | None = field(default=None, repr=False, compare=False)
    make_prefix: Lazy[tuple["FieldNode", ...]] | None = field(
        default=None, repr=False, compare=False
    )
    make_branches: Lazy[tuple["FieldNode", ...]] | None = field(
        default=None, repr=False, compare=False
    )
    key_node: "FieldNode | None" = None
    patterns: tuple[str, ...] = ()
    is_mixed: bool = False
    find_value: "Callable[[str], FieldNode | None] | None" = field(
        default=None, repr=False, compare=False
    )

    @property
    def secret(self) -> bool:
        """Return True if the whole value is shown to nobody."""
        return self.secrets.is_secret

    @property
    def children(self) -> tuple["FieldNode", ...]:
        """The properties of a group in which there is nothing yet."""
        return self.children_for({})

    def children_for(self, value: JSONValue) -> tuple["FieldNode", ...]:
        """Return the properties of a group in which there is this value."""
        if self.shape is None:
            return ()
        return self.shape.at(value if isinstance(value, dict) else {}).children

    @property
    def item(self) -> "FieldNode | None":
        """Any entry of a list, after those of `prefix`; None where there may be none."""
        return self.make_item() if self.make_item else None

    @property
    def prefix(self) -> tuple["FieldNode", ...]:
        """The first entries of a list, where each has a schema of its own."""
        return self.make_prefix() if self.make_prefix else ()

    @property
    def branches(self) -> tuple["FieldNode", ...]:
        """The kinds of which a value may be, where they are several."""
        return self.make_branches() if self.make_branches else ()

    def entry_at(self, position: int) -> "FieldNode | None":
        """Return what stands at a position of a list, None where nothing may."""
        return self.prefix[position] if position < len(self.prefix) else self.item

    def value_at(self, key: str) -> "FieldNode | None":
        """Return what a map has at a key, None where no entry may have it."""
        return self.find_value(key) if self.find_value else None

    def below(self) -> Iterator["FieldNode"]:
        """Yield what is directly below; of a map any value, under a key that no pattern has."""
        yield from self.children
        yield from self.prefix
        further = self.extras if self.invites_extras else None
        yield from filter(None, [self.item, further, self.value_at("")])
        yield from self.branches


def as_json(node: FieldNode) -> FieldNode:
    """Return the node as one to type JSON into."""
    return replace(
        node,
        kind=Kind.JSON,
        extras=None,
        shape=None,
        make_item=None,
        make_prefix=None,
        make_branches=None,
        key_node=None,
        find_value=None,
    )
