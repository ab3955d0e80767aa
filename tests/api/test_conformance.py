"""The API and its description agree, as Schemathesis (https://schemathesis.io) sees them.

It makes up requests from /api/v1/openapi.json, good ones and bad ones, and compares statuses,
content types, headers and bodies with what the document declares. `--examples 200` looks longer.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from opensink_web.contract import waiting
from tests.conftest import Cast

BEYOND_SCHEMAS = (
    "/execution_endpoint/url",  # an address that may be called
    "/default_response",  # an answer that fits the schema, where on_expire asks for one
    "/on_expire",  # something to happen at expires_at
    "/execution_endpoint/retry/backoff/max_seconds",  # no less than the first wait
    "/execution_endpoint/headers",  # names that are tokens, and none of ours
    "/expires_at",  # a moment to come
    "/context",  # characters that can be seen
    "/links",
    "/resources",  # whose addresses are like those of links
    "/begins_at",  # while they are not away already
    "/ends_at",  # after that, to come, and within a year
    "/user",  # of the workspace
    "/deputy",  # of the workspace, and somebody else
    "/assignees",
    "/members",
    "/to",
    "/reference",
    "/tags",
    "/url",  # as of execution_endpoint
    "/headers",
    "/start_minute",  # within the interval
    "/input_schema",  # JSON Schema, and within the limits
    "/output_schema",
    "/target/url",  # as of execution_endpoint
    "/target/headers",
    "/callback_url",  # a host that CALLBACK_URL_HOSTS permits
    "/batch_callback_url",
    "/initial_messages",  # templates that can be read, and not too long together
    "/inputs",  # as many as MAX_BATCH_SIZE permits
    "/since",  # no more than three years before the end
    "/until",  # after the beginning
    "/decided_",  # the end after the beginning, and of what is not pending
    "/outcome",
    "/time_zone",  # one that there is
    "/function",  # not with an agent
    "/quorum",  # only where several people have to answer
    "/working_hours",  # on one weekday at least
    "/config",  # what its kind of channel takes
    "/public_slug",  # none that speaks for the server
    "/sink_id",  # that of the address
    "/code",  # the one that was sent
    "/agent_id",  # of the workspace
    "/function_id",
    *(f"/steps/{step}/{name}" for step in range(10) for name in ("to", "also_assign")),  # members
)
"""What no JSON Schema can say in full."""


PHASES = {
    "coverage": "each keyword of the document, just within it and just beyond",
    "fuzzing": "anything",
    "stateful": "one call after another",
}


def config_of(phase: str, examples: int, headers: dict[str, str]) -> SchemathesisConfig:
    phases = {name: {"enabled": name == phase} for name in PHASES | {"examples": ""}}
    generation = {
        "max-examples": examples,
        "deterministic": True,
        "mode": "all",
        "allow-x00": False,
    }
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "headers": headers,
            "generation": {**generation, "database": "none"},
            # its way to take the key away does not work with an application in the same process
            "checks": {"ignored_auth": {"enabled": False}},
            "phases": phases,
            "cache": {"enabled": False},
            "continue-on-failure": True,
            "suppress-health-check": ["all"],
            "warnings": False,
            # reading constants out of our source code takes longer than all the calls
            "analysis": {"constants": {"enabled": False}},
        }
    )


@pytest.mark.timeout(600)
@pytest.mark.parametrize("phase", PHASES)
def test_every_answer_is_one_that_the_document_declares(
    app: Flask,
    cast: Cast,
    phase: str,
    pytestconfig: pytest.Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # nobody works here, so nothing ends while a call waits for it
    monkeypatch.setattr(waiting, "wait_here", lambda _wait: None)
    config = config_of(phase, pytestconfig.getoption("examples"), cast.alice.headers)
    api = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app, config=config)
    calls = 0
    failures: list[str] = []
    for event in from_schema(api).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            calls += len(event.recorder.interactions)
            failures.extend(failures_in(event.recorder))
    assert not failures, "\n\n".join(failures[:5])
    assert calls > 0


def failures_in(recorder: ScenarioRecorder) -> Iterator[str]:
    """Tell each call whose answer was not as declared."""
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info is None:
                continue
            call = recorder.interactions[case_id]
            body = call.response.content if call.response else b""
            if not is_beyond_schemas(check.name, body):
                failure: Failure = check.failure_info.failure
                sent = f"{call.request.method} {call.request.uri} {call.request.body!r}"
                yield f"{check.name}: {failure.message}\n{sent[:500]}\n{body[:500]!r}"


def is_beyond_schemas(check: str, body: bytes) -> bool:
    """Return True if a request was refused for nothing but what its schema could not say."""
    if check != "positive_data_acceptance":
        return False
    problem: Any = json.loads(body)
    wrong = [str(each["path"]) for each in problem.get("errors", [])]
    return bool(wrong) and all(path.startswith(BEYOND_SCHEMAS) for path in wrong)
