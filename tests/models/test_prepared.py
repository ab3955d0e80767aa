"""Statements that are run past SQLAlchemy: what goes in, what comes out, and what is refused."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import bindparam, delete, event, insert, literal, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from opensink_web.models import Agent, Delivery, DeliveryKind, DeliveryStatus, db
from opensink_web.models.base import new_id
from opensink_web.models.prepared import PreparedResult
from opensink_web.models.transaction import is_outage, reading, run_prepared, writing
from tests.conftest import Cast

pytestmark = pytest.mark.usefixtures("on_each_database")
MOMENT = datetime(2030, 1, 31, 12, 30, 15, 123456, tzinfo=UTC)
_ADD = insert(Agent)
_ADD_DELIVERY = insert(Delivery)
_FIND = select(Agent.id, Agent.name, Agent.created_at, Agent.initial_messages).where(
    Agent.id == bindparam("of_agent")
)
_RENAME = update(Agent).where(Agent.id == bindparam("of_agent"))
_DELETE = delete(Agent).where(Agent.id == bindparam("of_agent"))
_NAMES = select(Agent.name).where(Agent.id.in_(bindparam("of_agents", expanding=True)))
_STATUSES = select(Delivery.status, Delivery.kind, literal(7).label("seven")).where(
    Delivery.status == DeliveryStatus.PENDING, Delivery.agent_id == bindparam("of_agent")
)


def add_agent(cast: Cast, agent_id: UUID | None = None) -> UUID:
    """Insert an agent."""
    values = {
        "id": agent_id or new_id(),
        "workspace_id": cast.alice.workspace_id,
        "name": "100 % ä:b",
        "slug": "prepared",
        "created_at": MOMENT,
        "updated_at": MOMENT,
        "initial_messages": [{"role": "user"}],
    }
    assert run_prepared(_ADD, values).rowcount == 1
    return values["id"]  # type: ignore[return-value]  # an id


def test_values_come_back_as_they_went_in(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with writing():
            agent_id = add_agent(cast)
        with reading():
            found = run_prepared(_FIND, {"of_agent": agent_id})
            assert isinstance(found, PreparedResult), "it was left to SQLAlchemy"
            row = found.one()
            assert tuple(row) == (agent_id, "100 % ä:b", MOMENT, [{"role": "user"}])
            assert (row.name, row.created_at.tzinfo) == ("100 % ä:b", UTC)


def test_what_is_not_given_has_its_default_and_stands_in_the_statement(
    app: Flask, cast: Cast
) -> None:
    with app.app_context(), writing():
        agent_id = add_agent(cast)
        given = {"workspace_id": cast.alice.workspace_id, "agent_id": agent_id}
        more = {"id": new_id(), "kind": DeliveryKind.TEST, "business_key": "k"}
        moments = {"created_at": MOMENT, "updated_at": MOMENT, "next_at": MOMENT}
        run_prepared(_ADD_DELIVERY, given | more | moments)
        rows = run_prepared(_STATUSES, {"of_agent": agent_id}).all()
        assert [tuple(row) for row in rows] == [(DeliveryStatus.PENDING, DeliveryKind.TEST, 7)]


def test_it_says_how_many_rows_were_hit(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        agent_id = add_agent(cast)
        assert run_prepared(_RENAME, {"of_agent": agent_id, "name": "New"}).rowcount == 1
        assert run_prepared(_RENAME, {"of_agent": new_id(), "name": "New"}).rowcount == 0
        # given other values it is another statement
        assert run_prepared(_RENAME, {"of_agent": agent_id, "slug": "other"}).rowcount == 1
        agent = db.session.get_one(Agent, agent_id)
        assert (agent.name, agent.slug) == ("New", "other")
        assert agent.updated_at > MOMENT.replace(year=2020), "the column's own onupdate"
        assert run_prepared(_DELETE, {"of_agent": agent_id}).rowcount == 1


def test_lists_are_left_to_sqlalchemy(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        agent_id = add_agent(cast)
        for ids in ([agent_id], [agent_id, new_id()], []):
            assert run_prepared(_NAMES, {"of_agents": ids}).scalars().all() == (
                ["100 % ä:b"] if ids else []
            )


def test_who_listens_is_told(app: Flask, cast: Cast) -> None:
    said: list[str] = []

    def note(_connection: object, _cursor: object, said_now: str, *_: object) -> None:
        said.append(said_now)

    with app.app_context(), reading():
        run_prepared(_FIND, {"of_agent": new_id()})
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            run_prepared(_FIND, {"of_agent": new_id()})
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert len(said) == 1


def test_errors_are_sqlalchemys_and_tell_no_value(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with writing():
            agent_id = add_agent(cast)
        with reading(), pytest.raises(IntegrityError) as refused:
            add_agent(cast, agent_id)
        assert "100 %" not in str(refused.value)
        with reading(), pytest.raises(DBAPIError, match="nowhere") as unknown:
            run_prepared(text("SELECT a FROM nowhere WHERE a = :it"), {"it": "what was sent"})
        assert "what was sent" not in str(unknown.value)
        assert not is_outage(unknown.value)


def test_a_value_that_is_missing_is_an_error_that_says_which(app: Flask, cast: Cast) -> None:
    with app.app_context(), reading(), pytest.raises(Exception, match="of_agent"):
        run_prepared(_FIND, {})


def test_what_fails_within_a_savepoint_takes_back_that_alone(app: Flask, cast: Cast) -> None:
    with app.app_context():
        with writing():
            agent_id = add_agent(cast)
            run_prepared(_RENAME, {"of_agent": agent_id, "name": "Before"})
            with suppress(IntegrityError), db.session.begin_nested():
                run_prepared(_RENAME, {"of_agent": agent_id, "name": "Within"})
                add_agent(cast, agent_id)
            run_prepared(_RENAME, {"of_agent": agent_id, "slug": "after"})
        agent = db.session.get_one(Agent, agent_id)
        assert (agent.name, agent.slug) == ("Before", "after")
