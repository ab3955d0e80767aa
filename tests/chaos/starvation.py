"""Calls hang in more groups than workers have threads: do answers and short work still get through?

    .venv/bin/python -m tests.chaos.starvation [--database postgresql] [--long]

Functions, agents, callbacks' hosts or Python functions hang, 40 groups together, with more calls
than all workers have threads. Meanwhile answers are given one after the other, and short functions
called: one known to be short, and with each answer one that was never called before. What is
measured is the time from sending the request to the call's arrival at its endpoint. `--long` runs
every number of workers and threads; the exit code is 1 if anything is later than it may be.
"""

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.endpoints import Endpoints, silent_port
from tests.support.real_servers import PostgresServer
from tests.support.scenarios import make_due
from tests.support.whole_server import Sent, WholeServer, whole_server

GROUPS = 40
LATEST_SECONDS = 1.0
"""By when a call must have arrived, at the 95th percentile."""
GIVEN_UP_SECONDS = 3.0
KINDS = ("functions and callbacks", "agents", "python functions", "backlog")
_HANGS_FOR_SECONDS = 60
_STARTED_SECONDS = 3.0


@dataclass(frozen=True)
class Plan:
    """What hangs, and who has to do with it."""

    kind: str
    database: str = "sqlite"
    workers: int = 2
    calls_per_worker: int = 8
    answers: int = 20
    groups: int = GROUPS
    python_calls_per_worker: int = 0  # as many as by default

    @property
    def calls_of_each(self) -> int:
        """Return how many calls of each group are due: half as many again as there are threads."""
        return max(3 * self.workers * self.calls_per_worker // (2 * self.groups) + 1, 2)


@dataclass
class Latencies:
    """Seconds from the request to the call, in the order of sending; GIVEN_UP_SECONDS is never."""

    hanging: int = 0
    answers: list[float] = field(default_factory=list)
    known: list[float] = field(default_factory=list)
    unknown: list[float] = field(default_factory=list)

    @property
    def is_well(self) -> bool:
        series = (self.answers, self.known, self.unknown)
        return all(p95(each) <= LATEST_SECONDS for each in series)

    def __str__(self) -> str:
        shown = (
            f"{name} p50 {1000 * sorted(each)[len(each) // 2]:.0f}, p95 {1000 * p95(each):.0f} ms"
            for name, each in vars(self).items()
            if name != "hanging"
        )
        return f"{self.hanging} hang; {'; '.join(shown)}"


def p95(seconds: Sequence[float]) -> float:
    """Return the 95th percentile."""
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * 0.95), len(ordered) - 1)]


def starve(
    plan: Plan, postgres: PostgresServer | None = None, log: Path | None = None
) -> Latencies:
    """Let calls hang, and measure what others have to wait meanwhile."""
    limits = {
        "CALLS_PER_WORKER": plan.calls_per_worker,
        "PYTHON_CALLS_PER_WORKER": plan.python_calls_per_worker,
    }
    with (
        Endpoints() as endpoints,
        silent_port() as port,
        whole_server(
            postgres if plan.database == "postgresql" else None,
            workers=plan.workers,
            variables=limits,
            log=log,
        ) as server,
    ):
        stage = Stage(plan, server, endpoints, port)
        server.start()
        stage.warm_up()
        stage.let_hang()
        return stage.measure()


class Stage:
    """A server with agents and functions that answer, and others that do not."""

    def __init__(self, plan: Plan, server: WholeServer, endpoints: Endpoints, silent: int) -> None:
        self._plan = plan
        self._server = server
        self._endpoints = endpoints
        self._silent = silent
        self._agent_id = server.make_agent(endpoints.url("quick", "agent"))
        self._requests = server.ask(self._agent_id, plan.answers + 1)
        server.make_function("known", endpoints.url("quick", "known"))
        for number in range(plan.answers):
            server.make_function(f"new-{number}", endpoints.url("quick", f"new-{number}"))

    def warm_up(self) -> None:
        """Have the agent called and the function carried out once: it is known to be short."""
        request_id = self._requests.pop()
        self._server.resolve(request_id)
        known = self._server.execute("known")
        self._endpoints.wait_for(request_id)
        self._server.wait_until_ended(known.subject_id)

    def let_hang(self) -> None:
        """Make due what hangs, and wait until threads are taken."""
        plan = self._plan
        match plan.kind:
            case "functions and callbacks":
                self._functions(plan.groups * 3 // 4, plan.calls_of_each)
                self._callbacks(plan.groups // 4, plan.calls_of_each)
            case "agents":
                self._agents(plan.groups, plan.calls_of_each)
            case "python functions":
                self._python_functions(plan.groups, plan.calls_of_each)
            case "backlog":
                self._functions(plan.groups, plan.calls_of_each)
                self._backlog(1000)
            case _:
                raise ValueError(plan.kind)
        threads = plan.workers * plan.calls_per_worker
        deadline = time.monotonic() + _STARTED_SECONDS
        while self._endpoints.hanging() < threads and time.monotonic() < deadline:
            time.sleep(0.05)

    def measure(self) -> Latencies:
        latencies = Latencies()
        for number, request_id in enumerate(self._requests):
            answer = self._server.resolve(request_id)
            known = self._server.execute("known")
            unknown = self._server.execute(f"new-{number}")
            latencies.answers.append(self._seconds(answer))
            latencies.known.append(self._seconds(known))
            latencies.unknown.append(self._seconds(unknown))
            if number == 3 and min(latencies.answers) == GIVEN_UP_SECONDS:
                break  # it will not get better
        latencies.hanging = self._endpoints.hanging()
        return latencies

    def _seconds(self, sent: Sent) -> float:
        left = sent.at + GIVEN_UP_SECONDS - time.monotonic()
        try:
            at = self._endpoints.wait_for(sent.subject_id, seconds=max(left, 0.02)).at
        except AssertionError:
            return GIVEN_UP_SECONDS
        return at - sent.at

    def _functions(self, groups: int, calls: int) -> None:
        for number in range(groups):
            url = self._endpoints.url("hang", f"function-{number}")
            function_id = self._server.make_function(f"hanging-{number}", url)
            self._server.submit(function_id, calls, timeout_seconds=_HANGS_FOR_SECONDS)

    def _backlog(self, count: int) -> None:
        """Many more that are due in a group whose calls hang."""
        url = self._endpoints.url("hang", "backlog")
        function_id = self._server.make_function("backlog", url)
        self._server.submit(function_id, count, timeout_seconds=_HANGS_FOR_SECONDS)

    def _callbacks(self, groups: int, calls: int) -> None:
        """Executions end at once; whoever is told of it says nothing."""
        function_id = self._server.make_function("told", self._endpoints.url("quick", "told"))
        for number in range(groups):
            url = f"https://127.0.1.{number + 1}:{self._silent}/"
            self._server.submit(function_id, calls, callback_url=url)

    def _agents(self, groups: int, calls: int) -> None:
        for number in range(groups):
            url = self._endpoints.url("hang", f"agent-{number}")
            agent_id = self._server.make_agent(url, timeout_seconds=_HANGS_FOR_SECONDS)
            with self._server.server.session():
                make_due(self._server.person, agent_id, calls)

    def _python_functions(self, groups: int, calls: int) -> None:
        for number in range(groups):
            function_id = self._server.make_function(f"sleeping-{number}", entry_point="sleep")
            self._server.submit(function_id, calls, timeout_seconds=_HANGS_FOR_SECONDS)


def plans(database: str, *, is_long: bool) -> Iterator[Plan]:
    """Return what is run by the command."""
    workers, threads = ((1, 2, 4), (2, 8, 32)) if is_long else ((2,), (8,))
    for kind, count, calls in itertools.product(KINDS, workers, threads):
        yield Plan(kind, database, count, calls)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.starvation")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--kind", choices=KINDS)
    arguments = parser.parse_args()
    is_well = True
    with ExitStack() as stack:
        postgres = None
        if arguments.database == "postgresql":
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            postgres = stack.enter_context(PostgresServer(folder))
        for plan in plans(arguments.database, is_long=arguments.long):
            if arguments.kind in {None, plan.kind}:
                seen = starve(plan, postgres)
                is_well = is_well and seen.is_well
                title = f"{plan.kind}, {plan.workers} x {plan.calls_per_worker}"
                print(f"{title:36}{'' if seen.is_well else 'STARVES: '}{seen}", flush=True)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
