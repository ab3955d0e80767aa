"""What the examples of the API name: for each `{name}` in them, what makes it.

`MAKERS` has one for each name. What a route needs besides is in `SCENES`, by its view's name.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.contract import waiting
from opensink_web.contract.example import NAME, moment_of
from opensink_web.contract.route import Route
from opensink_web.models.transaction import writing
from opensink_web.outbound.client import Response
from opensink_web.outbound.outcome import AgentReply, Awaits, Outcome, Output, Pending
from tests.api.conftest import Api, delivery_of, made, question
from tests.conftest import PASSWORD, Cast
from tests.runtime.conftest import own_token
from tests.support.audit import chain_all
from tests.support.deliveries import claim_delivery, finish_delivery
from tests.support.example_people import (
    a_chain,
    a_channel,
    a_key,
    a_member_with_it,
    a_message,
    a_policy,
    a_refresh_token,
    a_role,
    a_rule,
    a_team,
    an_absence,
    an_unconfirmed_channel,
)
from tests.support.executions import claim_some, finish_all
from tests.support.scenarios import SCHEMA

ENDPOINT = {"url": "https://buyer.example.com/opensink"}


@dataclass
class Stage:
    """A server with the cast, and what has been made for one example so far."""

    app: Flask
    cast: Cast
    api: Api
    monkeypatch: pytest.MonkeyPatch
    names: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        """Return what stands for a name, made now if it has not been."""
        if name not in self.names:
            assert name in MAKERS, f"Nothing in {__name__} makes {{{name}}}."
            self.names[name] = MAKERS[name](self)
        return self.names[name]

    def make(self, path: str, body: Any) -> Any:
        return made(self.api.post(path, self.filled(body)))

    def filled(self, value: Any) -> Any:
        """Return an example with what its names stand for."""
        if isinstance(value, str):
            name = NAME.fullmatch(value)
            return self[name[1]] if name else moment_of(value, clock.now()) or value
        if isinstance(value, list):
            return [self.filled(each) for each in value]
        if isinstance(value, dict):
            return {name: self.filled(each) for name, each in value.items()}
        return value

    def do(self, path: str, body: Any = None) -> Any:
        """Have something done to what there is."""
        answer = self.api.at(path, "POST", self.filled(body))
        assert answer.status_code in {200, 202}, answer.text
        return answer.json

    def prepared(self, route: Route) -> tuple[str, Any]:
        """Make what a route's example needs; return its path with the query, and its body."""
        if route.name in SCENES:
            SCENES[route.name](self)
        body = self.filled(route.example.body)
        path = route.address
        for name in route.id_names:
            part = quote(self.filled(route.example.in_path(name)), safe="")
            path = path.replace(f"{{{name}}}", part)
        query = {name: self.filled(value) for name, value in route.example.query.items()}
        return path + (f"?{urlencode(query)}" if query else ""), body


def an_agent(stage: Stage) -> str:
    fields = {"name": "Buyer", "description": "Orders what runs out."}
    return str(stage.make("/agents", {**fields, "execution_endpoint": ENDPOINT})["id"])


def a_session(stage: Stage) -> str:
    return str(stage.make("/agent-sessions", {"agent_id": "{agent_id}"})["id"])


def a_request(stage: Stage, **fields: Any) -> str:
    session = {"id": stage["session_id"], "agent_id": stage["agent_id"]}
    words = {"key": "order", "title": "Order 40 more lamps?", "message": "There are **6** left."}
    body = question(session, **words, expires_at="{+2d}", **fields)
    return str(stage.make("/agent-session-input-requests", body)["id"])


def to_request(stage: Stage, verb: str, body: Any = None) -> Any:
    return stage.do(f"/api/v1/agent-session-input-requests/{stage['request_id']}/{verb}", body)


def an_answer(stage: Stage) -> str:
    to_request(stage, "resolve", {"response": {"approved": True, "limit": 40}})
    return stage["request_id"]


def a_plain_yes(stage: Stage) -> str:
    to_request(stage, "resolve", {"response": {"approved": True}})
    return stage["request_id"]


def a_comment(stage: Stage) -> None:
    body = {"message": "Which colour, @bob@example.com?"}
    stage.make(f"/agent-session-input-requests/{stage['request_id']}/comments", body)


def needs_two(stage: Stage) -> None:
    """Let Alice be one of two who have to answer."""
    stage.names["request_id"] = a_request(stage, required_responses=2)
    an_answer(stage)


def asks_alice(stage: Stage) -> None:
    stage.names["request_id"] = a_request(stage, assignees=[stage.cast.alice.email])


def an_activity(stage: Stage) -> str:
    body = {"session_id": "{session_id}", "agent_id": "{agent_id}", "source": "agent"}
    words = {"type": "message", "message": "Three offers were compared."}
    return str(stage.make("/agent-session-activities", {**body, **words})["id"])


def a_failed_delivery(stage: Stage) -> str:
    """Return a call that was made once, in vain."""
    an_answer(stage)
    with stage.app.app_context():
        delivery_id = delivery_of(stage.app, stage.cast.alice)
        with writing():
            claim = claim_delivery(delivery_id)
        assert claim is not None
        headers = (("Content-Type", "text/plain"),)
        answer = Response(502, "", headers, b"Bad gateway", False, 41.5, "203.0.113.7", None)
        with writing():
            finish_delivery(claim, answer)
    return str(delivery_id)


def a_function(stage: Stage) -> str:
    body = {
        "namespace": "billing",
        "name": "transfer",
        "description": "Moves money to a supplier.",
        "input_schema": {
            "type": "object",
            "properties": {"amount": {"type": "number", "maximum": 1000}, "to": {"type": "string"}},
            "required": ["amount", "to"],
        },
        "target": {"kind": "http", "url": "https://billing.example.com/transfer"},
    }
    stage.names["function_id"] = stage.make("/functions", body)["id"]
    return str(body["name"])


def an_execution(stage: Stage) -> str:
    body = {"input": {"amount": 120, "to": "Lamps Ltd."}, "trigger_id": "order-7"}
    stage["name"]
    return str(stage.do("/functions/billing/transfer/execute/async", body)["execution_id"])


def with_outcome(outcome: Outcome) -> Callable[[Stage], None]:
    """Return what has an execution carried out, as a worker does."""

    def carry_out(stage: Stage) -> None:
        stage["execution_id"]
        with stage.app.app_context():
            finish_all(claim_some(UUID(stage["function_id"])), outcome)

    return carry_out


def as_the_execution(stage: Stage) -> None:
    """Let an execution that was taken on report by itself."""
    with_outcome(Pending())(stage)
    stage.api = own_token(stage.app, UUID(stage["execution_id"]))


def executed_at_once(stage: Stage) -> None:
    """Let what waits for an execution find that a worker has carried it out."""
    stage["name"]

    def work(_wait: object) -> None:
        finish_all(claim_some(UUID(stage["function_id"])), DONE)

    stage.monkeypatch.setattr(waiting, "wait_here", work)


def a_batch(stage: Stage) -> str:
    inputs = [{"amount": 120, "to": "Lamps Ltd."}, {"amount": 80, "to": "Bulbs Inc."}]
    body = {"inputs": inputs, "trigger_id_prefix": "orders"}
    stage["name"]
    return str(stage.do("/functions/billing/transfer/execute/batch", body)["batch_id"])


def an_address(stage: Stage) -> str:
    """Return an agent's slug; its namespace is the one that agents have."""
    stage["agent_id"]
    return "buyer"


def a_chat(stage: Stage) -> str:
    stage["slug"]
    body = {"inputs": [{"message": "Which lamp is the brightest?"}]}
    chat_id = str(stage.do("/agents/default/buyer/chats/batch", body)["chat_ids"][0])
    with stage.app.app_context():
        reply = AgentReply("assistant", "The one in the hall.", None)
        finish_all(claim_some(UUID(stage["agent_id"])), reply)
    return chat_id


def a_standing_approval(stage: Stage) -> str:
    body = {"request_id": a_plain_yes(stage), "uses_max": 20, "expires_at": "{+30d}"}
    return str(stage.make("/standing-approvals", body)["id"])


def a_job(stage: Stage) -> str:
    job = {"name": "Read the mailbox", "interval_minutes": 15, "url": ENDPOINT["url"]}
    return str(stage.make("/background-jobs", job)["id"])


def a_run(stage: Stage) -> str:
    run: Any = stage.api.post(f"/background-jobs/{stage['job_id']}/run", {}).json
    return str(run["id"])


DONE = Output({"transfer": "T-7"})


def a_configuration(stage: Stage) -> str:
    body = {"agent_id": stage["agent_id"], "value": {"limit": 500}}
    return str(stage.make("/agent-configurations", body)["id"])


def a_sink_secret(stage: Stage) -> str:
    return str(stage.api.read(f"/sinks/{stage['sink_id']}")["secret"])


def an_item(stage: Stage) -> str:
    item = {"sink_id": stage["sink_id"], "title": "Bought shares of ACME", "type": "trade"}
    return str(stage.make("/sink-items", item)["id"])


MAKERS: dict[str, Callable[[Stage], str]] = {
    "agent_id": an_agent,
    "configuration_id": a_configuration,
    "session_id": a_session,
    "request_id": a_request,
    "activity_id": an_activity,
    "delivery_id": a_failed_delivery,
    "namespace": lambda _: "billing",
    "name": a_function,
    "slug": an_address,
    "execution_id": an_execution,
    "batch_id": a_batch,
    "chat_id": a_chat,
    "key_id": a_key,
    "role_id": a_role,
    "user_id": a_member_with_it,
    "job_id": a_job,
    "run_id": a_run,
    "item_id": an_item,
    "sink_id": lambda stage: str(stage.make("/sinks", {"name": "Trades"})["id"]),
    "sink_secret": a_sink_secret,
    "team_id": a_team,
    "absence_id": an_absence,
    "approval_id": a_standing_approval,
    "policy_id": a_policy,
    "chain_id": a_chain,
    "channel_id": a_channel,
    "rule_id": a_rule,
    "message_id": a_message,
    "password": lambda _: PASSWORD,
    "refresh_token": a_refresh_token,
}


def an_audit(stage: Stage) -> None:
    an_agent(stage)
    with stage.app.app_context():
        chain_all()


SCENES: dict[str, Callable[[Stage], object]] = {
    "list_agents": an_agent,
    "list_configurations": a_configuration,
    "list_variants": a_configuration,
    "get_active_configuration": a_configuration,
    "list_sessions": a_session,
    "list_input_requests": a_request,
    "get_input_request": an_answer,
    "retract": needs_two,
    "delegate": asks_alice,
    "release": lambda stage: to_request(stage, "claim", {}),
    "list_comments": a_comment,
    "list_activities": a_session,
    "list_deliveries": a_failed_delivery,
    "redeliver_failed": a_failed_delivery,
    "list_functions": a_function,
    "list_keys": a_key,
    "list_audit_entries": an_audit,
    "list_roles": a_role,
    "list_role_members": a_member_with_it,
    "grant_standing_approval": a_plain_yes,
    "list_standing_approvals": a_standing_approval,
    "list_background_jobs": a_job,
    "list_job_runs": a_run,
    "list_sink_items": an_item,
    "list_sinks": lambda stage: stage["sink_id"],
    "list_teams": a_team,
    "list_absences": an_absence,
    "list_policies": a_policy,
    "try_policy": a_request,
    "get_insights": an_answer,
    "list_chains": a_chain,
    "list_channels": a_channel,
    "confirm_channel": an_unconfirmed_channel,
    "list_messages": a_message,
    "execute": executed_at_once,
    "execute_async": lambda stage: stage["name"],
    "execute_batch": lambda stage: stage["name"],
    "list_executions": with_outcome(DONE),
    "get_execution": with_outcome(DONE),
    "list_execution_steps": with_outcome(DONE),
    "continue_execution": with_outcome(Awaits("Is it urgent?", SCHEMA)),
    "complete_execution": as_the_execution,
    "fail_execution": as_the_execution,
    "list_batches": a_batch,
    "list_chats": a_chat,
}
