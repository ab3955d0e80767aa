"""What the tokens of executions and callbacks open: this table, and nothing else.

Each is a real one: it comes with the call that a worker makes, as an attacker would get it.
"""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.access_token import TokenKind
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from opensink_web.models.transaction import writing
from opensink_web.outbound.outcome import Output
from tests.api.conftest import (
    NOWHERE,
    Api,
    Apis,
    assert_problem,
    key_with,
    made,
    make_agent,
    make_function,
    question,
    start_session,
)
from tests.architecture.conftest import address_of
from tests.architecture.delegates import (
    Delegate,
    callback_token,
    delegate,
    endpoint,
    execute,
    receiver,
    refused,
)
from tests.conftest import Cast
from tests.runtime.conftest import bearing, ok, own_token, worker
from tests.support.executions import claim_callbacks, claim_some, execution, finish_all
from tests.support.valid_bodies import valid_body

__all__ = ["delegate", "endpoint", "receiver", "worker"]

EXECUTION = {TokenKind.EXECUTION}
EITHER = {TokenKind.EXECUTION, TokenKind.CALLBACK}

OPEN = {
    "GET /auth/me": EITHER,
    "POST /auth/check-permissions": EITHER,
    "GET /executions/{execution_id}": EITHER,
    "GET /executions/{execution_id}/steps": EITHER,
    "POST /executions/{execution_id}/complete": EXECUTION,
    "POST /executions/{execution_id}/fail": EXECUTION,
    "POST /executions/{execution_id}/cancel": EXECUTION,
    "GET /batches/{batch_id}": EITHER,
    "GET /batches/{batch_id}/executions": EITHER,
    "POST /batches/{batch_id}/cancel": EXECUTION,
    "GET /chats/{chat_id}": EITHER,
    "POST /functions/{namespace}/{name}/execute": EXECUTION,
    "POST /functions/{namespace}/{name}/execute/async": EXECUTION,
    "POST /functions/{namespace}/{name}/execute/batch": EXECUTION,
    "POST /agents/{namespace}/{slug}/chats/batch": EXECUTION,
    "GET /api/v1/functions/{namespace}/{name}": EXECUTION,
    "POST /api/v1/agent-session-input-requests": EXECUTION,
    "GET /api/v1/agent-session-input-requests/{request_id}": EXECUTION,
    # it takes back, changes and gives more time for what it has asked itself
    "POST /api/v1/agent-session-input-requests/{request_id}/cancel": EXECUTION,
    "POST /api/v1/agent-session-input-requests/{request_id}/supersede": EXECUTION,
    "POST /api/v1/agent-session-input-requests/{request_id}/extend": EXECUTION,
    # and reads and answers what people say about that
    "POST /api/v1/agent-session-input-requests/{request_id}/comments": EXECUTION,
    "GET /api/v1/agent-session-input-requests/{request_id}/comments": EXECUTION,
}
"""Whoever opens another route to a delegated token writes it down here, and says why."""

WHOEVER_ASKS = {
    "GET /auth/me",
    "POST /auth/check-permissions",
    "POST /functions/{namespace}/{name}/execute",
    "POST /functions/{namespace}/{name}/execute/async",
    "POST /functions/{namespace}/{name}/execute/batch",
    "POST /agents/{namespace}/{slug}/chats/batch",
    "GET /api/v1/functions/{namespace}/{name}",
    "POST /api/v1/agent-session-input-requests",
}
"""Of those the ones that name nothing which has to be the token's own."""


def name_of(route: Route) -> str:
    return f"{route.method} {route.address}"


def test_what_is_open_to_them_is_this_and_nothing_else() -> None:
    declared = {name_of(route): set(route.delegated.kinds) for route in ROUTES}
    assert {name: kinds for name, kinds in declared.items() if kinds} == OPEN


@pytest.mark.parametrize("kind", [TokenKind.EXECUTION, TokenKind.CALLBACK])
def test_every_other_route_is_refused_and_so_is_what_is_not_their_own(
    ids: dict[str, str], delegate: Delegate, receiver: Api, kind: TokenKind
) -> None:
    api = delegate.api if kind is TokenKind.EXECUTION else receiver
    for route in ROUTES:
        is_open = kind in OPEN.get(name_of(route), set())
        if route.is_public or (is_open and name_of(route) in WHOEVER_ASKS):
            continue
        address = address_of(route, ids[route.id_names[0]] if route.id_names else None)
        body = valid_body(route) if route.takes_body else None
        problem = assert_problem(
            api.at(address, route.method, body), 403, "delegated_token_refused"
        )
        assert kind.value in problem["error"]


def test_what_is_not_their_own_and_what_is_not_there_sound_alike(
    ids: dict[str, str], delegate: Delegate
) -> None:
    for part in ("execution_id", "batch_id", "chat_id"):
        path = f"/{part.removesuffix('_id')}s".replace("batchs", "batches")
        answers = [
            delegate.api.at(f"{path}/{each}", "GET") for each in (ids[part], NOWHERE, "nonsense")
        ]
        assert [each.status_code for each in answers] == [403] * 3
        assert len({each.data for each in answers}) == 1


def test_no_page_takes_a_bearer(app: Flask, delegate: Delegate, apis: Apis) -> None:
    areas = ("/api/", "/auth/", "/functions", "/executions", "/batches", "/agents", "/chats")
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(areas) or "GET" not in (rule.methods or set()):
            continue
        address = app.url_map.bind("").build(
            rule.endpoint, {name: _part(name) for name in rule.arguments}
        )
        with_token, without = (each.at(address, "GET") for each in (delegate.api, apis.nobody))
        assert with_token.status_code == without.status_code, address
        assert with_token.headers.get("Location") == without.headers.get("Location"), address


def _part(name: str) -> str:
    return "main" if name == "workspace_slug" else NOWHERE if name.endswith("_id") else "x"


class TestAnExecution:
    def test_tells_for_whom_it_is(self, delegate: Delegate) -> None:
        me = ok(delegate.api.at("/auth/me", "GET"))
        assert (me["email"], me["execution_id"]) == ("alice@example.com", delegate.execution_id)
        body = {"permissions": ["acme.billing.read:all", "sinas.functions/a/b.execute:own"]}
        checked = ok(delegate.api.at("/auth/check-permissions", "POST", body))
        assert [each["has_permission"] for each in checked["checks"]] == [False, True]

    def test_reads_itself_and_reports(self, delegate: Delegate) -> None:
        address = f"/executions/{delegate.execution_id}"
        assert ok(delegate.api.at(address, "GET"))["status"] == "running"
        assert ok(delegate.api.at(f"{address}/steps", "GET"))
        refused(delegate.api.at(f"{address}/cancel", "POST"))
        ended = ok(delegate.api.at(f"{address}/complete", "POST", {"output": {"n": 1}}))
        assert ended["output_data"] == {"n": 1}

    def test_executes_and_reads_and_stops_what_it_has_started(
        self, app: Flask, alice: Api, delegate: Delegate
    ) -> None:
        make_function(alice, "other")
        child = execute(delegate.api, "other", delay_seconds=60)["execution_id"]
        row = ok(delegate.api.at(f"/executions/{child}", "GET"))
        assert (row["status"], row["user_id"]) == ("queued", ok(alice.at("/auth/me", "GET"))["id"])
        address = f"/executions/{child}/cancel"
        assert ok(delegate.api.at(address, "POST"))["status"] == "cancelled"
        batch_id = (
            delegate.api.at(
                "/functions/images/other/execute/batch",
                "POST",
                {"inputs": [{}], "delay_seconds": 60},
            ).json
            or {}
        )["batch_id"]
        assert ok(delegate.api.at(f"/batches/{batch_id}", "GET"))["total"] == 1
        assert len(ok(delegate.api.at(f"/batches/{batch_id}/executions", "GET"))["executions"]) == 1
        assert ok(delegate.api.at(f"/batches/{batch_id}/cancel", "POST"))["cancelled_children"] == 1

    def test_has_an_agent_answer_and_reads_the_chat(self, alice: Api, delegate: Delegate) -> None:
        agent = make_agent(alice, "Clerk", execution_endpoint={"url": "http://127.0.0.1:9/"})
        body = {"inputs": [{"message": "Hello"}], "delay_seconds": 60}
        address = f"/agents/{agent['namespace']}/{agent['slug']}/chats/batch"
        begun: Any = delegate.api.at(address, "POST", body).json
        chat = ok(delegate.api.at(f"/chats/{begun['chat_ids'][0]}", "GET"))
        assert chat["messages"][0]["content"] == "Hello"

    def test_of_its_own_batch_reads_how_far_it_is_and_no_others_input(
        self, app: Flask, alice: Api
    ) -> None:
        make_function(alice, "work")
        batch: Any = alice.at(
            "/functions/images/work/execute/batch", "POST", {"inputs": [{}, {"secret": "x"}]}
        ).json
        first, second = batch["execution_ids"]
        api = own_token(app, UUID(first))
        assert ok(api.at(f"/batches/{batch['batch_id']}", "GET"))["total"] == 2
        refused(api.at(f"/batches/{batch['batch_id']}/executions", "GET"))
        refused(api.at(f"/executions/{second}", "GET"))

    def test_asks_and_hears_the_answer(self, alice: Api, delegate: Delegate) -> None:
        session = start_session(alice, make_agent(alice)["id"])
        path = "/agent-session-input-requests"
        mine = made(delegate.api.post(path, question(session)))
        other = made(alice.post(path, question(session)))
        alice.post(f"{path}/{mine['id']}/resolve", {"response": {"approved": True}})
        assert delegate.api.read(f"{path}/{mine['id']}?wait=5")["response"] == {"approved": True}
        refused(delegate.api.get(f"{path}/{other['id']}"))

    def test_sees_no_credential_of_what_it_may_execute(
        self, alice: Api, delegate: Delegate
    ) -> None:
        target = {
            "kind": "http",
            "url": "http://127.0.0.1:9/",
            "headers": {"Authorization": "Bearer s3cret"},
        }
        make_function(alice, "other", target=target)
        assert "s3cret" in str(alice.read("/functions/images/other"))
        assert "s3cret" not in str(delegate.api.read("/functions/images/other"))

    def test_executes_only_what_its_user_may_and_within_the_scopes(
        self, app: Flask, alice: Api
    ) -> None:
        make_function(alice, "work")
        child = execute(key_with(alice, app, "functions:write"))["execution_id"]
        api = own_token(app, UUID(child))
        grandchild = execute(api)["execution_id"]
        with app.app_context():
            assert execution(UUID(grandchild)).scopes == ["functions:write"]
        assert_problem(api.at(f"/executions/{grandchild}", "GET"), 403, "permission_missing")


class TestACallback:
    def test_reads_the_execution_that_it_tells_of(self, app: Flask, cast: Cast, alice: Api) -> None:
        make_function(alice, "work")
        mine, other = (UUID(execute(alice)["execution_id"]) for _ in range(2))
        api = bearing(app, callback_token(app, cast, mine))
        assert ok(api.at(f"/executions/{mine}", "GET"))["execution_id"] == str(mine)
        assert ok(api.at(f"/executions/{mine}/steps", "GET"))
        refused(api.at(f"/executions/{other}", "GET"))
        refused(api.at(f"/executions/{mine}/complete", "POST", {"output": 1}))

    def test_reads_the_batch_that_it_tells_of_and_its_executions(
        self, app: Flask, cast: Cast, alice: Api
    ) -> None:
        make_function(alice, "work")
        address = "/functions/images/work/execute/batch"
        body: Any = {"inputs": [{}, {}]}
        mine, other = (alice.at(address, "POST", body).json or {} for _ in range(2))
        api = bearing(app, callback_token(app, cast, UUID(mine["batch_id"])))
        assert ok(api.at(f"/batches/{mine['batch_id']}", "GET"))["total"] == 2
        found = ok(api.at(f"/batches/{mine['batch_id']}/executions", "GET"))["executions"]
        assert [each["execution_id"] for each in found] == mine["execution_ids"]
        assert ok(api.at(f"/executions/{mine['execution_ids'][1]}", "GET"))
        refused(api.at(f"/batches/{other['batch_id']}", "GET"))
        refused(api.at(f"/executions/{other['execution_ids'][0]}", "GET"))

    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        allowed = {"CALLBACK_URL_HOSTS": "127.0.0.1", "CALLBACK_ALLOW_CIDRS": "127.0.0.0/8"}
        return {**environment, **allowed}

    def test_is_minted_for_what_has_ended(self, app: Flask, alice: Api) -> None:
        function = make_function(alice, "work")
        told = execute(alice, callback_url="https://127.0.0.1:9/hook")["execution_id"]
        with app.app_context():
            finish_all(claim_some(UUID(function["id"])), Output({}))
            callback = execution(UUID(told)).callback
            assert callback is not None
            with writing():
                (claim,) = claim_callbacks(callback.group_id, 1, 1)
        assert claim.reports_on == UUID(told)
