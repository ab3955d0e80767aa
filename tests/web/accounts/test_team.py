"""The page Teams."""

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import Team, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.team import create_team
from opensink_web.operations.accounts.user import deactivate_member
from tests.conftest import Cast
from tests.support.scenarios import admin_of

PAGE = "/w/main/admin/teams"


def teams(app: Flask) -> dict[str, list[str]]:
    """Return who is in each team, by its name."""
    with app.app_context(), reading():
        return {
            team.name: [user.email for user in team.members]
            for team in db.session.scalars(select(Team))
        }


def make_team(app: Flask, cast: Cast, name: str = "Finance", *members: UUID) -> UUID:
    with app.app_context(), writing():
        workspace = admin_of(cast.alice.workspace_id).workspace
        return create_team(workspace, name=name, description="", user_ids=set(members)).id


def test_without_any_the_page_says_what_they_are_for(alice: FlaskClient) -> None:
    page = alice.get(PAGE).text
    assert "No teams yet" in page
    assert f'href="{PAGE}/new"' in page


def test_a_team_is_made_of_those_that_were_ticked(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    form = alice.get(f"{PAGE}/new").text
    assert cast.bob.email in form
    assert cast.charlie.email not in form
    data = {"name": "Finance", "description": "Money.", "members": [str(cast.bob.id)]}
    answer = alice.post(f"{PAGE}/new", data=data)
    assert (answer.status_code, answer.location) == (303, PAGE)
    assert teams(app) == {"Finance": [cast.bob.email]}
    page = alice.get(PAGE).text
    assert all(text in page for text in ("Finance", "Money.", cast.bob.email))


def test_a_team_is_changed(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    there = f"{PAGE}/{make_team(app, cast, 'Finance', cast.bob.id)}/edit"
    assert 'checked id="members-' in (page := alice.get(there).text) or "checked" in page
    data = {"name": "Cash", "description": "", "members": [str(cast.alice.id)]}
    assert alice.post(there, data=data).status_code == 303
    assert teams(app) == {"Cash": [cast.alice.email]}
    assert alice.post(there, data={"name": "Cash"}).status_code == 303
    assert teams(app) == {"Cash": []}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"name": ""}, "Enter a name."),
        ({"name": "n" * 65}, "A name has 1 to 64 characters."),
        ({"name": "finance"}, "This name looks like that of the team Finance."),
        ({"members": [str(uuid4())]}, "Somebody who was chosen is no member any more."),
        ({"members": ["nonsense"]}, "Somebody who was chosen is no member any more."),
    ],
)
def test_what_is_wrong_is_said_and_what_was_entered_kept(
    app: Flask, cast: Cast, alice: FlaskClient, changes: dict[str, object], sentence: str
) -> None:
    make_team(app, cast)
    data = {"name": "Other", "description": "kept words", **changes}
    answer = alice.post(f"{PAGE}/new", data=data)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "kept words" in answer.text
    assert teams(app) == {"Finance": []}


def test_who_is_deactivated_is_marked(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context(), writing():
        deactivate_member(admin_of(cast.alice.workspace_id), cast.bob.id)
    assert f"{cast.bob.email} (deactivated)" in alice.get(f"{PAGE}/new").text


def test_a_team_is_deleted_after_a_question(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    team_id = make_team(app, cast)
    assert "Delete the team Finance?" in alice.get(PAGE).text
    assert alice.post(f"{PAGE}/{team_id}/delete").status_code == 303
    assert teams(app) == {}


def test_only_who_may_sees_it(
    app: Flask, cast: Cast, bob: FlaskClient, charlie: FlaskClient
) -> None:
    team_id = make_team(app, cast)
    assert bob.get(PAGE).status_code == 403
    assert bob.post(f"{PAGE}/{team_id}/delete").status_code == 403
    elsewhere = f"/w/{cast.charlie.workspace_slug}/admin/teams/{team_id}"
    assert charlie.get(f"{elsewhere}/edit").status_code == 404
    assert charlie.post(f"{elsewhere}/delete").status_code == 404
    assert teams(app) == {"Finance": []}
