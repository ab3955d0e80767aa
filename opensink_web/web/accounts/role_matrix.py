"""A role's permissions as a table: resources, what is done with them, and whose things it reaches.

What somebody may do with functions and agents is asked of each by its path, so those cells stand
for a pattern of paths too. Patterns that fit no cell are kept beside the table, as texts.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from opensink_web.operations.accounts.permission import SERVICE
from opensink_web.operations.accounts.permission_pattern import Reach

READ, WRITE = "read", "write"
_VERBS = {READ: "Read", WRITE: "Change"}
_BY_PATH = {"agents", "functions"}
"""What has a path of namespace and name."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One thing that can be done: `bodies` are its patterns without their ends.

    `has_own` where things have somebody who made or started them.
    """

    name: str
    verb: str
    bodies: tuple[str, ...]
    has_own: bool

    def reach_in(self, permissions: Sequence[str]) -> str:
        """Return how far a role reaches here, "" where it does not."""
        for reach in (Reach.ALL, Reach.OWN) if self.has_own else (Reach.ALL,):
            if all(f"{body}:{reach}" in permissions for body in self.bodies):
                return reach.value
        return ""

    def permissions(self, reach: str) -> list[str]:
        """Return the patterns that give this reach; none for a reach that there is not."""
        is_known = reach == Reach.ALL or (reach == Reach.OWN and self.has_own)
        return [f"{body}:{reach}" for body in self.bodies] if is_known else []


@dataclass(frozen=True, slots=True)
class Row:
    """A resource, in words: reading and changing it, and what else is done with it."""

    words: str
    read: Cell
    write: Cell | None
    others: tuple[Cell, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        return (self.read, *((self.write,) if self.write else ()), *self.others)


def _cell(resource: str, action: str, verb: str, *, has_own: bool = False) -> Cell:
    bodies = [f"{SERVICE}.{resource}.{action}"]
    if resource in _BY_PATH and action not in {READ, WRITE}:
        bodies = [f"{SERVICE}.{resource}/*/*.{action}"]
    elif resource in _BY_PATH:
        bodies.append(f"{SERVICE}.{resource}/*/*.{action}")
    return Cell(f"may-{resource}-{action}", verb, tuple(bodies), has_own)


def _row(resource: str, words: str, *others: tuple[str, str], **has: bool) -> Row:
    has_own = has.get("own", False)
    writes_own = has.get("writes_own", False)
    has_write = has.get("write", True)
    write = _cell(resource, WRITE, _VERBS[WRITE], has_own=writes_own) if has_write else None
    return Row(
        words,
        _cell(resource, READ, _VERBS[READ], has_own=has_own),
        write,
        tuple(_cell(resource, action, verb, has_own=True) for action, verb in others),
    )


ROWS = (
    _row("agent_session_input_requests", "Input requests"),
    _row("agent_sessions", "Sessions"),
    _row("agent_session_activities", "Activities"),
    _row("deliveries", "Deliveries"),
    _row("functions", "Functions", ("execute", "Execute")),
    _row(
        "executions",
        "Executions",
        ("cancel", "Cancel"),
        ("continue", "Continue"),
        own=True,
        write=False,
    ),
    _row("batches", "Batches", ("cancel", "Cancel"), own=True, write=False),
    _row("agents", "Agents", ("chat", "Chat")),
    _row("chats", "Chats", own=True),
    _row("api_keys", "API keys"),
    _row("members", "Members"),
    _row("standing_approvals", "Standing approvals"),
    _row("teams", "Teams"),
    _row("escalation_chains", "Escalation"),
    _row("absences", "Absences", writes_own=True),
    _row("notifications", "Notifications"),
    _row("roles", "Roles"),
    _row("workspace", "Workspace"),
    _row("audit", "Audit", write=False),
    _row("insights", "Insights", write=False),
)
_CELLS = tuple(cell for row in ROWS for cell in row.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Which reach each cell has, by its name, and the patterns that fit none."""

    reaches: Mapping[str, str]
    others: tuple[str, ...]


def matrix_of(permissions: Sequence[str]) -> Matrix:
    """Lay a role's permissions out as a table."""
    reaches = {cell.name: cell.reach_in(permissions) for cell in _CELLS}
    shown = {text for cell in _CELLS for text in cell.permissions(reaches[cell.name])}
    return Matrix(reaches, tuple(text for text in permissions if text not in shown))


def chosen_reaches(form: Mapping[str, str]) -> dict[str, str]:
    """Return what was chosen in each cell of a form that was sent."""
    return {cell.name: form.get(cell.name, "") for cell in _CELLS}


def permissions_of(reaches: Mapping[str, str], before: Iterable[str] = ()) -> list[str]:
    """Return the patterns of a table; those that a role had `before` stay in their order."""
    chosen = [text for cell in _CELLS for text in cell.permissions(reaches.get(cell.name, ""))]
    kept = [text for text in before if text in chosen]
    return list(dict.fromkeys([*kept, *chosen]))
