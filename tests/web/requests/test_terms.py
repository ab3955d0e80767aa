"""The page of a request with a deadline, links and revisions."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from tests.api.conftest import Api, ask, made
from tests.conftest import Cast
from tests.web.conftest import browser_of

PATH = "/agent-session-input-requests"
DUE = (clock.now() + timedelta(days=2)).isoformat()
OPTIONS: dict[str, Any] = {
    "expires_at": DUE,
    "on_expire": "decline",
    "priority": 80,
    "tags": ["vip", "<b>refund"],
    "reference": "ORDER-7",
    "context": [
        {"text": "The <i>order", "href": "https://shop.example/orders/7"},
        {"text": "x", "href": "https://bank.example\\@evil.example/", "type": "attachment"},
    ],
}
FORM = {"type": "object", "required": ["ok"]}


def properties(**fields: Any) -> dict[str, Any]:
    return {**FORM, "properties": {"ok": {"type": "boolean"}, **fields}}


@pytest.fixture
def api(app: Flask, cast: Cast) -> Api:
    return Api(app, cast.alice.headers)


@pytest.fixture
def place(cast: Cast) -> str:
    return f"/w/{cast.alice.workspace_slug}/requests"


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


class TestTerms:
    def test_shows_them_all(self, api: Api, bob: FlaskClient, place: str) -> None:
        html = bob.get(f"{place}/{ask(api, **OPTIONS)['id']}").text
        words = words_of(html)
        for said in ("80 of 100", "ORDER-7", "vip", "&lt;b&gt;refund", "then it is declined"):
            assert said in words
        assert html.count('datetime="' + DUE[:16]) == 2  # also where one looks first

    def test_links_lead_away_and_say_where(self, api: Api, bob: FlaskClient, place: str) -> None:
        html = bob.get(f"{place}/{ask(api, **OPTIONS)['id']}").text
        (link,) = re.findall(r'<a href="https://shop\.example/orders/7"[^>]*>', html)
        assert 'rel="noopener noreferrer nofollow"' in link
        assert 'referrerpolicy="no-referrer"' in link
        assert "The &lt;i&gt;order" in html
        assert "Leads to shop.example" in words_of(html)
        assert "An attachment at bank.example" in words_of(html), "a backslash ends a host"

    def test_says_nothing_of_what_was_left_out(
        self, api: Api, bob: FlaskClient, place: str
    ) -> None:
        words = words_of(bob.get(f"{place}/{ask(api)['id']}").text)
        for label in ("Due", "Priority", "Tags", "Reference", "Links, to other sites"):
            assert label not in words


class TestExtending:
    @pytest.mark.parametrize(("by", "more"), [("hour", 1), ("day", 24)])
    def test_puts_the_deadline_off(
        self, api: Api, bob: FlaskClient, place: str, by: str, more: int
    ) -> None:
        request = ask(api, **OPTIONS)
        answer = bob.post(f"{place}/{request['id']}/extend?order=due", data={"by": by})
        assert answer.status_code == 303
        assert answer.location.endswith(f"{place}/{request['id']}?order=due")
        after = api.read(f"{PATH}/{request['id']}")["expires_at"]
        assert _moment(after) - _moment(DUE) == timedelta(hours=more)

    def test_keeps_the_list_and_nothing_else_of_the_address(
        self, api: Api, bob: FlaskClient, place: str
    ) -> None:
        page = f"{place}/{ask(api, **OPTIONS)['id']}"
        foreign = "workspace_slug=other&_external=1&request_id=1"
        html = bob.get(f"{page}?order=due&{foreign}").text
        assert f'action="{page}/extend?order=due"' in html

    def test_by_nothing_else(self, api: Api, bob: FlaskClient, place: str) -> None:
        request = ask(api, **OPTIONS)
        assert bob.post(f"{place}/{request['id']}/extend", data={"by": "year"}).status_code == 400

    def test_not_what_was_decided(self, api: Api, bob: FlaskClient, place: str) -> None:
        request = ask(api, **OPTIONS)
        api.post(f"{PATH}/{request['id']}/resolve", {"response": {"approved": True}})
        assert bob.post(f"{place}/{request['id']}/extend", data={"by": "day"}).status_code == 409

    def test_at_the_end_of_all_dates_there_is_no_later_one(
        self, api: Api, bob: FlaskClient, place: str
    ) -> None:
        request = ask(api, expires_at="9999-12-31T23:59:59Z")
        assert bob.post(f"{place}/{request['id']}/extend", data={"by": "day"}).status_code == 400

    def test_not_of_another_workspace(self, app: Flask, cast: Cast, api: Api, place: str) -> None:
        request = ask(api, **OPTIONS)
        charlie = browser_of(app, cast.charlie)
        assert (
            charlie.post(f"{place}/{request['id']}/extend", data={"by": "day"}).status_code == 404
        )


class TestRevisions:
    def test_the_old_one_leads_to_what_is_asked_now(
        self, api: Api, bob: FlaskClient, place: str
    ) -> None:
        first = ask(api)
        second, third = None, first
        for number in (2, 3):
            second, third = third, _supersede(api, third, title=f"Revision {number}")
        html = bob.get(f"{place}/{first['id']}").text
        assert f'id="newest-revision" href="{place}/{third["id"]}"' in html
        assert html.partition("<main")[2].count('btn-primary"') == 1
        assert "answer-form" not in html
        assert "Show what is asked now" not in bob.get(f"{place}/{third['id']}").text
        assert f'href="{place}/{second["id"]}"' in bob.get(f"{place}/{third['id']}").text  # type: ignore[index]

    def test_says_what_changed_word_by_word(self, api: Api, bob: FlaskClient, place: str) -> None:
        first = ask(api, message="Refund sixty euros now.")
        new = _supersede(api, first, message="Refund <b>fifty</b> euros now.")
        for request in (first, new):
            html = bob.get(f"{place}/{request['id']}").text
            assert "<del>sixty</del>" in html
            assert "&lt;" in html
            assert "<b>fifty" not in html.split('id="revision"')[1]

    def test_says_what_changed_in_the_form(self, api: Api, bob: FlaskClient, place: str) -> None:
        amount = {"type": "number", "title": "Amount", "default": 60}
        first = ask(api, schema=properties(amount=amount, note={"type": "string"}))
        schema = properties(amount={**amount, "default": 50}, iban={"title": "IBAN"})
        new = _supersede(api, first, schema=schema, priority=9)
        words = words_of(bob.get(f"{place}/{new['id']}").text.split('id="revision"')[1])
        for said in (
            "Amount: proposed value 60 became 50",
            "IBAN Nothing became a field",
            "note a field became nothing",
            "Priority Nothing became 9",
        ):
            assert said in words

    def test_a_secret_stays_one(self, api: Api, bob: FlaskClient, place: str) -> None:
        pin = {"type": "string", "writeOnly": True, "default": "c4nary-one"}
        first = ask(api, schema=properties(pin=pin))
        new = _supersede(api, first, schema=properties(pin={**pin, "default": "c4nary-two"}))
        html = bob.get(f"{place}/{new['id']}").text
        assert "c4nary-one" not in html
        assert "c4nary-two" not in html

    def test_one_that_changes_nothing_says_so(self, api: Api, bob: FlaskClient, place: str) -> None:
        new = _supersede(api, ask(api))
        html = bob.get(f"{place}/{new['id']}").text
        assert "asked again as it was" in html
        assert "Asked again: revision 2" in html.split('id="history"')[1]

    def test_an_open_form_decides_nothing(self, api: Api, bob: FlaskClient, place: str) -> None:
        first = ask(api)
        html = bob.get(f"{place}/{first['id']}").text
        fields = _fields(html)
        new = _supersede(api, first, title="Sell?")
        answer = bob.post(f"{place}/{first['id']}", data=fields)
        assert answer.status_code == 409
        assert "asked something else" in answer.text
        assert f'href="{place}/{new["id"]}"' in answer.text
        assert api.read(f"{PATH}/{new['id']}")["status"] == "pending"


class TestDrafts:
    def test_what_was_entered_is_filled_in_where_the_same_is_asked(
        self, api: Api, bob: FlaskClient, alice: FlaskClient, place: str
    ) -> None:
        first = ask(api, schema=properties(note={"type": "string"}, gone={"type": "string"}))
        page = f"{place}/{first['id']}"
        fields = _fields(bob.get(page).text)
        typed = {name: f"typed in {name}" for name in ("answer-1", "answer-2")}
        assert bob.post(f"{page}/draft", data=fields | typed).status_code == 204
        schema = properties(new={"type": "string", "default": "new"}, note={"type": "string"})
        second = _supersede(api, first, schema=schema)
        third = _supersede(api, second, title="Third")
        html = bob.get(f"{place}/{third['id']}").text
        assert "What you entered for revision 1" in words_of(html)
        assert "typed in answer-1" in html
        assert "typed in answer-2" not in html
        assert "new</textarea>" in html
        assert "typed in" not in alice.get(f"{place}/{third['id']}").text
        assert "bob@example.com has an unsent draft" in words_of(
            alice.get(f"{place}/{third['id']}").text
        )
        assert "typed in answer-2" in bob.get(page).text, "nothing is lost"

    def test_what_is_discarded_does_not_come_back(
        self, api: Api, bob: FlaskClient, place: str
    ) -> None:
        first = ask(api, schema=properties(note={"type": "string"}))
        page = f"{place}/{first['id']}"
        bob.post(f"{page}/draft", data=_fields(bob.get(page).text) | {"answer-1": "typed"})
        new = f"{place}/{_supersede(api, first)['id']}"
        assert "typed</textarea>" in bob.get(new).text
        assert bob.post(f"{new}/draft/discard").status_code == 303
        assert "typed</textarea>" not in bob.get(new).text

    def test_what_is_sent_too_late_is_there_in_what_is_asked_now(
        self, api: Api, bob: FlaskClient, place: str
    ) -> None:
        first = ask(api, schema=properties(note={"type": "string"}))
        page = f"{place}/{first['id']}"
        fields = _fields(bob.get(page).text) | {"answer-1": "typed"}
        new = _supersede(api, first, title="Sell?")
        answer = bob.post(page, data=fields)
        assert answer.status_code == 409
        assert "typed" in answer.text
        assert "typed</textarea>" in bob.get(f"{place}/{new['id']}").text


def _fields(html: str) -> dict[str, str]:
    """Return the hidden fields of a form."""
    return dict(re.findall(r'type="hidden" name="([^"]+)"[^>]*value="([^"]*)"', html))


def _supersede(api: Api, request: Any, **changes: Any) -> Any:
    return made(api.post(f"{PATH}/{request['id']}/supersede", changes))


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
