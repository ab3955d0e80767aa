"""What an agent's page opens with: how its endpoint is, what waits, what it asked, its calls."""

from dataclasses import dataclass

from opensink_web.models import Agent, Delivery, InputRequest
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.queries import HealthStatus, health_of
from opensink_web.operations.deliveries.queries import DeliveryFilter, list_deliveries
from opensink_web.operations.deliveries.success import CallRecord, call_record_of
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests.listing import (
    ListedFilter,
    ListView,
    count_listed,
    list_page,
)
from opensink_web.operations.requests.named import requests_named
from opensink_web.web.deliveries.delivery import FailedCalls, failed_calls
from opensink_web.web.deliveries.delivery_attempts import attempts_in_words
from opensink_web.web.rendering.listing import counted
from opensink_web.web.rendering.words import Badge, endpoint_badge

_SOME = PageRequest(limit=5)


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call to the agent, named by what was asked; `attempts` as attempts_in_words() has them."""

    delivery: Delivery
    request: InputRequest | None
    attempts: str


@dataclass(frozen=True, slots=True)
class AgentOverview:
    """What the reader may see of it; `calls` are None where they may not see deliveries.

    `waiting` are the first of `waiting_count` requests, `decided` the last that were decided.
    """

    health: Badge
    record: CallRecord | None
    waiting: list[InputRequest]
    waiting_count: str
    decided: list[InputRequest]
    calls: list[ListedCall] | None
    failed: FailedCalls | None


def agent_overview(principal: Principal, agent: Agent) -> AgentOverview:
    """Look up what an agent's page opens with."""
    health = health_of(agent)
    waiting: list[InputRequest] = []
    decided: list[InputRequest] = []
    count = ""
    if principal.may("agent_session_input_requests", Action.READ):
        is_waiting = ListedFilter(agent_id=agent.id)
        waiting = list_page(principal.workspace, is_waiting, _SOME).items
        count = counted(count_listed(principal.workspace, is_waiting))
        is_decided = ListedFilter(view=ListView.DECIDED, agent_id=agent.id)
        decided = list_page(principal.workspace, is_decided, _SOME).items
    return AgentOverview(
        health=endpoint_badge(None if health is None else health.status is HealthStatus.HEALTHY),
        record=call_record_of(agent.id) if principal.may("deliveries", Action.READ) else None,
        waiting=waiting,
        waiting_count=count,
        decided=decided,
        calls=_calls(principal, agent),
        failed=failed_calls(principal, agent.id),
    )


def _calls(principal: Principal, agent: Agent) -> list[ListedCall] | None:
    if not principal.may("deliveries", Action.READ):
        return None
    of_agent = DeliveryFilter(agent_id=agent.id)
    deliveries = list_deliveries(principal.workspace, of_agent, _SOME).items
    ids = {each.input_request_id for each in deliveries if each.input_request_id}
    requests = requests_named(principal.workspace, ids)
    attempts = attempts_in_words(deliveries)
    return [
        ListedCall(
            each,
            requests.get(each.input_request_id) if each.input_request_id else None,
            attempts[each.id],
        )
        for each in deliveries
    ]
