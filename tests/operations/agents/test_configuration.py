"""Configurations, where several write at once, and where their agent is deleted."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.errors import Conflict
from opensink_web.json_value import JSONValue
from opensink_web.models import AgentConfiguration, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent, delete_agent, lock_agent
from opensink_web.operations.agents.configuration import (
    ConfigurationFields,
    check_configuration,
    create_configuration,
)
from opensink_web.operations.agents.configuration_queries import active_in, newest_of
from opensink_web.operations.deletion import delete_some_left
from opensink_web.schema.secrets import HIDDEN, without_secret_proposals
from tests.conftest import Cast, Person
from tests.support.scenarios import POLICY

pytestmark = pytest.mark.server


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


def new_agent(person: Person) -> UUID:
    with writing():
        return create_agent(workspace_of(person), POLICY, name="Trader").id


def make(person: Person, agent_id: UUID, fields: ConfigurationFields) -> int:
    with reading():
        checked = check_configuration(workspace_of(person), agent_id, fields)
    with writing():
        agent = lock_agent(workspace_of(person), agent_id)
        return create_configuration(agent, checked).version


@pytest.mark.usefixtures("on_each_database")
def test_versions_made_at_once_each_get_their_own_number(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = new_agent(cast.alice)

    def make_one(number: int) -> int:
        with app.app_context():
            variant = "bold" if number % 2 else "default"
            return make(cast.alice, agent_id, ConfigurationFields(variant, value={"n": number}))

    with ThreadPoolExecutor(8) as threads:
        versions = sorted(threads.map(make_one, range(16)))
    assert versions == list(range(2, 18))
    with app.app_context(), reading():
        rows = db.session.scalars(select(AgentConfiguration)).all()
        of_variants: dict[str, list[int]] = {"bold": [], "default": []}
        for each in rows:
            of_variants[each.variant].append(each.variant_version)
        assert sorted(of_variants["bold"]) == list(range(1, 9))
        assert sorted(of_variants["default"]) == list(range(1, 10))
        newest = {each.variant: each.variant_version for each in rows if each.is_newest}
        assert newest == {"bold": 8, "default": 9}
        active = active_in(workspace_of(cast.alice), agent_id)
        assert active == newest_of(agent_id, "default")


def test_what_carries_over_is_what_it_was_checked_with(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id = new_agent(cast.alice)
        schema_alone = ConfigurationFields(schema={"maxProperties": 0})
        with reading():
            checked = check_configuration(workspace_of(cast.alice), agent_id, schema_alone)
            seen_id = newest_of(agent_id, "default").id  # type: ignore[union-attr]
        make(cast.alice, agent_id, ConfigurationFields(value={"a": 1}))
        with writing():
            agent = lock_agent(workspace_of(cast.alice), agent_id)
            with pytest.raises(Conflict):
                create_configuration(agent, checked)
        with reading():
            whole = ConfigurationFields(schema={}, value={"b": 1})
            checked = check_configuration(workspace_of(cast.alice), agent_id, whole)
        with writing():
            agent = lock_agent(workspace_of(cast.alice), agent_id)
            with pytest.raises(Conflict):
                create_configuration(agent, checked, seen_id=seen_id)
        with reading():
            assert active_in(workspace_of(cast.alice), agent_id).value == {"a": 1}


@pytest.mark.parametrize("keeps", ["value", "schema"])
def test_a_secret_that_was_kept_is_the_newest_ones(app: Flask, cast: Cast, keeps: str) -> None:
    schema: JSONValue = {"properties": {"token": {"writeOnly": True, "default": "s"}, "n": {}}}
    fields = (
        ConfigurationFields(value={"token": HIDDEN, "n": 1})
        if keeps == "value"
        else ConfigurationFields(schema=without_secret_proposals(schema), value={})
    )
    with app.app_context():
        agent_id = new_agent(cast.alice)
        make(cast.alice, agent_id, ConfigurationFields(schema=schema, value={"token": "old"}))
        with reading():
            checked = check_configuration(workspace_of(cast.alice), agent_id, fields)
        make(cast.alice, agent_id, ConfigurationFields(value={"token": "new"}))
        with writing():
            agent = lock_agent(workspace_of(cast.alice), agent_id)
            with pytest.raises(Conflict):
                create_configuration(agent, checked)
        assert make(cast.alice, agent_id, fields) == 4


def test_they_go_with_their_agent(app: Flask, cast: Cast) -> None:
    with app.app_context():
        agent_id, other_id = new_agent(cast.alice), new_agent(cast.alice)
        make(cast.alice, agent_id, ConfigurationFields())
        with writing():
            delete_agent(workspace_of(cast.alice), agent_id)
        with reading():
            assert {each.agent_id for each in db.session.scalars(select(AgentConfiguration))} == {
                other_id
            }
        with writing():
            while delete_some_left():
                pass
        with reading():
            count = select(func.count()).select_from(AgentConfiguration.__table__)
            assert db.session.scalar(count) == 1
