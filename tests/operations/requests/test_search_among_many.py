"""Search is right whatever the counts: few that wait among very many that were decided."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, text, update

from opensink_web import clock
from opensink_web.models import (
    InputRequest,
    InputRequestStatus,
    InputRequestTag,
    WaitingDocument,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests import sieve
from opensink_web.operations.requests.listing import (
    ListedFilter,
    ListOrder,
    ListView,
    count_listed,
    list_page,
)
from opensink_web.operations.requests.neighbours import neighbours, next_after
from opensink_web.work.chores import Weeding
from tests.conftest import Cast
from tests.support.many_rows import copy_rows
from tests.support.review_cases import ask_again
from tests.support.scenarios import SCHEMA, Waiting, ask_in, index_all

pytestmark = pytest.mark.usefixtures("on_each_database")

MANY = 3000
SHORT_WALKS = {"FIRST_STEPS": 40, "STEPS_PER_ROW": 2, "FEW_MAX": 200, "MORE_STEPS": 1000}
"""So that as few requests as MANY are more than are walked through, or looked up."""
COPY_WORDS = (
    "INSERT INTO search_documents (request_id, tokens)"
    " SELECT input_requests.id, search_documents.tokens FROM search_documents"
    " JOIN input_requests ON input_requests.status = 'resolved'"
    " AND input_requests.id <> search_documents.request_id"
    " WHERE search_documents.request_id = (SELECT id FROM input_requests WHERE status = 'resolved'"
    " AND title LIKE '%zebra%')"
)


@pytest.fixture
def old(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[UUID]]:
    """Three refunds that wait, older than MANY that were decided; one of those is of a zebra."""
    for name, steps in SHORT_WALKS.items():
        monkeypatch.setattr(sieve, name, steps)
    with app.app_context():
        asker = ask_in(cast.alice, None)
        ids = [asked(app, asker, f"Refund {animal}", day) for day, animal in ANIMALS.items()]
        zebra = asked(app, asker, "Refund a zebra", 9)
        with writing():
            row = db.session.get_one(InputRequest, zebra)
            row.status, row.resolved_at = InputRequestStatus.RESOLVED, clock.now()
        index_all()
        db.session.remove()
        copy_rows(InputRequest, "title LIKE '%zebra%'", MANY, {"title": "'Refund ' || n"})
        with writing():
            db.session.execute(text(COPY_WORDS))
        yield ids
        db.session.remove()


ANIMALS = {1: "an ape", 2: "a bear", 3: "a cat"}


def asked(app: Flask, asker: Waiting, title: str, day: int) -> UUID:
    """Ask something long ago."""
    request_id = ask_again(app, asker, title, SCHEMA)
    with writing():
        row = db.session.get_one(InputRequest, request_id)
        row.id = first_id_at(clock.now() - timedelta(days=4000 - day))
        row.tags = [InputRequestTag(tag="vat", workspace_id=row.workspace_id)]
        row.priority = day
        row.expires_at = clock.now() + timedelta(days=day)
        return row.id


def become(request_id: UUID, status: InputRequestStatus) -> None:
    is_closed = status is not InputRequestStatus.PENDING
    values = {"status": status, "resolved_at": clock.now() if is_closed else None}
    with writing():
        db.session.execute(update(InputRequest).where(InputRequest.id == request_id).values(values))
    weeding = Weeding()
    while weeding.go_on():
        pass


def found(workspace: Workspace, filters: ListedFilter) -> list[UUID]:
    """Return what a list has, read a row at a time; no more than a few."""
    ids: list[UUID] = []
    trail: str | None = None
    while len(ids) < 5:
        page = list_page(workspace, filters, PageRequest(1, trail))
        ids += [each.id for each in page.items]
        trail = page.trail
        if trail is None:
            break
    return ids


def test_what_waits_is_found_among_very_many_that_were_decided(
    app: Flask, cast: Cast, old: list[UUID]
) -> None:
    refunds = ListedFilter(search="refund")
    with reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        rows = [db.session.get_one(InputRequest, each) for each in old]
        assert db.session.scalars(select(func.count()).select_from(InputRequest)).one() > MANY
        for order in ListOrder:
            expected = old if order in {ListOrder.OLDEST, ListOrder.DUE} else old[::-1]
            filters = replace(refunds, order=order)
            assert found(workspace, filters) == expected
            beside = neighbours(workspace, filters, rows[1])
            assert (beside.previous_id, beside.next_id) == (expected[0], expected[2])
            assert (beside.position, beside.total) == (2, 3)
            assert next_after(workspace, filters, rows[1]) == expected[2]
        agent_id = rows[0].agent_id
        for narrower in (
            replace(refunds, tag="vat"),
            replace(refunds, agent_id=agent_id, key="more"),
            replace(refunds, older_than=timedelta(days=9), session_id=rows[0].session_id),
        ):
            assert found(workspace, narrower) == old
            assert count_listed(workspace, narrower) == 3
        assert found(workspace, ListedFilter(search="refund bear")) == [old[1]]
        assert found(workspace, ListedFilter(search="refund zebra")) == []

    decided = ListedFilter(view=ListView.DECIDED, search="refund")
    waiting = set(old)
    for request_id, status in (
        (old[1], InputRequestStatus.HELD),
        (old[1], InputRequestStatus.PENDING),
        (old[1], InputRequestStatus.DECLINED),
        (old[0], InputRequestStatus.EXPIRED),
        (old[2], InputRequestStatus.CANCELLED),
    ):
        become(request_id, status)
        waits = status is InputRequestStatus.PENDING
        waiting = waiting | {request_id} if waits else waiting - {request_id}
        with reading():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            assert set(found(workspace, refunds)) == waiting
            newest = list_page(workspace, decided, PageRequest(1)).items
            assert (newest[0].id == request_id) is not waits
            words = select(func.count()).select_from(WaitingDocument)
            kept = db.session.scalar(words.where(WaitingDocument.request_id == request_id))
            assert kept == status.is_open, "what can be undone keeps its words"
    with reading():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        for search in ("zebra", "zebra refund"):
            assert len(found(workspace, replace(decided, search=search))) == 5
        assert found(workspace, replace(decided, search="ape")) == [old[0]]
        assert found(workspace, replace(decided, search="bear refund")) == [old[1]]
        last = db.session.scalars(
            select(InputRequest)
            .where(InputRequest.status != InputRequestStatus.PENDING)
            .order_by(InputRequest.closed_at, InputRequest.id)
            .limit(1)
        ).one()
        assert next_after(workspace, replace(decided, search="zebra"), last) is not None
