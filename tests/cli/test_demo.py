"""The demo for real: the button under `opensink up`, and `opensink demo` in a terminal."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
from typing import Any
from uuid import uuid4

import pytest
import requests

from opensink_web.demo.trading_agent import TRADES
from tests.support.http_server import Received
from tests.support.opensink_up import Opensink
from tests.support.real_servers import AgentEndpoint

pytestmark = pytest.mark.server

PASSWORD = "a long password"
SIGN_IN = {"email": "alice@example.com", "password": PASSWORD}
QUANTITIES = {"NVDA": 30, "TLT": 35}
RESPONSE = {
    trade["symbol"]: {
        **{name: trade[name] for name in ("symbol", "side", "limit_price", "reason")},
        "quantity": QUANTITIES[trade["symbol"]],
        "approved": trade["symbol"] == "NVDA",
    }
    for trade in TRADES
}
EXECUTED = ["Executed: sell 30 NVDA at $181.52.", "1 of 2 trades were approved and executed."]


class Alice:
    """An admin of the running server, in a browser and over the API."""

    def __init__(self, opensink: Opensink) -> None:
        self.opensink = opensink
        self.url = f"http://127.0.0.1:{opensink.port}"
        create = ("user", "create", SIGN_IN["email"], "--role", "admin", "--password-stdin")
        opensink.run(*create, text=f"{PASSWORD}\n")  # unless another test has made her
        self._browser = requests.Session()
        key = opensink.run(
            *("api-key", "create", "--user", SIGN_IN["email"]),
            *("--name", "tests", "--scope", "all:all"),
        )
        self._headers = {"Authorization": f"Bearer {key.stdout.strip()}"}

    def sign_in(self) -> None:
        assert self.send("/sign-in", SIGN_IN).status_code == 303

    def send(self, path: str, fields: dict[str, str]) -> requests.Response:
        """Send a form, with the token that a page carries."""
        page = self._browser.get(
            f"{self.url}/sign-in" if path == "/sign-in" else f"{self.url}/", timeout=100
        )
        token = re.search(r'name="csrf[-_]token"[^>]*?(?:content|value)="([^"]+)"', page.text)
        assert token, page.text
        return self._browser.post(
            self.url + path,
            data={**fields, "csrf_token": token[1]},
            allow_redirects=False,
            timeout=60,
        )

    def press(self) -> dict[str, Any]:
        """Press the demo's button; return the request it leads to."""
        answer = self.send("/w/main/demo/start", {})
        assert answer.status_code == 303
        found = re.fullmatch(r"/w/main/requests/([0-9a-f-]{36})", answer.headers["Location"])
        assert found, self._browser.get(self.url + answer.headers["Location"], timeout=60).text
        return self.request(found[1])

    def request(self, request_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api("GET", f"agent-session-input-requests/{request_id}")
        return found

    def api(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.url}/api/v1/{path}"
        answer = requests.request(method, url, json=body, headers=self._headers, timeout=60)
        assert answer.ok, answer.text
        return answer.json()

    def answer(self, request: dict[str, Any]) -> None:
        path = f"agent-session-input-requests/{request['id']}/resolve"
        self.api("POST", path, {"response": RESPONSE})

    def delivery(self, request: dict[str, Any]) -> dict[str, Any]:
        path = f"deliveries?session_id={request['session_id']}"
        (found,) = self.api("GET", path)["items"]
        return dict(found)

    def execute(self, statement: str) -> None:
        """Change the database as no request can."""
        database = sqlite3.connect(self.opensink.data_dir / "opensink.sqlite3", timeout=60)
        with database:
            database.execute(statement)
        database.close()

    def wait_until_completed(self, request: dict[str, Any]) -> None:
        path = f"agent-sessions/{request['session_id']}"
        self.opensink.wait_until(lambda: self.api("GET", path)["status"] == "completed")

    def messages(self, request: dict[str, Any]) -> list[str]:
        path = f"agent-session-activities?session_id={request['session_id']}&type=message"
        return [each["message"] for each in reversed(self.api("GET", path)["items"])]


@pytest.fixture(scope="session")
def alice(shared_opensink: Opensink) -> Alice:
    """The one person on the server that the tests of this package share."""
    alice = Alice(shared_opensink)
    alice.sign_in()
    return alice


def test_the_button_asks_and_the_answer_is_executed(alice: Alice) -> None:
    request = alice.press()
    assert request["status"] == "pending"
    alice.answer(request)
    alice.wait_until_completed(request)
    assert alice.messages(request) == EXECUTED


def test_the_button_again_asks_the_same_program(alice: Alice) -> None:
    first = alice.press()
    settings = (alice.opensink.data_dir / "demo.json").read_bytes()
    second = alice.press()
    assert second["id"] != first["id"]
    assert second["agent_id"] == first["agent_id"]
    assert (alice.opensink.data_dir / "demo.json").read_bytes() == settings


def test_a_delivery_made_again_executes_nothing_twice(alice: Alice) -> None:
    request = alice.press()
    alice.answer(request)
    delivery = alice.delivery(request)
    alice.opensink.wait_until(lambda: alice.delivery(request)["status"] == "succeeded")
    alice.execute("UPDATE deliveries SET status = 'failed'")
    alice.api("POST", f"deliveries/{delivery['id']}/redeliver")
    alice.opensink.wait_until(lambda: alice.delivery(request)["status"] == "succeeded")
    attempts = alice.api("GET", f"deliveries/{delivery['id']}")["attempts"]
    assert [attempt["response_status"] for attempt in attempts] == [200, 200]
    assert alice.messages(request) == EXECUTED


def test_the_button_follows_a_rotated_secret(alice: Alice) -> None:
    alice.press()
    assert alice.send("/w/main/admin/workspace/secret/rotate", {}).status_code == 303
    request = alice.press()
    alice.answer(request)
    alice.wait_until_completed(request)


def demo_in_terminal(alice: Alice) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "opensink_web", "demo", "--port", str(alice.opensink.port)],
        env=alice.opensink.environment(),
        stdout=subprocess.PIPE,
        text=True,
    )


def asked_in(terminal: subprocess.Popen[str], alice: Alice) -> dict[str, Any]:
    """Read the greeting up to its last line; return the request that it names."""
    assert terminal.stdout is not None
    terminal.stdout.readline()
    address = terminal.stdout.readline()
    assert address.startswith(alice.url)
    assert terminal.stdout.readline().startswith("Ctrl-C")
    return alice.request(address.strip().rpartition("/")[2])


def key_count(alice: Alice) -> int:
    database = sqlite3.connect(alice.opensink.data_dir / "opensink.sqlite3")
    query = "SELECT count(*) FROM api_keys WHERE name = 'Trading demo' AND revoked_at IS NULL"
    (count,) = database.execute(query).fetchone()
    database.close()
    return int(count)


def test_the_command_asks_executes_and_ends(alice: Alice) -> None:
    before = key_count(alice)
    with demo_in_terminal(alice) as terminal:
        request = asked_in(terminal, alice)
        assert key_count(alice) == before + 1
        alice.answer(request)
        assert terminal.stdout is not None
        assert terminal.stdout.read().splitlines() == EXECUTED
    assert terminal.returncode == 0
    assert key_count(alice) == before
    session = alice.api("GET", f"agent-sessions/{request['session_id']}")
    assert session["status"] == "completed"


def test_the_command_gives_its_question_up_at_ctrl_c(alice: Alice) -> None:
    before = key_count(alice)
    with demo_in_terminal(alice) as terminal:
        request = asked_in(terminal, alice)
        terminal.send_signal(signal.SIGINT)
        assert terminal.wait(100) == 0
    assert alice.request(request["id"])["status"] == "cancelled"
    assert key_count(alice) == before


def test_ctrl_c_at_every_step_leaves_neither_a_question_nor_a_key(migrated: Opensink) -> None:
    """The server presses Ctrl-C whenever the command has sent it something."""

    def press_ctrl_c(_: Received) -> bytes:
        terminal.send_signal(signal.SIGINT)
        return json.dumps({"id": str(uuid4()), "status": "waiting"}).encode()

    with AgentEndpoint(body_for=press_ctrl_c) as server:
        migrated.port = int(server.url.rpartition(":")[2].partition("/")[0])
        alice = Alice(migrated)
        with demo_in_terminal(alice) as terminal:
            assert terminal.wait(100) == 0
    assert [call.method for call in server.calls] == ["POST", "POST", "PATCH"]
    assert server.calls[-1].body["status"] == "failed"
    assert key_count(alice) == 0


def test_without_a_server_the_command_says_so(migrated: Opensink) -> None:
    Alice(migrated)
    refused = migrated.run("demo", "--port", str(migrated.port))
    assert refused.returncode == 1
    assert "Start it with `opensink up`" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_without_an_admin_the_command_says_so(migrated: Opensink) -> None:
    refused = migrated.run("demo")
    assert refused.returncode == 1
    assert "opensink user create" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_a_policy_without_loopback_is_named(migrated: Opensink) -> None:
    Alice(migrated)
    refused = migrated.run("demo", variables={"EXECUTION_ENDPOINT_HOSTS": "10.0.0.0/8"})
    assert refused.returncode == 2
    assert "EXECUTION_ENDPOINT_HOSTS=127.0.0.0/8" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1


def test_parts_run_alone_that_would_not_call_it_are_named(
    migrated: Opensink, redis_url: str
) -> None:
    Alice(migrated)
    refused = migrated.run("demo", variables={"REDIS_URL": redis_url})
    assert refused.returncode == 2
    assert "EXECUTION_ENDPOINT_HOSTS=127.0.0.0/8" in refused.stderr
