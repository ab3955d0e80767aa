"""API keys: the list, making one that is shown once, revoking one."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import ApiKey, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.api_key import create_key, principal_of_key
from tests.conftest import Cast

PAGE = "/w/main/admin/api-keys"
NEW = PAGE + "/new"
KEY = re.compile(r"osk_[\w-]{40,}")
FORM = {"name": "Nightly import", "reach": "everything", "expiry": "90"}


def keys(app: Flask, cast: Cast) -> list[ApiKey]:
    with app.app_context(), reading():
        query = select(ApiKey).where(ApiKey.workspace_id == cast.alice.workspace_id)
        found = list(db.session.scalars(query.order_by(ApiKey.id)))
        db.session.expunge_all()
        return found


def opens(app: Flask, secret: str) -> bool:
    with app.app_context(), reading():
        return principal_of_key(secret) is not None


def test_the_list_shows_keys_without_their_secret(cast: Cast, alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert cast.alice.api_key[:10] in page
    assert cast.alice.api_key not in page
    assert "bob@example.com" in page
    assert "charlie@example.com" not in page


def test_a_key_is_shown_once_and_opens_the_api(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    answer = alice.post(NEW, data=FORM)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    (secret,) = set(KEY.findall(answer.text))
    with alice.session_transaction() as session:
        assert secret not in repr(dict(session))
    assert opens(app, secret)
    assert secret not in alice.get(PAGE).text
    made = keys(app, cast)[-1]
    assert (made.user_id, made.name, made.scopes) == (cast.alice.id, "Nightly import", ["all:all"])


def test_a_key_can_have_some_permissions_only(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    scopes = ["agents:read", "agent_sessions:write"]
    alice.post(NEW, data=FORM | {"reach": "chosen", "scopes": scopes})
    assert keys(app, cast)[-1].scopes == scopes


def test_permissions_do_not_count_when_everything_is_chosen(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    alice.post(NEW, data=FORM | {"scopes": ["agents:read"]})
    assert keys(app, cast)[-1].scopes == ["all:all"]


@pytest.mark.parametrize("days", [30, 90, 365])
def test_a_key_can_expire_after_some_days(
    app: Flask, cast: Cast, alice: FlaskClient, days: int
) -> None:
    alice.post(NEW, data=FORM | {"expiry": str(days)})
    expires_at = keys(app, cast)[-1].expires_at
    assert expires_at is not None
    assert abs(expires_at - clock.now() - timedelta(days=days)) < timedelta(minutes=1)


def test_a_key_can_stay_for_ever(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    alice.post(NEW, data=FORM | {"expiry": ""})
    assert keys(app, cast)[-1].expires_at is None


@pytest.mark.parametrize("day", ["2999-12-31", "9999-12-31"])
def test_a_key_can_have_a_last_day(app: Flask, cast: Cast, alice: FlaskClient, day: str) -> None:
    alice.post(NEW, data=FORM | {"expiry": "date", "expires_at": day})
    expires_at = keys(app, cast)[-1].expires_at
    assert expires_at == datetime.fromisoformat(f"{day}T23:59:59.999999").replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "Enter a name."),
        ({"name": "n" * 256}, "name", "A name has 1 to 255 characters."),
        ({"reach": "chosen"}, "scopes", "Choose at least one permission."),
        ({"reach": "chosen", "scopes": "agents:fly"}, "scopes", "not a valid choice"),
        ({"expiry": "date"}, "expires_at", "Enter the last day."),
        ({"expiry": "date", "expires_at": "soon"}, "expires_at", "Not a valid date value."),
        (
            {"expiry": "date", "expires_at": "2001-01-01"},
            "expires_at",
            "The expiry must be in the future.",
        ),
        ({"expiry": "1"}, "expiry", "Not a valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_the_field_and_no_key_is_made(
    app: Flask, cast: Cast, alice: FlaskClient, changes: dict[str, str], field: str, sentence: str
) -> None:
    before = len(keys(app, cast))
    answer = alice.post(NEW, data=FORM | changes)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert answer.text.count(sentence) >= 2, "in the summary and at the field"
    assert len(keys(app, cast)) == before


def test_what_was_ticked_stays_ticked(alice: FlaskClient) -> None:
    data = FORM | {"name": "", "reach": "chosen", "scopes": ["deliveries:read"]}
    assert 'value="deliveries:read" checked' in alice.post(NEW, data=data).text


def test_a_revoked_key_opens_nothing(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    key = next(each for each in keys(app, cast) if each.user_id == cast.bob.id)
    assert opens(app, cast.bob.api_key)
    answer = alice.post(f"{PAGE}/{key.id}/revoke")
    assert answer.location == PAGE
    assert not opens(app, cast.bob.api_key)
    assert key.prefix not in alice.get(PAGE).text
    assert alice.post(f"{PAGE}/{key.id}/revoke").status_code == 404


def test_a_key_of_elsewhere_cannot_be_revoked(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert alice.post(f"{PAGE}/{_key_id(app, cast.charlie.id)}/revoke").status_code == 404
    assert alice.post(f"{PAGE}/{uuid4()}/revoke").status_code == 404
    assert opens(app, cast.charlie.api_key)


def test_revoking_by_get_is_refused(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert alice.get(f"{PAGE}/{keys(app, cast)[0].id}/revoke").status_code == 405
    assert opens(app, cast.alice.api_key)


def test_a_key_that_has_expired_says_so(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert "Expired" not in alice.get(PAGE).text
    with app.app_context(), writing():
        db.session.get_one(ApiKey, keys(app, cast)[0].id).expires_at = clock.now()
    assert "Expired" in alice.get(PAGE).text


def test_a_list_without_keys_says_what_to_do(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    for key in keys(app, cast):
        alice.post(f"{PAGE}/{key.id}/revoke")
    assert "No API keys yet" in alice.get(PAGE).text


def test_many_keys_come_in_pages(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        user = db.session.get_one(User, cast.alice.id)
        for number in range(60):
            create_key(workspace, user, name=f"key-{number:02}", scopes=("all:all",))
    first = alice.get(PAGE).text
    older = re.findall(r'href="([^"]+)" rel="next"', first)[0]
    second = alice.get(older).text
    assert "key-59" in first
    assert "key-00" not in first
    assert "key-00" in second
    assert f'href="{PAGE}"' in second


def test_a_cursor_that_is_none_is_a_bad_request(alice: FlaskClient) -> None:
    assert alice.get(PAGE + "?trail=x").status_code == 400


def test_a_reviewer_may_not(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    before = len(keys(app, cast))
    assert bob.get(PAGE).status_code == 403
    assert bob.get(NEW).status_code == 403
    assert bob.post(NEW, data=FORM).status_code == 403
    assert len(keys(app, cast)) == before


def test_nobody_from_elsewhere_sees_it(app: Flask, cast: Cast, charlie: FlaskClient) -> None:
    before = len(keys(app, cast))
    assert charlie.get(PAGE).status_code == 404
    assert charlie.post(NEW, data=FORM).status_code == 404
    assert len(keys(app, cast)) == before


def test_signed_out_it_leads_to_the_sign_in(app: Flask, cast: Cast) -> None:
    assert app.test_client().get(NEW).location == f"/sign-in?next={NEW}"


def _key_id(app: Flask, user_id: UUID) -> UUID:
    with app.app_context(), reading():
        return db.session.scalars(select(ApiKey.id).where(ApiKey.user_id == user_id)).one()
