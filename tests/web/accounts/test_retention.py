"""The page Retention: what would go is said first, and nothing is stored before."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import AuditAction, AuditEntry, Workspace, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast, Person
from tests.support.old_sessions import end_session_long_ago

PAGE = "/w/main/admin/retention"


def stored(app: Flask, person: Person) -> list[int | None]:
    with app.app_context(), reading():
        of = db.session.get_one(Workspace, person.workspace_id)
        return [
            of.retention_days_sessions,
            of.retention_days_executions,
            of.retention_days_chats,
        ]


def notes(app: Flask) -> list[object]:
    with app.app_context(), reading():
        query = select(AuditEntry).where(AuditEntry.action == AuditAction.WORKSPACE_CHANGED)
        return [each.details and each.details[1] for each in db.session.scalars(query)]


def test_what_would_go_is_counted_before_it_is_saved(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    for person in (cast.alice, cast.alice, cast.charlie):
        end_session_long_ago(app, person, days=40)
    end_session_long_ago(app, cast.alice, days=10)
    asked = alice.post(PAGE, data={"sessions": "30"})
    assert (asked.status_code, "Sessions: 2" in asked.text) == (200, True)
    assert "Nothing is saved yet" in asked.text
    assert stored(app, cast.alice) == [None, None, None]
    done = alice.post(PAGE, data={"sessions": "30", "confirmed": "30 0 0 0 0 0"})
    assert (done.status_code, done.location) == (303, PAGE)
    assert stored(app, cast.alice) == [30, None, None]
    assert stored(app, cast.charlie) == [None, None, None]
    assert notes(app) == [{"changes": {"retention_days_sessions": [None, 30]}}]
    assert 'value="30"' in alice.get(PAGE).text


def test_what_was_not_counted_is_not_confirmed(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    end_session_long_ago(app, cast.alice, days=40)
    again = alice.post(PAGE, data={"sessions": "8", "confirmed": "30 0 0 0 0 0"})
    assert (again.status_code, "Sessions: 1" in again.text) == (200, True)
    assert stored(app, cast.alice) == [None, None, None]


def test_where_nothing_goes_it_is_saved_at_once(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    data = {"sessions": "30", "executions": "60", "chats": ""}
    assert alice.post(PAGE, data=data).status_code == 303
    assert stored(app, cast.alice) == [30, 60, None]
    assert alice.post(PAGE, data=dict.fromkeys(data, "")).status_code == 303
    assert stored(app, cast.alice) == [None, None, None]


@pytest.mark.parametrize("days", ["6", "0", "-1", "36501", "1.5", "x", "9" * 30])
def test_what_cannot_be_is_refused(app: Flask, cast: Cast, alice: FlaskClient, days: str) -> None:
    answer = alice.post(PAGE, data={"sessions": days, "chats": "30"})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.text
    assert stored(app, cast.alice) == [None, None, None]


class TestWhereTheServerSaysSo:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"RETENTION_DAYS_EXECUTIONS": "30", "RETENTION_DAYS_CHATS": "1"}

    def test_the_page_says_for_how_long(self, alice: FlaskClient) -> None:
        page = alice.get(PAGE).text
        assert "as long as this server, 30 days" in page
        assert "as long as this server, 1 day." in page
        assert "Empty: for good" in page

    def test_nothing_is_kept_for_longer(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        for name, says in (("executions", "7 to 30 days"), ("chats", "nothing shorter can be set")):
            answer = alice.post(PAGE, data={name: "31"})
            assert (answer.status_code, says in answer.text) == (422, True)
        assert alice.post(PAGE, data={"executions": "20"}).status_code == 303
        assert stored(app, cast.alice) == [None, 20, None]


def test_who_does_not_look_after_the_workspace_sees_nothing(
    bob: FlaskClient, charlie: FlaskClient
) -> None:
    for client, status in ((bob, 403), (charlie, 404)):
        assert client.get(PAGE).status_code == status
        assert client.post(PAGE, data={"sessions": "30"}).status_code == status
