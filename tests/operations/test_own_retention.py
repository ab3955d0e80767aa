"""A workspace that keeps things for less time than the server: only its own go, and only then."""

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.models import AgentSession, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.kept import Kept, Term
from opensink_web.operations.own_retention import count_going, set_retention
from opensink_web.operations.retention import START, find_prunable, plans, prune_some
from opensink_web.work.chores import Pruning
from tests.conftest import Cast, Person
from tests.support.large_batches import do_all
from tests.support.old_sessions import end_session_long_ago

pytestmark = pytest.mark.usefixtures("on_each_database")

FOR_GOOD = dict.fromkeys(Term, 0)
FIFTY = FOR_GOOD | {Term.SESSIONS: 50}


def keep(app: Flask, person: Person, days: int | None, of_server: dict[Term, int]) -> None:
    with app.app_context(), writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        set_retention(workspace, {Term.SESSIONS: days}, of_server)


def ages(app: Flask, person: Person) -> int:
    """Count the sessions that are left in a workspace."""
    with app.app_context(), reading():
        query = select(AgentSession).where(AgentSession.workspace_id == person.workspace_id)
        return len(db.session.scalars(query).all())


def prune(app: Flask, of_server: dict[Term, int]) -> None:
    with app.app_context():
        with reading():
            planned = plans(of_server)
        do_all([Pruning(each.kind, each.cutoff, each.scope) for each in planned])


def fill(app: Flask, cast: Cast) -> None:
    for person in (cast.alice, cast.charlie):
        for days in (10, 40, 60):
            end_session_long_ago(app, person, days=days)


def test_only_its_own_go_by_what_it_says(app: Flask, cast: Cast) -> None:
    fill(app, cast)
    keep(app, cast.alice, 30, FOR_GOOD)
    prune(app, FOR_GOOD)
    assert (ages(app, cast.alice), ages(app, cast.charlie)) == (1, 3)


def test_all_others_go_by_what_the_server_says(app: Flask, cast: Cast) -> None:
    fill(app, cast)
    keep(app, cast.alice, 30, FIFTY)
    prune(app, FIFTY)
    assert (ages(app, cast.alice), ages(app, cast.charlie)) == (1, 2)


def test_what_the_server_has_shortened_since_holds_for_all(app: Flask, cast: Cast) -> None:
    fill(app, cast)
    keep(app, cast.alice, 200, FOR_GOOD)
    prune(app, FIFTY)
    assert (ages(app, cast.alice), ages(app, cast.charlie)) == (2, 2)


def test_what_goes_is_what_was_counted(app: Flask, cast: Cast) -> None:
    fill(app, cast)
    with app.app_context(), reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        counted = count_going(workspace, {Term.SESSIONS: 30}, FOR_GOOD)
    assert counted == {Kept.SESSIONS: 2}


def test_what_is_kept_for_longer_meanwhile_does_not_go(app: Flask, cast: Cast) -> None:
    """Going through all takes a while, and whoever changes their mind is heard at once."""
    fill(app, cast)
    keep(app, cast.alice, 30, FOR_GOOD)
    with app.app_context(), reading():
        (plan,) = (each for each in plans(FOR_GOOD) if each.kind is Kept.SESSIONS)
        going = find_prunable(plan.kind, plan.cutoff, START, plan.scope)
    assert len(going.ids) == 2
    keep(app, cast.alice, None, FOR_GOOD)
    with app.app_context(), writing():
        prune_some(plan.kind, plan.cutoff, going.ids, plan.scope)
    assert ages(app, cast.alice) == 3
