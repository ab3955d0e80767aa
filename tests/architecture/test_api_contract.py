"""What is true of every route of the API, also of those that are declared tomorrow."""

import json
from collections.abc import Iterator
from typing import Any

from click.testing import CliRunner
from flask import Flask
from openapi_spec_validator import OpenAPIV31SpecValidator

from opensink_web import json_value
from opensink_web.cli import commands
from opensink_web.contract.openapi import openapi_document
from opensink_web.contract.route import Access, Route
from opensink_web.contract.surface import API, RUNTIME, surface_of
from opensink_web.factory import ROUTES
from opensink_web.operations.accounts.permission import KEY_RESOURCES
from tests.api.conftest import Api, Apis, assert_problem, made, make_agent
from tests.architecture.conftest import address_of
from tests.support.cases import for_each
from tests.support.valid_bodies import valid_body

UNDECLARED = {"openapi"}
"""What answers JSON without being a route of a surface."""
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def routes_with(
    *, an_id: bool = False, a_body: bool = False, a_bearer: bool = False
) -> list[Route]:
    return [
        route
        for route in ROUTES
        if (route.id_names or not an_id)
        and (route.takes_body or not a_body)
        and (not route.is_public or not a_bearer)
    ]


def test_every_rule_where_programs_call_is_declared(app: Flask) -> None:
    rules = {r.endpoint for r in app.url_map.iter_rules() if surface_of(r.rule) is not None}

    assert rules == {f"{route.surface.name}.{route.name}" for route in ROUTES} | UNDECLARED


def test_every_body_that_tests_send_is_valid() -> None:
    def check(route: Route) -> None:
        route.body.model_validate_json(json_value.dump(valid_body(route)))  # raises where it is not

    for_each(routes_with(a_body=True), check)


def test_every_route_stands_where_its_room_answers() -> None:
    assert [route.name for route in ROUTES if surface_of(route.address) is not route.surface] == []


def test_every_route_declares_its_permission() -> None:
    def check(route: Route) -> None:
        if isinstance(route.permission, Access):
            assert route.surface is RUNTIME, "in /api/v1 nothing is open to all"
            return
        assert route.permission.resource in KEY_RESOURCES
        reads = route.permission.action == "read"
        assert reads == (route.method == "GET")

    for_each(ROUTES, check)


def test_every_route_wants_a_bearer(apis: Apis) -> None:
    def check(route: Route) -> None:
        response = apis.nobody.at(address_of(route), route.method)

        assert_problem(response, 401, "not_authenticated")
        assert "WWW-Authenticate" in response.headers

    for_each(routes_with(a_bearer=True), check)


def test_every_route_wants_its_scope(app: Flask, alice: Api) -> None:
    def check(route: Route) -> None:
        wanted = route.permission
        if isinstance(wanted, Access):
            return
        word = "read" if wanted.action == "read" else "write"
        opposite = "write" if word == "read" else "read"
        scopes = [f"{route.resource}:{opposite}"]
        scopes += [f"{each}:all" for each in KEY_RESOURCES if each != route.resource]
        row = made(alice.post("/api-keys", {"name": "k", "scopes": scopes}))
        response = Api(app, {"X-API-Key": row["key"]}).at(address_of(route), route.method)

        problem = assert_problem(response, 403, "permission_missing")
        assert f"{route.resource}:{word}" in problem["error"]

    for_each(ROUTES, check)


def test_every_row_is_hidden_from_another_workspace(apis: Apis, ids: dict[str, str]) -> None:
    def check(route: Route) -> None:
        there = address_of(route, ids[route.id_names[0]])
        body = valid_body(route) if route.takes_body else None
        answers = [
            apis.charlie.at(there, route.method, json=body),
            apis.charlie.at(address_of(route), route.method, json=body),
        ]

        for answer in answers:
            assert_problem(answer, 404, "not_found")
        assert answers[0].data == answers[1].data

    for_each(routes_with(an_id=True), check)


def test_every_id_that_is_none_is_not_found(alice: Api) -> None:
    def check(route: Route) -> None:
        assert_problem(alice.at(address_of(route, "-"), route.method), 404, "not_found")

    for_each(routes_with(an_id=True), check)


def test_every_route_names_an_unknown_parameter(alice: Api) -> None:
    def check(route: Route) -> None:
        answer = alice.at(address_of(route) + "?nonsense=1", route.method)

        problem = assert_problem(answer, route.surface.invalid_status, "invalid_request")
        assert problem["errors"] == [{"path": "/nonsense", "message": "Unknown parameter."}]

    for_each(ROUTES, check)


def test_every_body_has_to_be_json(alice: Api) -> None:
    def check(route: Route) -> None:
        plain = {"Content-Type": "text/plain"}
        assert_problem(alice.at(address_of(route), route.method, headers=plain), 415, "not_json")

    for_each(routes_with(a_body=True), check)


def test_every_body_names_an_unknown_field(alice: Api) -> None:
    def check(route: Route) -> None:
        response = alice.at(address_of(route), route.method, json={"nonsense": 1})

        problem = assert_problem(response, route.surface.invalid_status, "invalid_request")
        assert {"path": "/nonsense", "message": "Unknown field."} in problem["errors"]

    for_each(routes_with(a_body=True), check)


def test_every_path_refuses_other_methods(apis: Apis) -> None:
    def check(route: Route) -> None:
        taken = {each.method for each in ROUTES if each.address == route.address}
        method = next(each for each in METHODS if each not in taken)
        response = apis.nobody.at(address_of(route), method)

        assert_problem(response, 405, "method_not_allowed")
        assert route.method in response.headers["Allow"]

    for_each(ROUTES, check)


class TestOpenApi:
    def test_is_answered_to_everybody(self, apis: Apis) -> None:
        assert apis.nobody.read("/openapi.json") == openapi_document(ROUTES)

    def test_is_printed_by_the_command(self) -> None:
        result = CliRunner().invoke(commands, ["openapi"])

        assert result.exit_code == 0
        assert json.loads(result.output) == openapi_document(ROUTES)

    def test_is_one_by_the_specification(self) -> None:
        # as it is read from its text: in memory, enumerations are objects of ours
        document = json.loads(json_value.dump(openapi_document(ROUTES)))
        errors = OpenAPIV31SpecValidator(document).iter_errors()
        assert [error.message for error in errors] == []

    def test_says_of_every_resource_what_it_is(self) -> None:
        document: Any = openapi_document(ROUTES)
        tags = {tag["name"]: tag for tag in document["tags"]}
        assert set(tags) == {route.resource for route in ROUTES}
        unsaid = [
            name
            for name, tag in tags.items()
            if not tag["description"] or tag["x-displayName"] == name
        ]
        assert unsaid == []

    def test_has_every_route_with_its_statuses(self) -> None:
        document: Any = openapi_document(ROUTES)

        def check(route: Route) -> None:
            operation = document["paths"][route.address][route.method.lower()]

            assert set(operation["responses"]) == {
                str(status) for status in (route.status, *route.error_statuses)
            }
            assert ("requestBody" in operation) == route.takes_body
            in_path = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert in_path == list(route.id_names)

        for_each(ROUTES, check)

    def test_every_reference_leads_somewhere(self) -> None:
        document: Any = openapi_document(ROUTES)
        references = set(references_in(document))

        assert references
        for reference in references:
            place = document
            for step in reference.removeprefix("#/").split("/"):
                place = place[step]

    def test_operations_have_names_of_their_own(self) -> None:
        names = [route.name for route in ROUTES]
        assert len(set(names)) == len(names)

    def test_the_error_body_is_described_as_it_is_sent(self) -> None:
        document: Any = openapi_document(ROUTES)
        assert list(document["components"]["schemas"]["Problem"]["properties"]) == [
            "error",
            "detail",
            "code",
            "errors",
        ]

    def test_describes_what_is_answered(self, alice: Api) -> None:
        document: Any = openapi_document(ROUTES)
        described = document["components"]["schemas"]["AgentResponse"]["properties"]

        assert list(described) == list(make_agent(alice))

    def test_says_the_range_of_a_parameter(self) -> None:
        document: Any = openapi_document(ROUTES)
        parameters = document["paths"][f"{API.prefix}/agents"]["get"]["parameters"]

        assert parameters[0]["name"] == "$limit"
        assert parameters[0]["schema"] == {
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 20,
        }


def references_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references_in(inner)
    if isinstance(value, list):
        for inner in value:
            yield from references_in(inner)
