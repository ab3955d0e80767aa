"""Fifty documents are ingested for a signed-in user, over TLS; one needs a person on the way."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import PASSWORD
from tests.runtime.ingesting_application import IngestingApplication
from tests.support.authority import Authority
from tests.support.opensink_up import Opensink

pytestmark = pytest.mark.server

ALICE = "alice@example.com"
FUNCTION = "/functions/myapp/ingest_document/execute"


@pytest.fixture
def opensink(tmp_path: Path, migrated_sqlite: Path, authority: Authority) -> Iterator[Opensink]:
    """A whole server that trusts the private authority and may call back to this machine."""
    runner = Opensink(tmp_path / "var")
    runner.begin_with(migrated_sqlite)
    made = runner.run(
        "user", "create", ALICE, "--role", "admin", "--password-stdin", text=PASSWORD + "\n"
    )
    assert made.returncode == 0, made.stderr
    runner.up(
        variables={
            "CALLBACK_URL_HOSTS": "127.0.0.1",
            "CALLBACK_ALLOW_CIDRS": "127.0.0.0/8",
            "OUTBOUND_CA_BUNDLE": str(authority.bundle),
        }
    )
    yield runner
    runner.end()


class Backend:
    """The application's backend, which holds the bearer of its signed-in user."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = requests.Session()
        tokens = self.call("POST", "/auth/login", email=ALICE, password=PASSWORD)
        self.token: str = tokens["access_token"]
        self._http.headers["Authorization"] = f"Bearer {self.token}"

    def call(self, method: str, path: str, **body: Any) -> Any:
        answer = self._http.request(method, self.url + path, json=body or None, timeout=60)
        assert answer.ok, answer.text
        return answer.json()


def test_fifty_documents(opensink: Opensink, authority: Authority) -> None:
    url = f"http://127.0.0.1:{opensink.port}"
    application = IngestingApplication(url, authority.bundle, authority.server_context())
    with application:
        backend = Backend(url)
        backend.call("POST", "/api/v1/functions", **ingest_document(application.url))
        taken = backend.call(
            "POST",
            f"{FUNCTION}/batch",
            inputs=[{"document": number} for number in range(50)],
            trigger_id_prefix="run-7",
            callback_url=f"{application.url}/hooks/execution",
            batch_callback_url=f"{application.url}/hooks/batch",
        )
        batch = f"/batches/{taken['batch_id']}"
        opensink.wait_until(lambda: stands(backend, batch) == (48, 1, 1))
        assert backend.call("GET", batch)["status"] == "running"
        answer_in_the_inbox(backend, taken["execution_ids"][7])
        opensink.wait_until(lambda: backend.call("GET", batch)["finished_at"])
        opensink.wait_until(lambda: len(application.told) == 51)
        summary = backend.call("GET", batch)
        answered = f"/executions/{taken['execution_ids'][7]}"
        # the receiver is told before it is written down that it was
        opensink.wait_until(lambda: backend.call("GET", answered)["callback_status"] == "sent")
        one = backend.call("GET", answered)
        assert_told(application, taken, summary)
        assert_terminal_agrees(opensink, backend, taken)
    assert (summary["status"], summary["completed"], summary["failed"]) == ("partial", 49, 1)
    assert one["output_data"] == {"document": 7, "said": {"language": "de"}}
    assert Counter(application.processed) == Counter(
        (n, ALICE) for n in (*range(13), *range(14, 50), 100, 101)
    )
    assert application.refused == []


def ingest_document(url: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "properties": {"document": {"type": "integer"}},
        "required": ["document"],
    }
    target = {"kind": "http", "url": f"{url}/functions/ingest", "method": "POST"}
    return {
        "namespace": "myapp",
        "name": "ingest_document",
        "input_schema": schema,
        "target": target,
    }


def stands(backend: Backend, batch: str) -> tuple[int, int, int]:
    found = backend.call("GET", batch)
    return found["completed"], found["failed"], found["awaiting_input"]


def answer_in_the_inbox(backend: Backend, execution_id: str) -> None:
    requests_ = "/api/v1/agent-session-input-requests"
    (asked,) = backend.call("GET", f"{requests_}?status=pending")["items"]
    assert asked["execution_id"] == execution_id
    backend.call("POST", f"{requests_}/{asked['id']}/resolve", response={"language": "de"})


def assert_told(
    application: IngestingApplication, taken: dict[str, Any], summary: dict[str, Any]
) -> None:
    """Each execution and the batch called back once, as the user who submitted them."""
    assert {email for email, _ in application.told} == {ALICE}
    bodies = [body for _, body in application.told]
    (of_batch,) = [body for body in bodies if "total" in body]
    of_executions = [body for body in bodies if "total" not in body]
    left_out = {"running", "queued", "user_id"}
    assert of_batch == {name: value for name, value in summary.items() if name not in left_out}
    assert sorted(body["execution_id"] for body in of_executions) == sorted(taken["execution_ids"])
    failures = [body for body in of_executions if body["status"] == "failure"]
    assert [body["trigger_id"] for body in failures] == ["run-7:13"]
    assert "this is no document" in failures[0]["error"]


def assert_terminal_agrees(opensink: Opensink, backend: Backend, taken: dict[str, Any]) -> None:
    """The commands say the same."""
    variables = {"OPENSINK_URL": backend.url, "OPENSINK_API_KEY": backend.token}
    status = opensink.run("batch", "status", taken["batch_id"], variables=variables)
    assert status.returncode == 1
    assert "myapp/ingest_document partial: 49 completed, 1 failed" in status.stdout
    assert "run-7:13" in status.stdout
    shown = opensink.run("execution", "show", taken["execution_ids"][7], variables=variables)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "paused" in shown.stdout
    submit = ("batch", "submit", "myapp/ingest_document", "-", "--wait")
    more = '{"document": 100}\n\n{"document": 101}\n'
    submitted = opensink.run(*submit, text=more, variables=variables)
    assert (submitted.returncode, submitted.stderr) == (0, "")
    assert "myapp/ingest_document completed: 2 completed" in submitted.stdout
    refused = opensink.run(*submit, text='{"document": "x"}\n', variables=variables)
    assert refused.returncode == 1
    assert "/inputs/0/document" in refused.stderr
