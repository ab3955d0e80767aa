"""GET /auth/me and POST /auth/check-permissions: what other applications ask about a bearer."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import Execution, ExecutionKind, User, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.bearer import mint_callback_token, mint_execution_token
from tests.api.conftest import Api, assert_problem, key_with
from tests.conftest import Cast, Person
from tests.runtime.conftest import Later, Program, bearing, ok, services_of, signed_in


def execution_token(
    app: Flask, person: Person, *, timeout_seconds: int = 30, scopes: list[str] | None = None
) -> tuple[str, str]:
    """Return the id of an execution of somebody's, and its own token."""
    with app.app_context(), writing():
        execution = Execution(
            workspace_id=person.workspace_id,
            user_id=person.id,
            kind=ExecutionKind.FUNCTION,
            group_id=new_id(),
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


@dataclass(frozen=True)
class Told:
    """What somebody is told of in a callback."""

    user_id: UUID
    workspace_id: UUID
    reports_on: UUID
    scopes: list[str] | None = None


def callback_token(app: Flask, person: Person, scopes: list[str] | None = None) -> str:
    told = Told(person.id, person.workspace_id, new_id(), scopes)
    return mint_callback_token(services_of(app).signer, told)


def tells_who_it_is(app: Flask, token: str) -> bool:
    return bearing(app, token).at("/auth/me", "GET").status_code == 200


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
        me = ok(bearing(app, execution_token(app, cast.alice)[1]).at("/auth/me", "GET"))
        assert (me["email"], me["permissions"]) == (cast.alice.email, ["sinas.*:all"])

    def test_within_the_scopes_of_the_key_that_started_it(self, app: Flask, cast: Cast) -> None:
        api = bearing(app, execution_token(app, cast.alice, scopes=["agents:read"])[1])
        asked = ["sinas.agents.read:all", "sinas.agents.write:all"]
        has = [each["has_permission"] for each in check(api, asked)["checks"]]
        assert has == [True, False]

    @pytest.mark.parametrize(
        ("timeout_seconds", "lifetime_seconds"), [(30, 330), (86_400, 86_400), (1, 301)]
    )
    def test_an_executions_lives_a_little_longer_than_it(
        self, app: Flask, cast: Cast, later: Later, timeout_seconds: int, lifetime_seconds: int
    ) -> None:
        _, token = execution_token(app, cast.bob, timeout_seconds=timeout_seconds)
        later(lifetime_seconds - 1)
        assert tells_who_it_is(app, token)
        later(10)
        assert not tells_who_it_is(app, token)

    def test_a_callbacks_lives_for_fifteen_minutes(
        self, app: Flask, cast: Cast, later: Later
    ) -> None:
        token = callback_token(app, cast.bob, ["agents:read"])
        assert ok(bearing(app, token).at("/auth/me", "GET"))["scopes"] == ["agents:read"]
        later(15 * 60 + 10)
        assert not tells_who_it_is(app, token)

    def test_a_deactivated_user_ends_them(self, app: Flask, cast: Cast) -> None:
        tokens = [execution_token(app, cast.bob)[1], callback_token(app, cast.bob)]
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).is_active = False
        assert not any(tells_who_it_is(app, each) for each in tokens)


class TestCheckPermissions:
    def test_an_admin_has_whatever_of_ours_is_asked_about(self, app: Flask, cast: Cast) -> None:
        api = signed_in(app, cast.alice).api
        ours = [
            "sinas.admin:all",
            "sinas.functions.write:all",
            "sinas.functions/a/b:own",
            "sinas.users.create:all",
        ]
        assert check(api, ours)["result"] is True
        others = ["acme.admin:all", "sinas", "sinas:all", "sinas.admin"]
        assert check(api, others, logic="OR")["result"] is False
        assert check(signed_in(app, cast.bob).api, ours, logic="OR")["result"] is False

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
