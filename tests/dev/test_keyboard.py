"""What is typed at `opensink dev`: no more than what somebody who saw the prompt has typed."""

import os
import pty
import re
import termios
from collections.abc import Iterator

import pytest

from opensink_web.dev.columns import columns_of
from opensink_web.dev.keyboard import INPUT_HAS_ENDED, Keyboard
from tests.support.opensink_up import PATIENCE_SECONDS

COLUMNS = 40


class Terminal:
    """A terminal of so many columns, with a keyboard at it."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        termios.tcsetwinsize(self.theirs, (24, COLUMNS))
        self.written: list[str] = []
        self.keyboard = Keyboard(self.theirs, self.written.append)
        list(self.keyboard.read(0))  # from here on, it has each key
        self.keyboard.ask("first> ")

    def type(self, text: str) -> Iterator[str]:
        os.write(self.ours, text.encode())
        return self.keyboard.read(PATIENCE_SECONDS)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setattr(os, "tcgetpgrp", lambda _: os.getpgrp())  # as in the foreground
    terminal = Terminal()
    yield terminal
    os.close(terminal.ours)
    os.close(terminal.theirs)


@pytest.mark.parametrize(("goes_on", "taken"), [(False, ["s"]), (True, ["s", "a"])])
def test_what_was_typed_ahead_is_for_what_was_shown_alone(
    terminal: Terminal, goes_on: bool, taken: list[str]
) -> None:
    lines = []
    for line in terminal.type("s\na\n"):
        lines.append(line)
        terminal.keyboard.ask("second> ", goes_on=goes_on)
    assert lines == taken


def test_a_long_prompt_is_said_once_and_one_row_is_drawn_anew(terminal: Terminal) -> None:
    prompt = "地" * COLUMNS + ": "
    terminal.keyboard.ask(prompt)
    assert list(terminal.type("界" * COLUMNS)) == []
    terminal.keyboard.say("Meanwhile")
    assert "".join(terminal.written).count(prompt) == 1
    rows = [each for each in terminal.written if not each.endswith("\n")]
    assert rows[-1].endswith("界")
    assert all(columns_of(re.sub(r"\r\x1b\[K", "", row)) < COLUMNS for row in rows)
    assert list(terminal.type("\n")) == ["界" * COLUMNS]


def test_the_end_of_input_is_said(terminal: Terminal) -> None:
    assert list(terminal.type("\x04a\n")) == []
    assert INPUT_HAS_ENDED in "".join(terminal.written)
