"""What a declaration can say, on routes made for it: of each thing that an API surface uses."""

from dataclasses import replace
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.contract.mounting import blueprint_of
from opensink_web.contract.openapi import openapi_document
from opensink_web.contract.route import Access, Routes
from opensink_web.contract.shapes import JsonObject, ListResponse, PathName, Received, ResponseModel
from opensink_web.contract.surface import RUNTIME
from opensink_web.factory import create_app
from opensink_web.operations.accounts.permission import Principal
from opensink_web.settings import Settings
from tests.api.conftest import NOWHERE, Api, assert_problem
from tests.conftest import Cast
from tests.support.statements import statements, writes_in

LOOKS = count()
routes = Routes("functions", replace(RUNTIME, name="sample"))


class Inputs(Received):
    inputs: list[JsonObject]


class NameResponse(ResponseModel):
    text: str


@routes.get("/functions/{namespace}/{name}", summary="Names.")
def by_name(
    principal: Principal, namespace: PathName, name: PathName
) -> ListResponse[NameResponse]:
    del principal
    return ListResponse[NameResponse]([NameResponse(text=namespace), NameResponse(text=name)])


@routes.get("/chats/sample/{execution_id}", summary="An id.", permission=Access.BEARER)
def by_id(principal: Principal, execution_id: UUID) -> NameResponse:
    del execution_id
    return NameResponse(text=principal.user.email)


@routes.post("/functions", summary="A body.", status=202)
def one(principal: Principal, body: Inputs) -> NameResponse:
    del principal
    return NameResponse(text=str(len(body.inputs)))


@routes.post("/batches", summary="A large body.", takes_batch=True)
def batch(principal: Principal, body: Inputs) -> NameResponse:
    del principal
    return NameResponse(text=str(len(body.inputs)))


@routes.post("/batches/names", summary="Writes nothing.", writes_nothing=True, status=200)
def of_names(principal: Principal, body: Inputs) -> NameResponse:
    return NameResponse(text=f"{principal.user.email} {len(body.inputs)} {next(LOOKS)}")


@routes.post("/auth/open", summary="For all.", permission=Access.PUBLIC, status=200)
def for_all(body: Inputs) -> NameResponse:
    return NameResponse(text=str(len(body.inputs)))


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"MAX_BODY_BYTES": "1024", "MAX_BATCH_BODY_BYTES": "4096"}


@pytest.fixture
def app(settings: Settings) -> Flask:
    """An application of our own, for the routes above change it."""
    app = create_app(settings)
    sample = blueprint_of(replace(RUNTIME, name="sample"), tuple(routes))
    app.extensions["csrf"].exempt(sample)
    app.register_blueprint(sample)
    return app


def test_a_path_holds_names_and_the_answer_is_a_bare_array(alice: Api) -> None:
    answer = alice.at("/functions/_a-1/B", "GET")
    assert answer.json == [{"text": "_a-1"}, {"text": "B"}]


@pytest.mark.parametrize("name", ["1a", "-a", "a.b", "a b", "ä", "a" * 256, "%0a", "a%0a"])
def test_what_can_be_no_name_is_not_found(alice: Api, name: str) -> None:
    assert_problem(alice.at(f"/functions/a/{name}", "GET"), 404, "not_found")


@pytest.mark.parametrize("text", ["x", "{" + NOWHERE + "}", NOWHERE.replace("-", ""), "٣" * 32])
def test_what_can_be_no_id_is_not_found(alice: Api, text: str) -> None:
    assert_problem(alice.at(f"/chats/sample/{text}", "GET"), 404, "not_found")


def test_a_bearer_without_any_permission_is_let_in(alice: Api, cast: Cast) -> None:
    assert alice.at(f"/chats/sample/{NOWHERE}", "GET").json == {"text": cast.alice.email}


def test_what_is_open_to_all_asks_for_nothing(apis: object, app: Flask) -> None:
    del apis
    answer = Api(app, {}).at("/auth/open", "POST", {"inputs": []})
    assert (answer.status_code, answer.json) == (200, {"text": "0"})


def test_what_writes_nothing_writes_for_a_key_alone(app: Flask, alice: Api, cast: Cast) -> None:
    body: dict[str, Any] = {"inputs": [{}]}
    key = {"Idempotency-Key": "names"}
    with statements(app) as said:
        first = alice.at("/batches/names", "POST", body)
        second = alice.at("/batches/names", "POST", body)
    assert [first.json, second.json] == [{"text": f"{cast.alice.email} 1 {n}"} for n in (0, 1)]
    assert writes_in(said) == []
    kept = alice.at("/batches/names", "POST", body, key)
    again = alice.at("/batches/names", "POST", body, key)
    assert kept.json == again.json == {"text": f"{cast.alice.email} 1 2"}
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_batch_may_be_larger_than_other_bodies(alice: Api) -> None:
    body = {"inputs": [{"text": "a" * 100}] * 20}
    assert_problem(alice.at("/functions", "POST", body), 413, "body_too_large")
    assert alice.at("/batches", "POST", body).json == {"text": "20"}


def test_but_not_as_large_as_it_likes(alice: Api) -> None:
    body = {"inputs": [{"text": "a" * 100}] * 50}
    assert_problem(alice.at("/batches", "POST", body), 413, "body_too_large")


def test_the_room_says_how_what_is_invalid_is_answered(alice: Api) -> None:
    problem = assert_problem(alice.at("/functions", "POST", {"inputs": 1}), 422, "invalid_request")
    assert problem["errors"] == [{"path": "/inputs", "message": "This must be a list."}]


def test_an_address_where_nothing_is_answers_json_too(app: Flask, cast: Cast) -> None:
    del cast
    assert_problem(app.test_client().post("/chats/nowhere/at-all"), 404, "not_found")


def test_the_document_says_what_the_declarations_say() -> None:
    described: Any = openapi_document(tuple(routes))["paths"]
    names = described["/functions/{namespace}/{name}"]["get"]["parameters"]
    assert names[0]["schema"]["pattern"] == "^[A-Za-z_][A-Za-z0-9_-]*$"
    assert described["/auth/open"]["post"]["security"] == []
    assert "409" not in described["/auth/open"]["post"]["responses"]


def test_a_part_of_the_path_that_the_view_does_not_take_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="does not take name"):

        @Routes("functions").get("/functions/{name}", summary="A mistake.")
        def without(principal: Principal) -> NameResponse:
            raise AssertionError(principal)
