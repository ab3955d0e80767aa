"""The samples on pages and in the README work as they are pasted, with a key and nothing else."""

import html
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import PASSWORD
from tests.support.opensink_up import ROOT, Opensink
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server

EMAIL = "you@example.com"
README = (ROOT / "README.md").read_text()
SCHEMA = {
    "type": "object",
    "required": ["url", "it's"],
    "properties": {"url": {"type": "string", "format": "uri"}, "it's": {"enum": ["it's", "$PATH"]}},
}


class Terminals(HTMLParser):
    """Reads what a browser shows in terminals: `<` before a letter begins a tag there."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self._open = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag == "pre" and known.get("aria-label") == "Terminal":
            self._open = known["id"] or ""
            self.texts[self._open] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "pre":
            self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts[self._open] += data


@dataclass
class Place:
    """A running server, its admin's browser and key, and a terminal in which both are known."""

    opensink: Opensink
    key: str
    folder: Path
    browser: requests.Session = field(default_factory=requests.Session)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.opensink.port}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = requests.request(
            method, f"{self.url}/{path}", json=body, headers=headers, timeout=30
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def samples(self, path: str) -> dict[str, str]:
        """Return what the page offers to paste into a terminal."""
        page = self.browser.get(f"{self.url}/w/main{path}", timeout=60).text
        shown = Terminals()
        shown.feed(page)
        assert shown.texts, path
        return shown.texts

    def paste(self, script: str, **variables: str) -> str:
        """Run it as somebody who keeps the key where every sample takes it from."""
        curlrc = self.folder / ".curlrc"
        curlrc.write_text('fail-with-body\nwrite-out = "%{stderr}STATUS %{http_code}\\n"\n')
        known = {"OPENSINK_API_KEY": self.key, "CURL_HOME": str(self.folder)}
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{script}"],
            env={**os.environ, **known, **variables},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        statuses = re.findall(r"STATUS (\d+)", done.stderr)
        assert done.returncode == 0, done.stdout + done.stderr
        assert all(status.startswith("2") for status in statuses), done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    opensink = Opensink(tmp_path_factory.mktemp("samples") / "var")
    opensink.up("--workers", "1")
    user = ("user", "create", EMAIL, "--role", "admin", "--password-stdin")
    assert opensink.run(*user, text=PASSWORD).returncode == 0
    key = ("api-key", "create", "--user", EMAIL, "--name", "k", "--scope", "all:all")
    place = Place(opensink, opensink.run(*key).stdout.strip(), tmp_path_factory.mktemp("home"))
    form = place.browser.get(f"{place.url}/sign-in", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form)
    assert token is not None
    data = {"csrf_token": token[1], "email": EMAIL, "password": PASSWORD}
    place.browser.post(f"{place.url}/sign-in", data=data, timeout=60)
    yield place
    opensink.end()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[AgentEndpoint]:
    with AgentEndpoint() as endpoint:
        yield endpoint


def answer_soon(place: Place, response: dict[str, Any]) -> threading.Thread:
    """Be the person who answers what is asked next."""
    pending = "api/v1/agent-session-input-requests?status=pending"

    def answer() -> None:
        for _ in range(300):
            waiting = place.call("GET", pending)["items"]
            if waiting:
                path = f"api/v1/agent-session-input-requests/{waiting[0]['id']}/resolve"
                place.call("POST", path, {"response": response})
                return
            time.sleep(0.1)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


# in this order: the first ones are of a server on which nothing was done yet
def test_the_empty_pages_without_a_function(place: Place) -> None:
    for path, name in (("/executions", "execution-howto"), ("/batches", "batch-howto")):
        assert '"status":"queued"' in place.paste(place.samples(path)[name])
    assert len(place.call("GET", "executions")) == 4


def test_the_inboxs_first_question(place: Place) -> None:
    thread = answer_soon(place, {"approved": True})
    answered = place.paste(place.samples("/inbox")["howto-ask"])
    thread.join()
    assert json.loads(answered)["response"] == {"approved": True}


def test_an_agents_page(place: Place) -> None:
    agent = place.call("POST", "api/v1/agents", {"name": "It's me"})
    asked = json.loads(place.paste(place.samples(f"/admin/agents/{agent['id']}")["connect-code"]))
    assert asked["status"] == "pending"
    place.call("PATCH", f"api/v1/agent-sessions/{asked['session_id']}", {"status": "completed"})


def test_a_functions_page(place: Place, endpoint: AgentEndpoint) -> None:
    target = {"kind": "http", "url": endpoint.url}
    body = {"namespace": "tests", "name": "odd", "input_schema": SCHEMA, "target": target}
    place.call("POST", "api/v1/functions", body)
    samples = place.samples("/functions/tests/odd")
    assert json.loads(place.paste(samples["call-execute"]))["status"] == "success"
    assert json.loads(place.paste(samples["call-async"]))["status"] == "queued"
    assert json.loads(place.paste(samples["call-batch"]))["total"] == 2


def test_a_new_keys_page(place: Place) -> None:
    page = place.browser.get(f"{place.url}/w/main/admin/api-keys/new", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    data = {"csrf_token": token[1], "name": "mine", "reach": "everything", "expiry": "30"}
    made = place.browser.post(f"{place.url}/w/main/admin/api-keys/new", data=data, timeout=60).text
    (line,) = re.findall(r"export OPENSINK_API_KEY=\S+(?=</pre>)", made)
    call = 'curl -sS -H "Authorization: Bearer $OPENSINK_API_KEY"'
    me = place.paste(f"{html.unescape(line)}\n{call} {place.url}/auth/me", OPENSINK_API_KEY="")
    assert json.loads(me)["email"] == EMAIL


def readme(kind: str, begins: str) -> str:
    """Return the one block of the README in which this stands."""
    blocks = re.findall(rf"```{kind}\n(.*?)```", README, re.DOTALL)
    (block,) = [block for block in blocks if begins in block]
    return str(block)


def here(place: Place, text: str) -> str:
    return text.replace("http://127.0.0.1:7465", place.url)


def test_the_readme_from_the_key_to_the_answer(place: Place) -> None:
    key = readme("sh", "export OPENSINK_API_KEY").replace(".venv/bin/opensink", "opensink")
    variables = {"DATA_DIR": str(place.opensink.data_dir), "OPENSINK_API_KEY": ""}
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    thread = answer_soon(place, {"approved": True})
    script = f"{key}\n{here(place, readme('sh', 'Release manager'))}"
    out = place.paste(script, PATH=path, **variables)
    thread.join()
    assert '"approved":true' in out.replace(" ", "")


def forget_what_pages_made(place: Place) -> None:
    for execution in place.call("GET", "executions?function_name=images/resize"):
        if execution["status"] in {"queued", "running"}:
            place.call("POST", f"executions/{execution['execution_id']}/cancel")
    if any(each["name"] == "resize" for each in place.call("GET", "api/v1/functions")["items"]):
        place.call("DELETE", "api/v1/functions/images/resize")


def test_the_readmes_function_and_what_is_done_with_it(
    place: Place, endpoint: AgentEndpoint
) -> None:
    forget_what_pages_made(place)
    helper = "\n".join(readme("sh", "Release manager").splitlines()[:2])
    place.paste(here(place, f"{helper}\n{readme('sh', 'call /api/v1/functions')}"))
    target = {"kind": "http", "url": endpoint.url}
    place.call("PATCH", "api/v1/functions/images/resize", {"target": target})
    place.paste(here(place, f"{helper}\n{readme('sh', 'images/resize/execute/async')}"))
    sample = readme("python", "wait_for_batch")
    script = f"python - <<'PYTHON'\n{sample}PYTHON"
    path = f"{ROOT / '.venv/bin'}:{os.environ['PATH']}"
    place.paste(script, OPENSINK_URL=place.url, PATH=path)

    place.call("PATCH", "api/v1/functions/images/resize", {"requires_approval": True})
    body = {"input": {"url": "https://example.com/a.png"}}
    place.call("POST", "functions/images/resize/execute/async", body)
    listed = place.paste(here(place, f"{helper}\n{readme('sh', 'kind=approval')}"))
    (asked,) = json.loads(listed)["items"]
    resolve = here(place, f"{helper}\n{readme('sh', '/resolve')}")
    assert json.loads(place.paste(resolve, REQUEST=asked["id"]))["status"] == "resolved"


def test_the_readmes_sign_in_of_a_program(place: Place) -> None:
    sample = here(place, readme("sh", "/auth/login")).replace("…", PASSWORD)
    assert json.loads(place.paste(sample))["access_token"]
