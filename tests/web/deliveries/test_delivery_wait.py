"""What a call that has not been made yet is said to wait for."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from opensink_web import clock
from opensink_web.models import Agent, AttemptTrigger, Delivery, DeliveryStatus
from opensink_web.web.deliveries import delivery_wait
from opensink_web.web.deliveries.delivery_wait import wait_of

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=40)


@pytest.fixture(autouse=True)
def _at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOW)
    monkeypatch.setattr(delivery_wait, "is_agent_busy", lambda _: False)


def delivery(**changes: Any) -> Delivery:
    told = {"status": DeliveryStatus.PENDING, "next_at": NOW}
    agent = changes.pop("agent", Agent())
    return Delivery(**told | {"next_trigger": AttemptTrigger.FIRST, "agent": agent} | changes)


def failing(**changes: Any) -> Agent:
    return Agent(endpoint_failure_count=7, endpoint_unhealthy_since=NOW, **changes)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({}, "about to be made"),
        ({"next_at": NOW - timedelta(minutes=1)}, "No worker has picked it up"),
        ({"next_at": SOON, "next_trigger": AttemptTrigger.RETRY}, "The last attempt failed"),
        ({"next_at": SOON}, "scheduled for later"),
        ({"lease_until": NOW - timedelta(seconds=1)}, "about to be made"),
    ],
)
def test_it_is_said_why(changes: dict[str, Any], word: str) -> None:
    wait = wait_of(delivery(**changes))
    assert wait is not None
    assert word in wait.reason
    assert wait.until == (SOON if "next_at" in changes and changes["next_at"] > NOW else None)


def test_beside_others_it_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_wait, "is_agent_busy", lambda _: True)
    wait = wait_of(delivery())
    assert wait is not None
    assert "one of the calls to this agent" in wait.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"lease_until": SOON},
        {"status": DeliveryStatus.SUCCEEDED},
        {"status": DeliveryStatus.FAILED, "next_at": SOON},
    ],
)
def test_what_is_under_way_or_over_waits_for_nothing(changes: dict[str, Any]) -> None:
    assert wait_of(delivery(**changes)) is None


def test_of_an_unhealthy_endpoint_it_says_when_a_call_is_tried() -> None:
    wait = wait_of(delivery(agent=failing(endpoint_next_call_at=SOON)))
    assert wait is not None
    assert wait.reason.startswith("The last 7 calls to the agent's endpoint failed")
    assert wait.until == SOON
    tried = wait_of(delivery(agent=failing(endpoint_next_call_at=NOW)))
    assert tried is not None
    assert tried.until is None


def test_what_a_person_asked_for_does_not_wait_for_health() -> None:
    wait = wait_of(delivery(next_trigger=AttemptTrigger.MANUAL, agent=failing()))
    assert wait is not None
    assert wait.is_usual
