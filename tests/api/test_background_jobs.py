"""/background-jobs: making, reading, changing, deleting and running them, and their runs."""

from typing import Any
from uuid import UUID

from flask import Flask

from tests.api.conftest import NOWHERE, Api, Apis, assert_problem, key_with
from tests.conftest import Cast
from tests.support.jobs import begin_now, claim_runs, finish, runs_of

URL = "http://127.0.0.1:9/job"
JOB = {"name": "Poll", "interval_minutes": 30, "start_minute": 5, "url": URL}
SECRET = {"Authorization": "Bearer of news", "X-Plain": "seen"}


def make(api: Api, **more: Any) -> Any:
    made = api.post("/background-jobs", JOB | more)
    assert made.status_code == 201, made.text
    return made.json


def changed(api: Api, address: str, changes: Any) -> Any:
    response = api.patch(address, changes)
    assert response.status_code == 200, response.text
    return response.json


def posted(api: Api, path: str) -> Any:
    return api.post(path, {}).json


class TestMaking:
    def test_it_is_answered_whole(self, alice: Api, cast: Cast) -> None:
        job = make(alice, headers=SECRET, body={"a": [1]}, method="PUT")
        expected = {
            **JOB,
            "workspace_id": str(cast.alice.workspace_id),
            "method": "PUT",
            "headers": SECRET,
            "body": {"a": [1]},
            "timeout_seconds": 30,
            "enabled": True,
            "request_error": None,
            "last_run_at": None,
            **dict.fromkeys(("runs_total", "runs_succeeded", "runs_failed"), 0),
        }
        assert {name: job[name] for name in expected} == expected
        assert job["next_run_at"][14:16] in {"05", "35"}
        assert job["signing_secret"].startswith("whsec_")
        assert alice.read(f"/background-jobs/{job['id']}") == job
        assert alice.read("/background-jobs")["items"] == [job]

    def test_one_that_is_not_enabled_waits_for_nothing(self, alice: Api) -> None:
        assert make(alice, enabled=False)["next_run_at"] is None
        assert len(alice.read("/background-jobs?enabled=false")["items"]) == 1
        assert alice.read("/background-jobs?enabled=true")["items"] == []

    def test_what_is_wrong_is_named_and_nothing_is_stored(self, alice: Api) -> None:
        for wrong, path in (
            ({"interval_minutes": 0}, "/interval_minutes"),
            ({"interval_minutes": 15, "start_minute": 60}, "/start_minute"),
            ({"url": "ftp://example.com"}, "/url"),
            ({"url": "http://169.254.169.254/"}, "/url"),
            ({"headers": {"webhook-id": "x"}}, "/headers/webhook-id"),
            ({"headers": {"Host": "x"}}, "/headers/host"),
            ({"headers": {"X-Key": "••••"}}, "/headers/x-key"),
            ({"method": "PATCH"}, "/method"),
            ({"timeout_seconds": 301}, "/timeout_seconds"),
            ({"name": "\n"}, "/name"),
            ({"every": 5}, "/every"),
        ):
            refused = alice.post("/background-jobs", JOB | wrong)
            problem = assert_problem(refused, 400, "invalid_request")
            assert {each["path"].lower() for each in problem["errors"]} == {path}, wrong
        assert alice.read("/background-jobs")["items"] == []

    def test_the_same_key_makes_one(self, alice: Api) -> None:
        both = [alice.post("/background-jobs", JOB, {"Idempotency-Key": "k"}) for _ in range(2)]
        assert both[0].json == both[1].json
        assert len(alice.read("/background-jobs")["items"]) == 1


class TestChanging:
    def test_only_what_is_given_changes(self, alice: Api) -> None:
        job = make(alice, headers=SECRET, body={"a": 1})
        address = f"/background-jobs/{job['id']}"
        moved = changed(alice, address, {"interval_minutes": 60, "start_minute": 7})
        assert moved["next_run_at"][14:16] == "07"
        masked = SECRET | {"Authorization": "••••"}
        other: Any = changed(alice, address, {"url": URL + "/2", "headers": masked})
        assert (other["url"], other["headers"], other["body"]) == (
            URL + "/2",
            SECRET,
            {"a": 1},
        )
        assert changed(alice, address, {"enabled": False})["next_run_at"] is None
        # what was read can be sent back whole
        assert changed(alice, address, alice.read(address))["headers"] == SECRET

    def test_what_is_wrong_changes_nothing(self, alice: Api) -> None:
        job = make(alice)
        address = f"/background-jobs/{job['id']}"
        assert_problem(
            alice.patch(address, {"name": "New", "interval_minutes": 0}), 400, "invalid_request"
        )
        assert_problem(alice.patch(address, {"name": "New", "url": None}), 400, "invalid_request")
        assert alice.read(address) == job

    def test_deleting(self, alice: Api) -> None:
        address = f"/background-jobs/{make(alice)['id']}"
        assert alice.delete(address).status_code == 204
        for refused in (alice.get(address), alice.delete(address), alice.get(address + "/runs")):
            assert_problem(refused, 404, "not_found")


class TestRunning:
    def test_it_runs_now_also_where_it_is_not_enabled(self, alice: Api, app: Flask) -> None:
        job = make(alice, enabled=False)
        address = f"/background-jobs/{job['id']}"
        asked = alice.post(f"{address}/run", {})
        run: Any = asked.json
        assert (asked.status_code, run["status"], run["trigger"]) == (202, "due", "manual")
        assert_problem(alice.post(f"{address}/run", {}), 409, "conflict")
        with app.app_context():
            finish(claim_runs(UUID(job["id"])))
        one = alice.read(f"{address}/runs/{run['id']}")
        assert (one["status"], one["response_status"]) == ("succeeded", 200)
        assert alice.read(address)["runs_total"] == 1

    def test_runs_are_listed_by_page_and_by_status(
        self, alice: Api, app: Flask, cast: Cast
    ) -> None:
        job_id = UUID(make(alice)["id"])
        with app.app_context():
            for _ in range(3):
                begin_now(cast.alice, job_id)
                finish(claim_runs(job_id))
            begin_now(cast.alice, job_id)
            ids = [str(run.id) for run in reversed(runs_of(job_id))]
        address = f"/background-jobs/{job_id}/runs"
        page = alice.read(f"{address}?$limit=2")
        rest = alice.read(f"{address}?$limit=2&$trail={page['trail']}")
        assert [run["id"] for run in page["items"] + rest["items"]] == ids
        assert [run["id"] for run in alice.read(f"{address}?status=due")["items"]] == ids[:1]
        assert_problem(alice.get(f"{address}?status=odd"), 400, "invalid_request")


class TestWho:
    def test_others_do_not_see_it(self, alice: Api, apis: Apis) -> None:
        job = make(alice)
        address = f"/background-jobs/{job['id']}"
        assert apis.charlie.read("/background-jobs")["items"] == []
        refused = [
            apis.charlie.get(address),
            apis.charlie.patch(address, {"name": "Mine"}),
            apis.charlie.delete(address),
            apis.charlie.get(f"{address}/runs"),
            apis.charlie.post(f"{address}/run", {}),
            apis.charlie.post(f"{address}/rotate-signing-secret", {}),
            alice.get(f"/background-jobs/{NOWHERE}"),
            alice.get(f"{address}/runs/{NOWHERE}"),
        ]
        for each in refused:
            assert_problem(each, 404, "not_found")

    def test_a_reviewer_reads_it_without_what_is_secret(self, alice: Api, apis: Apis) -> None:
        job = make(alice, headers=SECRET, url=URL + "?code=hush", body={"password": "hush"})
        address = f"/background-jobs/{job['id']}"
        seen = apis.bob.read(address)
        assert seen["headers"] == {"Authorization": "••••", "X-Plain": "seen"}
        assert "hush" not in str(seen)
        assert seen["signing_secret"] is None
        for refused in (
            apis.bob.post("/background-jobs", JOB),
            apis.bob.patch(address, {"name": "New"}),
            apis.bob.delete(address),
            apis.bob.post(f"{address}/run", {}),
        ):
            assert_problem(refused, 403, "permission_missing")

    def test_a_key_needs_the_scope(self, alice: Api, app: Flask) -> None:
        address = f"/background-jobs/{make(alice)['id']}"
        reader = key_with(alice, app, "background_jobs:read")
        assert reader.get(address).status_code == 200
        assert_problem(reader.post(f"{address}/run", {}), 403, "permission_missing")
        assert_problem(key_with(alice, app, "agents:all").get(address), 403, "permission_missing")


def test_its_signing_secret_is_replaced(alice: Api) -> None:
    job = make(alice)
    address = f"/background-jobs/{job['id']}"
    rotated = posted(alice, f"{address}/rotate-signing-secret")
    assert rotated["signing_secret"] not in {None, job["signing_secret"]}
    assert rotated["signing_overlap_ends_at"] is not None
    ended = posted(alice, f"{address}/end-signing-overlap")
    assert ended["signing_overlap_ends_at"] is None
