"""`opensink prune`: what has been kept for long enough is counted, and deleted."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.cli.audit import verify
from opensink_web.cli.prune import prune
from opensink_web.models import Execution, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.audit.checkpoint import checkpoints_of
from opensink_web.outbound.outcome import Output
from opensink_web.settings import Settings
from tests.cli.command_runner import Commands
from tests.conftest import Cast
from tests.support.audit_pruning import grow_old
from tests.support.executions import claim_some, finish_all, make_function, submit_one

A_DAY = {"RETENTION_DAYS_EXECUTIONS": "1"}


@pytest.fixture
def ended(app: Flask, cast: Cast) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        submit_one(cast.alice, function_id)
        finish_all(claim_some(function_id), Output(1))


def is_there(app: Flask) -> bool:
    with app.app_context(), reading():
        return db.session.scalars(select(Execution.id)).first() is not None


@pytest.mark.usefixtures("ended")
def test_it_counts_and_then_deletes(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now() + timedelta(days=2)
    monkeypatch.setattr(clock, "now", lambda: now)
    counted = Commands(settings).run(prune, "--dry-run", **A_DAY)
    assert "Executions, kept for 1 day: 1 would be deleted." in counted.output
    assert "All sessions are kept." in counted.output
    assert is_there(app)
    assert Commands(settings).run(prune, **A_DAY).output.endswith("Done.\n")
    assert not is_there(app)


@pytest.mark.usefixtures("ended")
def test_without_a_setting_everything_is_kept(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = clock.now() + timedelta(days=2000)
    monkeypatch.setattr(clock, "now", lambda: now)
    assert Commands(settings).run(prune).exit_code == 0
    assert is_there(app)


@pytest.mark.usefixtures("ended")
def test_it_says_which_workspace_keeps_things_for_less_time(
    app: Flask, settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        workspace.retention_days_executions = 7
    now = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: now)
    said = Commands(settings).run(prune, "--dry-run").output
    assert "Executions in main, kept for 7 days: 1 would be deleted." in said
    assert "All other executions are kept." in said


def test_the_audit_goes_up_to_a_checkpoint_and_what_is_left_is_proven(
    app: Flask, settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        grow_old(cast.alice.workspace_id, monkeypatch)
        (first, _) = checkpoints_of(cast.alice.workspace_id)
    commands, days = Commands(settings), {"RETENTION_DAYS_AUDIT": "30"}
    counted = commands.run(prune, "--dry-run", **days).output
    assert f"Audit entries, kept for 30 days: {first.seq} would be deleted." in counted
    assert "after entry" not in commands.run(verify, "--workspace", "main").output
    assert commands.run(prune, **days).output.endswith("Done.\n")
    said = commands.run(verify, "--workspace", "main")
    assert said.exit_code == 0, said.output
    assert f"It begins after entry {first.seq}: " in said.output
    assert first.hash in said.output
    assert first.signature in said.output
