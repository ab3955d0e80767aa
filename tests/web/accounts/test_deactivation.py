"""Deactivating somebody: everything of theirs ends at once, and comes back when they do."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.cli import commands
from opensink_web.errors import Conflict
from opensink_web.models import (
    Execution,
    Membership,
    Role,
    User,
    UserSession,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.user import change_role, deactivate_member
from opensink_web.operations.accounts.workspace_creation import open_workspace
from opensink_web.operations.decisions.ending import deactivate_user, remove_member
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.outcome import Failure, Output
from opensink_web.settings import Settings
from opensink_web.work.callbacks import Callbacks
from opensink_web.work.queue import Limits
from tests.conftest import Cast, Person
from tests.runtime.conftest import own_token, services_of, signed_in
from tests.support.executions import (
    claim_callbacks,
    claim_some,
    finish_all,
    make_function,
    submit_one,
)
from tests.support.scenarios import admin_of
from tests.web.conftest import browser_of

PAGE = "/w/main/admin/members"


def deactivate(admin: FlaskClient, person: Person) -> None:
    answer = admin.post(f"{PAGE}/{person.id}/deactivate")
    assert answer.status_code == 303, answer.text


def activate(admin: FlaskClient, person: Person) -> None:
    assert admin.post(f"{PAGE}/{person.id}/activate").status_code == 303


def key_status(app: Flask, person: Person) -> int:
    return app.test_client().get("/api/v1/agents", headers=person.headers).status_code


def test_the_page_asks_first_and_says_what_ends(cast: Cast, alice: FlaskClient) -> None:
    assert f"{cast.alice.id}/deactivate" not in alice.get(PAGE).text, "nobody does it to themselves"
    assert f'href="{PAGE}/{cast.bob.id}/deactivate"' in alice.get(PAGE).text
    page = alice.get(f"{PAGE}/{cast.bob.id}/deactivate").text
    assert "Deactivate bob@example.com?" in page
    assert "Their API keys for it, programs they are signed in to" in page


def test_the_page_says_who_is_and_lets_them_in_again(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    deactivate(alice, cast.bob)
    page = alice.get(PAGE).text
    assert "bob@example.com is deactivated." in page
    assert "Activate bob@example.com again?" in page
    assert "Reset password" not in page, "that would be for nothing"
    assert "Owner deactivated" in alice.get("/w/main/admin/api-keys").text
    activate(alice, cast.bob)
    assert "bob@example.com is active again." in alice.get(PAGE).text
    assert key_status(app, cast.bob) == 200
    assert browser_of(app, cast.bob).get("/w/main/inbox").status_code == 200


def test_sign_ins_programs_and_keys_end_at_once(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
) -> None:
    program = signed_in(app, cast.bob)
    deactivate(alice, cast.bob)
    assert bob.get("/w/main/inbox").location.startswith("/sign-in")
    assert program.me().status_code == 401
    assert program.refresh().status_code == 401
    assert key_status(app, cast.bob) == 401
    assert key_status(app, cast.alice) == 200
    with app.app_context(), reading():
        assert db.session.query(UserSession).filter_by(user_id=cast.bob.id).all() == []


def test_who_signs_in_then_is_told_so_and_sees_nothing(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    deactivate(alice, cast.bob)
    bob = browser_of(app, cast.bob)
    assert "In Main you are deactivated." in bob.get("/", follow_redirects=True).text
    assert bob.get("/w/main/inbox").status_code == 404
    body = {"email": cast.bob.email, "password": "correct horse battery staple"}
    assert app.test_client().post("/auth/login", json=body).status_code in {401, 403}


def test_what_is_queued_does_not_begin_and_what_runs_can_do_nothing_more(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        running = submit_one(cast.bob, function_id)
        claim_some(function_id)
        queued = submit_one(cast.bob, function_id)
    token = own_token(app, running)
    assert token.at("/auth/me", "GET").status_code == 200
    deactivate(alice, cast.bob)
    assert token.at("/auth/me", "GET").status_code == 401
    with app.app_context():
        (claim,) = claim_some(function_id)
    assert (claim.id, isinstance(claim.target, Failure)) == (queued, True)
    activate(alice, cast.bob)
    assert token.at("/auth/me", "GET").status_code == 200


def test_callbacks_of_theirs_carry_no_token(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        for person in (cast.bob, cast.alice):
            submit_one(person, function_id, callback_url="https://127.0.0.1:9/done")
        finish_all(claim_some(function_id), Output({}))
    deactivate(alice, cast.bob)
    made: dict[UUID, Call] = {}

    class Client:
        def __init__(self, user_id: UUID) -> None:
            self.user_id = user_id

        def send(self, call: Call) -> Response:
            made[self.user_id] = call
            return Response(204, "No Content", (), b"", False, 1.0, None, None)

    with app.app_context():
        with reading():
            groups = {
                each.callback.group_id for each in db.session.query(Execution) if each.callback
            }
        with writing():
            claims = claim_callbacks(groups.pop(), 10, 10)
    for claim in claims:
        tools: Any = SimpleNamespace(
            callback_client=Client(claim.user_id), signer=services_of(app).signer
        )
        Callbacks(Limits(10, 10)).carry_out(claim, tools)
    has_token = {who: "Authorization" in dict(call.headers) for who, call in made.items()}
    assert has_token == {cast.bob.id: False, cast.alice.id: True}


def test_history_keeps_the_name(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        execution_id = submit_one(cast.bob, make_function(cast.alice))
    deactivate(alice, cast.bob)
    assert "bob@example.com" in alice.get(f"/w/main/executions/{execution_id}").text


def test_only_one_workspace_is_closed_to_them(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context(), writing():
        db.session.add(
            Membership(
                user_id=cast.bob.id, workspace_id=cast.charlie.workspace_id, role=Role.VIEWER
            )
        )
    bob = browser_of(app, cast.bob)
    deactivate(alice, cast.bob)
    assert bob.get("/w/main/inbox").status_code == 404
    assert bob.get("/w/elsewhere/inbox").status_code == 200
    assert bob.get("/").location == "/w/elsewhere/inbox"


def test_a_link_brings_nobody_in_who_is_deactivated(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    deactivate(alice, cast.bob)
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        token = invite(workspace, role=Role.ADMIN, email=None, by=None)
    bob = browser_of(app, cast.bob)
    page = bob.post(f"/sign-up/{token}/join", follow_redirects=True).text
    assert "You are deactivated in this workspace." in page
    assert bob.get("/w/main/inbox").status_code == 404


@pytest.mark.parametrize("action", ["deactivate", "activate"])
def test_only_who_looks_after_members_does_it(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, action: str
) -> None:
    charlie = browser_of(app, cast.charlie)
    assert bob.post(f"{PAGE}/{cast.alice.id}/{action}").status_code == 403
    assert charlie.post(f"{PAGE}/{cast.bob.id}/{action}").status_code == 404
    for stranger in (cast.charlie.id, uuid4()):
        assert alice.post(f"{PAGE}/{stranger}/{action}").status_code == 404
    assert bob.get(f"{PAGE}/{cast.alice.id}/deactivate").status_code == 403
    assert charlie.get(f"{PAGE}/{cast.bob.id}/deactivate").status_code == 404
    assert alice.get(f"{PAGE}/{cast.charlie.id}/deactivate").status_code == 404


class TestTheLastAdmin:
    def test_one_who_is_deactivated_does_not_count(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        alice.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "admin"})
        deactivate(alice, cast.bob)
        for action in ("role", "remove"):
            answer = alice.post(f"{PAGE}/{cast.alice.id}/{action}", data={"role": "viewer"})
            assert answer.status_code == 409
            assert "A workspace needs an admin" in answer.text
        assert alice.post(f"{PAGE}/{cast.bob.id}/remove").status_code == 303

    def test_nor_one_whom_the_operator_has_shut_out(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        alice.post(f"{PAGE}/{cast.bob.id}/role", data={"role": "admin"})
        with app.app_context(), writing():
            deactivate_user(db.session.get_one(User, cast.bob.id))
        answer = alice.post(f"{PAGE}/{cast.alice.id}/role", data={"role": "viewer"})
        assert answer.status_code == 409
        with app.app_context(), pytest.raises(Conflict, match="needs an admin"), writing():
            deactivate_user(db.session.get_one(User, cast.alice.id))

    def test_nobody_deactivates_themselves_or_twice(self, cast: Cast, alice: FlaskClient) -> None:
        assert alice.post(f"{PAGE}/{cast.alice.id}/deactivate").status_code == 409
        assert alice.post(f"{PAGE}/{cast.bob.id}/activate").status_code == 409
        deactivate(alice, cast.bob)
        assert alice.post(f"{PAGE}/{cast.bob.id}/deactivate").status_code == 409


@pytest.mark.server
class TestAtOnce:
    """Two admins who turn on each other at the same moment, on the database that lets them."""

    @pytest.fixture
    def environment(self, environment: dict[str, str], postgres_url: str) -> dict[str, str]:
        return environment | {"DATABASE_URL": postgres_url}

    @pytest.mark.parametrize(
        "turn_on",
        [
            lambda by, other: change_role(by, other, Role.VIEWER),
            deactivate_member,
            remove_member,
        ],
        ids=["demote", "deactivate", "remove"],
    )
    def test_one_admin_is_left(
        self, app: Flask, cast: Cast, turn_on: Callable[[Principal, UUID], object]
    ) -> None:
        with app.app_context(), writing():
            change_role(admin_of(cast.alice.workspace_id), cast.bob.id, Role.ADMIN)
        both, came = threading.Barrier(2), []

        def turn(by: Person, other: Person) -> None:
            with app.app_context():
                try:
                    with writing():
                        member = db.session.get_one(Membership, (by.id, by.workspace_id))
                        principal = Principal.of(member)
                        both.wait(100)
                        turn_on(principal, other.id)
                    came.append("done")
                except Conflict:
                    came.append("refused")

        pair = ((cast.alice, cast.bob), (cast.bob, cast.alice))
        threads = [threading.Thread(target=turn, args=each) for each in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(came) == ["done", "refused"]


class TestTheCommand:
    def test_shuts_somebody_out_of_the_server_and_lets_them_in(
        self, app: Flask, cast: Cast, settings: Settings, bob: FlaskClient
    ) -> None:
        def run(*arguments: str) -> Any:
            return CliRunner().invoke(commands, ["user", *arguments], env=settings.environment())

        said = run("deactivate", cast.bob.email)
        assert (said.exit_code, "is deactivated" in said.output) == (0, True)
        assert bob.get("/w/main/inbox").location.startswith("/sign-in")
        assert key_status(app, cast.bob) == 401
        assert run("deactivate", "nobody@example.com").exit_code != 0
        assert run("deactivate", cast.alice.email).exit_code != 0, "she is the last admin"
        assert run("activate", cast.bob.email).exit_code == 0
        assert key_status(app, cast.bob) == 200


def test_who_is_alone_in_a_workspace_of_their_own_is_shut_out_all_the_same(
    app: Flask, cast: Cast
) -> None:
    """Else whoever makes one for themselves could not be shut out by anybody."""
    with app.app_context(), writing():
        bob = db.session.get_one(User, cast.bob.id)
        open_workspace(bob, name="Bob's own", slug="bobs")
        db.session.expire(bob)
        deactivate_user(bob)
    with app.app_context(), reading():
        assert not db.session.get_one(User, cast.bob.id).is_active
