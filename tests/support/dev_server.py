"""`opensink dev` as authors start it, in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from tests.support.opensink_up import OURS, PATIENCE_SECONDS, ROOT


class DevServer:
    """One that was started with --json, and has said where it is."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.started = self.line()
        self.url: str = self.started["url"]
        self.folder = Path(self.started["folder"])

    def line(self) -> dict[str, Any]:
        """Return the next line that it prints."""
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        """Call it, without a key unless the headers have one."""
        url = f"{self.url}{path}"
        return requests.request(method, url, json=body, headers=headers, timeout=PATIENCE_SECONDS)

    def wait_until(self, condition: Callable[[], object]) -> None:
        """Wait for what happens in another process."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return how it ended."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """Return an author's, who has no settings of a server's, and temporary files in a folder."""
    ours = (*OURS, "OPENSINK_API_KEY", "OPENSINK_URL", "OPENSINK_ANSWER")
    inherited = {name: text for name, text in os.environ.items() if name not in ours}
    return {**inherited, "TMPDIR": str(folder), **variables}


@contextmanager
def dev_server(*arguments: str, variables: Mapping[str, str] | None = None) -> Iterator[DevServer]:
    """Start it, and see that it is over after the block."""
    with tempfile.TemporaryDirectory(prefix="osdev") as folder:
        command = [sys.executable, "-m", "opensink_web", "dev", "--port", "0", "--json"]
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=ROOT,
            env=environment(Path(folder), **(variables or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield DevServer(process)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(PATIENCE_SECONDS)
            assert process.stdout is not None
            process.stdout.close()
