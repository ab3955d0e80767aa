"""What people have typed for a request and not sent: one draft each, which only they can read.

A draft is of use until its request is decided by whoever wrote it. What others had typed by then
they can still read.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from opensink_web import clock
from opensink_web.errors import InvalidInput
from opensink_web.models import AuditAction, Draft, SubjectKind, User, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import changed_after_commit, run_prepared
from opensink_web.operations.audit.record import record
from opensink_web.operations.requests.queries import TYPING, find_input_request

CHARACTERS_MAX = 1_000_000
Fields = Sequence[tuple[str, str]]
"""The names and texts of a form, without secrets."""

_IS_OWN = (
    Draft.request_id == bindparam("of_request"),
    Draft.user_id == bindparam("of_user"),
)
_OWN = select(Draft.updated_at).where(*_IS_OWN)
_ON_CONFLICT = ("id", "fields", "updated_at")
"""What a newer draft puts in the place of an older one; it is sealed for its id."""


def _save(insert: Callable[..., Any]) -> Any:
    """Return what writes a draft, whether there is one or not: two tabs may do so at once."""
    adding = insert(Draft)
    newer = {name: adding.excluded[name] for name in _ON_CONFLICT}
    return adding.on_conflict_do_update(index_elements=["request_id", "user_id"], set_=newer)


_SAVE = {"postgresql": _save(postgresql.insert), "sqlite": _save(sqlite.insert)}
_DISCARD = delete(Draft).where(*_IS_OWN)


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """When a draft was saved; `has_replaced` where it took the place of one that its writer's form
    did not know, as from another tab.
    """

    saved_at: datetime
    has_replaced: bool


def save_draft(
    workspace: Workspace,
    request_id: UUID,
    by: User,
    fields: Fields,
    *,
    known: datetime | None = None,
) -> SavedDraft | None:
    """Keep what somebody has typed, in place of what they had before; the newest wins.

    `known` is when the draft was saved that their form knows of. Nothing is kept of what they have
    decided themselves: it comes too late. Raises: NotFound; InvalidInput for too much.
    """
    request = find_input_request(workspace, request_id)
    if request.resolved_by_id == by.id:
        return None
    _check_size(fields)
    moment = clock.now()
    row = run_prepared(_OWN, {"of_request": request_id, "of_user": by.id}).one_or_none()
    draft = {
        "id": new_id(),
        "workspace_id": workspace.id,
        "request_id": request_id,
        "user_id": by.id,
        "fields": [[name, text] for name, text in fields],
        "created_at": moment,
        "updated_at": moment,
    }
    save = _SAVE[db.session.get_bind().dialect.name]
    db.session.connection().execute(save, sealed_values(Draft, draft))
    if row is None:
        begun = (AuditAction.DRAFT_BEGUN, workspace.id, SubjectKind.REQUEST, request_id)
        record(*begun, by=by)
    if row is None or row.updated_at <= moment - TYPING:
        changed_after_commit(workspace.id)  # others see that somebody has begun
    return SavedDraft(moment, has_replaced=row is not None and row.updated_at != known)


def discard_draft(request_id: UUID, user_id: UUID) -> None:
    """Forget what somebody has typed for a request."""
    run_prepared(_DISCARD, {"of_request": request_id, "of_user": user_id})


def _check_size(fields: Fields) -> None:
    """Raises: InvalidInput."""
    if sum(len(name) + len(text) for name, text in fields) > CHARACTERS_MAX:
        raise InvalidInput("This is too much to be kept as a draft.")
