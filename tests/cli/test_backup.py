"""`opensink backup` and `opensink restore`: of a server that is busy, onto an empty machine."""

import shutil
import sqlite3
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.cli.backup import backup, restore
from opensink_web.factory import create_app
from opensink_web.models import Delivery, InputRequest, InputRequestStatus, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import locked_data_dir
from tests.cli.command_runner import Commands, sentence
from tests.conftest import Cast
from tests.support.opensink_up import Opensink
from tests.support.real_servers import AgentEndpoint
from tests.support.scenarios import answer, ask_in, endpoint_at

pytestmark = pytest.mark.server


@pytest.fixture
def here(settings: Settings) -> Commands:
    return Commands(settings)


@pytest.fixture
def there(environment: dict[str, str], tmp_path: Path) -> Commands:
    """Commands on an empty data folder, with the same keys."""
    return Commands(Settings.from_env(environment | {"DATA_DIR": str(tmp_path / "there")}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "opensink.backup"


@contextmanager
def answering(app: Flask, cast: Cast, url: str) -> Iterator[list[bool]]:
    """Ask and answer all the time; whatever fails is raised at the end."""
    stop, failed = threading.Event(), []
    worked: list[bool] = []

    def work() -> None:
        try:
            while not stop.is_set():
                with app.app_context():
                    answer(cast.alice, ask_in(cast.alice, endpoint_at(url)))
                worked.append(True)
                time.sleep(0.03)  # what is written here has to be delivered, too
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        while not worked and not failed:
            time.sleep(0.01)
        yield worked
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


def outbox(settings: Settings) -> set[str]:
    """Check that each answer has exactly its one call, and return those calls' ids."""
    app = create_app(settings)
    with app.app_context(), reading():
        requests = db.session.scalars(select(InputRequest)).all()
        deliveries = db.session.scalars(select(Delivery)).all()
        resolved = [each for each in requests if each.status is InputRequestStatus.RESOLVED]
        assert sorted(each.id for each in resolved) == sorted(
            each.input_request_id for each in deliveries if each.input_request_id
        )
        assert all(each.response == {"approved": True} for each in resolved)
        db.session.remove()
        db.engine.dispose()
        return {str(each.id) for each in deliveries}


def test_a_backup_under_load_comes_alive_on_an_empty_machine(
    app: Flask, cast: Cast, here: Commands, there: Commands, file: Path
) -> None:
    with AgentEndpoint() as agent:
        with answering(app, cast, agent.url) as worked:
            before = len(worked)
            while len(worked) == before:  # a copy is sometimes made between two answers
                made = here.run(backup, file, "--force")
                assert made.exit_code == 0, made.exception
        assert file.stat().st_mode & 0o777 == 0o600
        restored = there.run(restore, file)
        assert restored.exit_code == 0, restored.exception
        due = outbox(there.settings)
        assert due
        server = Opensink(there.settings.data_dir)
        key = there.settings.encryption_keys[0]
        server.up("--workers", "1", variables={"ENCRYPTION_KEYS": key})
        try:
            server.wait_until(lambda: len(agent.calls) >= len(due))
        finally:
            server.end()
    assert {call.headers["webhook-id"] for call in agent.calls} == due


def test_a_backup_with_keys_needs_nothing_else(
    app: Flask, cast: Cast, key_file: object, here: Commands, file: Path, tmp_path: Path
) -> None:
    assert "keep it as secret" in here.run(backup, file, "--with-keys").output
    there = Settings.from_env({"DATA_DIR": str(tmp_path / "there")})
    assert Commands(there).run(restore, file).exit_code == 0
    with create_app(there).app_context(), reading():
        assert db.session.get_one(Workspace, cast.alice.workspace_id).execution_secret
        db.session.remove()
        db.engine.dispose()
    for name in ("encryption_keys", "secret_key", "opensink.sqlite3"):
        assert (there.data_dir / name).stat().st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("key_file")
def test_a_backup_without_keys_says_what_is_missing(
    app: Flask, cast: Cast, here: Commands, file: Path, tmp_path: Path
) -> None:
    assert "does not contain the keys it needs" in here.run(backup, file).output
    with tarfile.open(file) as archive:
        assert archive.getnames() == ["manifest.json", "opensink.sqlite3"]
    there = Commands(Settings.from_env({"DATA_DIR": str(tmp_path / "there")}))
    missing = sentence(there.run(restore, file))
    assert "Still missing" in missing
    assert "encryption_keys" in missing


def test_what_was_there_before_is_kept(app: Flask, cast: Cast, here: Commands, file: Path) -> None:
    here.run(backup, file)
    with app.app_context(), writing():
        db.session.get_one(Workspace, cast.alice.workspace_id).name = "Later"
    with app.app_context():
        db.engine.dispose()
    assert here.run(restore, file).exit_code == 0
    (kept,) = here.settings.data_dir.glob("opensink.sqlite3.before-restore-*")
    names = []
    for each in (kept, here.settings.data_dir / "opensink.sqlite3"):
        with closing(sqlite3.connect(each)) as database:
            names.append(database.execute("SELECT name FROM workspaces ORDER BY id").fetchone()[0])
    assert names == ["Later", "Main"]


def test_a_file_that_is_there_is_not_overwritten(
    app: Flask, cast: Cast, here: Commands, file: Path
) -> None:
    file.write_text("precious")
    assert "--force" in sentence(here.run(backup, file))
    assert file.read_text() == "precious"
    assert here.run(backup, file, "--force").exit_code == 0
    assert tarfile.is_tarfile(file)
    assert [each for each in file.parent.iterdir() if each.name.startswith(".")] == []


def test_nothing_is_restored_under_a_server(
    app: Flask, cast: Cast, here: Commands, file: Path
) -> None:
    here.run(backup, file)
    with locked_data_dir(here.settings.data_dir):
        assert "Another `opensink up`" in sentence(here.run(restore, file))
    with app.app_context(), reading():
        db.session.get_one(Workspace, cast.alice.workspace_id)
        assert "stop it and all its workers" in sentence(here.run(restore, file))
        db.session.remove()
    assert not list(here.settings.data_dir.glob("*.before-*"))


@pytest.mark.parametrize("content", [b"", b"no archive", b"\0" * 20_000])
def test_what_is_no_backup_is_refused(
    app: Flask, cast: Cast, here: Commands, file: Path, content: bytes
) -> None:
    file.write_bytes(content)
    assert "was not made by `opensink backup`" in sentence(here.run(restore, file))


def test_a_damaged_or_newer_backup_is_refused(
    app: Flask, cast: Cast, here: Commands, file: Path
) -> None:
    here.run(backup, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert "damaged" in sentence(here.run(restore, file))
    source = here.settings.data_dir / "opensink.sqlite3"
    with app.app_context():
        db.engine.dispose()
    with closing(sqlite3.connect(source)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    shutil.rmtree(file, ignore_errors=True)
    here.run(backup, file, "--force")
    assert "newer version of OpenSink" in sentence(here.run(restore, file))


def test_postgresql_has_its_own_tools(here: Commands, file: Path) -> None:
    url = "postgresql://opensink@127.0.0.1:1/opensink"
    assert "pg_dump" in sentence(here.run(backup, file, DATABASE_URL=url))
