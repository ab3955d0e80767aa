"""A server that runs, with questions to answer one by one; for tests of what it does in trouble."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import create_server

import requests

from tests.chaos import failpoint
from tests.chaos.clients import Question
from tests.chaos.cluster import REDIS_SOCKET_NAME, Cluster
from tests.chaos.endpoint import arrivals_in, let_go_of
from tests.chaos.ours import OpenSink
from tests.chaos.subject import Subject
from tests.support.real_servers import wait_until

_AGENTS = ("quick", "quick", "quick", "held")
_QUESTIONS = 280


class ImpatientOpenSink(OpenSink):
    """Waits for a lock a second instead of five, and for endpoints as long as may be."""

    main = staticmethod(failpoint.impatient_main)
    agent_timeout_seconds = 100.0


@dataclass(frozen=True)
class Response:
    """What a client was answered, and after how many seconds."""

    status: int
    text: str
    seconds: float


class Running:
    """A server, its parts and its questions."""

    def __init__(
        self, subject: Subject, cluster: Cluster, record: Path, log: "LogPipe", base_url: str
    ) -> None:
        self.subject = subject
        self.log = log
        self.cluster = cluster
        self.base_url = base_url
        self._record = record
        (port,) = cluster.start_endpoints(record, seed=1)
        self._questions = subject.prepare(base_url, f"http://127.0.0.1:{port}")
        self._asked: list[Question] = []

    def next(self, behaviour: str = "quick") -> Question:
        """Return a question, not asked before, of an agent whose endpoint behaves like this.

        One that is `held` answers when it is told to `let_go`.
        """
        let_go_of(self._record).unlink(missing_ok=True)
        for number, question in enumerate(self._questions):
            if _AGENTS[int(str(question.response["number"])) % len(_AGENTS)] == behaviour:
                self._asked.append(self._questions.pop(number))
                return question
        raise LookupError("all questions are answered")

    @property
    def sqlite_file(self) -> Path:
        return Path(self.subject.environment["DATA_DIR"]) / "opensink.sqlite3"

    @property
    def database_url(self) -> str:
        return self.subject.environment["DATABASE_URL"].replace("+psycopg", "")

    def answer(self, question: Question) -> Response:
        begun_at = time.monotonic()
        body = {"response": question.response}
        answer = requests.post(question.url, json=body, headers=question.headers, timeout=60)
        return Response(answer.status_code, answer.text, time.monotonic() - begun_at)

    def wait_for_calls(self, question: Question, count: int) -> None:
        """Wait until the endpoint has read so many calls for a question."""
        wait_until(lambda: len(self.calls(question)) >= count)

    def let_go(self) -> None:
        """Have the endpoints answer that hold calls, and those that are called from now on."""
        let_go_of(self._record).touch()

    def wait_until_answered(self, question: Question) -> None:
        """Answer until the server takes it."""
        wait_until(lambda: self.answer(question).status in {200, 409})

    def calls(self, question: Question) -> list[str]:
        """Return the webhook-id of each call that the endpoint has seen for a question."""
        seen = arrivals_in(self._record)
        return [call.webhook_id for call in seen if call.subject_id == question.request_id]

    def wait_until_delivered(self, *, seconds: float = 100) -> None:
        """Wait until nothing is unfinished; what the database holds is then without fault."""

        def is_done() -> bool:
            self.cluster.restart_ended()
            time.sleep(0.2)  # to ask all the time would keep the server from working
            return self.subject.unfinished() == 0

        wait_until(is_done, seconds=seconds)
        calls = arrivals_in(self._record)
        assert self.subject.violations([*self._asked, *self._questions], calls) == []
        assert all(verdict.is_success for verdict in self.subject.verdicts().values())


class LogPipe:
    """What the parts write, in a pipe: a full disk does not keep them from it."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        # for writing too, or it would end with the first part that ends
        self._file = os.fdopen(os.open(path, os.O_RDWR), errors="replace")
        self._lines: list[str] = []
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, text: str) -> None:
        """Wait until a line that was not waited for before holds the text."""
        wait_until(lambda: any(text in line for line in self._lines))
        self._lines.clear()

    def _read(self) -> None:
        for line in self._file:
            self._lines.append(line)


@contextmanager
def running(folder: Path, database_url: str = "") -> Iterator[Running]:
    """Run a server on loopback until the block ends."""
    redis_url = f"unix://{folder / REDIS_SOCKET_NAME}"
    subject = ImpatientOpenSink(folder / "data", redis_url, database_url, _QUESTIONS, _AGENTS)
    log = LogPipe(folder / "log")
    with (
        create_server(("127.0.0.1", 0), backlog=512) as listener,
        Cluster(subject, folder, folder / "log", listener) as cluster,
    ):
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = Running(subject, cluster, folder / "calls", log, base_url)
        cluster.start()
        wait_until(lambda: requests.get(f"{base_url}/readyz", timeout=60).ok)
        yield server
