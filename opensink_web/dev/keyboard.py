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
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from opensink_web.dev.columns import columns_of, end_within, start_within

_ERASE = "\r\x1b[K"
_BACKSPACES = frozenset("\x7f\x08")
_CTRL_D, _CTRL_U, _ESCAPE = "\x04", "\x15", "\x1b"
_MODE, _CONTROL = 3, 6
"""Where these stand in what `tcgetattr` returns."""
_TYPED_COLUMNS_MIN = 20
"""A prompt that leaves less for what is typed is said above, and a short one takes its place."""
_SHORT_PROMPT = "> "
INPUT_HAS_ENDED = (
    "That was the end of what is typed: nothing is decided here any more. Requests wait in the"
    " browser; Ctrl-C ends the server."
)


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
        self._unread: deque[str] = deque()
        self._has_ended = False

    def ask(self, prompt: str | None, *, secret: bool = False, goes_on: bool = False) -> None:
        """Put a prompt there, or none.

        What was typed ahead is forgotten, also what came in one piece with the line before: it was
        typed by somebody who had not seen this. It is kept if it `goes_on` about the same.
        """
        self._prompt, self._is_secret, self._typed, self._escape = prompt, secret, "", ""
        if not goes_on:
            self._forget_typed_ahead()
        is_shown = prompt is not None and not self._has_ended
        if is_shown and prompt and columns_of(prompt) > self._columns() - _TYPED_COLUMNS_MIN:
            self._prompt = None
            self.say(prompt)
            self._prompt = _SHORT_PROMPT
        self._draw()

    def _forget_typed_ahead(self) -> None:
        self._unread.clear()
        if self._is_ours():
            with suppress(termios.error):
                termios.tcflush(self._descriptor, termios.TCIFLUSH)

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
        if not data:
            self._end()
        self._unread.extend(self._decode(data))
        while self._unread and not self._has_ended:
            line = self._pressed(self._unread.popleft())
            if line is not None:
                yield line

    def _end(self) -> None:
        self._has_ended = True
        self.say(INPUT_HAS_ENDED)

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
            if not self._typed:
                self._end()
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
        """Write the prompt and what is typed anew, in one row: no more can be taken away."""
        if self._prompt is None or self._has_ended:
            self._write(_ERASE)
            return
        typed = "" if self._is_secret else self._typed
        columns = self._columns() - 1  # with the last one taken, some terminals are in the next row
        prompt = start_within(self._prompt, columns - min(_TYPED_COLUMNS_MIN, columns // 2))
        self._write(f"{_ERASE}{prompt}{end_within(typed, columns - columns_of(prompt))}")

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._descriptor).columns or 80
        except OSError:
            return 80
