"""Deciding in a row of the list: one click where one click is all, and undone by another."""

import re
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.models import InputRequestStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.holding import take_effect
from tests.conftest import Cast
from tests.support.bulk_cases import AMOUNT, HTMX, Inside, marks_on
from tests.support.review_cases import make_viewer
from tests.support.scenarios import SCHEMA

INBOX = "/w/main/inbox"
PENDING, HELD = InputRequestStatus.PENDING, InputRequestStatus.HELD


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


def row_of(html: str, request_id: UUID) -> str:
    """Return one row as the page has it."""
    _, _, rest = html.partition(f'id="request-{request_id}"')
    return rest.partition("</li>")[0]


def button(html: str, request_id: UUID, name: str) -> str:
    """Return the address of a button of a row, as it works without a script."""
    found = re.search(rf'id="{name}-{request_id}"[^>]*formaction="([^"]+)"', html)
    assert found is not None, f"there is no {name}"
    return found[1].replace("&amp;", "&")


@pytest.mark.parametrize(("name", "value"), [("yes", True), ("no", False)])
def test_one_boolean_is_answered_by_one_click(
    cast: Cast, bob: FlaskClient, name: str, value: bool, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    href = button(bob.get(INBOX).text, only, name)
    answer = bob.post(href, data={"verdict": name}, headers=HTMX)
    assert answer.status_code == 200
    assert f'id="undo-{only}"' in answer.text
    assert "by bob@example.com" in answer.text
    assert inside.of(only, "status") is HELD
    assert inside.of(only, "response") == {"approved": value}


def test_a_call_is_approved_as_it_is_proposed(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    (call,) = inside.approvals(cast.alice, 1)
    html = bob.get(INBOX).text
    assert f'id="no-{call}"' in html
    assert ">alice@example.com<" in row_of(html, call)
    bob.post(button(html, call, "yes"), data={"verdict": "yes"}, headers=HTMX)
    assert inside.of(call, "response") == {"amount": 1}


def test_a_call_is_declined_with_a_reason(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    (call,) = inside.approvals(cast.alice, 1)
    href = button(bob.get(INBOX).text, call, "yes")
    without = bob.post(href, data={"verdict": "decline", "reason": " "}, headers=HTMX)
    assert "Give a reason" in without.text
    assert inside.of(call, "status") is PENDING
    bob.post(href, data={"verdict": "decline", "reason": "Too much."}, headers=HTMX)
    assert inside.of(call, "decline_reason") == "Too much."


def test_what_has_more_to_fill_in_has_no_buttons(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    with_default: JSONValue = {
        "type": "object",
        "required": ["ok"],
        "properties": {"ok": {"type": "boolean"}, "limit": {"type": "integer", "default": 5}},
    }
    ids = [*inside.ask(cast.alice, 1, AMOUNT), *inside.ask(cast.alice, 1, with_default)]
    html = bob.get(INBOX).text
    for each in ids:
        assert f'id="choose-{each}"' in html
        assert f'id="yes-{each}"' not in html


def test_the_words_are_the_schemas_own(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    choice: JSONValue = {
        "oneOf": [{"const": True, "title": "Sell"}, {"const": False, "title": "Keep"}]
    }
    schema: JSONValue = {"type": "object", "required": ["sell"], "properties": {"sell": choice}}
    (only,) = inside.ask(cast.alice, 1, schema)
    row = row_of(bob.get(INBOX).text, only)
    assert ">Sell<" in row
    assert ">Keep<" in row


def test_without_a_script_it_leads_back_to_the_same_list(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    href = button(bob.get(f"{INBOX}?order=newest&key=k").text, only, "yes")
    answer = bob.post(href, data={"verdict": "yes"})
    assert answer.status_code == 303
    assert answer.location == f"{INBOX}?order=newest&key=k&last={only}"


def test_undo_brings_it_back(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    (only,) = inside.ask(cast.alice, 1)
    href = button(bob.get(INBOX).text, only, "yes")
    held = bob.post(href, data={"verdict": "yes"}, headers=HTMX).text
    answer = bob.post(button(held, only, "undo"), headers=HTMX)
    assert f'id="yes-{only}"' in answer.text
    assert inside.of(only, "status") is PENDING


def test_undone_too_late_says_so_without_a_script_too(
    app: Flask, cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    href = button(bob.get(INBOX).text, only, "yes")
    held = bob.post(href, data={"verdict": "yes"}, headers=HTMX).text
    with app.app_context(), writing():
        take_effect(only)
    answer = bob.post(button(held, only, "undo"), follow_redirects=True)
    assert "so it cannot be undone" in answer.text


def test_who_was_faster_is_named_in_the_row(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    href = button(bob.get(INBOX).text, only, "yes")
    alice.post(href, data={"verdict": "no"}, headers=HTMX)
    late = bob.post(href, data={"verdict": "yes"}, headers=HTMX)
    assert "already answered by alice@example.com" in late.text
    assert f'id="undo-{only}"' not in late.text
    assert inside.of(only, "response") == {"approved": False}
    page = bob.post(href, data={"verdict": "yes"}, follow_redirects=True)
    assert "already answered by alice@example.com" in page.text


def test_what_was_changed_meanwhile_is_not_decided(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    href = button(bob.get(INBOX).text, only, "yes")
    inside.change(only, digest="another")
    answer = bob.post(href, data={"verdict": "yes"}, headers=HTMX)
    assert "changed while you had it open" in answer.text
    assert inside.of(only, "status") is PENDING


@pytest.mark.parametrize("seen", ["", "?seen=", f"?seen={'0' * 64}"])
@pytest.mark.parametrize("verdict", ["yes", "no", "decline"])
def test_without_a_word_on_what_was_seen_nothing_is_decided(
    cast: Cast, bob: FlaskClient, seen: str, verdict: str, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    form = {"verdict": verdict, "reason": "No."}
    answer = bob.post(f"/w/main/requests/{only}/row{seen}", data=form, headers=HTMX)
    assert "changed while you had it open" in answer.text
    assert inside.of(only, "status") is PENDING


HIDDEN = "Pay 5\u200b0"


@pytest.mark.parametrize(
    "changed",
    [
        {"message": "Pay Bob.\n\nAnd Mallory."},
        {"message": "Pay Bob. " * 20},
        {"message": HIDDEN},
        {"title": HIDDEN},
        {"title": "Pay " + "Bob " * 60},
        {"message": "Pay ~~nobody~~ Bob."},
        {"message": "Pay [Bob](https://mallory.example)."},
        {"message": "!!!\nPay Bob."},
        {"message": "100. Pay Bob."},
    ],
    ids=[
        *("more lines", "a long line", "hidden in it", "hidden in the title", "a long title"),
        *("crossed out", "a link", "a line of signs", "a number"),
    ],
)
def test_what_is_not_all_to_be_seen_in_the_row_has_to_be_opened(
    cast: Cast, bob: FlaskClient, changed: dict[str, str], inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    inside.change(only, digest=None, **changed)
    row = row_of(bob.get(INBOX).text, only)
    assert f'id="yes-{only}"' not in row
    assert f'id="look-{only}"' in row
    seen = marks_on(bob, INBOX)[str(only)].partition(".")[2]
    for verdict in ("yes", "no"):
        href = f"/w/main/requests/{only}/row?seen={seen}"
        answer = bob.post(href, data={"verdict": verdict}, headers=HTMX)
        assert "does not show all of this" in answer.text
    assert inside.of(only, "status") is PENDING


def test_a_call_is_approved_in_its_row_where_all_of_its_input_stands_there(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    short, long = inside.approvals(cast.alice, 2)
    inside.change(short, digest=None, proposed_response={"amount": 1, "to": "Bob" * 60})
    inside.change(long, digest=None, proposed_response={"amount": 1, "to": "Bob" * 80})
    html = bob.get(INBOX).text
    assert "Bob" * 60 in row_of(html, short)
    assert f'id="yes-{short}"' in html
    assert f'id="yes-{long}"' not in html
    assert f'id="look-{long}"' in html
    page = bob.post(
        "/w/main/inbox/bulk",
        data={"verdict": "yes", "chosen": [*marks_on(bob, INBOX).values()]},
        follow_redirects=True,
    )
    assert "does not show all of this" in page.text
    assert inside.statuses([short, long]) == [HELD, PENDING]


def test_a_key_that_looks_like_others_is_quoted(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (call,) = inside.approvals(cast.alice, 1)
    inside.change(call, digest=None, proposed_response={"amount: 1, to": "Bob"})
    assert "&#34;amount: 1, to&#34;: &#34;Bob&#34;" in row_of(bob.get(INBOX).text, call)


def test_the_row_says_what_a_yes_answers(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    asks: JSONValue = {"type": "boolean", "title": "Refuse the payment"}
    schema: JSONValue = {"type": "object", "required": ["no"], "properties": {"no": asks}}
    (only,) = inside.ask(cast.alice, 1, schema)
    assert "Refuse the payment" in row_of(bob.get(INBOX).text, only)


def asking(flag: JSONObject, **more: JSONValue) -> JSONValue:
    return {
        "type": "object",
        "required": ["ok"],
        "properties": {"ok": {"title": "Go on?", **flag}},
        **more,
    }


def test_the_row_says_what_the_schema_says_of_it(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(
        cast.alice, 1, asking({"type": "boolean", "description": "It **costs** 5 EUR."})
    )
    row = row_of(bob.get(INBOX).text, only)
    assert "Go on?: It costs 5 EUR." in row
    assert f'id="yes-{only}"' in row


@pytest.mark.parametrize(
    "schema",
    [
        asking({"type": "boolean", "description": "It costs.\n\nMuch."}),
        asking({"type": "boolean", "description": "It costs " + "much " * 40}),
        asking({"type": "boolean", "description": "It [costs](https://x.example)."}),
        asking({"type": "boolean", "description": "One."}, description="Two."),
        asking(
            {"oneOf": [{"const": True, "description": "A."}, {"const": False, "description": "B."}]}
        ),
    ],
    ids=["more lines", "long", "a link", "of the object too", "of the answers"],
)
def test_where_it_says_more_it_has_to_be_opened(
    cast: Cast, bob: FlaskClient, inside: Inside, schema: JSONValue
) -> None:
    (only,) = inside.ask(cast.alice, 1, schema)
    row = row_of(bob.get(INBOX).text, only)
    assert f'id="yes-{only}"' not in row
    assert f'id="look-{only}"' in row


def test_a_yes_that_is_called_no_is_written_out(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    choice: JSONObject = {
        "oneOf": [{"const": True, "title": "No"}, {"const": False, "title": "Yes"}]
    }
    (only,) = inside.ask(cast.alice, 1, asking(choice))
    assert row_of(bob.get(INBOX).text, only).count("has-own-words") == 2


def test_words_that_a_button_has_no_room_for_have_to_be_opened(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    choice: JSONValue = {
        "oneOf": [
            {"const": True, "title": "Sell, and the rest as well"},
            {"const": False, "title": "Keep"},
        ]
    }
    schema: JSONValue = {"type": "object", "required": ["sell"], "properties": {"sell": choice}}
    (only,) = inside.ask(cast.alice, 1, schema)
    row = row_of(bob.get(INBOX).text, only)
    assert f'id="yes-{only}"' not in row
    assert f'id="look-{only}"' in row


@pytest.mark.parametrize("verdict", ["", "maybe", "answer"])
def test_another_verdict_is_refused(
    cast: Cast, bob: FlaskClient, verdict: str, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1)
    assert bob.post(f"/w/main/requests/{only}/row", data={"verdict": verdict}).status_code == 400
    assert inside.of(only, "status") is PENDING


def test_another_workspaces_is_not_there(cast: Cast, charlie: FlaskClient, inside: Inside) -> None:
    (only,) = inside.ask(cast.alice, 1)
    for request_id in (only, uuid4()):
        for path in ("row", "row/undo"):
            href = f"/w/elsewhere/requests/{request_id}/{path}"
            assert charlie.post(href, data={"verdict": "yes"}, headers=HTMX).status_code == 404
    assert charlie.post(f"/w/main/requests/{only}/row", data={"verdict": "yes"}).status_code == 404
    assert inside.of(only, "status") is PENDING


def test_a_viewer_is_offered_nothing(
    app: Flask, cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (only,) = inside.ask(cast.alice, 1, SCHEMA)
    make_viewer(app, cast.bob)
    html = bob.get(INBOX).text
    assert f"request-{only}" in html
    assert f'id="choose-{only}"' not in html
    assert f'id="yes-{only}"' not in html
    assert 'id="decide"' not in html
    assert bob.post(f"/w/main/requests/{only}/row", data={"verdict": "yes"}).status_code == 403
