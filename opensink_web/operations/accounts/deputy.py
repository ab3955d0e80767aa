"""Who stands in for whom at a moment: looked up each time, so that nothing has to be moved.

What is assigned to somebody who is away, or to a team of theirs, is their deputy's as well. A
deputy stands in for whoever named them, and not for those for whom that one stands in.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, bindparam, exists, select, union
from sqlalchemy.orm import aliased, joinedload

from opensink_web import clock
from opensink_web.models import Absence, Membership, User, Workspace, db
from opensink_web.models.base import UtcDateTime
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.accounts.membership import IS_ACTIVE

# Built once, because building a statement costs more than running it.
_MOMENT: Any = bindparam("moment", type_=UtcDateTime())


def _is_now(absence: Any) -> ColumnElement[bool]:
    return and_(absence.begins_at <= _MOMENT, absence.ends_at > _MOMENT)


_OF_WORKSPACE = (Absence.workspace_id == bindparam("of_workspace"), _is_now(Absence))
_STANDS_FOR = select(Absence.user_id).where(
    Absence.deputy_id == bindparam("of_user"), *_OF_WORKSPACE
)
_OTHER = aliased(Absence)
_IS_DEPUTY_A_MEMBER = (
    exists()
    .where(
        Membership.user_id == Absence.deputy_id,
        Membership.workspace_id == Absence.workspace_id,
        User.id == Membership.user_id,
        *IS_ACTIVE,
    )
    .correlate(Absence)
)
_IS_DEPUTY_AWAY = (
    exists()
    .where(
        _OTHER.user_id == Absence.deputy_id,
        _OTHER.workspace_id == Absence.workspace_id,
        _is_now(_OTHER),
    )
    .correlate(Absence)
)
_IS_ATTENDED = and_(_IS_DEPUTY_A_MEMBER, ~_IS_DEPUTY_AWAY)
_AWAY_ALONE = select(Absence.user_id).where(*_OF_WORKSPACE, ~_IS_ATTENDED)
_OWN = exists().where(Absence.user_id == Membership.user_id, *_OF_WORKSPACE, _IS_ATTENDED)
_SHUT_OUT = (
    select(Membership.user_id)
    .join(User, User.id == Membership.user_id)
    .where(
        Membership.workspace_id == bindparam("of_workspace"),
        ~and_(*IS_ACTIVE),
        ~_OWN.correlate(Membership),
    )
)
_UNATTENDED = union(_AWAY_ALONE, _SHUT_OUT)
_DEPUTIES = select(Absence.user_id, Absence.deputy_id).where(*_OF_WORKSPACE, _IS_DEPUTY_A_MEMBER)


def stands_for(workspace_id: UUID, user_id: UUID) -> tuple[UUID, ...]:
    """Return for whom somebody stands in now."""
    values = {"of_workspace": workspace_id, "of_user": user_id, "moment": clock.now()}
    return tuple(run_prepared(_STANDS_FOR, values).scalars())


def deputies_in(workspace_id: UUID) -> dict[UUID, UUID]:
    """Return who stands in now for each who is away, of those that may do anything."""
    values = {"of_workspace": workspace_id, "moment": clock.now()}
    return {row.user_id: row.deputy_id for row in run_prepared(_DEPUTIES, values)}


def unattended_in(workspace_id: UUID) -> tuple[UUID, ...]:
    """Return who is away now, or deactivated, without anybody there who stands in for them."""
    values = {"of_workspace": workspace_id, "moment": clock.now()}
    return tuple(run_prepared(_UNATTENDED, values).scalars())


def absences_of(workspace: Workspace, user_ids: Collection[UUID]) -> dict[UUID, Absence]:
    """Return the present absence of each who is away, with the deputy."""
    moment = clock.now()
    query = (
        select(Absence)
        .where(
            Absence.workspace_id == workspace.id,
            Absence.user_id.in_(user_ids),
            Absence.begins_at <= moment,
            Absence.ends_at > moment,
        )
        .options(joinedload(Absence.deputy))
    )
    return {each.user_id: each for each in db.session.scalars(query)}


def absences_to_come(user_id: UUID, workspace_id: UUID | None = None) -> list[Absence]:
    """Return somebody's absences that are not over, in order; in one workspace, or in all."""
    query = select(Absence).where(Absence.user_id == user_id, Absence.ends_at > clock.now())
    if workspace_id is not None:
        query = query.where(Absence.workspace_id == workspace_id)
    query = query.options(joinedload(Absence.deputy)).order_by(Absence.begins_at)
    return list(db.session.scalars(query))
