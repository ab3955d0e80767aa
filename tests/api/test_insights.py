"""GET /insights: works, wrong input, not mine, not there."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from flask import Flask

from opensink_web import clock
from opensink_web.work.chores import Counting
from tests.api.conftest import Api
from tests.conftest import Cast
from tests.support.insight_rows import History, figures_of, plain_calls, plain_requests
from tests.support.large_batches import do_all

NOW = datetime.now(UTC)


@pytest.fixture
def history(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> History:
    """What was until now, at which the clock stands still: some of it ends later."""
    monkeypatch.setattr(clock, "now", lambda: NOW)
    with app.app_context():
        made = History(cast, 5, NOW, days=25)
        made.add(50)
        do_all([Counting()])
    return made


def test_the_numbers_are_those_of_the_rows(history: History, app: Flask, cast: Cast) -> None:
    api = Api(app, cast.alice.headers)
    since = NOW - timedelta(days=26)
    found = api.read(f"/insights?{urlencode({'since': since.isoformat()})}")
    with app.app_context():
        mine, calls = plain_requests(cast), plain_calls(cast)
    expected = figures_of(mine)
    requests = found["requests"]
    assert requests["ended"] == len(mine)
    assert requests["approved"] == expected["approved"]
    assert requests["median_seconds"] == expected["median_ms"] / 1000
    yes_or_no = expected["approved"] + expected["refused"] + expected["declined_approvals"]
    assert requests["approval"] == {
        "part": expected["approved"],
        "whole": yes_or_no,
        "share": expected["approved"] / yes_or_no,
    }
    assert found["is_complete"] is True
    assert found["step"] == "day"
    assert {each["email"] for each in found["by_reviewer"]} <= {cast.alice.email, cast.bob.email}
    assert sum(each["requests"]["ended"] for each in found["by_agent"]) == len(mine)
    assert sum(each["deliveries"]["ended"] for each in found["points"]) == len(
        [each for each in calls if each.ended_at < NOW]
    )


def test_it_is_narrowed_by_agent_function_key_and_person(
    history: History, app: Flask, cast: Cast
) -> None:
    api = Api(app, cast.bob.headers)
    agent_id = str(history.agent_ids[0])
    found = api.read(f"/insights?{urlencode({'agent_id': agent_id})}")
    assert [each["agent_id"] for each in found["by_agent"]] == [agent_id]
    assert [each["agent_id"] for each in found["deliveries_by_agent"]] == [agent_id]
    found = api.read(f"/insights?{urlencode({'function': 'tests/pay', 'key': 'buy'})}")
    assert [each["function"] for each in found["by_agent"]] == ["tests/pay"]
    assert [each["key"] for each in found["by_key"]] == ["buy"]
    found = api.read(f"/insights?{urlencode({'reviewer_id': str(cast.bob.id)})}")
    assert [each["user_id"] for each in found["by_reviewer"]] == [str(cast.bob.id)]


def test_what_is_no_filter_is_refused(app: Flask, cast: Cast) -> None:
    api = Api(app, cast.alice.headers)
    both = {"agent_id": str(cast.alice.id), "function": "a/b"}
    early = {"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    for query, field in (
        ({"time_zone": "Nowhere"}, "/time_zone"),
        (both, "/function"),
        (early, "/until"),
        ({"since": "2001-01-01T00:00:00Z"}, "/since"),
        ({"until": "0001-01-01T00:00:00Z"}, "/until"),
        ({"since": "2026-01-01"}, "/since"),
        ({"until": "1767225600"}, "/until"),
    ):
        answer = api.get(f"/insights?{urlencode(query)}")
        assert answer.status_code == 400, query
        assert field in str(answer.json), query


def test_nobody_reads_another_workspaces(history: History, app: Flask, cast: Cast) -> None:
    api = Api(app, cast.charlie.headers)
    found = api.read("/insights")
    assert found["requests"]["ended"] == found["waiting"]["count"] == 0
    found = api.read(f"/insights?agent_id={history.agent_ids[0]}")
    assert found["by_agent"] == found["deliveries_by_agent"] == []
