"""Deciding on what was chosen: row by row, undone by one click, and a whole group at once."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.models import InputRequestStatus
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.holding import take_effect
from opensink_web.web.requests import bulk
from tests.conftest import Cast
from tests.support.bulk_cases import AMOUNT, Inside, marks_of, marks_on
from tests.support.review_cases import make_viewer, news, refresh_href

INBOX = "/w/main/inbox"
BULK = f"{INBOX}/bulk"
PENDING, HELD = InputRequestStatus.PENDING, InputRequestStatus.HELD


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"UNDO_SECONDS": "5"}


def decide(
    browser: FlaskClient, ids: Sequence[UUID], verdict: str, *, reason: str = ""
) -> TestResponse:
    data = {"chosen": marks_of(browser, INBOX, ids), "verdict": verdict, "reason": reason}
    return browser.post(BULK, data=data)


def test_what_was_chosen_gets_one_decision(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    first, second, third = inside.ask(cast.alice, 3)
    posted = decide(bob, [first, third], "yes")
    assert posted.status_code == 303
    html = bob.get(posted.location).text
    assert "2 decided" in html
    assert f"request-{first}" in html
    assert inside.statuses([first, second, third]) == [HELD, PENDING, HELD]


def test_one_reason_declines_all(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    ids = inside.ask(cast.alice, 2)
    decide(bob, ids, "decline", reason="Not today.")
    assert {inside.of(each, "decline_reason") for each in ids} == {"Not today."}


def test_who_was_faster_is_named_and_the_others_are_decided(
    cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
) -> None:
    taken, free = inside.ask(cast.alice, 2)
    marks = marks_of(bob, INBOX, [taken, free])
    alice.post(BULK, data={"chosen": marks[:1], "verdict": "no"})
    posted = bob.post(BULK, data={"chosen": marks, "verdict": "yes"})
    html = bob.get(posted.location).text
    assert "1 decided, 1 not" in html
    assert "already answered by alice@example.com" in html
    assert html.index(f"request-{taken}") < html.index(f"request-{free}")
    assert inside.of(taken, "response") == {"approved": False}
    assert inside.of(free, "status") is HELD


def test_what_needs_a_look_is_left_with_a_word(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    (form,) = inside.ask(cast.alice, 1, AMOUNT)
    posted = decide(bob, [form], "yes")
    assert "more than a Yes or No" in bob.get(posted.location).text
    assert inside.statuses([form]) == [PENDING]


def test_without_a_reason_it_asks_for_one_and_keeps_what_was_chosen(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    first, second = inside.ask(cast.alice, 2)
    page = decide(bob, [second], "decline")
    assert page.status_code == 422
    assert "Give a reason" in page.text
    assert f"request-{first}" not in page.text
    assert "checked" in page.text.partition(f'id="choose-{second}"')[2].partition(">")[0]
    assert inside.statuses([first, second]) == [PENDING, PENDING]


def test_with_nothing_chosen_it_says_so(cast: Cast, bob: FlaskClient, inside: Inside) -> None:
    (only,) = inside.ask(cast.alice, 1)
    page = bob.post(BULK, data={"verdict": "yes"})
    assert page.status_code == 422
    assert "Choose at least one request." in page.text
    assert f"request-{only}" in page.text


def test_more_than_500_are_refused_in_words(bob: FlaskClient, inside: Inside) -> None:
    marks = [f"{uuid4()}.x" for _ in range(501)]
    page = bob.post(BULK, data={"chosen": marks, "verdict": "yes"})
    assert page.status_code == 422
    assert "At most 500 requests" in page.text


def test_what_is_no_row_is_refused(bob: FlaskClient, inside: Inside) -> None:
    assert bob.post(BULK, data={"chosen": "x", "verdict": "yes"}).status_code == 400
    made_up = {"chosen": f"{uuid4()}.x.all", "verdict": "yes"}
    assert bob.post(BULK, data=made_up).status_code == 400
    assert bob.post(BULK, data={"chosen": f"{uuid4()}.x"}).status_code == 400


def test_what_was_changed_meanwhile_is_reported(
    cast: Cast, bob: FlaskClient, inside: Inside
) -> None:
    changed, same = inside.ask(cast.alice, 2)
    marks = marks_of(bob, INBOX, [changed, same])
    inside.change(changed, digest="another")
    posted = bob.post(BULK, data={"chosen": marks, "verdict": "yes"})
    assert "changed while you had it open" in bob.get(posted.location).text
    assert inside.statuses([changed, same]) == [PENDING, HELD]


def test_nothing_leaks_of_another_workspace(
    cast: Cast, charlie: FlaskClient, inside: Inside
) -> None:
    (theirs,) = inside.ask(cast.alice, 1)
    data = {"chosen": [f"{theirs}.x", f"{uuid4()}.x"], "verdict": "yes"}
    posted = charlie.post("/w/elsewhere/inbox/bulk", data=data)
    html = charlie.get(posted.location).text
    assert html.count("There is no such input request.") == 2
    assert "Number 0" not in html
    assert charlie.post(BULK, data=data).status_code == 404
    assert inside.statuses([theirs]) == [PENDING]


class TestTheResult:
    def test_is_undone_by_one_click(self, cast: Cast, bob: FlaskClient, inside: Inside) -> None:
        ids = inside.ask(cast.alice, 3)
        result = decide(bob, ids, "yes").location
        assert "Undo all" in bob.get(result).text
        answer = bob.post(f"{result}/undo", follow_redirects=True)
        assert "3 decisions were taken back." in answer.text
        assert "<h1>0 decided, 3 taken back</h1>" in answer.text
        assert 'type="checkbox"' not in answer.text
        assert "Undo all" not in answer.text
        assert inside.statuses(ids) == [PENDING] * 3

    def test_says_what_could_not_be_taken_back(
        self, app: Flask, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        late, early = inside.ask(cast.alice, 2)
        result = decide(bob, [late, early], "yes").location
        with app.app_context(), writing():
            take_effect(late)
        answer = bob.post(f"{result}/undo", follow_redirects=True)
        assert "1 decision was taken back. 1 could not be" in answer.text
        assert inside.statuses([late, early]) == [InputRequestStatus.RESOLVED, PENDING]

    def test_moves_by_itself_until_all_has_taken_effect(
        self, app: Flask, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        (request_id,) = inside.ask(cast.alice, 1)
        html = bob.get(decide(bob, [request_id], "yes").location).text
        assert news(bob, refresh_href(html)) == (204, "")
        with app.app_context(), writing():
            take_effect(request_id)
        status, part = news(bob, refresh_href(html))
        assert status == 200
        assert "<body" not in part
        assert "1 decided" in part
        assert "data-live" not in part

    def test_is_undone_by_nobody_else(
        self, cast: Cast, alice: FlaskClient, bob: FlaskClient, inside: Inside
    ) -> None:
        ids = inside.ask(cast.alice, 1)
        result = decide(bob, ids, "yes").location
        assert "Undo all" not in alice.get(result).text
        assert alice.post(f"{result}/undo").status_code == 403
        assert inside.statuses(ids) == [HELD]

    def test_is_there_for_its_workspace_alone(
        self, cast: Cast, bob: FlaskClient, charlie: FlaskClient, inside: Inside
    ) -> None:
        result = decide(bob, inside.ask(cast.alice, 1), "yes").location
        bulk_id = result.rpartition("/")[2]
        for path in (result, f"/w/elsewhere/inbox/bulk/{bulk_id}"):
            assert charlie.get(path).status_code == 404
            assert charlie.post(f"{path}/undo").status_code == 404

    def test_leads_back_to_the_same_list(
        self, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        ids = inside.ask(cast.alice, 1)
        data = {"chosen": marks_of(bob, INBOX, ids), "verdict": "yes"}
        result = bob.post(f"{BULK}?order=newest&key=k", data=data).location
        assert f'href="{INBOX}?order=newest&amp;key=k"' in bob.get(result).text


class TestAGroup:
    def test_is_shown_with_all_of_it_chosen(
        self, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        waiting = inside.approvals(cast.alice, 2)
        (other,) = inside.ask(cast.alice, 1)
        batch_id = inside.of(waiting[0], "batch_id")
        path = f"{BULK}?batch={batch_id}"
        html = bob.get(path).text
        assert "Decide 2 requests" in html
        assert html.count(" checked") == 2
        marks = marks_on(bob, path)
        assert str(other) not in marks
        bob.post(path, data={"chosen": list(marks.values()), "verdict": "yes"})
        assert inside.statuses(waiting) == [HELD, HELD]

    def test_shows_all_of_what_a_line_has_no_room_for_and_decides_on_it(
        self, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        (call,) = inside.approvals(cast.alice, 1)
        (lines,) = inside.ask(cast.alice, 1)
        inside.change(call, digest=None, proposed_response={"amount": 1, "to": "Bob" * 300})
        inside.change(lines, digest=None, message="Pay Bob.\n\nAnd [Mallory](https://m.example).")
        html = bob.get(BULK).text
        assert html.count(" checked") == 2
        assert "Bob" * 300 in html
        assert "And [Mallory](https://m.example)." in html
        in_the_list, on_the_page = (marks_on(bob, path) for path in (INBOX, BULK))
        for marks, statuses in ((in_the_list, [PENDING] * 2), (on_the_page, [HELD] * 2)):
            bob.post(BULK, data={"chosen": list(marks.values()), "verdict": "yes"})
            assert inside.statuses([call, lines]) == statuses

    @pytest.mark.parametrize("message", ["Pay Bob. " * 500, "Pay 5\u200b0.\n\nNow."])
    def test_leaves_what_even_so_cannot_be_seen(
        self, cast: Cast, bob: FlaskClient, message: str, inside: Inside
    ) -> None:
        (only,) = inside.ask(cast.alice, 1)
        inside.change(only, digest=None, message=message)
        html = bob.get(BULK).text
        assert "Open it: not all of it can be shown here." in html
        assert " checked" not in html
        made_up = marks_on(bob, BULK)[str(only)] + ".whole"
        posted = bob.post(BULK, data={"chosen": made_up, "verdict": "yes"}, follow_redirects=True)
        assert "does not show all of this" in posted.text
        assert inside.statuses([only]) == [PENDING]

    def test_says_that_there_are_more(
        self, cast: Cast, bob: FlaskClient, monkeypatch: pytest.MonkeyPatch, inside: Inside
    ) -> None:
        monkeypatch.setattr(bulk, "MAX_ROWS", 2)
        inside.ask(cast.alice, 3)
        html = bob.get(BULK).text
        assert "These are the first 2" in html
        assert html.count(" checked") == 2

    def test_is_led_to_from_its_batch_and_from_the_list_of_groups(
        self, app: Flask, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        (first, _) = inside.approvals(cast.alice, 2)
        batch_id = inside.of(first, "batch_id")
        href = f'href="{BULK}?batch={batch_id}"'
        batch, groups = f"/w/main/batches/{batch_id}", f"{INBOX}?group=batch"
        assert href in bob.get(batch).text
        assert href in bob.get(groups).text
        make_viewer(app, cast.bob)
        assert href not in bob.get(batch).text
        assert href not in bob.get(groups).text

    def test_may_be_empty(self, bob: FlaskClient, inside: Inside) -> None:
        page = bob.get(f"{BULK}?key=nothing")
        assert page.status_code == 200
        assert "Nothing waits here" in page.text
