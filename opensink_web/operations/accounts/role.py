"""Roles that a workspace makes itself: making, changing and deleting them, and who has them.

Locks are taken in this order: the member, then roles by their ids; see operations/accounts/user.py.

Nobody gives out more than they have, nor takes it: whoever makes, changes, deletes, gives or takes
a role holds all that it grants, before and after.
"""

from collections.abc import Iterable
from typing import TypedDict
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import contains_eager

from opensink_web import clock
from opensink_web.errors import Conflict, FieldError, InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    AuditAction,
    CustomRole,
    Membership,
    MembershipRole,
    Role,
    SubjectKind,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import Area, changed_after_commit, rows_changed
from opensink_web.operations.accounts.permission import Principal, granted
from opensink_web.operations.accounts.permission_pattern import read_pattern
from opensink_web.operations.accounts.user import close_links_of, lock_member
from opensink_web.operations.audit.record import changes_between, record
from opensink_web.operations.name import check_letters, in_one_line, one_like

NAME_LENGTH_MAX = 64
PERMISSIONS_MAX = 200


class RoleChanges(TypedDict, total=False):
    """What of a role to change."""

    name: str
    description: str
    permissions: list[str]


def create_role(
    by: Principal, *, name: str, description: str, permissions: Iterable[str]
) -> CustomRole:
    """Make a role that nobody has yet.

    Raises: InvalidInput naming each pattern that is none; PermissionMissing; Conflict.
    """
    role = CustomRole(
        workspace_id=by.workspace.id,
        name=_checked_name(by.workspace, name, None),
        description=description.strip(),
        permissions=_checked_permissions(permissions),
    )
    by.require_giving(granted(role.permissions))
    db.session.add(role)
    db.session.flush()
    _note(AuditAction.ROLE_CREATED, role, {"permissions": [*role.permissions]})
    return role


def update_role(by: Principal, role_id: UUID, changes: RoleChanges) -> CustomRole:
    """Change a role, and with it at once what its members may.

    Raises: NotFound; InvalidInput naming each pattern that is none; PermissionMissing; Conflict.
    """
    role = _find_locked(by, role_id)
    before = _said_of(role)
    if "name" in changes:
        role.name = _checked_name(by.workspace, changes["name"], role)
    if "description" in changes:
        role.description = changes["description"].strip()
    if "permissions" in changes:
        role.permissions = _checked_permissions(changes["permissions"])
        by.require_giving(granted(role.permissions))
        _close_links_of_members(role)
    role.updated_at = clock.now()
    _note(AuditAction.ROLE_CHANGED, role, {"changes": changes_between(before, _said_of(role))})
    return role


def delete_role(by: Principal, role_id: UUID) -> str:
    """Delete a role, so that nobody has it any more; return its name.

    Raises: NotFound; PermissionMissing.
    """
    role = _find_locked(by, role_id)
    _close_links_of_members(role)
    _note(AuditAction.ROLE_DELETED, role)
    db.session.delete(role)
    return role.name


def give_role(by: Principal, role_id: UUID, user_id: UUID) -> User:
    """Give a role to a member; it does no harm when they have it.

    Raises: NotFound; PermissionMissing.
    """
    member = lock_member(by.workspace, user_id)
    return _give(_find_locked(by, role_id), member)


def take_role(by: Principal, role_id: UUID, user_id: UUID) -> User:
    """Take a role from a member. Raises: NotFound; PermissionMissing."""
    member = lock_member(by.workspace, user_id)
    return _take(_find_locked(by, role_id), member)


def set_roles(by: Principal, user_id: UUID, role_ids: set[UUID]) -> Membership:
    """Let a member have these roles of the workspace's own and no others.

    Raises: NotFound; PermissionMissing if one that is given or taken is beyond `by`.
    """
    member = lock_member(by.workspace, user_id)
    has = {role.id for role in member.custom_roles}
    changed = {role_id: _find_locked(by, role_id) for role_id in sorted(role_ids ^ has)}
    for role_id, role in changed.items():  # in the order in which everybody locks them
        change = _take if role_id in has else _give
        change(role, member)
    db.session.flush()
    db.session.expire(member, ["custom_roles"])
    return member


def _give(role: CustomRole, member: Membership) -> User:
    if db.session.get(MembershipRole, (role.id, member.user_id)) is None:
        db.session.add(
            MembershipRole(
                role_id=role.id, user_id=member.user_id, workspace_id=member.workspace_id
            )
        )
        _note(AuditAction.ROLE_GIVEN, role, {"person": str(member.user_id)})
    return member.user


def _said_of(role: CustomRole) -> JSONObject:
    return {
        "name": role.name,
        "description": role.description,
        "permissions": [*role.permissions],
    }


def _note(action: AuditAction, role: CustomRole, details: JSONObject | None = None) -> None:
    said: JSONObject = {"role": role.name, **(details or {})}
    record(action, role.workspace_id, SubjectKind.ROLE, role.id, said)
    changed_after_commit(role.workspace_id, Area.MEMBERS)


def _take(role: CustomRole, member: Membership) -> User:
    """Raises: NotFound."""
    taken = delete(MembershipRole).where(
        MembershipRole.role_id == role.id, MembershipRole.user_id == member.user_id
    )
    if rows_changed(taken) == 0:
        raise NotFound("This member does not have this role.")
    close_links_of(member)
    _note(AuditAction.ROLE_TAKEN, role, {"person": str(member.user_id)})
    return member.user


def _find_locked(by: Principal, role_id: UUID) -> CustomRole:
    """Return a role that `by` may touch, as it is until the transaction ends."""
    query = (
        select(CustomRole)
        .where(CustomRole.workspace_id == by.workspace.id, CustomRole.id == role_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    role = db.session.scalars(query).one_or_none()
    if role is None:
        raise NotFound("There is no such role.")
    by.require_giving(granted(role.permissions))
    return role


def _close_links_of_members(role: CustomRole) -> None:
    query = (
        select(Membership)
        .join(
            MembershipRole,
            (MembershipRole.user_id == Membership.user_id)
            & (MembershipRole.workspace_id == Membership.workspace_id),
        )
        .join(Membership.user)
        .options(contains_eager(Membership.user))
        .where(MembershipRole.role_id == role.id)
    )
    for member in db.session.scalars(query):
        close_links_of(member)


def _checked_name(workspace: Workspace, name: str, renamed: CustomRole | None) -> str:
    name = in_one_line(name, NAME_LENGTH_MAX)
    if one_like(name, [*Role]) is not None:
        raise Conflict(f"{name} is a built-in role, or looks like one. Choose another name.")
    others = select(CustomRole.name).where(CustomRole.workspace_id == workspace.id)
    if renamed is not None:
        others = others.where(CustomRole.id != renamed.id)
    if (other := one_like(name, db.session.scalars(others))) is not None:
        raise Conflict(
            "A role with this name already exists."
            if other == name
            else f"This name looks like that of the role {other}. Choose another."
        )
    check_letters(name)
    return name


def _checked_permissions(permissions: Iterable[str]) -> list[str]:
    """Return the patterns without repetitions. Raises: InvalidInput naming each that is none."""
    texts, errors = [], []
    for index, text in enumerate(permissions):
        try:
            texts.append(str(read_pattern(text.strip())))
        except InvalidInput as error:
            errors.append(FieldError(f"/permissions/{index}", error.message))
    if errors:
        raise InvalidInput(_several(errors), errors=tuple(errors))
    texts = list(dict.fromkeys(texts))
    if not 1 <= len(texts) <= PERMISSIONS_MAX:
        message = f"A role has 1 to {PERMISSIONS_MAX} permissions."
        raise InvalidInput(message, errors=(FieldError("/permissions", message),))
    return texts


def _several(errors: list[FieldError]) -> str:
    if len(errors) == 1:
        return f"The permission at {errors[0].path} is not one: {errors[0].message}"
    return f"There are {len(errors)} permissions that are not valid."
