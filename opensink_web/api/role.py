"""/roles: the roles that a workspace makes itself, and which members have them."""

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
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import NotFound
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts import role as roles
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.permission_pattern import LENGTH_MAX, PATTERN
from opensink_web.operations.accounts.queries import find_user
from opensink_web.operations.decisions.ending import revoking_of

routes = Routes("roles", title="Roles", about="Sets of permissions that members are given.")

_SERVER_SET = frozenset({"id", "workspace_id", "created_at", "updated_at"})
_RoleName = Annotated[Name, Field(max_length=roles.NAME_LENGTH_MAX)]
_Permissions = Annotated[
    list[Annotated[str, Field(json_schema_extra={"pattern": PATTERN, "maxLength": LENGTH_MAX})]],
    Field(json_schema_extra={"minItems": 1, "maxItems": roles.PERMISSIONS_MAX}),
]


class RoleCreate(Received):
    """A role: patterns `<service>.<resource>[/<path>].<action>:<own|all>`, none beyond yours."""

    server_set = _SERVER_SET

    name: _RoleName
    description: str = ""
    permissions: _Permissions


class RoleChange(Change):
    """What of a role to change; what is left out stays."""

    server_set = _SERVER_SET

    name: _RoleName = ""
    description: str = ""
    permissions: _Permissions = []

    def changes(self) -> roles.RoleChanges:
        """Return what operations take."""
        changes: roles.RoleChanges = self.given()
        return changes


class RoleMember(Received):
    """A member of the workspace, by id or by e-mail address."""

    member: Annotated[str, Field(min_length=1, max_length=320)]


class RoleResponse(ResponseModel):
    id: UUID
    workspace_id: UUID
    name: str
    description: str
    permissions: list[str]
    created_at: datetime
    updated_at: datetime


class RoleMemberResponse(ResponseModel):
    id: UUID
    email: str


RolePage = PageResponse[RoleResponse]
RoleMemberPage = PageResponse[RoleMemberResponse]


@routes.post(
    "/roles",
    summary="Make a role.",
    errors=(409,),
    example=Example(
        body={
            "name": "Buyer",
            "permissions": ["sinas.agents.read:all", "sinas.functions/billing/*.execute:own"],
        }
    ),
)
def create_role(principal: Principal, body: RoleCreate) -> RoleResponse:
    role = roles.create_role(
        principal, name=body.name, description=body.description, permissions=body.permissions
    )
    return RoleResponse.of(role)


@routes.get("/roles", summary="List the roles of the workspace's own.")
def list_roles(principal: Principal, query: PageQuery) -> RolePage:
    return page_response(queries.list_roles(principal.workspace, query.page), RoleResponse.of)


@routes.get("/roles/{role_id}", summary="Read a role.")
def get_role(principal: Principal, role_id: UUID) -> RoleResponse:
    return RoleResponse.of(queries.find_role(principal.workspace, role_id))


@routes.patch(
    "/roles/{role_id}",
    summary="Change a role.",
    errors=(409,),
    example=Example(body={"description": "Executes what pays suppliers."}),
)
def update_role(principal: Principal, role_id: UUID, body: RoleChange) -> RoleResponse:
    with revoking_of(principal, queries.who_has(principal.workspace, role_id)):
        role = roles.update_role(principal, role_id, body.changes())
    return RoleResponse.of(role)


@routes.delete("/roles/{role_id}", summary="Delete a role.")
def delete_role(principal: Principal, role_id: UUID) -> None:
    with revoking_of(principal, queries.who_has(principal.workspace, role_id)):
        roles.delete_role(principal, role_id)


@routes.get("/roles/{role_id}/members", summary="List who has a role.")
def list_role_members(principal: Principal, role_id: UUID, query: PageQuery) -> RoleMemberPage:
    role = queries.find_role(principal.workspace, role_id)
    return page_response(queries.list_role_members(role, query.page), RoleMemberResponse.of)


@routes.post(
    "/roles/{role_id}/members",
    summary="Give a member a role.",
    example=Example(body={"member": "bob@example.com"}),
)
def give_role(principal: Principal, role_id: UUID, body: RoleMember) -> RoleMemberResponse:
    user = roles.give_role(principal, role_id, _user_id(body.member))
    return RoleMemberResponse.of(user)


@routes.delete("/roles/{role_id}/members/{user_id}", summary="Take a role from a member.")
def take_role(principal: Principal, role_id: UUID, user_id: UUID) -> None:
    with revoking_of(principal, [user_id]):
        roles.take_role(principal, role_id, user_id)


def _user_id(member: str) -> UUID:
    """Raises: NotFound; whether they are a member is not asked here."""
    try:
        return UUID(member)
    except ValueError:
        user = find_user(member)
    if user is None:
        raise NotFound("There is no such member.")
    return user.id
