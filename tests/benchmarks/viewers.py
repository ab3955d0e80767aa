"""How soon a new request is on the inboxes that are open, and what these cost everybody else.

    .venv/bin/python -m tests.benchmarks.viewers [--database postgresql] [--viewers 50] [--rounds 3]

A viewer does what static/js/live.js does: it has a page, asks what has changed, and then for the
list. All viewers are one process. Rounds without and with them are made in turn, because the
machine may be busy with something else; in each a request is asked for every second, by the API,
and agents are listed all the time. At last a thousand viewers look. The clock is of all processes.
"""

import argparse
import asyncio
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import unquote

from opensink_web.models import Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent_session import start_session
from tests.benchmarks.client import Connection
from tests.benchmarks.installation import Endpoint, Installation
from tests.support.event_loop import run_coroutine
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until
from tests.support.scenarios import SCHEMA
from tests.web.conftest import browser_of

MANY = 1000
_EVERY_SECONDS = 1.0
_ROUND_SECONDS = 8.0
_PATIENCE_SECONDS = 60.0
_REFRESH = re.compile(r'id="inbox-list"[^>]*? hx-get="([^"]+)"')
_SINCE = re.compile(r'data-since="(\d+)"')


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--viewers", type=int, default=50)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--look", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.look:
        run_coroutine(look(*arguments.look))
        return
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osview")))
        redis = stack.enter_context(EmbeddedRedis(folder))
        variables = {"REDIS_URL": redis.url, "WEB_THREADS": "32"}
        if arguments.database == "postgresql":
            server = stack.enter_context(PostgresServer(folder))
            variables["DATABASE_URL"] = server.new_database()
        installation = Installation(folder, variables, Endpoint("http://127.0.0.1:9/execute"))
        stack.callback(installation.close)
        stack.enter_context(installation.part("web"))
        measure(installation, arguments.viewers, arguments.many, arguments.rounds)


def measure(installation: Installation, viewers: int, many: int, rounds: int) -> None:
    """Print what viewers and others see."""
    asker = Asker(installation)
    cookie = cookie_of(installation)
    alone: list[float] = []
    beside: list[float] = []
    seen: list[float] = []
    cpu_ms = 0.0
    for _ in range(rounds):
        before = installation.cpu_seconds()["web"]
        alone += asker.round()[1]
        cpu_ms -= (installation.cpu_seconds()["web"] - before) * 1000
        with looking(installation, cookie, viewers) as viewing:
            before = installation.cpu_seconds()["web"]
            asked_at, took = asker.round()
            cpu_ms += (installation.cpu_seconds()["web"] - before) * 1000
            beside += took
        seen += viewing.delays(asked_at, viewers)
    print(f"{viewers} inboxes, {len(seen)} times seen: {spread(seen)}")
    print(f"GET /api/v1/agents without them: {spread(alone)}")
    print(f"GET /api/v1/agents beside them:  {spread(beside)}")
    print(f"CPU of the web for each time seen: {cpu_ms / len(seen):.2f} ms", flush=True)
    if many:
        with looking(installation, cookie, many) as viewing:
            asked_at, took = asker.round()
            time.sleep(15)
        print(f"{many} inboxes: {spread(viewing.delays(asked_at, many))}; no error")
        print(f"GET /api/v1/agents beside them:  {spread(took)}")


def spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    return (
        f"p50 {statistics.median(ordered) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms,"
        f" most {ordered[-1] * 1000:.1f} ms"
    )


class Asker:
    """Somebody who asks for requests by the API, and lists agents without a pause."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        installation.make_agents(1)
        with installation.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, installation.person.workspace_id)
            self._agent_id = installation.agent_ids[0]
            self._session_id = start_session(workspace, self._agent_id).id
        wait_until(self._connect)

    def _connect(self) -> bool:
        try:
            self._connection = Connection(self._installation.port)
        except OSError:
            return False
        return True

    def round(self) -> tuple[dict[str, float], list[float]]:
        """Return when what was asked for, by its title, and what the other calls took."""
        asked_at: dict[str, float] = {}
        took = []
        end = time.monotonic() + _ROUND_SECONDS
        next_at = time.monotonic() + _EVERY_SECONDS / 2
        agents = self._installation.http_request("GET", "/api/v1/agents").encode()
        while (now := time.monotonic()) < end:
            if now >= next_at:
                next_at += _EVERY_SECONDS
                title = f"T{time.monotonic_ns()}"
                asked_at[title] = time.monotonic()
                self._ask(title)
            begun = time.monotonic()
            self._connection.ask(agents)
            took.append(time.monotonic() - begun)
            time.sleep(0.01)
        time.sleep(1.5)  # the last may still be on its way
        return asked_at, took

    def _ask(self, title: str) -> None:
        body = {
            "session_id": str(self._session_id),
            "agent_id": str(self._agent_id),
            "key": "k",
            "title": title,
            "message": "Is that all right?",
            "schema": SCHEMA,
        }
        path = "/api/v1/agent-session-input-requests"
        text = self._installation.http_request("POST", path, json.dumps(body))
        status = self._connection.ask(text.encode())
        if status != 201:
            raise RuntimeError(f"a request was answered with {status}")


def cookie_of(installation: Installation) -> str:
    client = browser_of(installation.app, installation.person)
    cookie = client.get_cookie("opensink_session")
    if cookie is None:
        raise RuntimeError("nobody is signed in")
    return f"opensink_session={cookie.value}"


class Viewing:
    """What viewers saw: when which title was in the list of each; and what went wrong."""

    def __init__(self) -> None:
        self.seen_at: list[tuple[str, float]] = []
        self.errors = 0

    def delays(self, asked_at: dict[str, float], viewers: int) -> list[float]:
        """Return how long after it was asked for each viewer had each; fails if one has not."""
        delays = [at - asked_at[title] for title, at in self.seen_at if title in asked_at]
        if len(delays) != len(asked_at) * viewers or self.errors:
            raise RuntimeError(
                f"seen {len(delays)} of {len(asked_at) * viewers} times, {self.errors} errors"
            )
        return delays


@contextmanager
def looking(installation: Installation, cookie: str, count: int) -> Iterator[Viewing]:
    """Have so many viewers look until the block ends; then what they saw is there."""
    slug = installation.person.workspace_slug
    command = [sys.executable, "-m", "tests.benchmarks.viewers", "--look"]
    given = [str(installation.port), slug, cookie, str(count)]
    process = subprocess.Popen(
        [*command, *given], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    viewing = Viewing()
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield viewing
    finally:
        output, _ = process.communicate("end\n", timeout=_PATIENCE_SECONDS)
    told = json.loads(output)
    viewing.seen_at = [(title, at) for title, at in told["seen"]]
    viewing.errors = told["errors"]


async def look(port: str, slug: str, cookie: str, count: str) -> None:
    """Be the process of the viewers: print `ready`, look till a line comes, print what was seen."""
    viewers = [Viewer(int(port), slug, cookie) for _ in range(int(count))]
    begin = asyncio.Semaphore(20)
    for viewer in await asyncio.gather(*(viewer.open(begin) for viewer in viewers)):
        viewer.task = asyncio.create_task(viewer.follow())
    await asyncio.sleep(2)
    print("ready", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    for viewer in viewers:
        viewer.task.cancel()
    ended = await asyncio.gather(*(each.task for each in viewers), return_exceptions=True)
    errors = sum(not isinstance(each, asyncio.CancelledError) for each in ended)
    seen = [pair for viewer in viewers for pair in viewer.seen.items()]
    print(json.dumps({"seen": seen, "errors": errors}))


class Viewer:
    """A page that is open, with the connection of its browser."""

    task: "asyncio.Task[None]"

    def __init__(self, port: int, slug: str, cookie: str) -> None:
        self._port = port
        self._base = f"/w/{slug}"
        self._cookie = cookie
        self.seen: dict[str, float] = {}

    async def open(self, begin: asyncio.Semaphore) -> "Viewer":
        """Load the page."""
        async with begin:
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            _, page = await self._get(f"{self._base}/inbox?order=newest", is_page=True)
        self._since = _SINCE.findall(page)[0]
        self._take(page)
        return self

    async def follow(self) -> None:
        """Ask what has changed, and for the list when it has."""
        while True:
            _, text = await self._get(f"{self._base}/live?since={self._since}&area=requests")
            news = json.loads(text)
            self._since = news["since"]
            if "requests" in news["areas"]:
                status, text = await self._get(self._refresh)
                if status == 200:
                    self._take(text)
            await asyncio.sleep(0.25)

    def _take(self, text: str) -> None:
        self._refresh = unquote(_REFRESH.findall(text)[0]).replace("&amp;", "&")
        now = time.monotonic()
        for title in re.findall(r">(T\d+)</a>", text):
            self.seen.setdefault(title, now)

    async def _get(self, path: str, *, is_page: bool = False) -> tuple[int, str]:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Cookie: {self._cookie}"]
        lines += [] if is_page else ["HX-Request: true"]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower()
        status = int(head.split(" ", 2)[1])
        length = re.search(r"content-length: (\d+)", head)
        body = await self._reader.readexactly(int(length[1])) if length else b""
        if status not in {200, 204}:
            raise RuntimeError(f"{path} was answered with {status}")
        return status, body.decode()


if __name__ == "__main__":
    main()
