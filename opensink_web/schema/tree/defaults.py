"""What a form starts from: a proposed instance, or what the schema itself proposes.

An instance is exact: a key that it lacks is absent. Of the schema's own defaults the nearest value
that names a key wins, and an outer value does not silence the inner ones for other keys: with
`default: {}` on an object the defaults of its properties are proposed all the same. An object that
may be left out is proposed only where some value names it.

What does not fit the schema is no proposal. It is left out, in the smallest part that can be: a
value, a list for one of its entries, a key that is not allowed; with a notice, so that nobody takes
the blank field for the agent's word.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from opensink_web.errors import FieldError
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.messages import UNEXPECTED_KEY
from opensink_web.schema.subschemas import Path, pointer_to
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

MAX_NODES = 50_000
MAX_DEPTH = 64
_MAX_ROUNDS = 5
"""What does not fit is left out at most so often: taking one part out may show another."""
_MAX_STATES = 32
"""How often what an object starts from may bring further fields, which bring others."""
_LEFT_OUT = "The agent proposed something that does not fit here, so it was left out: "
_NEVER_OBJECTS = frozenset({Kind.TEXT, Kind.NUMBER, Kind.INTEGER, Kind.LIST})
_SAYS_NOTHING: tuple[JSONValue, ...] = (None, "")

Check = Callable[[JSONValue], tuple[FieldError, ...]]
"""Says everything that is wrong with a value, as `validation.Checker` does."""


@dataclass(frozen=True, slots=True)
class Start:
    """The value that a part of a form starts from, and what was left out of it.

    The notices point at places in the value, and repeat nothing of what was proposed.
    """

    value: JSONValue | Absent
    notices: tuple[FieldError, ...] = ()


def start_of(node: FieldNode, check: Check, proposed: JSONValue | Absent = ABSENT) -> Start:
    """Return what a node starts from; `check` is the validation of its whole value."""
    is_exact = proposed is not ABSENT
    left_out: dict[Path, str] = {}
    value: JSONValue | Absent = ABSENT
    for _ in range(_MAX_ROUNDS):
        value = _Composition(left_out, is_exact).of(node, proposed)
        if value is ABSENT or not (is_exact or _says_something(value)):
            break
        further = dict(_misfits(node, value, check(value)))
        if not further:
            break
        left_out |= further
        value = _Composition(left_out, is_exact).of(node, proposed)
    return Start(value, _notices(left_out))


def _notices(left_out: dict[Path, str]) -> tuple[FieldError, ...]:
    return tuple(
        FieldError(pointer_to(path), _LEFT_OUT + message)
        for path, message in left_out.items()
        if message
    )


def _says_something(value: JSONValue) -> bool:
    """Return True unless there is nothing in a value but objects."""
    if isinstance(value, dict):
        return any(map(_says_something, value.values()))
    return True


@dataclass(slots=True)
class _Composition:
    """One walk that puts a start together, without what is at the places `left_out`."""

    left_out: dict[Path, str]
    is_exact: bool
    nodes_left: int = MAX_NODES

    def of(self, node: FieldNode, outer: JSONValue | Absent, at: Path = ()) -> JSONValue | Absent:
        """Return what stands at a place, given what the value around it says."""
        self.nodes_left -= 1
        if self.nodes_left < 0 or len(at) > MAX_DEPTH:
            return outer
        given = node.default if outer is ABSENT and not self.is_exact else outer
        if at in self.left_out:
            given = ABSENT
        if node.constant is not ABSENT and (given is ABSENT or not node.read_only):
            return self._constant(node, given)
        if node.kind is Kind.GROUP:
            return self._group(node, given, at)
        if node.kind is Kind.MAP and isinstance(given, dict):
            members = {
                key: self._inner(node.value_at(key), value, (*at, key))
                for key, value in given.items()
            }
            return {key: value for key, value in members.items() if value is not ABSENT}
        if node.kind is Kind.LIST and isinstance(given, list):
            entries = [
                self._inner(node.entry_at(index), entry, (*at, index))
                for index, entry in enumerate(given)
            ]
            return [
                before if entry is ABSENT else entry
                for before, entry in zip(given, entries, strict=True)
            ]
        return given

    def _inner(self, node: FieldNode | None, given: JSONValue, at: Path) -> JSONValue | Absent:
        """Return what stands at a place for which there may be no node."""
        if node is None:
            return ABSENT if at in self.left_out else given
        return self.of(node, given, at)

    def _constant(self, node: FieldNode, given: JSONValue | Absent) -> JSONValue | Absent:
        """Return a constant, which proposes itself; but to assent is a person's to do."""
        if self.is_exact and (given is not ABSENT or not node.required):
            return given
        return ABSENT if _is_by_hand(node) else node.constant

    def _group(self, node: FieldNode, given: JSONValue | Absent, at: Path) -> JSONValue | Absent:
        if given is not ABSENT and not isinstance(given, dict):
            return given
        if given is not ABSENT:
            return self._members(node, given, at)
        if self.is_exact or node.is_recursive:  # one inside itself is for a person to open
            return ABSENT
        is_asked_for = node.required and not node.nullable
        return self._members(node, {}, at) if is_asked_for else settled(node)

    def _members(self, node: FieldNode, given: JSONObject, at: Path) -> JSONObject:
        """Return the members in the order in which they are given, then of the schema."""
        members: dict[str, JSONValue | Absent] = {
            key: ABSENT if (*at, key) in self.left_out else value for key, value in given.items()
        }
        children = node.children_for(given)
        for _ in range(_MAX_STATES):
            for child in children:
                key = child.key
                members[key] = self.of(child, given.get(key, ABSENT), (*at, key))
            known = {key: value for key, value in members.items() if value is not ABSENT}
            following = node.children_for(known)
            if following is children:
                break
            children = following
        return {key: value for key, value in members.items() if value is not ABSENT}


def settled(node: FieldNode) -> JSONValue | Absent:
    """Return what a node answers when nothing in it is left to a person, else ABSENT."""
    if node.constant is not ABSENT:
        return node.constant if node.kind is Kind.FIXED else ABSENT
    if node.read_only:
        return node.default
    if node.kind is not Kind.GROUP or node.is_recursive or not node.children:
        return ABSENT
    if node.shape is not None and node.shape.is_variable:
        return ABSENT
    members: JSONObject = {}
    for child in node.children:
        value = settled(child)
        if value is ABSENT:
            return ABSENT
        members[child.key] = value
    return members if node.default is ABSENT else node.default


def _is_by_hand(node: FieldNode) -> bool:
    """Return True for a yes or no that only a person can give, though there is no choice."""
    return isinstance(node.constant, bool) and node.kind is not Kind.FIXED


def _misfits(
    node: FieldNode, value: JSONValue, errors: Iterable[FieldError]
) -> Iterable[tuple[Path, str]]:
    """Yield what to leave out of a value for its errors, each with why; "" where nobody cares.

    What an object lacks, or breaks as a whole, is for whoever fills in the form to mend.
    """
    for error in errors:
        path = _existing(value, error.path)
        if path is None:
            continue
        misfit = _at(value, path)
        if isinstance(misfit, dict) and not _is_to_go(node, path, error):
            continue
        says_nothing = any(misfit is nothing or misfit == nothing for nothing in _SAYS_NOTHING)
        while path and isinstance(path[-1], int):
            path, says_nothing = path[:-1], False
        yield path, "" if says_nothing else error.message


def _is_to_go(node: FieldNode, path: Path, error: FieldError) -> bool:
    """Return True if an object has no business where it is."""
    if error.message.startswith(UNEXPECTED_KEY):
        return True
    inner: FieldNode | None = node
    for step in path:
        if inner is None:
            return False
        children = {child.key: child for child in inner.children}
        inner = inner.entry_at(step) if isinstance(step, int) else children.get(step)
    return inner is not None and inner.is_typed and inner.kind in _NEVER_OBJECTS


def _existing(value: JSONValue, pointer: str) -> Path | None:
    """Return the path of a pointer, None where it leads to nothing in the value."""
    path: list[str | int] = []
    for raw in pointer.split("/")[1:]:
        step = raw.replace("~1", "/").replace("~0", "~")
        if isinstance(value, dict) and step in value:
            path.append(step)
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            path.append(int(step))
            value = value[int(step)]
        else:
            return None
    return tuple(path)


def _at(value: JSONValue, path: Path) -> JSONValue:
    for step in path:
        value = value[step]  # type: ignore[index]  # the path exists
    return value
