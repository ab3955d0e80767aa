"""`opensink dev`: the real thing, as agents' authors start it, and as others would misuse it."""

import json
import signal
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Queue
from typing import TYPE_CHECKING, Any

import pytest
import requests
from playwright.sync_api import Browser, expect

from opensink_client import Client
from opensink_web.cli.dev_web import checked, open_app
from opensink_web.dev.admission import PERSON, PROGRAM, Admission, hand_over, read_admission
from opensink_web.dev.folder import MARK
from opensink_web.errors import ConfigurationError
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.dev_server import DevServer, dev_server, environment
from tests.support.http_server import HttpServer, Received, Reply
from tests.support.opensink_up import PATIENCE_SECONDS, ROOT, processes

if TYPE_CHECKING:
    from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

ANY = "0.0.0.0"  # noqa: S104 - refused
REQUESTS = "/api/v1/agent-session-input-requests"
YES_OR_NO = {
    "type": "object",
    "properties": {"approved": {"type": "boolean"}},
    "required": ["approved"],
}
IN_NODE = """
const { Client } = await import(process.argv[2]);
const question = await new Client().ask("By Node?", { schema: JSON.parse(process.argv[3]) });
console.log(question.id);
"""


@pytest.fixture(scope="module")
def dev() -> Iterator[DevServer]:
    with dev_server() as server:
        yield server


def asked(dev: DevServer) -> set[str]:
    return {each["title"] for each in dev.call("GET", REQUESTS).json()["items"]}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer dev"},
        {"X-API-Key": "anything"},
        {"Authorization": "Bearer osk_x"},
    ],
)
def test_calls_take_any_key_or_none(dev: DevServer, headers: dict[str, str]) -> None:
    me = dev.call("GET", "/auth/me", **headers).json()
    assert (me["email"], me["roles"]) == (PROGRAM, ["admin"])
    assert dev.call("GET", "/api/v1/agents", **headers).status_code == 200


def test_a_key_of_its_own_counts_as_in_life(dev: DevServer) -> None:
    """An author finds out that a scope is missing, or that a key was revoked."""
    made = dev.call("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["agents:read"]}).json()
    own = {"Authorization": f"Bearer {made['key']}"}
    assert dev.call("GET", "/api/v1/agents", **own).status_code == 200
    assert dev.call("POST", "/api/v1/agents", {"name": "x"}, **own).status_code == 403
    assert dev.call("DELETE", f"/api/v1/api-keys/{made['id']}").ok
    assert dev.call("GET", "/api/v1/agents", **own).status_code == 401


def test_both_clients_ask_without_a_key(
    dev: DevServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("OPENSINK_API_KEY", raising=False)
    with Client(dev.url) as client:
        question = client.ask("By Python?", schema=YES_OR_NO)
        assert dev.call(
            "POST", f"{REQUESTS}/{question.id}/resolve", {"response": {"approved": True}}
        ).ok
        assert question.wait_for_answer(timeout_seconds=60).value == {"approved": True}
    program = tmp_path / "ask.mjs"
    program.write_text(IN_NODE)
    module = (ROOT / "static" / "sdk" / "opensink.js").as_uri()
    in_node = subprocess.run(
        ["node", str(program), module, json.dumps(YES_OR_NO)],
        env=environment(tmp_path, OPENSINK_URL=dev.url),
        capture_output=True,
        text=True,
        check=False,
    )
    assert in_node.returncode == 0, in_node.stderr
    assert dev.call("GET", f"{REQUESTS}/{in_node.stdout.strip()}").json()["title"] == "By Node?"


def test_elsewhere_both_clients_want_a_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("OPENSINK_API_KEY", raising=False)
    with pytest.raises(ValueError, match="API key"):
        Client("https://opensink.example.com")
    module = (ROOT / "static" / "sdk" / "opensink.js").as_uri()
    source = f'import {{ Client }} from "{module}"; new Client();'
    in_node = subprocess.run(
        ["node", "--input-type=module", "-e", source],
        env=environment(tmp_path, OPENSINK_URL="https://127.0.0.1.example.com"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "There is no API key" in in_node.stderr


def ask(dev: DevServer, title: str, **more: Any) -> str:
    """Ask by nothing but calls, and return the request's id."""
    agent = dev.call("POST", "/api/v1/agents", {"name": title}).json()["id"]
    session = dev.call("POST", "/api/v1/agent-sessions", {"agent_id": agent}).json()["id"]
    body = {"agent_id": agent, "session_id": session, "key": "k", "title": title, "message": ""}
    made = dev.call("POST", REQUESTS, {**body, "schema": YES_OR_NO, **more})
    assert made.ok, made.text
    return str(made.json()["id"])


class Endpoint(HttpServer):
    """An agent's, which notes who calls."""

    def __init__(self, called: "Queue[Received]") -> None:
        self._called = called

    def respond(self, received: Received) -> Reply:
        self._called.put(received)
        return Reply(200)


class OtherSite(HttpServer):
    """A page at another port of this machine, which shows a page that calls the server."""

    page = ""

    def respond(self, received: Received) -> Reply:
        return Reply(200, self.page.encode(), headers={"Content-Type": "text/html"})


ATTACK = """<!doctype html><title>Other site</title><body><script>
const call = (path, options) => fetch("%(url)s" + path, options);
const post = (path, body, more) => call(path, { method: "POST", body, mode: "no-cors", ...more });
const noteRead = (response) => response.text().then(() => { document.title = "Read"; });
const json = { "Content-Type": "application/json" };
const tries = [
  post("/api/v1/agents", '{"name": "Evil"}'),
  post("/api/v1/agents", '{"name": "Evil"}', { headers: json, mode: "cors" }),
  post("%(path)s/resolve", '{"response": {"approved": true}}', { credentials: "include" }),
  post("%(path)s/release"),
  call("/api/v1/agents").then(noteRead),
  call("/w/main/inbox", { credentials: "include" }).then(noteRead),
];
Promise.allSettled(tries).then(() => document.body.append("tried"));
</script>"""


def test_a_person_decides_in_a_browser_that_is_not_signed_in_and_no_other_site_does(
    dev: DevServer, chromium: Browser
) -> None:
    """`forbid_requester` is no matter: programs are somebody else than who sits before it."""
    request_id = ask(dev, "Deploy in a browser?", forbid_requester=True)
    kept = ask(dev, "Left alone?")
    assert dev.call("POST", f"{REQUESTS}/{kept}/claim", {}).json()["claimed_by"]
    with chromium.new_context() as context, OtherSite() as other:
        page = context.new_page()
        page.goto(dev.url)
        assert page.url == dev.started["inbox"]
        page.goto(f"{dev.url}/w/main/requests/{request_id}")
        page.get_by_role("button", name="Yes").first.click()
        page.wait_for_url(f"**/requests/{kept}*")
        other.page = ATTACK % {"url": dev.url, "path": f"{REQUESTS}/{kept}"}
        # of the same site, for sites know no ports, and its requests carry the cookie of the first
        page.goto(other.origin)
        expect(page.get_by_text("tried")).to_be_visible(timeout=60_000)
        assert page.title() == "Other site"
    answer = dev.call("GET", f"{REQUESTS}/{request_id}?wait=60").json()
    assert (answer["response"], answer["resolved_by"]["email"]) == ({"approved": True}, PERSON)
    left_alone = dev.call("GET", f"{REQUESTS}/{kept}").json()
    assert (left_alone["status"], left_alone["claimed_by"]["email"]) == ("pending", PROGRAM)
    names = {each["name"] for each in dev.call("GET", "/api/v1/agents?$limit=100").json()["items"]}
    assert "Evil" not in names


def test_a_page_of_another_name_reads_nothing(dev: DevServer) -> None:
    for path in ("/api/v1/agents", "/w/main/inbox", "/auth/me", "/"):
        refused = dev.call("GET", path, Host="evil.example")
        assert refused.status_code == 403
        assert "Set-Cookie" not in refused.headers
    problem = dev.call("GET", "/api/v1/agents", Origin="https://evil.example").json()
    assert problem["code"] == "foreign_call"


def below(dev: DevServer) -> dict[int, str]:
    """Return the processes that it has started."""
    pid = dev.process.pid
    return {each: args for each, (parent, args) in processes().items() if parent == pid}


def test_it_goes_on_with_what_it_keeps_and_leaves_no_process(
    alive: Callable[[Mapping[int, str]], dict[int, str]], tmp_path: Path
) -> None:
    with dev_server("--keep", str(tmp_path / "kept")) as first:
        assert first.folder == tmp_path / "kept"
        ask(first, "Still there?")
        ended = below(first)
        assert len(ended) > 4
        assert first.end(signal.SIGINT) == 0
        assert alive(ended) == {}
    with dev_server("--keep", str(tmp_path / "kept")) as second:
        assert asked(second) == {"Still there?"}
        killed = below(second)
        second.end(signal.SIGKILL)
        second.wait_until(lambda: not alive(killed))


def test_it_answers_by_itself_calls_the_agent_and_leaves_nothing_behind() -> None:
    called: Queue[Received] = Queue()
    with Endpoint(called) as endpoint, dev_server(variables={"OPENSINK_ANSWER": "approve"}) as dev:
        url = {"execution_endpoint": {"url": endpoint.origin}}
        agent = dev.call("POST", "/api/v1/agents", {"name": "Called", **url}).json()["id"]
        session = dev.call("POST", "/api/v1/agent-sessions", {"agent_id": agent}).json()["id"]
        about = {"agent_id": agent, "session_id": session, "key": "k", "message": ""}
        code = {"type": "string", "pattern": "^[0-9]{7}$"}
        unlikely = {"type": "object", "required": ["code"], "properties": {"code": code}}
        for title, schema in (("Approve?", YES_OR_NO), ("Which code?", unlikely)):
            assert dev.call("POST", REQUESTS, {**about, "title": title, "schema": schema}).ok
        assert called.get(timeout=PATIENCE_SECONDS).body["session_id"] == session
        said = [dev.line() for _ in range(4)]
        events = {(each["event"], each["title"]) for each in said}
        assert events == {
            ("asked", "Approve?"),
            ("gone", "Approve?"),
            ("asked", "Which code?"),
            ("left_open", "Which code?"),
        }
        (ended,) = (each for each in said if each["event"] == "gone")
        assert (ended["status"], ended["how"]) == ("resolved", f"answered by {PERSON}")
        (left,) = (each for each in said if each["event"] == "left_open")
        assert "/code" in left["reason"]
        assert dev.folder.is_dir()
        assert dev.end(signal.SIGTERM) == 0
        assert not dev.folder.exists()


def test_what_is_no_way_to_answer_is_refused_at_the_start(opensink: "Opensink") -> None:
    ended = opensink.run("dev", "--port", "0", variables={"OPENSINK_ANSWER": "yes"})
    assert ended.returncode == 2
    assert "OPENSINK_ANSWER" in ended.stderr
    assert "approve" in ended.stderr


@pytest.mark.parametrize("host", [ANY, "::", "192.0.2.1", "example.com"])
def test_it_listens_on_this_machine_alone(opensink: "Opensink", host: str) -> None:
    ended = opensink.run("dev", "--host", host, "--port", "0")
    assert ended.returncode == 2
    assert "this machine alone" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_it_opens_no_folder_of_a_server(migrated: "Opensink") -> None:
    ended = migrated.run("dev", "--keep", str(migrated.data_dir))
    assert ended.returncode == 2
    assert "--keep" in ended.stderr


def test_no_variable_opens_another_server(opensink: "Opensink", tmp_path: Path) -> None:
    """What `opensink dev` hands to its web server is nothing that an environment can say."""
    names = ("OPENSINK_DEV", "OPENSINK_ANSWER", "DEV", "ADMISSION_FD", "OPENSINK_API_KEY")
    variables = dict.fromkeys(names, "approve") | {"FLASK_DEBUG": "1", "FLASK_ENV": "development"}
    opensink.data_dir.mkdir(parents=True, exist_ok=True)
    (opensink.data_dir / MARK).write_text("kept")
    opensink.up("--workers", "1", variables=variables)
    # from now on people sign in to what is in there, and `opensink dev` opens it no more
    assert not (opensink.data_dir / MARK).exists()
    assert opensink.get("/auth/me") == 401
    url = f"http://127.0.0.1:{opensink.port}"
    for path in ("/", "/w/main/inbox"):
        page = requests.get(url + path, allow_redirects=False, timeout=60)
        assert "Set-Cookie" not in page.headers or "user_id" not in page.headers["Set-Cookie"]
    assert requests.get(f"{url}/w/main/inbox", timeout=60).url.startswith(f"{url}/sign-in")


def test_its_web_server_wants_a_loopback_socket_and_the_key_of_its_own_database(
    settings: Settings, cast: Cast
) -> None:
    """Whoever starts it by hand has to make up the key that it is handed."""
    with socket.create_server((ANY, 0)) as listener, pytest.raises(ConfigurationError):
        checked(listener)
    with tempfile.TemporaryFile() as file:
        made_up = Admission(cast.alice.workspace_id, "main", cast.alice.id, "osk_made_up")
        hand_over(made_up, file.fileno())
        assert [read_admission(file.fileno()) for _ in range(2)] == [made_up, made_up]
    with pytest.raises(ConfigurationError, match="another database"):
        open_app(made_up, settings)
