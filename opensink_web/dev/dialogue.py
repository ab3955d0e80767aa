"""The inbox in the terminal: what waits is put to the person one by one, and they decide there."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from uuid import UUID

from opensink_web.dev.decider import Decider
from opensink_web.dev.form import GivenUp, Prompt, fill_in
from opensink_web.dev.keyboard import Keyboard
from opensink_web.dev.telling import lines_of, place_of, plain, said_of
from opensink_web.dev.waiting import Asked, Gone
from opensink_web.errors import InvalidAnswer, OpenSinkError
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.one_click import OneClick, one_click

Flow = Generator[Prompt, str, None]
_HELP = (
    "  a  approve: yes to a question, a proposal as it is; or fill the form in, field by field",
    "  n  no, to a question of yes or no",
    "  e  fill the form in, though one key could answer it",
    "  d  decline, with a reason",
    "  s  skip it for now",
    "  l  come back to those that were skipped",
    "  o  open it in the browser",
    "  ?  this help; Ctrl-C ends the server",
)


class Dialogue:
    """Puts one request after the other to whoever types; a Teller."""

    def __init__(self, keyboard: Keyboard, decider: Decider, inbox: str) -> None:
        self._keyboard = keyboard
        self._decider = decider
        self._inbox = inbox
        self._waiting: dict[UUID, Asked] = {}
        self._skipped: dict[UUID, Asked] = {}
        self._current: Asked | None = None
        self._flow: Flow | None = None
        self._is_idle = False

    def asked(self, asked: Asked) -> None:
        """Put it to the person, after what they are at."""
        self._waiting[asked.id] = asked
        if self._current is not None:
            self._keyboard.say(f"Asked meanwhile: {plain(asked.title)}")

    def gone(self, gone: Gone) -> None:
        """Say how it ended, and take it back if it is what they are at."""
        self._waiting.pop(gone.request.id, None)
        self._skipped.pop(gone.request.id, None)
        is_current = self._current is not None and self._current.id == gone.request.id
        if is_current:
            self._keyboard.ask(None)
        self._keyboard.say(said_of(gone))
        if is_current:
            self._current, self._is_idle = None, False

    def left_open(self, asked: Asked, reason: str) -> None:
        """Say why it was not answered by itself."""
        self._keyboard.say(f"Left open: {plain(asked.title)}: {plain(reason)}")

    def go_on(self) -> None:
        """Put the next one to the person, once all that has happened is said."""
        if self._current is None and (self._waiting or not self._is_idle):
            self._next()

    def take(self, line: str) -> None:
        """Take a line that was entered."""
        current = self._current
        if current is None:
            if line.strip() == "l":
                self._come_back()
        elif self._flow is not None:
            self._go_on(self._flow, line)
        else:
            self._command(current, line.strip())

    def _next(self) -> None:
        """Show what has waited longest, and what can be done with it."""
        self._flow = None
        self._current = next(iter(self._waiting.values()), None)
        self._is_idle = self._current is None
        if self._current is None:
            count = len(self._skipped)
            self._keyboard.ask(f"{count} skipped (l lists them)> " if count else None)
            return
        self._keyboard.ask(None)
        for line in ("", *lines_of(self._current)):
            self._keyboard.say(line)
        self._offer(self._current)

    def _offer(self, asked: Asked) -> None:
        self._flow = None
        click = _click(asked)
        ways = ["a fill in"] if click is None else [f"a {plain(click.yes_label).lower()}"]
        if click is not None and click.no is not None:
            ways.append(f"n {plain(click.no_label).lower()}")
        if asked.allow_decline:
            ways.append("d decline")
        more = len(self._waiting) - 1
        count = f" ({more} more wait)" if more else ""
        self._keyboard.ask(f"{', '.join([*ways, 's skip', 'o browser', '?'])}{count}> ")

    def _command(self, asked: Asked, command: str) -> None:
        click = _click(asked)
        match command:
            case "a" | "approve" | "y" | "yes" if click is not None:
                self._decide(asked, lambda: self._decider.answer(asked, click.yes))
            case "n" | "no" if click is not None and (no := click.no) is not None:
                self._decide(asked, lambda: self._decider.answer(asked, no))
            case "a" | "e":
                self._begin(self._fill_in(asked))
            case "d":
                self._begin(self._decline(asked))
            case "s":
                self._skipped[asked.id] = self._waiting.pop(asked.id)
                self._next()
            case "l":
                self._come_back()
            case "o":
                self._open(place_of(self._inbox, asked))
                self._offer(asked)
            case "":
                self._offer(asked)
            case _:
                for line in _HELP:
                    self._keyboard.say(line)
                self._offer(asked)

    def _come_back(self) -> None:
        self._waiting |= self._skipped
        self._skipped.clear()
        self._next()

    def _begin(self, flow: Flow) -> None:
        self._flow = flow
        self._go_on(flow, None)

    def _go_on(self, flow: Flow, line: str | None) -> None:
        """Hand a line to what is going on, and ask what it wants to know next."""
        try:
            prompt = flow.send(line) if line is not None else next(flow)
            self._keyboard.ask(prompt.text, secret=prompt.secret, goes_on=True)
        except (StopIteration, GivenUp):
            if self._current is not None and self._flow is flow:
                self._offer(self._current)

    def _fill_in(self, asked: Asked) -> Flow:
        proposal = proposal_of(asked.schema, asked.proposed)
        start = {} if proposal is None else proposal.value
        answer = yield from fill_in(asked.schema, start, self._keyboard.say)
        self._decide(asked, lambda: self._decider.answer(asked, answer))

    def _decline(self, asked: Asked) -> Flow:
        reason = yield Prompt("Reason (whoever asked reads it; Enter goes back): ")
        if reason.strip():
            self._decide(asked, lambda: self._decider.decline(asked, reason))

    def _decide(self, asked: Asked, decide: Callable[[], str | None]) -> None:
        """Decide, or say why not; that it is decided is said when it is seen to wait no more."""
        try:
            missing = decide()
        except InvalidAnswer as error:
            for each in error.errors:
                self._keyboard.say(f"  ! {plain(each.path or 'The answer')}: {plain(each.message)}")
        except OpenSinkError as error:
            self._keyboard.say(f"  ! {plain(error.message)}")
        else:
            self._waiting.pop(asked.id, None)
            self._keyboard.ask(None)
            if missing is not None:
                self._keyboard.say(f"  {missing}")
            self._current, self._flow, self._is_idle = None, None, False
            return
        self._offer(asked)

    def _open(self, url: str) -> None:
        opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
        self._keyboard.say(f"  {url}")
        if opener is not None:
            subprocess.Popen(  # noqa: S603 - the desktop's own, with an address of ours
                [opener, url],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )


def _click(asked: Asked) -> OneClick | None:
    return one_click(asked.schema, asked.proposed)
