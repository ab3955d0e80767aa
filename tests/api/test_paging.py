"""Lists by page: newest first, each once, whatever is made meanwhile."""

from typing import Any

import pytest

from tests.api.conftest import Api, make_agent


@pytest.fixture
def agents(alice: Api) -> list[str]:
    """Five agents, the newest first."""
    return [make_agent(alice, f"Agent {number}")["id"] for number in range(5)][::-1]


def ids(page: Any) -> list[str]:
    return [item["id"] for item in page["items"]]


def test_answers_the_newest_first(alice: Api, agents: list[str]) -> None:
    page = alice.read("/agents")

    assert ids(page) == agents
    assert page["trail"] is None


def test_follows_the_trail_to_the_end(alice: Api, agents: list[str]) -> None:
    page = alice.read("/agents?$limit=2")
    seen = ids(page)
    while page["trail"]:
        page = alice.read(f"/agents?$limit=2&$trail={page['trail']}")
        seen += ids(page)

    assert seen == agents


def test_a_page_that_ends_the_list_exactly_has_no_trail(alice: Api, agents: list[str]) -> None:
    page = alice.read("/agents?$limit=5")
    assert page["trail"] is None


def test_what_is_made_meanwhile_neither_repeats_nor_hides_others(
    alice: Api, agents: list[str]
) -> None:
    first = alice.read("/agents?$limit=2")
    make_agent(alice, "Newcomer")
    second = alice.read(f"/agents?$limit=3&$trail={first['trail']}")

    assert ids(first) + ids(second) == agents


def test_a_trail_outlives_the_row_it_names(alice: Api, agents: list[str]) -> None:
    first = alice.read("/agents?$limit=2")
    alice.delete(f"/agents/{agents[1]}")

    assert ids(alice.read(f"/agents?$trail={first['trail']}")) == agents[2:]


def test_a_page_has_twenty_items_unless_asked(alice: Api) -> None:
    for number in range(21):
        make_agent(alice, f"Agent {number}")

    assert len(ids(alice.read("/agents"))) == 20
    assert len(ids(alice.read("/agents?$limit=100"))) == 21
