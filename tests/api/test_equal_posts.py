"""Fifty equal POSTs at once, over HTTP, do once what they ask for, and all hear the same answer."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select

from opensink_web.contract.call import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from opensink_web.contract.example import IDEMPOTENCY_KEY
from opensink_web.contract.route import Route
from opensink_web.factory import ROUTES
from opensink_web.http_server.limits import Limits
from opensink_web.models import (
    Absence,
    Activity,
    Agent,
    AgentConfiguration,
    AgentSession,
    AuditEntry,
    BackgroundJob,
    Batch,
    Chat,
    Comment,
    CustomRole,
    Delivery,
    EscalationChain,
    Execution,
    IdempotencyRecord,
    InputRequest,
    MembershipRole,
    NotificationChannel,
    NotificationMessage,
    NotificationRule,
    Sink,
    SinkItem,
    Team,
    TeamMember,
    db,
)
from opensink_web.models.transaction import reading
from tests.api.conftest import Apis
from tests.conftest import Cast
from tests.support.cases import for_each
from tests.support.example_cast import Stage
from tests.support.running_server import RunningServer, running

AT_ONCE = 50
FEW_AT_ONCE = 8
MADE: dict[str, dict[Any, int]] = {
    "create_agent": {Agent: 1},
    "start_session": {AgentSession: 1},
    "ask": {InputRequest: 1},
    "add_comment": {Comment: 1},
    "supersede": {InputRequest: 1},
    "resolve": {Delivery: 1},
    "decline": {Delivery: 1},
    "add_activity": {Activity: 1},
    "create_configuration": {AgentConfiguration: 1},
    "create_sink": {Sink: 1},
    "create_sink_item": {SinkItem: 1},
    "create_many_sink_items": {SinkItem: 2},
    "create_background_job": {BackgroundJob: 1},
    "execute_async": {Execution: 1},
    "execute_batch": {Batch: 1, Execution: 2},
    "chat_batch": {Batch: 1, Execution: 2, Chat: 2},
}
"""By route, of which tables it makes how many rows."""
MADE_OF_OTHERS: dict[str, dict[Any, int]] = {
    "create_team": {Team: 1, TeamMember: 1},
    "create_role": {CustomRole: 1},
    "give_role": {MembershipRole: 1},
    "create_absence": {Absence: 1},
    "create_chain": {EscalationChain: 1},
    "create_channel": {NotificationChannel: 1, NotificationRule: 1},
    "confirm_channel": {AuditEntry: 1},
    "test_channel": {NotificationMessage: 1},
    "create_rule": {NotificationRule: 1},
    "redeliver_failed": {AuditEntry: 1},
    "check_permissions": {IdempotencyRecord: 1},
}
"""The same of what people set up, of what takes several transactions, and of what only reads."""

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Let codes be sent to addresses."""
    return environment | {"SMTP_HOST": "127.0.0.1", "SMTP_FROM": "sink@example.com"}


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[RunningServer]:
    """The application behind our own web server."""
    app: Flask = request.getfixturevalue("app")
    with running(app, Limits()) as server:
        yield server


def posted_at_once(
    count: int, url: str, body: Any, headers: dict[str, str]
) -> Sequence[requests.Response]:
    together = Barrier(count)

    def post(_number: int) -> requests.Response:
        with requests.Session() as http:
            http.trust_env = False
            together.wait()
            answer = http.post(url, json=body, headers=headers, timeout=100)
            while answer.status_code == 503:  # as the answer says: nothing was done, try again
                answer = http.post(url, json=body, headers=headers, timeout=100)
            return answer

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(post, range(count)))


@pytest.mark.parametrize(("made", "count"), [(MADE, AT_ONCE), (MADE_OF_OTHERS, FEW_AT_ONCE)])
def test_equal_posts_at_once_do_it_once(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    made: dict[str, dict[Any, int]],
    count: int,
) -> None:
    app: Flask = request.getfixturevalue("app")
    cast: Cast = request.getfixturevalue("cast")
    apis: Apis = request.getfixturevalue("apis")
    server: RunningServer = request.getfixturevalue("server")

    stage = Stage(app, cast, apis.alice, monkeypatch)

    def rows(tables: dict[Any, int]) -> dict[Any, int]:
        with app.app_context(), reading():
            return {
                each: db.session.scalar(select(func.count()).select_from(each)) or 0
                for each in tables
            }

    def check(route: Route) -> None:
        stage.names.pop("request_id", None)  # the one before may be decided
        path, body = stage.prepared(route)
        before = rows(made[route.name])
        headers = {**cast.alice.headers, IDEMPOTENCY_HEADER: f"{IDEMPOTENCY_KEY} {route.name}"}
        answers = posted_at_once(count, f"http://127.0.0.1:{server.port}{path}", body, headers)
        assert {answer.status_code for answer in answers} == {route.status}, answers[0].text
        assert len({answer.content for answer in answers}) == 1
        replayed = [answer.headers.get(REPLAYED_HEADER) for answer in answers]
        assert sorted(map(str, replayed)) == ["None"] + ["true"] * (count - 1)
        if route.name == "create_role":  # there is one of a name, and members are given this one
            stage.names["role_id"] = answers[0].json()["id"]
        assert {each: n - before[each] for each, n in rows(before).items()} == made[route.name]

    for_each([route for route in ROUTES if route.name in made], check)
