"""Signing secrets: an agent's, a function's or a job's own, made from what nobody is shown.

The execution secret goes with every call, so whoever receives one knows it. These are in no call:
with one of them nothing can be signed that another agent or function would believe.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeAlias, assert_never
from uuid import UUID

from sqlalchemy import select

from opensink_web import clock
from opensink_web.errors import Conflict, UnreadableSecret
from opensink_web.models import (
    Agent,
    AuditAction,
    BackgroundJob,
    Function,
    InputRequest,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.signed import FIRST_GENERATION
from opensink_web.operations.audit.record import record
from opensink_web.outbound.signing import CallSecrets, derive_secret, new_secret

SIGNING_OVERLAP = timedelta(hours=24)
"""How long calls are signed with the old secret too after a rotation."""

Owner: TypeAlias = Agent | Function | BackgroundJob


def signing_secret_of(workspace: Workspace, owner: Owner) -> str:
    """Return the secret that signs calls to an agent or a function, or of a job.

    Raises: UnreadableSecret; Conflict for what is not called.
    """
    _require_signed(owner)
    return _derived(workspace, owner, owner.signing_generation)


def call_secrets(workspace: Workspace, owner: Owner, moment: datetime) -> CallSecrets:
    """Return what a call, made at `moment`, carries and is signed with.

    Raises: UnreadableSecret.
    """
    execution_secrets = workspace.execution_secrets(moment)
    signing: tuple[str, ...] = (signing_secret_of(workspace, owner),)
    if owner.signing_overlaps_at(moment):
        if owner.signing_generation == FIRST_GENERATION:
            # made before there were secrets of their own: those receivers check with this one
            signing += execution_secrets
        else:
            signing += (_derived(workspace, owner, owner.signing_generation - 1),)
    return CallSecrets(execution_secrets[0], signing)


def resume_secrets(workspace: Workspace, thread_id: UUID) -> CallSecrets:
    """Return what a call to a request's resume URL is signed with: a secret of that request alone,
    and of what is asked instead of it.

    Whoever asks says where it goes and what stands in it. With the secret of an agent they could
    have signed what its own endpoint would believe, and the execution secret they would be told.
    Raises: UnreadableSecret.
    """
    owner = f"{InputRequest.__tablename__} {thread_id}"
    return CallSecrets("", (derive_secret(workspace.signing_root, owner, FIRST_GENERATION),))


def rotate_signing_secret(workspace: Workspace, owner: Owner) -> Workspace:
    """Replace the secret of a locked row; the old one signs too while SIGNING_OVERLAP lasts.

    A root that cannot be decrypted is given up, and with it every secret made from it: returned is
    the workspace as it is then. Raises: Conflict for what is not called.
    """
    _require_signed(owner)
    moment = clock.now()
    owner.signing_generation += 1
    owner.signing_rotated_at = moment
    owner.signing_overlap_ends_at = None
    _note(AuditAction.SIGNING_SECRET_ROTATED, owner)
    locked = select(Workspace).where(Workspace.id == workspace.id).with_for_update()
    current = db.session.scalars(locked, execution_options={"populate_existing": True}).one()
    with suppress(UnreadableSecret):
        _ = current.signing_root
        owner.signing_overlap_ends_at = moment + SIGNING_OVERLAP
        return current
    current.signing_root = new_secret()
    return current


def end_signing_overlap(owner: Owner) -> None:
    """Give up the previous secret of a locked row now."""
    owner.signing_overlap_ends_at = None
    _note(AuditAction.SIGNING_SECRET_OVERLAP_ENDED, owner)


def note_secret_shown(owner: Owner) -> None:
    """Note for the audit that somebody has seen the secret of an agent or a function."""
    _note(AuditAction.SIGNING_SECRET_SHOWN, owner)


def _note(action: AuditAction, owner: Owner) -> None:
    record(action, owner.workspace_id, _kind_of(owner), owner.id)


def _kind_of(owner: Owner) -> SubjectKind:
    match owner:
        case Agent():
            return SubjectKind.AGENT
        case Function():
            return SubjectKind.FUNCTION
        case BackgroundJob():
            return SubjectKind.JOB
        case unknown:
            assert_never(unknown)


def _require_signed(owner: Owner) -> None:
    if not owner.is_signed:
        raise Conflict("This function is not called over HTTP, so it has no signing secret.")


def _derived(workspace: Workspace, owner: Owner, generation: int) -> str:
    return derive_secret(workspace.signing_root, f"{owner.__tablename__} {owner.id}", generation)
