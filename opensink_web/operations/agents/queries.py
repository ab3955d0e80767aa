"""Agents, their sessions and activities, read: finding and listing them, how an endpoint is.

Nothing is written here, and nothing of what writes is imported.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import joinedload

from opensink_web import clock
from opensink_web.errors import NotFound
from opensink_web.models import (
    Activity,
    ActivityRecorder,
    ActivitySource,
    ActivityType,
    Agent,
    AgentSession,
    InputRequest,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.operations import page
from opensink_web.operations.agents.endpoint import endpoint_from_json
from opensink_web.operations.requests.search_match import Words, words_of_query
from opensink_web.operations.requests.searched import Searched, fetch_searched
from opensink_web.outbound.endpoint_call import EndpointSpec

LOOKED_AT_MAX = 100
AGENTS_SEARCHED_MAX = 10
SESSIONS_LOOKED_AT = (30, 1000)
"""At first, and then; each may have asked very much."""

# Built once, because building a statement costs more than running it.
_LIST = select(Agent).where(Agent.workspace_id == bindparam("of_workspace"))
_LIST_UNHEALTHY = _LIST.where(Agent.endpoint_unhealthy_since.is_not(None))
_LIST_HEALTHY = _LIST.where(
    Agent.endpoint_unhealthy_since.is_(None), Agent.sealed_execution_endpoint.is_not(None)
)


class HealthStatus(StrEnum):
    """How an endpoint is; the API's own words."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """How an endpoint is, and when it is called next if calls are held back."""

    status: HealthStatus
    consecutive_failures: int
    unhealthy_since: datetime | None
    next_call_at: datetime | None
    last_error: str | None

    @property
    def is_paused(self) -> bool:
        """Return True if nothing is called before `next_call_at`."""
        return self.next_call_at is not None and self.next_call_at > clock.now()


def health_of(agent: Agent) -> EndpointHealth | None:
    """Return how the agent's endpoint is; None if it has none."""
    if not agent.has_endpoint:
        return None
    is_healthy = agent.endpoint_unhealthy_since is None
    return EndpointHealth(
        status=HealthStatus.HEALTHY if is_healthy else HealthStatus.UNHEALTHY,
        consecutive_failures=agent.endpoint_failure_count,
        unhealthy_since=agent.endpoint_unhealthy_since,
        next_call_at=agent.endpoint_next_call_at,
        last_error=agent.endpoint_last_error,
    )


def find_agent(workspace: Workspace, agent_id: UUID) -> Agent:
    """Raises: NotFound."""
    agent = db.session.get(Agent, agent_id)
    if agent is None or agent.workspace_id != workspace.id:
        raise NotFound("There is no such agent.")
    return agent


def list_agents(
    workspace: Workspace, page_request: page.PageRequest, *, health: HealthStatus | None = None
) -> page.Page[Agent]:
    """Return the workspace's agents; with `health` those alone whose endpoint is so."""
    return page.fetch(_list_of(health), Agent.id, page_request, of_workspace=workspace.id)


def _list_of(health: HealthStatus | None) -> Select[Agent]:
    match health:
        case None:
            return _LIST
        case HealthStatus.UNHEALTHY:
            return _LIST_UNHEALTHY
        case HealthStatus.HEALTHY:
            return _LIST_HEALTHY
        case unknown:
            assert_never(unknown)


def agents_by_name(workspace: Workspace, most: int) -> list[Agent]:
    """Return the first of the workspace's agents, to choose one."""
    query = select(Agent).where(Agent.workspace_id == workspace.id)
    query = query.order_by(func.lower(Agent.name), Agent.id).limit(most)
    return list(db.session.scalars(query))


def agents_named_like(workspace: Workspace, text: str) -> list[UUID]:
    """Return some agents with this in their name."""
    query = select(Agent.id).where(
        Agent.workspace_id == workspace.id, Agent.name.icontains(text, autoescape=True)
    )
    return list(db.session.scalars(query.order_by(Agent.id.desc()).limit(AGENTS_SEARCHED_MAX)))


def find_agent_called(workspace: Workspace, text: str) -> Agent:
    """Find an agent by `namespace/slug`, or by a slug or name that no other has.

    Raises: NotFound.
    """
    namespace, slash, slug = text.partition("/")
    is_addressed = and_(Agent.namespace == namespace, Agent.slug == slug)
    is_named = or_(Agent.slug == text, func.lower(Agent.name) == text.lower())
    ours = select(Agent).where(Agent.workspace_id == workspace.id)
    agents = db.session.scalars(ours.where(is_addressed)).all() if slash else []
    agents = agents or db.session.scalars(ours.where(is_named).limit(2)).all()
    if len(agents) == 1:
        return agents[0]
    if agents:
        raise NotFound(
            "Several agents have this name. Write the namespace and slug of one of them."
        )
    raise NotFound("There is no agent with this name. Write its namespace and slug, or its name.")


def endpoint_of(agent: Agent) -> EndpointSpec | None:
    """Return the agent's execution endpoint with its credentials. Raises: UnreadableSecret."""
    stored = agent.execution_endpoint
    return endpoint_from_json(stored) if stored is not None else None


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which sessions to list; None means any."""

    agent_id: UUID | None = None
    status: SessionStatus | None = None
    search: str | None = None


def find_session(workspace: Workspace, session_id: UUID) -> AgentSession:
    """Raises: NotFound."""
    session = db.session.get(AgentSession, session_id)
    if session is None or session.workspace_id != workspace.id:
        raise NotFound("There is no such session.")
    return session


def older_failed_session(agent: Agent) -> AgentSession | None:
    """Return the session that failed last, if the agent has gone on in a newer one.

    The agent's status, which is its newest session's, says nothing of it. Only the newest
    LOOKED_AT_MAX are looked at.
    """
    newest = (
        select(AgentSession.id)
        .where(AgentSession.agent_id == agent.id)
        .order_by(AgentSession.id.desc())
        .limit(LOOKED_AT_MAX)
    )
    query = (
        select(AgentSession)
        .where(
            AgentSession.id.in_(newest.scalar_subquery()),
            AgentSession.status == SessionStatus.FAILED,
            AgentSession.id != agent.newest_session_id,
        )
        .order_by(AgentSession.id.desc())
        .limit(1)
    )
    return db.session.scalars(query).first()


def list_sessions(
    workspace: Workspace, filters: SessionFilter, page_request: page.PageRequest
) -> page.Page[AgentSession]:
    """Return the workspace's sessions with their agents."""
    rows = page.narrowed(
        select(AgentSession).where(
            page.is_in(AgentSession.workspace_id, workspace, filters.agent_id)
        ),
        (AgentSession.agent_id, filters.agent_id),
        (AgentSession.status, filters.status),
    )
    with_agent = joinedload(AgentSession.agent)
    if not filters.search:
        return page.fetch(rows.options(with_agent), AgentSession.id, page_request)
    agent_ids = agents_named_like(workspace, filters.search)
    searched = Searched(
        key=AgentSession.id,
        rows=rows,
        options=(with_agent,),
        are_named=AgentSession.agent_id.in_(agent_ids),
        names=[AgentSession.agent_id == each for each in agent_ids],
        have_words=_are_asked_in,
        ids_of=lambda ids: select(InputRequest.session_id).where(InputRequest.id.in_(ids)),
        steps=SESSIONS_LOOKED_AT,
    )
    return fetch_searched(searched, words_of_query(workspace, filters.search), page_request)


def _are_asked_in(words: Words) -> ColumnElement[bool]:
    """Keep the sessions of which a request has the words."""
    requests = select(InputRequest.id).where(
        InputRequest.session_id == AgentSession.id, words.are_in(InputRequest.id)
    )
    return requests.correlate(AgentSession).exists()


@dataclass(frozen=True, slots=True)
class ActivityFilter:
    """Which activities to list; None means any."""

    session_id: UUID | None = None
    agent_id: UUID | None = None
    type: ActivityType | None = None
    source: ActivitySource | None = None
    recorded_by: ActivityRecorder | None = None


def find_activity(workspace: Workspace, activity_id: UUID) -> Activity:
    """Raises: NotFound."""
    activity = db.session.get(Activity, activity_id)
    if activity is None or activity.workspace_id != workspace.id:
        raise NotFound("There is no such activity.")
    return activity


def list_activities(
    workspace: Workspace, filters: ActivityFilter, page_request: page.PageRequest
) -> page.Page[Activity]:
    """Return what happened, newest first."""
    query = select(Activity).where(
        page.is_in(Activity.workspace_id, workspace, filters.session_id, filters.agent_id)
    )
    query = page.narrowed(
        query,
        (Activity.session_id, filters.session_id),
        (Activity.agent_id, filters.agent_id),
        (Activity.type, filters.type),
        (Activity.source, filters.source),
        (Activity.recorded_by, filters.recorded_by),
    )
    return page.fetch(query, Activity.id, page_request)
