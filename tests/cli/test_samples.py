"""The samples on pages work as they are pasted, with a key and nothing else."""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

import pytest

from tests.support.real_servers import AgentEndpoint
from tests.support.terminal import EMAIL, Terminal, terminal_beside_server

pytestmark = pytest.mark.server

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


def samples(place: Terminal, path: str) -> dict[str, str]:
    """Return what the page offers to paste into a terminal."""
    page = place.browser.get(f"{place.url}/w/main{path}", timeout=60).text
    shown = Terminals()
    shown.feed(page)
    assert shown.texts, path
    return shown.texts


@dataclass(frozen=True)
class Place:
    """A server, and what its pages offered before anything was done on it."""

    terminal: Terminal
    at_first: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("samples")
    with terminal_beside_server(folder / "var", folder) as terminal:
        terminal.sign_in()
        paths = ("/executions", "/batches", "/inbox")
        yield Place(terminal, {path: samples(terminal, path) for path in paths})


@pytest.fixture(scope="module")
def place(server: Place) -> Terminal:
    return server.terminal


@pytest.fixture(scope="module")
def endpoint() -> Iterator[AgentEndpoint]:
    with AgentEndpoint() as endpoint:
        yield endpoint


def test_the_empty_pages_without_a_function(server: Place, place: Terminal) -> None:
    before = len(place.call("GET", "executions"))
    for path, name in (("/executions", "execution-howto"), ("/batches", "batch-howto")):
        sample = server.at_first[path][name]
        if path == "/batches":  # the other page's sample has made the function that both make
            sample = sample.replace("resize", "shrink")
        assert '"status":"queued"' in place.paste(sample)
    assert len(place.call("GET", "executions")) == before + 4


def test_the_inboxs_first_question(server: Place, place: Terminal) -> None:
    thread = place.answer_soon({"approved": True})
    answered = place.paste(server.at_first["/inbox"]["howto-ask"])
    thread.join()
    assert json.loads(answered)["response"] == {"approved": True}


def test_an_agents_page(place: Terminal) -> None:
    agent = place.call("POST", "api/v1/agents", {"name": "It's me"})
    asked = json.loads(place.paste(samples(place, f"/admin/agents/{agent['id']}")["connect-code"]))
    assert asked["status"] == "pending"
    place.call("PATCH", f"api/v1/agent-sessions/{asked['session_id']}", {"status": "completed"})


def test_a_functions_page(place: Terminal, endpoint: AgentEndpoint) -> None:
    target = {"kind": "http", "url": endpoint.url}
    body = {"namespace": "tests", "name": "odd", "input_schema": SCHEMA, "target": target}
    place.call("POST", "api/v1/functions", body)
    shown = samples(place, "/functions/tests/odd")
    assert json.loads(place.paste(shown["call-execute"]))["status"] == "success"
    assert json.loads(place.paste(shown["call-async"]))["status"] == "queued"
    assert json.loads(place.paste(shown["call-batch"]))["total"] == 2


def test_a_new_keys_page(place: Terminal) -> None:
    page = place.browser.get(f"{place.url}/w/main/admin/api-keys/new", timeout=60).text
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    data = {"csrf_token": token[1], "name": "mine", "reach": "everything", "expiry": "30"}
    made = place.browser.post(f"{place.url}/w/main/admin/api-keys/new", data=data, timeout=60).text
    (line,) = re.findall(r"export OPENSINK_API_KEY=\S+(?=</pre>)", made)
    call = 'curl -sS -H "Authorization: Bearer $OPENSINK_API_KEY"'
    me = place.paste(f"{html.unescape(line)}\n{call} {place.url}/auth/me", OPENSINK_API_KEY="")
    assert json.loads(me)["email"] == EMAIL
