"""/sink-items: what is in sinks."""

from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with, made, wrong_paths
from tests.api.test_sinks import make_sink

PATH = "/sink-items"
WHOLE: dict[str, Any] = {
    "title": "Ten shares of *ACME*",
    "body": "Bought at **9.50**.",
    "type": "trade",
    "url": "https://example.com/trades/1",
    "fields": {"price": 9.5, "whole": 1.0, "id": 2**53 + 1, "ok": True, "by": None, "of": [1, "a"]},
    "resources": [{"type": "link", "label": "Chart", "url": "https://example.com/chart"}],
    "occurred_at": "2026-01-02T03:04:05Z",
}


@pytest.fixture
def sink(alice: Api) -> Any:
    return make_sink(alice)


def add(api: Api, sink: Any, title: str = "x", **fields: Any) -> Any:
    return made(api.post(PATH, {"sink_id": sink["id"], "title": title, **fields}))


def titles(api: Api, query: str = "") -> list[str]:
    return [each["title"] for each in api.read(f"{PATH}?{query}")["items"]]


def test_answers_what_was_added(alice: Api, sink: Any) -> None:
    item = add(alice, sink, **WHOLE)

    assert {**item, "id": "", "created_at": "", "updated_at": ""} == {
        "id": "",
        "sink_id": sink["id"],
        "workspace_id": sink["workspace_id"],
        **WHOLE,
        "created_at": "",
        "updated_at": "",
    }
    assert alice.read(f"{PATH}/{item['id']}") == item
    again = made(alice.post(PATH, item))
    assert again["id"] != item["id"], "what was read can be posted again"
    assert titles(alice) == [WHOLE["title"]] * 2


def test_numbers_are_kept_as_they_are(alice: Api, sink: Any) -> None:
    item = add(alice, sink, fields={"whole": 1.0, "large": 2**53 + 1, "list": [1.0, 10**30, None]})
    for text in (alice.get(f"{PATH}/{item['id']}").text, alice.get(PATH).text):
        assert f'"fields":{{"whole":1.0,"large":{2**53 + 1},"list":[1.0,{10**30},null]}}' in text


def test_fills_in_what_is_left_out(alice: Api, sink: Any) -> None:
    item = made(alice.post(f"/sinks/{sink['id']}/items", {"title": "x"}))
    assert item["body"] is item["type"] is item["url"] is item["occurred_at"] is None
    assert (item["fields"], item["resources"], item["sink_id"]) == ({}, [], sink["id"])
    nothing: dict[str, Any] = dict.fromkeys(
        ("body", "type", "url", "fields", "resources", "occurred_at")
    )
    assert add(alice, sink, **nothing)["fields"] == {}


BAD = [
    ({"title": ""}, "/title"),
    ({"title": "x" * 256}, "/title"),
    ({"type": "x" * 256}, "/type"),
    ({"body": 5}, "/body"),
    ({"body": "x" * 100_001}, "/body"),
    ({"url": "javascript:alert(1)"}, "/url"),
    ({"url": "https://example.com/" + "x" * 2040}, "/url"),
    ({"fields": {"a": {"b": 1}}}, "/fields/a"),
    ({"fields": {"a": [[1]]}}, "/fields/a"),
    ({"fields": [1]}, "/fields"),
    (
        {"resources": [{"type": "file", "label": "x", "url": "https://a.example"}]},
        "/resources/0/type",
    ),
    ({"resources": [{"type": "link", "label": "x"}]}, "/resources/0/url"),
    (
        {"resources": [{"type": "link", "label": "", "url": "https://a.example"}]},
        "/resources/0/label",
    ),
    ({"occurred_at": "yesterday"}, "/occurred_at"),
    ({"occurred_at": "2026-01-02T03:04:05"}, "/occurred_at"),
    ({"titel": "x"}, "/titel"),
]


@pytest.mark.parametrize(("fields", "path"), BAD)
def test_refuses_a_bad_body(alice: Api, sink: Any, fields: dict[str, Any], path: str) -> None:
    body = {"sink_id": sink["id"], "title": "x", **fields}
    assert wrong_paths(alice.post(PATH, body)) == [path]
    answer = alice.post(f"{PATH}/many", {"items": [{**body, "title": "y", **fields}]})
    assert answer.status_code == 200
    assert [len(each["errors"]) for each in (answer.json or {})["invalid"]] == [1]
    assert titles(alice) == []


def test_says_how_long_a_body_may_be(alice: Api, sink: Any) -> None:
    assert add(alice, sink, body="ü" * 100_000)["body"] == "ü" * 100_000
    refused = alice.post(PATH, {"sink_id": sink["id"], "title": "x", "body": "x" * 100_001})
    assert_problem(refused, 400, "invalid_request")
    assert "at most 100000 characters" in refused.text


def test_changes_only_what_is_given(alice: Api, sink: Any) -> None:
    item = add(alice, sink, **WHOLE)
    place = f"{PATH}/{item['id']}"
    changed = alice.patch(place, {"title": "Sold", "fields": None, "url": None}).json or {}
    assert changed == {
        **item,
        "title": "Sold",
        "fields": {},
        "url": None,
        "updated_at": changed["updated_at"],
    }
    assert alice.read(place) == changed
    assert alice.patch(place, changed).status_code == 200, "it can be sent back as it was read"
    for fields, path in BAD:
        assert wrong_paths(alice.patch(place, fields)) == [path]


def test_of_an_address_the_body_says_no_other_sink(alice: Api, sink: Any) -> None:
    other = make_sink(alice)
    place = f"/sinks/{sink['id']}/items"
    assert wrong_paths(alice.post(place, {"title": "x", "sink_id": other["id"]})) == ["/sink_id"]
    made(alice.post(place, {"title": "x", "sink_id": sink["id"]}))
    assert_problem(alice.post(f"/sinks/{NOWHERE}/items", {"title": "x"}), 404, "not_found")


def test_deleted_it_is_gone(alice: Api, sink: Any) -> None:
    item = add(alice, sink, "An aardvark")
    assert titles(alice, "q=aardvark") == ["An aardvark"]
    assert alice.delete(f"{PATH}/{item['id']}").status_code == 204
    assert titles(alice, "q=aardvark") == titles(alice) == []
    for method in ("GET", "DELETE"):
        assert_problem(alice(method, f"{PATH}/{item['id']}"), 404, "not_found")
    assert_problem(alice.patch(f"{PATH}/{item['id']}", {"title": "x"}), 404, "not_found")


def test_is_nowhere_in_another_workspace(apis: Apis) -> None:
    sink = make_sink(apis.alice)
    item = add(apis.alice, sink, "An aardvark")
    place = f"{PATH}/{item['id']}"
    for answer in (
        apis.charlie.get(place),
        apis.charlie.patch(place, {"title": "x"}),
        apis.charlie.delete(place),
        apis.charlie.post(PATH, {"sink_id": sink["id"], "title": "x"}),
        apis.charlie.post(f"/sinks/{sink['id']}/items", {"title": "x"}),
    ):
        assert_problem(answer, 404, "not_found")
    for query in ("", "q=aardvark", f"sink_id={sink['id']}"):
        assert titles(apis.charlie, query) == []
    assert titles(apis.alice) == ["An aardvark"]


def test_who_reads_does_not_write(app: Flask, apis: Apis) -> None:
    sink = make_sink(apis.alice)
    item = add(apis.alice, sink)
    place = f"{PATH}/{item['id']}"
    for api in (apis.bob, key_with(apis.alice, app, "sink_items:read", "sinks:all")):
        assert api.read(place) == item
        for answer in (
            api.post(PATH, {"sink_id": sink["id"], "title": "x"}),
            api.post(f"/sinks/{sink['id']}/items", {"title": "x"}),
            api.post(f"{PATH}/many", {"items": []}),
            api.patch(place, {"title": "y"}),
            api.delete(place),
        ):
            assert_problem(answer, 403, "permission_missing")


def test_many_are_added_together(alice: Api, sink: Any) -> None:
    items = [{"sink_id": sink["id"], "title": f"{number}"} for number in range(3)]
    for path in ("many", "bulk"):
        answer = alice.post(f"{PATH}/{path}", {"items": items})
        assert answer.status_code == 200
        assert [each["title"] for each in (answer.json or {})["created"]] == ["0", "1", "2"]
        assert (answer.json or {})["failed"] == (answer.json or {})["invalid"] == []
    assert titles(alice) == ["2", "1", "0"] * 2
    assert (alice.post(f"{PATH}/many", {"items": []}).json or {})["created"] == []


def test_where_one_of_many_is_invalid_none_is_added(alice: Api, sink: Any) -> None:
    good, bad = {"sink_id": sink["id"], "title": "x"}, {"sink_id": 5, "body": False}
    answer = alice.post(f"{PATH}/many", {"items": [good, bad]})
    assert answer.json == {
        "created": [],
        "failed": [],
        "invalid": [
            {
                "item": bad,
                "errors": [
                    "/title: This field is required.",
                    "/body: This must be a string.",
                    "/sink_id: This must be an id.",
                ],
            }
        ],
    }
    assert titles(alice) == []


def test_what_fails_is_told_and_the_rest_is_added(apis: Apis) -> None:
    sink, theirs = make_sink(apis.alice), make_sink(apis.charlie)
    items = [{"sink_id": each, "title": "x"} for each in (NOWHERE, sink["id"], theirs["id"])]
    answer = apis.alice.post(f"{PATH}/bulk", {"items": items}).json or {}
    assert [each["sink_id"] for each in answer["created"]] == [sink["id"]]
    error = "There is no such sink."
    assert answer["failed"] == [{"item": each, "error": error} for each in items[::2]]


def test_so_many_and_no_more(alice: Api, sink: Any) -> None:
    item = {"sink_id": sink["id"], "title": "x"}
    assert wrong_paths(alice.post(f"{PATH}/many", {"items": [item] * 1001})) == ["/items"]
    assert wrong_paths(alice.post(f"{PATH}/many", {"items": {}})) == ["/items"]
    large = alice.post(f"{PATH}/many", {"items": [item | {"body": "x" * 2**20}]})
    assert_problem(large, 413, "body_too_large")
    assert len((alice.post(f"{PATH}/many", {"items": [item] * 1000}).json or {})["created"]) == 1000


def test_sent_twice_with_one_key_they_are_added_once(alice: Api, sink: Any) -> None:
    body = {"items": [{"sink_id": sink["id"], "title": "x"}]}
    first, second = (
        alice.post(f"{PATH}/many", body, {"Idempotency-Key": "once"}) for _ in range(2)
    )
    assert second.headers["Idempotent-Replayed"] == "true"
    assert (first.status_code, first.data) == (second.status_code, second.data)
    assert titles(alice) == ["x"]


def test_lists_by_sink_type_and_page(alice: Api, sink: Any) -> None:
    other = make_sink(alice)
    for number in range(3):
        add(alice, sink, f"{number}", type="a")
        add(alice, other, f"other {number}", type="b")
    assert titles(alice, f"sink_id={sink['id']}") == ["2", "1", "0"]
    assert titles(alice, "type=b") == ["other 2", "other 1", "other 0"]
    assert titles(alice, f"sink_id={sink['id']}&type=b") == []
    page = alice.read(f"{PATH}?$limit=2&sink_id={sink['id']}")
    rest = alice.read(f"{PATH}?$limit=2&sink_id={sink['id']}&$trail={page['trail']}")
    assert [each["title"] for each in page["items"] + rest["items"]] == ["2", "1", "0"]
    assert rest["trail"] is None


def test_lists_by_the_value_of_a_field(alice: Api, sink: Any) -> None:
    add(alice, sink, "cheap", fields={"price": 9.5, "tags": ["new", "old"]})
    add(alice, sink, "dear", fields={"price": 95, "tags": []})
    assert titles(alice, "field=price&value=9.5") == ["cheap"]
    assert titles(alice, f"sink_id={sink['id']}&q=dear&field=price&value=95") == ["dear"]
    assert titles(alice, "field=tags&value=old") == ["cheap"]
    assert titles(alice, "field=tags&value=") == []
    assert titles(alice, "field=price") == ["dear", "cheap"]
    assert titles(alice, "value=9.5") == ["cheap"]
