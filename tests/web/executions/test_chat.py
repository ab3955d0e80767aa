"""A chat with an agent, and the first messages of an agent's form."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.outbound.outcome import AgentReply
from tests.conftest import Cast
from tests.support.chats import chat_input, make_agent, submit_some
from tests.support.executions import claim_some, finish_all

AGENTS = "/w/main/admin/agents"
FIRST = '[{"role": "system", "content": "You speak {{ language }}."}]'


@pytest.fixture
def chat(app: Flask, cast: Cast) -> tuple[UUID, UUID]:
    """Alice's chat with an agent that has answered, and its execution."""
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.alice, agent_id, [chat_input("**Hello**", city="Bern")])
        reply = AgentReply("assistant", "<script>x</script> *Hi*", [{"name": "look_up"}])
        finish_all(claim_some(agent_id), reply)
        return submitted.chat_ids[0], submitted.execution_ids[0]


def test_shows_what_was_said(bob: FlaskClient, cast: Cast, chat: tuple[UUID, UUID]) -> None:
    chat_id, execution_id = chat
    html = bob.get(f"/w/main/chats/{chat_id}").text
    assert html.index("<strong>Hello</strong>") < html.index("<em>Hi</em>")
    assert "&lt;script&gt;x" in html
    for text in ("look_up", "Bern", cast.alice.email, f"/executions/{execution_id}"):
        assert text in html


def test_parts_are_shown_as_json(app: Flask, bob: FlaskClient, cast: Cast) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.alice, agent_id, [chat_input()])
        parts = AgentReply("assistant", [{"type": "text", "text": "a part"}], None)
        finish_all(claim_some(agent_id), parts)
    assert "a part" in bob.get(f"/w/main/chats/{submitted.chat_ids[0]}").text


@pytest.mark.parametrize("role", ["user", "system", "developer", "alice@example.com"])
def test_what_an_agent_answered_is_its_own_word_whatever_role_it_gave(
    app: Flask, bob: FlaskClient, cast: Cast, role: str
) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submitted = submit_some(cast.bob, agent_id, [chat_input("Question")])
        finish_all(claim_some(agent_id), AgentReply(role, "Approved.", None))
    html = bob.get(f"/w/main/chats/{submitted.chat_ids[0]}").text
    headings = re.findall(r"<h2>(.*?)</h2>", html)
    assert headings[:2] == ["User", "Agent"]
    assert f'<p class="mono text-soft" hx-disable>{role}</p>' in html


def test_an_execution_leads_to_its_chat(bob: FlaskClient, chat: tuple[UUID, UUID]) -> None:
    chat_id, execution_id = chat
    assert f"/w/main/chats/{chat_id}" in bob.get(f"/w/main/executions/{execution_id}").text


def test_other_workspaces_see_no_chat(charlie: FlaskClient, chat: tuple[UUID, UUID]) -> None:
    assert charlie.get(f"/w/main/chats/{chat[0]}").status_code == 404
    assert charlie.get(f"/w/elsewhere/chats/{chat[0]}").status_code == 404


def test_first_messages_are_typed_as_json_and_shown_again(alice: FlaskClient) -> None:
    answer = alice.post(f"{AGENTS}/new", data={"name": "Clerk", "first_messages": FIRST})
    assert answer.status_code == 303
    html = alice.get(f"{answer.location.partition('?')[0]}/edit").text
    assert "&#34;content&#34;: &#34;You speak {{ language }}.&#34;" in html


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("nonsense", "not valid JSON"),
        ('{"role": "system"}', "Enter a JSON list"),
        ('[{"role": "system", "content": "{{ x"}]', "/0/content: Line 1"),
        ('[{"role": "boss", "content": "x"}]', "/0/role: The role is one of"),
    ],
)
def test_what_are_no_first_messages_is_told_and_stays(
    alice: FlaskClient, typed: str, told: str
) -> None:
    answer = alice.post(f"{AGENTS}/new", data={"name": "Clerk", "first_messages": typed})
    assert answer.status_code == 422
    assert told in answer.text
    assert typed.replace('"', "&#34;") in answer.text


def test_an_agent_that_is_at_work_is_not_deleted(
    app: Flask, alice: FlaskClient, cast: Cast
) -> None:
    with app.app_context():
        agent_id = make_agent(cast.alice)
        submit_some(cast.alice, agent_id, [chat_input()])
    answer = alice.post(f"{AGENTS}/{agent_id}/delete", follow_redirects=True)
    assert "Executions of this agent are not finished" in answer.text
