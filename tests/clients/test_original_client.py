"""What the original JavaScript client, 0.2.3, and its example agents send and read, as they do it.

Only the base URL is changed. Its calls are written here as plain requests: `{base}/api/v1` with a
Bearer key, JSON named in every request, also in those without a body, and no field that is not
defined. What is held against the responses are the fields that its types name.
"""

from typing import Any

import pytest
import requests

from tests.conftest import Cast

AGENT = {"id", "workspace_id", "name", "description", "config_id", "created_at", "updated_at"}
SESSION = {"id", "agent_id", "workspace_id", "status", "state", "metadata", "error_message"}
REQUEST = {"id", "session_id", "agent_id", "workspace_id", "key", "title", "message", "schema"}
REQUEST |= {"response", "status", "created_at", "resolved_at"}
ACTIVITY = {"id", "session_id", "agent_id", "workspace_id", "type", "source", "related_entity_id"}
ACTIVITY |= {"message", "payload", "links", "created_at", "updated_at"}
CONFIGURATION = {"id", "agent_id", "variant", "version", "variant_version", "schema_version"}
CONFIGURATION |= {"schema", "value", "created_at", "updated_at"}


SINK = {"id", "name", "description", "color", "is_public", "public_slug", "secret", "workspace_id"}
SINK |= {"owner_id", "created_at", "updated_at"}
ITEM = {"id", "sink_id", "workspace_id", "title", "body", "type", "url", "fields", "occurred_at"}
ITEM |= {"created_at", "updated_at"}


class OriginalClient:
    """Sends as that client does."""

    def __init__(self, url: str, api_key: str) -> None:
        self._base_url = f"{url}/api/v1"
        self._http = requests.Session()
        self._http.headers.update(
            {
                "Accept": "application/json, text/plain, */*",
                "Accept-Encoding": "gzip, compress, deflate, br",
                "Authorization": f"Bearer {api_key}",
                "Content-Type": "application/json",
                "User-Agent": "axios/1.13.2",
            }
        )

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        """Return what a response holds; whatever is no 2xx raises, as with axios."""
        url = self._base_url + path
        response = self._http.request(method, url, json=body, params=params, timeout=60)
        response.raise_for_status()
        return response.json() if response.content else None


@pytest.fixture
def client(base_url: str, cast: Cast) -> OriginalClient:
    return OriginalClient(base_url, cast.alice.api_key)


@pytest.fixture
def agent(client: OriginalClient) -> dict[str, Any]:
    """Return an agent as its author has made it in the pages: configured, with a first version."""
    agent: dict[str, Any] = client.call("POST", "/agents", {"name": "Trader"})
    value = {"enabled": True, "newItemsCount": 2}
    client.call("POST", "/agent-configurations", {"agent_id": agent["id"], "value": value})
    return agent


def test_agents_are_made_listed_read_changed_and_deleted(client: OriginalClient) -> None:
    made = client.call("POST", "/agents", {"name": "Scout", "description": "Looks around."})
    assert made.keys() >= AGENT
    assert (made["name"], made["description"]) == ("Scout", "Looks around.")
    other = client.call("POST", "/agents", {"name": "Buyer"})
    page = client.call("GET", "/agents", **{"$limit": 1})
    assert page.keys() == {"items", "trail"}
    rest = client.call("GET", "/agents", **{"$limit": 1, "$trail": page["trail"]})
    ids = [each["id"] for each in page["items"] + rest["items"]]
    assert ids == [other["id"], made["id"]]
    changed = client.call("PATCH", f"/agents/{made['id']}", {"name": "Scout 2"})
    assert client.call("GET", f"/agents/{made['id']}") == changed
    assert client.call("DELETE", f"/agents/{made['id']}") is None
    with pytest.raises(requests.HTTPError, match="404"):
        client.call("GET", f"/agents/{made['id']}")


def test_an_agent_goes_by_its_configuration(client: OriginalClient, agent: dict[str, Any]) -> None:
    configurations = "/agent-configurations"
    active = client.call("GET", f"{configurations}/agent/{agent['id']}")
    assert active.keys() >= CONFIGURATION
    assert (active["value"]["enabled"], active["variant"]) == (True, "default")
    schema = {"type": "object", "properties": {"enabled": {"type": "boolean"}}}
    body = {"agent_id": agent["id"], "variant": "quiet", "schema": schema, "schema_version": 2}
    quiet = client.call("POST", configurations, {**body, "value": {"enabled": False}})
    assert (quiet["variant"], quiet["variant_version"], quiet["schema_version"]) == ("quiet", 1, 2)
    assert (quiet["schema"], quiet["value"]) == (schema, {"enabled": False})
    variants = client.call("GET", f"{configurations}/variants", agent_id=agent["id"])
    assert {each["variant"] for each in variants["items"]} == {"default", "quiet"}
    listed = client.call("GET", configurations, agent_id=agent["id"], variant="quiet")
    assert (listed["items"], listed["trail"]) == ([quiet], None)
    assert client.call("GET", f"{configurations}/{quiet['id']}") == quiet
    assert client.call("GET", f"{configurations}/agent/{agent['id']}") == active


def note(
    client: OriginalClient, session: dict[str, Any], kind: str, message: str | None = None
) -> Any:
    """Log what happens as the examples do, of whose optional fields most are not defined."""
    body = {"session_id": session["id"], "agent_id": session["agent_id"], "type": kind}
    body |= {"source": "agent"} | ({} if message is None else {"message": message})
    return client.call("POST", "/agent-session-activities", body)


def test_a_run_that_asks_nobody(client: OriginalClient, agent: dict[str, Any]) -> None:
    body = {"agent_id": agent["id"], "status": "running", "metadata": {"startedAt": "now"}}
    session = client.call("POST", "/agent-sessions", body)
    assert session.keys() >= SESSION
    assert (session["status"], session["state"]) == ("running", {})
    for kind in ("message", "state_updated", "sink_item_created"):
        assert note(client, session, kind, f"It was {kind}.").keys() >= ACTIVITY
    assert note(client, session, "message")["message"] is None
    path = f"/agent-sessions/{session['id']}"
    client.call("PATCH", path, {"state": {"phase": "scraping", "keywords": ["a"], "maxItems": 200}})
    client.call("PATCH", path, {"status": "completed", "state": {"phase": "completed"}})
    ended = client.call("GET", path)
    assert (ended["status"], ended["state"]) == ("completed", {"phase": "completed"})
    page = client.call("GET", "/agent-session-activities", session_id=session["id"])
    kinds = [each["type"] for each in page["items"]]
    logged = ["message", "sink_item_created", "state_updated", "message"]
    assert kinds == ["session_ended", *logged, "session_started"]
    failed = client.call("POST", "/agent-sessions", {"agent_id": agent["id"], "status": "running"})
    body = {"status": "failed", "error_message": "No news."}
    failed = client.call("PATCH", f"/agent-sessions/{failed['id']}", body)
    assert (failed["status"], failed["error_message"]) == ("failed", "No news.")
    sessions = client.call("GET", "/agent-sessions", agent_id=agent["id"], status="failed")
    assert [each["id"] for each in sessions["items"]] == [failed["id"]]


def trade_schema(symbol: str, quantity: int) -> dict[str, Any]:
    """Return the part of a form for a trade: what is proposed, which cannot be changed."""
    fixed = {"symbol": symbol, "action": "buy", "quantity": quantity}
    properties: dict[str, Any] = {
        name: {
            "type": "number" if name == "quantity" else "string",
            "const": value,
            "default": value,
            "readOnly": True,
        }
        for name, value in fixed.items()
    }
    properties["approved"] = {"type": "boolean", "title": "Approve this trade", "default": False}
    return {
        "type": "object",
        "title": f"BUY {quantity} {symbol}",
        "description": "The quarter was good.",
        "properties": properties,
        "required": ["approved"],
    }


def test_a_run_that_asks_and_goes_on(client: OriginalClient, agent: dict[str, Any]) -> None:
    state = {"phase": "analyzing_news"}
    body = {"agent_id": agent["id"], "status": "running", "state": state, "metadata": {}}
    session = client.call("POST", "/agent-sessions", body)
    trades: list[dict[str, Any]] = [
        {"symbol": "ACME", "quantity": 10},
        {"symbol": "HOOLI", "quantity": 5},
    ]
    path = f"/agent-sessions/{session['id']}"
    client.call("PATCH", path, {"state": {"phase": "awaiting_approval", "proposedTrades": trades}})
    properties = {f"trade_{n}": trade_schema(**trade) for n, trade in enumerate(trades)}
    properties["notes"] = {"type": "string", "title": "Notes", "description": "If you like"}
    request = client.call(
        "POST",
        "/agent-session-input-requests",
        {
            "session_id": session["id"],
            "agent_id": agent["id"],
            "key": "trade_approval",
            "title": "Approve 2 proposed trades",
            "message": "Please look at each.",
            "schema": {
                "type": "object",
                "properties": properties,
                "required": ["trade_0", "trade_1"],
            },
        },
    )
    assert request.keys() >= REQUEST
    assert (request["status"], request["response"]) == ("pending", None)
    assert client.call("GET", path)["status"] == "waiting_for_input"
    filters = {"session_id": session["id"], "agent_id": agent["id"], "status": "pending"}
    waiting = client.call("GET", "/agent-session-input-requests", **filters)
    assert [each["id"] for each in waiting["items"]] == [request["id"]]

    # what a person answers on the page: fixed parts as they stand there
    response = {
        f"trade_{n}": {**trade, "action": "buy", "approved": n == 0}
        for n, trade in enumerate(trades)
    }
    answer = {"response": {**response, "notes": "Only the first."}}
    request_path = f"/agent-session-input-requests/{request['id']}"
    client.call("POST", f"{request_path}/resolve", answer)

    # the agent is called with both ids, and reads them
    went_on = client.call("GET", path)
    assert (went_on["status"], went_on["state"]["proposedTrades"]) == ("processing_input", trades)
    resolved = client.call("GET", request_path)
    assert (resolved["status"], resolved["response"]) == ("resolved", answer["response"])
    assert resolved["resolved_at"] is not None
    done = {**went_on["state"], "phase": "completed", "notes": resolved["response"]["notes"]}
    assert client.call("PATCH", path, {"status": "completed", "state": done})["state"] == done
    with pytest.raises(requests.HTTPError, match="409"):
        client.call("POST", f"{request_path}/resolve", answer)


def test_sinks_and_what_is_put_into_them(client: OriginalClient) -> None:
    sink = client.call("POST", "/sinks", {"name": "News", "color": "green", "is_public": False})
    assert sink.keys() >= SINK
    assert (sink["color"], sink["is_public"]) == ("green", False)
    changed = client.call("PATCH", f"/sinks/{sink['id']}", {"description": "What happens."})
    assert client.call("GET", f"/sinks/{sink['id']}") == changed
    assert [each["id"] for each in client.call("GET", "/sinks")["items"]] == [sink["id"]]

    article = {"sink_id": sink["id"], "title": "Shares rise", "body": "By a little."}
    article |= {"url": "https://news.example.com/1", "fields": {"category": "stocks"}}
    post = {"sink_id": sink["id"], "title": "@ada: Agents forget", "body": "Why: they do."}
    post |= {"url": "https://social.example.com/ada/1", "fields": {"author_followers": 1200}}
    links = ("View Tweet", "ada's Profile")
    post["resources"] = [{"type": "link", "label": each, "url": post["url"]} for each in links]
    made = client.call("POST", "/sink-items/many", {"items": [article, post]})
    assert made.keys() == {"created", "failed", "invalid"}
    assert (len(made["created"]), made["failed"], made["invalid"]) == (2, [], [])
    assert made["created"][0].keys() >= ITEM
    assert [each["title"] for each in made["created"]] == [article["title"], post["title"]]
    assert made["created"][1]["resources"] == post["resources"]
    without_title = {**article, "title": ""}
    refused = client.call("POST", "/sink-items/many", {"items": [article, without_title]})
    assert (refused["created"], refused["failed"]) == ([], [])
    ((invalid),) = refused["invalid"]
    assert invalid["item"] == without_title
    assert all(isinstance(each, str) for each in invalid["errors"])

    one = client.call("POST", "/sink-items", {"sink_id": sink["id"], "title": "BUY 10 ACME"})
    assert one.keys() >= ITEM
    listed = client.call("GET", "/sink-items", sink_id=sink["id"], q="forget", **{"$limit": 5})
    assert ([each["id"] for each in listed["items"]], listed["trail"]) == (
        [made["created"][1]["id"]],
        None,
    )
    path = f"/sink-items/{one['id']}"
    assert client.call("PATCH", path, {"type": "trade"})["type"] == "trade"
    assert client.call("GET", path)["title"] == "BUY 10 ACME"
    client.call("DELETE", path)
    client.call("DELETE", f"/sinks/{sink['id']}")
    with pytest.raises(requests.HTTPError, match="404"):
        client.call("GET", path)
