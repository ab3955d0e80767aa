"""The history that insights.py looks at: a million requests of ninety days, made in bulk."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

from opensink_web import clock
from opensink_web.models import (
    AgentSession,
    InputRequest,
    InputRequestStatus,
    Membership,
    Role,
    User,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at, new_id
from opensink_web.models.bulk_insert import Insertion
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.agent import create_agent
from tests.benchmarks.inbox_rows import analyze
from tests.conftest import Person
from tests.support.executions import make_function, submit_many
from tests.support.many_rows import indexed_later
from tests.support.scenarios import POLICY, SCHEMA

DAYS = 90
AGENTS, FUNCTIONS, REVIEWERS, KEYS_OF_AGENT = 40, 3, 10, 5
_AT_ONCE = 10_000
_TEXT: Any = {"type": "object", "properties": {"note": {"type": "string", "default": "-"}}}
_DELIVERIES = (
    "INSERT INTO deliveries (id, workspace_id, agent_id, session_id, input_request_id, kind,"
    " business_key, status, next_trigger, attempt_count, round_attempt_count, finished_at,"
    " next_at, recovery_count, created_at, updated_at)"
    " SELECT id, workspace_id, agent_id, session_id, id, 'input_request_resolved',"
    " CAST(id AS text), 'succeeded', 'first', 1, 1, held_until,"
    " resolved_at, 0, resolved_at, resolved_at"
    " FROM input_requests WHERE status IN ('resolved', 'declined') AND agent_id IS NOT NULL"
)


class MillionRows:
    """Requests of one workspace; of twenty one waits, and each that an agent has asked and that
    was decided has the call that told the agent.
    """

    def __init__(self, person: Person, count: int) -> None:
        self._person, self._count = person, count
        self._random = random.Random(count)
        self._until = clock.now()

    @property
    def since(self) -> str:
        """Return when the first was asked, as an address says it."""
        begin = self._until - timedelta(days=DAYS)
        return f"{begin:%Y-%m-%dT%H:%M:%SZ}"

    def make(self) -> dict[str, str]:
        """Write all of it; return what addresses are made of."""
        with writing():
            workspace = db.session.get_one(Workspace, self._person.workspace_id)
            agents = [create_agent(workspace, POLICY, name=f"Agent {n}") for n in range(AGENTS)]
            self._agent_ids = [agent.id for agent in agents]
            people = [
                User(email=f"reviewer-{n}@example.com", password_hash="-") for n in range(REVIEWERS)
            ]
            db.session.add_all(people)
            db.session.flush()
            db.session.add_all(
                Membership(user_id=each.id, workspace_id=workspace.id, role=Role.REVIEWER)
                for each in people
            )
            self._people = [each.id for each in people]
        self._executions = [
            submit_many(self._person, make_function(self._person, name=f"work-{n}"), 20)
            for n in range(FUNCTIONS)
        ]
        self._sessions = [(new_id(), agent_id) for agent_id in self._agent_ids * 25]
        with writing():
            Insertion(AgentSession, list(self._session_rows())).run()
        with indexed_later(InputRequest.__tablename__):
            for begin in range(0, self._count, _AT_ONCE):
                some = range(begin, min(begin + _AT_ONCE, self._count))
                rows = [sealed_values(InputRequest, self._row(number)) for number in some]
                with writing():
                    Insertion(InputRequest, rows).run()
        with indexed_later("deliveries") as execute:
            execute(_DELIVERIES)
        analyze()
        return {"agent": str(self._agent_ids[3]), "reviewer": str(self._people[3])}

    def _session_rows(self) -> Iterator[dict[str, Any]]:
        for session_id, agent_id in self._sessions:
            yield {
                "id": session_id,
                "workspace_id": self._person.workspace_id,
                "agent_id": agent_id,
                "status": "waiting_for_input",
                "created_at": self._until,
                "updated_at": self._until,
            }

    def _row(self, number: int) -> dict[str, Any]:
        chosen = self._random
        created_at = self._until - timedelta(days=DAYS) * (1 - number / self._count)
        ended_at = created_at + timedelta(seconds=chosen.lognormvariate(6, 2))
        waits = number % 20 == 0 or ended_at > self._until
        status = InputRequestStatus.PENDING if waits else self._ended_as(chosen.random())
        is_decided = status in {InputRequestStatus.RESOLVED, InputRequestStatus.DECLINED}
        is_answered = status is InputRequestStatus.RESOLVED
        schema = SCHEMA if chosen.random() < 0.6 else _TEXT
        arrived = ended_at + timedelta(seconds=chosen.lognormvariate(-3, 1))
        return {
            "id": UUID(int=first_id_at(created_at).int | chosen.getrandbits(60)),
            "created_at": created_at,
            "workspace_id": self._person.workspace_id,
            **self._asker(),
            "title": f"Approve transfer {number}?",
            "message": "",
            "schema": schema,
            "status": status,
            "response": {"approved": chosen.random() < 0.8} if is_answered else None,
            "edited": ([] if chosen.random() < 0.7 else ["/note"])
            if is_answered and schema is _TEXT
            else None,
            "decline_reason": None,
            "resolved_at": None if waits else ended_at,
            "resolved_by_id": chosen.choice(self._people) if is_decided else None,
            "resolved_by_system": False,
            "held_until": arrived if is_decided else None,
            "allow_decline": True,
            "priority": 0,
            "on_expire": "none",
            "revision": 1,
        }

    def _ended_as(self, chance: float) -> InputRequestStatus:
        if chance < 0.85:
            return InputRequestStatus.RESOLVED
        return InputRequestStatus.DECLINED if chance < 0.95 else InputRequestStatus.EXPIRED

    def _asker(self) -> dict[str, Any]:
        chosen = self._random
        if chosen.random() < 0.1:
            batch = chosen.choice(self._executions)
            of_batch = {"execution_id": chosen.choice(batch.execution_ids), "batch_id": batch.id}
            nobody = {"session_id": None, "agent_id": None}
            return {"kind": "approval", "key": f"tests/{batch.id}", **nobody, **of_batch}
        place = chosen.randrange(len(self._sessions))
        session_id, agent_id = self._sessions[place]
        key = f"key-{place % AGENTS % 10}-{chosen.randrange(KEYS_OF_AGENT)}"
        of_agent = {"session_id": session_id, "agent_id": agent_id}
        return {"kind": "input", "key": key, **of_agent, "execution_id": None, "batch_id": None}
