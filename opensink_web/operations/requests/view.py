"""Who has opened the page of a request: noted the first time, for the audit."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from opensink_web.errors import Unavailable
from opensink_web.models import AuditAction, InputRequest, RequestView, SubjectKind, User, db
from opensink_web.models.transaction import rows_changed, run_prepared, writing
from opensink_web.operations.audit.record import record

_SEEN = select(RequestView.viewed_at).where(
    RequestView.request_id == bindparam("of_request"), RequestView.user_id == bindparam("of_user")
)


def _note(insert: Callable[..., Any]) -> Any:
    """Return what notes a view, whether there is one or not: two tabs may open it at once."""
    return insert(RequestView).on_conflict_do_nothing()


_NOTE = {"postgresql": _note(postgresql.insert), "sqlite": _note(sqlite.insert)}


def note_view(request: InputRequest, by: User) -> None:
    """Note that somebody has seen a request, unless they had before; opens its own transaction.

    While the database takes none they see it all the same, and are noted when they look again.
    """
    values = {"of_request": request.id, "of_user": by.id}
    if run_prepared(_SEEN, values).first() is not None:
        return
    workspace_id, request_id, user_id = request.workspace_id, request.id, by.id
    with suppress(Unavailable), writing():
        note = _NOTE[db.session.get_bind().dialect.name]
        if rows_changed(note.values(request_id=request_id, user_id=user_id)):
            record(AuditAction.REQUEST_VIEWED, workspace_id, SubjectKind.REQUEST, request_id)
