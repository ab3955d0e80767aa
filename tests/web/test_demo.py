"""The demo's button, where the program is not there; where it is: tests/cli/test_demo.py."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from opensink_web.demo import settings_file
from opensink_web.demo.trading_agent import AgentSettings
from opensink_web.models import Agent, User, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user_session import begin_session
from opensink_web.settings import Settings
from opensink_web.web import demo
from tests.conftest import Cast, Person

BUTTON = "/w/main/demo/start"


@pytest.fixture
def environment(environment: dict[str, str], request: pytest.FixtureRequest) -> dict[str, str]:
    """Supervised, unless the test's marks say otherwise."""
    return environment | {"OPENSINK_SUPERVISED": "1"} | getattr(request, "param", {})


@pytest.fixture(autouse=True)
def without_tokens(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "STARTS_WITHIN_SECONDS", 0.2)


def browser_of(app: Flask, person: Person) -> FlaskClient:
    with app.app_context(), writing():
        user = db.session.get_one(User, person.id)
        _, token = begin_session(user, user_agent="tests", remote_address="")
    browser = app.test_client()
    with browser.session_transaction() as session:
        session["_user_id"] = token
    return browser


def pressed(app: Flask, person: Person) -> str:
    """Press the button, which leads to the inbox; return what is said there."""
    browser = browser_of(app, person)
    answer = browser.post(BUTTON)
    assert answer.status_code == 303
    assert answer.location.startswith("/w/main/")
    with browser.session_transaction() as session:
        ((category, sentence),) = session["_flashes"]
    assert category == "danger"
    return str(sentence)


def agent_count(app: Flask) -> int | None:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(Agent))


def kept(settings: Settings) -> AgentSettings:
    found = settings_file.read(settings.data_dir)
    assert found is not None
    return found


@pytest.mark.parametrize("environment", [{"OPENSINK_SUPERVISED": ""}], indirect=True)
def test_parts_that_run_alone_point_to_the_command(app: Flask, cast: Cast) -> None:
    assert "Run `opensink demo`" in pressed(app, cast.alice)
    assert agent_count(app) == 0


@pytest.mark.parametrize("environment", [{"EXECUTION_ENDPOINT_HOSTS": ""}], indirect=True)
def test_a_policy_without_loopback_is_named(app: Flask, cast: Cast, settings: Settings) -> None:
    assert "EXECUTION_ENDPOINT_HOSTS=127.0.0.0/8" in pressed(app, cast.alice)
    assert agent_count(app) == 0
    assert settings_file.read(settings.data_dir) is None


def test_a_program_that_does_not_come_up_is_told(
    app: Flask, cast: Cast, settings: Settings
) -> None:
    assert "did not start within" in pressed(app, cast.alice)
    assert agent_count(app) == 1
    assert (settings.data_dir / settings_file.FILE_NAME).stat().st_mode & 0o077 == 0


def test_what_did_not_come_up_gets_another_port_and_key(
    app: Flask, cast: Cast, settings: Settings
) -> None:
    pressed(app, cast.alice)
    first = kept(settings)
    pressed(app, cast.alice)
    second = kept(settings)
    assert second.api_key != first.api_key
    assert second.port != first.port
    assert second.agent_id == first.agent_id


def test_a_file_that_is_damaged_is_replaced(app: Flask, cast: Cast, settings: Settings) -> None:
    Path(settings.data_dir / settings_file.FILE_NAME).write_text("{")
    pressed(app, cast.alice)
    assert kept(settings).base_url == settings.public_url


def test_getting_it_is_the_wrong_method(app: Flask, cast: Cast) -> None:
    assert browser_of(app, cast.alice).get(BUTTON).status_code == 405


def test_signed_out_leads_to_the_sign_in(app: Flask, cast: Cast) -> None:
    answer = app.test_client().post(BUTTON)
    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in")


def test_a_reviewer_may_not(app: Flask, cast: Cast) -> None:
    assert browser_of(app, cast.bob).post(BUTTON).status_code == 403
    assert agent_count(app) == 0


def test_another_workspace_does_not_exist(app: Flask, cast: Cast) -> None:
    assert browser_of(app, cast.charlie).post(BUTTON).status_code == 404
    assert agent_count(app) == 0


def test_without_a_token_nothing_happens(app: Flask, cast: Cast) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert browser_of(app, cast.alice).post(BUTTON).status_code == 400
    assert agent_count(app) == 0
