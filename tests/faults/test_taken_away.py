"""What was taken away in one process opens nothing in another one that knew it a moment before."""

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
from flask import Flask
from sqlalchemy import delete, update

from opensink_web import clock
from opensink_web.models import (
    ApiKey,
    CustomRole,
    Membership,
    MembershipRole,
    Role,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key, revoke_key
from opensink_web.operations.accounts.bearer import mint_session_token
from opensink_web.operations.accounts.role import RoleChanges, delete_role, take_role, update_role
from opensink_web.operations.accounts.user import activate_member, change_role, deactivate_member
from opensink_web.operations.accounts.user_session import add_session, end_sessions
from opensink_web.operations.decisions.ending import deactivate_user, remove_member
from tests.conftest import Cast
from tests.faults.conftest import RunPart
from tests.runtime.conftest import services_of
from tests.support.scenarios import admin_of

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


@dataclass(frozen=True)
class Member:
    """A viewer who may make agents by a role of the workspace's own, and how they call."""

    workspace_id: UUID
    user_id: UUID
    role_id: UUID
    key_id: UUID
    key: str
    token: str


class Elsewhere:
    """A web server in a process of its own."""

    def __init__(self, listener: socket.socket) -> None:
        self._address = f"http://127.0.0.1:{listener.getsockname()[1]}/api/v1/agents"
        self._http = requests.Session()
        self._http.trust_env = False

    def statuses(self, bearer: str) -> tuple[int, int]:
        """Return how a call is answered that reads, and how one that writes."""
        self._http.headers["Authorization"] = f"Bearer {bearer}"
        read = self._http.get(self._address, timeout=60)
        made = self._http.post(self._address, json={"name": "Trader"}, timeout=60)
        return read.status_code, made.status_code


@pytest.fixture
def elsewhere(app: Flask, cast: Cast, run_part: RunPart) -> Iterator[Elsewhere]:
    del app, cast
    with socket.create_server(("127.0.0.1", 0)) as listener:
        run_part("web", "--fd", listener=listener)
        yield Elsewhere(listener)


@pytest.fixture
def join(app: Flask, cast: Cast) -> Callable[[], Member]:
    """Return what lets another member join Alice's workspace."""

    def join() -> Member:
        with app.app_context(), writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            number = db.session.query(User).count()
            user = User(email=f"dora{number}@example.com")
            role = CustomRole(
                workspace_id=workspace.id,
                name=f"makers {number}",
                permissions=["sinas.agents.write:all"],
            )
            db.session.add_all([user, role])
            db.session.flush()
            member = {"user_id": user.id, "workspace_id": workspace.id}
            db.session.add(Membership(role=Role.VIEWER, **member))
            db.session.flush()
            db.session.add(MembershipRole(role_id=role.id, **member))
            key, secret = create_key(workspace, user, name="k", scopes=("agents:all",))
            session = add_session(user, user_agent="", remote_address="")
            session.workspace_id = workspace.id
            db.session.flush()
            token = mint_session_token(services_of(app).signer, session, workspace)
            return Member(workspace.id, user.id, role.id, key.id, secret, token)

    return join


def _workspace(member: Member) -> Workspace:
    return db.session.get_one(Workspace, member.workspace_id)


def _user(member: Member) -> User:
    return db.session.get_one(User, member.user_id)


def _set_key(member: Member, **values: Any) -> None:
    db.session.execute(update(ApiKey).where(ApiKey.id == member.key_id).values(**values))


def _change_role(member: Member, **changes: Any) -> None:
    given: RoleChanges = changes  # type: ignore[assignment]  # as the caller has them
    update_role(admin_of(member.workspace_id), member.role_id, given)


Change = Callable[[Member], object]
OF_THE_MEMBER: list[tuple[str, Change, tuple[int, int]]] = [
    ("the account is deactivated", lambda m: deactivate_user(_user(m)), (401, 401)),
    (
        "the member is deactivated",
        lambda m: deactivate_member(admin_of(m.workspace_id), m.user_id),
        (401, 401),
    ),
    (
        "the member is removed",
        lambda m: remove_member(admin_of(m.workspace_id), m.user_id),
        (401, 401),
    ),
    (
        "the role is taken",
        lambda m: take_role(admin_of(m.workspace_id), m.role_id, m.user_id),
        (200, 403),
    ),
    (
        "the role grants less",
        lambda m: _change_role(m, permissions=["sinas.agents.read:all"]),
        (200, 403),
    ),
    (
        "the role is deleted",
        lambda m: delete_role(admin_of(m.workspace_id), m.role_id),
        (200, 403),
    ),
    (
        "the account is deleted",
        lambda m: db.session.execute(delete(User).where(User.id == m.user_id)),
        (401, 401),
    ),
]
OF_THE_KEY: list[tuple[str, Change, tuple[int, int]]] = [
    ("revoked", lambda m: revoke_key(_workspace(m), m.key_id), (401, 401)),
    ("expired", lambda m: _set_key(m, expires_at=clock.now() - timedelta(1)), (401, 401)),
    ("narrowed", lambda m: _set_key(m, scopes=["agents:read"]), (200, 403)),
    (
        "deleted",
        lambda m: db.session.execute(delete(ApiKey).where(ApiKey.id == m.key_id)),
        (401, 401),
    ),
]
OF_THE_SIGN_IN: list[tuple[str, Change, tuple[int, int]]] = [
    ("ended", lambda m: end_sessions(_user(m)), (401, 401)),
    (
        "unused for too long",
        lambda m: db.session.execute(
            update(UserSession)
            .where(UserSession.user_id == m.user_id)
            .values(last_seen_at=clock.now() - timedelta(8))
        ),
        (401, 401),
    ),
]


def test_a_key_that_was_just_used_opens_what_it_still_may(
    app: Flask, elsewhere: Elsewhere, join: Callable[[], Member]
) -> None:
    for what, change, expected in [*OF_THE_KEY, *OF_THE_MEMBER]:
        member = join()
        for _ in range(2):
            assert elsewhere.statuses(member.key) == (200, 201), what
        with app.app_context(), writing():
            change(member)
        assert elsewhere.statuses(member.key) == expected, what


def test_a_token_that_was_just_used_opens_what_it_still_may(
    app: Flask, elsewhere: Elsewhere, join: Callable[[], Member]
) -> None:
    for what, change, expected in [*OF_THE_SIGN_IN, *OF_THE_MEMBER]:
        member = join()
        for _ in range(2):
            assert elsewhere.statuses(member.token) == (200, 201), what
        with app.app_context(), writing():
            change(member)
        assert elsewhere.statuses(member.token) == expected, what


def test_what_is_given_back_or_added_counts_at_once_too(
    app: Flask, elsewhere: Elsewhere, join: Callable[[], Member]
) -> None:
    member = join()
    assert elsewhere.statuses(member.key) == (200, 201)
    with app.app_context(), writing():
        deactivate_member(admin_of(member.workspace_id), member.user_id)
    assert elsewhere.statuses(member.key) == (401, 401)
    with app.app_context(), writing():
        activate_member(admin_of(member.workspace_id), member.user_id)
        take_role(admin_of(member.workspace_id), member.role_id, member.user_id)
    assert elsewhere.statuses(member.key) == (200, 403)
    with app.app_context(), writing():
        change_role(admin_of(member.workspace_id), member.user_id, Role.ADMIN)
    assert elsewhere.statuses(member.key) == (200, 201)
