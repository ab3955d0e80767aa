"""The tabs Mine and Unassigned: what is in them, what is counted, and how one goes on from them."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.team import create_team, delete_team
from opensink_web.operations.decisions.ending import remove_member
from opensink_web.operations.requests.listing import ListOrder
from tests.conftest import Cast
from tests.support.bulk_cases import HTMX, Inside
from tests.support.polling import asked_by_itself
from tests.support.scenarios import admin_of, index_all
from tests.support.statements import statements

INBOX = "/w/main/inbox"
MINE, UNASSIGNED = f"{INBOX}?view=mine", f"{INBOX}?view=unassigned"
BOB = "bob@example.com"
pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def team_of_bob(app: Flask, cast: Cast) -> UUID:
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        ids = {cast.bob.id}
        return create_team(workspace, name="Finance", description="", user_ids=ids).id


def give(browser: FlaskClient, request_id: UUID, whom: str) -> None:
    posted = browser.post(f"/w/main/requests/{request_id}/assign", data={"to": whom})
    assert posted.status_code == 303


def rows(browser: FlaskClient, address: str) -> list[str]:
    return re.findall(r'<li class="row-entry[^>]*id="request-([^"]+)"', browser.get(address).text)


def count(browser: FlaskClient, name: str) -> str:
    found = re.search(rf'{name}-count">([^<]*)<', browser.get(INBOX).text)
    assert found is not None
    return found[1]


@pytest.mark.usefixtures("team_of_bob")
def test_each_has_what_is_theirs(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    own, teams, claimed, of_alice, free, both = inside.ask(cast.alice, 6)
    give(alice, own, BOB)
    give(alice, teams, "Finance")
    give(alice, of_alice, "alice@example.com")
    give(alice, both, "Finance")
    alice.post(f"/w/main/requests/{both}/assign", data={"to": BOB, "how": "also"})
    bob.post(f"/w/main/requests/{claimed}/claim")
    theirs = [str(each) for each in (own, teams, claimed, both)]
    for order in ListOrder:
        assert sorted(rows(bob, f"{MINE}&order={order}")) == sorted(theirs), order
        assert rows(alice, f"{MINE}&order={order}") == [str(of_alice)]
        assert rows(alice, f"{UNASSIGNED}&order={order}") == [str(free)]
    assert (count(bob, "mine"), count(alice, "mine")) == ("4", "1")
    assert (count(bob, "unassigned"), count(alice, "unassigned")) == ("1", "1")
    assert rows(bob, f"{MINE}&key=nothing") == []
    assert "Nothing is yours" not in bob.get(f"{MINE}&group=key").text


def test_a_search_goes_through_them(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    first, second, third = inside.ask(cast.alice, 3)
    with app.app_context():
        index_all()
    give(alice, first, BOB)
    assert rows(bob, f"{MINE}&q=number") == [str(first)]
    assert rows(bob, f"{UNASSIGNED}&q=number") == [str(second), str(third)]


def test_what_is_decided_leaves_and_the_next_of_the_tab_comes_up(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    first, other, second = inside.ask(cast.alice, 3)
    give(alice, first, BOB)
    give(alice, second, BOB)
    page = bob.get(f"/w/main/requests/{first}?view=mine").text
    assert "1 of 2" in page
    assert f"/w/main/requests/{second}?view=mine" in page
    data = {"_decline": "1", "reason": "No."}
    posted = bob.post(f"/w/main/requests/{first}?view=mine", data=data)
    assert posted.location == f"/w/main/requests/{second}?view=mine&last={first}"
    assert rows(bob, MINE) == [str(second)]
    assert str(other) in rows(bob, UNASSIGNED)


def test_all_of_mine_is_decided_at_once_and_nothing_else(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    first, other = inside.ask(cast.alice, 2)
    give(alice, first, BOB)
    for page in ("bulk", "table"):
        text = bob.get(f"{INBOX}/{page}?view=mine").text
        assert str(first) in text
        assert str(other) not in text


def test_what_was_a_teams_or_a_members_who_is_gone_is_nobodys(
    app: Flask, cast: Cast, alice: FlaskClient, inside: Inside, team_of_bob: UUID
) -> None:
    of_team, of_bob, of_both, of_alice = inside.ask(cast.alice, 4)
    for request_id, whom in ((of_team, "Finance"), (of_bob, BOB), (of_both, BOB), (of_alice, BOB)):
        give(alice, request_id, whom)
    alice.post(f"/w/main/requests/{of_both}/assign", data={"to": "Finance", "how": "also"})
    data = {"to": "alice@example.com", "how": "also"}
    alice.post(f"/w/main/requests/{of_alice}/assign", data=data)
    assert rows(alice, UNASSIGNED) == []
    with app.app_context(), writing():
        delete_team(admin_of(cast.alice.workspace_id).workspace, team_of_bob)
    assert rows(alice, UNASSIGNED) == [str(of_team)]
    with app.app_context(), writing():
        remove_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    theirs = [str(of_team), str(of_bob), str(of_both)]
    assert rows(alice, UNASSIGNED) == rows(alice, f"{UNASSIGNED}&order=due") == theirs
    assert count(alice, "unassigned") == "3"


def test_among_very_many_what_is_nobodys_is_found_by_an_index(
    app: Flask, cast: Cast, alice: FlaskClient, inside: Inside
) -> None:
    """Not by looking of each that waits whether it is assigned."""
    inside.ask(cast.alice, 2)
    with statements(app) as said:
        assert len(rows(alice, UNASSIGNED)) == 2
        assert len(rows(alice, f"{UNASSIGNED}&order=priority")) == 2
    lists = [each.text for each in said if "NOT input_requests.is_assigned" in each.text]
    lists += [each.text for each in said if "input_requests.is_assigned = 0" in each.text]
    assert len(lists) >= 3
    assert [each for each in lists if "assignments" in each.partition("WHERE")[2]] == []


def test_the_counts_move_while_the_list_of_all_is_open(
    app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    first, _ = inside.ask(cast.alice, 2)
    news = asked_by_itself(bob.get(INBOX).text)[-1]
    assert bob.get(news, headers=HTMX).status_code == 204
    bob.post(f"/w/main/requests/{first}/claim")
    (part, now) = (bob.get(news, headers=HTMX).text, bob.get(INBOX).text)
    for name in ("mine", "unassigned"):
        assert f'innerHTML:.{name}-count">1<' in part
        assert f'{name}-count">1<' in now
    assert asked_by_itself(part) == asked_by_itself(now)[-1:]
    assert 'unassigned-count">1<' in alice.get(INBOX).text


def test_an_empty_one_says_what_it_is_for(bob: FlaskClient) -> None:
    assert "Nothing is yours" in bob.get(MINE).text
    assert "Everything is somebody" in bob.get(UNASSIGNED).text
    assert (count(bob, "mine"), count(bob, "unassigned")) == ("", "")


def test_another_workspace_counts_nothing(
    cast: Cast, alice: FlaskClient, charlie: FlaskClient, inside: Inside
) -> None:
    (first,) = inside.ask(cast.alice, 1)
    give(alice, first, BOB)
    elsewhere = f"/w/{cast.charlie.workspace_slug}/inbox"
    assert rows(charlie, f"{elsewhere}?view=mine") == []
    assert rows(charlie, f"{elsewhere}?view=unassigned") == []
