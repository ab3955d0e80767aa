"""After an upgrade those are asked who have not answered yet, of what was decided not read."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.cli.database import run_migrations
from opensink_web.models import CommentMention, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.comment import add_comment
from opensink_web.operations.requests.asked import Asking, count_asking
from tests.conftest import Person, make_cast
from tests.support.scenarios import Waiting, answer, ask_in

pytestmark = pytest.mark.server
BEFORE = "0064"


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


def say(person: Person, waiting: Waiting, message: str) -> None:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        by = db.session.get_one(User, person.id)
        add_comment(workspace, waiting.request_id, message, by=by)


@pytest.mark.usefixtures("app")
def test_down_and_up_with_mentions() -> None:
    cast = make_cast()
    waits, answered, decided = (ask_in(cast.alice, None) for _ in range(3))
    for each in (waits, answered, decided):
        say(cast.alice, each, "@bob@example.com?")
    say(cast.bob, answered, "Five.")
    answer(cast.alice, decided)
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
    run_migrations()
    with db.session.begin():
        unread = Asking(cast.bob.workspace_id, cast.bob.id, is_waiting=False).ids
        assert {*db.session.scalars(unread)} == {waits.request_id, decided.request_id}
        bob = db.session.get_one(User, cast.bob.id)
        workspace = db.session.get_one(Workspace, cast.bob.workspace_id)
        assert count_asking(workspace, bob) == (1, 1)
        assert len(db.session.scalars(select(CommentMention)).all()) == 3
