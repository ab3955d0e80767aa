"""A sink's secret, sent as X-OpenSink-Secret, adds items to that sink and opens nothing else."""

from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.contract.throttle import WRONG_BEARER_RATE
from opensink_web.factory import ROUTES
from opensink_web.models import Membership, db
from opensink_web.models.transaction import writing
from tests.api.conftest import Api, Apis, assert_problem, made
from tests.api.test_sinks import make_sink
from tests.conftest import Cast

KEY = {"Idempotency-Key": "once"}


@pytest.fixture
def sink(alice: Api) -> Any:
    return make_sink(alice)


def with_secret(app: Flask, sink: Any) -> Api:
    return Api(app, {"X-OpenSink-Secret": sink["secret"]})


def adding(api: Api, sink: Any) -> list[TestResponse]:
    item = {"sink_id": sink["id"], "title": "x"}
    return [
        api.post(f"/sinks/{sink['id']}/items", {"title": "x"}),
        api.post("/sink-items", item),
        api.post("/sink-items/bulk", {"items": [item]}),
        api.post("/sink-items/many", {"items": [item]}),
    ]


def test_it_is_enough_to_add_items(app: Flask, apis: Apis, sink: Any) -> None:
    answers = adding(with_secret(app, sink), sink)
    assert [each.status_code for each in answers] == [201, 201, 200, 200]
    assert len(apis.bob.read(f"/sink-items?sink_id={sink['id']}")["items"]) == 4


def test_it_adds_to_no_other_sink(app: Flask, apis: Apis, sink: Any) -> None:
    with_this = with_secret(app, sink)
    for other in (make_sink(apis.alice), make_sink(apis.charlie), {"id": "nonsense"}):
        for answer in adding(with_this, other):
            if other["id"] == "nonsense" and answer.status_code != 403:
                assert answer.status_code in {400, 404}
            else:
                assert_problem(answer, 403, "permission_missing")
    own, other = (
        {"sink_id": each, "title": "x"} for each in (sink["id"], make_sink(apis.alice)["id"])
    )
    mixed = with_this.post("/sink-items/many", {"items": [own, other]})
    assert_problem(mixed, 403, "permission_missing")
    assert apis.alice.read("/sink-items")["items"] == []


def test_it_opens_nothing_else(app: Flask, alice: Api, sink: Any) -> None:
    item = made(alice.post(f"/sinks/{sink['id']}/items", {"title": "x"}))
    ids = {"sink_id": sink["id"], "item_id": item["id"]}
    headers = {"X-OpenSink-Secret": sink["secret"]}
    open_to_it = set()
    for route in ROUTES:
        if route.is_public:
            continue
        names = dict.fromkeys(route.id_names, item["id"]) | ids
        answer = Api(app, headers).at(route.address.format_map(names), route.method, {})
        if answer.status_code == 401:
            assert_problem(answer, 401, "not_authenticated")
        else:
            open_to_it.add(route.address)
        as_key = {"X-API-Key": sink["secret"]}
        assert Api(app, as_key).at(
            route.address.format_map(names), route.method, {}
        ).status_code in {
            401,
            429,
        }
    assert open_to_it == {
        "/api/v1/sink-items",
        "/api/v1/sink-items/bulk",
        "/api/v1/sink-items/many",
        "/api/v1/sinks/{sink_id}/items",
    }


def test_once_replaced_it_opens_nothing(app: Flask, alice: Api, sink: Any) -> None:
    answer = alice.post(f"/sinks/{sink['id']}/rotate-secret", {})
    assert answer.status_code == 200
    for each in adding(with_secret(app, sink), sink):
        assert_problem(each, 401, "not_authenticated")
    assert adding(with_secret(app, answer.json), sink)[0].status_code == 201


def test_nor_does_that_of_a_sink_that_was_deleted(app: Flask, alice: Api, sink: Any) -> None:
    alice.delete(f"/sinks/{sink['id']}")
    for each in adding(with_secret(app, sink), sink):
        assert_problem(each, 401, "not_authenticated")


def test_it_is_the_sinks_and_not_its_owners(app: Flask, cast: Cast, sink: Any) -> None:
    with app.app_context(), writing():
        membership = db.session.get_one(
            Membership, {"user_id": cast.alice.id, "workspace_id": cast.alice.workspace_id}
        )
        db.session.delete(membership)
    assert adding(with_secret(app, sink), sink)[0].status_code == 201


def test_where_a_key_is_sent_too_the_key_counts(app: Flask, apis: Apis, sink: Any) -> None:
    both = {"X-OpenSink-Secret": sink["secret"]}
    assert apis.bob.post(f"/sinks/{sink['id']}/items", {"title": "x"}, both).status_code == 403
    wrong = {"X-OpenSink-Secret": "oss_wrong"}
    assert apis.alice.post(f"/sinks/{sink['id']}/items", {"title": "x"}, wrong).status_code == 201


def test_each_sink_has_idempotency_keys_of_its_own(app: Flask, alice: Api, sink: Any) -> None:
    path, other = f"/sinks/{sink['id']}/items", make_sink(alice)
    first, second = (with_secret(app, sink).post(path, {"title": "x"}, KEY) for _ in range(2))
    assert first.data == second.data
    there = with_secret(app, other).post(f"/sinks/{other['id']}/items", {"title": "y"}, KEY)
    assert made(there)["title"] == "y"
    assert made(alice.post(path, {"title": "z"}, KEY))["title"] == "z"


def test_guesses_are_throttled_and_the_right_one_is_not(
    app: Flask, sink: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)

    def guess(number: int) -> TestResponse:
        api = Api(app, {"X-OpenSink-Secret": f"oss_{number}"})
        return api.post(f"/sinks/{sink['id']}/items", {"title": "x"})

    assert {guess(number).status_code for number in range(WRONG_BEARER_RATE.count)} == {401}
    assert_problem(guess(0), 429, "rate_limited")
    assert adding(with_secret(app, sink), sink)[0].status_code == 201
    wrong_key = Api(app, {"X-API-Key": "osk_wrong"}).get("/agents")
    assert_problem(wrong_key, 429, "rate_limited")
