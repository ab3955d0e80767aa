"""Who is found in one query is who is let in everywhere else, with the same permissions."""

from contextlib import suppress

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models import Membership, Role, SecondFactor, User, UserSession, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission_pattern import Pattern
from opensink_web.operations.accounts.queries import (
    IDLE_LIFETIME,
    find_session,
    lacks_second_factor,
)
from opensink_web.operations.accounts.recognition import recognize
from opensink_web.operations.accounts.role import RoleChanges, create_role, set_roles, update_role
from opensink_web.operations.accounts.user import deactivate_member
from opensink_web.operations.accounts.user_session import begin_session, end_sessions
from opensink_web.operations.accounts.workspace import principal_in
from opensink_web.operations.decisions.ending import deactivate_user
from tests.conftest import Cast
from tests.support.scenarios import admin_of

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


class Undo(Exception):
    """Ends a transaction without a trace."""


def let_in(token: str, slug: str) -> frozenset[Pattern] | None:
    """Return the permissions of whoever is let in to see any other page."""
    session = find_session(token)
    if session is None:
        return None
    try:
        principal = principal_in(slug, session.user)
    except NotFound:
        return None
    return None if lacks_second_factor(session.user, principal.workspace) else principal.patterns


def found(token: str, slug: str) -> frozenset[Pattern] | None:
    member = recognize(token, slug)
    return None if member is None else member.patterns


def membership(user: User, workspace: Workspace) -> Membership:
    return db.session.get_one(Membership, (user.id, workspace.id))


def become_viewer(user: User, workspace: Workspace) -> None:
    membership(user, workspace).role = Role.VIEWER


def get_two_roles(user: User, workspace: Workspace) -> None:
    by = admin_of(workspace.id)
    permissions = {"one": ["sinas.agents.write:all", "acme.a.b:own"], "two": ["acme.c.d:all"]}
    roles = [
        create_role(by, name=name, description="", permissions=each)
        for name, each in permissions.items()
    ]
    db.session.flush()
    set_roles(by, user.id, {role.id for role in roles})
    update_role(by, roles[1].id, RoleChanges(permissions=["acme.e.f:own"]))


def have_second_factor(user: User, workspace: Workspace) -> None:
    workspace.requires_second_factor = True
    factor = SecondFactor(user_id=user.id, confirmed_at=clock.now())
    factor.secret = "S"
    db.session.add(factor)


def begin_second_factor(user: User, workspace: Workspace) -> None:
    have_second_factor(user, workspace)
    db.session.flush()
    db.session.query(SecondFactor).update({"confirmed_at": None})


def come_from_provider(user: User, workspace: Workspace) -> None:
    workspace.requires_second_factor = True
    user.password_hash = None


def leave(user: User, workspace: Workspace) -> None:
    db.session.delete(membership(user, workspace))


def end_early(user: User, _: Workspace) -> None:
    db.session.query(UserSession).filter_by(user_id=user.id).update({"expires_at": clock.now()})


def stay_away(user: User, _: Workspace) -> None:
    before = clock.now() - IDLE_LIFETIME
    db.session.query(UserSession).filter_by(user_id=user.id).update({"last_seen_at": before})


MEMBERS = [lambda *_: None, become_viewer, get_two_roles, have_second_factor, come_from_provider]
STRANGERS = [
    lambda user, _: end_sessions(user),
    lambda user, _: deactivate_user(user),
    lambda user, workspace: deactivate_member(admin_of(workspace.id), user.id),
    lambda user, _: setattr(user, "is_active", False),
    leave,
    lambda _, workspace: setattr(workspace, "requires_second_factor", True),
    begin_second_factor,
    lambda _, workspace: setattr(workspace, "slug", "renamed"),
    end_early,
    stay_away,
]


def test_who_is_found_is_who_is_let_in(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        bob = db.session.get_one(User, cast.bob.id)
        _, token = begin_session(bob, user_agent="", remote_address="")
    permissions = []
    for change in (*MEMBERS, *STRANGERS):
        with app.app_context(), suppress(Undo), writing():
            bob = db.session.get_one(User, cast.bob.id)
            change(bob, db.session.get_one(Workspace, cast.bob.workspace_id))
            db.session.flush()
            db.session.expire_all()
            permissions.append(found(token, cast.bob.workspace_slug))
            assert permissions[-1] == let_in(token, cast.bob.workspace_slug)
            assert found(token, cast.charlie.workspace_slug) is None
            assert found("made up", cast.bob.workspace_slug) is None
            raise Undo
    assert [each is None for each in permissions] == [False] * len(MEMBERS) + [True] * len(
        STRANGERS
    )
    assert len({*permissions[: len(MEMBERS)]}) == 3, "of a reviewer, a viewer, and with two roles"
