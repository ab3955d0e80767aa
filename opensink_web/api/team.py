"""/teams: teams and who is in them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Change,
    Name,
    PageQuery,
    PageResponse,
    PersonResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.models import Workspace
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts import team as teams
from opensink_web.operations.accounts.permission import Principal

routes = Routes(
    "teams", title="Teams", about="Members who decide together: requests can be assigned to a team."
)

_SERVER_SET = frozenset({"id", "workspace_id", "created_at", "updated_at"})
_TeamName = Annotated[Name, Field(max_length=teams.NAME_LENGTH_MAX)]
_Members = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=320)]], Field(max_length=teams.MEMBERS_MAX)
]


class TeamCreate(Received):
    """A team; members by id or by e-mail address."""

    server_set = _SERVER_SET

    name: _TeamName
    description: str = ""
    members: _Members = []


class TeamChange(Change):
    """What of a team to change; `members` are all who are in it from then on."""

    server_set = _SERVER_SET

    name: _TeamName = ""
    description: str = ""
    members: _Members = []

    def changes(self, workspace: Workspace) -> teams.TeamChanges:
        """Return what operations take. Raises: InvalidInput naming each that is no member."""
        given = self.given()
        named = given.pop("members", None)
        changes: teams.TeamChanges = given
        if named is not None:
            changes["user_ids"] = queries.ids_of_members(workspace, named)
        return changes


class TeamResponse(ResponseModel):
    id: UUID
    workspace_id: UUID
    name: str
    description: str
    members: list[PersonResponse]
    created_at: datetime
    updated_at: datetime


TeamPage = PageResponse[TeamResponse]


@routes.post(
    "/teams",
    summary="Make a team.",
    errors=(409,),
    example=Example(body={"name": "Finance", "members": ["bob@example.com"]}),
)
def create_team(principal: Principal, body: TeamCreate) -> TeamResponse:
    team = teams.create_team(
        principal.workspace,
        name=body.name,
        description=body.description,
        user_ids=queries.ids_of_members(principal.workspace, body.members),
    )
    return TeamResponse.of(team)


@routes.get("/teams", summary="List the teams.")
def list_teams(principal: Principal, query: PageQuery) -> TeamPage:
    return page_response(queries.list_teams(principal.workspace, query.page), TeamResponse.of)


@routes.get("/teams/{team_id}", summary="Read a team.")
def get_team(principal: Principal, team_id: UUID) -> TeamResponse:
    return TeamResponse.of(queries.find_team(principal.workspace, team_id))


@routes.patch(
    "/teams/{team_id}",
    summary="Change a team.",
    errors=(409,),
    example=Example(body={"members": ["alice@example.com", "bob@example.com"]}),
)
def update_team(principal: Principal, team_id: UUID, body: TeamChange) -> TeamResponse:
    queries.find_team(
        principal.workspace, team_id
    )  # that there is one is asked before who is in it
    team = teams.update_team(principal.workspace, team_id, body.changes(principal.workspace))
    return TeamResponse.of(team)


@routes.delete("/teams/{team_id}", summary="Delete a team.")
def delete_team(principal: Principal, team_id: UUID) -> None:
    teams.delete_team(principal.workspace, team_id)
