"""Executions, read: finding, listing and counting them, and their timeline.

Nothing is written here, and nothing of what writes is imported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, bindparam, func, literal, or_, select
from sqlalchemy.orm import defer, joinedload, selectinload

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput, NotFound
from opensink_web.models import Execution, ExecutionStatus, ExecutionStep, Workspace, db
from opensink_web.models.transaction import run_prepared
from opensink_web.operations import page

SLICE_CHARACTERS_MAX = 32 * 1024**2
"""As JSON. To read and answer it takes about ten times as much memory."""
BUSY = (ExecutionStatus.QUEUED, ExecutionStatus.RUNNING)
# Built once, because building a statement costs more than running it.
_MOVES = select(Execution.status, Execution.pause_count).where(
    Execution.id == bindparam("of_execution")
)


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions to list; None means any. `search` is part of a trigger id or a name."""

    user_id: UUID | None = None
    target_namespace: str | None = None
    target_name: str | None = None
    function_id: UUID | None = None
    agent_id: UUID | None = None
    status: ExecutionStatus | None = None
    trigger_id: str | None = None
    batch_id: UUID | None = None
    search: str | None = None


def find_execution(
    workspace: Workspace, execution_id: UUID, *, user_id: UUID | None = None
) -> Execution:
    """Return an execution; with `user_id` only one of that user's. Raises: NotFound."""
    query = _with_what_is_shown(select(Execution)).where(
        Execution.id == execution_id, Execution.workspace_id == workspace.id
    )
    execution = db.session.scalars(query).one_or_none()
    if execution is None or user_id not in {None, execution.user_id}:
        raise NotFound("There is no such execution.")
    return execution


def list_executions(
    workspace: Workspace, filters: ExecutionFilter, page_request: page.PageRequest
) -> page.Page[Execution]:
    """Return executions without their input and output, newest first, for a page."""
    return page.fetch(_without_data(_listed(workspace, filters)), Execution.id, page_request)


def slice_executions(
    workspace: Workspace,
    filters: ExecutionFilter,
    *,
    skip: int,
    limit: int,
    reserve: Callable[[int], None],
) -> list[Execution]:
    """Return executions by offset: newest first, those of a batch in its inputs' order.

    `reserve` is told how many characters of input and output they have, before they are read.
    Raises: InvalidInput when these are more than SLICE_CHARACTERS_MAX; what `reserve` raises.
    """
    order = Execution.id.desc() if filters.batch_id is None else Execution.batch_index
    query = _listed(workspace, filters).order_by(order)
    if filters == ExecutionFilter(batch_id=filters.batch_id) and filters.batch_id is not None:
        # numbered without a gap, so that none has to be passed by: the last page costs the same
        query = query.where(Execution.batch_index >= skip).limit(limit)
    else:
        query = query.offset(skip).limit(limit)
    characters = _characters_of(query) if limit > 1 else 0
    if characters > SLICE_CHARACTERS_MAX:
        message = (
            f"These executions' inputs and outputs are more than {SLICE_CHARACTERS_MAX // 1024**2}"
            " MiB together. Ask for fewer at once."
        )
        raise InvalidInput(message, errors=(FieldError("/limit", message),))
    reserve(characters)
    return list(db.session.scalars(query))


def has_more_than(workspace: Workspace, filters: ExecutionFilter, count: int) -> bool:
    """Return True if a filter lets more executions through than this."""
    query = _listed(workspace, filters).order_by(Execution.id.desc()).offset(count).limit(1)
    return db.session.scalars(query).first() is not None


def count_by_status(
    workspace: Workspace, statuses: Sequence[ExecutionStatus]
) -> dict[ExecutionStatus, int]:
    """Count a workspace's executions in each of these statuses, up to page.COUNTED_MAX."""
    counts = []
    for status in statuses:
        some = select(literal(1)).where(
            Execution.workspace_id == workspace.id, Execution.status == status
        )
        counts.append(select(func.count()).select_from(some.limit(page.COUNTED_MAX).subquery()))
    row = db.session.execute(select(*(each.scalar_subquery() for each in counts))).one()
    return dict(zip(statuses, row, strict=True))


def executions_of_chat(workspace: Workspace, chat_id: UUID) -> list[Execution]:
    """Return the executions in which a chat was answered, newest first."""
    query = select(Execution).where(
        page.is_in(Execution.workspace_id, workspace, chat_id), Execution.chat_id == chat_id
    )
    return list(db.session.scalars(query.order_by(Execution.id.desc()).limit(100)))


def moves_of(execution_id: UUID) -> tuple[ExecutionStatus, int] | None:
    """Return where an execution stands and how often it has asked a person; None if it is gone.

    This is the cheapest way there is.
    """
    row = run_prepared(_MOVES, {"of_execution": execution_id}).one_or_none()
    return None if row is None else (row.status, row.pause_count)


def still_busy(execution_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these executions are there, and neither have ended nor wait for a person."""
    query = select(Execution.id).where(Execution.id.in_(execution_ids), Execution.status.in_(BUSY))
    return set(db.session.scalars(query))


def steps_of(execution: Execution) -> list[ExecutionStep]:
    """Return an execution's timeline, oldest first."""
    query = (
        select(ExecutionStep)
        .where(ExecutionStep.execution_id == execution.id)
        .order_by(ExecutionStep.id)
    )
    return list(db.session.scalars(query))


def _listed(workspace: Workspace, filters: ExecutionFilter) -> Select[Execution]:
    narrower = (filters.user_id, filters.function_id, filters.agent_id, filters.batch_id)
    query = _with_what_is_shown(select(Execution)).where(
        page.is_in(Execution.workspace_id, workspace, *narrower)
    )
    query = page.narrowed(
        query,
        (Execution.user_id, filters.user_id),
        (Execution.target_namespace, filters.target_namespace),
        (Execution.target_name, filters.target_name),
        (Execution.function_id, filters.function_id),
        (Execution.agent_id, filters.agent_id),
        (Execution.status, filters.status),
        (Execution.trigger_id, filters.trigger_id),
        (Execution.batch_id, filters.batch_id),
    )
    if filters.search:
        columns = (Execution.trigger_id, Execution.error_code, Execution.target_name)
        query = query.where(
            or_(*(each.icontains(filters.search, autoescape=True) for each in columns))
        )
    return query


def is_group_busy(execution: Execution) -> bool:
    """Return True if others of the execution's concurrency group are being carried out."""
    others = select(Execution.id).where(
        Execution.group_id == execution.group_id, Execution.lease_until > clock.now()
    )
    return db.session.scalars(others.limit(1)).first() is not None


def _with_what_is_shown(query: Select[Execution]) -> Select[Execution]:
    return query.options(
        joinedload(Execution.user), selectinload(Execution.callback)
    ).execution_options(populate_existing=True)


def _characters_of(query: Select[Execution]) -> int:
    given, came = (
        func.coalesce(func.length(each), 0)
        for each in (Execution.sealed_input_data, Execution.sealed_output_data)
    )
    some = query.with_only_columns((given + came).label("length")).subquery()
    sealed = db.session.scalar(select(func.sum(some.c.length))) or 0
    return int(sealed * 3 / 4)  # four characters of a ciphertext hold three bytes


def _without_data(query: Select[Execution]) -> Select[Execution]:
    """Leave out what can be large and no list shows."""
    return query.options(
        defer(Execution.sealed_input_data, raiseload=True),
        defer(Execution.sealed_output_data, raiseload=True),
    )
