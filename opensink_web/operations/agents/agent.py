"""Agents: making, changing and deleting them, and keeping their status in step."""

import hashlib
import re
from contextlib import suppress
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import IntegrityError

from opensink_web import clock
from opensink_web.errors import (
    Conflict,
    FieldError,
    InvalidInput,
    NotFound,
    UnreadableSecret,
)
from opensink_web.json_value import JSONObject
from opensink_web.models import (
    Agent,
    AgentConfiguration,
    AgentSession,
    AuditAction,
    Execution,
    SubjectKind,
    Workspace,
    db,
)
from opensink_web.models.execution import ENDED
from opensink_web.models.hidden import is_there
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.agents.configuration import (
    activate_configuration,
    first_configuration,
)
from opensink_web.operations.agents.endpoint import (
    check_endpoint,
    endpoint_to_json,
    without_credentials,
)
from opensink_web.operations.agents.endpoint_health import heal
from opensink_web.operations.agents.initial_messages import CheckedMessages
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.audit.record import changes_between, digest_of, record, texts_of
from opensink_web.operations.name import checked_name, plain_slug
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy

_MIRROR_STATUS = update(Agent).where(
    Agent.id == bindparam("of_agent"), Agent.newest_session_id == bindparam("of_session")
)
_KEEP = (
    select(Agent.id)
    .where(Agent.id == bindparam("of_agent"), is_there(Agent))
    .with_for_update(read=True, key_share=True)
)
_UNFINISHED = (
    select(Execution.id)
    .where(Execution.agent_id == bindparam("of_agent"), Execution.status.not_in(ENDED))
    .limit(1)
)
ADDRESSABLE = "^[A-Za-z0-9_][A-Za-z0-9_-]{0,254}$"
"""What a namespace and a slug look like."""


class AgentChanges(TypedDict, total=False):
    """What of an agent can be changed; what is left out stays as it is."""

    name: str
    description: str | None
    namespace: str
    slug: str
    execution_endpoint: EndpointSpec | None
    initial_messages: CheckedMessages
    config_id: UUID


def create_agent(
    workspace: Workspace,
    policy: EndpointPolicy,
    *,
    name: str,
    description: str | None = None,
    namespace: str = "default",
    slug: str | None = None,
    execution_endpoint: EndpointSpec | None = None,
    initial_messages: CheckedMessages = CheckedMessages(),  # noqa: B008 - frozen and empty
) -> Agent:
    """Make an agent; without a slug one is derived from the name, numbered if it is taken. Its
    first configuration is empty.

    Raises: InvalidInput; Conflict when the slug that was asked for is taken.
    """
    agent = Agent(
        workspace_id=workspace.id,
        name=checked_name(name),
        description=description or None,
        namespace=_addressable("namespace", namespace),
        slug=_addressable("slug", slug) if slug else _free_slug(workspace, namespace, name),
        initial_messages=initial_messages.to_json(),
    )
    if execution_endpoint is not None:
        agent.execution_endpoint = _kept(execution_endpoint, policy, None)
    db.session.add_all([agent, first_configuration(agent)])
    _flush_unique()
    _note(AuditAction.AGENT_CREATED, agent, _said_of(agent))
    if execution_endpoint is not None:
        _note_endpoint(agent, None)
    return agent


def update_agent(
    workspace: Workspace, agent_id: UUID, policy: EndpointPolicy, **changes: Unpack[AgentChanges]
) -> Agent:
    """Change the given fields. Raises: NotFound; InvalidInput; Conflict for a taken slug."""
    agent = lock_agent(workspace, agent_id)
    before, endpoint_before = _said_of(agent), _readable_endpoint_of(agent)
    if "name" in changes:
        agent.name = checked_name(changes["name"])
    if "description" in changes:
        agent.description = changes["description"] or None
    if "namespace" in changes:
        agent.namespace = _addressable("namespace", changes["namespace"])
    if "slug" in changes:
        agent.slug = _addressable("slug", changes["slug"])
    if "execution_endpoint" in changes:
        endpoint = changes["execution_endpoint"]
        current = _readable_endpoint_of(agent)
        agent.execution_endpoint = _kept(endpoint, policy, current) if endpoint else None
        heal(agent)  # the sweeper wakes workers for what waits
    if "initial_messages" in changes:
        agent.initial_messages = changes["initial_messages"].to_json()
    _flush_unique()
    if "config_id" in changes:
        activate_configuration(agent, _own_configuration(agent, changes["config_id"]))
    if changed := changes_between(before, _said_of(agent)):
        _note(AuditAction.AGENT_CHANGED, agent, {"changes": changed})
    if "execution_endpoint" in changes:
        _note_endpoint(agent, endpoint_before)
    return agent


def _own_configuration(agent: Agent, configuration_id: UUID) -> AgentConfiguration:
    """Raises: InvalidInput, for what is no configuration of the agent."""
    configuration = db.session.get(AgentConfiguration, configuration_id)
    if configuration is None or configuration.agent_id != agent.id:
        message = "This agent has no such configuration."
        raise InvalidInput(message, errors=(FieldError("/config_id", message),))
    return configuration


def _said_of(agent: Agent) -> JSONObject:
    """Return what the audit says of an agent; its first messages may be long, and have a digest."""
    return {
        "name": agent.name,
        "description": agent.description,
        "namespace": agent.namespace,
        "slug": agent.slug,
        "initial_messages_digest": digest_of(agent.initial_messages),
    }


def _note(action: AuditAction, agent: Agent, details: JSONObject | None = None) -> None:
    said = details or {"name": agent.name}
    record(action, agent.workspace_id, SubjectKind.AGENT, agent.id, said)


def _note_endpoint(agent: Agent, before: EndpointSpec | None) -> None:
    """Note what of an endpoint changed; of credentials only that they did."""
    after = endpoint_of(agent)
    if before == after:
        return
    old, new = (
        texts_of(endpoint_to_json(without_credentials(each))) if each else {}
        for each in (before, after)
    )
    changes = changes_between(old, new) or {"credentials": "changed"}
    _note(AuditAction.ENDPOINT_CHANGED, agent, {"changes": changes})


def delete_agent(workspace: Workspace, agent_id: UUID) -> str:
    """Delete an agent with its sessions, requests and deliveries; return its name.

    Its chats and executions stay. Nobody finds it from the commit on, and its address is free; its
    rows go in slices (operations/deletion.py).

    Raises: NotFound; Conflict while one of its executions is unfinished.
    """
    agent = lock_agent(workspace, agent_id)
    if db.session.scalars(_UNFINISHED, {"of_agent": agent_id}).first() is not None:
        raise Conflict(
            "Executions of this agent are not finished. Wait for them, or cancel their batches."
        )
    agent.deleted_at = clock.now()
    agent.slug = f"-{agent.id}"  # as no other can be called
    _note(AuditAction.AGENT_DELETED, agent)
    db.session.flush()
    return agent.name


def lock_agent(workspace: Workspace, agent_id: UUID) -> Agent:
    """Find an agent and keep others from changing it until the commit. Raises: NotFound."""
    query = (
        select(Agent)
        .where(Agent.id == agent_id, Agent.workspace_id == workspace.id)
        .with_for_update()
    )
    agent = db.session.scalars(query).one_or_none()
    if agent is None:
        raise NotFound("There is no such agent.")
    return agent


def keep_agent(agent_id: UUID) -> None:
    """Keep an agent from being deleted until the commit, once its session is locked.

    Raises: NotFound, if it was deleted while the session was waited for.
    """
    # SQLite lets in one writer at a time anyway
    if db.session.get_bind().dialect.name != "postgresql":
        return
    if run_prepared(_KEEP, {"of_agent": agent_id}).one_or_none() is None:
        raise NotFound("The agent has just been deleted.")


def mirror_status(session: AgentSession) -> None:
    """Give the agent the status of `session`, just changed, if that is its newest session."""
    run_prepared(
        _MIRROR_STATUS,
        {
            "of_agent": session.agent_id,
            "of_session": session.id,
            "status": session.status,
            "updated_at": clock.now(),
        },
    )
    if "agent" in session.__dict__:
        db.session.expire(session.agent, ["status", "updated_at"])


def mirror_newest_session(agent: Agent) -> None:
    """Find a locked agent's newest session and take over its status."""
    query = (
        select(AgentSession)
        .where(AgentSession.agent_id == agent.id)
        .order_by(AgentSession.id.desc())
        .limit(1)
    )
    newest = db.session.scalars(query).one_or_none()
    agent.newest_session_id = newest.id if newest else None
    agent.status = newest.status if newest else None
    db.session.flush()  # what moves the session next in this transaction goes past the ORM


def _readable_endpoint_of(agent: Agent) -> EndpointSpec | None:
    """Return what the agent has; what cannot be decrypted can only be entered anew."""
    with suppress(UnreadableSecret):
        return endpoint_of(agent)
    return None


def _kept(
    endpoint: EndpointSpec, policy: EndpointPolicy, current: EndpointSpec | None
) -> dict[str, object]:
    try:
        return dict(endpoint_to_json(check_endpoint(endpoint, policy, current)))
    except InvalidInput as error:
        raise error.below("/execution_endpoint") from None


def _addressable(field: str, text: str) -> str:
    if not re.fullmatch(ADDRESSABLE, text):
        message = (
            f"A {field} stands in addresses: letters, digits, _ and -, not starting with -, "
            "at most 255."
        )
        raise InvalidInput(message, errors=(FieldError(f"/{field}", message),))
    return text


def agent_named(workspace: Workspace, name: str, policy: EndpointPolicy) -> Agent:
    """Return the agent that is found by a name, its slug's; one is made if there is none.

    Raises: InvalidInput, for what is no name.
    """
    name = checked_name(name)
    slug = plain_slug(name)
    if not slug or not name.isascii():  # names of which nothing or little is left are told apart
        slug = f"{slug or 'agent'}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    query = select(Agent).where(
        Agent.workspace_id == workspace.id, Agent.namespace == "default", Agent.slug == slug
    )
    agent = db.session.scalars(query).one_or_none()
    if agent is None:
        _one_by_one(workspace)
        agent = db.session.scalars(query).one_or_none()
    return agent or create_agent(workspace, policy, name=name, slug=slug)


def _one_by_one(workspace: Workspace) -> None:
    """Have others who make an agent in this workspace wait until the commit."""
    query = select(Workspace.id).where(Workspace.id == workspace.id)
    db.session.execute(query.with_for_update(key_share=True))


def _free_slug(workspace: Workspace, namespace: str, name: str) -> str:
    """Return a slug that is still free at the commit: others who look for one wait until then."""
    _one_by_one(workspace)
    base = plain_slug(name) or "agent"
    query = select(Agent.slug).where(
        Agent.workspace_id == workspace.id,
        Agent.namespace == namespace,
        Agent.slug.startswith(base, autoescape=True),
    )
    taken = set(db.session.scalars(query))
    number = 1
    slug = base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    return slug


def _flush_unique() -> None:
    try:
        db.session.flush()
    except IntegrityError as error:
        message = "An agent with this slug already exists in this namespace."
        raise Conflict(message, errors=(FieldError("/slug", message),)) from error
