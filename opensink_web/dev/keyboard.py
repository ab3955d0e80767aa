"""What is typed on a terminal, in lines, while other things are said there.

The terminal is told to hand over each key, so that a line that is half typed can be taken away and
drawn anew below whatever had to be said.
"""

import codecs
import os
import select
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_ERASE = "\r\x1b[K"
_BACKSPACES = frozenset("\x7f\x08")
_CTRL_D, _CTRL_U, _ESCAPE = "\x04", "\x15", "\x1b"
_MODE, _CONTROL = 3, 6
"""Where these stand in what `tcgetattr` returns."""


def is_interactive() -> bool:
    """Return True if somebody can type and read here."""
    is_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    return is_terminal and os.environ.get("TERM", "dumb") != "dumb"


class Keyboard:
    """One line at a time, behind a prompt; without a prompt nothing is taken."""

    def __init__(self, descriptor: int, write: Callable[[str], None]) -> None:
        self._descriptor = descriptor
        self._write = write
        self._decode = codecs.getincrementaldecoder("utf-8")("ignore").decode
        self._prompt: str | None = None
        self._is_secret = False
        self._typed = ""
        self._escape = ""
        self._has_ended = False

    def ask(self, prompt: str | None, *, secret: bool = False) -> None:
        """Put a prompt there, or none. What was typed behind another one is forgotten."""
        self._prompt, self._is_secret, self._typed, self._escape = prompt, secret, "", ""
        if self._is_ours():
            with suppress(termios.error):
                termios.tcflush(self._descriptor, termios.TCIFLUSH)
        self._draw()

    def say(self, line: str) -> None:
        """Write a line above the prompt."""
        self._write(f"{_ERASE}{line}\n")
        self._draw()

    def read(self, timeout_seconds: float) -> Iterator[str]:
        """Yield the lines that are entered, waiting for so long at most."""
        if self._has_ended or not self._is_ours():
            time.sleep(timeout_seconds)
            return
        self._take_keys()
        ready, _, _ = select.select([self._descriptor], [], [], timeout_seconds)
        if not ready:
            return
        data = os.read(self._descriptor, 4096)
        self._has_ended = not data
        for key in self._decode(data):
            line = self._pressed(key)
            if line is not None:
                yield line

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the terminal as it was after the block."""
        before = termios.tcgetattr(self._descriptor)
        try:
            yield
        finally:
            self._prompt = None
            if self._is_ours():
                self._draw()
                termios.tcsetattr(self._descriptor, termios.TCSADRAIN, before)

    def _is_ours(self) -> bool:
        """Return False in the background, where whoever reads a terminal is stopped."""
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            return False

    def _take_keys(self) -> None:
        """Have keys one by one; looked at each time, for a shell sets the mode when it goes on."""
        mode = termios.tcgetattr(self._descriptor)
        if mode[_MODE] & (termios.ICANON | termios.ECHO):
            mode[_MODE] &= ~(termios.ICANON | termios.ECHO)
            mode[_CONTROL][termios.VMIN], mode[_CONTROL][termios.VTIME] = 1, 0
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, mode)

    def _pressed(self, key: str) -> str | None:
        """Take one key; return the line if that was its end."""
        if self._escape or key == _ESCAPE:
            self._escape = self._within_escape(key)
        elif self._prompt is None:
            return None
        elif key in "\r\n":
            line = self._typed
            shown = "" if self._is_secret else line
            self._write(f"{_ERASE}{self._prompt}{shown}\n")
            self._typed = ""
            return line
        elif key in _BACKSPACES:
            self._typed = self._typed[:-1]
        elif key == _CTRL_U:
            self._typed = ""
        elif key == _CTRL_D:
            self._has_ended = not self._typed
        elif key.isprintable():
            self._typed += key
        self._draw()
        return None

    def _within_escape(self, key: str) -> str:
        """Leave out what arrows and the like send: ESC [ … letter, ESC O letter, ESC letter."""
        is_first = len(self._escape) == 1
        goes_on = not self._escape or (is_first and key in "[O") or (not is_first and key < "@")
        return self._escape + key if goes_on else ""

    def _draw(self) -> None:
        if self._prompt is None or self._has_ended:
            self._write(_ERASE)
            return
        typed = "" if self._is_secret else self._typed
        space = max(10, _columns(self._descriptor) - len(self._prompt) - 2)
        tail = typed if len(typed) <= space else f"…{typed[1 - space :]}"
        self._write(f"{_ERASE}{self._prompt}{tail}")


def _columns(descriptor: int) -> int:
    try:
        return os.get_terminal_size(descriptor).columns or 80
    except OSError:
        return 80
