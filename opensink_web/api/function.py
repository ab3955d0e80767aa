"""/functions: what applications execute by name, and what carries it out."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeAlias
from uuid import UUID

from flask import current_app
from pydantic import Field

from opensink_web.api.endpoint import CallBody, CallResponse
from opensink_web.api.signing_secret import (
    OVERLAP_ENDS_AT,
    SERVER_SET,
    SIGNING_SECRET,
    SigningSecret,
    signing_facts,
)
from opensink_web.contract.example import Example
from opensink_web.contract.route import Routes
from opensink_web.contract.shapes import (
    Change,
    JsonObject,
    Line,
    PageQuery,
    PageResponse,
    PathName,
    PersonResponse,
    Received,
    ResponseModel,
    Whole,
    page_response,
)
from opensink_web.errors import UnreadableSecret
from opensink_web.json_value import JSONObject
from opensink_web.models import Function, FunctionKind, Quorum
from opensink_web.operations.accounts.delegation import EXECUTING
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.agents.signing_secret import end_signing_overlap, rotate_signing_secret
from opensink_web.operations.executions import function as functions
from opensink_web.operations.executions.function import CheckedFields
from opensink_web.operations.executions.function_target import (
    ENTRY_POINT,
    EntryPointSpec,
    FunctionTarget,
    target_of,
    target_to_json,
    target_without_credentials,
)
from opensink_web.operations.executions.permission import executable_function
from opensink_web.operations.executions.queries import function as function_queries
from opensink_web.operations.requests.options import RESPONSES_MAX
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.schema.secrets import without_secret_proposals
from opensink_web.services import EXTENSION, Services

RESOURCE = "functions"
_ADDRESS = "/functions/{namespace}/{name}"
FunctionName: TypeAlias = Annotated[
    str, Field(json_schema_extra={"pattern": functions.FUNCTION_NAME})
]
"""What stands in addresses; the operation checks it."""
routes = Routes(
    RESOURCE,
    title="Functions",
    about="What applications execute by name, and what carries it out. Calls can need approval.",
)


class HttpTargetBody(CallBody):
    """An endpoint, called once for each execution; its answer of 200 to 299 is the output."""

    kind: Literal[FunctionKind.HTTP]

    def to_target(self) -> FunctionTarget:
        """Return what operations take."""
        return self.within(functions.TIMEOUT_SECONDS_DEFAULT)  # the function's own counts


class PythonTargetBody(Received):
    """An entry point of the group `opensink.functions` in a package that the workers have."""

    kind: Literal[FunctionKind.PYTHON]
    entry_point: Annotated[str, Field(json_schema_extra={"pattern": ENTRY_POINT})]

    def to_target(self) -> FunctionTarget:
        """Return what operations take."""
        return EntryPointSpec(self.entry_point)


TargetBody: TypeAlias = Annotated[HttpTargetBody | PythonTargetBody, Field(discriminator="kind")]
_SERVER_SET = SERVER_SET | frozenset(
    {"id", "workspace_id", "target_error", "created_by", "created_at", "updated_at"}
)


class FunctionReplacement(Received):
    """A whole function; what is left out is as it is by default, its name as in the address."""

    server_set = _SERVER_SET

    namespace: FunctionName | None = None
    name: FunctionName | None = None
    description: str | None = None
    input_schema: JsonObject = Field(
        default={"type": "object"}, description="JSON Schema of the input, which is an object."
    )
    output_schema: JsonObject | None = Field(
        default=None, description="JSON Schema of the output; null takes any."
    )
    timeout_seconds: Whole = Field(
        default=functions.TIMEOUT_SECONDS_DEFAULT, ge=1, le=functions.TIMEOUT_SECONDS_MAX
    )
    requires_approval: bool = Field(
        default=False, description="Whether a person approves each execution before it begins."
    )
    required_responses: Whole = Field(
        default=1, ge=1, le=RESPONSES_MAX, description="How many people have to approve it."
    )
    quorum: Quorum | None = Field(
        default=None, description="With more than one: as of a question to a person."
    )
    forbid_requester: bool = Field(
        default=False, description="Whether somebody else has to approve than who calls."
    )
    is_active: bool = Field(default=True, description="Whether it can be executed.")
    target: TargetBody

    def fields(self, namespace: str, name: str) -> functions.FunctionFields:
        """Return what operations take, for a function that has this name unless the body says."""
        return functions.FunctionFields(
            namespace=namespace if self.namespace is None else self.namespace,
            name=name if self.name is None else self.name,
            target=self.target.to_target(),
            description=self.description,
            input_schema=self.input_schema,
            output_schema=self.output_schema,
            timeout_seconds=self.timeout_seconds,
            requires_approval=self.requires_approval,
            required_responses=self.required_responses,
            quorum=self.quorum,
            forbid_requester=self.forbid_requester,
            is_active=self.is_active,
        )


class FunctionCreate(FunctionReplacement):
    """A new function."""

    namespace: FunctionName
    name: FunctionName


class FunctionChange(Change):
    """What of a function to change; what is left out stays."""

    server_set = _SERVER_SET

    namespace: FunctionName = ""
    name: FunctionName = ""
    description: str | None = None
    input_schema: JsonObject = {}
    output_schema: JsonObject | None = None
    timeout_seconds: Whole = Field(default=1, ge=1, le=functions.TIMEOUT_SECONDS_MAX)
    requires_approval: bool = False
    required_responses: Whole = Field(default=1, ge=1, le=RESPONSES_MAX)
    quorum: Quorum | None = None
    forbid_requester: bool = False
    is_active: bool = True
    target: TargetBody | None = Field(
        default=None, description="Null changes nothing, as one that could not be shown is read."
    )

    def changes(self) -> functions.FunctionChanges:
        """Return what operations take."""
        given = self.given()
        given.pop("target", None)
        if self.target is not None:
            given["target"] = self.target.to_target()
        changes: functions.FunctionChanges = given
        return changes


class HttpTargetResponse(CallResponse):
    kind: Literal[FunctionKind.HTTP]


class PythonTargetResponse(ResponseModel):
    kind: Literal[FunctionKind.PYTHON]
    entry_point: str


class FunctionResponse(ResponseModel):
    """A function, addressed by its namespace and name."""

    id: UUID
    workspace_id: UUID
    namespace: str
    name: str
    description: str | None
    input_schema: JsonObject
    output_schema: JsonObject | None
    timeout_seconds: int
    requires_approval: bool
    required_responses: int
    quorum: Quorum | None
    forbid_requester: bool
    is_active: bool
    target: HttpTargetResponse | PythonTargetResponse | None
    target_error: str | None = Field(
        description="Why there is a target that cannot be shown or called; null if all is well."
    )
    signing_secret: SigningSecret = SIGNING_SECRET
    signing_overlap_ends_at: datetime | None = OVERLAP_ENDS_AT
    created_by: PersonResponse | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def shown_to(cls, principal: Principal, function: Function) -> Self:
        """Write the function, its credentials only for those who may change them."""
        shown, error = None, None
        may_write = principal.may(RESOURCE, Action.WRITE)
        try:
            target = target_of(function)
            if not may_write:
                target = target_without_credentials(target)
            shown = target_to_json(target)
        except UnreadableSecret as unreadable:
            error = unreadable.message
        ours: dict[str, Any] = {
            "target": shown,
            "target_error": error,
            **signing_facts(principal, RESOURCE, function),
        }
        if not may_write:
            for name in ("input_schema", "output_schema"):
                ours[name] = without_secret_proposals(getattr(function, name))
        others = {name: getattr(function, name) for name in cls.model_fields if name not in ours}
        return cls.model_validate(others | ours)


FunctionPage = PageResponse[FunctionResponse]


class FunctionQuery(PageQuery):
    namespace: str | None = None
    kind: FunctionKind | None = None
    is_active: bool | None = None
    search: Line | None = Field(
        default=None, description="Only those with this in `namespace/name` or the description."
    )

    @property
    def filters(self) -> function_queries.FunctionFilter:
        """What operations take."""
        return function_queries.FunctionFilter(
            self.namespace, self.kind, self.is_active, self.search
        )


_EXAMPLE: JSONObject = {
    "description": "Moves money to a supplier.",
    "input_schema": {
        "type": "object",
        "properties": {"amount": {"type": "number", "maximum": 1000}, "to": {"type": "string"}},
        "required": ["amount", "to"],
    },
    "requires_approval": True,
    "target": {"kind": "http", "url": "https://billing.example.com/transfer"},
}


def _check_new(principal: Principal, body: FunctionCreate) -> CheckedFields:
    """Raises: InvalidInput; InvalidSchema."""
    return functions.check_fields(_policy(), body.fields(body.namespace, body.name))


@routes.post(
    "/functions",
    summary="Make a function.",
    precheck=_check_new,
    example=Example(body={"namespace": "billing", "name": "transfer", **_EXAMPLE}),
)
def create_function(
    principal: Principal, body: FunctionCreate, checked: CheckedFields
) -> FunctionResponse:
    function = functions.create_function(principal.workspace, principal.user, _policy(), checked)
    return FunctionResponse.shown_to(principal, function)


@routes.get(
    "/functions", summary="List the functions.", example=Example(query={"namespace": "billing"})
)
def list_functions(principal: Principal, query: FunctionQuery) -> FunctionPage:
    page = function_queries.list_functions(principal.workspace, query.page, query.filters)
    return page_response(page, lambda function: FunctionResponse.shown_to(principal, function))


@routes.get(_ADDRESS, summary="Read a function.", delegated=EXECUTING)
def get_function(principal: Principal, namespace: PathName, name: PathName) -> FunctionResponse:
    function = function_queries.find_function(principal.workspace, namespace, name)
    if principal.is_delegated:
        executable_function(principal, namespace, name)
    return FunctionResponse.shown_to(principal, function)


def _check_change(
    principal: Principal, namespace: str, name: str, body: FunctionReplacement | FunctionChange
) -> CheckedFields:
    """Raises: NotFound; InvalidInput; InvalidSchema."""
    function = function_queries.find_function(principal.workspace, namespace, name)
    if isinstance(body, FunctionChange):
        return functions.check_fields(_policy(), body.changes(), function)
    return functions.check_fields(_policy(), body.fields(namespace, name), function)


@routes.put(
    _ADDRESS,
    summary="Replace a function whole.",
    errors=(409,),
    precheck=_check_change,
    example=Example(body={**_EXAMPLE, "requires_approval": False}),
)
def replace_function(
    principal: Principal,
    namespace: PathName,
    name: PathName,
    body: FunctionReplacement,
    checked: CheckedFields,
) -> FunctionResponse:
    function = functions.update_function(principal.workspace, namespace, name, _policy(), checked)
    return FunctionResponse.shown_to(principal, function)


@routes.patch(
    _ADDRESS,
    summary="Change a function.",
    errors=(409,),
    precheck=_check_change,
    example=Example(body={"timeout_seconds": 60}),
)
def update_function(
    principal: Principal,
    namespace: PathName,
    name: PathName,
    body: FunctionChange,
    checked: CheckedFields,
) -> FunctionResponse:
    function = functions.update_function(principal.workspace, namespace, name, _policy(), checked)
    return FunctionResponse.shown_to(principal, function)


@routes.delete(_ADDRESS, summary="Delete a function; its executions stay.", errors=(409,))
def delete_function(principal: Principal, namespace: PathName, name: PathName) -> None:
    functions.delete_function(principal.workspace, namespace, name)


@routes.post(
    _ADDRESS + "/rotate-signing-secret",
    summary="Replace the function's signing secret; the previous one signs too for 24 hours.",
    status=200,
)
def rotate_function_signing_secret(
    principal: Principal, namespace: PathName, name: PathName
) -> FunctionResponse:
    function = functions.lock_function(principal.workspace, namespace, name)
    workspace = rotate_signing_secret(principal.workspace, function)
    return FunctionResponse.shown_to(replace(principal, workspace=workspace), function)


@routes.post(
    _ADDRESS + "/end-signing-overlap",
    summary="Sign no longer with the function's previous signing secret.",
    status=200,
)
def end_function_signing_overlap(
    principal: Principal, namespace: PathName, name: PathName
) -> FunctionResponse:
    function = functions.lock_function(principal.workspace, namespace, name)
    end_signing_overlap(function)
    return FunctionResponse.shown_to(principal, function)


def _policy() -> EndpointPolicy:
    services: Services = current_app.extensions[EXTENSION]
    return services.policy
