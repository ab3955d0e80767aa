"""Workspaces: the first one, and its execution secret."""

from contextlib import suppress
from datetime import timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import contains_eager, joinedload

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, NotFound, UnreadableSecret
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import AuditAction, Membership, SubjectKind, User, Workspace, db
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.audit.record import changes_between, record
from opensink_web.operations.name import check_letters, in_one_line, one_like
from opensink_web.outbound.signing import new_secret

SECRET_OVERLAP = timedelta(hours=24)
"""How long calls carry the old secret still after a rotation."""

FIRST_SLUG = "main"

# Each page asks this, and building it costs more than running it.
_MEMBERSHIP = (
    select(Membership)
    .join(Membership.workspace)
    .options(contains_eager(Membership.workspace), joinedload(Membership.custom_roles))
    .where(
        Workspace.slug == bindparam("of_slug"),
        Membership.user_id == bindparam("of_user"),
        Membership.deactivated_at.is_(None),
    )
)


def first_workspace() -> Workspace:
    """Return the oldest workspace; make it where there is none."""
    workspace = db.session.scalars(select(Workspace).order_by(Workspace.id).limit(1)).first()
    if workspace is None:
        workspace = create_workspace(FIRST_SLUG, "Main")
        db.session.flush()
    return workspace


def create_workspace(slug: str, name: str) -> Workspace:
    """Make a workspace with secrets of its own."""
    workspace = Workspace(
        slug=slug, name=name, execution_secret=new_secret(), signing_root=new_secret()
    )
    db.session.add(workspace)
    db.session.flush()
    _note(AuditAction.WORKSPACE_CREATED, workspace, {"slug": slug, "name": name})
    return workspace


def principal_in(slug: str, user: User) -> Principal:
    """Return the user acting in a workspace.

    Raises: NotFound, also for a workspace the user does not belong to, or is shut out of.
    """
    values = {"of_slug": slug, "of_user": user.id}
    membership = db.session.scalars(_MEMBERSHIP, values).unique().one_or_none()
    if membership is None:
        raise NotFound("There is no such workspace.")
    return Principal.of(membership)


def rename_workspace(workspace: Workspace, name: str, *, by: User | None = None) -> None:
    """Raises: InvalidInput; Conflict for a name that looks like that of another of `by`."""
    before = workspace.name
    name = in_one_line(name)
    if by is not None:
        check_look(by, name, but=workspace)
    check_letters(name)
    workspace.name = name
    _note_change(workspace, "name", before, workspace.name)


def check_look(user: User, name: str, *, but: Workspace | None = None) -> None:
    """Raises: Conflict for a name that looks like that of another workspace of the user."""
    others = [each.workspace.name for each in user.memberships if each.workspace is not but]
    if (other := one_like(name, others)) is not None:
        message = f"You are in a workspace called {other} already."
        raise Conflict(message, errors=(FieldError("/name", message),))


def require_second_factor(workspace: Workspace, required: bool) -> None:
    """Say whether members need a second factor to see anything of the workspace."""
    before = workspace.requires_second_factor
    _note_change(workspace, "requires_second_factor", before, required)
    workspace.requires_second_factor = required


def note_secret_shown(workspace: Workspace) -> None:
    """Note for the audit that somebody has seen the execution secret."""
    _note(AuditAction.EXECUTION_SECRET_SHOWN, workspace)


def _note(action: AuditAction, workspace: Workspace, details: JSONObject | None = None) -> None:
    record(action, workspace.id, SubjectKind.WORKSPACE, workspace.id, details)


def _note_change(workspace: Workspace, name: str, before: JSONValue, after: JSONValue) -> None:
    if changes := changes_between({name: before}, {name: after}):
        _note(AuditAction.WORKSPACE_CHANGED, workspace, {"changes": changes})


def rotate_execution_secret(workspace: Workspace) -> None:
    """Replace the secret; calls carry the old one still while SECRET_OVERLAP lasts.

    Replaced again meanwhile, they go on carrying the one that receivers know. An old one that
    cannot be decrypted is given up.
    """
    moment = clock.now()
    carried = None
    with suppress(UnreadableSecret):
        carried = workspace.execution_secrets(moment)[0]
    workspace.previous_execution_secret = carried
    workspace.previous_secret_expires_at = moment + SECRET_OVERLAP
    workspace.execution_secret = new_secret()
    workspace.secret_rotated_at = moment
    _note(AuditAction.EXECUTION_SECRET_ROTATED, workspace)


def end_secret_overlap(workspace: Workspace) -> None:
    """Give up the previous secret now: from here on calls carry the current one."""
    workspace.previous_execution_secret = None
    workspace.previous_secret_expires_at = None
    _note(AuditAction.EXECUTION_SECRET_OVERLAP_ENDED, workspace)
