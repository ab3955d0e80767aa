"""How long an answer takes to its agent while other agents' endpoints hang.

    .venv/bin/python -m tests.benchmarks.bulkhead [--calls 100] [--database postgresql]

`opensink up` runs with its defaults, two workers. Some agents each have an endpoint that accepts a
connection and never answers, with a timeout of 30 s, and 200 calls that are due. Then another
agent's requests are answered one at a time; what is measured is the time from just before the
answer's transaction to the start of the call, so it is a little more than from the commit.
"""

import argparse
import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

from opensink_web.factory import create_app
from opensink_web.settings import Settings
from tests.benchmarks.resolve_to_endpoint import Endpoint, Figures, OurServer, endpoint_process
from tests.support.opensink_up import Opensink
from tests.support.real_servers import PostgresServer
from tests.support.scenarios import ask_in, endpoint_at, make_due

HANGING_AGENTS = (0, 1, 3)
CALLS_OF_EACH = 200
TIMEOUT_SECONDS = 30
GOAL_MS = 1000


@contextmanager
def hanging_endpoint() -> Iterator[str]:
    """Yield the address of a server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/execute"


class HangingAgents:
    """Agents that are called at an endpoint that hangs."""

    def __init__(self, server: OurServer, url: str, count: int) -> None:
        self._server = server
        endpoint = endpoint_at(url, timeout_seconds=TIMEOUT_SECONDS)
        with server.app.app_context():
            self._ids = [ask_in(server.person, endpoint).agent_id for _ in range(count)]

    def make_due(self) -> None:
        for agent_id in self._ids:
            self._make_due(agent_id)

    def _make_due(self, agent_id: UUID) -> None:
        with self._server.app.app_context():
            make_due(self._server.person, agent_id, CALLS_OF_EACH)


def measure(database_url: str | None, hanging: int, calls: int) -> Figures:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        variables = {"DATABASE_URL": database_url} if database_url else {}
        opensink = Opensink(folder / "data")
        stack.callback(opensink.end)
        opensink.up(variables=variables)
        endpoint = stack.enter_context(endpoint_process(folder))
        environment = {"DATA_DIR": str(opensink.data_dir), **variables}
        server = OurServer(create_app(Settings.from_env(environment)), endpoint)
        names = server.ask_many(calls)
        HangingAgents(server, stack.enter_context(hanging_endpoint()), hanging).make_due()
        return Figures([_latency_ms(server, endpoint, name) for name in names], [])


def _latency_ms(server: OurServer, endpoint: Endpoint, name: str) -> float:
    endpoint.forget()
    begun = time.monotonic()
    server.answer(name)
    return (endpoint.wait_for(1)[name] - begun) * 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    print(f"{'agents that hang, ' + arguments.database:30}{'p50':>12}{'p95':>12}")
    with ExitStack() as stack:
        postgres = None
        if arguments.database == "postgresql":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            postgres = stack.enter_context(PostgresServer(folder))
        for hanging in HANGING_AGENTS:
            url = postgres.new_database() if postgres else None
            print(measure(url, hanging, arguments.calls).line(str(hanging)), flush=True)
    print(f"goal: p95 below {GOAL_MS} ms")
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
