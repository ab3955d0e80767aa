"""How long a large audit takes to be proven and written out, and how much memory that needs.

    .venv/bin/python -m tests.benchmarks.audit_scale [--entries 1000000] [--database postgresql]

The chain is made whole by statements of our own, each entry sealed and linked as `record` and the
sweeper do it. Then `opensink audit verify` goes through it, `opensink audit export` writes it out,
and an admin has it as CSV and JSON Lines from the page, of a real `opensink web`. Memory is what
the process had at most (VmHWM); the web process is told beside what it had before.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import insert

from opensink_web import clock
from opensink_web.factory import create_app
from opensink_web.models import ActorKind, AuditAction, AuditEntry, AuditHead, SubjectKind, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import run_prepared, writing
from opensink_web.operations.audit import record as recording
from opensink_web.operations.audit.chain import link, lock_head
from opensink_web.settings import Settings
from tests.benchmarks.form_page import Reviewer
from tests.benchmarks.request_cost import Cast, WebProcess, request, web_process
from tests.support.audit import chain_all
from tests.support.real_servers import EmbeddedRedis, PostgresServer, wait_until

AT_ONCE = 5000
_ADD = insert(AuditEntry)


class Row:
    """An entry that is about to be stored, as `link` takes it."""

    def __init__(self, values: dict[str, Any]) -> None:
        vars(self).update(values)


def fill(app: Flask, workspace_id: UUID, user_id: UUID, count: int) -> None:
    """Make a chain of so many entries: decisions by somebody in a browser."""
    with app.app_context():
        chain_all()  # what happened before
        while count > 0:
            some = min(count, AT_ONCE)
            with writing():
                head = lock_head(workspace_id)
                rows = list(_rows(head, user_id, some))
                run_prepared(_ADD, rows)
                db.session.flush()
            count -= some


def _rows(head: AuditHead, user_id: UUID, count: int) -> Iterator[dict[str, Any]]:
    origin = {"email": "bob@example.com", "address": "192.0.2.7", "user_agent": "Firefox/140.0"}
    for _ in range(count):
        entry_id = new_id()
        values: dict[str, Any] = {
            "id": entry_id,
            "workspace_id": head.workspace_id,
            "at": clock.now(),
            "action": AuditAction.REQUEST_ANSWERED,
            "actor": ActorKind.PERSON,
            "user_id": user_id,
            "via_id": user_id,
            "subject": SubjectKind.REQUEST,
            "subject_id": new_id(),
        }
        details = {"request_digest": "0" * 64, "answer_digest": "1" * 64}
        seal = vars(recording)["_sealed"]
        values["origin"], values["origin_digest"] = seal(AuditEntry.origin, entry_id, origin)
        values["details"], values["details_digest"] = seal(AuditEntry.details, entry_id, details)
        head.seq += 1
        head.hash = link(head.hash, head.seq, Row(values))
        yield {**values, "seq": head.seq, "hash": head.hash}


def memory_mb(pid: int, name: str) -> float:
    """Return what the kernel says of a process: VmRSS is what it has, VmHWM what it had at most."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found[1]) / 1024


def run_command(environment: dict[str, str], *arguments: str) -> None:
    """Run a command, and print how long it took and what memory it had at most."""
    begun_at = time.perf_counter()
    command = [sys.executable, "-W", "ignore", "-m", "opensink_web", *arguments]
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        size = output.seek(0, os.SEEK_END)
        output.seek(0)
        if process.returncode:
            print(output.read(500).decode())
    seconds = time.perf_counter() - begun_at
    name = f"opensink {' '.join(arguments)}"
    megabytes = f"{size / 1e6:,.1f} MB written, {usage.ru_maxrss / 1024:,.0f} MB of memory"
    print(f"{name:44}{seconds:9.1f} s   {megabytes}", flush=True)


def download(admin: "Admin", web: WebProcess, path: str) -> None:
    """Have a file from the page, and print the same, with what memory the web process gained."""
    before = memory_mb(web.pid, "VmRSS")
    begun_at = time.perf_counter()
    size, first_at = 0, 0.0
    for piece in admin.pieces(path):
        first_at = first_at or time.perf_counter()
        size += len(piece)
    seconds = time.perf_counter() - begun_at
    most = f"{memory_mb(web.pid, 'VmHWM'):,.0f} MB of memory at most, {before:,.0f} before"
    print(
        f"{path.rpartition('/')[2]:44}{seconds:9.1f} s   {size / 1e6:,.1f} MB, the first after"
        f" {first_at - begun_at:.2f} s; {most}",
        flush=True,
    )


class Admin(Reviewer):
    """Somebody who has the audit written out."""

    def pieces(self, path: str) -> Iterator[bytes]:
        with self._browser.get(self._site + path, stream=True, timeout=600) as answer:
            answer.raise_for_status()
            yield from answer.iter_content(1 << 16)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    arguments = parser.parse_args()
    count: int = arguments.entries
    print(f"{arguments.database}, load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        redis = stack.enter_context(EmbeddedRedis(folder))
        environment = {"REDIS_URL": redis.url, "DATA_DIR": str(folder / "data")}
        environment["EXECUTION_ENDPOINT_HOSTS"] = "127.0.0.0/8"
        if arguments.database == "postgresql":
            postgres = stack.enter_context(PostgresServer(folder))
            environment["DATABASE_URL"] = postgres.new_database()
        cast = Cast(create_app(Settings.from_env(environment)))
        begun_at = time.perf_counter()
        fill(cast.app, cast.person.workspace_id, cast.person.id, count)
        print(f"{f'{count:,} entries made':44}{time.perf_counter() - begun_at:9.1f} s", flush=True)
        run_command(environment, "audit", "verify")
        run_command(environment, "audit", "export", "--format", "csv")
        web = stack.enter_context(web_process(["opensink_web", "web", "--fd"], environment))
        wait_until(lambda: web.measure([request("GET", "/healthz", {})]), seconds=60)
        admin = Admin(cast, web)
        path = f"/w/{cast.person.workspace_slug}/admin/audit"
        for name in ("export.csv", "export.jsonl", f"export.csv?user={cast.person.id}"):
            download(admin, web, f"{path}/{name}")
    print(f"load average {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
