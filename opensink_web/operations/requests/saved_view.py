"""Lists of the inbox that somebody named: each person's own, in one workspace."""

from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update

from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.models import SavedView, User, Workspace, db
from opensink_web.models.transaction import rows_changed
from opensink_web.operations.name import checked_name

NAME_LENGTH_MAX = 80
VIEWS_MAX = 30


def save_view(workspace: Workspace, user: User, name: str, query: str) -> SavedView:
    """Keep a list under a name; one of the same name becomes this list. Raises: InvalidInput;
    Conflict.
    """
    name = checked_name(name, NAME_LENGTH_MAX)
    views = views_of(workspace, user)
    saved = next((each for each in views if each.name == name), None)
    if saved is not None:
        saved.query = query
        return saved
    if len(views) >= VIEWS_MAX:
        raise Conflict(f"You have {VIEWS_MAX} saved views. Delete one that you do not use.")
    saved = SavedView(workspace_id=workspace.id, user_id=user.id, name=name, query=query)
    db.session.add(saved)
    db.session.flush()
    return saved


def rename_view(workspace: Workspace, user: User, view_id: UUID, name: str) -> None:
    """Raises: NotFound; InvalidInput, also where another has the name."""
    name = checked_name(name, NAME_LENGTH_MAX)
    others = [each for each in views_of(workspace, user) if each.id != view_id]
    if any(each.name == name for each in others):
        message = "You have another view of this name."
        raise InvalidInput(message, errors=(FieldError("/name", message),))
    if not rows_changed(update(SavedView).where(*_is(workspace, user, view_id)).values(name=name)):
        raise NotFound("There is no such view.")


def delete_view(workspace: Workspace, user: User, view_id: UUID) -> None:
    """Raises: NotFound."""
    if not rows_changed(delete(SavedView).where(*_is(workspace, user, view_id))):
        raise NotFound("There is no such view.")


def views_of(workspace: Workspace, user: User) -> list[SavedView]:
    """Return somebody's views, the oldest first."""
    query = select(SavedView).where(
        SavedView.user_id == user.id, SavedView.workspace_id == workspace.id
    )
    return list(db.session.scalars(query.order_by(SavedView.id)))


def _is(workspace: Workspace, user: User, view_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (
        SavedView.id == view_id,
        SavedView.user_id == user.id,
        SavedView.workspace_id == workspace.id,
    )
