"""What is executed, as a filter of lists: a function by its name, or an agent by its id."""

from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from opensink_web.errors import InvalidInput, NotFound
from opensink_web.models import Agent, Workspace
from opensink_web.operations.agent import agents_by_name
from opensink_web.operations.function import find_function, function_names
from opensink_web.web.listing import chosen_text


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
    """What the filter offers; `functions` are written `namespace/name`."""

    chosen: ChosenTarget
    functions: list[str]
    agents: list[Agent]


def target_choice(workspace: Workspace) -> TargetChoice:
    """Return the filter as the address sets it. Raises: InvalidInput."""
    chosen = _chosen(workspace)
    names = function_names(workspace)
    if chosen.namespace is not None:
        names.append(chosen.text)
    return TargetChoice(chosen, names, agents_by_name(workspace))


def _chosen(workspace: Workspace) -> ChosenTarget:
    text = chosen_text("target")
    namespace, slash, name = text.partition("/")
    if not text:
        return ChosenTarget()
    if not slash:
        return ChosenTarget(text, agent_id=_id_in(text))
    with suppress(NotFound):
        return ChosenTarget(text, function_id=find_function(workspace, namespace, name).id)
    return ChosenTarget(text, namespace=namespace, name=name)


def _id_in(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InvalidInput("What to filter by is no function's name and no agent's id.") from None
