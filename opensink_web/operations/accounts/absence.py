"""Out of office: saying when somebody is away and who stands in for them, and taking that back.

Who stands in for whom at a moment is looked up in deputy.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import Absence, AuditAction, Membership, SubjectKind, Workspace, db
from opensink_web.models.transaction import changed_after_commit
from opensink_web.operations.accounts.membership import is_active_member
from opensink_web.operations.audit.record import record

NOTE_LENGTH_MAX = 200
LONGEST = timedelta(days=366)
ABSENCES_MAX = 20
"""Of one member, that are not over."""


@dataclass(frozen=True, slots=True)
class NewAbsence:
    """When somebody is away; without a deputy nobody stands in for them."""

    begins_at: datetime
    ends_at: datetime
    deputy_id: UUID | None
    note: str = ""


def add_absence(workspace: Workspace, user_id: UUID, new: NewAbsence) -> Absence:
    """Say that a member is away for a time, and who stands in for them.

    Of those of their absences that are over nothing is kept but the audit. Raises: NotFound for who
    is no member; InvalidInput for a time that cannot be, or that another absence has, and for a
    deputy who is no active member.
    """
    _lock_member(workspace, user_id)
    _check(workspace, user_id, new)
    of_user = (Absence.user_id == user_id, Absence.workspace_id == workspace.id)
    db.session.execute(delete(Absence).where(*of_user, Absence.ends_at <= clock.now()))
    others = list(db.session.scalars(select(Absence).where(*of_user)))
    _check_beside(others, new)
    if len(others) >= ABSENCES_MAX:
        raise _wrong("/begins", f"At most {ABSENCES_MAX} absences can be planned.")
    absence = Absence(
        workspace_id=workspace.id,
        user_id=user_id,
        begins_at=new.begins_at,
        ends_at=new.ends_at,
        deputy_id=new.deputy_id,
    )
    absence.note = new.note or None
    db.session.add(absence)
    db.session.flush()
    _note(AuditAction.ABSENCE_SET, absence)
    return absence


def change_absence(workspace: Workspace, absence: Absence, new: NewAbsence) -> None:
    """Say anew when a member is away and who stands in. Raises: as add_absence()."""
    _lock_member(workspace, absence.user_id)
    _check(workspace, absence.user_id, new)
    query = select(Absence).where(
        Absence.user_id == absence.user_id, Absence.workspace_id == workspace.id
    )
    rows = list(db.session.scalars(query.execution_options(populate_existing=True)))
    if absence not in rows:
        raise NotFound("There is no such absence. It may have been removed meanwhile.")
    _check_beside([each for each in rows if each is not absence], new)
    absence.begins_at, absence.ends_at = new.begins_at, new.ends_at
    absence.deputy_id, absence.note = new.deputy_id, new.note or None
    db.session.flush()
    db.session.refresh(absence, ["deputy"])
    _note(AuditAction.ABSENCE_SET, absence)


def end_absence(workspace: Workspace, user_id: UUID, absence_id: UUID) -> None:
    """Have a member be back, or not go away at all. Raises: NotFound."""
    query = select(Absence).where(
        Absence.id == absence_id,
        Absence.user_id == user_id,
        Absence.workspace_id == workspace.id,
    )
    absence = db.session.scalars(query.with_for_update()).one_or_none()
    if absence is None:
        raise NotFound("There is no such absence. It may have been removed meanwhile.")
    _note(AuditAction.ABSENCE_ENDED, absence)
    db.session.delete(absence)


def _check(workspace: Workspace, user_id: UUID, new: NewAbsence) -> None:
    """Raises: InvalidInput."""
    if new.ends_at <= new.begins_at:
        raise _wrong("/ends", "This is before the first day.")
    if new.ends_at <= clock.now():
        raise _wrong("/ends", "This is over already.")
    if new.ends_at - new.begins_at > LONGEST:
        raise _wrong("/ends", f"An absence takes {LONGEST.days} days at most.")
    if len(new.note) > NOTE_LENGTH_MAX:
        raise _wrong("/note", f"Use at most {NOTE_LENGTH_MAX} characters.")
    if new.deputy_id == user_id:
        raise _wrong("/deputy", "Somebody else has to stand in.")
    if new.deputy_id is not None and not is_active_member(new.deputy_id, workspace.id):
        raise _wrong("/deputy", "Only an active member of the workspace can stand in.")


def _check_beside(others: Sequence[Absence], new: NewAbsence) -> None:
    """Raises: InvalidInput, where they are away already."""
    if any(new.begins_at < each.ends_at and each.begins_at < new.ends_at for each in others):
        raise _wrong("/begins", "Another absence is at the same time. Remove it first.")


def _lock_member(workspace: Workspace, user_id: UUID) -> None:
    """Have of two absences that are set at once one wait for the other. Raises: NotFound."""
    query = select(Membership.user_id).where(
        Membership.user_id == user_id, Membership.workspace_id == workspace.id
    )
    if db.session.scalars(query.with_for_update()).one_or_none() is None:
        raise NotFound("There is no such member.")


def _note(action: AuditAction, absence: Absence) -> None:
    """Note who is away and when; why is in no audit."""
    details: JSONObject = {
        "from": f"{absence.begins_at:%Y-%m-%d %H:%M} UTC",
        "until": f"{absence.ends_at:%Y-%m-%d %H:%M} UTC",
        "of": absence.user.email,
        "deputy": absence.deputy.email if absence.deputy else None,
    }
    record(action, absence.workspace_id, SubjectKind.PERSON, absence.user_id, details)
    changed_after_commit(absence.workspace_id)


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=(FieldError(path, message),))
