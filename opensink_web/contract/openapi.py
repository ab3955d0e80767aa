"""OpenAPI 3.1 of all that speaks JSON, drawn up from the declarations that the calls go through.

https://spec.openapis.org/oas/v3.1.1.html
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from opensink_web.contract.call import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from opensink_web.contract.example import IDEMPOTENCY_KEY, recorded, shown
from opensink_web.contract.problem import Problem
from opensink_web.contract.route import Group, Permission, Route
from opensink_web.contract.shapes import (
    NEXT_CURSOR_HEADER,
    TRUNCATED_HEADER,
    ListResponse,
)
from opensink_web.json_value import JSONObject
from opensink_web.operations import idempotency
from opensink_web.operations.accounts.permission import KEY_RESOURCES, Action
from opensink_web.operations.sinks.secret import SECRET_HEADER

_REFERENCE = "#/components/schemas/{model}"
_Shapes: TypeAlias = Mapping[Any, JSONObject]
"""By model and mode, a reference to its schema."""


def server_url(public_url: str) -> str | None:
    """Return the server that the document has to name; None at a host's root, as without one.

    https://spec.openapis.org/oas/v3.1.1.html#server-object
    """
    return public_url if urlsplit(public_url).path else None


@cache
def openapi_document(routes: tuple[Route, ...], server: str | None = None) -> JSONObject:
    """Draw up the document."""
    shapes, components = _schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(route.address, {})[route.method.lower()] = _operation(route, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "OpenSink",
            "version": version("opensink-web"),
            "description": ABOUT,
        },
        **({"servers": [{"url": server}]} if server else {}),
        "tags": _tags(routes),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": {"Problem": _problem(shapes)},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key, or an access token of `POST /auth/login`.",
                },
                "key": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-API-Key",
                    "description": "An API key, for clients that cannot send `Authorization`.",
                },
                "sinkSecret": {
                    "type": "apiKey",
                    "in": "header",
                    "name": SECRET_HEADER,
                    "description": "The secret of a sink: enough to add items to it.",
                },
            },
        },
        "security": _BY_KEY,
    }


ABOUT = """\
The control room in which people answer AI agents. An agent asks in a session, by a JSON Schema; a \
person answers in a form made from it; the agent reads the answer or is called with it.

- **Who calls**: `Authorization: Bearer` with an API key or an access token. What a key may do, \
its scopes say: `<resource>:<read|write|all>`, or `all:all`.
- **Once**: a `POST` with an `Idempotency-Key` does nothing again when it is repeated within 24 \
hours, and answers what it answered first. What signs in or out takes none (400): it answers \
tokens, and those are kept nowhere.
- **Lists** of `/api/v1` are pages, newest first: `$limit` items at most, and with `$trail` those \
that follow. Lists of the execution API, at the root, are bare arrays with `skip` and `limit`.
- **Errors** have one body, whatever the status: a sentence for people, a `code` for programs, and \
in `errors` what was invalid where. 404 is also what belongs to another workspace.
- Ids are UUIDs of version 7, moments RFC 3339 in UTC. Fields that are unknown are refused."""


def _tags(routes: tuple[Route, ...]) -> list[Any]:
    """Name the resources: signing in first, the others as in the scopes of keys."""
    groups: dict[str, Group] = {}
    for route in routes:
        if route.resource not in groups or route.group.title:
            groups[route.resource] = route.group
    order = ["auth", *KEY_RESOURCES]
    return [
        {
            "name": resource,
            "x-displayName": groups[resource].title or resource,
            "description": groups[resource].about,
        }
        for resource in sorted(groups, key=order.index)
    ]


def _problem(shapes: _Shapes) -> dict[str, Any]:
    response = _content("Something was wrong.", shapes[Problem, _OUT])
    response["content"]["application/json"]["example"] = _PROBLEM
    return response


_PROBLEM: JSONObject = {
    "error": "The response does not fit the schema.",
    "detail": "The response does not fit the schema.",
    "code": "invalid_response",
    "errors": [{"path": "/response/approved", "message": "This is required."}],
}
_BY_KEY: list[Any] = [{"bearer": []}, {"key": []}]
_IN: JsonSchemaMode = "validation"
_OUT: JsonSchemaMode = "serialization"


def _schemas(routes: tuple[Route, ...]) -> tuple[_Shapes, JSONObject]:
    models: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {(Problem, _OUT): None}
    for route in routes:
        if route.takes_body:
            models[route.body, _IN] = None
        if route.answer is not None:
            models[route.answer, _OUT] = None
    shapes, whole = models_json_schema(list(models), ref_template=_REFERENCE)
    return shapes, whole["$defs"]


def _operation(route: Route, shapes: _Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": "\n\n".join(filter(None, [route.about, _needs(route)])),
        "tags": [route.resource],
        "parameters": [*_path_parameters(route), *_query_parameters(route)],
        "responses": _responses(route, shapes),
    }
    if route.takes_body:
        operation["requestBody"] = {
            "required": True,
            "content": {
                "application/json": {
                    "schema": shapes[route.body, _IN],
                    "example": shown(route.example.body),
                }
            },
        }
    if route.is_public:
        operation["security"] = []
    if route.takes_sink_secret:
        operation["security"] = [*_BY_KEY, {"sinkSecret": []}]
    operation["parameters"] += _header_parameters(route)
    return operation


def _needs(route: Route) -> str:
    if isinstance(route.permission, Permission):
        word = "read" if route.permission.action == Action.READ else "write"
        scope = f"{route.permission.resource}:{word}"
        needed = (
            f"Needs `{route.permission}:{route.permission.least}`, of a key the scope `{scope}`."
        )
    else:
        needed = f"Open to {route.permission.value}."
    return " ".join([needed, *_delegated_to(route), *_or_by_secret(route)])


def _or_by_secret(route: Route) -> list[str]:
    return [f"Or the secret of the sink, as `{SECRET_HEADER}`."] if route.takes_sink_secret else []


def _delegated_to(route: Route) -> list[str]:
    """Say which tokens of executions and callbacks the route is open to."""
    kinds = sorted(f"{kind.value}'s" for kind in route.delegated.kinds)
    return [f"Open to {' and '.join(kinds)} token: {route.delegated.means}"] if kinds else []


def _path_parameters(route: Route) -> list[JSONObject]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": adapter.json_schema(),
            "example": shown(route.example.in_path(name)),
        }
        for name, adapter in route.path_types.items()
    ]


def _header_parameters(route: Route) -> list[JSONObject]:
    """Say of each header that an example sends, beside what a key is sent in, what it is."""
    headers = sent_headers(route)
    parameters = [_IDEMPOTENCY_KEY] if IDEMPOTENCY_HEADER in headers else []
    if SECRET_HEADER in headers:
        secret = shown(headers[SECRET_HEADER])
        parameters.append(_SINK_SECRET | {"example": secret})
    return parameters


def sent_headers(route: Route) -> dict[str, str]:
    """Return the headers with which a route's example is sent, its content's and a key's apart."""
    of_route = {IDEMPOTENCY_HEADER: IDEMPOTENCY_KEY} if route.keeps_responses else {}
    return of_route | dict(route.example.headers)


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    schema = route.query.model_json_schema()
    examples = route.example.query
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": field.pop("description", f"Only those with this {name}."),
            "schema": _parameter_schema(field, schema.get("$defs", {})),
            **({"example": shown(examples[name])} if name in examples else {}),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _parameter_schema(field: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Write a parameter's schema: it can be left out, but not be null, and refers to nothing."""
    schema = field.pop("anyOf", [field])[0]
    schema = shared[schema["$ref"].removeprefix("#/$defs/")] if "$ref" in schema else schema
    return {name: schema[name] for name in schema if name not in {"title", "description"}}


def _responses(route: Route, shapes: _Shapes) -> dict[str, Any]:
    success: dict[str, Any] = {"description": HTTPStatus(route.status).phrase}
    if route.answer is not None:
        success = _content(success["description"], shapes[route.answer, _OUT])
        answers = recorded(route.resource)
        if route.name in answers:
            success["content"]["application/json"]["example"] = answers[route.name]
    if headers := _success_headers(route):
        success["headers"] = {
            name: {"description": means, "schema": {"type": "string"}}
            for name, means in headers.items()
        }
    errors = {
        str(status): {"$ref": "#/components/responses/Problem"} for status in route.error_statuses
    }
    return {str(route.status): success, **errors}


def _success_headers(route: Route) -> dict[str, str]:
    if route.keeps_responses:
        return {REPLAYED_HEADER: "`true` if this is what was answered before."}
    names = route.query.model_fields.keys()
    headers = {}
    if "cursor" in names:
        headers[NEXT_CURSOR_HEADER] = "While there is more: the `cursor` with which it is read."
    if route.answer is not None and issubclass(route.answer, ListResponse) and "limit" in names:
        headers[TRUNCATED_HEADER] = "`true` where there is more and no page was asked for."
    return headers


def _content(description: str, schema: JSONObject) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_IDEMPOTENCY_KEY: JSONObject = {
    "name": IDEMPOTENCY_HEADER,
    "in": "header",
    "required": False,
    "description": "For 24 hours the same key with the same body answers what it answered first, "
    "and with another body 409. While the first call is under way others wait for it, and after a "
    "minute hear 409 `idempotency_in_progress`.",
    "schema": {"type": "string", "pattern": idempotency.KEY},
    "example": IDEMPOTENCY_KEY,
}
_SINK_SECRET: JSONObject = {
    "name": SECRET_HEADER,
    "in": "header",
    "required": False,
    "description": "The sink's secret, in place of a key.",
    "schema": {"type": "string"},
}
