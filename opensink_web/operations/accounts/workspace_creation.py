"""Making a workspace: who may, what it is called, and at which address it stands.

Whoever makes one is its admin, and admins say what this server calls and carries out. So where
nothing else is set, those alone may make another who are an admin of one already.
"""

import re
from enum import StrEnum
from typing import assert_never

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from opensink_web.errors import Conflict, FieldError, InvalidInput, PermissionMissing
from opensink_web.lookalike import skeleton
from opensink_web.models import Membership, Role, User, Workspace, db
from opensink_web.operations.accounts.user import note_joined
from opensink_web.operations.accounts.workspace import check_look, create_workspace
from opensink_web.operations.name import check_letters, in_one_line

SLUG_LENGTH_MAX = 63
RESERVED = frozenset({"admin", "api", "new", "static", "workspaces"})
"""Addresses that would read as something else."""
MEMBERSHIPS_MAX = 100
"""Whoever is in so many workspaces makes no more."""
_SLUG = re.compile(r"[a-z0-9](-?[a-z0-9])+")


class Makers(StrEnum):
    """Who may make a workspace in the browser; operators do so at the command line."""

    ADMINS = "admins"
    ANYONE = "anyone"
    OPERATORS = "operators"


def may_make_workspace(user: User, makers: Makers) -> bool:
    """Return True if somebody may make a workspace in the browser."""
    match makers:
        case Makers.ANYONE:
            return True
        case Makers.ADMINS:
            return any(each.role is Role.ADMIN for each in user.active_memberships)
        case Makers.OPERATORS:
            return False
        case _:
            assert_never(makers)


def make_workspace(user: User, *, name: str, slug: str, makers: Makers) -> Workspace:
    """Make a workspace whose admin somebody is; without a slug it gets one from its name.

    Raises: PermissionMissing; InvalidInput; Conflict for an address that is taken, a name that
    looks like that of another of theirs, and too many workspaces.
    """
    if not may_make_workspace(user, makers):
        raise PermissionMissing(
            "Whoever runs this server makes workspaces: opensink workspace create."
            if makers is Makers.OPERATORS
            else "Only who is an admin of a workspace may make another."
        )
    if len(user.memberships) >= MEMBERSHIPS_MAX:
        raise Conflict(f"You are in {MEMBERSHIPS_MAX} workspaces. Leave one first.")
    check_look(user, in_one_line(name))
    return open_workspace(user, name=name, slug=slug)


def open_workspace(admin: User, *, name: str, slug: str) -> Workspace:
    """Make a workspace with an admin. Raises: InvalidInput; Conflict for an address taken."""
    name = in_one_line(name)
    check_letters(name)
    slug = _checked_slug(slug.strip().lower() or _slug_from(name))
    try:
        workspace = create_workspace(slug, name)
    except IntegrityError:  # somebody else has made one there at the same moment
        raise _taken() from None
    db.session.add(Membership(user_id=admin.id, workspace_id=workspace.id, role=Role.ADMIN))
    db.session.flush()
    note_joined(admin, workspace.id, Role.ADMIN)
    return workspace


def _slug_from(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_LENGTH_MAX].strip("-")


def _checked_slug(slug: str) -> str:
    """Raises: InvalidInput; Conflict."""
    message = None
    if not _SLUG.fullmatch(slug) or len(slug) > SLUG_LENGTH_MAX:
        message = (
            f"An address has 2 to {SLUG_LENGTH_MAX} small letters, digits and hyphens, which stand "
            "alone and between others."
        )
    elif slug in RESERVED:
        message = f"The address {slug} is reserved. Choose another."
    if message is not None:
        raise InvalidInput(message, errors=(FieldError("/slug", message),))
    look = skeleton(slug)
    if any(skeleton(each) == look for each in db.session.scalars(select(Workspace.slug))):
        raise _taken()
    return slug


def _taken() -> Conflict:
    message = "This address is taken, or looks like one that is. Choose another."
    return Conflict(message, errors=(FieldError("/slug", message),))
