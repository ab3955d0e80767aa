"""The execution API of a whole `opensink up`, as an application meets it that executes."""

import json
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from opensink_client import Client
from tests.conftest import TEST_SETTINGS, Cast
from tests.outbound.conftest import OK, Peer, Server
from tests.runtime.conftest import CALLBACKS_ON_LOOPBACK
from tests.support.authority import Authority
from tests.support.executions import INPUT_SCHEMA
from tests.support.opensink_up import Opensink
from tests.support.real_servers import AgentEndpoint, wait_until

pytestmark = pytest.mark.server


class Receiver(Server):
    """An application's address for callbacks: HTTPS, with a certificate of the private CA."""

    def __init__(self, authority: Authority) -> None:
        super().__init__(self._keep, tls=authority.server_context())

    def _keep(self, peer: Peer) -> None:
        while request := peer.read_request():
            self.requests.append(request)
            peer.send(OK)

    def bodies(self, path: str) -> list[Any]:
        """Return what was sent to one path."""
        wanted = [each for each in self.requests if each.startswith(f"POST {path} ".encode())]
        return [json.loads(each.partition(b"\r\n\r\n")[2]) for each in wanted]


@pytest.fixture(scope="module")
def receiver(authority: Authority) -> Iterator[Receiver]:
    receiver = Receiver(authority)
    yield receiver
    receiver.stop()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory,
    populated_sqlite: tuple[Path, Cast],
    authority: Authority,
) -> Iterator[Opensink]:
    opensink = Opensink(tmp_path_factory.mktemp("up") / "var")
    opensink.data_dir.mkdir(mode=0o700)
    shutil.copy(populated_sqlite[0], opensink.data_dir / "opensink.sqlite3")
    trusted = {"OUTBOUND_CA_BUNDLE": str(authority.bundle)}
    opensink.up("--workers", "1", variables={**TEST_SETTINGS, **CALLBACKS_ON_LOOPBACK, **trusted})
    yield opensink
    opensink.end()


@pytest.fixture(scope="module")
def endpoint() -> Iterator[AgentEndpoint]:
    with AgentEndpoint(body=b'{"done": true}') as endpoint:
        yield endpoint


@pytest.fixture(scope="module")
def client(
    running: Opensink, populated_sqlite: tuple[Path, Cast], endpoint: AgentEndpoint
) -> Iterator[Client]:
    """An application with Alice's key, and the function tests/work."""
    url = f"http://127.0.0.1:{running.port}"
    with Client(url, populated_sqlite[1].alice.api_key) as client:
        target = {"kind": "http", "url": endpoint.url}
        client.create_function("tests", "work", target, input_schema=INPUT_SCHEMA)
        yield client


def test_waits_for_the_output(client: Client) -> None:
    outcome = client.execute("tests", "work", {"n": 1}, timeout_seconds=100)
    assert (outcome.status, outcome.result) == ("success", {"done": True})


def test_tells_of_the_end_over_https_on_behalf_of_the_user(
    client: Client, running: Opensink, receiver: Receiver
) -> None:
    url = receiver.url(path="/one")
    queued = client.execute_async("tests", "work", {"n": 1}, trigger_id="t", callback_url=url)
    wait_until(lambda: client.get_execution(queued.execution_id).callback_status)
    (told,) = receiver.bodies("/one")
    ended = client.get_execution(queued.execution_id)
    assert told == {
        "execution_id": queued.execution_id,
        "trigger_id": "t",
        "function": {"namespace": "tests", "name": "work"},
        "status": "success",
        "started_at": ended.started_at,
        "finished_at": ended.completed_at,
        "duration_ms": ended.duration_ms,
        "result": {"done": True},
        "error": None,
    }
    assert (ended.callback_status, ended.callback_response_code) == ("sent", 200)
    me = requests.get(
        f"http://127.0.0.1:{running.port}/auth/me",
        headers={"Authorization": bearer_of(receiver.requests[-1])},
    )
    assert me.json()["email"] == "alice@example.com"


def bearer_of(request: bytes) -> str:
    lines = request.decode().split("\r\n")
    return next(each[15:] for each in lines if each.lower().startswith("authorization: "))


def test_begins_no_sooner_than_told(client: Client) -> None:
    queued = client.execute_async("tests", "work", {"n": 1}, delay_seconds=1)
    ended = wait_until(lambda: ended_one(client, queued.execution_id))
    began, made = (datetime.fromisoformat(each) for each in (ended.started_at, ended.created_at))
    assert (began - made).total_seconds() >= 1


def ended_one(client: Client, execution_id: str) -> Any:
    execution = client.get_execution(execution_id)
    return execution if execution.completed_at is not None else None


def test_executes_a_batch_and_tells_of_it_once(client: Client, receiver: Receiver) -> None:
    url = receiver.url(path="/batch")
    inputs = [{"n": n} for n in range(100)]
    queued = client.execute_batch("tests", "work", inputs, batch_callback_url=url)
    ended = client.wait_for_batch(queued.batch_id, timeout_seconds=100, pause_seconds=0.1)
    assert (ended.status, ended.completed) == ("completed", 100)
    wait_until(lambda: receiver.bodies("/batch"))
    (told,) = receiver.bodies("/batch")
    assert (told["batch_id"], told["completed"]) == (queued.batch_id, 100)
