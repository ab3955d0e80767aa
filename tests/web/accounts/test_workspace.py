"""The workspace's own page: its name, and its execution secret."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.models import Workspace, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import Cast

PAGE = "/w/main/admin/workspace"
SECRET = PAGE + "/secret"
ROTATE = SECRET + "/rotate"
END_OVERLAP = SECRET + "/end-overlap"
OVERLAPS = "calls still carry the previous"


def name_and_secret(app: Flask, cast: Cast) -> tuple[str, str]:
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        return workspace.name, workspace.execution_secret


def test_the_address_of_a_workspace_leads_to_its_inbox(bob: FlaskClient) -> None:
    assert bob.get("/w/main/").location == "/w/main/inbox"


def test_the_secret_is_shown_to_whoever_asks_and_has_no_address(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    secret = name_and_secret(app, cast)[1]
    assert secret not in alice.get(PAGE).text
    assert f'action="{SECRET}"' in alice.get(PAGE).text
    assert alice.get(SECRET).status_code == 405

    shown = alice.post(SECRET)
    assert shown.text.count(secret) == 1
    assert shown.headers["Cache-Control"] == "no-store"


def test_who_has_seen_the_secret_is_on_record(
    cast: Cast, alice: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "opensink.audit")
    alice.post(SECRET)
    alice.post(ROTATE)
    alice.post(END_OVERLAP)
    who = f'workspace="{cast.alice.workspace_id}" by="{cast.alice.id}" address="127.0.0.1"'
    events = ("shown", "rotated", "overlap_ended")
    assert [f"execution_secret_{event} {who}" for event in events] == caplog.messages


def test_the_overlap_can_be_ended_at_once(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    assert END_OVERLAP not in alice.get(PAGE).text
    alice.post(ROTATE)
    new = name_and_secret(app, cast)[1]
    assert END_OVERLAP in alice.get(PAGE).text

    assert alice.post(END_OVERLAP).location == PAGE
    page = alice.get(PAGE).text
    assert "Calls carry the new secret now." in page
    assert OVERLAPS not in page
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        assert workspace.execution_secrets(clock.now()) == (new,)


def test_the_page_shows_how_to_check_the_secret(alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert "X-OpenSink-Secret" in page
    assert "hmac.compare_digest" in page


def test_renaming_works(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    answer = alice.post(PAGE, data={"name": "  Accounts  "})
    assert answer.status_code == 303
    assert answer.location == PAGE
    assert name_and_secret(app, cast)[0] == "Accounts"
    assert "The workspace has been renamed." in alice.get(PAGE).text


@pytest.mark.parametrize("name", ["", "   ", "n" * 256])
def test_a_name_that_is_none_changes_nothing(
    app: Flask, cast: Cast, alice: FlaskClient, name: str
) -> None:
    answer = alice.post(PAGE, data={"name": name})
    assert answer.status_code == 422
    assert 'href="#name"' in answer.text
    assert name_and_secret(app, cast)[0] == "Main"


def test_replacing_the_secret_tells_until_when_calls_carry_the_previous_one(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    before = name_and_secret(app, cast)[1]
    assert OVERLAPS not in alice.get(PAGE).text
    assert alice.post(ROTATE).location == PAGE

    page = alice.get(PAGE).text
    assert name_and_secret(app, cast)[1] != before
    assert OVERLAPS in page
    assert before not in page


def test_while_two_overlap_both_are_shown_to_whoever_asks(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    before = name_and_secret(app, cast)[1]
    alice.post(ROTATE)
    shown = alice.post(SECRET).text
    assert (before in shown, name_and_secret(app, cast)[1] in shown) == (True, True)
    alice.post(END_OVERLAP)
    assert before not in alice.post(SECRET).text


def test_replaced_again_meanwhile_calls_go_on_with_what_receivers_know(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    before = name_and_secret(app, cast)[1]
    alice.post(ROTATE)
    alice.post(ROTATE)
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        assert workspace.execution_secrets(clock.now()) == (before, workspace.execution_secret)


def test_after_the_overlap_the_previous_secret_is_not_spoken_of(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    alice.post(ROTATE)
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        workspace.previous_secret_expires_at = clock.now() - timedelta(seconds=1)
    assert OVERLAPS not in alice.get(PAGE).text


def test_replacing_the_secret_by_get_is_refused(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    before = name_and_secret(app, cast)
    assert alice.get(ROTATE).status_code == 405
    assert alice.get(END_OVERLAP).status_code == 405
    assert name_and_secret(app, cast) == before


def test_a_reviewer_may_not(app: Flask, cast: Cast, bob: FlaskClient) -> None:
    before = name_and_secret(app, cast)
    assert bob.get(PAGE).status_code == 403
    assert bob.post(PAGE, data={"name": "Bob's"}).status_code == 403
    for address in (SECRET, ROTATE, END_OVERLAP):
        assert bob.post(address).status_code == 403
    assert name_and_secret(app, cast) == before


def test_nobody_from_elsewhere_sees_it(app: Flask, cast: Cast, charlie: FlaskClient) -> None:
    before = name_and_secret(app, cast)
    assert charlie.get(PAGE).status_code == 404
    for address in (SECRET, ROTATE, END_OVERLAP):
        assert charlie.post(address).status_code == 404
    assert name_and_secret(app, cast) == before


def test_signed_out_it_leads_to_the_sign_in(app: Flask, cast: Cast) -> None:
    assert app.test_client().get(PAGE).location == f"/sign-in?next={PAGE}"


def test_a_secret_that_cannot_be_decrypted_can_be_replaced(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        workspace.sealed_execution_secret = "00000000.lost"
    assert alice.get(PAGE).status_code == 200
    assert alice.post(ROTATE).status_code in {200, 303}
    assert name_and_secret(app, cast)[1].startswith("whsec_")
