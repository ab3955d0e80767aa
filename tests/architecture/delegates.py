"""Holders of delegated tokens, each a real one: it comes with the call that a worker makes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.operations.accounts.bearer import mint_callback_token
from tests.api.conftest import (
    NOWHERE,
    Api,
    assert_problem,
    make_function,
)
from tests.conftest import Cast
from tests.runtime.conftest import bearing, services_of, worker
from tests.support.real_servers import AgentEndpoint, wait_until

__all__ = ["worker"]


@dataclass(frozen=True)
class Delegate:
    """An execution of Alice's, who is an admin, with the token that its endpoint was sent."""

    api: Api
    execution_id: str


@pytest.fixture
def endpoint() -> Iterator[AgentEndpoint]:
    """An endpoint that answers 202 and reports later."""
    with AgentEndpoint(status=202) as endpoint:
        yield endpoint


@pytest.fixture
def delegate(app: Flask, alice: Api, endpoint: AgentEndpoint, worker: None) -> Delegate:
    make_function(alice, "work", target={"kind": "http", "url": endpoint.url})
    answer = alice.at("/functions/images/work/execute/async", "POST", {"input": {}})
    wait_until(lambda: endpoint.calls)
    token = endpoint.calls[0].headers["authorization"].removeprefix("Bearer ")
    return Delegate(bearing(app, token), (answer.json or {})["execution_id"])


@pytest.fixture
def receiver(app: Flask, cast: Cast) -> Api:
    """What the receiver of a callback can do, of an execution that is not there any more."""
    return bearing(app, callback_token(app, cast, UUID(NOWHERE)))


@dataclass(frozen=True)
class Told:
    user_id: UUID
    workspace_id: UUID
    reports_on: UUID
    scopes: tuple[str, ...] | None = None


def callback_token(app: Flask, cast: Cast, reports_on: UUID) -> str:
    told = Told(cast.alice.id, cast.alice.workspace_id, reports_on)
    return mint_callback_token(services_of(app).signer, told)


def execute(api: Api, name: str = "work", **more: Any) -> Any:
    address = f"/functions/images/{name}/execute/async"
    answer = api.at(address, "POST", {"input": {}, **more})
    assert answer.status_code == 202, answer.text
    return answer.json


def refused(answer: Any) -> None:
    assert_problem(answer, 403, "delegated_token_refused")
