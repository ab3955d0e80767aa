"""Filters by one of many: a select while there are few, else a text field with suggestions.

A page offers no more than OFFERED_MAX of anything. Whoever means another writes what it is called,
which needs no JavaScript: an agent's or function's `namespace/name`, a member's e-mail address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from wtforms import SelectChoice

from opensink_web.errors import InvalidInput, NotFound
from opensink_web.models import Agent, Workspace, db
from opensink_web.operations.accounts.queries import (
    address_of_member,
    find_member_called,
    members_by_address,
)
from opensink_web.operations.agents.queries import agents_by_name, find_agent_called
from opensink_web.operations.executions.queries.function import function_names
from opensink_web.visible_text import isolated
from opensink_web.web.rendering.listing import chosen_text

OFFERED_MAX = 100
Option = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a filter offers, in groups: (label, (value, text)...); a group without label has "".

    Where it is not `is_whole` others can be written; `chosen` is what it is set to.
    """

    groups: Sequence[tuple[str, Sequence[Option]]]
    chosen: str
    is_whole: bool

    @property
    def count(self) -> int:
        return sum(len(options) for _, options in self.groups)


def chosen_agent(workspace: Workspace) -> UUID | None:
    """Return the agent that the filter is set to, by id or in words. Raises: InvalidInput."""
    text = chosen_text("agent")
    return _id_in(text) or agent_called(workspace, text) if text else None


def agent_called(workspace: Workspace, text: str) -> UUID:
    """Return the agent that somebody means. Raises: InvalidInput."""
    try:
        return find_agent_called(workspace, text).id
    except NotFound as error:
        raise InvalidInput(error.message) from None


def chosen_member(workspace: Workspace) -> UUID | None:
    """Return the member that the filter is set to, by id or address. Raises: InvalidInput."""
    text = chosen_text("user")
    if not text:
        return None
    try:
        return _id_in(text) or find_member_called(workspace, text)
    except NotFound as error:
        raise InvalidInput(error.message) from None


def agent_choice(workspace: Workspace, chosen_id: UUID | None) -> Choice:
    """Offer the workspace's agents."""
    agents = agents_by_name(workspace, OFFERED_MAX + 1)
    is_whole = len(agents) <= OFFERED_MAX
    if is_whole:
        options = [(str(each.id), each.name) for each in agents]
        return Choice((("", options),), str(chosen_id or ""), is_whole)
    return Choice((("", _addresses(agents)),), _address_of(workspace, chosen_id), is_whole)


def member_choice(workspace: Workspace, chosen_id: UUID | None) -> Choice:
    """Offer the workspace's members."""
    members = members_by_address(workspace, OFFERED_MAX + 1)
    is_whole = len(members) <= OFFERED_MAX
    if is_whole:
        return Choice(
            (("", [(str(each), email) for each, email in members]),), str(chosen_id or ""), is_whole
        )
    options = [(email, "") for _, email in members[:OFFERED_MAX]]
    email = address_of_member(workspace, chosen_id) if chosen_id else None
    return Choice((("", options),), email or chosen_text("user"), is_whole)


def function_or_agent_choice(workspace: Workspace, chosen: str, agent_id: UUID | None) -> Choice:
    """Offer what can be executed; a function that was deleted is there while it is chosen."""
    names = function_names(workspace, OFFERED_MAX + 1)
    agents = agents_by_name(workspace, OFFERED_MAX + 1)
    is_whole = max(len(names), len(agents)) <= OFFERED_MAX
    if not is_whole:
        functions = [(each, "Function") for each in names[:OFFERED_MAX]]
        text = _address_of(workspace, agent_id) if agent_id else chosen
        return Choice((("", [*functions, *_addresses(agents)]),), text, is_whole)
    if "/" in chosen and chosen not in names:
        names.append(chosen)
    groups = (
        ("Functions", [(each, each) for each in names]),
        ("Agents", [(str(each.id), each.name) for each in agents]),
    )
    value = str(agent_id) if agent_id else chosen
    return Choice([each for each in groups if each[1]], value, is_whole)


def named_choice(value: object, name: str) -> SelectChoice:
    """Return a line of a form's select that has the name of something in it.

    WTForms draws it, not a template, so what nobody would see in the name is marked here.
    """
    return SelectChoice(str(value), isolated(name))


def _addresses(agents: Sequence[Agent]) -> list[Option]:
    return [(f"{each.namespace}/{each.slug}", each.name) for each in agents[:OFFERED_MAX]]


def _address_of(workspace: Workspace, agent_id: UUID | None) -> str:
    agent = db.session.get(Agent, agent_id) if agent_id else None
    is_ours = agent is not None and agent.workspace_id == workspace.id
    return f"{agent.namespace}/{agent.slug}" if agent and is_ours else str(agent_id or "")


def _id_in(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
