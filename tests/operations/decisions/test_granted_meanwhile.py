"""What somebody allows at the moment in which they are shut out ends with that, or is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.errors import PermissionMissing
from opensink_web.models import (
    AuditAction,
    AuditEntry,
    Membership,
    Role,
    StandingApproval,
    User,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user import change_role
from opensink_web.operations.decisions.ending import (
    deactivate,
    deactivate_user,
    leave_workspace,
    remove_member,
    revoking_of,
)
from opensink_web.operations.decisions.standing_approval import (
    CheckedGrant,
    RevokedBecause,
    grant,
)
from tests.conftest import Cast
from tests.support.executions import principal_of
from tests.support.locks import somebody_waits_for_a_lock
from tests.support.real_servers import wait_until
from tests.support.scenarios import admin_of
from tests.support.standing_cases import affirm, asked_by, checked_on, new_agent

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


def decided_by_bob(cast: Cast) -> UUID:
    request_id = asked_by(cast.bob, new_agent(cast.alice))
    affirm(cast.bob, request_id)
    return request_id


def grant_as_bob(cast: Cast, checked: CheckedGrant) -> None:
    workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
    grant(workspace, checked, by=db.session.get_one(User, cast.bob.id))


def deactivate_bob(cast: Cast) -> None:
    member = db.session.get_one(Membership, (cast.bob.id, cast.bob.workspace_id))
    deactivate(admin_of(cast.alice.workspace_id), member)


def remove_bob(cast: Cast) -> None:
    remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)


def have_bob_leave(cast: Cast) -> None:
    leave_workspace(principal_of(cast.bob))


def shut_bob_out(cast: Cast) -> None:
    deactivate_user(db.session.get_one(User, cast.bob.id))


WAYS = [deactivate_bob, remove_bob, have_bob_leave, shut_bob_out]


def wait_for_the_second() -> None:
    if db.engine.dialect.name == "postgresql":  # elsewhere it waits before it reads
        wait_until(somebody_waits_for_a_lock)


@pytest.mark.parametrize("end", WAYS)
def test_it_is_revoked_with_all_others(app: Flask, cast: Cast, end: Callable[[Cast], None]) -> None:
    def shut_out() -> None:
        with app.app_context(), writing():
            end(cast)

    with ThreadPoolExecutor(1) as second, app.app_context():
        checked = checked_on(cast.bob, decided_by_bob(cast))
        with writing():
            grant_as_bob(cast, checked)
            done = second.submit(shut_out)
            wait_for_the_second()
        done.result()
        with reading():
            approval = db.session.scalars(
                select(StandingApproval), execution_options={"populate_existing": True}
            ).one()
            assert approval.revoked_at is not None
            key = (cast.bob.id, cast.bob.workspace_id)
            member = db.session.get(Membership, key, populate_existing=True)
            if end is deactivate_bob:
                assert member is not None
                assert (member.ended_with_it or {})["standing_approvals"] == 1


@pytest.mark.parametrize("end", WAYS)
def test_it_is_refused_to_whom_was_shut_out(
    app: Flask, cast: Cast, end: Callable[[Cast], None]
) -> None:
    def allow(checked: CheckedGrant) -> None:
        with app.app_context(), writing():
            grant_as_bob(cast, checked)

    with ThreadPoolExecutor(1) as second, app.app_context():
        checked = checked_on(cast.bob, decided_by_bob(cast))
        with writing():
            end(cast)
            allowed = second.submit(allow, checked)
            wait_for_the_second()
        with pytest.raises(PermissionMissing):
            allowed.result()
        with reading():
            assert db.session.scalars(select(StandingApproval)).all() == []


def test_it_ends_with_the_role_and_does_not_come_back(app: Flask, cast: Cast) -> None:
    def give(role: Role) -> list[StandingApproval]:
        by = admin_of(cast.alice.workspace_id)
        with revoking_of(by, [cast.bob.id]) as revoked:
            change_role(by, cast.bob.id, role)
        return revoked

    def demote() -> None:
        with app.app_context(), writing():
            assert len(give(Role.VIEWER)) == 1

    with ThreadPoolExecutor(1) as second, app.app_context():
        checked = checked_on(cast.bob, decided_by_bob(cast))
        with writing():
            grant_as_bob(cast, checked)
            done = second.submit(demote)
            wait_for_the_second()
        done.result()
        with writing():
            assert give(Role.REVIEWER) == []
        with reading():
            query = select(StandingApproval)
            approval = db.session.scalars(query.execution_options(populate_existing=True)).one()
            assert approval.revoked_at is not None
            assert approval.revoked_by_id == cast.alice.id
            entry = db.session.scalars(
                select(AuditEntry).filter_by(action=AuditAction.STANDING_APPROVAL_REVOKED)
            ).one()
            assert entry.details is not None
            assert entry.details[1] == {"uses_count": 0, "because": RevokedBecause.ROLE}
