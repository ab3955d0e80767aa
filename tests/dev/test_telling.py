"""What is said of requests: everything that is asked, and nothing that a terminal carries out."""

import json
from typing import Any
from uuid import UUID

from opensink_web.dev.telling import LINES_MAX, JsonLines, Lines, lines_of
from opensink_web.dev.waiting import Asked, Gone
from opensink_web.models import InputRequestStatus

HOSTILE = "\x1b]0;owned\x07\x1b[2J\r\x9b31m\u202eevil"


def asked(**changes: Any) -> Asked:
    values: dict[str, Any] = {
        "id": UUID(int=7),
        "title": "Deploy?",
        "message": "",
        "key": "deploy",
        "asker": "Release manager",
        "schema": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
        "proposed": None,
        "allow_decline": True,
        "digest": "",
    }
    return Asked(**(values | changes))


def test_it_says_who_asks_what_and_what_there_is_to_fill_in() -> None:
    size = {"type": "integer", "title": "Size", "description": "In lots"}
    inner = {"type": "object", "properties": {"size": size}, "required": ["size"]}
    schema = {"type": "object", "properties": {"level": {"enum": ["a", "b"]}, "trade": inner}}
    one = asked(message="First\nSecond", schema=schema, proposed={"level": "a"})
    assert list(lines_of(one)) == [
        "Release manager asks: Deploy?",
        "  First",
        "  Second",
        '  Proposed: {"level": "a"}',
        "  - Level (one of: a, b, optional)",
        "  - Trade (several fields, optional)",
        "  -   Size (whole number): In lots",
    ]


def test_what_agents_write_is_text_to_a_terminal() -> None:
    field = {"type": "string", "title": HOSTILE, "description": HOSTILE, "enum": [HOSTILE, "b"]}
    hostile = asked(
        title=HOSTILE,
        message=f"{HOSTILE}\n{HOSTILE}",
        asker=HOSTILE,
        schema={"type": "object", "properties": {HOSTILE: field}},
        proposed={HOSTILE: HOSTILE},
    )
    said: list[str] = []
    for teller in (Lines(said.append, "http://x/w/main/inbox"), JsonLines(said.append, "")):
        teller.asked(hostile)
        teller.gone(Gone(hostile, InputRequestStatus.DECLINED, "declined by you@dev.test"))
        teller.left_open(hostile, HOSTILE)
    allowed = {"\u2066", "\u2068", "\u2069"}  # which set a text apart by its direction
    assert all(each.isprintable() or each in allowed for line in said for each in line)
    assert "[U+001B]" in said[0]
    assert f"  http://x/w/main/requests/{UUID(int=7)}" in said


def test_what_is_very_long_is_cut_and_says_so() -> None:
    lines = list(lines_of(asked(message="x" * 9_000 + "\n" * 1_000 + "end")))
    assert len(lines) < LINES_MAX + 10
    assert lines[1].endswith("… (cut)")
    assert any("more lines in the browser" in line for line in lines)


def test_programs_read_json() -> None:
    said: list[str] = []
    JsonLines(said.append, "http://x/w/main/inbox").asked(asked(title="Größe?"))
    (line,) = said
    assert line.isascii()
    assert json.loads(line)["title"] == "Größe?"
