"""/api/v1/absences: who is out of office and who stands in, said by oneself or by an admin."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.models import AuditAction
from tests.api.conftest import Apis, ask, assert_problem, made, wrong_paths
from tests.conftest import Cast
from tests.runtime.conftest import ok
from tests.support.audit import entries_of

ABSENCES = "/absences"
MAY = {"begins_at": "2090-05-01T00:00:00+02:00", "ends_at": "2090-06-01T00:00:00Z"}
OVER = {"begins_at": "2020-01-01T00:00:00Z", "ends_at": "2020-12-01T00:00:00Z"}


def test_one_says_so_for_oneself_and_everybody_sees_it(app: Flask, apis: Apis, cast: Cast) -> None:
    body = MAY | {"deputy": cast.alice.email.upper(), "note": "On the sea."}
    absence = made(apis.bob.post(ABSENCES, body))
    assert absence["user"] == {"id": str(cast.bob.id), "email": cast.bob.email}
    assert absence["deputy"]["id"] == str(cast.alice.id)
    assert (absence["begins_at"], absence["note"]) == ("2090-04-30T22:00:00Z", "On the sea.")
    assert apis.alice.read(f"{ABSENCES}/{absence['id']}") == absence
    assert apis.alice.read(ABSENCES)["items"] == [absence]
    with app.app_context():
        (entry,) = entries_of(cast.alice.workspace_id, AuditAction.ABSENCE_SET)
    assert entry.subject_id == cast.bob.id


def test_what_is_left_out_stays(apis: Apis, cast: Cast) -> None:
    absence = made(apis.bob.post(ABSENCES, MAY | {"deputy": str(cast.alice.id), "note": "Sea."}))
    there = f"{ABSENCES}/{absence['id']}"
    later = ok(apis.bob.patch(there, {"ends_at": "2090-07-01T00:00:00Z"}))
    assert later == absence | {"ends_at": "2090-07-01T00:00:00Z"}
    alone = ok(apis.bob.patch(there, {"deputy": None, "note": ""}))
    assert alone == later | {"deputy": None, "note": ""}
    assert apis.bob.delete(there).status_code == 204
    assert apis.bob.read(ABSENCES)["items"] == []
    assert_problem(apis.bob.get(there), 404, "not_found")


def test_a_deputy_decides_meanwhile(apis: Apis, cast: Cast) -> None:
    request = ask(apis.alice, assignees=[cast.bob.email])
    absence = made(apis.bob.post(ABSENCES, MAY | {"deputy": cast.alice.email}))
    begun = clock.now() - timedelta(days=1)
    times = {"begins_at": begun.isoformat(), "ends_at": (begun + timedelta(days=9)).isoformat()}
    ok(apis.alice.patch(f"{ABSENCES}/{absence['id']}", times))
    path = f"/agent-session-input-requests/{request['id']}/resolve"
    decided = ok(apis.alice.post(path, {"response": {"approved": True}}))
    assert decided["resolved_for"]["email"] == cast.bob.email


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"ends_at": "2090-04-01T00:00:00Z"}, "/ends_at"),
        (OVER, "/ends_at"),
        ({"ends_at": "2092-05-01T00:00:00Z"}, "/ends_at"),
        ({"deputy": "nobody@example.com"}, "/deputy"),
        ({"deputy": "charlie@example.com"}, "/deputy"),
        ({"deputy": "bob@example.com"}, "/deputy"),
        ({"user": "charlie@example.com"}, "/user"),
        ({"note": "n" * 201}, "/note"),
        ({"begins_at": "soon"}, "/begins_at"),
        ({"until": "x"}, "/until"),
    ],
)
def test_what_cannot_be_is_refused_and_stores_nothing(apis: Apis, wrong: Any, path: str) -> None:
    assert wrong_paths(apis.bob.post(ABSENCES, MAY | wrong)) == [path]
    assert apis.bob.read(ABSENCES)["items"] == []
    absence = made(apis.bob.post(ABSENCES, MAY))
    if "user" not in wrong:
        assert wrong_paths(apis.bob.patch(f"{ABSENCES}/{absence['id']}", wrong)) == [path]
        assert apis.bob.read(ABSENCES)["items"] == [absence]


def test_nobody_is_away_twice_at_once(apis: Apis) -> None:
    first = made(apis.bob.post(ABSENCES, MAY))
    assert wrong_paths(apis.bob.post(ABSENCES, MAY)) == ["/begins_at"]
    june = {"begins_at": MAY["ends_at"], "ends_at": "2090-07-01T00:00:00Z"}
    second = made(apis.bob.post(ABSENCES, june))
    there = f"{ABSENCES}/{second['id']}"
    assert wrong_paths(apis.bob.patch(there, {"begins_at": MAY["begins_at"]})) == ["/begins_at"]
    assert apis.bob.read(ABSENCES)["items"] == [second, first]


def test_for_others_only_an_admin_says_so(apis: Apis, cast: Cast) -> None:
    for_alice = MAY | {"user": cast.alice.email}
    assert_problem(apis.bob.post(ABSENCES, for_alice), 403, "permission_missing")
    own = made(apis.alice.post(ABSENCES, MAY))
    there = f"{ABSENCES}/{own['id']}"
    assert_problem(apis.bob.patch(there, {"note": "x"}), 403, "permission_missing")
    assert_problem(apis.bob.delete(there), 403, "permission_missing")
    of_bob = made(apis.alice.post(ABSENCES, MAY | {"user": cast.bob.email}))
    assert of_bob["user"]["email"] == cast.bob.email
    assert apis.alice.delete(f"{ABSENCES}/{of_bob['id']}").status_code == 204


def test_another_workspace_sees_nothing_of_them(apis: Apis) -> None:
    there = f"{ABSENCES}/{made(apis.alice.post(ABSENCES, MAY))['id']}"
    assert apis.charlie.read(ABSENCES)["items"] == []
    for answer in (
        apis.charlie.get(there),
        apis.charlie.patch(there, {"note": "x"}),
        apis.charlie.delete(there),
    ):
        assert_problem(answer, 404, "not_found")
