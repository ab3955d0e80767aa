"""The JavaScript client in Node: against a running server, and against one that is not well."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from opensink_client import Client, InputRequest, NotVerified, verify_call
from opensink_web import clock
from opensink_web.outbound.signing import new_secret
from tests.clients.javascript.conftest import PROJECT, Run
from tests.clients.operations import Refusing, compare
from tests.clients.python.test_signature import EXECUTION, OTHER, SECRET, call_at
from tests.conftest import Cast
from tests.support.documents import ROOT, blocks
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server


def test_asks_waits_and_lists(run: Run, base_url: str, cast: Cast) -> None:
    done, agent_id = run("asking.mjs", base_url).split()
    with Client(base_url, cast.alice.api_key) as client:
        same = client.session_for("Übung").agent_id
    assert (done, agent_id) == ("done", same)  # by one name it is one agent in both languages


def test_the_samples_of_its_documents_work(
    run: Run, base_url: str, cast: Cast, tmp_path: Path
) -> None:
    """Those that ask are answered; what verifies calls is called as an endpoint is."""
    pages = (ROOT / "docs" / "javascript.md", PROJECT / "README.md")
    samples = [each.text for page in pages for each in blocks(page) if each.language == "js"]
    asking = [each for each in samples if "waitForAnswer" in each]
    (verifying,) = [each for each in samples if "verifyCall" in each]
    others = [each for each in samples if each not in asking and each != verifying]
    assert (len(asking), len(others)) == (2, 1)
    with Client(base_url, cast.bob.api_key) as bob:
        for sample in asking:
            answering = threading.Thread(target=answer_next, args=(bob,))
            answering.start()
            assert "true" in run("sample.mjs", base_url, source=sample) or "Deploying." in sample
            answering.join()
    preamble = 'import { Client } from "opensink-client";\nconst opensink = new Client();\n'
    run("sample.mjs", base_url, source=preamble + others[0])
    request = 'new Request("http://x/", { method: "POST", body: "{}" })'
    secret = "process.env.SIGNING_SECRET = 'whsec_YQ==';\n"
    source = f"{verifying}\n{secret}console.log((await POST({request})).status);\n"
    assert run("sample.mjs", base_url, source=source) == "401\n"


def answer_next(client: Client) -> None:
    """Answer what is asked next."""

    def waits() -> list[InputRequest]:
        return [*client.list_input_requests(status="pending")]

    client.resolve(wait_until(waits)[0].id, {"approved": True})


def test_tries_again_and_gives_up(run: Run) -> None:
    assert run("attempts.mjs") == "done\n"


def test_every_operation_has_a_method_and_every_call_is_an_operation(run: Run, app: Flask) -> None:
    with Refusing() as server:
        assert json.loads(run("operations.mjs", server.origin)) == []
    assert compare(app, server.calls) == (set(), set())


def test_an_empty_secret_verifies_nothing(run: Run) -> None:
    headers, body = call_at(clock.now())
    signing: list[str | list[str]] = ["whsec_", [SECRET, "whsec_"], "whsec_ ", "", "whsec_é"]
    options = [{"signingSecret": each} for each in signing]
    given = [{"headers": headers, "body": body.decode(), "options": each} for each in options]
    said = json.loads(run("verifying.mjs", given=json.dumps(given)))
    empty = "TypeError: A signing secret is empty."
    none = "TypeError: Give a signing secret, an execution secret, or both."
    other = "TypeError: A signing secret of OpenSink's begins with whsec_."
    assert said == [empty, empty, empty, none, other]


def test_verifies_calls_as_the_python_client_does(run: Run) -> None:
    headers, body = call_at(clock.now(), "POST", OTHER, SECRET)
    both = {"signingSecret": SECRET, "executionSecret": EXECUTION}
    lower = {name.lower(): value for name, value in headers.items()}
    cases: list[tuple[Any, str, dict[str, Any]]] = [
        (headers, body.decode(), both),
        (lower, body.decode(), {"signingSecret": [new_secret(), OTHER]}),
        (headers, body.decode(), {"executionSecret": ["old", EXECUTION]}),
        (headers, body.decode() + " ", both),
        (headers, body.decode(), {"signingSecret": new_secret()}),
        (headers, body.decode(), {"executionSecret": "another"}),
        ({**headers, "webhook-timestamp": "1700000000"}, body.decode(), both),
        ({**headers, "webhook-timestamp": "9" * 11}, body.decode(), both),
        ({**headers, "webhook-timestamp": "x"}, body.decode(), both),
        ({}, body.decode(), {"signingSecret": SECRET}),
        (headers, "{", {"executionSecret": EXECUTION}),
    ]
    given = [dict(zip(("headers", "body", "options"), case, strict=True)) for case in cases]
    said = json.loads(run("verifying.mjs", given=json.dumps(given)))

    def ours(sent: dict[str, str], text: str, options: dict[str, Any]) -> Any:
        try:
            call = verify_call(
                sent,
                text.encode(),
                signing_secret=options.get("signingSecret"),
                execution_secret=options.get("executionSecret"),
            )
        except NotVerified as error:
            return f"NotVerified: {error}"
        moment = call.sent_at and call.sent_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {"id": call.id, "sentAt": moment, "body": call.body}

    expected = [ours(*case) for case in cases]
    assert [type(each) for each in said] == [dict] * 3 + [str] * 8
    for one, other in zip(said, expected, strict=True):
        # how many seconds ago it was may differ by one
        assert one == other or "seconds ago" in one
