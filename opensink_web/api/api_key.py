"""/api-keys: the keys with which programs speak for people."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Moment,
    Name,
    PageQuery,
    PageResponse,
    Received,
    ResponseModel,
    page_response,
)
from opensink_web.errors import PermissionMissing
from opensink_web.operations.accounts import api_key as api_keys
from opensink_web.operations.accounts import queries
from opensink_web.operations.accounts.permission import (
    EVERYTHING,
    SCOPES,
    Action,
    Principal,
    check_scopes,
)

routes = Routes(
    "api_keys",
    title="API keys",
    about="The keys with which programs speak for people. Each is shown once.",
)


class ApiKeyCreate(Received):
    """A new key for whoever asks. A scope is `<resource>:<read|write|all>` or `all:all`.

    It reaches no further and lives no longer than the key it is made with: without `expires_at`
    it expires with that one, and when that one is revoked so is this.
    """

    server_set = frozenset(
        {"id", "workspace_id", "user_id", "prefix", "key", "last_used_at", "created_at"}
    )

    name: Name
    scopes: Annotated[
        list[Annotated[str, Field(json_schema_extra={"enum": [*SCOPES]})]],
        Field(json_schema_extra={"minItems": 1}),
    ]
    expires_at: Moment | None = None


class ApiKeyResponse(ResponseModel):
    """A key, known by its beginning."""

    id: UUID
    workspace_id: UUID
    user_id: UUID
    name: str
    prefix: str
    scopes: list[str]
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class ApiKeyCreated(ApiKeyResponse):
    """A new key, and this once the key itself; null where the answer is a replay."""

    shown_once: ClassVar[frozenset[str]] = frozenset({"key"})

    key: str | None


ApiKeyPage = PageResponse[ApiKeyResponse]


@routes.post(
    "/api-keys",
    summary="Make an API key.",
    example=Example(
        body={
            "name": "Nightly run",
            "scopes": ["agents:read", "agent_sessions:all"],
            "expires_at": "{+90d}",
        }
    ),
    about=("`key` is in this answer alone: it is stored hashed."),
)
def create_key(principal: Principal, body: ApiKeyCreate) -> ApiKeyCreated:
    scopes = check_scopes(tuple(body.scopes))
    _check_reach(principal, scopes)
    row, key = api_keys.create_key(
        principal.workspace,
        principal.user,
        name=body.name,
        scopes=scopes,
        expires_at=body.expires_at,
        parent=principal.key,
    )
    return ApiKeyCreated(**ApiKeyResponse.of(row).model_dump(), key=key)


@routes.get("/api-keys", summary="List the API keys.")
def list_keys(principal: Principal, query: PageQuery) -> ApiKeyPage:
    return page_response(queries.list_keys(principal.workspace, query.page), ApiKeyResponse.of)


@routes.get("/api-keys/{key_id}", summary="Read what is known of an API key.")
def get_key(principal: Principal, key_id: UUID) -> ApiKeyResponse:
    return ApiKeyResponse.of(queries.find_key(principal.workspace, key_id))


@routes.delete("/api-keys/{key_id}", summary="Revoke an API key.")
def revoke_key(principal: Principal, key_id: UUID) -> None:
    api_keys.revoke_key(principal.workspace, key_id)


def _check_reach(principal: Principal, scopes: tuple[str, ...]) -> None:
    """Let no key or token make one that reaches further than itself. Raises: PermissionMissing."""
    if principal.scopes is None or EVERYTHING in principal.scopes:
        return
    for scope in scopes:
        resource, _, word = scope.partition(":")
        actions = tuple(Action) if word == "all" else (Action(word),)
        if scope == EVERYTHING or not all(principal.may(resource, each) for each in actions):
            raise PermissionMissing(f"A key without {scope} cannot make one that has it.")
