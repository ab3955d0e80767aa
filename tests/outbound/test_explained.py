"""What is said of an answer that repeats the call: nothing that was secret in it."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from opensink_web.functions import Context
from opensink_web.outbound.callback_call import build_callback_call
from opensink_web.outbound.client import Call, Client
from opensink_web.outbound.endpoint_call import EndpointSpec, build_call
from opensink_web.outbound.execution_call import Sender
from opensink_web.outbound.explained import status_sentence
from opensink_web.outbound.function_call import build_function_call
from opensink_web.outbound.job_call import build_job_call
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.outbound.signing import CallSecrets
from tests.support.echo import RedirectingEcho

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEY, TOKEN, EXECUTION_SECRET = "a-key-of-the-owner", "a.token.of-somebody", "the-execution-secret"
SECRETS = CallSecrets(EXECUTION_SECRET, ("whsec_c2lnbmluZyBzZWNyZXQ=",))
CONTEXT = Context("e1", "u1", "u@example.com", "api", "t1", None, TOKEN)


@pytest.fixture(scope="module")
def echo() -> Iterator[RedirectingEcho]:
    with RedirectingEcho() as server:
        yield server


def calls_at(url: str) -> dict[str, Call]:
    endpoint = EndpointSpec(url, "POST", (("X-Api-Key", KEY),), None, 30)
    return {
        "agent": build_call(
            endpoint, session_id="s", request_id="r", delivery_id="d", secrets=SECRETS, now=NOW
        ),
        "function": build_function_call(
            endpoint, input_data={}, context=CONTEXT, sender=Sender(SECRETS, "w1", NOW)
        ),
        "job": build_job_call(
            endpoint,
            job_id="j",
            run_id="r",
            scheduled_for=None,
            signing_secrets=SECRETS.signing_secrets,
            now=NOW,
        ),
        "callback": build_callback_call(url, {"status": "success"}, TOKEN),
        # what is encrypted is no JSON
        "push": Call("POST", url, (("Authorization", f"vapid t={TOKEN}"),), b"\x80\x00", 30),
    }


@pytest.mark.parametrize("kind", ["agent", "function", "job", "callback", "push"])
def test_a_redirect_that_repeats_what_was_sent_tells_nobody(
    echo: RedirectingEcho, kind: str
) -> None:
    call = calls_at(f"{echo.origin}/run?code=a-function-key")[kind]
    with Client(EndpointPolicy.from_entries(("127.0.0.0/8",))) as client:
        answer = client.send(call)
    said = status_sentence("The receiver", call, answer)
    assert "302 Found and points to" in said
    assert "••••" in said
    for secret in (KEY, TOKEN, EXECUTION_SECRET, "a-function-key"):
        assert secret not in said
