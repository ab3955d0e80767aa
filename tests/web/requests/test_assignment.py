"""Whose a request is: on its page, in the list, and for many that were chosen."""

from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import Assignment
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.requests.assignment import assignments_of
from tests.conftest import Cast
from tests.support.bulk_cases import Inside, marks_of
from tests.support.review_cases import make_viewer
from tests.support.scenarios import admin_of

INBOX = "/w/main/inbox"
HTMX = {"HX-Request": "true"}
ALICE, BOB = "alice@example.com", "bob@example.com"


@pytest.fixture
def asked(cast: Cast, inside: Inside) -> UUID:
    (request_id,) = inside.ask(cast.alice, 1)
    return request_id


@pytest.fixture
def team_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        return create_team(workspace, name="Finance", description="").id


def whose(app: Flask, request_id: UUID) -> list[tuple[str, str | None]]:
    """Return to whom it is assigned, and whose it was before they handed it on."""
    with app.app_context(), reading():
        found: list[Assignment] = assignments_of([request_id]).get(request_id, [])
        return [
            (each.name, each.delegated_from.email if each.delegated_from else None)
            for each in found
        ]


def page_of(request_id: UUID) -> str:
    return f"/w/main/requests/{request_id}"


def give(browser: FlaskClient, request_id: UUID, **data: Any) -> Any:
    """Press a button of the request's page, as without a script."""
    return browser.post(f"{page_of(request_id)}/assign?key=k", data=data)


@pytest.mark.usefixtures("team_id")
def test_it_is_given_to_who_is_named(app: Flask, alice: FlaskClient, asked: UUID) -> None:
    page = alice.get(page_of(asked)).text
    assert "Nobody in particular" in page
    assert f'value="{BOB}"' in page
    assert 'value="Finance"' in page
    posted = give(alice, asked, to=f" {BOB.upper()} ", how="instead")
    assert (posted.status_code, posted.location) == (303, f"{page_of(asked)}?key=k")
    give(alice, asked, to="FINANCE", how="also")
    assert whose(app, asked) == [(BOB, None), ("Finance", None)]
    page = alice.get(page_of(asked)).text
    assert f"Take it off {BOB}" in page
    assert f"{ALICE} assigned “" in page
    give(alice, asked, to=ALICE, how="instead")
    assert whose(app, asked) == [(ALICE, None)]


def test_one_takes_it_and_gives_it_back(
    app: Flask, cast: Cast, bob: FlaskClient, asked: UUID
) -> None:
    give(bob, asked, how="me")
    assert whose(app, asked) == [(BOB, None)]
    assert "Assign to me" not in bob.get(page_of(asked)).text
    give(bob, asked, how="off", user=str(cast.bob.id))
    assert whose(app, asked) == []


def test_one_hands_it_on(app: Flask, alice: FlaskClient, bob: FlaskClient, asked: UUID) -> None:
    give(alice, asked, to=BOB)
    assert "Hand it on" not in alice.get(page_of(asked)).text
    assert "Hand it on" in bob.get(page_of(asked)).text
    give(bob, asked, to=ALICE, how="hand_on")
    assert whose(app, asked) == [(ALICE, BOB)]
    assert f"for {BOB}" in alice.get(page_of(asked)).text


def test_a_team_is_taken_off(app: Flask, bob: FlaskClient, asked: UUID, team_id: UUID) -> None:
    give(bob, asked, to="Finance")
    give(bob, asked, how="off", team=str(team_id))
    assert whose(app, asked) == []


def test_a_script_gets_that_part_alone_and_a_refusal_leaves_the_page(
    app: Flask, bob: FlaskClient, asked: UUID
) -> None:
    there = f"{page_of(asked)}/assign"
    part = bob.post(there, data={"to": ALICE}, headers=HTMX)
    assert part.status_code == 200
    assert part.text.strip().startswith('<div class="who" id="who"')
    for data in ({"to": "charlie@example.com"}, {"to": ""}, {"how": "?", "to": BOB}):
        refused = bob.post(there, data=data, headers=HTMX)
        assert (refused.status_code, refused.text) == (400, "")
        assert "toast" in refused.headers["HX-Trigger"]
        assert bob.post(there, data=data).status_code == 400
    assert whose(app, asked) == [(ALICE, None)]


def test_what_waits_no_more_is_nobodys_to_give(app: Flask, bob: FlaskClient, asked: UUID) -> None:
    bob.post(f"{INBOX}/bulk", data={"chosen": marks_of(bob, INBOX, [asked]), "verdict": "yes"})
    assert give(bob, asked, how="me").status_code == 409
    assert "Assign to me" not in bob.get(page_of(asked)).text
    assert whose(app, asked) == []


def test_news_of_it_reach_who_looks_at_the_page(
    alice: FlaskClient, bob: FlaskClient, asked: UUID
) -> None:
    page = alice.get(page_of(asked)).text
    address = page.partition('hx-get="/w/main/requests/')[2].partition('"')[0]
    live = f"/w/main/requests/{address.replace('&amp;', '&')}"
    assert alice.get(live, headers=HTMX).status_code == 204
    give(bob, asked, how="me")
    news = alice.get(live, headers=HTMX)
    assert news.status_code == 200
    assert f'<strong dir="auto">{BOB}</strong>' in news.text


def test_the_list_says_whose_it_is(alice: FlaskClient, asked: UUID) -> None:
    give(alice, asked, to=BOB)
    row = alice.get(INBOX).text.partition(f"request-{asked}")[2]
    assert f"Assigned to </span>{BOB}" in row


def test_many_that_were_chosen_are_given_at_once(
    app: Flask, cast: Cast, alice: FlaskClient, inside: Inside
) -> None:
    first, decided, other = inside.ask(cast.alice, 3)
    marks = marks_of(alice, INBOX, [first, decided])
    alice.post(f"{INBOX}/bulk", data={"chosen": marks[1:], "verdict": "yes"})
    assert "Assign…" in alice.get(INBOX).text
    posted = alice.post(f"{INBOX}/bulk/assign?order=newest", data={"chosen": marks, "to": BOB})
    assert (posted.status_code, posted.location) == (303, f"{INBOX}?order=newest")
    page = alice.get(posted.location).text
    assert f"1 request is assigned to {BOB}. 1 is not: This was already answered" in page
    assert (whose(app, first), whose(app, decided), whose(app, other)) == ([(BOB, None)], [], [])


def test_without_a_name_it_asks_again_and_keeps_what_was_chosen(
    app: Flask, alice: FlaskClient, asked: UUID
) -> None:
    marks = marks_of(alice, INBOX, [asked])
    for to, sentence in (("", "Say to whom"), ("Ghosts", "no active member and no team “Ghosts”")):
        page = alice.post(f"{INBOX}/bulk/assign", data={"chosen": marks, "to": to})
        assert page.status_code == 422
        assert sentence in page.text
        assert "checked" in page.text.partition(f'id="choose-{asked}"')[2].partition(">")[0]
    assert whose(app, asked) == []


def test_who_only_reads_gives_nothing(
    app: Flask,
    cast: Cast,
    charlie: FlaskClient,
    alice: FlaskClient,
    bob: FlaskClient,
    asked: UUID,
) -> None:
    give(alice, asked, to=BOB)
    make_viewer(app, cast.bob)
    page = bob.get(page_of(asked)).text
    assert BOB in page
    assert "Take it off" not in page
    assert "Assign to me" not in page
    assert give(bob, asked, how="me").status_code == 403
    assert give(charlie, asked, how="me").status_code == 404
    elsewhere = f"/w/{cast.charlie.workspace_slug}/requests/{asked}/assign"
    assert charlie.post(elsewhere, data={"how": "me"}).status_code == 404
    assert whose(app, asked) == [(BOB, None)]
