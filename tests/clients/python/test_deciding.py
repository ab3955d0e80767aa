"""The SDK in the hands of whoever decides, against a real server."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opensink_client import AgentSession, Client, OpenSinkApiError
from tests.clients.python.conftest import SCHEMA
from tests.conftest import Cast

PROPOSAL = {
    "type": "object",
    "properties": {"amount": {"const": 5}, "approved": {"type": "boolean", "title": "Pay?"}},
    "required": ["amount", "approved"],
}


@pytest.fixture
def reviewer(base_url: str, cast: Cast) -> Iterator[Client]:
    with Client(base_url, cast.bob.api_key) as client:
        yield client


def test_says_whose_a_request_is_and_who_has_it(
    client: Client, reviewer: Client, session: AgentSession, cast: Cast
) -> None:
    request = client.ask(session, key="buy", title="Buy?", message="", schema=SCHEMA)
    assigned = client.assign(request.id, ["bob@example.com"])
    assert [each["user"]["email"] for each in assigned.assignees] == ["bob@example.com"]
    handed = reviewer.delegate(request.id, {"user": "alice@example.com"})
    assert [each["user"]["email"] for each in handed.assignees] == ["alice@example.com"]
    claimed = reviewer.claim(request.id)
    assert claimed.claimed_by == {"id": str(cast.bob.id), "email": "bob@example.com"}
    with pytest.raises(OpenSinkApiError) as refused:
        client.decline(request.id, "No.")
    assert refused.value.status == 409
    assert reviewer.release(request.id).claimed_by is None
    assert client.claim(request.id).claimed_by is not None
    taken = reviewer.claim(request.id, instead_of=str(cast.alice.id))
    assert taken.claimed_by == claimed.claimed_by
    declined = reviewer.decline(request.id, "Too late.")
    assert (declined.status, declined.decline_reason) == ("declined", "Too late.")


def test_several_decide(client: Client, reviewer: Client, session: AgentSession) -> None:
    question: dict[str, Any] = {"key": "buy", "title": "Buy?", "message": "", "schema": SCHEMA}
    request = client.ask(session, **question, required_responses=2, tags=["vip"])
    waiting = client.resolve(request.id, {"approved": True})
    assert (waiting.status, len(waiting.responses)) == ("pending", 1)
    assert not client.retract(request.id).responses
    client.resolve(request.id, {"approved": True})
    assert reviewer.resolve(request.id, {"approved": True}).status == "resolved"
    others = [client.ask(session, **question).id for _ in range(3)]
    listed = client.list_input_requests(**{"status": "pending", "$limit": "2"})
    assert [each.id for each in listed] == others[::-1]
    assert [each.id for each in client.list_input_requests(tag="vip")] == [request.id]
    hour = timedelta(hours=1)
    for since, ids in ((-hour, [request.id]), (hour, [])):
        moment = datetime.now(UTC) + since
        decided = client.list_input_requests(decided_from=moment, outcome="decided")
        assert [each.id for each in decided] == ids


def test_allows_the_same_again_and_says_how_it_went(client: Client, session: AgentSession) -> None:
    request = client.ask(session, key="pay", title="Pay?", message="", schema=PROPOSAL)
    client.resolve(request.id, {"amount": 5, "approved": True})
    granted = client.grant_standing_approval(
        request.id, uses_max=3, expires_at=datetime.now(UTC) + timedelta(days=1), note="Rent"
    )
    assert (granted.request_id, granted.uses_max, granted.state) == (request.id, 3, "in_force")
    assert (granted.key, granted.note) == ("pay", "Rent")
    assert [*client.list_standing_approvals()] == [granted]
    revoked = client.revoke_standing_approval(granted.id)
    assert revoked == client.get_standing_approval(granted.id)
    assert revoked.state == "revoked"

    client.ask(session, key="pay", title="Pay?", message="", schema=PROPOSAL)
    insights = client.insights(since=datetime(2026, 1, 1, tzinfo=UTC), key="pay")
    assert (insights.waiting["count"], insights.since) == (1, "2026-01-01T00:00:00Z")
    assert [each["key"] for each in insights.by_key] == ["pay"]
