"""What waits for a decision now: by how long, by who asked and by key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, text

from opensink_web.models import Execution, InputRequest, InputRequestKind, Workspace, db
from opensink_web.models.base import first_id_at
from opensink_web.models.hidden import is_anything_hidden
from opensink_web.operations.insights.collecting import Narrowing
from opensink_web.operations.insights.outcome import asker_of

_WAITS = text("input_requests.status = 'pending'")  # as the indexes have it


class Age(StrEnum):
    """How long something has been waiting."""

    UNDER_HOUR = "under_1h"
    UNDER_FOUR_HOURS = "1h_to_4h"
    UNDER_DAY = "4h_to_1d"
    UNDER_THREE_DAYS = "1d_to_3d"
    UNDER_WEEK = "3d_to_7d"
    OLDER = "over_7d"

    @property
    def below(self) -> timedelta | None:
        """Return how long it is at most; it begins where the one before ends."""
        match self:
            case Age.UNDER_HOUR:
                return timedelta(hours=1)
            case Age.UNDER_FOUR_HOURS:
                return timedelta(hours=4)
            case Age.UNDER_DAY:
                return timedelta(days=1)
            case Age.UNDER_THREE_DAYS:
                return timedelta(days=3)
            case Age.UNDER_WEEK:
                return timedelta(days=7)
            case Age.OLDER:
                return None
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many wait: in all, by age, by who asked and by key; since when the oldest does."""

    count: int
    by_age: dict[Age, int]
    by_asker: dict[str, int]
    by_key: dict[str, int]
    oldest_at: datetime | None


def count_waiting_now(workspace: Workspace, narrowing: Narrowing, now: datetime) -> Waiting:
    """Count what waits; who decides is not known yet, so nothing is narrowed by that."""
    conditions: list[Any] = [
        InputRequest.workspace_id == workspace.id,
        _WAITS,
        *_narrowed(workspace, narrowing),
    ]
    # past the session, unless there is something that it must hide
    execute = db.session.execute if is_anything_hidden() else db.session.connection().execute
    by_age: dict[Age, int] = {}
    newer = None
    for age in Age:
        query = select(func.count()).select_from(InputRequest).where(*conditions)
        if newer is not None:
            query = query.where(InputRequest.id < newer)
        if age.below is not None:
            newer = first_id_at(now - age.below)
            query = query.where(InputRequest.id >= newer)
        by_age[age] = execute(query).scalar_one()
    count = sum(by_age.values())
    oldest = select(InputRequest.created_at).where(*conditions).order_by(InputRequest.id).limit(1)
    key: Any = InputRequest.key
    if narrowing.asker is not None:  # what waits of one is found by that, not in the keys' order
        key = func.coalesce(key, key)
    by_key = select(key.label("key"), func.count()).where(*conditions).group_by(key)
    return Waiting(
        count,
        by_age,
        _by_asker(execute, conditions, count),
        {row.key: row[1] for row in execute(by_key)},
        execute(oldest).scalar(),
    )


def _by_asker(execute: Any, conditions: list[Any], count: int) -> dict[str, int]:
    """Count by who asked; what functions ask themselves is looked for only if there is any."""
    agents = select(InputRequest.agent_id, func.count()).where(
        *conditions, InputRequest.agent_id.is_not(None)
    )
    by_asker = {
        asker_of(agent_id, None): number
        for agent_id, number in execute(agents.group_by(InputRequest.agent_id))
    }
    # found by the kind that waits: PostgreSQL would also walk all that ever had no agent
    has_no_agent = func.coalesce(InputRequest.agent_id, InputRequest.agent_id).is_(None)
    for kind in (InputRequestKind.APPROVAL, InputRequestKind.INPUT):
        if sum(by_asker.values()) < count:
            names = (Execution.target_namespace, Execution.target_name)
            functions = (
                select(*names, func.count())
                .select_from(InputRequest)
                .join(Execution, Execution.id == InputRequest.execution_id)
                .where(*conditions, InputRequest.kind == kind, has_no_agent)
                .group_by(*names)
            )
            for namespace, name, number in execute(functions):
                asker = asker_of(None, f"{namespace}/{name}")
                by_asker[asker] = by_asker.get(asker, 0) + number
    return by_asker


def _narrowed(workspace: Workspace, narrowing: Narrowing) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if narrowing.asker is not None:
        what, _, name = narrowing.asker.partition(":")
        if what == "agent":
            conditions.append(InputRequest.agent_id == UUID(name))
        else:
            namespace, _, of_namespace = name.partition("/")
            of_function = select(Execution.id).where(
                Execution.workspace_id == workspace.id,
                Execution.target_namespace == namespace,
                Execution.target_name == of_namespace,
            )
            conditions.append(InputRequest.execution_id.in_(of_function))
    if narrowing.key is not None:
        conditions.append(InputRequest.key == narrowing.key)
    return conditions
