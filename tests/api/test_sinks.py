"""/sinks: what agents put things into that people may want to read."""

import threading
from typing import Any

import pytest
from flask import Flask

from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with, made, wrong_paths
from tests.conftest import Cast

PATH = "/sinks"


def make_sink(api: Api, name: str = "News", **fields: Any) -> Any:
    return made(api.post(PATH, {"name": name, **fields}))


def test_answers_what_was_made(alice: Api, cast: Cast) -> None:
    sent: dict[str, Any] = {
        "name": "News",
        "description": "What happens.",
        "color": "blue",
        "is_public": True,
    }
    sink = make_sink(alice, **sent, public_slug="the-news")

    assert {**sink, "id": "", "secret": "", "created_at": "", "updated_at": ""} == {
        **sent,
        "id": "",
        "public_slug": "the-news",
        "is_indexed": False,
        "secret": "",
        "workspace_id": str(cast.alice.workspace_id),
        "owner_id": str(cast.alice.id),
        "created_at": "",
        "updated_at": "",
    }
    assert sink["secret"].startswith("oss_")
    assert alice.read(f"{PATH}/{sink['id']}") == sink
    again = make_sink(alice, **{**sink, "public_slug": None})
    assert again["id"] != sink["id"], "what was read can be posted again"


def test_fills_in_what_is_left_out(alice: Api) -> None:
    sink = make_sink(alice)
    assert (sink["color"], sink["is_public"], sink["public_slug"]) == ("neutral", False, None)


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"name": " "}, "/name"),
        ({"name": "x" * 256}, "/name"),
        ({"color": "black"}, "/color"),
        ({"is_public": "yes"}, "/is_public"),
        ({"public_slug": ""}, "/public_slug"),
        ({"public_slug": "No"}, "/public_slug"),
        ({"public_slug": "-ab"}, "/public_slug"),
        ({"public_slug": "a/b"}, "/public_slug"),
        ({"public_slug": "settings"}, "/public_slug"),
        ({"public_slug": NOWHERE}, "/public_slug"),
        ({"description": "x" * 2001}, "/description"),
        ({"colour": "blue"}, "/colour"),
    ],
)
def test_refuses_a_bad_body(alice: Api, fields: dict[str, Any], path: str) -> None:
    assert wrong_paths(alice.post(PATH, {"name": "x", **fields})) == [path]
    sink = make_sink(alice)
    assert wrong_paths(alice.patch(f"{PATH}/{sink['id']}", fields)) == [path]
    assert alice.read(PATH)["items"] == [sink]


def test_changes_only_what_is_given(alice: Api) -> None:
    sink = make_sink(alice, description="Old.", color="red")
    answer = alice.patch(f"{PATH}/{sink['id']}", {"name": "Latest", "description": None})
    changed = answer.json or {}
    assert changed == {
        **sink,
        "name": "Latest",
        "description": None,
        "updated_at": changed["updated_at"],
    }


def test_one_that_is_made_public_gets_an_address_that_it_keeps(alice: Api) -> None:
    sink = make_sink(alice, "Ünser Markt")
    place = f"{PATH}/{sink['id']}"
    slug = (alice.patch(place, {"is_public": True}).json or {})["public_slug"]
    assert slug.startswith("unser-markt-")
    hidden = alice.patch(place, {"is_public": False}).json or {}
    assert (hidden["is_public"], hidden["public_slug"]) == (False, slug)
    assert (alice.patch(place, {"is_public": True}).json or {})["public_slug"] == slug
    assert make_sink(alice, "Ünser Markt", is_public=True)["public_slug"] != slug


def test_an_address_is_one_on_the_server_and_free_once_its_sink_is_gone(apis: Apis) -> None:
    sink = make_sink(apis.alice, public_slug="the-news")
    taken = apis.charlie.post(PATH, {"name": "x", "public_slug": "the-news"})
    assert_problem(taken, 409, "conflict")
    other = make_sink(apis.charlie)
    change = apis.charlie.patch(f"{PATH}/{other['id']}", {"public_slug": "the-news"})
    assert_problem(change, 409, "conflict")
    assert apis.alice.delete(f"{PATH}/{sink['id']}").status_code == 204
    make_sink(apis.charlie, public_slug="the-news")


@pytest.mark.usefixtures("on_each_database")
def test_of_two_that_want_an_address_at_once_one_gets_it(alice: Api) -> None:
    statuses: list[int] = []
    start = threading.Barrier(2)

    def act() -> None:
        start.wait()
        answer = alice.post(PATH, {"name": "x", "public_slug": "at-once"})
        statuses.append(answer.status_code)

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409]


def test_only_those_who_may_change_sinks_are_shown_the_secret(app: Flask, apis: Apis) -> None:
    sink = make_sink(apis.alice)
    place = f"{PATH}/{sink['id']}"
    narrow = key_with(apis.alice, app, "sinks:read", "sink_items:all")
    for reader in (apis.bob, narrow):
        assert reader.read(place) == {**sink, "secret": None}
        assert reader.read(PATH)["items"] == [{**sink, "secret": None}]
        for answer in (
            reader.post(PATH, {"name": "x"}),
            reader.patch(place, {"name": "x"}),
            reader.post(f"{place}/rotate-secret", {}),
            reader.delete(place),
        ):
            assert_problem(answer, 403, "permission_missing")
    assert apis.alice.read(place) == sink


def test_is_nowhere_in_another_workspace(apis: Apis) -> None:
    place = f"{PATH}/{make_sink(apis.alice)['id']}"
    for api, each in ((apis.charlie, place), (apis.alice, f"{PATH}/{NOWHERE}")):
        for answer in (
            api.get(each),
            api.patch(each, {"name": "x"}),
            api.post(f"{each}/rotate-secret", {}),
            api.delete(each),
        ):
            assert_problem(answer, 404, "not_found")
    assert apis.charlie.read(PATH)["items"] == []


def test_lists_by_pages_newest_first(alice: Api) -> None:
    made_ids = [make_sink(alice, f"{number}")["id"] for number in range(3)]
    first = alice.read(f"{PATH}?$limit=2")
    last = alice.read(f"{PATH}?$limit=2&$trail={first['trail']}")
    assert [each["id"] for each in first["items"] + last["items"]] == made_ids[::-1]
    assert last["trail"] is None


def test_deleting_one_takes_what_is_in_it(alice: Api) -> None:
    sink = make_sink(alice)
    item = made(alice.post(f"{PATH}/{sink['id']}/items", {"title": "x"}))
    assert alice.delete(f"{PATH}/{sink['id']}").status_code == 204
    assert alice.read(PATH)["items"] == alice.read("/sink-items")["items"] == []
    for gone in (f"{PATH}/{sink['id']}", f"/sink-items/{item['id']}"):
        assert_problem(alice.get(gone), 404, "not_found")
    assert_problem(
        alice.post("/sink-items", {"sink_id": sink["id"], "title": "x"}), 404, "not_found"
    )
