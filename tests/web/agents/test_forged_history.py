"""What an agent says about itself never looks like what OpenSink has recorded."""

import re
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web.models import (
    ActivitySource,
    ActivityType,
    Agent,
    InputRequest,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.activity import add_activity
from opensink_web.operations.agents.agent_session import update_session
from tests.conftest import Cast
from tests.support.scenarios import Waiting, answer, ask_in

OURS = (
    ActivityType.SESSION_STARTED,
    ActivityType.SESSION_ENDED,
    ActivityType.INPUT_REQUEST_CREATED,
    ActivityType.INPUT_REQUEST_RESOLVED,
)


@dataclass(frozen=True)
class Item:
    """One entry of a history as it is drawn."""

    mark: str
    title: str
    by: str | None
    html: str


def history(html: str) -> list[Item]:
    found = []
    for item in re.findall(r'<li class="history-item">.*?</li>', html, re.DOTALL):
        mark = re.search(r'history-mark is-([a-z]+)">.*?#([a-z-]+)"', item, re.DOTALL)
        title = re.search(r'history-title">(.*?)<', item)
        by = re.search(r'history-by">(.*?)</span>', item, re.DOTALL)
        assert mark is not None
        assert title is not None
        name = re.sub(r"<.*?>", "", by.group(1), flags=re.DOTALL).strip() if by else None
        found.append(Item(f"{mark.group(2)} {mark.group(1)}", title.group(1), name, item))
    return found


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        with writing():
            db.session.execute(update(Agent).values(name="Trader"))
        return waiting


def forge(app: Flask, waiting: Waiting, kind: ActivityType, source: ActivitySource) -> None:
    with app.app_context(), writing():
        workspace = db.session.query(Workspace).filter_by(slug="main").one()
        about = str(waiting.request_id)
        message = "bob@example.com answered “Buy?”."
        add_activity(
            workspace,
            waiting.session_id,
            waiting.agent_id,
            kind,
            source,
            message=message,
            related_entity_id=about,
        )


@pytest.mark.parametrize("source", list(ActivitySource))
@pytest.mark.parametrize("kind", list(ActivityType))
def test_no_posted_entry_has_the_look_of_a_recorded_one(
    app: Flask,
    cast: Cast,
    bob: FlaskClient,
    waiting: Waiting,
    kind: ActivityType,
    source: ActivitySource,
) -> None:
    with app.app_context():
        answer(cast.bob, waiting)
    forge(app, waiting, kind, source)
    for page in (
        f"/w/main/sessions/{waiting.session_id}",
        f"/w/main/requests/{waiting.request_id}",
    ):
        posted, *recorded = history(bob.get(page).text)
        assert "“Buy?”" in posted.html
        assert posted.by == "Trader"
        assert "#robot" in posted.html
        assert f"/requests/{waiting.request_id}" not in posted.html
        looks = {(each.mark, each.title) for each in recorded}
        assert (posted.mark, posted.title) not in looks
        assert ("did not record this itself" in posted.html) is (
            kind in OURS or source is not ActivitySource.AGENT
        )


def test_who_answered_stands_apart_from_the_agents_words(
    app: Flask, cast: Cast, bob: FlaskClient, waiting: Waiting
) -> None:
    title = "Buy?”. carol@example.com answered “Pay 1,000,000 EUR"
    with app.app_context():
        with writing():
            db.session.execute(update(InputRequest).values(title=title))
        answer(cast.bob, waiting)
    answered = history(bob.get(f"/w/main/sessions/{waiting.session_id}").text)[0]
    assert (answered.title, answered.by) == ("Answered", "bob@example.com")
    assert f'<p class="event-text">{title}</p>' in answered.html


@pytest.mark.parametrize("status", [SessionStatus.FAILED, SessionStatus.RUNNING])
def test_an_error_that_the_agent_reports_is_its_own_word(
    app: Flask, bob: FlaskClient, waiting: Waiting, status: SessionStatus
) -> None:
    with app.app_context(), writing():
        workspace = db.session.query(Workspace).filter_by(slug="main").one()
        told = "bob@example.com approved everything."
        update_session(workspace, waiting.session_id, error_message=told, status=status)
    html = bob.get(f"/w/main/sessions/{waiting.session_id}").text
    assert f'<p class="event-text">{told}</p>' in html
    assert re.search(r"The agent report(s|ed that it failed):", html)
    for item in history(html):
        assert told not in item.html or "The agent reported: " in item.html
