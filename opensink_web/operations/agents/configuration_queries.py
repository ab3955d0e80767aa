"""Configurations of agents, read: lists, one, the newest of a variant, the active one."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from opensink_web.errors import NotFound
from opensink_web.models import Agent, AgentConfiguration, Workspace, db
from opensink_web.operations import page
from opensink_web.operations.agents.queries import find_agent


@dataclass(frozen=True, slots=True)
class ConfigurationFilter:
    """Which configurations to list; None means any."""

    agent_id: UUID | None = None
    variant: str | None = None
    is_newest: bool = False


def find_configuration(workspace: Workspace, configuration_id: UUID) -> AgentConfiguration:
    """Raises: NotFound."""
    configuration = db.session.get(AgentConfiguration, configuration_id)
    if configuration is None or configuration.workspace_id != workspace.id:
        raise NotFound("There is no such configuration.")
    return configuration


def list_configurations(
    workspace: Workspace, filters: ConfigurationFilter, page_request: page.PageRequest
) -> page.Page[AgentConfiguration]:
    """Return the versions, or with `is_newest` those alone that are the newest of their variant."""
    query = select(AgentConfiguration).where(
        page.is_in(AgentConfiguration.workspace_id, workspace, filters.agent_id)
    )
    if filters.is_newest:
        query = query.where(AgentConfiguration.is_newest)
    query = page.narrowed(
        query,
        (AgentConfiguration.agent_id, filters.agent_id),
        (AgentConfiguration.variant, filters.variant),
    )
    with_maker = query.options(joinedload(AgentConfiguration.made_by))
    return page.fetch(with_maker, AgentConfiguration.id, page_request)


def newest_of(agent_id: UUID, variant: str) -> AgentConfiguration | None:
    """Return the newest version of a variant; None where there is none yet."""
    query = (
        select(AgentConfiguration)
        .where(AgentConfiguration.agent_id == agent_id, AgentConfiguration.variant == variant)
        .order_by(AgentConfiguration.variant_version.desc())
        .limit(1)
    )
    return db.session.scalars(query).first()


def configuration_of(
    workspace: Workspace, agent_id: UUID, configuration_id: UUID
) -> AgentConfiguration:
    """Return a version of one agent. Raises: NotFound."""
    configuration = find_configuration(workspace, configuration_id)
    if configuration.agent_id != agent_id:
        raise NotFound("There is no such configuration.")
    return configuration


def version_before(configuration: AgentConfiguration) -> AgentConfiguration | None:
    """Return the version of the same variant that came before."""
    query = select(AgentConfiguration).where(
        AgentConfiguration.agent_id == configuration.agent_id,
        AgentConfiguration.variant == configuration.variant,
        AgentConfiguration.variant_version == configuration.variant_version - 1,
    )
    return db.session.scalars(query).one_or_none()


def active_of(agent: Agent) -> AgentConfiguration | None:
    """Return what an agent is to go by."""
    return db.session.get(AgentConfiguration, agent.config_id) if agent.config_id else None


def active_in(workspace: Workspace, agent_id: UUID) -> AgentConfiguration:
    """Return what an agent is to go by. Raises: NotFound."""
    active = active_of(find_agent(workspace, agent_id))
    if active is None:
        raise NotFound("This agent has no configuration.")
    return active


def last_version_of(agent_id: UUID) -> int:
    """Return the number of an agent's last version, of whichever variant; 0 where it has none."""
    query = select(func.max(AgentConfiguration.version))
    return db.session.scalar(query.where(AgentConfiguration.agent_id == agent_id)) or 0
