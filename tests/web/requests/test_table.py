"""Requests of one schema as a table: cells to fill in, rows to send, one answer for all."""

import re
from collections.abc import Sequence
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.json_value import JSONValue
from opensink_web.models import InputRequestStatus
from opensink_web.operations.requests.digest import digest_of_request
from tests.conftest import Cast
from tests.support.bulk_cases import AMOUNT, Inside, marks_of, marks_on, request_by_id

INBOX = "/w/main/inbox"
TABLE = f"{INBOX}/table"
PENDING, HELD = InputRequestStatus.PENDING, InputRequestStatus.HELD
LISTS: JSONValue = {
    "type": "object",
    "required": ["names"],
    "properties": {"names": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
}


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


def cell(request_id: UUID, number: int = 0) -> str:
    return f"row{request_id.hex}-{number}"


def digest_of_shown(inside: Inside, request_id: UUID) -> str:
    with inside.app.app_context():
        return digest_of_request(request_by_id(request_id))


def send(
    browser: FlaskClient, ids: Sequence[UUID], cells: dict[str, str], **more: str
) -> TestResponse:
    """Send the table with these cells filled in and these rows ticked."""
    rows = marks_on(browser, TABLE, "row")
    data = {"row": list(rows.values()), "chosen": [rows[str(each)] for each in ids]}
    return browser.post(TABLE, data={**data, **cells, **more})


def test_each_row_gets_its_own_answer(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    ids = inside.ask(cast.alice, 3, AMOUNT)
    html = bob.get(TABLE).text
    assert "3 requests as a table" in html
    assert html.count('<th scope="col" dir="auto" hx-disable>Amount') == 1
    posted = send(bob, ids[:2], {cell(ids[0]): "7", cell(ids[1]): "8", cell(ids[2]): "9"})
    assert posted.status_code == 303
    assert "2 decided" in bob.get(posted.location).text
    assert [inside.of(each, "response") for each in ids] == [{"amount": 7}, {"amount": 8}, None]


def test_a_wrong_cell_is_marked_and_nothing_is_sent(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    ids = inside.ask(cast.alice, 2, AMOUNT)
    page = send(bob, ids, {cell(ids[0]): "7", cell(ids[1]): "0"})
    assert page.status_code == 422
    assert f'id="{cell(ids[1])}-error"' in page.text
    assert re.search(rf'id="{cell(ids[0])}"[^>]*value="7"', page.text)
    assert page.text.count(" checked") == 2
    assert inside.statuses(ids) == [PENDING, PENDING]


def test_with_nothing_ticked_it_says_so_and_keeps_what_was_typed(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1, AMOUNT)
    page = send(bob, [], {cell(only): "7"})
    assert page.status_code == 422
    assert "Tick the rows" in page.text
    assert 'value="7"' in page.text


def test_one_answer_for_all_that_are_ticked(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    ids = inside.ask(cast.alice, 3, AMOUNT)
    send(bob, ids[1:], {"all-0": "5", cell(ids[1]): "6"}, all="1")
    assert [inside.of(each, "response") for each in ids] == [None, {"amount": 5}, {"amount": 5}]


def test_calls_are_made_with_what_was_edited(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    ids = inside.approvals(cast.alice, 2)
    send(bob, ids, {cell(ids[0]): "1", cell(ids[1]): "3"})
    assert [inside.of(each, "edited") for each in ids] == [[], ["/amount"]]


def test_what_asks_for_something_else_has_a_table_of_its_own(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    forms = inside.ask(cast.alice, 2, AMOUNT)
    (other,) = inside.ask(cast.alice, 1)
    html = bob.get(TABLE).text
    assert f"request-{other}" not in html
    assert "1 other asks for something else." in html
    href = re.search(r'href="([^"]+)">Show them as a table', html)
    assert href is not None
    others = bob.get(href[1].replace("&amp;", "&")).text
    assert f"request-{other}" in others
    assert f"request-{forms[0]}" not in others


def test_rows_that_were_chosen_are_shown_alone(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    ids = inside.ask(cast.alice, 3, AMOUNT)
    marks = marks_of(bob, INBOX, ids[:2])
    posted = bob.post(f"{TABLE}/choose", data={"chosen": marks})
    assert posted.status_code == 303
    html = bob.get(posted.location).text
    assert f"request-{ids[1]}" in html
    assert f"request-{ids[2]}" not in html


def test_what_has_no_cell_has_to_be_opened(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    (only,) = inside.ask(cast.alice, 1, LISTS)
    html = bob.get(TABLE).text
    assert "Names has to be looked at" in html
    assert 'name="chosen"' not in html
    page = send(bob, [only], {})
    assert page.status_code == 422
    assert inside.statuses([only]) == [PENDING]


@pytest.mark.parametrize("for_all", [{}, {"all": "1"}])
def test_a_form_that_was_made_up_cannot_decide_what_has_to_be_opened(
    cast: Cast, bob: FlaskClient, inside: Inside, for_all: dict[str, str]
) -> None:
    names: JSONValue = {"type": "array", "items": {"type": "string"}, "default": ["Mallory"]}
    schema: JSONValue = {"type": "object", "properties": {"n": {"type": "integer"}, "names": names}}
    (only,) = inside.ask(cast.alice, 1, schema)
    mark = f"{only}.{digest_of_shown(inside, only)}"
    cells = {cell(only): "1", f"row{only.hex}-undrawn": "1", "all-0": "1", "all-undrawn": "1"}
    page = bob.post(TABLE, data={"row": mark, "chosen": mark, **cells, **for_all})
    assert page.status_code == 422
    assert "Names has to be looked at" in page.text
    assert inside.statuses([only]) == [PENDING]


def test_the_message_is_read_here_or_the_request_is_opened(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    short, long = inside.ask(cast.alice, 2, AMOUNT)
    inside.change(short, digest=None, message="Pay Bob.\n\nAnd [Mallory](https://m.example).")
    inside.change(long, digest=None, message="Pay Bob. " * 500)
    assert "And [Mallory](https://m.example)." in bob.get(TABLE).text
    assert list(marks_on(bob, TABLE)) == [str(short)]
    page = send(bob, [short, long], {cell(short): "1", cell(long): "1"})
    assert "its message has to be looked at" in page.text
    assert inside.statuses([short, long]) == [PENDING, PENDING]


def test_what_the_schema_says_of_all_fields_stands_above_them(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    properties: JSONValue = {"n": {"type": "integer"}}
    words = "In **cents**."
    schema: JSONValue = {"type": "object", "properties": properties, "description": words}
    inside.ask(cast.alice, 1, schema)
    assert "In <strong>cents</strong>." in bob.get(TABLE).text


def test_what_is_not_there_any_more_is_named(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    (only,) = inside.ask(cast.alice, 1, AMOUNT)
    (mark,) = marks_on(bob, TABLE, "row").values()
    gone = f"{UUID(int=1)}.x"
    data = {"row": [mark, gone], "chosen": [mark, gone], cell(only): "1"}
    assert "1 decided, 1 not" in bob.post(TABLE, data=data, follow_redirects=True).text


def test_fields_that_come_and_go_make_no_table(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    schema: JSONValue = {
        "type": "object",
        "properties": {"a": {"type": "boolean"}},
        "if": {"properties": {"a": {"const": True}}, "required": ["a"]},
        "then": {"properties": {"b": {"type": "string"}}, "required": ["b"]},
    }
    inside.ask(cast.alice, 1, schema)
    assert "No table can be made" in bob.get(TABLE).text


def test_nothing_waits(bob: FlaskClient, inside: Inside) -> None:
    assert "No table can be made" in bob.get(TABLE).text


def test_who_was_faster_is_named(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    ids = inside.ask(cast.alice, 2, AMOUNT)
    rows = list(marks_on(bob, TABLE, "row").values())
    cells = {cell(ids[0]): "7", cell(ids[1]): "8"}
    send(alice, ids[:1], {cell(ids[0]): "1"})
    posted = bob.post(TABLE, data={"row": rows, "chosen": rows, **cells})
    html = bob.get(posted.location).text
    assert "1 decided, 1 not" in html
    assert "already answered by alice@example.com" in html


def test_another_workspaces_is_not_there(cast: Cast, charlie: FlaskClient, inside: Inside) -> None:
    (theirs,) = inside.ask(cast.alice, 1, AMOUNT)
    (own,) = inside.ask(cast.charlie, 1, AMOUNT)
    assert charlie.get(TABLE).status_code == 404
    elsewhere = "/w/elsewhere/inbox/table"
    assert "Number 0" in charlie.get(elsewhere).text
    assert str(theirs) not in charlie.get(f"{elsewhere}?ids={theirs.hex},{own.hex}").text
    data = {"row": f"{theirs}.x", "chosen": f"{theirs}.x", cell(theirs): "1"}
    assert charlie.post(elsewhere, data=data).status_code == 404
    assert inside.statuses([theirs]) == [PENDING]


@pytest.mark.parametrize("path", [f"{TABLE}?ids=x", f"{TABLE}?ids={UUID(int=1)},y"])
def test_what_is_no_id_is_refused(bob: FlaskClient, path: str, inside: Inside) -> None:
    assert bob.get(path).status_code == 400


def test_what_was_proposed_and_has_no_cell_is_not_sent_unseen(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    names: JSONValue = {"type": "array", "items": {"type": "string"}, "default": ["Mallory"]}
    schema: JSONValue = {
        "type": "object",
        "required": ["amount"],
        "properties": {"amount": {"type": "integer"}, "names": names},
    }
    inside.ask(cast.alice, 2, schema)
    assert "Names has to be looked at" in bob.get("/w/main/inbox/table").text
    assert marks_on(bob, "/w/main/inbox/table") == {}
