"""Whoever gets hold of the files and logs of a server learns none of its secrets.

Nor anything of what people and agents tell each other. Real parts are given a secret of every
kind, some echoed by an endpoint or sent in broken requests; then every byte of the database, of
Redis' log and of what the parts have said is searched.
"""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from opensink_web.cli.database import upgrade_tables
from opensink_web.factory import create_app
from opensink_web.models import Role, SecondFactor, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.invitation import invite
from opensink_web.operations.accounts.user import create_user
from opensink_web.operations.accounts.workspace import first_workspace, rotate_execution_secret
from opensink_web.settings import Settings
from tests.support.http_server import HttpServer, Received, Reply
from tests.support.opensink_up import ROOT, Opensink

pytestmark = pytest.mark.server

EMAIL = "alice@example.com"
KEYS = {"encryption_keys", "secret_key"}
"""The files that are secret themselves."""


def made_up(name: str) -> str:
    """Return a secret whose characters are written differently in JSON, addresses and HTML."""
    return f'c4nary {name} "/+&=<é'


SCHEMA = {
    "type": "object",
    "properties": {"pin": {"type": "string", "writeOnly": True}},
    "required": ["pin"],
}


OUTPUT, REPLY = made_up("output"), made_up("reply")
ANSWERS = {"/output": {"result": OUTPUT}, "/reply": {"message": REPLY}}


class Echo(HttpServer):
    """Sends everything it got back, in the body, in headers and in the reason.

    At two addresses it answers as a function and as an agent do.
    """

    def respond(self, received: Received) -> Reply:
        if received.path in ANSWERS:
            body = json.dumps(ANSWERS[received.path]).encode()
            return Reply(body=body, headers={"Content-Type": "application/json"})
        secret = received.headers["x-opensink-secret"]
        echo = {
            "headers": received.headers,
            "body": received.raw.decode(),
            "path": received.path,
        }
        return Reply(
            401,
            json.dumps(echo).encode() + quote(secret).encode(),
            {"X-Echo": secret, "X-Credential-Echo": received.headers["authorization"]},
            reason=f"not {secret}",
        )


@pytest.fixture
def echo_url() -> Iterator[str]:
    with Echo() as server:
        yield server.origin


@dataclass
class Site:
    """A server with everything it says in a file, and the secrets it was given."""

    opensink: Opensink
    log: Path
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.url = f"http://127.0.0.1:{self.opensink.port}"
        self.browser = requests.Session()

    def prepare(self) -> None:
        """Make the tables, and what the command line or another person would make."""
        self.secrets["password"] = made_up("password")
        self.secrets["totp"] = "C4NARYTOTPSECRETC4NARYTOTPSECRET"
        settings = Settings.from_env({"DATA_DIR": str(self.opensink.data_dir)})
        settings.data_dir.mkdir(parents=True)
        with create_app(settings).app_context():
            upgrade_tables(settings)
            with writing():
                workspace = first_workspace()
                self.secrets["old execution secret"] = workspace.execution_secret
                rotate_execution_secret(workspace)
                self.secrets["execution secret"] = workspace.execution_secret
                self.secrets["signing root"] = workspace.signing_root
                password_hash = new_password_hash(self.secrets["password"], email=EMAIL)
                alice = create_user(workspace, EMAIL, password_hash, role=Role.ADMIN)
                self._give(workspace, alice)
            db.engine.dispose()

    def _give(self, workspace: Workspace, alice: User) -> None:
        _, self.secrets["API key"] = create_key(workspace, alice, name="k", scopes=("all:all",))
        self.secrets["invitation"] = invite(workspace, role=Role.VIEWER, email=None, by=alice)
        bob = create_user(workspace, "bob@example.com", None, role=Role.VIEWER)
        db.session.add(SecondFactor(user_id=bob.id, secret=self.secrets["totp"]))

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(ROOT / "app.py"), "--port", str(self.opensink.port)]
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                [*command, "--workers", "1"],
                env=self.opensink.environment(
                    CALLBACK_URL_HOSTS="*", CALLBACK_ALLOW_CIDRS="127.0.0.0/8"
                ),
                stdout=log,
                stderr=log,
            )
        self.opensink.wait_until(self.opensink.is_ready)
        return process

    def api(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return self.at(method, f"api/v1/{path}", body, **headers)

    def at(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        headers |= {"Authorization": f"Bearer {self.secrets['API key']}"}
        url = f"{self.url}/{path}"
        answer = requests.request(method, url, json=body, headers=headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def sign_in(self, password: str) -> None:
        page = self.browser.get(f"{self.url}/sign-in", timeout=60).text
        token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
        assert token, page
        form = {"email": EMAIL, "password": password, "csrf_token": token[1]}
        self.browser.post(
            f"{self.url}/sign-in", data=form, allow_redirects=False, timeout=100
        ).close()

    def use_links(self) -> None:
        """Sign in, wrongly and rightly; open the links that hold secrets; show an API key."""
        self.secrets["wrong password"] = made_up("wrong password")
        self.sign_in(self.secrets["wrong password"])
        self.sign_in(self.secrets["password"])
        self.secrets["cookie"] = self.browser.cookies["opensink_session"]
        assert self.browser.get(f"{self.url}/w/main/inbox", timeout=60).ok
        self.browser.get(f"{self.url}/sign-up/{self.secrets['invitation']}", timeout=60)
        self.secrets["query"] = made_up("query")
        self.browser.get(f"{self.url}/nowhere", params={"token": self.secrets["query"]}, timeout=60)
        made = self.api(
            *("POST", "api-keys", {"name": "n", "scopes": ["agents:read"]}),
            **{"Idempotency-Key": "once"},
        )
        self.secrets["made API key"] = made["key"]

    def answer_a_question(self, echo_url: str) -> None:
        """Have an endpoint called that sends back every secret it is told."""
        for name in ("header", "body", "address", "answer"):
            self.secrets[name] = made_up(name)
        endpoint = {
            "url": f"{echo_url}/execute?token={quote(self.secrets['address'])}",
            "headers": {"Authorization": self.secrets["header"], "X-Mine": self.secrets["header"]},
            "body": {"password": self.secrets["body"], "task": self.secrets["body"]},
        }
        agent = self.api(
            *("POST", "agents", {"name": "Trader", "execution_endpoint": endpoint}),
            **{"Idempotency-Key": "agent"},
        )
        ids = {"agent_id": agent["id"]}
        ids["session_id"] = self.api("POST", "agent-sessions", ids)["id"]
        question = {"key": "k", "title": "Pin?", "message": "", "schema": SCHEMA}
        asked = self.api("POST", "agent-session-input-requests", ids | question)
        path = f"agent-session-input-requests/{asked['id']}/resolve"
        self.api("POST", path, {"response": {"pin": self.secrets["answer"]}})
        previewed = {"schema": SCHEMA, "values": {"pin": self.secret("previewed")}}
        self.api("POST", "agent-session-input-requests/preview", previewed)
        failed = f"deliveries?agent_id={agent['id']}&status=failed"
        self.opensink.wait_until(lambda: self.api("GET", failed)["items"])

    def secret(self, name: str) -> str:
        """Make a secret up, and search for it in the end."""
        self.secrets[name] = made_up(name)
        return self.secrets[name]

    def callback(self, name: str) -> str:
        """Return where nobody listens, with a secret in the address."""
        return f"https://127.0.0.1:9/?job={quote(self.secret(name))}"

    def work_in_a_session(self) -> None:
        """Have an agent say, remember and propose things."""
        agent = self.api("POST", "agents", {"name": "Clerk"})
        configured = {"schema": {"title": self.secret("configuration's schema")}}
        configured |= {"value": {"v": self.secret("configuration's value")}}
        self.api("POST", "agent-configurations", {"agent_id": agent["id"], **configured})
        begun = {"state": {"s": self.secret("state")}, "metadata": {"m": self.secret("metadata")}}
        session = self.api("POST", "agent-sessions", {"agent_id": agent["id"], **begun})
        ids = {"agent_id": agent["id"], "session_id": session["id"]}
        said: dict[str, Any] = {"type": "message", "source": "agent"}
        said |= {"message": self.secret("activity")}
        said |= {"payload": [self.secret("payload")]}
        said |= {"links": [{"href": "https://example.com/", "text": self.secret("link")}]}
        self.api("POST", "agent-session-activities", {**ids, **said})
        proposal = {"properties": {"a": {"type": "string", "default": self.secret("proposal")}}}
        question = {"key": "k", "title": "Title", "message": self.secret("message")}
        asked = self.api(
            "POST",
            "agent-session-input-requests",
            {**ids, **question, "schema": {"type": "object", **proposal}, **self.terms()},
        )
        comments = f"agent-session-input-requests/{asked['id']}/comments"
        self.api("POST", comments, {"message": self.secret("comment")})
        failed = {"status": "failed", "error_message": self.secret("session error")}
        self.api("PATCH", f"agent-sessions/{session['id']}", failed)

    def terms(self) -> dict[str, Any]:
        """Say what a request may say besides that is confidential."""
        link = {"text": self.secret("context"), "href": "https://example.com/"}
        address = f"https://example.com/?{quote(self.secret('context address'))}"
        return {
            "context": [link, {"text": "x", "href": address}],
            "expires_at": "2090-01-01T00:00:00Z",
            "on_expire": "default",
            "default_response": {"a": self.secret("default response")},
        }

    def execute(self, echo_url: str) -> None:
        """Have functions and an agent executed: well, badly, approved, declined, as a batch."""
        self.secrets |= {"output": OUTPUT, "reply": REPLY}
        for name, path in (("good", "/output"), ("bad", "/execute")):
            target = {"kind": "http", "url": echo_url + path}
            body = {"namespace": "f", "name": name, "target": target}
            self.api("POST", "functions", {**body, "requires_approval": name == "bad"})
        one = {"input": {"i": self.secret("input")}, "callback_url": self.callback("callback")}
        ended = [self.at("POST", "functions/f/good/execute/async", one)["execution_id"]]
        for name in ("edited", "declined"):
            asked = {"input": {"i": self.secret(f"proposed {name}")}}
            execution_id = self.at("POST", "functions/f/bad/execute/async", asked)["execution_id"]
            ended.append(execution_id)
            requests_of_it = f"agent-session-input-requests?execution_id={execution_id}"
            (request,) = self.api("GET", requests_of_it)["items"]
            path = f"agent-session-input-requests/{request['id']}"
            if name == "edited":
                response = {"response": {"i": self.secret("edited")}}
                self.api("POST", f"{path}/resolve", response)
            else:
                self.api("POST", f"{path}/decline", {"reason": self.secret("reason")})
        agent: dict[str, Any] = {"name": "Chatter", "namespace": "a", "slug": "b"}
        agent |= {"execution_endpoint": {"url": f"{echo_url}/reply"}}
        greeting = [{"role": "system", "content": "Speak of {{ v }}."}]
        self.api("POST", "agents", {**agent, "initial_messages": greeting})
        said = {"input_variables": {"v": self.secret("variable")}, "message": self.secret("said")}
        chats = {"inputs": [said], "batch_callback_url": self.callback("batch callback")}
        batch = self.at("POST", "agents/a/b/chats/batch", chats)
        ended += batch["execution_ids"]
        self.opensink.wait_until(lambda: all(map(self.has_ended, ended)))

    def run_a_job(self, echo_url: str) -> None:
        """Have a background job sent, whose answer repeats what it was sent."""
        job: dict[str, Any] = {"name": "Poll", "interval_minutes": 60, "enabled": False}
        job |= {"url": f"{echo_url}/execute?token={quote(self.secret('job address'))}"}
        job |= {"headers": {"X-Mine": self.secret("job header")}}
        job |= {"body": {"task": self.secret("job body")}}
        address = f"background-jobs/{self.api('POST', 'background-jobs', job)['id']}"
        run = self.api("POST", f"{address}/run", {})
        ended = f"{address}/runs/{run['id']}"
        self.opensink.wait_until(lambda: self.api("GET", ended)["finished_at"])

    def put_into_a_sink(self) -> None:
        """Have items in a sink, one of them changed, and its secret used."""
        sink = self.api("POST", "sinks", {"name": "News"})
        self.secrets["sink secret"] = sink["secret"]
        said: dict[str, Any] = {
            "title": self.secret("item title"),
            "body": self.secret("item body"),
        }
        said |= {"url": f"https://example.com/{quote(self.secret('item address'))}"}
        said |= {"fields": {self.secret("field name"): [self.secret("field value"), 1]}}
        link = {"type": "link", "label": self.secret("resource label")}
        said |= {
            "resources": [link | {"url": said["url"] + quote(self.secret("resource address"))}]
        }
        secret = {"X-OpenSink-Secret": sink["secret"]}
        address = f"{self.url}/api/v1/sinks/{sink['id']}/items"
        item = requests.post(address, json=said, headers=secret, timeout=60).json()
        changed = {"body": self.secret("changed item body")}
        self.api("PATCH", f"sink-items/{item['id']}", changed)
        self.api("POST", f"sinks/{sink['id']}/rotate-secret")
        value = quote(self.secret("value looked for"))
        self.api("GET", f"sink-items?field=x&value={value}&q={value}")

    def has_ended(self, execution_id: str) -> bool:
        return bool(self.at("GET", f"executions/{execution_id}")["completed_at"])

    def send_what_is_broken(self) -> None:
        """Send secrets in requests that are refused, in each way that comes to mind."""
        self.secrets["refused"] = made_up("refused")
        bearer = {"Authorization": f"Bearer {self.secrets['refused']}".encode()}
        requests.get(f"{self.url}/api/v1/agents", headers=bearer, timeout=60)
        headers = {
            "Authorization": f"Bearer {self.secrets['API key']}",
            "Content-Type": "application/json",
        }
        for broken in (
            '{"name": "' + self.secrets["refused"],
            json.dumps({"name": "x", "execution_endpoint": {"url": self.secrets["refused"]}}),
            json.dumps({"name": "x", "slug": self.secrets["refused"] + "\ud800"}),
        ):
            answer = requests.post(
                f"{self.url}/api/v1/agents", data=broken.encode(), headers=headers, timeout=100
            )
            assert answer.status_code == 400


def written_ways(secret: str) -> Iterator[bytes]:
    """Return how a secret may stand in a file: as it is or escaped, and each of it in Base64."""
    for plain in {
        secret.encode(),
        secret.encode("latin-1"),
        quote(secret).encode(),
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
    }:
        yield plain
        for offset in range(3):
            encoded = b64encode(b"\0" * offset + plain)
            # the first and the last characters depend on what stands around the secret
            yield encoded[4 if offset else 0 : len(encoded) - 4]


def test_no_file_and_no_log_holds_a_secret(tmp_path: Path, echo_url: str) -> None:
    site = Site(Opensink(tmp_path / "var"), tmp_path / "log")
    site.prepare()
    process = site.start()
    try:
        site.use_links()
        site.send_what_is_broken()
        site.answer_a_question(echo_url)
        site.work_in_a_session()
        site.execute(echo_url)
        site.run_a_job(echo_url)
        site.put_into_a_sink()
        files = [each for each in site.opensink.data_dir.rglob("*") if each.is_file()]
        found = {each.name: each.read_bytes() for each in files if each.name not in KEYS}
    finally:
        process.terminate()
        process.wait(100)
    found["log"] = site.log.read_bytes()
    assert {"opensink.sqlite3", "opensink.sqlite3-wal"} <= found.keys()
    assert any(b"Trader" in content for content in found.values())
    leaks = {
        (name, kind)
        for name, content in found.items()
        for kind, secret in site.secrets.items()
        for way in written_ways(secret)
        if way in content
    }
    assert leaks == set()
