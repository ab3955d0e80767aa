"""A hundred bodies that nobody should send are refused with the one error body."""

import json
import random
from typing import Any

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.support.executions import make_function, submit_many

VALUES: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    10**400 - 1,
    -(2**63) - 1,
    "",
    "\u0000",
    "\ud800",
    "x" * 3000,
    "https://[",
    "https://user:pass@host\\@other/",
    [],
    [[]],
    [None],
    {},
    {"": {}},
    {"n": {"n": {"n": []}}},
    [{"n": 1}] * 1001,
]
FIELDS = [
    "input",
    "inputs",
    "timeout",
    "trigger_id",
    "trigger_id_prefix",
    "delay_seconds",
    "callback_url",
    "batch_callback_url",
    "output",
    "error",
]


@pytest.mark.parametrize(
    "address",
    [
        "/functions/tests/work/execute",
        "/functions/tests/work/execute/async",
        "/functions/tests/work/execute/batch",
        "/executions/{execution_id}/complete",
        "/executions/{execution_id}/fail",
        "/executions/{execution_id}/continue",
        "/executions/{execution_id}/cancel",
        "/batches/{batch_id}/cancel",
    ],
)
def test_wrong_bodies_are_refused(app: Flask, cast: Cast, address: str) -> None:
    with app.app_context():
        submitted = submit_many(cast.alice, make_function(cast.alice), 1)
    there = address.format(execution_id=submitted.execution_ids[0], batch_id=submitted.id)
    made_up = random.Random(address)
    statuses = {refused(app, cast, there, body_of(made_up)) for _ in range(13)}
    assert statuses <= {400, 403, 409, 422}


def refused(app: Flask, cast: Cast, address: str, body: Any) -> int:
    # written with escapes, because half a character cannot be sent otherwise
    sent = json.dumps(body)
    headers = {**cast.alice.headers, "Content-Type": "application/json"}
    answer = app.test_client().post(address, data=sent, headers=headers)
    problem: Any = answer.json
    assert problem["error"], answer.text
    return answer.status_code


def body_of(made_up: random.Random) -> Any:
    """Make up a body: something else than an object, or fields with what does not belong there."""
    if made_up.random() < 0.1:
        return made_up.choice([each for each in VALUES if each != {}])
    fields = made_up.sample(FIELDS, made_up.randint(1, 3))
    return {name: made_up.choice(VALUES) for name in [*fields, "input"]}
