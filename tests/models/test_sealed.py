"""Secrets are encrypted in their columns, and a ciphertext is of use in its own place alone."""

import pytest
from flask import Flask
from sqlalchemy import text

from opensink_web.errors import UnreadableSecret
from opensink_web.factory import create_app
from opensink_web.keyring import new_key
from opensink_web.models import Agent, Workspace, db
from opensink_web.models.sealed import sealed_columns
from opensink_web.models.transaction import reading, writing
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.scenarios import ENDPOINT, Waiting, ask_in


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


def test_every_secret_there_is_stands_in_the_list() -> None:
    assert {f"{table}.{name}" for table, name in sealed_columns()} >= {
        "agents.execution_endpoint",
        "chats.title",
        "delivery_attempts.request_body",
        "delivery_attempts.request_headers",
        "delivery_attempts.response_body",
        "delivery_attempts.response_headers",
        "delivery_attempts.url",
        "idempotency_records.response_body",
        "input_requests.proposed_response",
        "input_requests.response",
        "second_factors.secret",
        "workspaces.execution_secret",
        "workspaces.previous_execution_secret",
        "workspaces.signing_root",
    }


def test_the_database_holds_no_plain_text(app: Flask, cast: Cast) -> None:
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        stored = db.session.scalars(text("SELECT execution_secret FROM workspaces")).all()
        assert workspace.execution_secret.startswith("whsec_")
        assert not [each for each in stored if "whsec_" in each]


def test_a_value_that_is_not_there_is_null(app: Flask, waiting: Waiting) -> None:
    with app.app_context(), writing():
        agent = db.session.get_one(Agent, waiting.agent_id)
        agent.execution_endpoint = None
        db.session.flush()
        stored = "SELECT count(*) FROM agents WHERE execution_endpoint IS NULL"
        assert db.session.get_one(Agent, waiting.agent_id).execution_endpoint is None
        assert db.session.scalar(text(stored)) == 1


def test_a_ciphertext_of_another_row_is_refused(app: Flask, cast: Cast) -> None:
    with app.app_context(), reading():
        ours = db.session.get_one(Workspace, cast.alice.workspace_id)
        theirs = db.session.get_one(Workspace, cast.charlie.workspace_id)
        ours.sealed_execution_secret = theirs.sealed_execution_secret
        with pytest.raises(UnreadableSecret, match="another row or column"):
            _ = ours.execution_secret


def test_a_ciphertext_of_another_column_is_refused(app: Flask, cast: Cast) -> None:
    with app.app_context(), reading():
        ours = db.session.get_one(Workspace, cast.alice.workspace_id)
        ours.sealed_previous_execution_secret = ours.sealed_execution_secret
        with pytest.raises(UnreadableSecret, match="another row or column"):
            _ = ours.previous_execution_secret


def test_each_application_in_a_process_has_its_own_keys(
    app: Flask, settings: Settings, cast: Cast, environment: dict[str, str]
) -> None:
    stranger = create_app(Settings.from_env(environment | {"ENCRYPTION_KEYS": new_key()}))
    for one, is_readable in ((app, True), (stranger, False), (app, True)):
        with one.app_context(), reading():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            if is_readable:
                assert workspace.execution_secret
            else:
                with pytest.raises(UnreadableSecret):
                    _ = workspace.execution_secret
                db.engine.dispose()
