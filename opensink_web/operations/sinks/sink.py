"""Sinks: making, changing and deleting them, and their secrets."""

from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, Sink, SinkColor, SubjectKind, User, Workspace, db
from opensink_web.models.transaction import Area, changed_after_commit
from opensink_web.operations.accounts.credential import hash_token, new_token
from opensink_web.operations.audit.record import changes_between, record
from opensink_web.operations.name import checked_name
from opensink_web.operations.sinks.public_address import checked_slug, slug_for
from opensink_web.operations.sinks.secret import SECRET_PREFIX

DESCRIPTION_LENGTH_MAX = 2000


class SinkChanges(TypedDict, total=False):
    """What of a sink can be changed; what is left out stays as it is."""

    name: str
    description: str | None
    color: SinkColor
    is_public: bool
    public_slug: str | None
    is_indexed: bool


def create_sink(workspace: Workspace, owner: User, **fields: Unpack[SinkChanges]) -> Sink:
    """Make a sink; one that is public without an address gets one of its name.

    Raises: InvalidInput; Conflict for an address that is taken.
    """
    sink = Sink(
        workspace_id=workspace.id,
        owner_id=owner.id,
        name="",
        color=SinkColor.NEUTRAL,
        is_public=False,
        is_indexed=False,
    )
    _give_secret(sink)
    _set(sink, fields)
    db.session.add(sink)
    _flush_unique()
    _note(AuditAction.SINK_CREATED, sink, _said_of(sink))
    return sink


def update_sink(workspace: Workspace, sink_id: UUID, **changes: Unpack[SinkChanges]) -> Sink:
    """Change the given fields. Raises: NotFound; InvalidInput; Conflict for a taken address."""
    sink = lock_sink(workspace, sink_id)
    before = _said_of(sink)
    _set(sink, changes)
    _flush_unique()
    if changed := changes_between(before, _said_of(sink)):
        _note(AuditAction.SINK_CHANGED, sink, {"changes": changed})
    return sink


def rotate_secret(workspace: Workspace, sink_id: UUID) -> Sink:
    """Give a sink another secret; from the commit on the one it had opens nothing.

    Raises: NotFound.
    """
    sink = lock_sink(workspace, sink_id)
    _give_secret(sink)
    _note(AuditAction.SINK_SECRET_ROTATED, sink)
    db.session.flush()
    return sink


def show_secret(workspace: Workspace, sink_id: UUID) -> Sink:
    """Return a sink whose secret somebody asks to see. Raises: NotFound."""
    sink = lock_sink(workspace, sink_id)
    _note(AuditAction.SINK_SECRET_SHOWN, sink)
    return sink


def delete_sink(workspace: Workspace, sink_id: UUID) -> str:
    """Delete a sink with all that is in it; return its name.

    Nobody finds it from the commit on, its secret opens nothing, and its address is free; its items
    go in slices (operations/deletion.py). Raises: NotFound.
    """
    sink = lock_sink(workspace, sink_id)
    sink.deleted_at = clock.now()
    sink.public_slug = None
    _note(AuditAction.SINK_DELETED, sink)
    db.session.flush()
    return sink.name


def lock_sink(workspace: Workspace, sink_id: UUID) -> Sink:
    """Find a sink and keep others from changing it until the commit. Raises: NotFound."""
    query = (
        select(Sink).where(Sink.id == sink_id, Sink.workspace_id == workspace.id).with_for_update()
    )
    sink = db.session.scalars(query).one_or_none()
    if sink is None:
        raise NotFound("There is no such sink.")
    return sink


def _give_secret(sink: Sink) -> None:
    sink.secret = new_token(SECRET_PREFIX)
    sink.secret_hash = hash_token(sink.secret)


def _set(sink: Sink, changes: SinkChanges) -> None:
    if "name" in changes:
        sink.name = checked_name(changes["name"])
    if "description" in changes:
        sink.description = changes["description"] or None
    if "color" in changes:
        sink.color = changes["color"]
    if "is_public" in changes:
        sink.is_public = changes["is_public"]
    if "is_indexed" in changes:
        sink.is_indexed = changes["is_indexed"]
    if "public_slug" in changes:
        slug = changes["public_slug"]
        sink.public_slug = checked_slug(slug) if slug is not None else None
    if sink.is_public and sink.public_slug is None:
        sink.public_slug = slug_for(sink.name)


def _said_of(sink: Sink) -> JSONObject:
    """Return what the audit says of a sink."""
    return {
        "name": sink.name,
        "description": sink.description,
        "color": sink.color,
        "is_public": sink.is_public,
        "public_slug": sink.public_slug,
        "is_indexed": sink.is_indexed,
    }


def _note(action: AuditAction, sink: Sink, details: JSONObject | None = None) -> None:
    said = details or {"name": sink.name}
    record(action, sink.workspace_id, SubjectKind.SINK, sink.id, said)
    changed_after_commit(sink.workspace_id, Area.SINKS)


def _flush_unique() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        message = "This address is taken. Choose another one."
        raise Conflict(message, errors=(FieldError("/public_slug", message),)) from error
