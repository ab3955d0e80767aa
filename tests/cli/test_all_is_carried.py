"""What a backup and a new key must not forget, whatever table it is in."""

import os
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.cli.backup import backup, restore
from opensink_web.cli.rotate_key import rotate_key
from opensink_web.factory import create_app
from opensink_web.keyring import KeyFile, id_of
from opensink_web.models import (
    Agent,
    AgentConfiguration,
    BackgroundJob,
    JobRun,
    Sink,
    SinkItem,
    Workspace,
    db,
)
from opensink_web.models.sealed import Sealed
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.configuration import (
    ConfigurationFields,
    check_configuration,
    create_configuration,
)
from opensink_web.operations.page import PageRequest
from opensink_web.operations.sealed import count_by_key
from opensink_web.operations.sinks.listing import ItemFilter, list_items
from opensink_web.settings import Settings
from tests.cli.command_runner import Commands
from tests.conftest import Cast
from tests.support.jobs import begin_now, make_job
from tests.support.scenarios import ENDPOINT, ask_in
from tests.support.sinks import put, sink_of

MODELS: tuple[Any, ...] = (AgentConfiguration, Sink, SinkItem, BackgroundJob, JobRun)
SAID: dict[str, Any] = {
    "body": "Below the limit.",
    "url": "https://example.com/trade",
    "fields": {"price": 9.5, "tags": ["a", None]},
    "resources": [{"type": "link", "label": "Chart", "url": "https://example.com/chart"}],
}


def fill(app: Flask, cast: Cast) -> None:
    for person in (cast.alice, cast.charlie):
        with app.app_context():
            put(person, sink_of(person, is_public=True), "A trade", **SAID)
            begin_now(person, make_job(person))
            agent_id = ask_in(person, ENDPOINT).agent_id
            fields = ConfigurationFields(schema={"type": "object"}, value={"limit": 10})
            with reading():
                workspace = db.session.get_one(Workspace, person.workspace_id)
                checked = check_configuration(workspace, agent_id, fields)
            with writing():
                create_configuration(db.session.get_one(Agent, agent_id), checked)


def contents(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return all rows with all that is in them, decrypted."""
    app = create_app(settings)
    with app.app_context(), reading():
        rows = {
            f"{model.__tablename__} {row.id}": {
                name: getattr(row, name)
                for name in [*vars(model)]
                if isinstance(vars(model)[name], Sealed)
            }
            | {
                column.key: getattr(row, column.key)
                for column in model.__mapper__.column_attrs
                if not column.key.startswith("sealed_")
            }
            for model in MODELS
            for row in db.session.scalars(select(model)).all()
        }
        db.session.remove()
        db.engine.dispose()
    return rows


@pytest.mark.server
def test_a_new_key_and_a_restored_backup_have_all_that_was_there(
    key_file: KeyFile, app: Flask, cast: Cast, settings: Settings, tmp_path: Path
) -> None:
    fill(app, cast)
    before = contents(settings)
    assert {each.split()[0] for each in before} == {model.__tablename__ for model in MODELS}
    (old,) = key_file.read()
    here, file = Commands(settings), tmp_path / "opensink.backup"
    assert here.run(rotate_key).exit_code == 0
    os.utime(key_file.path, (0, 0))
    assert here.run(rotate_key, "--drop-old").exit_code == 0
    with app.app_context(), reading():
        assert id_of(old) not in count_by_key()
    assert here.run(backup, file, "--with-keys").exit_code == 0
    there = Settings.from_env({"DATA_DIR": str(tmp_path / "there")})
    assert Commands(there).run(restore, file).exit_code == 0
    assert contents(there) == before
    with create_app(there).app_context():
        with reading():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            page = list_items(workspace, ItemFilter(search="trade"), PageRequest())
            assert len(page.items) == 1, "the words by which it is found are there too"
        db.session.remove()
        db.engine.dispose()
