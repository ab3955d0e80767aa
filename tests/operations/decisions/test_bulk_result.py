"""What became of many requests is kept for a day, and for their workspace alone."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from flask import Flask

from opensink_web.errors import NotFound
from opensink_web.models import BulkDecision, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.decisions.bulk_result import (
    LIFETIME,
    forget_results,
    is_any_result_over,
    keep_results,
)
from opensink_web.operations.decisions.queries import RowResult, find_results
from tests.conftest import Cast, Person
from tests.operations.conftest import Moment

pytestmark = pytest.mark.usefixtures("on_each_database", "there")

RESULTS = [
    RowResult(uuid4()),
    RowResult(uuid4(), "bob@example.com was faster."),
    RowResult(uuid4()),
]


@pytest.fixture
def there(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def workspace_of(person: Person) -> Workspace:
    return db.session.get_one(Workspace, person.workspace_id)


@pytest.fixture
def kept_id(there: None, cast: Cast, moment: Moment) -> UUID:
    with writing():
        by = db.session.get_one(User, cast.bob.id)
        return keep_results(workspace_of(cast.bob), RESULTS, by=by).id


def test_it_is_found_in_the_order_of_the_requests(cast: Cast, kept_id: UUID) -> None:
    kept, results = find_results(workspace_of(cast.alice), kept_id)
    assert results == RESULTS
    assert kept.decided_by_id == cast.bob.id
    assert "faster" not in kept.sealed_refusals


def test_another_workspace_does_not_find_it(cast: Cast, kept_id: UUID) -> None:
    with pytest.raises(NotFound):
        find_results(workspace_of(cast.charlie), kept_id)


def test_after_a_day_it_is_gone(cast: Cast, kept_id: UUID, moment: Moment) -> None:
    assert not is_any_result_over()
    moment.pass_seconds(LIFETIME.total_seconds())
    with pytest.raises(NotFound):
        find_results(workspace_of(cast.alice), kept_id)
    assert is_any_result_over()
    with writing():
        assert forget_results() == 1
    assert db.session.get(BulkDecision, kept_id) is None
