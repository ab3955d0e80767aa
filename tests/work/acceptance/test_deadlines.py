"""Deadlines come by themselves, whatever happens to the processes meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from opensink_web import clock
from tests.chaos.plan import Kill
from tests.support.endpoints import Endpoints
from tests.support.whole_server import WholeServer
from tests.work.acceptance.conftest import MakeServer

pytestmark = pytest.mark.server
SCHEMA = {"type": "object", "required": ["go"], "properties": {"go": {"type": "boolean"}}}
PATH = "/api/v1/agent-session-input-requests"


def ask(server: WholeServer, agent_id: object, seconds: float, **options: Any) -> str:
    """Ask what has to be decided within so many seconds; return the request's id."""
    ids = {"agent_id": str(agent_id)}
    ids["session_id"] = server.post("/api/v1/agent-sessions", ids)["id"]
    body = {**ids, "key": "k", "title": "Go?", "message": "", "schema": SCHEMA, **options}
    body["expires_at"] = (clock.now() + timedelta(seconds=seconds)).isoformat()
    return str(server.post(PATH, body)["id"])


def test_each_policy_reaches_the_agent(make_server: MakeServer, endpoints: Endpoints) -> None:
    with make_server() as server:
        server.start()
        agent_id = server.make_agent(endpoints.url("quick", "agent"))
        default = {"on_expire": "default", "default_response": {"go": False}}
        asked = {
            "expired": ask(server, agent_id, 1),
            "declined": ask(server, agent_id, 1, on_expire="decline"),
            "answered": ask(server, agent_id, 1, **default),
        }
        for outcome, request_id in asked.items():
            headers = endpoints.wait_for(request_id).headers
            request = server.get(f"{PATH}/{request_id}")
            assert headers["x-opensink-outcome"] == outcome
            assert headers["x-opensink-request-digest"] == request["digest"]
            assert request["resolved_by_system"]
        assert server.get(f"{PATH}/{asked['answered']}")["response"] == {"go": False}


def test_one_comes_though_all_was_started_anew_and_redis_forgot(
    make_server: MakeServer, endpoints: Endpoints
) -> None:
    with make_server() as server:
        server.start()
        agent_id = server.make_agent(endpoints.url("quick", "agent"))
        request_id = ask(server, agent_id, 3)
        put_off = ask(server, agent_id, 3)
        server.post(f"{PATH}/{put_off}/extend", {"expires_at": "2090-01-01T00:00:00Z"})
        server.cluster.inject(Kill(0, "redis", wipes_redis=True))
        server.cluster.stop()
        server.start()
        assert endpoints.wait_for(request_id).headers["x-opensink-outcome"] == "expired"
        assert server.get(f"{PATH}/{put_off}")["status"] == "pending"
