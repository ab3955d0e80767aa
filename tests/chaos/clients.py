"""Clients that answer input requests over HTTP, and believe only what they were told."""

import queue
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import requests

from tests.chaos.plan import CLIENTS

_ANSWER_WITHIN_SECONDS = 10
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True)
class Question:
    """What a client has to answer: where, as whom, and with what."""

    request_id: str
    url: str
    headers: dict[str, str]
    response: dict[str, object]


@dataclass
class Outcomes:
    """What clients were told. Each list is appended to by several threads."""

    acknowledged: list[str] = field(default_factory=list)
    answered_before: list[str] = field(default_factory=list)
    """The acknowledgement was lost, and the second try was told that there is an answer."""
    unanswered: list[str] = field(default_factory=list)
    """Nobody could be reached until the run's time was over."""
    tries: list[float] = field(default_factory=list)
    """How many seconds each try took, whatever came of it."""
    refusals: list[str] = field(default_factory=list)
    """Answers that no client should ever see."""


class Clients:
    """Threads that answer as many questions as were let through, one try after the other."""

    def __init__(self, questions: Iterable[Question], deadline: float) -> None:
        self.outcomes = Outcomes()
        self._open: queue.SimpleQueue[Question] = queue.SimpleQueue()
        self._waiting = list(questions)[::-1]
        self._deadline = deadline
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(CLIENTS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def let_through(self, count: int) -> None:
        """Let the clients answer so many more."""
        for _ in range(min(count, len(self._waiting))):
            self._open.put(self._waiting.pop())

    def let_all_through(self) -> None:
        """Let them answer the rest, and end."""
        self.let_through(len(self._waiting))
        for _ in self._threads:
            self._open.put(_NO_MORE)

    def are_busy(self) -> bool:
        """Return True if a question is without its outcome."""
        return any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        with requests.Session() as session:
            session.trust_env = False
            while (question := self._open.get()) is not _NO_MORE:
                self._answer(session, question)

    def _answer(self, session: requests.Session, question: Question) -> None:
        while time.monotonic() < self._deadline:
            status, text = self._try(session, question)
            if 200 <= status < 300:
                self.outcomes.acknowledged.append(question.request_id)
                return
            if status == 409:
                self.outcomes.answered_before.append(question.request_id)
                return
            if status not in {0, 503}:
                self.outcomes.refusals.append(f"{status} {text[:200]}")
            time.sleep(_PAUSE_SECONDS)
        self.outcomes.unanswered.append(question.request_id)

    def _try(self, session: requests.Session, question: Question) -> tuple[int, str]:
        """Return the status and the body; 0 when no answer came."""
        begun_at = time.monotonic()
        try:
            answer = session.post(
                question.url,
                json={"response": question.response},
                headers=question.headers,
                timeout=_ANSWER_WITHIN_SECONDS,
            )
        except requests.RequestException:
            return 0, ""
        finally:
            self.outcomes.tries.append(time.monotonic() - begun_at)
        return answer.status_code, answer.text


_NO_MORE = Question("", "", {}, {})
