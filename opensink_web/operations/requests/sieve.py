"""What keeps a part of a list by what stands in another table: a tag, or words.

Such a part can be found in two ways. One walks through the list in its order, and looks of each row
whether it is kept: of what is frequent a page is soon together. The other looks up all that is kept
by an index, and puts it in order: of what is rare that is soon done. How frequent something is just
there nobody knows beforehand, so the list is walked through for a while, and then it is counted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, func, literal, select

from opensink_web.models import Workspace, db
from opensink_web.models.input_request import InputRequestTag
from opensink_web.operations.requests.search_match import Narrowing, words_of_query

FEW_MAX = 2000
"""What is no more than this is looked up whole."""
FIRST_STEPS, MORE_STEPS = 400, 20_000
"""So many rows are looked at before it is counted, and after that, of what is not rare."""
STEPS_PER_ROW = 15
"""Before it is counted, at least so many for each row that is wanted."""


class Sieve(Protocol):
    """Keeps some of the requests."""

    @property
    def ids(self) -> Select[Any]:
        """Find all that are kept by an index, and maybe others of no interest."""

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request is kept."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """Keeps what has a tag."""

    workspace_id: UUID
    tag: str

    @property
    def ids(self) -> Select[Any]:
        """Find all that have it."""
        return select(InputRequestTag.request_id).where(
            InputRequestTag.workspace_id == self.workspace_id, InputRequestTag.tag == self.tag
        )

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request has it."""
        of_it = select(literal(value=True)).where(
            InputRequestTag.request_id == request_id, InputRequestTag.tag == self.tag
        )
        return of_it.correlate_except(InputRequestTag).scalar_subquery()


def sieves_of(
    workspace: Workspace, narrowing: Narrowing, search: str | None, *, is_waiting: bool
) -> list[Sieve] | None:
    """Return what keeps a tag and words, if they are wanted; None where nothing has the words."""
    sieves: list[Sieve] = []
    if narrowing.tag is not None:
        sieves.append(Tagged(workspace.id, narrowing.tag))
    if search is not None:
        words = words_of_query(workspace, search, narrowing, is_waiting=is_waiting)
        if words is None:
            return None
        sieves.append(words)
    return sieves


def rarest_of(sieves: Sequence[Sieve]) -> Sieve | None:
    """Return one that keeps no more than FEW_MAX requests, if any does."""
    return next((each for each in sieves if _is_rare(each.ids)), None)


def _is_rare(found: Select[Any]) -> bool:
    some = found.limit(FEW_MAX + 1).subquery()
    return (db.session.scalar(select(func.count()).select_from(some)) or 0) <= FEW_MAX


def in_fewest_steps(
    limit: int,
    walk: Callable[[int], tuple[list[Any], bool]],
    is_rare: Callable[[], bool],
    look_up: Callable[[], list[Any]],
    steps: tuple[int, int] | None = None,
    *,
    is_known: bool = False,
) -> list[Any]:
    """Return so many rows of a part of a list, found in whichever way is the shorter.

    `walk` looks at so many rows at most, and says also whether that was all of the list. `look_up`
    finds the rows however many others there are. Where `is_known` it costs nothing to ask whether
    they are rare, so that no walk is begun in vain.
    """
    if is_known and is_rare():
        return look_up()
    for each in steps or (max(FIRST_STEPS, STEPS_PER_ROW * limit), MORE_STEPS):
        rows, is_end = walk(each)
        if is_end or len(rows) >= limit:
            return rows
        if is_rare():
            break
    return look_up()
