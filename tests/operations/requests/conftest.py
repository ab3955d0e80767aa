"""Requests of every sort that a list of the inbox may have, on either database."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from opensink_web import clock
from opensink_web.models import InputRequest, InputRequestStatus, InputRequestTag, Workspace, db
from opensink_web.models.transaction import writing
from tests.conftest import Cast
from tests.support.pause_scenarios import approval_in
from tests.support.review_cases import ask_again
from tests.support.scenarios import SCHEMA, ask_in


@pytest.fixture
def everything(app: Flask, cast: Cast) -> Iterator[list[InputRequest]]:
    """Requests of two agents and a function, some due, some urgent, some decided, and Charlie's."""
    with app.app_context():
        waiting = ask_in(cast.alice, None)
        other = ask_in(cast.alice, None)
        for number in range(8):
            ask_again(app, (waiting, other)[number % 2], f"Question {number}", SCHEMA)
        approval_in(cast.alice, [{"amount": number} for number in range(4)], is_batch=True)
        ask_in(cast.charlie, None)
        with writing():
            ours = InputRequest.workspace_id == cast.alice.workspace_id
            rows = list(db.session.scalars(select(InputRequest).where(ours).order_by("id")))
            for number, row in enumerate(rows):
                row.priority = (0, 50, 0, 7, 50)[number % 5]
                if number % 3 == 0:
                    row.expires_at = clock.now() + timedelta(hours=(5, 1, 3)[number % 9 // 3])
                if number % 4 < 2:
                    row.tags = [InputRequestTag(tag="vat", workspace_id=row.workspace_id)]
                if number in {2, 5, 11, 12}:
                    row.status = InputRequestStatus.HELD
                    row.resolved_at = clock.now() - timedelta(seconds=number * 7 % 5)
        db.session.remove()
        found = select(InputRequest).options(selectinload(InputRequest.tags)).where(ours)
        rows = list(db.session.scalars(found.order_by("id")))
        db.session.expunge_all()
        yield rows


def workspace_of(everything: list[InputRequest]) -> Workspace:
    return db.session.get_one(Workspace, everything[0].workspace_id)
