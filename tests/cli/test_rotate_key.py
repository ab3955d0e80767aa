"""`opensink rotate-key`: new keys under a server that goes on answering."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.cli.doctor import doctor
from opensink_web.cli.rotate_key import rotate_key
from opensink_web.keyring import KeyFile, id_of, new_key
from opensink_web.models import Comment, IdempotencyRecord, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.sealed import count_by_key
from opensink_web.settings import Settings
from tests.cli.command_runner import Commands
from tests.conftest import Cast
from tests.support.executions import principal_of
from tests.support.opensink_up import Opensink
from tests.support.real_servers import wait_until
from tests.support.scenarios import ENDPOINT, answer, ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("key_file")]

MANY = 1200


@pytest.fixture
def commands(settings: Settings) -> Commands:
    return Commands(settings)


def keep_many_values(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        for _ in range(MANY):
            record = IdempotencyRecord(
                workspace_id=cast.alice.workspace_id,
                user_id=cast.alice.id,
                key=str(uuid4()),
                request_hash="",
                response_body="{}",
                expires_at=clock.now() + timedelta(days=1),
            )
            db.session.add(record)


def comment_on_something(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        with writing():
            by = principal_of(cast.alice)
            return add_comment(by.workspace, waiting.request_id, "Why ten?", by=by.user).id


def count(app: Flask, key_id: str) -> int:
    with app.app_context(), reading():
        return count_by_key()[key_id]


@contextmanager
def answering(app: Flask, cast: Cast) -> Iterator[list[bool]]:
    """Ask and answer all the time; whatever fails is raised at the end."""
    stop, worked, failed = threading.Event(), [], []

    def work() -> None:
        try:
            while not stop.is_set():
                with app.app_context():
                    answer(cast.alice, ask_in(cast.alice, ENDPOINT))
                worked.append(True)
                time.sleep(0.05)  # SQLite takes one writer; without a pause no other gets in
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield worked
    finally:
        stop.set()
        thread.join()
    assert not failed, failed


def test_a_killed_rotation_is_gone_on_with_and_the_server_answers_meanwhile(
    app: Flask, cast: Cast, key_file: KeyFile, settings: Settings, commands: Commands
) -> None:
    keep_many_values(app, cast)
    (old,) = key_file.read()
    comment_id = comment_on_something(app, cast)
    with answering(app, cast) as worked:
        first = subprocess.Popen(
            [sys.executable, "-m", "opensink_web", "rotate-key"],
            env=Opensink(settings.data_dir).environment(),
            stdout=subprocess.DEVNULL,
        )
        wait_until(lambda: len(key_file.read()) == 2)
        new = id_of(key_file.read()[0])
        wait_until(lambda: count(app, new))
        first.send_signal(signal.SIGKILL)
        first.wait()
        assert count(app, id_of(old)) > 0
        before = len(worked)
        second = commands.run(rotate_key)
        assert second.exit_code == 0, second.exception
        assert len(worked) > before
    assert "Continuing" in second.output
    assert "values are encrypted with the new key" in second.output
    assert count(app, id_of(old)) == 0
    assert [id_of(key) for key in key_file.read()] == [new, id_of(old)]

    os.utime(key_file.path, (0, 0))
    dropped = commands.run(rotate_key, "--drop-old")
    assert "1 old key is deleted" in dropped.output
    assert [id_of(key) for key in key_file.read()] == [new]
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        assert workspace.execution_secret
        assert workspace.signing_root
        assert db.session.get_one(Comment, comment_id).message == "Why ten?"


def test_keys_in_the_environment_are_for_the_operator_to_change(
    cast: Cast, key_file: KeyFile, commands: Commands
) -> None:
    (old,) = key_file.read()
    assert "Add a new key" in str(commands.run(rotate_key, ENCRYPTION_KEYS=old).exception)
    new = commands.run(rotate_key, "--print-new").output.strip()
    both = commands.run(rotate_key, ENCRYPTION_KEYS=f"{new},{old}")
    assert both.exit_code == 0, both.exception
    assert "can be removed" in both.output
    lost = str(commands.run(rotate_key, ENCRYPTION_KEYS=old).exception)
    assert f"key id {id_of(new)}" in lost
    assert new not in lost


def test_doctor_names_secrets_without_a_key(
    cast: Cast, key_file: KeyFile, commands: Commands
) -> None:
    key_file.write((new_key(), *key_file.read()))
    assert "run `opensink rotate-key`" in commands.run(doctor).output
    key_file.write((new_key(),))
    found = commands.run(doctor)
    assert found.exit_code == 1
    assert re.search(r"(\d+) of \1 secrets cannot be decrypted", found.output)


def test_one_rotation_at_a_time(cast: Cast, key_file: KeyFile, commands: Commands) -> None:
    with key_file.locked():
        assert "Another command" in str(commands.run(rotate_key).exception)
