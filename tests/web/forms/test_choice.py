"""Filters by an agent, a function or a member, however many of them there are."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select

from opensink_web.models import Agent, Function, Membership, Role, User, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import reading, writing
from opensink_web.web.forms.choice import OFFERED_MAX
from tests.conftest import Cast
from tests.support.executions import make_function, submit_one
from tests.support.many_rows import copy_row
from tests.support.scenarios import Waiting, ask_in

MANY = 5_000
PAGES = ("inbox", "sessions", "deliveries", "executions", "batches")
pytestmark = pytest.mark.usefixtures("on_each_database")


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    """Of 5,000 agents the one that has asked, last by name; and something to list everywhere."""
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        with writing():
            agent = db.session.get_one(Agent, waiting.agent_id)
            agent.name, agent.slug = "Zoe", "zoe"
        text = "CAST(n AS varchar(9))"
        values = {"name": f"'agent ' || {text}", "slug": f"'agent-' || {text}"}
        copy_row(Agent, waiting.agent_id, MANY - 1, values)
        submit_one(cast.alice, make_function(cast.alice))
    return waiting


def options_in(html: str) -> int:
    return len(re.findall("<option", html))


def shown(client: FlaskClient, cast: Cast, page: str, **query: str) -> str:
    answer = client.get(f"/w/{cast.alice.workspace_slug}/{page}", query_string=query)
    assert answer.status_code == 200
    return answer.text


def test_of_few_each_can_be_selected(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    with app.app_context():
        of_agent = ask_in(cast.alice, None).agent_id
        ask_in(cast.alice, None)
    html = shown(alice, cast, "sessions", agent=str(of_agent))
    assert f'<option value="{of_agent}" selected>' in html
    assert "<datalist" not in html
    inbox = shown(alice, cast, "inbox")
    assert f'inbox?agent={of_agent}">' in inbox  # a link of the menu
    assert f'inbox?agent={of_agent}" aria-current="true">' in shown(
        alice, cast, "inbox", agent=str(of_agent)
    )


@pytest.mark.usefixtures("waiting")
def test_of_five_thousand_no_page_offers_more_than_a_hundred(
    cast: Cast, alice: FlaskClient
) -> None:
    for page in PAGES:
        html = shown(alice, cast, page, view="")
        assert options_in(html) <= OFFERED_MAX + 20, page


@pytest.mark.parametrize("name", ["default/zoe", "zoe", "Zoe", " zOE "])
def test_any_other_is_chosen_by_what_it_is_called(
    cast: Cast, alice: FlaskClient, waiting: Waiting, name: str
) -> None:
    html = shown(alice, cast, "sessions", agent=name)
    assert 'name="agent" value="default/zoe"' in html
    assert str(waiting.session_id) in html
    assert 'value="default/zoe"' in shown(alice, cast, "sessions", agent=str(waiting.agent_id))
    inbox = shown(alice, cast, "inbox", agent=name)
    assert 'aria-label="Without Agent Zoe"' in inbox
    assert str(waiting.request_id) in inbox
    shown(alice, cast, "executions", target=name)


@pytest.mark.usefixtures("waiting")
def test_a_name_that_nobody_or_several_have_is_refused_in_words(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context(), writing():
        agents = db.session.scalars(select(Agent).order_by(Agent.id).limit(2)).all()
        for each in agents:
            each.name = "Twin"
    for name, words in (("Nobody", "no agent with this name"), ("twin", "Several agents")):
        answer = alice.get(f"/w/{cast.alice.workspace_slug}/sessions?agent={name}")
        assert answer.status_code in {400, 422}
        assert words in answer.text


def test_the_last_of_many_functions_is_chosen_by_its_name(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context():
        function_id = make_function(cast.alice)
        execution_id = submit_one(cast.alice, function_id)
        values = {"name": "'before-' || CAST(n AS varchar(9))", "namespace": "'a'"}
        copy_row(Function, function_id, 2 * OFFERED_MAX, values)
    for target, is_found in (("tests/work", True), ("a/before-7", False)):
        html = shown(alice, cast, "executions", target=target)
        assert f'name="target" value="{target}"' in html
        assert options_in(html) <= OFFERED_MAX + 20
        assert (str(execution_id) in html) is is_found


def test_the_last_of_many_members_is_chosen_by_address(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context():
        with writing():
            ids = [new_id() for _ in range(2 * OFFERED_MAX)]
            people = [{"id": each, "email": f"aa{each}@example.com"} for each in ids]
            db.session.execute(insert(User), people)
            member = {"workspace_id": cast.alice.workspace_id, "role": Role.VIEWER}
            db.session.execute(insert(Membership), [member | {"user_id": each} for each in ids])
        execution_id = submit_one(cast.alice, make_function(cast.alice))
        with reading():
            charlies = cast.charlie.id
    for user in (cast.alice.email, str(cast.alice.id)):
        html = shown(alice, cast, "executions", user=user)
        assert f'name="user" value="{cast.alice.email}"' in html
        assert str(execution_id) in html
        assert options_in(html) <= OFFERED_MAX + 20
    assert cast.charlie.email not in shown(alice, cast, "executions", user=str(charlies))
