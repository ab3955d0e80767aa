"""Making the demo's agent: once, for an admin, with a key that is replaced each time."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web import clock
from opensink_web.demo.trading_agent import AgentSettings
from opensink_web.errors import ConfigurationError, NotFound
from opensink_web.models import Agent, ApiKey, Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.api_key import principal_of_key
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.accounts.user import change_role
from opensink_web.operations.agents.signing_secret import rotate_signing_secret, signing_secret_of
from opensink_web.operations.demo import (
    IN_TERMINAL,
    KEY_NAME,
    SUPERVISED,
    DemoKind,
    demo_owner,
    is_current,
    prepare_demo,
    revoke_demo_key,
)
from opensink_web.outbound.policy import EndpointPolicy
from tests.conftest import Cast, Person
from tests.support.scenarios import admin_of

BASE_URL = "http://127.0.0.1:7465"
LOOPBACK = EndpointPolicy.from_entries(("127.0.0.0/8",))


@pytest.fixture(autouse=True)
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def prepare(
    person: Person,
    kind: DemoKind = SUPERVISED,
    port: int = 5001,
    policy: EndpointPolicy = LOOPBACK,
) -> AgentSettings:
    with writing():
        workspace = db.session.get_one(Workspace, person.workspace_id)
        owner = Principal(workspace, db.session.get_one(User, person.id), Role.ADMIN)
        return prepare_demo(owner, policy, kind, base_url=BASE_URL, port=port)


def agents() -> list[Agent]:
    return list(db.session.scalars(select(Agent).order_by(Agent.id)))


def serves(settings: AgentSettings, person: Person) -> bool:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    return is_current(settings, workspace, base_url=BASE_URL)


def test_makes_an_agent_that_is_called_on_loopback(cast: Cast) -> None:
    settings = prepare(cast.alice)
    (agent,) = agents()
    assert settings.agent_id == str(agent.id)
    assert (agent.namespace, agent.slug) == ("default", "trading-demo")
    assert agent.execution_endpoint is not None
    assert agent.execution_endpoint["url"] == "http://127.0.0.1:5001/execute"
    workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
    assert settings.secret == signing_secret_of(workspace, agent)


def test_its_key_does_what_the_agent_does_and_no_more(cast: Cast) -> None:
    speaker = principal_of_key(prepare(cast.alice).api_key)
    assert speaker is not None
    assert speaker.user.email == cast.alice.email
    assert speaker.may("agent_sessions", Action.WRITE)
    assert speaker.may("agent_session_activities", Action.WRITE)
    assert not speaker.may("agents", Action.READ)


def test_keeps_the_agent_and_what_was_changed_of_it(cast: Cast) -> None:
    prepare(cast.alice)
    with writing():
        agents()[0].name = "My desk"
    settings = prepare(cast.alice, port=5002)
    (agent,) = agents()
    assert agent.name == "My desk"
    assert agent.execution_endpoint is not None
    assert agent.execution_endpoint["url"] == "http://127.0.0.1:5002/execute"
    assert serves(settings, cast.alice)


def test_the_terminals_agent_is_another_and_its_key_expires(cast: Cast) -> None:
    supervised = prepare(cast.alice)
    prepare(cast.alice, IN_TERMINAL, port=5002)
    assert [agent.slug for agent in agents()] == ["trading-demo", "trading-demo-terminal"]
    assert serves(supervised, cast.alice)
    keys = select(ApiKey.expires_at).where(ApiKey.name == KEY_NAME).order_by(ApiKey.id)
    unlimited, limited = db.session.scalars(keys)
    assert unlimited is None
    assert limited is not None
    assert limited <= clock.now() + timedelta(days=1)


def test_refuses_where_loopback_is_not_called(cast: Cast) -> None:
    with pytest.raises(ConfigurationError, match="EXECUTION_ENDPOINT_HOSTS"):
        prepare(cast.alice, policy=EndpointPolicy())
    assert agents() == []


@pytest.mark.parametrize(
    "change",
    [{"api_key": "osk_"}, {"agent_id": "x"}, {"secret": "x"}, {"base_url": "x"}, {"port": 5002}],
)
def test_settings_with_anything_else_do_not_serve(cast: Cast, change: dict[str, Any]) -> None:
    settings = prepare(cast.alice)
    assert serves(settings, cast.alice)
    assert not serves(replace(settings, **change), cast.alice)


def test_settings_of_another_workspace_do_not_serve(cast: Cast) -> None:
    settings = prepare(cast.alice)
    prepare(cast.charlie)
    assert not serves(settings, cast.charlie)


def test_settings_do_not_serve_once_the_secret_was_rotated(cast: Cast) -> None:
    settings = prepare(cast.alice)
    with writing():
        rotate_signing_secret(db.session.get_one(Workspace, cast.alice.workspace_id), agents()[0])
    assert not serves(settings, cast.alice)


def test_settings_do_not_serve_once_their_owner_may_too_little(cast: Cast) -> None:
    settings = prepare(cast.alice)
    with writing():
        by = admin_of(cast.alice.workspace_id)
        change_role(by, cast.bob.id, Role.ADMIN)
        change_role(by, cast.alice.id, Role.VIEWER)
    assert not serves(settings, cast.bob)


def test_a_revoked_key_opens_nothing(cast: Cast) -> None:
    settings = prepare(cast.alice)
    with writing():
        revoke_demo_key(settings)
    assert principal_of_key(settings.api_key) is None
    assert not serves(settings, cast.alice)


def test_the_owner_is_the_first_admin_or_who_is_named(cast: Cast) -> None:
    assert demo_owner(None).user.email == cast.alice.email
    charlie = demo_owner(" Charlie@Example.com ")
    assert charlie.user.email == cast.charlie.email
    assert charlie.workspace.id == cast.charlie.workspace_id


@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
def test_nobody_but_an_admin_can_own_it(cast: Cast, email: str) -> None:
    with pytest.raises(NotFound, match="user create"):
        demo_owner(email)


def test_without_an_account_there_is_no_owner() -> None:
    with pytest.raises(NotFound, match="There is no admin yet"):
        demo_owner(None)
