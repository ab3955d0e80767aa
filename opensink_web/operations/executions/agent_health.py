"""What calls of agents say about the health of their endpoints, which deliveries are held back by.

An endpoint that gives no answer, five times in a row, is called once in a while and one call at a
time, by executions as by deliveries. What waits for that does not fail. An answer that fails its
execution says nothing: one bad input must not hold up the others.
"""

from collections.abc import Sequence
from uuid import UUID

from opensink_web.errors import UnreadableSecret
from opensink_web.models import Agent
from opensink_web.operations.agents.endpoint_health import (
    heal,
    lock_called_agent,
    lock_failing_agent,
    note_failure,
)
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.executions.target import AgentTarget, Target
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.outcome import AgentReply, Failure, Outcome

UNANSWERED = frozenset(
    {
        "name_not_resolved",
        "connection_refused",
        "unreachable",
        "tls_error",
        "timeout",
        "connection_lost",
    }
)
"""The codes of failures that are the endpoint's, whatever it was asked."""


def note_agent_calls(calls: Sequence[tuple[Target | Failure, Outcome]]) -> None:
    """Write down what calls that were just made say about each agent's endpoint.

    The agents are locked after the executions, by id.
    """
    made: dict[UUID, list[tuple[EndpointSpec, Outcome]]] = {}
    for target, outcome in calls:
        if isinstance(target, AgentTarget):
            made.setdefault(target.agent_id, []).append((target.endpoint, outcome))
    for agent_id in sorted(made):
        replied = [called for called, outcome in made[agent_id] if isinstance(outcome, AgentReply)]
        failed = [
            (called, outcome)
            for called, outcome in made[agent_id]
            if isinstance(outcome, Failure) and outcome.code in UNANSWERED
        ]
        if replied:
            _note_successes(agent_id, replied)
        elif failed:
            _note_failures(agent_id, failed)


def _note_successes(agent_id: UUID, replied: Sequence[EndpointSpec]) -> None:
    agent = lock_failing_agent(agent_id)
    if agent is not None and any(_is_still(agent, called) for called in replied):
        heal(agent)


def _note_failures(agent_id: UUID, failed: Sequence[tuple[EndpointSpec, Failure]]) -> None:
    agent = lock_called_agent(agent_id)
    for called, failure in failed:
        if agent is not None and _is_still(agent, called):
            note_failure(agent, failure.message, at_least_seconds=0)


def _is_still(agent: Agent, called: EndpointSpec) -> bool:
    """Return True if the agent still has the endpoint that was called."""
    try:
        return endpoint_of(agent) == called
    except UnreadableSecret:
        return False
