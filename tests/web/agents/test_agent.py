"""Agents: the list, creating, changing and deleting one, and its endpoint."""

import re
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import Agent, SessionStatus, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent_session import start_session, update_session
from tests.conftest import Cast
from tests.support.agent_cases import (
    FORM,
    PAGE,
    SECRET,
    endpoint,
    ids_of_test_calls,
    lose_endpoint,
    made,
    stored,
)


@pytest.fixture
def agent_id(app: Flask, cast: Cast) -> UUID:
    return made(app, cast.alice.workspace_id, "Invoices")


@pytest.fixture
def page(agent_id: UUID) -> str:
    return f"{PAGE}/{agent_id}"


def names(app: Flask) -> set[str]:
    with app.app_context(), reading():
        return set(db.session.scalars(select(Agent.name)))


def test_a_list_without_agents_says_what_to_do(alice: FlaskClient) -> None:
    assert "No agents yet" in alice.get(PAGE).text


def test_the_list_shows_agents_and_how_they_learn_of_answers(
    app: Flask, cast: Cast, alice: FlaskClient, page: str
) -> None:
    made(app, cast.charlie.workspace_id, "Theirs")
    assert "polls" in alice.get(PAGE).text
    alice.post(f"{page}/endpoint", data=FORM)
    text = alice.get(PAGE).text
    assert "Invoices" in text
    assert "127.0.0.1" in text
    assert "Theirs" not in text


def test_many_agents_come_in_pages(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    for number in range(55):
        made(app, cast.alice.workspace_id, f"agent number {number:02}")
    first = alice.get(PAGE).text
    (older,) = re.findall(r'href="([^"]+)" rel="next"', first)
    assert "agent number 00" not in first
    assert "agent number 00" in alice.get(older).text


def test_an_agent_can_be_created(app: Flask, alice: FlaskClient) -> None:
    data = {"name": "Pay bills", "description": "a\r\nb", "namespace": "", "slug": ""}
    answer = alice.post(f"{PAGE}/new", data=data)
    assert answer.status_code == 303
    agent = stored(app, UUID(answer.location.rpartition("/")[2]))
    assert (agent.name, agent.description) == ("Pay bills", "a\nb")
    assert (agent.namespace, agent.slug) == ("default", "pay-bills")


def test_a_new_agents_page_says_how_to_connect_it(
    alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    text = alice.get(page).text
    assert "Connect it" in text
    assert "call /api/v1/agent-sessions" in text
    assert f'"agent_id": "{agent_id}"' in text


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": ""}, "name", "Enter a name."),
        ({"name": "n" * 256}, "name", "A name has 1 to 255 characters."),
        ({"namespace": "no blanks"}, "namespace", "A namespace stands in addresses"),
        ({"slug": "-x"}, "slug", "A slug stands in addresses"),
        ({"slug": "invoices"}, "slug", "An agent with this slug already exists"),
    ],
)
def test_what_is_wrong_with_an_agent_is_said_and_none_is_created(
    app: Flask,
    alice: FlaskClient,
    agent_id: UUID,
    changes: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    data = {"name": "Second", "description": "kept text", "namespace": "default", "slug": ""}
    answer = alice.post(f"{PAGE}/new", data=data | changes)
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert sentence in answer.text
    assert "kept text" in answer.text
    assert names(app) == {"Invoices"}


def test_an_agent_can_be_changed(app: Flask, alice: FlaskClient, agent_id: UUID, page: str) -> None:
    assert 'value="invoices"' in alice.get(f"{page}/edit").text
    data = {"name": "Bills", "description": "", "namespace": "finance", "slug": "bills"}
    assert alice.post(f"{page}/edit", data=data).location == page
    agent = stored(app, agent_id)
    assert (agent.name, agent.namespace, agent.slug) == ("Bills", "finance", "bills")


def test_a_change_that_is_wrong_changes_nothing(
    app: Flask, cast: Cast, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    made(app, cast.alice.workspace_id, "Other")
    data = {"name": "Bills", "namespace": "default", "slug": "other"}
    answer = alice.post(f"{page}/edit", data=data)
    assert answer.status_code == 422
    assert "An agent with this slug already exists" in answer.text
    assert stored(app, agent_id).name == "Invoices"


def test_an_agent_can_be_deleted(app: Flask, alice: FlaskClient, page: str) -> None:
    assert alice.post(f"{page}/delete").location == PAGE
    assert names(app) == set()
    assert alice.get(page).status_code == 404


def test_an_endpoint_is_stored_as_typed(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    data = FORM | SECRET | {"headers-7-name": "X-Team", "headers-7-value": "books"}
    answer = alice.post(f"{page}/endpoint", data=data | {"timeout_seconds": "2.5"})
    assert answer.location == page
    assert endpoint(app, agent_id) == {
        "url": "http://127.0.0.1:9/execute",
        "method": "POST",
        "headers": {"Authorization": "Bearer of news", "X-Team": "books"},
        "body": {"task": "go"},
        "timeout_seconds": 2.5,
        "retry": {"max_attempts": 1, "backoff": {"initial_seconds": 10, "max_seconds": 3600}},
    }
    assert ids_of_test_calls(app) == []


def test_the_waits_between_attempts_are_shown_by_example(alice: FlaskClient, page: str) -> None:
    assert "retry-example" not in alice.get(page).text, "nothing is tried again"
    retry = {"max_attempts": "4", "initial_seconds": "30", "max_seconds": "60"}
    alice.post(f"{page}/endpoint", data=FORM | retry)
    text = " ".join(alice.get(page).text.split())
    example = "made 4 times: at once, and then after random waits of up to 30 s and 1 min"
    assert f"{example} each further time." in text


def test_an_endpoint_needs_no_body_and_no_headers(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    rows = {"headers-0-name": "", "headers-0-value": ""}
    alice.post(f"{page}/endpoint", data=FORM | rows | {"body": "", "method": "GET"})
    kept = endpoint(app, agent_id)
    assert (kept["headers"], kept["body"], kept["timeout_seconds"]) == ({}, None, 30)


def test_a_credential_is_never_shown_and_stays_unless_it_is_changed(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    alice.post(f"{page}/endpoint", data=FORM | SECRET)
    text = alice.get(page).text
    assert "Bearer of news" not in text
    assert 'value="••••"' in text

    alice.post(f"{page}/endpoint", data=FORM | SECRET | {"headers-0-value": "••••"})
    assert endpoint(app, agent_id)["headers"] == {"Authorization": "Bearer of news"}
    alice.post(f"{page}/endpoint", data=FORM | SECRET | {"headers-0-value": "Bearer new"})
    assert endpoint(app, agent_id)["headers"] == {"Authorization": "Bearer new"}


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"url": ""}, "url", "Enter the address OpenSink should call."),
        ({"url": "ftp://127.0.0.1/"}, "url", "http"),
        ({"url": "http://10.0.0.1/"}, "url", "10.0.0.1 is not a public address"),
        ({"method": "PATCH"}, "method", "Not a valid choice"),
        ({"body": '{"a": 1,'}, "body", "This is not valid JSON"),
        ({"body": "[1]"}, "body", "The body must be a JSON object"),
        ({"timeout_seconds": "soon"}, "timeout_seconds", "Not a valid float value."),
        ({"timeout_seconds": "nan"}, "timeout_seconds", "between 1 and 300 seconds"),
        ({"timeout_seconds": "301"}, "timeout_seconds", "between 1 and 300 seconds"),
        ({"max_attempts": "11"}, "max_attempts", "There are 1 to 10 attempts."),
        ({"max_attempts": ""}, "max_attempts", "Enter a number."),
        ({"initial_seconds": "nan"}, "initial_seconds", "between 1 and 86400 seconds"),
        ({"initial_seconds": "60", "max_seconds": "30"}, "max_seconds", "between the first one"),
        ({"max_seconds": "inf"}, "max_seconds", "between the first one"),
        ({"headers-0-name": "Host"}, "headers", "The header Host is set by OpenSink itself"),
        ({"headers-0-name": "a/b~"}, "headers", "name may have letters, digits"),
        ({"headers-0-name": ""}, "headers", "name may have letters, digits"),
        ({"headers-0-value": "••••"}, "headers", "There is no stored value to keep here."),
        (
            {"headers-1-name": "authorization", "headers-1-value": "x"},
            "headers",
            "Each header can be configured only once.",
        ),
    ],
)
def test_what_is_wrong_with_an_endpoint_is_said_and_everything_typed_is_kept(
    app: Flask,
    alice: FlaskClient,
    agent_id: UUID,
    page: str,
    changes: dict[str, str],
    field: str,
    sentence: str,
) -> None:
    data = FORM | SECRET | changes
    answer = alice.post(f"{page}/endpoint", data=data | {"then": "test"})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert sentence in answer.text
    assert f'value="{data["headers-0-value"]}"' in answer.text
    assert data["timeout_seconds"] in answer.text
    assert stored(app, agent_id).execution_endpoint is None
    assert ids_of_test_calls(app) == []


@pytest.mark.parametrize("number", ["²", "9" * 5000, "", "-1", "٣"])
def test_a_header_in_no_row_is_none(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str, number: str
) -> None:
    row = {f"headers-{number}-name": "X-Lost", f"headers-{number}-value": "x"}
    assert alice.post(f"{page}/endpoint", data=FORM | SECRET | row).status_code == 303
    assert endpoint(app, agent_id)["headers"] == {"Authorization": "Bearer of news"}


@pytest.mark.parametrize(
    ("row", "status"),
    [({"headers-0-name": "X-A"}, 303), ({"headers-0-value": "x"}, 422)],
)
def test_half_a_row_is_a_header_with_an_empty_half(
    alice: FlaskClient, page: str, row: dict[str, str], status: int
) -> None:
    assert alice.post(f"{page}/endpoint", data=FORM | row).status_code == status


def test_a_refused_header_is_marked_in_its_row(alice: FlaskClient, page: str) -> None:
    rows = SECRET | {"headers-1-name": "webhook-id", "headers-1-value": "x"}
    text = alice.post(f"{page}/endpoint", data=FORM | rows).text
    assert 'aria-describedby="headers-1-error"' in text
    assert 'aria-describedby="headers-0-error"' not in text


def test_rows_of_headers_come_and_go_without_anything_being_stored(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    more = alice.post(f"{page}/endpoint", data=FORM | SECRET | {"add_header": "1", "url": ""})
    assert more.status_code == 200
    assert 'name="headers-1-name"' in more.text
    assert 'value="Bearer of news"' in more.text

    rows = SECRET | {"headers-1-name": "X-Team", "headers-1-value": "books"}
    less = alice.post(f"{page}/endpoint", data=FORM | rows | {"remove_header": "headers-0"})
    assert "Bearer of news" not in less.text
    assert 'value="books"' in less.text
    assert stored(app, agent_id).execution_endpoint is None


def test_enter_in_a_field_saves(alice: FlaskClient, page: str) -> None:
    """Enter presses a form's first button, which must not be one that takes a header away."""
    alice.post(f"{page}/endpoint", data=FORM | SECRET)
    form = alice.get(page).text.partition('id="endpoint-form"')[2].partition("</form>")[0]
    assert "name=" not in re.findall(r"<button[^>]*>", form)[0]


def test_an_endpoint_can_be_removed(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    alice.post(f"{page}/endpoint", data=FORM)
    assert alice.post(f"{page}/endpoint/remove").location == page
    assert stored(app, agent_id).execution_endpoint is None


@pytest.mark.parametrize("action", ["delete", "endpoint", "endpoint/test", "endpoint/remove"])
def test_changes_by_get_are_refused(alice: FlaskClient, page: str, action: str) -> None:
    assert alice.get(f"{page}/{action}").status_code == 405


def test_a_reviewer_may_not(app: Flask, bob: FlaskClient, agent_id: UUID, page: str) -> None:
    for address in (PAGE, f"{PAGE}/new", page, f"{page}/edit"):
        assert bob.get(address).status_code == 403
    for action in ("delete", "endpoint", "endpoint/test", "endpoint/remove", "edit"):
        assert bob.post(f"{page}/{action}", data=FORM).status_code == 403
    assert stored(app, agent_id).execution_endpoint is None


def test_nobody_from_elsewhere_reaches_an_agent(
    app: Flask, charlie: FlaskClient, agent_id: UUID, page: str
) -> None:
    in_their_own = page.replace("/w/main/", "/w/elsewhere/")
    for address in (page, in_their_own):
        assert charlie.get(address).status_code == 404
        for action in ("delete", "endpoint", "endpoint/test", "endpoint/remove", "edit"):
            data = FORM | {"name": "Mine", "namespace": "default", "slug": "mine"}
            assert charlie.post(f"{address}/{action}", data=data).status_code == 404
    assert stored(app, agent_id).name == "Invoices"


def test_signed_out_it_leads_to_the_sign_in(app: Flask, page: str) -> None:
    assert app.test_client().get(page).location == f"/sign-in?next={page}"


def test_an_endpoint_that_cannot_be_decrypted_can_be_entered_anew(
    app: Flask, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    alice.post(f"{page}/endpoint", data=FORM)
    lose_endpoint(app, agent_id)
    assert "its endpoint cannot be decrypted" in alice.get(PAGE).text
    shown = alice.get(page)
    assert shown.status_code == 200
    assert "a key that this server does not have" in shown.text
    assert alice.post(f"{page}/endpoint", data=FORM).status_code == 303
    assert endpoint(app, agent_id)["url"] == FORM["url"]


def test_says_of_an_older_session_that_failed_what_its_status_does_not(
    app: Flask, cast: Cast, alice: FlaskClient, agent_id: UUID, page: str
) -> None:
    def told() -> bool:
        return "An older session of this agent failed." in alice.get(page).text

    def begin() -> UUID:
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        return start_session(workspace, agent_id).id

    def fail(session_id: UUID) -> None:
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        update_session(workspace, session_id, status=SessionStatus.FAILED)

    with app.app_context(), writing():
        older = begin()
        fail(older)
    assert not told()
    with app.app_context(), writing():
        newest = begin()
    html = alice.get(page).text
    assert told()
    assert f"/w/main/sessions/{older}" in html
    assert "Running" in html
    with app.app_context(), writing():
        fail(newest)
    assert "that of the newest session" in alice.get(page).text
