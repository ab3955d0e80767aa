"""Whoever takes over what somebody has who is being removed waits for that, or is waited for."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from opensink_web.models import Claim, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user import lock_account, lock_leaver
from opensink_web.operations.decisions.claim import claim
from opensink_web.operations.decisions.ending import remove_member
from tests.conftest import Cast
from tests.support.locks import somebody_waits_for_a_lock
from tests.support.real_servers import wait_until
from tests.support.scenarios import admin_of
from tests.support.standing_cases import asked_by, new_agent

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


def test_a_claim_is_taken_over_while_its_holder_is_removed(app: Flask, cast: Cast) -> None:
    def take_over() -> None:
        with app.app_context(), writing():
            claim_as(cast.alice.id)

    def claim_as(user_id: object) -> None:
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        by = db.session.get_one(User, user_id)
        claim(workspace, request_id, by=by, minutes=5, instead_of=cast.bob.id)

    with ThreadPoolExecutor(1) as second, app.app_context():
        request_id = asked_by(cast.alice, new_agent(cast.alice))
        with writing():
            claim_as(cast.bob.id)
        with writing():
            by = admin_of(cast.alice.workspace_id)
            lock_account(cast.bob.id)
            lock_leaver(by, cast.bob.id)  # the admins with them; what they have comes later
            taken = second.submit(take_over)
            if db.engine.dialect.name == "postgresql":  # elsewhere it waits before it reads
                wait_until(somebody_waits_for_a_lock)
            remove_member(by, cast.bob.id)
        taken.result()
        with reading():
            holder = db.session.get_one(Claim, request_id, populate_existing=True)
            assert holder.user_id == cast.alice.id
