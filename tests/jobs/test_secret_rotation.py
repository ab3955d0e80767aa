"""A receiver verifies each call with a library of its own, before, during and after a rotation."""

from collections.abc import Callable

import pytest
from flask import Flask
from standardwebhooks import Webhook, WebhookVerificationError

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.workspace import end_secret_overlap, rotate_execution_secret
from tests.conftest import Cast
from tests.real_servers import AgentEndpoint, Received
from tests.scenarios import answer, ask_in, endpoint_at

pytestmark = pytest.mark.server


def verifies(secret: str, call: Received) -> bool:
    try:
        return bool(Webhook(secret).verify(call.raw, call.headers) == call.body)
    except WebhookVerificationError:
        return False


def test_each_call_is_signed_with_the_secrets_that_count(
    app: Flask, cast: Cast, work: Callable[[], None]
) -> None:
    with AgentEndpoint() as endpoint:

        def called() -> Received:
            with app.app_context():
                answer(cast.bob, ask_in(cast.alice, endpoint_at(endpoint.url)))
            work()
            return endpoint.calls[-1]

        def changed(change: Callable[[Workspace], None]) -> str:
            with app.app_context(), writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                change(workspace)
                return workspace.execution_secret

        old = changed(lambda _: None)
        before = called()
        new = changed(rotate_execution_secret)
        during = called()
        changed(end_secret_overlap)
        after = called()

    seen = [[verifies(secret, call) for secret in (old, new)] for call in (before, during, after)]
    assert seen == [[True, False], [True, True], [False, True]]
    assert [call.headers["x-opensink-secret"] for call in endpoint.calls] == [old, new, new]
    assert_only_the_very_call_is_believed(old, before)


def assert_only_the_very_call_is_believed(secret: str, call: Received) -> None:
    altered = Received(call.method, call.headers, call.body, call.raw + b" ")
    assert not verifies(secret, altered)
    assert not verifies(secret[:-4] + "AAA=", call)
    for name, forged in (
        ("webhook-timestamp", str(int(call.headers["webhook-timestamp"]) - 301)),
        ("webhook-timestamp", str(int(call.headers["webhook-timestamp"]) + 1)),
        ("webhook-id", "another"),
    ):
        headers = call.headers | {name: forged}
        assert not verifies(secret, Received(call.method, headers, call.body, call.raw))
