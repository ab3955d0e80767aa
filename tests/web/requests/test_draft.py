"""Drafts: what is typed and not sent is there again, for its writer alone, and without secrets."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from opensink_web.json_value import JSONValue
from opensink_web.models import Draft, InputRequest, InputRequestStatus, SessionStatus, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.queries import find_workspace
from opensink_web.operations.agents.agent_session import update_session
from opensink_web.operations.decisions.holding import take_effect
from tests.conftest import Cast
from tests.support.review_cases import YES, make_viewer
from tests.support.scenarios import ENDPOINT, Waiting, answer, ask_in
from tests.web.conftest import browser_of

SCHEMA: JSONValue = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "pin": {"type": "string", "writeOnly": True},
        "vault": {"type": "object", "writeOnly": True, "properties": {"a": {"type": "string"}}},
        "parts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "what": {"type": "string"},
                    "code": {"type": "string", "format": "password"},
                },
            },
        },
        "anything": {},
    },
}
PIN = "4711 4711"
TYPED = {"answer-0": "Mary", "answer-1": PIN, "answer-3": "0", "answer-3-0-0": "wheel"}


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    return environment | getattr(request, "param", {})


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        waiting = ask_in(cast.alice, ENDPOINT)
        with writing():
            db.session.get_one(InputRequest, waiting.request_id).schema = SCHEMA
        return waiting


@pytest.fixture
def plain(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def page(waiting: Waiting) -> str:
    return f"/w/main/requests/{waiting.request_id}"


def kept(app: Flask) -> list[list[str]]:
    with app.app_context():
        return db.session.scalars(select(Draft)).one().fields


def count_drafts(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Draft)) or 0


class TestSaving:
    def test_answers_nothing_and_shows_it_again(self, bob: FlaskClient, page: str) -> None:
        saved = bob.post(f"{page}/draft", data=TYPED)
        assert (saved.status_code, saved.data) == (204, b"")

        html = bob.get(page).text
        assert "Mary" in html
        assert "wheel" in html
        assert "This is your draft" in html
        assert "Discard draft" in html

    def test_says_nothing_of_one_that_is_as_the_form_was_drawn(
        self, app: Flask, bob: FlaskClient, page: str
    ) -> None:
        bob.post(f"{page}/draft", data=dict.fromkeys(TYPED, ""))
        assert count_drafts(app) == 1
        assert "This is your draft" not in bob.get(page).text

    def test_keeps_no_secret(self, app: Flask, bob: FlaskClient, page: str) -> None:
        secrets = {
            "answer-1": PIN,
            "answer-1-sealed": PIN,
            "answer-2": '{"a": "4711 4711"}',
            "answer-2-0": PIN,
            "answer-3-0-1": PIN,
            "answer-3-7-1": PIN,
            "answer-kept": PIN,
            "nothing": PIN,
        }
        bob.post(f"{page}/draft", data=TYPED | secrets)
        names = {name for name, _ in kept(app)}
        assert PIN not in str(kept(app))
        assert "answer-0" in names
        assert not any(name.startswith(("answer-1", "answer-2")) for name in names)
        assert PIN not in bob.get(page).text

    def test_is_encrypted(self, app: Flask, bob: FlaskClient, page: str) -> None:
        bob.post(f"{page}/draft", data=TYPED)
        with app.app_context():
            assert "Mary" not in db.session.scalars(select(Draft.sealed_fields)).one()

    def test_the_newest_wins_and_says_so(self, app: Flask, bob: FlaskClient, page: str) -> None:
        first = bob.post(f"{page}/draft", data=TYPED)
        assert "X-Draft-Replaced" not in first.headers
        known = {"_draft": first.headers["X-Draft"]}
        second = bob.post(f"{page}/draft", data=TYPED | known | {"answer-0": "Ann"})
        assert "X-Draft-Replaced" not in second.headers
        other_tab = bob.post(f"{page}/draft", data=TYPED | known | {"answer-0": "Eve"})
        assert other_tab.headers["X-Draft-Replaced"] == "1"
        assert ["answer-0", "Eve"] in kept(app)

    def test_too_much_is_refused(self, app: Flask, bob: FlaskClient, page: str) -> None:
        saved = bob.post(f"{page}/draft", data={"answer-0": "x" * 1_000_001})
        assert saved.status_code == 400
        assert count_drafts(app) == 0

    def test_is_for_those_who_may_answer(
        self, app: Flask, cast: Cast, charlie: FlaskClient, page: str
    ) -> None:
        make_viewer(app, cast.bob)
        viewer = browser_of(app, cast.bob)
        assert viewer.post(f"{page}/draft", data=TYPED).status_code == 403
        theirs = page.replace("/main/", "/elsewhere/")
        assert charlie.post(f"{theirs}/draft", data=TYPED).status_code == 404
        assert charlie.post(f"{theirs}/draft/discard").status_code == 404
        assert count_drafts(app) == 0

    def test_by_a_button_without_javascript(self, app: Flask, bob: FlaskClient, page: str) -> None:
        saved = bob.post(f"{page}?order=due", data=TYPED | {"_save_draft": "1"})
        assert (saved.status_code, saved.location) == (303, f"{page}?order=due")
        assert ["answer-0", "Mary"] in kept(app)


class TestOthers:
    def test_see_who_has_one_and_nothing_of_it(
        self, alice: FlaskClient, bob: FlaskClient, page: str
    ) -> None:
        bob.post(f"{page}/draft", data=TYPED)
        html = alice.get(page).text
        assert "has an unsent draft" in html
        assert "bob@example.com" in html
        assert "Mary" not in html
        assert "has an unsent draft" not in bob.get(page).text

    def test_still_read_theirs_when_somebody_else_has_decided(
        self, app: Flask, cast: Cast, bob: FlaskClient, plain: Waiting
    ) -> None:
        page = f"/w/main/requests/{plain.request_id}"
        bob.post(f"{page}/draft", data=YES)
        with app.app_context():
            answer(cast.alice, plain)
        html = bob.get(page).text
        assert "What you had entered" in html
        bob.post(f"{page}/draft", data=YES)
        assert count_drafts(app) == 1


class TestDiscarding:
    def test_shows_the_form_as_it_was_asked(self, app: Flask, bob: FlaskClient, page: str) -> None:
        bob.post(f"{page}/draft", data=TYPED)
        assert bob.post(f"{page}/draft/discard").status_code == 303
        assert count_drafts(app) == 0
        assert "Mary" not in bob.get(page).text

    def test_is_seen_by_asking_for_its_version(self, bob: FlaskClient, page: str) -> None:
        assert "X-Draft" not in bob.get(f"{page}/draft").headers
        saved = bob.post(f"{page}/draft", data=TYPED)
        assert bob.get(f"{page}/draft").headers["X-Draft"] == saved.headers["X-Draft"]

    def test_is_no_matter_of_reading(self, app: Flask, bob: FlaskClient, page: str) -> None:
        bob.post(f"{page}/draft", data=TYPED)
        assert bob.get(f"{page}/draft/discard").status_code == 405
        assert count_drafts(app) == 1


class TestDeciding:
    def test_at_once_leaves_no_draft(self, app: Flask, bob: FlaskClient, plain: Waiting) -> None:
        page = f"/w/main/requests/{plain.request_id}"
        bob.post(f"{page}/draft", data=YES)
        seen = bob.get(page).text.partition('name="_seen" value="')[2].partition('"')[0]
        assert bob.post(page, data={**YES, "_seen": seen}).status_code == 303
        assert count_drafts(app) == 0
        bob.post(f"{page}/draft", data=YES)  # one that was late
        assert count_drafts(app) == 0

    @pytest.mark.parametrize("environment", [{"UNDO_SECONDS": "5"}], indirect=True)
    def test_that_is_held_is_shown_again_when_it_is_undone(
        self, app: Flask, bob: FlaskClient, page: str
    ) -> None:
        assert bob.post(page, data=TYPED).status_code == 303
        assert ">Undo<" in bob.get(page).text
        undone = bob.post(f"{page}/undo?order=due")
        assert (undone.status_code, undone.location) == (303, f"{page}?order=due")
        html = bob.get(page).text
        assert "Mary" in html
        assert PIN not in html

    @pytest.mark.parametrize("environment", [{"UNDO_SECONDS": "5"}], indirect=True)
    def test_that_takes_effect_leaves_no_draft(
        self, app: Flask, bob: FlaskClient, page: str, waiting: Waiting
    ) -> None:
        bob.post(page, data=TYPED)
        with app.app_context(), writing():
            take_effect(waiting.request_id)
        assert count_drafts(app) == 0
        assert bob.post(f"{page}/undo").status_code == 409

    @pytest.mark.parametrize("environment", [{"UNDO_SECONDS": "5"}], indirect=True)
    def test_that_came_to_nothing_can_still_be_read(
        self, app: Flask, bob: FlaskClient, page: str, waiting: Waiting
    ) -> None:
        bob.post(page, data=TYPED)
        with app.app_context(), writing():
            workspace = find_workspace("main")
            update_session(workspace, waiting.session_id, status=SessionStatus.COMPLETED)
        html = bob.get(page).text
        assert "What you had entered" in html
        assert "Mary" in html

    @pytest.mark.parametrize("environment", [{"UNDO_SECONDS": "5"}], indirect=True)
    def test_a_refusal_that_is_undone_brings_its_reason_back(
        self, app: Flask, bob: FlaskClient, page: str
    ) -> None:
        bob.post(page, data=TYPED | {"_decline": "1", "reason": "Not on a Sunday."})
        bob.post(f"{page}/undo")
        html = bob.get(page).text
        assert "Not on a Sunday." in html
        assert "Mary" in html


def test_a_form_for_something_else_is_refused_and_nothing_typed_is_lost(
    app: Flask, bob: FlaskClient, page: str, waiting: Waiting
) -> None:
    refused = bob.post(page, data=TYPED | {"_seen": "0" * 64})
    assert refused.status_code == 409
    assert "changed while you had it open" in refused.text
    assert "Mary" in refused.text
    with app.app_context():
        request = db.session.get_one(InputRequest, waiting.request_id)
        assert request.status is InputRequestStatus.PENDING
        assert f'value="{request.digest}"' in refused.text
