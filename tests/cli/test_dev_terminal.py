"""The inbox of `opensink dev` in a terminal: what is asked is put to whoever sits before it."""

import os
import pty
import re
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.dev_server import environment
from tests.support.opensink_up import PATIENCE_SECONDS, ROOT

pytestmark = pytest.mark.server

REQUESTS = "/api/v1/agent-session-input-requests"
YES_OR_NO = {
    "type": "object",
    "required": ["approved"],
    "properties": {"approved": {"type": "boolean"}},
}
FORM = {
    "type": "object",
    "required": ["city", "count"],
    "properties": {
        "city": {"type": "string", "minLength": 2},
        "count": {"type": "integer", "minimum": 1},
    },
}


class Terminal:
    """A terminal with `opensink dev` in it; what it shows is read up to a text."""

    def __init__(self, folder: Path) -> None:
        self.ours, theirs = pty.openpty()
        self.before = termios.tcgetattr(theirs)
        self.shown = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "opensink_web", "dev", "--port", "0"],
            cwd=ROOT,
            env=environment(folder, TERM="xterm", PYTHONIOENCODING="latin-1"),  # as on old systems
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            # the terminal is its own, as that of a shell's job in the foreground
            start_new_session=True,
            preexec_fn=lambda: os.close(os.open(os.ttyname(theirs), os.O_RDWR)),  # noqa: PLW1509
        )
        self.theirs = theirs

    def until(self, text: str) -> str:
        """Return what is shown up to a text, and leave what follows for later."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.ours], [], [], 0.1)[0]:
                self.shown += os.read(self.ours, 65536).decode(errors="replace")
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def type(self, *lines: str) -> None:
        for line in lines:
            os.write(self.ours, f"{line}\r".encode())


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    terminal = Terminal(tmp_path)
    yield terminal
    if terminal.process.poll() is None:
        terminal.process.terminate()
        terminal.process.wait(PATIENCE_SECONDS)
    os.close(terminal.ours)
    os.close(terminal.theirs)


class Program:
    """Asks, as an agent does."""

    def __init__(self, url: str) -> None:
        self.url = url
        agent = self.call("POST", "/api/v1/agents", {"name": "Asker"})["id"]
        session = self.call("POST", "/api/v1/agent-sessions", {"agent_id": agent})["id"]
        self.about = {"agent_id": agent, "session_id": session, "key": "k", "message": "Why?"}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, self.url + path, json=body, timeout=PATIENCE_SECONDS)
        assert answer.ok, answer.text
        return answer.json()

    def ask(self, title: str, schema: Any, **more: Any) -> str:
        body = {**self.about, "title": title, "schema": schema, **more}
        made = self.call("POST", REQUESTS, body)
        return str(made["id"])

    def read(self, request_id: str) -> Any:
        return self.call("GET", f"{REQUESTS}/{request_id}?wait=60")


def test_a_person_answers_in_the_terminal(terminal: Terminal) -> None:
    greeting = terminal.until("Ctrl-C stops it.")
    url = re.search(r"http://127\.0\.0\.1:\d+", greeting)
    assert url is not None, greeting
    program = Program(url[0])
    first = program.ask("Deploy \x1b[2J now?", YES_OR_NO)
    shown = terminal.until("Asker asks: Deploy [U+001B][2J now?")
    assert "Why?" in terminal.until("a yes, n no, d decline")
    assert "\x1b[2J" not in shown
    terminal.type("a")
    terminal.until("Answered by you@dev.test: Deploy")
    assert program.read(first)["response"] == {"approved": True}

    # a form, with what the schema finds wrong in its fields
    second = program.ask("Where to?", FORM)
    terminal.until("a fill in")
    terminal.type("a")
    terminal.until("City (text): ")
    terminal.type("B")
    terminal.until("! /city: ")
    terminal.until("City (text): ")
    terminal.type("Bern")
    terminal.until("Count (whole number): ")
    terminal.type("3")
    terminal.until("Answered by you@dev.test: Where to?")
    assert program.read(second)["response"] == {"city": "Bern", "count": 3}

    # what somebody else decides meanwhile is taken back, with what was half typed about it
    third = program.ask("Taken back?", YES_OR_NO)
    terminal.until("a yes, n no")
    fourth = program.ask("Declined?", YES_OR_NO)
    terminal.until("Asked meanwhile: Declined?")
    terminal.type("d")
    terminal.until("Reason (whoever asked reads it; Enter goes back): ")
    os.write(terminal.ours, b"Too ear")
    terminal.until("Too ear")
    program.call("POST", f"{REQUESTS}/{third}/resolve", {"response": {"approved": False}})
    terminal.until("Answered by agent@dev.test: Taken back?")
    terminal.until("Asker asks: Declined?")
    terminal.until("> ")
    terminal.type("d")
    terminal.until("Reason")
    terminal.type("Not on a Friday")
    terminal.until("Declined by you@dev.test: Declined?")
    declined = program.read(fourth)
    assert (declined["status"], declined["decline_reason"]) == ("declined", "Not on a Friday")

    # who types ahead decides on nothing that they have not seen
    fifth = program.ask("Skipped?", YES_OR_NO)
    terminal.until("?> ")
    sixth = program.ask("Not → seen?", YES_OR_NO, required_responses=2)
    terminal.until("Asked meanwhile: Not \\u2192 seen?")
    os.write(terminal.ours, b"s\na\n")
    terminal.until("Asker asks: Not \\u2192 seen?")
    terminal.until("?> ")
    terminal.type("?")
    terminal.until("this help")
    for each in (fifth, sixth):
        assert program.call("GET", f"{REQUESTS}/{each}")["status"] == "pending"
    terminal.until("?> ")
    terminal.type("a")
    terminal.until("This counts; one more person has to say the same.")
    terminal.until("(l lists them)> ")
    os.write(terminal.ours, b"\x04")
    terminal.until("Ctrl-C ends the server.")

    os.write(terminal.ours, b"\x03")
    assert terminal.process.wait(PATIENCE_SECONDS) == 0
    assert termios.tcgetattr(terminal.theirs) == terminal.before
