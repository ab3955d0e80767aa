"""What is executed: where its page is, and a filter of lists by it.

In the address a function stands by its name, an agent by its id.
"""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from flask import url_for

from opensink_web.errors import NotFound
from opensink_web.models import Agent, Batch, Execution, Function, Workspace, db
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.executions.queries.function import find_function
from opensink_web.web.forms.choice import Choice, agent_called, function_or_agent_choice
from opensink_web.web.rendering.listing import chosen_text


@dataclass(frozen=True, slots=True)
class ChosenTarget:
    """What is chosen, None for any.

    A function that is there is looked for by its id, which has an index; one that was deleted by
    the name that its executions keep.
    """

    text: str = ""
    function_id: UUID | None = None
    agent_id: UUID | None = None
    namespace: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class TargetChoice:
    """What the filter is set to, and what it offers."""

    chosen: ChosenTarget
    offered: Choice


def target_choice(workspace: Workspace) -> TargetChoice:
    """Return the filter as the address sets it. Raises: InvalidInput."""
    chosen = _chosen(workspace)
    offered = function_or_agent_choice(workspace, chosen.text, chosen.agent_id)
    return TargetChoice(chosen, offered)


def target_href(principal: Principal, run: Execution | Batch) -> str | None:
    """Return where the page of a function or agent is, if it is there and the reader may see it."""
    slug = principal.workspace.slug
    agent = db.session.get(Agent, run.agent_id) if run.agent_id else None
    if agent is not None and principal.may("agents", Action.WRITE):
        return url_for("agent.show", workspace_slug=slug, agent_id=agent.id)
    function = db.session.get(Function, run.function_id) if run.function_id else None
    if function is None or not principal.may("functions", Action.READ):
        return None
    namespace, name = function.namespace, function.name  # which may have changed since
    return url_for("function.show", workspace_slug=slug, namespace=namespace, name=name)


def _chosen(workspace: Workspace) -> ChosenTarget:
    text = chosen_text("target")
    namespace, slash, name = text.partition("/")
    if not text:
        return ChosenTarget()
    if not slash:
        return ChosenTarget(text, agent_id=_id_in(workspace, text))
    with suppress(NotFound):
        return ChosenTarget(text, function_id=find_function(workspace, namespace, name).id)
    return ChosenTarget(text, namespace=namespace, name=name)


def _id_in(workspace: Workspace, text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        return agent_called(workspace, text)
