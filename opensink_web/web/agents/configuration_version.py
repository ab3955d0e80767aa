"""One version of a configuration: what it says, compared with another, and going back to it."""

from uuid import UUID

from flask import Blueprint, flash, render_template, request
from flask.typing import ResponseReturnValue

from opensink_web.errors import NotFound
from opensink_web.models import AgentConfiguration
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.agent import lock_agent
from opensink_web.operations.agents.configuration import activate_configuration
from opensink_web.operations.agents.configuration_queries import (
    ConfigurationFilter,
    active_of,
    configuration_of,
    list_configurations,
    version_before,
)
from opensink_web.operations.agents.queries import find_agent
from opensink_web.operations.page import PageRequest
from opensink_web.web.access import requires
from opensink_web.web.agents.configuration import PAGE, RESOURCE, to_configuration
from opensink_web.web.agents.configuration_difference import difference, facts_of
from opensink_web.web.rendering.listing import chosen_id

blueprint = Blueprint("configuration_version", __name__)
_VERSION = PAGE + "/versions/<uuid:configuration_id>"
_OFFERED = 50


@blueprint.get(_VERSION)
@requires(RESOURCE, Action.READ)
def show(principal: Principal, agent_id: UUID, configuration_id: UUID) -> ResponseReturnValue:
    """Show a version, and what it says otherwise than another: that of before, if none is named."""
    agent = find_agent(principal.workspace, agent_id)
    version = configuration_of(principal.workspace, agent_id, configuration_id)
    other_id = chosen_id("other")
    other = (
        version_before(version)
        if other_id is None
        else configuration_of(principal.workspace, agent_id, other_id)
    )
    newest = PageRequest(limit=_OFFERED)
    offered = list_configurations(principal.workspace, ConfigurationFilter(agent_id), newest).items
    # whichever is shown is offered too, however old it is
    offered += [each for each in (other,) if each is not None and each not in offered]
    return render_template(
        "configuration/version.html",
        agent=agent,
        version=version,
        other=other,
        offered=[each for each in offered if each.id != version.id],
        difference=difference(version, other) if other is not None else None,
        facts=facts_of(version),
        active=active_of(agent),
        may_change=principal.may(RESOURCE, Action.WRITE),
    )


@blueprint.get(_VERSION + "/activate")
@requires(RESOURCE, Action.WRITE)
def confirm(principal: Principal, agent_id: UUID, configuration_id: UUID) -> ResponseReturnValue:
    """Show what the agent goes by otherwise with this version, and ask once more."""
    version = configuration_of(principal.workspace, agent_id, configuration_id)
    return _confirmation(principal, agent_id, version)


@blueprint.post(_VERSION + "/activate")
@requires(RESOURCE, Action.WRITE)
def activate(principal: Principal, agent_id: UUID, configuration_id: UUID) -> ResponseReturnValue:
    """Have the agent go by this version, if it goes by what the confirmation has shown still."""
    version = configuration_of(principal.workspace, agent_id, configuration_id)
    with writing():
        agent = lock_agent(principal.workspace, agent_id)
        is_as_shown = request.form.get("active") == str(agent.config_id)
        if is_as_shown:
            activate_configuration(agent, version)
    if not is_as_shown:
        return _confirmation(principal, agent_id, version, is_overtaken=True), 409
    flash(f"The agent goes by version {version.version} from now on.", "success")
    return to_configuration(principal, agent_id, version.variant)


def _confirmation(
    principal: Principal,
    agent_id: UUID,
    version: AgentConfiguration,
    *,
    is_overtaken: bool = False,
) -> str:
    """Raises: NotFound."""
    agent = find_agent(principal.workspace, agent_id)
    active = active_of(agent)
    if active is None:
        raise NotFound("This agent has no configuration.")
    return render_template(
        "configuration/activate.html",
        agent=agent,
        version=version,
        active=active,
        difference=difference(version, active),
        is_overtaken=is_overtaken,
    )
