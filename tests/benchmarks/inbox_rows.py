"""The rows that inbox_scale.py looks at."""

import math
import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text

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
from opensink_web.operations import page
from opensink_web.operations.agents.agent import create_agent
from tests.conftest import Person
from tests.support.executions import Submitted, make_function, submit_many
from tests.support.many_rows import indexed_later
from tests.support.scenarios import POLICY, SCHEMA

_ONE_WAITS_OF = 20
_AGENTS, _FUNCTIONS, _EXECUTIONS = 5, 3, 20
_AGENT, _FUNCTION = 3, 1
AGENT_KEY, FUNCTION_NAME, KEY_OF_NONE = "key-5", f"tests/work-{_FUNCTION}", "key-20"
"""What is looked at; no agent asks with the last, whose turn is always an approval's."""
_FEW = 100_000
"""Of fewer, more are of what is looked at, so that a page of each is as full as with many."""
_DAYS = 30
_IN_A_SESSION, _ON_LAST_PAGE = 4, 20
_DELIVERIES = (
    "INSERT INTO deliveries (id, workspace_id, agent_id, session_id, input_request_id, kind,"
    " business_key, status, next_trigger, attempt_count, round_attempt_count, finished_at,"
    " next_at, recovery_count, created_at, updated_at)"
    " SELECT id, workspace_id, agent_id, session_id, id, 'input_request_resolved',"
    " CAST(id AS text), 'succeeded', 'first', 1, 1, resolved_at,"
    " resolved_at, 0, resolved_at, resolved_at"
    " FROM input_requests WHERE status = 'resolved' AND agent_id IS NOT NULL"
)
_AT_ONCE = 10_000
_WORDS = "invoice refund transfer order account contract salary delivery customs visa"
_NAMES = _WORDS.split(" ")


def analyze() -> None:
    """Let the database count, as it does by itself after a while."""
    with db.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()


def add_deliveries() -> None:
    """Make of each answer of an agent's request the call that told the agent."""
    with indexed_later("deliveries") as execute:
        execute(_DELIVERIES)


def looked_up(workspace_id: UUID) -> dict[str, Any]:
    """Return what is looked at that has as many rows of few requests as of many."""
    waits = (InputRequest.workspace_id == workspace_id, InputRequest.status == "pending")
    session_id = select(InputRequest.session_id).where(*waits)
    session_id = session_id.where(InputRequest.session_id.is_not(None))
    session_id = session_id.group_by(InputRequest.session_id).having(func.count() == _IN_A_SESSION)
    last_places: dict[str, list[Any]] = {
        "oldest": [InputRequest.id.desc()],
        "newest": [InputRequest.id],
        "due": [InputRequest.expires_at.desc(), InputRequest.id.desc()],
        "priority": [InputRequest.precedence.is_not(None), InputRequest.id.desc()],
    }
    before_last = {
        order: select(InputRequest.id).where(*waits).order_by(*places).offset(_ON_LAST_PAGE)
        for order, places in last_places.items()
    }
    return {
        "session": str(db.session.scalars(session_id.limit(1)).one()),
        "last_pages": {
            order: page.trail_of(db.session.scalars(query.limit(1)).one())
            for order, query in before_last.items()
        },
    }


class Rows:
    """One workspace's requests: of many agents and keys, and of functions' batches; with tags,
    deadlines and priorities. Of what agents were answered each has a delivery.
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
        add_deliveries()
        analyze()
        return {
            "count": self._count,
            "agent": str(self._agent_ids[_AGENT]),
            "batch": str(self._batches[_FUNCTION].id),
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
        turn, is_few = number // _ONE_WAITS_OF, self._count < _FEW
        if turn % 10 == 0 or (is_few and turn % 20 in {12, 18}):
            of = turn // 10
            function = (0, 1, 1, 2, 1, 1)[of % 6] if is_few else of % _FUNCTIONS
            batch = self._batches[function]
            return {
                "kind": "approval",
                "key": f"tests/work-{function}",
                "session_id": None,
                "agent_id": None,
                "execution_id": batch.execution_ids[of % _EXECUTIONS],
                "batch_id": batch.id,
            }
        place = self._random.randrange(len(self._session_ids))
        key = f"key-{turn % 50}"
        if is_few and turn % 4 == 1:
            key, place = AGENT_KEY, place - place % _AGENTS + _AGENT
        return {
            "kind": "input",
            "key": key,
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
