"""Allowing the same again: after a decision, with one, what it would have done, and revoking it."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.models import InputRequest, InputRequestStatus, StandingApproval, db
from opensink_web.models.transaction import reading
from tests.conftest import Cast
from tests.support.bulk_cases import Inside
from tests.support.review_cases import make_viewer
from tests.support.standing_cases import (
    PAY,
    affirm,
    asked_by,
    granted_on,
    held_against,
    new_agent,
    order,
    put_to_use,
)

LIST = "/w/main/admin/standing-approvals"
BOUNDS = {"uses_max": "3", "days": "7", "condition": '{"additionalProperties": false}'}


@pytest.fixture
def agent_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return new_agent(cast.alice)


@pytest.fixture
def decided(app: Flask, cast: Cast, agent_id: UUID) -> UUID:
    """Something that Bob approved as it was proposed."""
    with app.app_context():
        request_id = asked_by(cast.alice, agent_id)
        affirm(cast.bob, request_id)
        return request_id


def page_of(request_id: UUID) -> str:
    return f"/w/main/requests/{request_id}"


def new_at(request_id: UUID) -> str:
    return f"{page_of(request_id)}/allow-again"


def bounds_on(browser: FlaskClient, request_id: UUID) -> dict[str, str]:
    """Return what the page proposes."""
    page = browser.get(new_at(request_id))
    assert page.status_code == 200
    condition = page.text.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>")[0]
    return {**BOUNDS, "condition": condition.replace("&#34;", '"').strip()}


def granted(app: Flask) -> list[StandingApproval]:
    with app.app_context(), reading():
        found = list(db.session.scalars(select(StandingApproval).order_by(StandingApproval.id)))
        for each in found:
            assert each.condition is not None
        db.session.expunge_all()
        return found


class TestGranting:
    def test_after_a_decision(self, app: Flask, bob: FlaskClient, decided: UUID) -> None:
        assert f'href="{new_at(decided)}"' in bob.get(page_of(decided)).text
        sent = bounds_on(bob, decided) | {"note": "The lamp, each week"}
        posted = bob.post(new_at(decided), data=sent)
        assert posted.status_code == 303
        (approval,) = granted(app)
        assert posted.location == f"{LIST}/{approval.id}"
        assert (approval.uses_max, approval.uses_count) == (3, 0)
        assert approval.wording is None, "the box was not ticked"
        assert approval.condition["properties"]["amount"] == {"const": 5}
        shown = bob.get(posted.location).text
        assert f'<a href="{page_of(decided)}">The request that was approved</a>' in shown
        assert "The lamp, each week" in shown
        assert "In force" in shown
        assert "used 0 of 3" in bob.get(page_of(decided)).text

    def test_with_a_decision_and_then_the_next_one_is_open(
        self, app: Flask, cast: Cast, bob: FlaskClient, agent_id: UUID
    ) -> None:
        with app.app_context():
            request_id = asked_by(cast.alice, agent_id)
        page = bob.get(page_of(request_id)).text
        assert 'data-key="s"' in page
        assert f'formaction="{page_of(request_id)}?again=1"' in page
        yes = page.split('data-review-submit="choice"', 1)[0].rsplit('name="', 1)[1].split('"')[0]
        answer = bob.post(f"{page_of(request_id)}?again=1", data={yes: "0"})
        assert answer.status_code == 303, answer.text
        assert answer.location == f"{new_at(request_id)}?go_on=1"
        sent = bounds_on(bob, request_id) | {"same_words": "y"}
        posted = bob.post(answer.location, data=sent)
        assert posted.status_code == 303
        assert posted.location.startswith("/w/main/inbox")
        (approval,) = granted(app)
        assert approval.wording is not None

    def test_a_decision_that_is_held_stands_with_it(
        self, app: Flask, cast: Cast, bob: FlaskClient, agent_id: UUID
    ) -> None:
        with app.app_context():
            request_id = asked_by(cast.alice, agent_id)
            affirm(cast.bob, request_id, hold_seconds=60)
        page = bob.get(new_at(request_id)).text
        assert "can still be undone" in page
        assert f'action="{page_of(request_id)}/undo"' in page
        assert bob.post(new_at(request_id), data=bounds_on(bob, request_id)).status_code == 303
        with app.app_context():
            request = db.session.get_one(InputRequest, request_id)
            assert request.status is InputRequestStatus.RESOLVED

    def test_to_htmx_it_leads_as_to_a_page_of_another_kind(
        self, app: Flask, cast: Cast, bob: FlaskClient, agent_id: UUID
    ) -> None:
        with app.app_context():
            request_id = asked_by(cast.alice, agent_id, PAY.but(schema=order(to="Bob")))
        page = bob.get(page_of(request_id)).text
        yes = page.split('data-review-submit="choice"', 1)[0].rsplit('name="', 1)[1].split('"')[0]
        swapped = {"HX-Request": "true", "HX-Target": "main"}
        answer = bob.post(f"{page_of(request_id)}?again=1", data={yes: "0"}, headers=swapped)
        assert answer.status_code == 204
        assert answer.headers["HX-Redirect"] == f"{new_at(request_id)}?go_on=1"

    def test_what_cannot_be_held_by_another(
        self, app: Flask, cast: Cast, alice: FlaskClient, agent_id: UUID
    ) -> None:
        with app.app_context():
            request_id = asked_by(cast.alice, agent_id)
            affirm(cast.bob, request_id, hold_seconds=60)
        posted = alice.post(new_at(request_id), data=bounds_on(alice, request_id))
        assert posted.status_code == 422
        assert "can undo it still" in posted.text
        assert granted(app) == []

    @pytest.mark.parametrize(
        ("changed", "message"),
        [
            ({"uses_max": "0"}, "Enter a number from 1 to 1000."),
            ({"uses_max": "many"}, "Not a valid integer value."),
            ({"days": "4000"}, "Not a valid choice."),
            ({"note": "n" * 501}, "Use at most 500 characters."),
            ({"condition": "{"}, "This is not valid JSON"),
            ({"condition": "[]"}, "A condition is an object."),
            ({"condition": '{"type": "object"}'}, "Rule out what the condition does not name"),
            ({"condition": '{"additionalProperties": false}'}, "does not even take what was"),
            (
                {"condition": '{"additionalProperties": false, "minProperties": "x"}'},
                "(At /minProperties)",
            ),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(
        self, app: Flask, bob: FlaskClient, decided: UUID, changed: dict[str, str], message: str
    ) -> None:
        posted = bob.post(new_at(decided), data=bounds_on(bob, decided) | changed)
        assert posted.status_code == 422
        assert message in posted.text
        (sent,) = changed.values()
        assert sent.replace('"', "&#34;") in posted.text or "days" in changed, "it stays"
        assert granted(app) == []

    def test_what_was_changed_or_chosen_cannot_be_allowed(
        self, app: Flask, cast: Cast, bob: FlaskClient, inside: Inside
    ) -> None:
        (waiting,) = inside.ask(cast.alice, 1)
        refused = bob.get(new_at(waiting))
        assert refused.status_code == 409
        assert "Only what was approved can be allowed again." in refused.text
        assert new_at(waiting) not in bob.get(page_of(waiting)).text

    def test_a_condition_of_ones_own(self, app: Flask, bob: FlaskClient, decided: UUID) -> None:
        condition = bounds_on(bob, decided)["condition"].replace('"const": 5', '"maximum": 50')
        posted = bob.post(new_at(decided), data={**BOUNDS, "condition": condition})
        assert posted.status_code == 303
        (approval,) = granted(app)
        assert approval.condition["properties"]["amount"] == {"maximum": 50}


class TestTrying:
    def test_it_is_tried_on_what_was_asked_last(
        self, app: Flask, cast: Cast, bob: FlaskClient, agent_id: UUID, decided: UUID
    ) -> None:
        with app.app_context():
            asked_by(cast.alice, agent_id)
            for amount in (6, 60):
                asked_by(cast.alice, agent_id, PAY.but(schema=order(amount=amount)))
            asked_by(cast.alice, agent_id, PAY.but(schema=order(), title="Other words?"))
            asked_by(cast.alice, agent_id, PAY.but(key="another key"))
            asked_by(cast.charlie, new_agent(cast.charlie))
        page = bob.get(new_at(decided)).text
        assert "Of the last 5 requests of the same kind, 2 would have been approved." in page
        assert page.count("No: other values") == 2
        assert page.count("No: other words") == 1
        sent = bounds_on(bob, decided) | {"_try": "1"}
        sent["condition"] = sent["condition"].replace('"const": 5', '"maximum": 50')
        tried = bob.post(new_at(decided), data=sent)
        assert tried.status_code == 200
        assert "Of the last 5 requests of the same kind, 4 would have been approved." in tried.text
        assert granted(app) == [], "it is only tried"

    def test_what_people_declined_is_pointed_out(
        self, app: Flask, cast: Cast, bob: FlaskClient, agent_id: UUID, decided: UUID
    ) -> None:
        with app.app_context():
            refused = asked_by(cast.alice, agent_id)
        bob.post(page_of(refused), data={"_decline": "1", "reason": "Not twice."})
        assert "People declined or changed 1 of these." in bob.get(new_at(decided)).text


class TestAfterwards:
    def test_the_page_says_who_granted_what_approved_it(
        self, app: Flask, cast: Cast, alice: FlaskClient, decided: UUID, agent_id: UUID
    ) -> None:
        with app.app_context():
            approval_id = granted_on(cast.bob, decided)
            request_id = asked_by(cast.alice, agent_id)
            use = held_against(request_id)
            assert use is not None
            put_to_use(use)
        bob = cast.bob.email
        page = alice.get(page_of(request_id)).text
        assert f"Answered by a standing approval that {bob} granted" in page
        assert f'href="{LIST}/{approval_id}"' in page
        assert f'action="{LIST}/{approval_id}/revoke"' in page
        assert "/undo" not in page
        assert f"a standing approval that {bob}" in alice.get("/w/main/inbox?view=decided").text
        assert "used 1 of 10" in alice.get(page_of(decided)).text
        assert page_of(request_id) in alice.get(f"{LIST}/{approval_id}").text
        assert "1 of 10" in alice.get(LIST).text

    def test_it_is_revoked_once(
        self, app: Flask, cast: Cast, alice: FlaskClient, decided: UUID
    ) -> None:
        with app.app_context():
            approval_id = granted_on(cast.bob, decided)
        for _ in range(2):
            posted = alice.post(f"{LIST}/{approval_id}/revoke")
            assert (posted.status_code, posted.location) == (303, f"{LIST}/{approval_id}")
        (approval,) = granted(app)
        assert approval.revoked_by_id == cast.alice.id
        shown = alice.get(f"{LIST}/{approval_id}").text
        assert "Revoked by" in shown
        assert f'action="{LIST}/{approval_id}/revoke"' not in shown


class TestWho:
    def test_a_viewer_sees_and_changes_nothing(
        self, app: Flask, cast: Cast, bob: FlaskClient, decided: UUID
    ) -> None:
        with app.app_context():
            approval_id = granted_on(cast.alice, decided)
        make_viewer(app, cast.bob)
        shown = bob.get(f"{LIST}/{approval_id}")
        assert shown.status_code == 200
        assert "Revoke" not in shown.text
        assert bob.post(f"{LIST}/{approval_id}/revoke").status_code == 403
        assert bob.get(new_at(decided)).status_code == 403
        assert new_at(decided) not in bob.get(page_of(decided)).text

    def test_elsewhere_there_is_none(
        self, app: Flask, cast: Cast, charlie: FlaskClient, decided: UUID
    ) -> None:
        with app.app_context():
            approval_id = granted_on(cast.alice, decided)
        own = f"/w/{cast.charlie.workspace_slug}/admin/standing-approvals"
        assert charlie.get(f"{own}/{approval_id}").status_code == 404
        assert charlie.post(f"{own}/{approval_id}/revoke").status_code == 404
        assert "Nothing is approved without a person" in charlie.get(own).text
        assert charlie.get(new_at(decided)).status_code == 404

    def test_whoever_may_not_approve_it_cannot_allow_it(
        self, app: Flask, cast: Cast, alice: FlaskClient, decided: UUID
    ) -> None:
        with app.app_context():
            request = db.session.get_one(InputRequest, decided)
            request.forbid_requester = True
            db.session.commit()
        assert new_at(decided) not in alice.get(page_of(decided)).text
        assert alice.get(new_at(decided)).status_code == 403
        assert alice.post(new_at(decided), data=BOUNDS).status_code == 403
        assert granted(app) == []
