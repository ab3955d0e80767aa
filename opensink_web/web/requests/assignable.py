"""Whom a request can be given to: what is offered while somebody types."""

from collections.abc import Sequence
from dataclasses import dataclass

from opensink_web.models import Workspace
from opensink_web.operations.accounts.queries import active_members_by_address, names_of_teams

MEMBERS_OFFERED = 200
"""Others can be typed."""


@dataclass(frozen=True, slots=True)
class Assignable:
    """Names of teams, and e-mail addresses."""

    teams: Sequence[str]
    members: Sequence[str]


def assignable_in(workspace: Workspace) -> Assignable:
    """Return the teams and the first of the members."""
    return Assignable(
        names_of_teams(workspace), active_members_by_address(workspace, MEMBERS_OFFERED)
    )
