"""`opensink audit`: what was tampered with in the database is named."""

import json
import re
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import text

from opensink_web.cli.audit import checkpoint, erase, export, verify
from opensink_web.errors import InvalidInput, NotFound
from opensink_web.json_value import JSONObject
from opensink_web.models import AuditAction, SubjectKind, db
from opensink_web.models.transaction import writing
from opensink_web.operations.audit.record import record
from opensink_web.settings import Settings
from tests.cli.command_runner import Commands
from tests.conftest import Cast
from tests.support.audit import chain_all
from tests.support.audit_cases import happen


@pytest.fixture
def commands(app: Flask, cast: Cast, settings: Settings) -> Commands:
    with app.app_context():
        happen(cast.alice.workspace_id, 7)
        chain_all()
    return Commands(settings)


def test_an_audit_that_was_left_alone_holds(commands: Commands) -> None:
    result = commands.run(verify)
    assert result.exit_code == 0, result.output
    assert re.search(r"main: 1?[0-9] entries, as they were written\.", result.output)
    assert re.search(r"elsewhere: [1-9] entries", result.output)


def test_what_is_wrong_is_named(app: Flask, commands: Commands) -> None:
    with app.app_context(), writing():
        db.session.execute(text("DROP TRIGGER audit_entries_kept"))
        db.session.execute(text("DELETE FROM audit_entries WHERE seq = 4"))
    result = commands.run(verify)
    assert result.exit_code == 1
    assert "main: WRONG. Entry 4 is missing; the next one is 5." in result.output
    assert "The 3 entries before hold." in result.output
    assert commands.run(verify, "--workspace", "elsewhere").exit_code == 0


def test_a_workspace_that_there_is_not(commands: Commands) -> None:
    assert isinstance(commands.run(verify, "--workspace", "nowhere").exception, NotFound)


def test_it_is_written_out_oldest_first(commands: Commands) -> None:
    lines = [json.loads(line) for line in commands.run(export).output.splitlines()]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["details"] == {"number": 6, "was": ["ä", None]}
    heading, *rows = commands.run(export, "--format", "csv").output.splitlines()
    assert heading.startswith("seq,at,action,")
    assert len(rows) == len(lines)


def test_a_person_is_erased_and_the_chain_holds(app: Flask, cast: Cast, commands: Commands) -> None:
    with app.app_context(), writing():
        assigned: JSONObject = {"changes": {"assignees": [[], ["bob@example.com"]]}}
        request = (SubjectKind.REQUEST, uuid4())
        workspace_id = cast.alice.workspace_id
        record(AuditAction.REQUEST_ASSIGNED, workspace_id, *request, assigned)
    result = commands.run(erase, "bob@example.com")
    assert result.exit_code == 0, result.output
    assert re.search(r"main: [1-9][0-9]* values are erased\.", result.output)
    with app.app_context():
        chain_all()
    assert "values erased" in commands.run(verify).output
    assert "bob@example.com" not in commands.run(export).output
    assert isinstance(commands.run(erase, "nobody@example.com").exception, NotFound)


def test_a_checkpoint_that_was_kept_is_compared(commands: Commands, tmp_path: Path) -> None:
    kept = tmp_path / "checkpoints.jsonl"
    kept.write_text(commands.run(checkpoint).output)
    assert commands.run(verify, "--checkpoint", kept).exit_code == 0
    (line, *_) = kept.read_text().splitlines()
    kept.write_text(json.dumps({**json.loads(line), "hash": "0" * 64}))
    wrong = commands.run(verify, "--checkpoint", kept)
    assert wrong.exit_code == 1
    assert "is not signed by its key" in wrong.output
    kept.write_text("nonsense")
    assert isinstance(commands.run(verify, "--checkpoint", kept).exception, InvalidInput)
