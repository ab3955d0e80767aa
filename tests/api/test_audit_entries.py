"""/audit-entries: who did what, read by programs."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from opensink_web.models.transaction import writing
from opensink_web.operations.audit.erasure import erase_some
from tests.api.conftest import NOWHERE, Api, Apis, ask, assert_problem, key_with, wrong_paths
from tests.conftest import Cast
from tests.support.audit import chain_all
from tests.support.scenarios import admin_of

PATH = "/audit-entries"

pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def request_(app: Flask, apis: Apis) -> Any:
    request = ask(apis.alice)
    apis.bob.post(
        f"/agent-session-input-requests/{request['id']}/decline", {"reason": "Not today."}
    )
    with app.app_context():
        chain_all()
    return request


def actions(api: Api, query: str) -> list[str]:
    return [each["action"] for each in api.read(f"{PATH}?{query}")["items"]]


def test_they_say_who_did_what_from_where(alice: Api, cast: Cast, request_: Any) -> None:
    newest, *_ = alice.read(f"{PATH}?subject_id={request_['id']}")["items"]
    said = {name: newest[name] for name in ("action", "actor", "email", "user_id", "address")}
    assert said == {
        "action": "request_declined",
        "actor": "api_key",
        "email": cast.bob.email,
        "user_id": str(cast.bob.id),
        "address": "127.0.0.1",
    }
    assert (newest["subject"], newest["subject_id"]) == ("request", request_["id"])
    assert newest["details"] == {"request_digest": request_["digest"]}
    assert (newest["origin_missing"], newest["details_missing"]) == (None, None)
    assert len(newest["hash"]) == 64


def test_they_are_narrowed_and_paged(alice: Api, cast: Cast, request_: Any) -> None:
    about = f"subject_id={request_['id']}"
    assert actions(alice, about) == ["request_declined", "request_created"]
    assert actions(alice, f"{about}&action=request_created") == ["request_created"]
    assert actions(alice, f"{about}&user_id={cast.bob.id}") == ["request_declined"]
    first = alice.read(f"{PATH}?{about}&$limit=1")
    second = alice.read(f"{PATH}?{about}&$limit=1&$trail={first['trail']}")
    assert [each["action"] for each in first["items"] + second["items"]] == actions(alice, about)
    assert second["trail"] is None
    assert actions(alice, f"{about}&since=2090-01-01T00:00:00Z") == []
    assert actions(alice, f"{about}&before=2020-01-01T00:00:00Z") == []
    assert actions(alice, f"subject_id={NOWHERE}") == []


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("action=nothing", "/action"),
        ("since=yesterday", "/since"),
        ("user_id=bob", "/user_id"),
        ("who=bob", "/who"),
    ],
)
def test_a_filter_that_is_none_is_refused(alice: Api, query: str, path: str) -> None:
    assert wrong_paths(alice.get(f"{PATH}?{query}")) == [path]


def test_what_was_erased_is_said_to_be(app: Flask, cast: Cast, alice: Api, request_: Any) -> None:
    with app.app_context():
        with writing():
            erase_some(admin_of(cast.alice.workspace_id).workspace, cast.bob.id)
        chain_all()
    newest, *_ = alice.read(f"{PATH}?subject_id={request_['id']}")["items"]
    assert (newest["email"], newest["address"], newest["origin_missing"]) == (None, None, "erased")
    assert UUID(newest["user_id"]) == cast.bob.id


def test_only_those_read_it_who_may(app: Flask, apis: Apis, request_: Any) -> None:
    assert_problem(apis.bob.get(PATH), 403, "permission_missing")
    other = key_with(apis.alice, app, "deliveries:all")
    assert_problem(other.get(PATH), 403, "permission_missing")
    reader = key_with(apis.alice, app, "audit:read")
    assert actions(reader, f"subject_id={request_['id']}") != []
    assert actions(apis.charlie, f"subject_id={request_['id']}") == []
