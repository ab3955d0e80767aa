"""GET /agent-session-input-requests?decided_from=…: when and how it was decided, and by whom."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from opensink_web.operations.requests.ending import Ending
from tests.api.conftest import APPROVAL, Api, Apis, ask, wrong_paths
from tests.conftest import Cast

PATH = "/agent-session-input-requests"
pytestmark = pytest.mark.usefixtures("on_each_database")


def later(moment: str, seconds: float) -> str:
    return quote((datetime.fromisoformat(moment) + timedelta(seconds=seconds)).isoformat())


def listed(api: Api, query: str) -> list[str]:
    """Return the ids of all pages of two."""
    ids: list[str] = []
    trail = ""
    while True:
        page = api.read(f"{PATH}?$limit=2&{query}{trail}")
        ids += [each["id"] for each in page["items"]]
        if page["trail"] is None:
            return ids
        trail = f"&$trail={page['trail']}"


@pytest.fixture
def decided(apis: Apis) -> list[Any]:
    """Approved by Bob, declined by Alice, withdrawn, approved by Alice; the first one waits."""
    asked = [
        ask(apis.alice, schema=APPROVAL, key=f"k{number}", tags=["vip"]) for number in range(5)
    ]
    ends = [
        (apis.bob, "resolve", {"response": {"approved": True}}),
        (apis.alice, "decline", {"reason": "No."}),
        (apis.alice, "cancel", {"reason": "Gone."}),
        (apis.alice, "resolve", {"response": {"approved": True}}),
    ]
    # not in the order in which they were asked
    for request, (api, verb, body) in zip(asked[:0:-1], ends, strict=True):
        api.post(f"{PATH}/{request['id']}/{verb}", body)
    return [apis.alice.read(f"{PATH}/{each['id']}") for each in asked[:0:-1]]


def test_lists_what_was_decided_the_last_first(apis: Apis, cast: Cast, decided: list[Any]) -> None:
    by_bob, declined, withdrawn, by_alice = [each["id"] for each in decided]
    moment = decided[1]["resolved_at"]
    for query, found in {
        f"decided_from={later(moment, 0)}": [by_alice, withdrawn, declined],
        f"decided_from={later(moment, -60)}&decided_to={later(moment, 0)}": [by_bob],
        f"decided_from={later(moment, 3600)}": [],
        "outcome=ended": [by_alice, withdrawn, declined, by_bob],
        "outcome=decided": [by_alice, declined, by_bob],
        "outcome=approved": [by_alice, by_bob],
        "outcome=withdrawn": [withdrawn],
        f"decided_by={cast.alice.id}": [by_alice, declined],
        f"decided_by={cast.alice.id}&outcome=declined&tag=vip": [declined],
        f"decided_by={cast.bob.id}&status=resolved&key=k4": [by_bob],
        f"decided_by={cast.bob.id}&status=declined": [],
        f"decided_by={cast.bob.id}&agent_id={decided[0]['agent_id']}": [by_bob],
        f"decided_by={cast.bob.id}&agent_id={decided[1]['agent_id']}": [],
        f"outcome=ended&session_id={decided[2]['session_id']}": [withdrawn],
        "outcome=ended&reference=none": [],
        f"decided_by={uuid4()}": [],
    }.items():
        assert listed(apis.alice, query) == found, query
        assert listed(apis.charlie, query) == []
    [item] = apis.bob.read(f"{PATH}?decided_by={cast.bob.id}")["items"]
    assert item == apis.bob.read(f"{PATH}/{by_bob}")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("decided_from=yesterday", ["decided_from"]),
        ("decided_from=2026-01-01T00:00:00", ["decided_from"]),
        ("decided_from=1767225600", ["decided_from"]),
        ("decided_from=2026-02-01T00:00:00Z&decided_to=2026-01-01T00:00:00Z", ["decided_to"]),
        ("outcome=resolved", ["outcome"]),
        ("decided_by=bob@example.com", ["decided_by"]),
        ("outcome=ended&status=pending", ["outcome"]),
    ],
)
def test_refuses_what_makes_no_sense(alice: Api, query: str, names: list[str]) -> None:
    paths = wrong_paths(alice.get(f"{PATH}?{query}"))
    assert [each.removeprefix("/") for each in paths] == names


def test_names_every_outcome(alice: Api) -> None:
    for each in Ending:
        assert alice.read(f"{PATH}?outcome={each}")["items"] == []
