"""A receiver verifies each call with a library of its own, before, during and after a rotation."""

import base64
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from flask import Flask
from standardwebhooks import Webhook, WebhookVerificationError

from opensink_web.models import Agent, Function, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.workspace import end_secret_overlap, rotate_execution_secret
from opensink_web.operations.agents.signing_secret import (
    Owner,
    end_signing_overlap,
    rotate_signing_secret,
    signing_secret_of,
)
from tests.conftest import Cast
from tests.support.executions import make_function, submit_one
from tests.support.http_server import Received
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import answer, ask_in, endpoint_at

pytestmark = pytest.mark.server


def verifies(secret: str, call: Received) -> bool:
    try:
        return bool(Webhook(secret).verify(call.raw, call.headers) == call.body)
    except WebhookVerificationError:
        return False


class Desk:
    """An agent that is called and a function that is executed, both at one endpoint."""

    def __init__(self, app: Flask, cast: Cast, work: Callable[[], None], url: str) -> None:
        self._app, self._cast, self._work = app, cast, work
        with app.app_context():
            waiting = ask_in(cast.alice, endpoint_at(url))
            answer(cast.bob, waiting)
            self._agent_id = waiting.agent_id
            self._function_id = make_function(cast.alice, url)
            submit_one(cast.alice, self._function_id)
        work()

    def workspace(self) -> Workspace:
        return db.session.get_one(Workspace, self._cast.alice.workspace_id)

    def agent(self) -> Owner:
        return db.session.get_one(Agent, self._agent_id)

    def function(self) -> Owner:
        return db.session.get_one(Function, self._function_id)

    def secret_of(self, owner: Callable[[], Owner]) -> str:
        with self._app.app_context(), reading():
            return signing_secret_of(self.workspace(), owner())

    def change(self, change: Callable[[], object]) -> None:
        with self._app.app_context(), writing():
            change()

    def execute(self) -> None:
        with self._app.app_context():
            submit_one(self._cast.alice, self._function_id)
        self._work()


@pytest.fixture
def endpoint() -> Iterator[AgentEndpoint]:
    with AgentEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def desk(app: Flask, cast: Cast, work: Callable[[], None], endpoint: AgentEndpoint) -> Desk:
    return Desk(app, cast, work, endpoint.url)


def test_each_call_is_signed_with_the_secrets_that_count(
    desk: Desk, endpoint: AgentEndpoint
) -> None:
    old = desk.secret_of(desk.function)
    desk.change(lambda: rotate_signing_secret(desk.workspace(), desk.function()))
    new = desk.secret_of(desk.function)
    desk.execute()
    desk.change(lambda: end_signing_overlap(desk.function()))
    desk.execute()
    calls = [call for call in endpoint.calls if "x-opensink-execution-id" in call.headers]
    seen = [[verifies(secret, call) for secret in (old, new)] for call in calls]
    assert seen == [[True, False], [True, True], [False, True]]
    assert_only_the_very_call_is_believed(old, calls[0])


def test_the_header_keeps_the_old_secret_until_the_overlap_ends(
    desk: Desk, endpoint: AgentEndpoint
) -> None:
    def secret() -> str:
        seen: list[str] = []
        desk.change(lambda: seen.append(desk.workspace().execution_secret))
        return seen[0]

    old = secret()
    desk.change(lambda: rotate_execution_secret(desk.workspace()))
    desk.execute()
    desk.change(lambda: end_secret_overlap(desk.workspace()))
    desk.execute()
    carried = [call.headers["x-opensink-secret"] for call in endpoint.calls]
    assert carried == [old, old, old, secret()]
    own = desk.secret_of(desk.function)
    executed = [call for call in endpoint.calls if "x-opensink-execution-id" in call.headers]
    assert all(verifies(own, call) for call in executed)


def test_a_receiver_that_was_taken_over_forges_no_call_to_another(
    desk: Desk, endpoint: AgentEndpoint
) -> None:
    """Everything that came to the agent is tried as the secret of a call to the function."""
    theirs, its_own = desk.secret_of(desk.agent), desk.secret_of(desk.function)
    (call,) = [each for each in endpoint.calls if "x-opensink-session-id" in each.headers]
    assert verifies(theirs, call)
    known = {theirs, *call.headers.values(), *map(str, call.body.values()), call.raw.decode()}
    moment = datetime.now(UTC)
    for secret in known | {"whsec_" + base64.b64encode(each.encode()).decode() for each in known}:
        try:
            signer = Webhook(secret)
        except ValueError:
            continue
        headers = {
            "webhook-id": "forged",
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": signer.sign("forged", moment, call.raw.decode()),
        }
        assert not verifies(its_own, replace(call, headers=headers))
    assert not verifies(its_own, call)


def assert_only_the_very_call_is_believed(secret: str, call: Received) -> None:
    altered = replace(call, raw=call.raw + b" ")
    assert not verifies(secret, altered)
    assert not verifies(secret[:-4] + "AAA=", call)
    for name, forged in (
        ("webhook-timestamp", str(int(call.headers["webhook-timestamp"]) - 301)),
        ("webhook-timestamp", str(int(call.headers["webhook-timestamp"]) + 1)),
        ("webhook-id", "another"),
    ):
        headers = call.headers | {name: forged}
        assert not verifies(secret, replace(call, headers=headers))
