"""A running server, and a terminal in which a reader pastes what pages and documents show."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.conftest import PASSWORD
from tests.support.opensink_up import Opensink

EMAIL = "you@example.com"
PATIENCE_SECONDS = 300
"""For all commands of a page: each starts Python anew, on a machine that may be busy."""


@dataclass
class Terminal:
    """A running server, its admin's browser and key, and a terminal in which both are known."""

    opensink: Opensink
    key: str
    folder: Path
    browser: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.opensink.port}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Call the API as the admin's key."""
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = requests.request(
            method, f"{self.url}/{path}", json=body, headers=headers, timeout=100
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def environment(self, **variables: str) -> dict[str, str]:
        """Return what a reader has set: the key, where the data is, and the commands to hand."""
        commands = Path(sys.executable).parent
        known = {
            "OPENSINK_API_KEY": self.key,
            "OPENSINK_URL": self.url,
            "PASSWORD": PASSWORD,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "CURL_HOME": str(self.folder),
        }
        return self.opensink.environment(**known | variables)

    def paste(self, script: str, **variables: str) -> str:
        """Run it, and return what it prints; each call that it makes with curl has to succeed."""
        curlrc = self.folder / ".curlrc"
        curlrc.write_text('fail-with-body\nwrite-out = "%{stderr}STATUS %{http_code}\\n"\n')
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{script}"],
            env=self.environment(**variables),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        statuses = re.findall(r"STATUS (\d+)", done.stderr)
        assert done.returncode == 0, script + done.stdout + done.stderr
        assert all(status.startswith("2") for status in statuses), done.stdout + done.stderr
        return done.stdout

    def answer_soon(self, response: dict[str, Any], *, times: int = 1) -> threading.Thread:
        """Be the person who answers what is asked next, so many times."""
        pending = "api/v1/agent-session-input-requests?status=pending&kind=input"
        known = {each["id"] for each in self.call("GET", pending)["items"]}

        def answer() -> None:
            left = times
            for _ in range(PATIENCE_SECONDS * 10):
                items = self.call("GET", pending)["items"]
                for new_id in [each["id"] for each in items if each["id"] not in known][:left]:
                    path = f"api/v1/agent-session-input-requests/{new_id}/resolve"
                    self.call("POST", path, {"response": response})
                    left -= 1
                if left == 0:
                    return
                time.sleep(0.1)

        thread = threading.Thread(target=answer)
        thread.start()
        return thread

    def sign_in(self) -> None:
        """Sign the admin in in the browser."""
        form = self.browser.get(f"{self.url}/sign-in", timeout=60).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
        assert token is not None
        data = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
        self.browser.post(f"{self.url}/sign-in", data=data, timeout=60)


@contextmanager
def terminal_beside_server(data_dir: Path, home: Path) -> Iterator[Terminal]:
    """Start everything, with an admin and their key."""
    opensink = Opensink(data_dir)
    opensink.up("--workers", "1")
    try:
        user = ("user", "create", EMAIL, "--role", "admin", "--password-stdin")
        assert opensink.run(*user, text=PASSWORD).returncode == 0
        key = ("api-key", "create", "--user", EMAIL, "--name", "k", "--scope", "all:all")
        yield Terminal(opensink, opensink.run(*key).stdout.strip(), home)
    finally:
        opensink.end()
