"""The page of insights: numbers with their charts and tables, filters in the address, files."""

import csv
import io
import re
from datetime import UTC, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.web.insights.chart import WIDTH
from opensink_web.work.chores import Counting
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.insight_rows import History, figures_of, plain_requests
from tests.support.large_batches import do_all

INSIGHTS = "/w/main/insights"
NOW = datetime(2026, 3, 31, 13, 20, 30, 123456, UTC)


@pytest.fixture
def history(moment: Moment, app: Flask, cast: Cast) -> History:
    moment.now = NOW
    with app.app_context():
        made = History(cast, 3, NOW, days=20)
        made.add(60)
    return made


@pytest.fixture
def moment(monkeypatch: pytest.MonkeyPatch) -> Moment:
    made = Moment()
    monkeypatch.setattr("opensink_web.clock.now", lambda: made.now)
    return made


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_page_has_charts_with_their_tables(
    history: History, alice: FlaskClient, cast: Cast, app: Flask
) -> None:
    with app.app_context():
        do_all([Counting()])
        expected = figures_of(plain_requests(cast))
    page = alice.get(INSIGHTS).text
    assert page.count('<svg class="graph-plot"') == 3
    assert page.count('role="img" aria-label=') == 3
    assert "style=" not in re.sub(r"<head>.*?</head>", "", page, flags=re.DOTALL)
    for title in ("How requests ended", "Time to decide", "Calls to agents", "By key"):
        assert title in page
    decided = sum(list(expected.values())[:5])
    assert re.search(rf"<dt>Decided</dt><dd><a [^>]*\bview=decided\b[^>]*>{decided}<", page)
    assert all(
        0 <= float(x) < WIDTH for x in re.findall(r'<rect class="bar[^>]* x="([^"]+)"', page)
    )


def test_a_row_leads_to_its_own_insights_and_to_what_waits_of_it(
    history: History, alice: FlaskClient
) -> None:
    agent_id = history.agent_ids[0]
    page = alice.get(f"{INSIGHTS}?range=90d&zone=Asia/Kolkata").text
    href = f"{INSIGHTS}?range=90d&amp;zone=Asia/Kolkata&amp;target={agent_id}"
    assert href in page
    assert f"/w/main/inbox?agent={agent_id}" in page
    own = alice.get(href.replace("&amp;", "&")).text
    assert "Agent 0" in own
    assert "Agent 1</bdi>" not in own
    assert "Asia/Kolkata (UTC+05:30)" in own


def test_each_number_leads_to_the_list_of_as_many(history: History, alice: FlaskClient) -> None:
    looked_at = set()
    for query in ("range=90d", "range=24h&zone=Asia/Kolkata", "range=30d&key=buy"):
        page = alice.get(f"{INSIGHTS}?{query}").text
        links = re.findall(r'href="([^"]+view=decided[^"]+)">.*?, list of (\d+) (\w+)<', page)
        for href, count, what in links:
            # these have keys that no function's requests have
            if "function=" not in href and (href, count) not in looked_at:
                looked_at.add((href, count))
                shown = alice.get(unescape(href)).text
                size = re.search(r'id="list-size">\s*(?:<[^>]+>)?\s*(\d+)', shown)
                assert size is not None, href
                assert size[1] == count, (href, what)
        # a part of the chart leads where its row does
        parts = re.findall(r'<a href="([^"]+)" tabindex="-1"><title>[^<]+: \w[^<]+ \d', page)
        assert parts
        assert set(parts) <= {href for href, _, what in links if what == "ended"}
    for word in ("ended", "decided", "approved", "edited", "declined", "expired"):
        assert any(f"outcome={word}" in href for href, _ in looked_at)


def test_a_list_of_what_was_decided_is_narrowed_in_its_address(
    history: History, alice: FlaskClient, charlie: FlaskClient, cast: Cast
) -> None:
    inbox = "/w/main/inbox?view=decided"
    days = "from=2026-03-20&to=2026-03-31&zone=Europe/Berlin"
    page = alice.get(f"{inbox}&{days}&user={cast.bob.id}&outcome=decided").text
    assert "from 2026-03-20 to 2026-03-31 (Europe/Berlin)" in page
    assert "Decided by a person" in page
    # each chip takes its own away
    assert f"{inbox}&amp;outcome=decided&amp;user={cast.bob.id}" in page
    assert 'name="from" value="2026-03-20"' in page
    for wrong in (
        "from=yesterday",
        "to=2026-02-30",
        "from=2026-03-02&to=2026-03-01",
        "from=2026-03-01T10:00:00",
        "outcome=lost",
        "user=nobody@example.com",
        "from=2026-03-01&zone=Nowhere",
        "to=9999-12-31",
    ):
        answer = alice.get(f"{inbox}&{wrong}")
        assert answer.status_code == 400, wrong
    assert alice.get(f"/w/main/inbox?{days}").status_code == 200  # says nothing of what waits
    assert charlie.get(f"{inbox}&{days}").status_code == 404


def test_each_table_is_a_file_with_the_same_numbers(
    history: History, alice: FlaskClient, cast: Cast, app: Flask
) -> None:
    with app.app_context():
        mine = plain_requests(cast)
    found = {
        table: rows_of(alice.get(f"{INSIGHTS}/export.csv?table={table}&range=30d").text)
        for table in ("waiting", "time", "agents", "keys", "reviewers", "deliveries")
    }
    assert sum(int(each["ended"]) for each in found["time"]) == len(mine)
    assert sum(int(each["ended"]) for each in found["agents"]) == len(mine)
    assert {each["email"] for each in found["reviewers"]} == {
        "alice@example.com",
        "bob@example.com",
    }
    of_key = next(each for each in found["keys"] if each["key"] == "pay")
    expected = figures_of(each for each in mine if each.key == "pay")
    assert int(of_key["approved"]) == expected["approved"]
    assert float(of_key["median_seconds"]) == expected["median_ms"] / 1000
    answer = alice.get(f"{INSIGHTS}/export.csv?table=keys")
    assert answer.headers["Content-Disposition"].startswith(
        'attachment; filename="insights-keys-main-'
    )
    assert alice.get(f"{INSIGHTS}/export.csv?table=secrets").status_code == 400


def test_the_page_leads_to_each_file(history: History, alice: FlaskClient) -> None:
    links = re.findall(r'href="([^"]+)" download', alice.get(INSIGHTS).text)
    files = [alice.get(link.replace("&amp;", "&")) for link in links]
    assert [each.mimetype for each in files] == ["text/csv"] * 6


def test_no_cell_is_taken_for_a_formula(history: History, alice: FlaskClient) -> None:
    assert "\n'=1+1," in alice.get(f"{INSIGHTS}/export.csv?table=keys").text


def test_with_nothing_there_the_page_says_so(alice: FlaskClient) -> None:
    page = alice.get(INSIGHTS).text
    assert "Nothing ended in this time" in page
    assert "Nothing waits." in page
    assert "graph-plot" not in page


def test_what_is_no_filter_is_refused_in_words(alice: FlaskClient) -> None:
    for query in (
        "range=1y",
        "from=yesterday",
        "from=2026-02-30",
        "from=2020-01-01&to=2026-01-01",
        "from=2026-01-02&to=2026-01-01",
        "to=9999-12-31",
        "from=0001-01-01&to=0001-01-01&zone=Asia/Tokyo",
        "zone=Nowhere",
        "zone=../../etc/passwd",
        "target=nobody",
        "user=nobody@example.com",
    ):
        answer = alice.get(f"{INSIGHTS}?{query}")
        assert answer.status_code == 400, query
        assert "Bad request" not in answer.text


def test_whoever_reviews_reads_it_and_strangers_do_not(
    history: History, bob: FlaskClient, charlie: FlaskClient
) -> None:
    assert bob.get(INSIGHTS).status_code == 200
    assert charlie.get(INSIGHTS).status_code == 404
    assert charlie.get(f"{INSIGHTS}/export.csv?table=keys").status_code == 404
    assert "Agent 0" not in charlie.get("/w/elsewhere/insights").text
