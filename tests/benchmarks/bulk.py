"""How long it takes to decide on 500 requests in one go, and how long others wait meanwhile.

    .venv/bin/python -m tests.benchmarks.bulk [--rows 500] [--taken 50] [--rounds 3]
        [--database postgresql]

A person opens the page of all that waits and approves it over HTTP, as a browser does. Meanwhile
others decide some of it by the API, spread over the list, so that the two get in each other's way.
All the while another client asks the API for lists and starts sessions by turns; printed are its
latencies alone and beside the decision. Then all of it is undone by one click.
"""

import argparse
import os
import re
import statistics
import tempfile
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import requests

from tests.benchmarks.installation import Installation, endpoint_process
from tests.conftest import PASSWORD
from tests.support.real_servers import EmbeddedRedis, PostgresServer

LIST = "/api/v1/agent-session-input-requests?$limit=20"


class Others(threading.Thread):
    """Asks for lists and begins sessions by turns until told to end; notes how long each took."""

    def __init__(self, site: Installation, agent_id: str) -> None:
        super().__init__()
        self.latencies_ms: list[float] = []
        self.is_over = threading.Event()
        self._url = f"http://127.0.0.1:{site.port}"
        self._headers = {"Authorization": f"Bearer {site.person.api_key}"}
        self._agent_id = agent_id

    def run(self) -> None:
        session = requests.Session()
        session.headers.update(self._headers)
        is_writing = False
        while not self.is_over.is_set():
            begun = time.monotonic()
            if is_writing:
                body = {"agent_id": self._agent_id}
                answer = session.post(f"{self._url}/api/v1/agent-sessions", json=body, timeout=60)
            else:
                answer = session.get(self._url + LIST, timeout=60)
            answer.raise_for_status()
            self.latencies_ms.append((time.monotonic() - begun) * 1000)
            is_writing = not is_writing
            time.sleep(0.005)

    def line(self, name: str) -> str:
        self.is_over.set()
        self.join()
        ordered = sorted(self.latencies_ms)
        p50, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
        return f"{name}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, longest {ordered[-1]:.0f} ms"


def signed_in(site: Installation) -> requests.Session:
    browser = requests.Session()
    url = f"http://127.0.0.1:{site.port}/sign-in"
    token = csrf_in(browser.get(url, timeout=60).text)
    data = {"csrf_token": token, "email": site.person.email, "password": PASSWORD}
    browser.post(url, data=data, headers={"Origin": url[:-8]}, timeout=60).raise_for_status()
    return browser


def csrf_in(html: str) -> str:
    token = re.search(r'name="csrf_token" value="([^"]+)"', html)
    if token is None:
        raise RuntimeError("there is no form on the page")
    return token[1]


def decide_by_others(site: Installation, ids: list[str]) -> None:
    """Answer by the API, one after the other, as long as somebody else is not faster."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {site.person.api_key}"
    for each in ids:
        path = f"/api/v1/agent-session-input-requests/{each}/resolve"
        body = {"response": {"approved": False}}
        session.post(f"http://127.0.0.1:{site.port}{path}", json=body, timeout=60)


def measure(site: Installation, rows: int, taken: int) -> None:
    """Decide once, and print what it took."""
    slug = site.person.workspace_slug
    site.ask_many(rows)
    page = f"http://127.0.0.1:{site.port}/w/{slug}/inbox/bulk"
    browser = signed_in(site)
    begun = time.monotonic()
    html = browser.get(page, timeout=60).text
    opened = time.monotonic() - begun
    chosen = re.findall(r'name="chosen" value="([^"]+)"', html)
    ids = [each.partition(".")[0] for each in chosen]
    agent_id = str(site.agent_ids[0])
    alone = Others(site, agent_id)
    alone.start()
    time.sleep(3)
    words = alone.line("alone")
    beside = Others(site, agent_id)
    beside.start()
    step = max(rows // max(taken, 1), 1)
    # those in the middle, so that some are faster and some are not
    conflicts = threading.Thread(target=decide_by_others, args=(site, ids[step // 2 :: step]))
    data = {"csrf_token": csrf_in(html), "verdict": "yes", "chosen": chosen}
    headers = {"Origin": page.partition("/w/")[0]}
    conflicts.start()
    begun = time.monotonic()
    answer = browser.post(page, data=data, headers=headers, allow_redirects=False, timeout=60)
    decided = time.monotonic() - begun
    conflicts.join()
    beside_words = beside.line("beside")
    result = answer.headers["Location"]
    begun = time.monotonic()
    shown = browser.get(f"{headers['Origin']}{result}", timeout=60).text
    drawn = time.monotonic() - begun
    title = shown.partition("<title>")[2].partition(" ·")[0].strip()
    begun = time.monotonic()
    undo = {"csrf_token": csrf_in(shown)}
    browser.post(f"{headers['Origin']}{result}/undo", data=undo, headers=headers, timeout=60)
    undone = time.monotonic() - begun
    print(
        f"{len(chosen)} in {decided:.2f} s: {title}; page {opened:.2f}"
        f" s, result {drawn:.2f} s, undone {undone:.2f} s; others {words}; {beside_words}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--taken", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    print(f"on {given.database}", flush=True)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="osbulk")))
        redis = stack.enter_context(EmbeddedRedis(folder))
        endpoint = stack.enter_context(endpoint_process(folder))
        environment = {"REDIS_URL": redis.url, "UNDO_SECONDS": "60"}
        if given.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder, is_durable=True))
            environment["DATABASE_URL"] = postgres.new_database()
        site = stack.enter_context(closing(Installation(folder, environment, endpoint)))
        site.make_agents(5)
        with site.web():
            for _ in range(given.rounds):
                measure(site, given.rows, given.taken)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    main()
