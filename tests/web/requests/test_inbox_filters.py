"""What narrows, orders and groups the inbox: menus with counts, chips, links that keep it."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import InputRequest, InputRequestTag, db
from opensink_web.models.transaction import writing
from opensink_web.operations.requests import listing
from tests.conftest import Cast
from tests.support.pause_scenarios import approval_in
from tests.support.review_cases import ask_again, news, refresh_href, words_of
from tests.support.scenarios import SCHEMA, Waiting, ask_in
from tests.support.statements import statements

PAGE = "/w/main/inbox"


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    """An agent's question, tagged and urgent, and three calls of a batch to approve."""
    with app.app_context():
        asked = ask_in(cast.alice, None)
        approval_in(cast.alice, [{"amount": number} for number in range(3)], is_batch=True)
        with writing():
            row = db.session.get_one(InputRequest, asked.request_id)
            row.priority, row.reference = 70, "INV-2031"
            row.tags = [InputRequestTag(tag="finance & tax", workspace_id=row.workspace_id)]
        return asked


def rows_in(html: str) -> list[str]:
    return re.findall(r'<li [^>]*id="request-([^"]+)"', html)


def option_of(html: str, text: str) -> tuple[str, str]:
    """Return where an option of a menu leads, and its count."""
    pattern = r'<a href="([^"]+)"[^>]*><span[^>]*>([^<]+)</span>(?:<span[^>]*>([^<]+)</span>)?</a>'
    for href, name, count in re.findall(pattern, html):
        if unescape(name) == text:
            return unescape(href), count
    raise AssertionError(f"no option {text}")


@pytest.mark.parametrize(
    ("option", "count"),
    [
        ("Questions", "1"),
        ("Approvals", "3"),
        ("Trader", "1"),
        ("billing/refund", "3"),
        ("k", "1"),
        ("finance & tax", "1"),
    ],
)
def test_each_option_shows_as_many_as_it_says(
    bob: FlaskClient, waiting: Waiting, option: str, count: str
) -> None:
    href, said = option_of(bob.get(PAGE).text, option)

    html = bob.get(href).text

    assert (said, len(rows_in(html))) == (count, int(count))
    assert f'>{option.replace("&", "&amp;")}</span><a class="chip-off"' in html


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "4"),
        ("kind=approval", "3 of 4 waiting"),
        ("q=nothing", "0 of 4 waiting"),
        ("group=agent&kind=approval", "3 of 4 waiting"),
        ("view=decided", "0 decided"),
        ("trail=" + "A" * 22 + "&kind=approval", "2+ of 4 waiting"),
    ],
)
def test_the_title_says_how_much_of_all_is_in_the_list(
    bob: FlaskClient, waiting: Waiting, monkeypatch: pytest.MonkeyPatch, query: str, said: str
) -> None:
    if "trail" in query:
        monkeypatch.setattr(listing.Listing, "counted_max", 3)
    html = bob.get(f"{PAGE}?{query}").text

    size = re.search(r'id="list-size">(.*?)</span></div>', html, re.DOTALL)
    assert size is not None
    assert re.sub("<[^>]+>", "", size[1]).strip() == said


def test_news_of_a_list_say_how_much_is_in_it(app: Flask, bob: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        approval_in(cast.alice, [{"amount": 1}], is_batch=True)
    href = refresh_href(bob.get(f"{PAGE}?kind=approval").text)
    with app.app_context():
        ask_in(cast.alice, None)

    _, part = news(bob, href)

    size = '#list-size">1 of <span class="inbox-count">2</span> waiting</span>'
    assert size in part


def test_a_chip_leads_to_the_list_without_it(bob: FlaskClient, waiting: Waiting) -> None:
    html = bob.get(f"{PAGE}?kind=approval&tag=finance+%26+tax&order=priority").text

    assert rows_in(html) == []
    assert "Nothing with these filters" in html
    href = re.search(r'href="([^"]+)" aria-label="Without Kind Approvals"', html)
    assert href is not None
    without = bob.get(unescape(href[1])).text
    assert rows_in(without) == [str(waiting.request_id)]
    assert "Most urgent first" in without
    cleared = re.search(r'href="([^"]+)">Clear the filters', html)
    assert cleared is not None
    assert len(rows_in(bob.get(unescape(cleared[1])).text)) == 4


def test_a_request_that_is_opened_takes_the_list_along(bob: FlaskClient, waiting: Waiting) -> None:
    html = bob.get(f"{PAGE}?order=priority&kind=input").text

    href = re.search(r'id="row-[^"]+" href="([^"]+)"', html)
    assert href is not None
    assert unescape(href[1]) == f"/w/main/requests/{waiting.request_id}?order=priority&kind=input"


def test_a_row_says_who_asks_what_and_how_urgent_it_is(bob: FlaskClient, waiting: Waiting) -> None:
    words = words_of(bob.get(f"{PAGE}?kind=input").text)

    for each in ("Trader", "INV-2031", "Priority 70", "finance & tax"):
        assert each in words


@pytest.mark.parametrize(
    ("group", "titles", "counts"),
    [
        ("agent", ["Trader"], ["1"]),
        ("key", ["billing/refund", "k"], ["3", "1"]),
        ("session", ["Buy?"], ["1"]),
        ("batch", ["A batch of billing/refund"], ["3"]),
    ],
)
def test_groups_say_how_many_they_are_and_lead_to_them(
    bob: FlaskClient, waiting: Waiting, group: str, titles: list[str], counts: list[str]
) -> None:
    html = bob.get(f"{PAGE}?group={group}&order=newest").text

    links = re.findall(r'class="row-title" href="([^"]+)"[^>]*>([^<]+)<', html)
    assert [title for _, title in links] == titles
    assert re.findall(r'group-count">([^<]+)<', html) == counts
    left = len(rows_in(bob.get(PAGE).text)) - sum(map(int, counts))
    assert (f"{left} more" in html) is (left > 0)
    for (href, _), count in zip(links, counts, strict=True):
        assert "order=newest" in href
        assert len(rows_in(bob.get(unescape(href)).text)) == int(count)


def test_groups_that_are_none_say_so(bob: FlaskClient) -> None:
    assert "No groups" in bob.get(f"{PAGE}?group=batch").text


@pytest.mark.parametrize(
    "arguments", ["order=best", "kind=x", "age=5m", "group=x", "session=1", "batch=x", "after=x"]
)
def test_an_address_that_means_nothing_is_refused_in_words(
    bob: FlaskClient, waiting: Waiting, arguments: str
) -> None:
    arguments = arguments if "after" not in arguments else f"group=agent&{arguments}"
    assert bob.get(f"{PAGE}?{arguments}").status_code == 400


@pytest.mark.parametrize("name", ["function", "key", "tag", "agent"])
@pytest.mark.parametrize(
    "value", ["%00", "' OR 1=1 --", "x" * 3000, "%E2%80%AE%F0%9F%92%A9", "%25_"]
)
def test_a_filter_of_whatever_text_shows_nothing(
    bob: FlaskClient, waiting: Waiting, name: str, value: str
) -> None:
    response = bob.get(f"{PAGE}?{name}={value}")

    assert response.status_code in ({400} if name == "agent" and value != "%00" else {200})


def test_another_workspaces_filters_show_nothing(charlie: FlaskClient, waiting: Waiting) -> None:
    for arguments in (f"agent={waiting.agent_id}", f"session={waiting.session_id}"):
        html = charlie.get(f"/w/elsewhere/inbox?{arguments}").text
        assert rows_in(html) == []
        assert "Trader" not in html


@pytest.mark.parametrize("arguments", ["", "?order=due", "?view=decided", "?kind=input&tag=x"])
def test_more_rows_take_no_more_queries(
    app: Flask, bob: FlaskClient, waiting: Waiting, arguments: str
) -> None:
    bob.get(PAGE + arguments)
    with statements(app) as few:
        bob.get(PAGE + arguments)
    for number in range(46):
        ask_again(app, waiting, f"Question {number}", SCHEMA)
    with statements(app) as many:
        html = bob.get(PAGE + arguments).text

    if not arguments:
        assert len(rows_in(html)) == 50
    assert len(many) == len(few)
