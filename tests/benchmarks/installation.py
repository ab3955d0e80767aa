"""What benchmarks run: the parts of `opensink up` as processes, an endpoint, and a client."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import requests
from redis import Redis

from opensink_web.cli.database import run_migrations
from opensink_web.factory import create_app
from opensink_web.models import User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.operations.decisions.decision import resolve
from opensink_web.operations.requests.answer import check_answer
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from tests.benchmarks.parts import Sent
from tests.conftest import Person, make_cast
from tests.support.opensink_up import free_port
from tests.support.real_servers import wait_until
from tests.support.scenarios import POLICY, SCHEMA, endpoint_at

_ASKED_AT_ONCE = 500


class Endpoint:
    """The agent's endpoint in its own process, which tells when which call arrived."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._session = requests.Session()

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    def arrivals(self) -> dict[str, float]:
        """Return the monotonic moment at which each call arrived, by request id."""
        found: dict[str, float] = self._session.get(self.url).json()
        return found

    def wait_for(self, count: int) -> dict[str, float]:
        found: dict[str, float] = wait_until(
            lambda: seen if len(seen := self.arrivals()) >= count else None, seconds=120
        )
        return found

    def wait_for_call(self, name: str) -> float:
        """Wait, without asking again and again, until the call has arrived; return when it did."""
        self._session.get(self.url.replace("/execute", f"/wait/{name}")).close()
        return self.arrivals()[name]

    def forget(self) -> None:
        self._session.delete(self.url)


@contextmanager
def started(
    module: str, *arguments: str, environment: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run one of our programs until the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def endpoint_process(folder: Path) -> Iterator[Endpoint]:
    file = folder / "endpoint"
    with started("tests.benchmarks.endpoint", str(file), environment={}):
        wait_until(file.exists)
        yield Endpoint(file.read_text())


@dataclass(frozen=True)
class Results:
    """What a client saw: each request's moments of sending and response."""

    begun_at: dict[str, float]
    ended_at: dict[str, float]

    def latencies_ms(self) -> list[float]:
        return [(self.ended_at[name] - begun) * 1000 for name, begun in self.begun_at.items()]


def run_client(
    port: int, asked: Sequence[tuple[str, str]], *, clients: int = 1, wait_port: int | None = None
) -> Results:
    """Have the client process send named requests; all must be answered 2xx."""
    plan = {"port": port, "wait_port": wait_port, "clients": clients, "requests": list(asked)}
    command = [sys.executable, "-m", "tests.benchmarks.client"]
    ran = subprocess.run(
        command, input=json.dumps(plan), stdout=subprocess.PIPE, text=True, check=True
    )
    rows = json.loads(ran.stdout)
    refused = [row for row in rows if not 200 <= row[3] < 300]
    if refused or len(rows) != len(asked):
        raise RuntimeError(f"{len(rows)} of {len(asked)} were answered, and not so: {refused[:3]}")
    return Results({row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows})


def cpu_seconds(pid: int) -> float:
    """Return the CPU that a process and those under it have used."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        tasks = Path(f"/proc/{pid}/task").iterdir()
        children = " ".join((task / "children").read_text() for task in tasks).split()
    except OSError:
        return 0.0
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return own + sum(cpu_seconds(int(child)) for child in children)


class Installation:
    """OpenSink with agents at an endpoint; its parts are started one by one."""

    def __init__(self, folder: Path, environment: dict[str, str], endpoint: Endpoint) -> None:
        given = {
            "DATA_DIR": str(folder / "data"),
            "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
            "API_REQUESTS_PER_MINUTE": "10000000",
            "PORT": str(free_port()),
            "SECRET_KEY": "benchmark" * 5,
            **environment,
        }
        self.settings = replace(Settings.from_env(given), supervised=True)
        self.settings.data_dir.mkdir()
        self.app = create_app(self.settings)
        self.pids: dict[str, int] = {}
        """Of the parts that run, by their name."""
        self._endpoint = endpoint
        self.agent_ids: list[UUID] = []
        with self.app.app_context():
            if self.settings.uses_sqlite:
                run_migrations()
            self.person: Person = make_cast().alice

    def close(self) -> None:
        """Close this process' own connections to the database."""
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()

    @property
    def port(self) -> int:
        return self.settings.port

    def make_agents(self, count: int) -> None:
        with self.app.app_context(), writing():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            spec = endpoint_at(self._endpoint.url)
            self.agent_ids = [
                create_agent(workspace, POLICY, name=f"Agent {n}", execution_endpoint=spec).id
                for n in range(count)
            ]

    def ask_many(self, count: int) -> list[str]:
        """Write down so many questions, of the agents in turn; return their ids."""
        if not self.agent_ids:
            self.make_agents(1)
        made: list[str] = []
        with self.app.app_context():
            while len(made) < count:
                with writing():
                    workspace = db.session.get_one(Workspace, self.person.workspace_id)
                    made += [
                        self._ask(workspace, self.agent_ids[n % len(self.agent_ids)])
                        for n in range(min(_ASKED_AT_ONCE, count - len(made)))
                    ]
        return made

    def _ask(self, workspace: Workspace, agent_id: UUID) -> str:
        session = start_session(workspace, agent_id)
        request = ask(
            workspace,
            session.id,
            agent_id,
            key="k",
            title="t",
            message="",
            schema=SCHEMA,
            requested_by_id=self.person.id,
        )
        return str(request.id)

    def answer(self, request_id: str) -> None:
        """Answer without HTTP, in this process."""
        with self.app.app_context():
            workspace = db.session.get_one(Workspace, self.person.workspace_id)
            checked = check_answer(workspace, UUID(request_id), {"approved": True})
            with writing():
                workspace = db.session.get_one(Workspace, self.person.workspace_id)
                resolve(workspace, checked, by=db.session.get_one(User, self.person.id))

    def resolve_request(self, request_id: str) -> tuple[str, str]:
        """Return the request of the API that answers, named for its id."""
        body = '{"response":{"approved":true}}'
        path = f"/api/v1/agent-session-input-requests/{request_id}/resolve"
        return request_id, self.http_request("POST", path, body)

    def http_request(self, method: str, path: str, body: str = "") -> str:
        lines = [
            f"{method} {path} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            f"Authorization: Bearer {self.person.api_key}",
            "Accept: application/json",
        ]
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", body])

    @contextmanager
    def part(self, kind: str, name: str = "", trace: Path | None = None) -> Iterator[None]:
        """Run `opensink KIND` until the block ends; with `trace` it notes there what it does."""
        module, *before = ("opensink_web",) if trace is None else (_TRACED, str(trace))
        environment = self.settings.environment()
        with started(module, *before, kind, environment=environment) as process:
            self.pids[name or kind] = process.pid
            yield
            del self.pids[name or kind]

    @contextmanager
    def web(self, trace: Path | None = None) -> Iterator[None]:
        url = f"http://127.0.0.1:{self.port}/healthz"
        with self.part("web", trace=trace):
            wait_until(lambda: _answers(url))
            yield

    @contextmanager
    def workers(self, count: int, traces: Sequence[Path] = ()) -> Iterator[None]:
        services: Services = self.app.extensions[EXTENSION]
        with Redis.from_url(self.settings.redis_url) as connection:
            connection.delete("opensink:workers")  # those that were there before
        with ExitStack() as stack:
            for n in range(count):
                trace = traces[n] if traces else None
                stack.enter_context(self.part("worker", f"worker {n + 1}", trace))
            wait_until(lambda: services.readiness().workers == count)
            yield

    def cpu_seconds(self) -> dict[str, float]:
        """Return the CPU that each part has used till now."""
        return {name: cpu_seconds(pid) for name, pid in self.pids.items()}


_TRACED = "tests.benchmarks.traced"


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=100).ok
    except requests.RequestException:
        return False


def sent_of(results: Results, arrivals: dict[str, float]) -> list[Sent]:
    """Put together what the client and the endpoint saw, in the order of sending."""
    ordered = sorted(results.begun_at, key=lambda name: results.begun_at[name])
    return [Sent(results.begun_at[n], results.ended_at[n], arrivals[n]) for n in ordered]
