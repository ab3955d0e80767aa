"""GET /auth/me and POST /auth/check-permissions: what other applications ask about a bearer."""

from typing import Any

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import Execution, ExecutionKind, User, Workspace, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.bearer import mint_execution_token, mint_user_token
from tests.api.conftest import Api, Apis, assert_problem, key_with
from tests.conftest import Cast, Person
from tests.runtime.conftest import Later, Program, bearing, ok, services_of


def execution_token(
    app: Flask, person: Person, *, timeout_seconds: int = 30, scopes: list[str] | None = None
) -> tuple[str, str]:
    """Return the id of an execution of somebody's, and its own token."""
    with app.app_context(), writing():
        execution = Execution(
            workspace_id=person.workspace_id,
            user_id=person.id,
            kind=ExecutionKind.FUNCTION,
            lane_id=new_id(),
            next_at=clock.now(),
            target_namespace="default",
            target_name="f",
            trigger_type="api",
            trigger_id="t",
            input_data={},
            timeout_seconds=timeout_seconds,
            scopes=scopes,
        )
        db.session.add(execution)
        db.session.flush()
        return str(execution.id), mint_execution_token(services_of(app).signer, execution)


def callback_token(app: Flask, person: Person, scopes: list[str] | None = None) -> str:
    with app.app_context(), reading():
        user = db.session.get_one(User, person.id)
        workspace = db.session.get_one(Workspace, person.workspace_id)
        return mint_user_token(services_of(app).signer, user.id, workspace.id, scopes)


def check(api: Api, permissions: list[str], **more: Any) -> Any:
    body = {"permissions": permissions, **more}
    return ok(api.at("/auth/check-permissions", "POST", body))


class TestMe:
    def test_says_who_an_access_token_speaks_for(self, program: Program, cast: Cast) -> None:
        me = ok(program.me())
        assert me["email"] == cast.bob.email
        assert me["workspace"]["id"] == str(cast.bob.workspace_id)
        assert (me["scopes"], me["execution_id"]) == (None, None)

    def test_says_who_a_key_speaks_for_and_how_far(self, alice: Api, app: Flask) -> None:
        me = ok(key_with(alice, app, "agents:read").at("/auth/me", "GET"))
        assert me["email"] == "alice@example.com"
        assert me["scopes"] == ["agents:read"]
        assert me["permissions"] == [], "sinas.*:all is more than the key has"

    def test_names_the_execution_whose_own_token_it_is(self, app: Flask, cast: Cast) -> None:
        execution_id, token = execution_token(app, cast.bob)
        me = ok(bearing(app, token).at("/auth/me", "GET"))
        assert (me["email"], me["execution_id"]) == (cast.bob.email, execution_id)

    @pytest.mark.parametrize("bearer", ["x", "a.b.c", "osk_x", "osr_x", "é"])
    def test_a_bearer_that_opens_nothing_is_nobody(self, app: Flask, bearer: str) -> None:
        assert_problem(bearing(app, bearer).at("/auth/me", "GET"), 401, "not_authenticated")


class TestOwnTokens:
    def test_an_execution_acts_as_its_user(self, app: Flask, cast: Cast) -> None:
        api = bearing(app, execution_token(app, cast.alice)[1])
        assert api.post("/agents", {"name": "A"}).status_code == 201

    def test_within_the_scopes_of_the_key_that_started_it(self, app: Flask, cast: Cast) -> None:
        api = bearing(app, execution_token(app, cast.alice, scopes=["agents:read"])[1])
        assert api.get("/agents").status_code == 200
        assert_problem(api.post("/agents", {"name": "A"}), 403, "permission_missing")

    @pytest.mark.parametrize(
        ("timeout_seconds", "lifetime_seconds"), [(30, 330), (86_400, 86_400), (1, 301)]
    )
    def test_an_executions_lives_a_little_longer_than_it(
        self, app: Flask, cast: Cast, later: Later, timeout_seconds: int, lifetime_seconds: int
    ) -> None:
        _, token = execution_token(app, cast.bob, timeout_seconds=timeout_seconds)
        later(lifetime_seconds - 1)
        assert bearing(app, token).get("/agents").status_code == 200
        later(10)
        assert bearing(app, token).get("/agents").status_code == 401

    def test_a_callbacks_lives_for_fifteen_minutes(
        self, app: Flask, cast: Cast, later: Later
    ) -> None:
        token = callback_token(app, cast.bob, ["agents:read"])
        assert ok(bearing(app, token).at("/auth/me", "GET"))["scopes"] == ["agents:read"]
        later(15 * 60 + 10)
        assert bearing(app, token).get("/agents").status_code == 401

    def test_a_deactivated_user_ends_them(self, app: Flask, cast: Cast) -> None:
        tokens = [execution_token(app, cast.bob)[1], callback_token(app, cast.bob)]
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).is_active = False
        assert {bearing(app, each).get("/agents").status_code for each in tokens} == {401}

    def test_they_make_no_keys_that_outlive_them(self, app: Flask, cast: Cast) -> None:
        body = {"name": "k", "scopes": ["agents:read"]}
        for token in (execution_token(app, cast.alice)[1], callback_token(app, cast.alice)):
            answer = bearing(app, token).post("/api-keys", body)
            assert_problem(answer, 403, "permission_missing")

    def test_another_workspace_is_not_there(self, app: Flask, cast: Cast, apis: Apis) -> None:
        agent = apis.alice.post("/agents", {"name": "A"}).json
        assert agent is not None
        api = bearing(app, execution_token(app, cast.charlie)[1])
        assert_problem(api.get(f"/agents/{agent['id']}"), 404, "not_found")


class TestCheckPermissions:
    def test_says_of_each_whether_it_is_there(self, program: Program) -> None:
        answer = check(program.api, ["sinas.agents.read:own", "sinas.agents.write:own"])
        assert answer == {
            "result": False,
            "logic": "AND",
            "checks": [
                {"permission": "sinas.agents.read:own", "has_permission": True},
                {"permission": "sinas.agents.write:own", "has_permission": False},
            ],
        }

    def test_any_is_enough_with_or(self, program: Program) -> None:
        asked = ["sinas.agents.read:all", "acme.billing.read:all"]
        assert check(program.api, asked, logic="OR")["result"] is True
        assert check(program.api, asked[1:], logic="OR")["result"] is False

    def test_an_admin_has_everything_of_this_server(self, alice: Api) -> None:
        assert check(alice, ["sinas.functions/a/b.execute:all", "sinas.*:all"])["result"] is True

    def test_a_key_has_what_its_scopes_say(self, alice: Api, app: Flask) -> None:
        key = key_with(alice, app, "functions:write")
        asked = ["sinas.functions/a/b.execute:own", "sinas.functions/a/b.read:own", "sinas.*:own"]
        answers = check(key, asked)["checks"]
        assert [each["has_permission"] for each in answers] == [True, False, False]

    @pytest.mark.parametrize("text", ["", "x", "sinas.*", "*:all", "a.b.c:most", "\u0001.b.c:all"])
    def test_what_is_no_permission_is_nobodys(self, alice: Api, text: str) -> None:
        assert check(alice, [text])["result"] is False

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"permissions": []},
            {"permissions": ["a" * 601]},
            {"permissions": "sinas.*:all"},
            {"permissions": ["sinas.*:all"], "logic": "XOR"},
        ],
    )
    def test_nonsense_is_refused(self, alice: Api, body: dict[str, Any]) -> None:
        answer = alice.at("/auth/check-permissions", "POST", body)
        assert_problem(answer, 422, "invalid_request")
