"""Running again what has ended: an execution, or those of a batch that failed, with one press."""

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web.errors import Conflict
from opensink_web.models import (
    Batch,
    Chat,
    Execution,
    ExecutionStatus,
    Function,
    InputRequest,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.executions.rerun import (
    RerunOrder,
    check_execution,
    check_failed,
    rerun_execution,
)
from opensink_web.outbound.outcome import Failure, Output
from tests.conftest import Cast
from tests.support.chats import chat_input, submit_some, templates
from tests.support.executions import (
    Submitted,
    claim_some,
    execution,
    finish_all,
    make_function,
    principal_of,
    submit_many,
    submit_one,
)
from tests.support.scenarios import ENDPOINT, ask_in

CALLBACK = "https://app.example.com/done?token=t0p-secret"
ONCE = {"known": "0"}


@pytest.fixture
def function_id(app: Flask, cast: Cast) -> UUID:
    with app.app_context():
        return make_function(cast.alice, namespace="billing", name="charge")


@pytest.fixture
def failed(app: Flask, cast: Cast, function_id: UUID) -> UUID:
    with app.app_context():
        execution_id = submit_one(
            cast.alice, function_id, n=7, trigger_id="order-7", callback_url=CALLBACK
        )
        finish_all(claim_some(function_id), Failure("declined"))
        return execution_id


@pytest.fixture
def partial(app: Flask, cast: Cast, function_id: UUID) -> Submitted:
    """Of five, the second and the fourth failed."""
    with app.app_context():
        made = submit_many(
            cast.alice, function_id, 5, trigger_id="run-7", batch_callback_url=CALLBACK
        )
        claims = {claim.id: claim for claim in claim_some(function_id)}
        ordered = [claims[each] for each in made.execution_ids]
        finish_all([ordered[1], ordered[3]], Failure("declined"))
        finish_all([ordered[0], ordered[2], ordered[4]], Output(1))
        return made


def page_of(execution_id: UUID) -> str:
    return f"/w/main/executions/{execution_id}"


def batch_page(batch_id: UUID) -> str:
    return f"/w/main/batches/{batch_id}"


def made_after(app: Flask, answer_location: str) -> UUID:
    return UUID(answer_location.rsplit("/", 1)[1])


def test_an_execution_is_run_again_with_its_input(
    app: Flask, cast: Cast, alice: FlaskClient, failed: UUID
) -> None:
    assert "Run this again?" in alice.get(page_of(failed)).text

    answer = alice.post(f"{page_of(failed)}/rerun", data=ONCE)

    assert answer.status_code == 303
    with app.app_context():
        again = execution(made_after(app, answer.location))
    assert again.status is ExecutionStatus.QUEUED
    assert (again.input_data, again.trigger_id) == ({"n": 7}, "order-7")
    assert (again.user_id, again.rerun_of_id) == (cast.alice.id, failed)
    assert again.callback_url is None
    assert f'href="{page_of(failed)}">an earlier one' in alice.get(answer.location).text
    assert f'href="{answer.location}">a later one' in alice.get(page_of(failed)).text


def test_not_while_it_has_not_ended(
    app: Flask, cast: Cast, alice: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        queued = submit_one(cast.alice, function_id)
    assert "Run this again?" not in alice.get(page_of(queued)).text
    answer = alice.post(f"{page_of(queued)}/rerun", data=ONCE, follow_redirects=True)
    assert "Nothing was run again. The execution has not ended" in answer.text


def test_two_who_press_at_the_same_moment_run_it_once(
    app: Flask, alice: FlaskClient, failed: UUID
) -> None:
    alice.post(f"{page_of(failed)}/rerun", data=ONCE)
    second = alice.post(f"{page_of(failed)}/rerun", data=ONCE, follow_redirects=True)
    assert "Somebody has run it again since you loaded this page." in second.text
    assert "It was run again before: once." in second.text
    assert 'name="known" value="1"' in second.text
    third = alice.post(f"{page_of(failed)}/rerun", data={"known": "1"}, follow_redirects=True)
    assert "this is the new execution" in third.text
    assert alice.post(f"{page_of(failed)}/rerun", data={"known": "x"}).status_code == 400


def test_a_callback_is_only_sent_where_that_is_still_permitted(
    app: Flask, alice: FlaskClient, failed: UUID
) -> None:
    html = alice.get(page_of(failed)).text
    assert "Tell https://app.example.com/done?token=•••• of it" in html
    assert "t0p-secret" not in html

    answer = alice.post(
        f"{page_of(failed)}/rerun", data={**ONCE, "with_callbacks": "on"}, follow_redirects=True
    )

    assert "Nothing was run again. Callbacks are disabled on this server." in answer.text
    assert "It can be run again without the callback." in answer.text


def test_no_token_of_whoever_runs_it_goes_where_somebody_else_sent_callbacks(
    app: Flask, cast: Cast, alice: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        bobs = submit_one(cast.bob, function_id, callback_url=CALLBACK)
        bobs_batch = submit_many(cast.bob, function_id, 1, callback_url=CALLBACK).id
        finish_all(claim_some(function_id), Failure("declined"))

    for page in (page_of(bobs), batch_page(bobs_batch)):
        html = alice.get(page).text
        assert "Nothing is sent to https://app.example.com" in html
        assert "with_callbacks" not in html
    order = RerunOrder(known_count=0, with_callbacks=True, size_max=10)
    with app.app_context():
        principal = principal_of(cast.alice)
        with pytest.raises(Conflict, match="an access token of yours"):
            rerun_execution(principal, bobs, check_execution(principal, bobs, order), order)
        with pytest.raises(Conflict, match="an access token of yours"):
            check_failed(principal, bobs_batch, order, templates())


def test_what_a_key_was_limited_to_limits_what_is_run_again(
    app: Flask, alice: FlaskClient, failed: UUID, partial: Submitted
) -> None:
    with app.app_context(), writing():
        db.session.get_one(Execution, failed).scopes = ["functions:write"]
        db.session.get_one(Batch, partial.id).scopes = ["functions:write"]

    one = alice.post(f"{page_of(failed)}/rerun", data=ONCE).location
    many = alice.post(f"{batch_page(partial.id)}/rerun", data=ONCE).location

    with app.app_context():
        batch = db.session.get_one(Batch, made_after(app, many))
        children = select(Execution.scopes).where(Execution.batch_id == batch.id)
        assert [*db.session.scalars(children)] == [["functions:write"]] * 2
        assert execution(made_after(app, one)).scopes == batch.scopes == ["functions:write"]


def test_an_input_that_no_longer_fits_is_refused(
    app: Flask, alice: FlaskClient, function_id: UUID, failed: UUID, partial: Submitted
) -> None:
    with app.app_context(), writing():
        function = db.session.get_one(Function, function_id)
        function.input_schema = {"type": "object", "properties": {"n": {"maximum": 2}}}

    for page in (page_of(failed), batch_page(partial.id)):
        answer = alice.post(f"{page}/rerun", data=ONCE, follow_redirects=True)
        assert "does not fit the input schema of billing/charge" in answer.text
    with app.app_context():
        assert len(db.session.scalars(select(Batch)).all()) == 1


def test_what_is_switched_off_or_deleted_is_not_run_again(
    app: Flask, alice: FlaskClient, function_id: UUID, failed: UUID
) -> None:
    with app.app_context(), writing():
        db.session.get_one(Function, function_id).is_active = False
    answer = alice.post(f"{page_of(failed)}/rerun", data=ONCE, follow_redirects=True)
    assert "billing/charge is switched off" in answer.text
    with app.app_context(), writing():
        db.session.delete(db.session.get_one(Function, function_id))
    assert "Run this again?" not in alice.get(page_of(failed)).text
    answer = alice.post(f"{page_of(failed)}/rerun", data=ONCE, follow_redirects=True)
    assert "billing/charge is not there any more" in answer.text


def test_only_those_run_it_again_who_may_execute_the_function(
    app: Flask, bob: FlaskClient, failed: UUID, partial: Submitted
) -> None:
    for page in (page_of(failed), batch_page(partial.id)):
        assert "/rerun" not in bob.get(page).text
        assert bob.post(f"{page}/rerun", data=ONCE).status_code == 403
    with app.app_context():
        assert db.session.scalars(select(Execution.rerun_of_id).distinct()).all() == [None]


def test_the_failed_ones_of_a_batch_are_run_again_as_a_batch(
    app: Flask, cast: Cast, alice: FlaskClient, partial: Submitted
) -> None:
    html = alice.get(batch_page(partial.id)).text
    assert "A new batch is created from the inputs of 2 failed executions" in html

    answer = alice.post(f"{batch_page(partial.id)}/rerun", data=ONCE)

    with app.app_context():
        again = db.session.get_one(Batch, made_after(app, answer.location))
        assert (again.total, again.rerun_of_id) == (2, partial.id)
        assert (again.trigger_id_prefix, again.callback_url) == ("run-7", None)
        query = select(Execution).where(Execution.batch_id == again.id)
        children = db.session.scalars(query.order_by(Execution.batch_index)).all()
        assert [each.input_data for each in children] == [{"n": 1}, {"n": 3}]
        assert [each.trigger_id for each in children] == ["run-7:1", "run-7:3"]
    assert f'href="{batch_page(partial.id)}">an earlier one' in alice.get(answer.location).text
    assert f'href="{answer.location}">a later one' in alice.get(batch_page(partial.id)).text


def test_two_who_press_at_the_same_moment_make_one_batch(
    app: Flask, alice: FlaskClient, partial: Submitted
) -> None:
    for _ in range(2):
        answer = alice.post(f"{batch_page(partial.id)}/rerun", data=ONCE, follow_redirects=True)
    assert "Somebody has run it again since you loaded this page." in answer.text
    with app.app_context():
        assert len(db.session.scalars(select(Batch)).all()) == 2


def test_not_before_the_batch_has_ended_and_not_when_all_went_well(
    app: Flask, cast: Cast, alice: FlaskClient, function_id: UUID
) -> None:
    with app.app_context():
        fine = submit_many(cast.alice, function_id, 2)
    answer = alice.post(f"{batch_page(fine.id)}/rerun", data=ONCE, follow_redirects=True)
    assert "The batch has not ended" in answer.text
    with app.app_context():
        finish_all(claim_some(function_id), Output(1))
    assert "Run what failed again?" not in alice.get(batch_page(fine.id)).text
    answer = alice.post(f"{batch_page(fine.id)}/rerun", data=ONCE, follow_redirects=True)
    assert "has failed." in answer.text


def test_a_call_that_wants_approval_wants_it_again(
    app: Flask, alice: FlaskClient, function_id: UUID, failed: UUID
) -> None:
    with app.app_context(), writing():
        db.session.get_one(Function, function_id).requires_approval = True
    answer = alice.post(f"{page_of(failed)}/rerun", data=ONCE)
    with app.app_context():
        again = made_after(app, answer.location)
        assert execution(again).status is ExecutionStatus.AWAITING_INPUT
        assert db.session.scalars(select(InputRequest.execution_id)).all() == [again]


def test_chats_that_failed_are_had_again_as_chats_of_their_own(
    app: Flask, cast: Cast, alice: FlaskClient
) -> None:
    with app.app_context():
        agent_id = ask_in(cast.alice, ENDPOINT).agent_id
        said = [chat_input(f"Hello {number}", name="Ada") for number in range(2)]
        batch_id = submit_some(cast.alice, agent_id, said).batch_id
        finish_all(claim_some(agent_id), Failure("It does not answer."))

    answer = alice.post(f"{batch_page(batch_id)}/rerun", data=ONCE)

    with app.app_context():
        again = made_after(app, answer.location)
        query = select(Execution).where(Execution.batch_id == again).order_by(Execution.batch_index)
        children = db.session.scalars(query).all()
        assert [each.input_data["message"] for each in children] == ["Hello 0", "Hello 1"]
        assert len({each.chat_id for each in children}) == 2
        assert len(db.session.scalars(select(Chat)).all()) == 4


def test_another_workspace_runs_nothing_again(
    app: Flask, charlie: FlaskClient, failed: UUID, partial: Submitted
) -> None:
    for path in (f"executions/{failed}", f"batches/{partial.id}"):
        assert charlie.post(f"/w/elsewhere/{path}/rerun", data=ONCE).status_code == 404
    with app.app_context():
        theirs = select(Workspace.id).where(Workspace.slug == "elsewhere")
        assert not db.session.scalars(
            select(Execution.id).where(Execution.workspace_id.in_(theirs))
        ).all()
