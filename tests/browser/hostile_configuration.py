"""Configurations with hostile text in them: schemas, values, names of variants."""

from opensink_web.json_value import JSONObject
from opensink_web.models import AgentSession, Workspace
from opensink_web.operations.agents.agent import lock_agent
from opensink_web.operations.agents.configuration import (
    FIRST_VARIANT,
    CheckedConfiguration,
    create_configuration,
)
from tests.browser.hostile_form import hostile_form
from tests.browser.hostile_texts import Texts


def add_configurations(
    workspace: Workspace, session: AgentSession, texts: Texts
) -> tuple[str, ...]:
    """Make versions and variants of an agent; return their pages, below the workspace's."""
    agent = lock_agent(workspace, session.agent_id)
    values: list[JSONObject] = [
        {text: {text: [text]} for text in texts.all[start::2]} for start in range(2)
    ]
    contents: list[tuple[str, JSONObject, JSONObject]] = [
        (FIRST_VARIANT, {}, values[0]),
        (FIRST_VARIANT, hostile_form(texts), values[1]),
    ]
    contents += [(line[:255], {"title": line}, values[0]) for line in texts.of_people[:3]]
    made = [
        create_configuration(
            agent, CheckedConfiguration(variant, schema, value, None, False, False)
        ).id
        for variant, schema, value in contents
    ]
    at = f"/agents/{agent.id}/configuration"
    return (
        *(at, f"{at}/schema", f"{at}/variants", f"{at}/variants/new?of={made[-1]}"),
        *(f"{at}/versions/{made[1]}", f"{at}/versions/{made[-1]}?other={made[0]}"),
        f"{at}/versions/{made[0]}/activate",
    )
