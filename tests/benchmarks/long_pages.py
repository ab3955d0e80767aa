"""How long it takes to look at pages that were made to be slow: first, and again.

    .venv/bin/python -m tests.benchmarks.long_pages

Exits with 1 when a page takes more than LIMIT_MS of processor time or has more than LIMIT_BYTES.
"""

import sys
import tempfile
import time
from collections.abc import Iterator

from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.factory import create_app
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import (
    Activity,
    ActivitySource,
    ActivityType,
    AgentSession,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.settings import Settings
from opensink_web.web.rendering.markdown import PAGE_LENGTH
from tests.conftest import TEST_SETTINGS, Person, make_cast
from tests.support.scenarios import ENDPOINT, POLICY
from tests.web.conftest import browser_of

LIMIT_MS = 1500
LIMIT_BYTES = 8_000_000
_IMAGES = "![" * 50_000
_LIST = "- a\n" * 25_000
_TABLE = "|a|b|\n|-|-|\n|*a*|b|\n\n" * 4_700
_HIDDEN = "a\u200b" * 50_000
_LOOKALIKES = "p\u0430y " * 25_000


def main() -> None:
    """Draw each page twice and print what it took."""
    is_over = False
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings.from_env({**TEST_SETTINGS, "DATA_DIR": folder}))
        with app.app_context():
            db.create_all()
            cast = make_cast()
            pages = dict(_pages(cast.alice))
        client = browser_of(app, cast.alice)
        for name, path in pages.items():
            first, size = _look(client, path)
            again, _ = _look(client, path)
            is_over = is_over or first > LIMIT_MS or size > LIMIT_BYTES
            print(f"{name:42} {first:6.0f} ms, again {again:6.0f} ms, {size / 1000:8.0f} kB")
    sys.exit(is_over)


def _look(client: FlaskClient, path: str) -> tuple[float, int]:
    begun = time.process_time()
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status)
    return (time.process_time() - begun) * 1000, len(answer.data)


def _pages(person: Person) -> Iterator[tuple[str, str]]:
    """Yield what is long on a page, and where the page is."""
    for name, message, schema, state in _questions():
        with writing():
            workspace = db.session.get_one(Workspace, person.workspace_id)
            agent = create_agent(workspace, POLICY, name="A", execution_endpoint=ENDPOINT)
            session = start_session(workspace, agent.id, state=state)
            asked = ask(
                workspace,
                session.id,
                agent.id,
                key="k",
                title="T",
                message=message,
                schema=schema,
                requested_by_id=person.id,
            )
            yield name, f"/w/main/requests/{asked.id}"
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        agent = create_agent(workspace, POLICY, name="A", execution_endpoint=ENDPOINT)
        session = start_session(workspace, agent.id)
        _log(session, 1_000)
        asked = ask(
            workspace,
            session.id,
            agent.id,
            key="k",
            title="T",
            message="",
            schema={},
            requested_by_id=person.id,
        )
        yield "1,000 long activities, their session", f"/w/main/sessions/{session.id}"
        yield "1,000 long activities, a request", f"/w/main/requests/{asked.id}"


def _questions() -> Iterator[tuple[str, str, JSONValue, JSONObject]]:
    nothing: JSONValue = {"type": "object"}
    yield "a short message", "Hello", nothing, {}
    yield "images never closed", _IMAGES, nothing, {}
    yield "images never closed, as many as are formatted", _IMAGES[:PAGE_LENGTH], nothing, {}
    yield "a list of 25,000", _LIST, nothing, {}
    yield "tables", _TABLE, nothing, {}
    yield "hidden characters", _HIDDEN, nothing, {}
    yield "lookalikes", _LOOKALIKES, nothing, {}
    for name, text in (("images", _IMAGES), ("lists", _LIST)):
        fields: JSONObject = {
            f"f{n}": {"type": "string", "description": text[: 250_000 // 700]} for n in range(700)
        }
        yield f"700 descriptions, {name}", text, {"properties": fields}, {}
    options: list[JSONValue] = [{"const": n, "title": f"Option {n} *a*"} for n in range(1000)]
    yield "1,000 options", "", {"properties": {"a": {"oneOf": options}}}, {}
    proposal: JSONObject = {str(n): f"value {n}\u200b" for n in range(6_000)}
    yield "a proposal with 6,000 keys", "", {"properties": {"a": {"default": proposal}}}, {}
    constant: JSONValue = {"properties": {"a": {"const": proposal}}}
    yield "a constant with 6,000 keys", "", constant, {}
    state: JSONObject = {f"key {n}": ["x" * 80, n] for n in range(50_000)}
    yield "a state of 5 MB", "", nothing, state
    other: JSONObject = {f"p\u0430y{n}": "\u202e" for n in range(50_000)}
    yield "a state of lookalikes", "", nothing, other


def _log(session: AgentSession, count: int) -> None:
    payload: JSONObject = {f"key {n}": "y" * 50 for n in range(1_000)}
    for _ in range(count):
        activity = Activity(
            workspace_id=session.workspace_id,
            session_id=session.id,
            agent_id=session.agent_id,
            type=ActivityType.MESSAGE,
            source=ActivitySource.AGENT,
            message="word " * 10_000,
            payload=payload,
            created_at=clock.now(),
        )
        db.session.add(activity)


if __name__ == "__main__":
    main()
