"""The rows that inbox_scale.py looks at."""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from opensink_web import clock
from opensink_web.models import (
    AgentSession,
    InputRequest,
    InputRequestStatus,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.bulk_insert import Insertion
from opensink_web.models.input_request import InputRequestTag
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from tests.conftest import Person
from tests.support.executions import Submitted, make_function, submit_many
from tests.support.many_rows import indexed_later
from tests.support.scenarios import POLICY, SCHEMA

_ONE_WAITS_OF = 20
_AGENTS, _FUNCTIONS, _EXECUTIONS = 5, 3, 20
_DAYS = 30
_AT_ONCE = 10_000
_WORDS = "invoice refund transfer order account contract salary delivery customs visa"
_NAMES = _WORDS.split(" ")


def analyze() -> None:
    """Let the database count, as it does by itself after a while."""
    with db.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()


class Rows:
    """One workspace's requests: of many agents and keys, and of functions' batches; with tags,
    deadlines and priorities.
    """

    def __init__(self, person: Person, count: int) -> None:
        self._person = person
        self._count = count
        self._random = random.Random(count)
        self._until = clock.now()
        self._agent_ids: list[UUID] = []
        self._session_ids: list[UUID] = []
        self._batches: list[Submitted] = []
        self._a_waiting_id: UUID | None = None

    def make(self) -> dict[str, Any]:
        """Write all of it; return the ids of what is looked at."""
        with writing():
            workspace = db.session.get_one(Workspace, self._person.workspace_id)
            agents = [create_agent(workspace, POLICY, name=f"Agent {n}") for n in range(_AGENTS)]
            self._agent_ids = [agent.id for agent in agents]
        for number in range(_FUNCTIONS):
            function_id = make_function(self._person, name=f"work-{number}")
            self._batches.append(submit_many(self._person, function_id, _EXECUTIONS))
        self._add_sessions(max(self._count // 100, _AGENTS))
        with (
            indexed_later(InputRequest.__tablename__),
            indexed_later(InputRequestTag.__tablename__),
        ):
            for begin in range(0, self._count, _AT_ONCE):
                numbers = range(begin, min(begin + _AT_ONCE, self._count))
                rows = [self._row(number) for number in numbers]
                tags = [tag for row, n in zip(rows, numbers, strict=True) for tag in _tags(row, n)]
                with writing():
                    Insertion(InputRequest, rows).run()
                    Insertion(InputRequestTag, tags).run()
        analyze()
        return {
            "count": self._count,
            "agent": str(self._agent_ids[3]),
            "session": str(self._session_ids[-3]),
            "batch": str(self._batches[1].id),
            "request": str(self._a_waiting_id),
        }

    def _add_sessions(self, count: int) -> None:
        rows = []
        for number in range(count):
            self._session_ids.append(self._id_at(number, count))
            session = {
                "id": self._session_ids[-1],
                "workspace_id": self._person.workspace_id,
                "agent_id": self._agent_ids[number % _AGENTS],
                "status": "waiting_for_input",
                "created_at": self._until,
                "updated_at": self._until,
            }
            rows.append(session)
        for begin in range(0, count, _AT_ONCE):
            with writing():
                Insertion(AgentSession, rows[begin : begin + _AT_ONCE]).run()

    def _row(self, number: int) -> Mapping[str, Any]:
        request_id, created_at = self._id_at(number, self._count), self._moment(number, self._count)
        waits = number % _ONE_WAITS_OF == 0
        asker = self._asker(number)
        if waits and number > self._count / 2 and asker["agent_id"] and self._a_waiting_id is None:
            self._a_waiting_id = request_id
        name = _NAMES[number // 20 % len(_NAMES)]
        due_at = self._until + timedelta(minutes=number % 9999)
        values = {
            "id": request_id,
            "created_at": created_at,
            "workspace_id": self._person.workspace_id,
            **asker,
            "title": f"Approve {name} {number}?",
            "message": f"The {name} number **{number}** is to be approved by somebody.",
            "schema": SCHEMA,
            "status": InputRequestStatus.PENDING if waits else InputRequestStatus.RESOLVED,
            "response": None if waits else {"approved": True},
            "resolved_at": None if waits else created_at + timedelta(minutes=5),
            "resolved_by_id": None if waits else self._person.id,
            "resolved_by_system": False,
            "allow_decline": True,
            "priority": number // 20 % 100 if number % 3 == 0 else 0,
            "reference": f"R-{number}",
            "expires_at": due_at if number % 4 == 0 else None,
            "on_expire": "none",
            "revision": 1,
        }
        return sealed_values(InputRequest, values)

    def _asker(self, number: int) -> dict[str, Any]:
        """Return who asks: of ten one is an approval of a function's call."""
        if number // _ONE_WAITS_OF % 10 == 0:
            of = number // _ONE_WAITS_OF // 10
            batch = self._batches[of % _FUNCTIONS]
            return {
                "kind": "approval",
                "key": f"tests/work-{of % _FUNCTIONS}",
                "session_id": None,
                "agent_id": None,
                "execution_id": batch.execution_ids[of % _EXECUTIONS],
                "batch_id": batch.id,
            }
        place = self._random.randrange(len(self._session_ids))
        return {
            "kind": "input",
            "key": f"key-{number // 20 % 50}",
            "session_id": self._session_ids[place],
            "agent_id": self._agent_ids[place % _AGENTS],
            "execution_id": None,
            "batch_id": None,
        }

    def _moment(self, number: int, count: int) -> datetime:
        return self._until - timedelta(days=_DAYS) * (1 - number / count)

    def _id_at(self, number: int, count: int) -> UUID:
        first = first_id_at(self._moment(number, count))
        return UUID(int=first.int | self._random.getrandbits(60))


def _tags(row: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    of_row = {"request_id": row["id"], "workspace_id": row["workspace_id"]}
    yield {**of_row, "tag": f"name-{_NAMES[number // 20 % len(_NAMES)]}"}
    # as many whatever the number of rows, and waiting
    if number % (_ONE_WAITS_OF * max(math.ceil(number / 200), 1)) == 0 and number < 2000:
        yield {**of_row, "tag": "rare"}
