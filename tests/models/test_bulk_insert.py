"""Many rows that are inserted as one document are stored as each alone would be."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from opensink_web.models import Base, Execution, ExecutionStep, StepKind, db
from opensink_web.models.base import new_id
from opensink_web.models.bulk_insert import Insertion
from opensink_web.models.transaction import reading, writing
from tests.conftest import Cast
from tests.support.executions import make_function, submit_one

pytestmark = pytest.mark.usefixtures("on_each_database")

TEXTS = ("", "null", "1", '{"a": 1}', "'; --", '"\\\n\t', "ß€😀", "a" * 100_000)
DETAILS: tuple[Any, ...] = (None, {"b": 1, "a": [1.0, None, True, "ß"]}, {})


def stored(model: type[Base], where: Any) -> list[dict[str, Any]]:
    with reading():
        rows = db.session.execute(select(model.__table__).where(where).order_by("id"))
        return [dict(row._mapping) for row in rows]


def test_each_kind_of_value_is_stored_as_by_an_insert_of_its_own(app: Flask, cast: Cast) -> None:
    moment = datetime(2030, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone(timedelta(hours=2)))
    with app.app_context():
        execution_id = submit_one(cast.alice, make_function(cast.alice))
        rows = [
            {
                "id": new_id(),
                "created_at": moment,
                "execution_id": execution_id,
                "kind": StepKind.PAUSED,
                "message": text,
                "details": details,
            }
            for text in (*TEXTS, None)
            for details in DETAILS
        ]
        with writing():
            db.session.execute(insert(ExecutionStep.__table__), rows)  # type: ignore[arg-type]
        alone = stored(ExecutionStep, ExecutionStep.kind == StepKind.PAUSED)
        with writing():
            db.session.execute(ExecutionStep.__table__.delete())  # type: ignore[attr-defined]
            Insertion(ExecutionStep, rows).run()
        assert stored(ExecutionStep, ExecutionStep.kind == StepKind.PAUSED) == alone
        assert len(alone) == len(rows)


def test_what_rows_share_is_in_each(app: Flask, cast: Cast) -> None:
    with app.app_context():
        execution_id = submit_one(cast.alice, make_function(cast.alice))
        (given,) = stored(Execution, Execution.id == execution_id)
        own = [{"id": new_id(), "batch_index": n, "trigger_id": f"t:{n}"} for n in range(3)]
        shared = {**given, "scopes": ["a:b"], "finished_at": datetime(2030, 1, 1, tzinfo=UTC)}
        with writing():
            Insertion(Execution, own, shared).run()
        assert stored(Execution, Execution.id != execution_id) == [
            {**shared, **each} for each in own
        ]
