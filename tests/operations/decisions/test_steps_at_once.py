"""Rules in steps, where two do something at once."""

import threading
from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.errors import AlreadyResolved, NotInStep, Superseded
from opensink_web.models import Vote, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.team import update_team
from opensink_web.operations.requests.digest import digest_of_request
from opensink_web.operations.requests.policy_change import (
    PolicyFields,
    check_policy,
    update_policy,
)
from opensink_web.operations.requests.policy_step import PolicyStep, steps_of
from tests.conftest import Cast, Person
from tests.support.bulk_cases import request_by_id as request
from tests.support.rule_cases import (
    ANYTHING,
    assigned,
    by_team,
    here,
    make_finance,
    make_rule,
    patiently,
    put,
    say,
    user,
)

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database", "there")]


@pytest.fixture
def there(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def finance(cast: Cast) -> UUID:
    return make_finance(cast)


def test_of_two_who_end_a_step_at_once_one_does(app: Flask, cast: Cast, finance: UUID) -> None:
    with writing():
        update_team(here(cast), finance, {"user_ids": {cast.alice.id, cast.bob.id}})
    make_rule(cast, by_team(finance), PolicyStep("Second"), PolicyStep("Third"))
    for _ in range(5):
        request_id = put(cast)
        refused: list[str] = []
        start = threading.Barrier(2)

        def decide(
            by: Person,
            request_id: UUID = request_id,
            refused: list[str] = refused,
            start: threading.Barrier = start,
        ) -> None:
            with app.app_context():
                seen = digest_of_request(request(request_id))
                start.wait()
                patiently(lambda: _say(cast, by, request_id, seen, refused))

        db.session.rollback()
        threads = [threading.Thread(target=decide, args=(by,)) for by in (cast.alice, cast.bob)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        db.session.rollback()
        assert request(request_id).step == 1
        assert len(refused) == 1
        votes = select(Vote).where(Vote.request_id == request_id)
        assert [each.step for each in db.session.scalars(votes)] == [0]


def test_a_rule_that_changes_while_it_is_asked_holds_as_it_was_or_is(
    app: Flask, cast: Cast, finance: UUID
) -> None:
    policy_id = make_rule(cast, by_team(finance))
    asked: list[UUID] = []
    db.session.rollback()

    def keep_asking() -> None:
        with app.app_context():
            for _ in range(8):
                patiently(lambda: asked.append(put(cast)))

    thread = threading.Thread(target=keep_asking)
    thread.start()
    for number in range(8):
        fields = check_policy(PolicyFields("Rule", (PolicyStep(f"Only {number}"),), ANYTHING))
        patiently(lambda fields=fields: _change(cast, policy_id, fields))  # type: ignore[misc]
    thread.join()
    db.session.rollback()
    assert len(asked) == 8
    for each in asked:
        (step,) = steps_of(request(each).steps)
        is_first = step.name == "Finance"
        assert is_first or step.name.startswith("Only ")
        assert assigned(each) == ([(None, finance)] if is_first else [])


def _change(cast: Cast, policy_id: UUID, fields: PolicyFields) -> None:
    with writing():
        update_policy(here(cast), policy_id, fields, by=user(cast.alice))


def _say(cast: Cast, by: Person, request_id: UUID, seen: str, refused: list[str]) -> None:
    try:
        say(cast, by, request_id, {"amount": 3}, seen=seen)
    except (Superseded, NotInStep, AlreadyResolved) as error:
        refused.append(error.message)
