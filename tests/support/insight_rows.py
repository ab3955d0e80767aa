"""Random histories of a workspace, and what is to be said of them: counted row by row, plainly."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from opensink_web.models import (
    Delivery,
    DeliveryKind,
    DeliveryStatus,
    Execution,
    InputRequest,
    InputRequestStatus,
    Workspace,
    db,
)
from opensink_web.models.base import first_id_at
from opensink_web.models.bulk_insert import Insertion
from opensink_web.models.sealed import sealed_values
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from tests.conftest import Cast
from tests.support.executions import make_function, submit_many
from tests.support.scenarios import ENDPOINT, POLICY, SCHEMA

TEXT: Any = {"type": "object", "properties": {"note": {"type": "string"}}, "required": ["note"]}
STATUSES = (
    *[InputRequestStatus.RESOLVED] * 10,
    *[InputRequestStatus.DECLINED] * 3,
    InputRequestStatus.PENDING,
    InputRequestStatus.CANCELLED,
    InputRequestStatus.EXPIRED,
    InputRequestStatus.SUPERSEDED,
)


class History:
    """Requests and calls of one workspace, the last of them ending about `now`."""

    def __init__(self, cast: Cast, seed: int, now: datetime, days: int = 80) -> None:
        self._cast, self._now, self._days = cast, now, days
        self._random = random.Random(seed)
        with writing():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            agents = [
                create_agent(workspace, POLICY, name=f"Agent {n}", execution_endpoint=ENDPOINT)
                for n in range(3)
            ]
            self.agent_ids = [each.id for each in agents]
            self.sessions = [
                (start_session(workspace, agent_id).id, agent_id) for agent_id in self.agent_ids * 2
            ]
        function_id = make_function(cast.alice, name="pay")
        self._executions = submit_many(cast.alice, function_id, 3).execution_ids

    def add(self, count: int) -> list[UUID]:
        """Write so many requests, and of most of those that agents asked the call that tells them;
        return the requests' ids.
        """
        rows = [self._request() for _ in range(count)]
        calls = [
            self._call(row)
            for row in rows
            if row["agent_id"] and row["resolved_at"] and self._random.random() < 0.8
        ]
        with writing():
            Insertion(InputRequest, [sealed_values(InputRequest, row) for row in rows]).run()
            Insertion(Delivery, calls).run()
        return [row["id"] for row in rows]

    def _moment(self) -> datetime:
        """Return when something ended: on one of a dozen days, each of which is rolled up alone."""
        days = self._random.choice(range(12)) ** 2 * self._days // 122
        return self._now - timedelta(days=days, seconds=self._random.random() * 80_000)

    def _request(self) -> dict[str, Any]:
        chosen = self._random
        ended_at = self._moment()
        took = timedelta(microseconds=int(chosen.lognormvariate(20, 3)))
        if chosen.random() < 0.02:
            took = timedelta(days=60, microseconds=chosen.randrange(10**6))
        status = chosen.choice(STATUSES)
        is_of_people = status in {InputRequestStatus.RESOLVED, InputRequestStatus.DECLINED}
        is_by_system = is_of_people and chosen.random() < 0.1
        is_over = is_by_system and chosen.random() < 0.5
        by = chosen.choice([self._cast.alice.id, self._cast.alice.id, self._cast.bob.id, None])
        is_answer = status is InputRequestStatus.RESOLVED
        schema = chosen.choice([SCHEMA, TEXT])
        response = {"approved": chosen.random() < 0.7} if schema is SCHEMA else {"note": "so"}
        return {
            "id": self._id_at(ended_at - took),
            "created_at": ended_at - took,
            "workspace_id": self._cast.alice.workspace_id,
            **self._asker(),
            "key": chosen.choice(["pay", "buy", "tell", "=1+1"]),
            "title": "?",
            "message": "",
            "schema": schema,
            "status": status,
            "response": response if is_answer else None,
            "edited": chosen.choice([None, [], ["/note"]]) if is_answer else None,
            "decline_reason": "No." if status is InputRequestStatus.DECLINED else None,
            "resolved_at": None if status is InputRequestStatus.PENDING else ended_at,
            "resolved_by_id": by if is_of_people and not is_by_system else None,
            "resolved_by_system": is_by_system,
            "allow_decline": True,
            "priority": 0,
            "on_expire": "default" if is_over else "none",
            "expires_at": ended_at if is_over else None,
            "revision": 1,
        }

    def _asker(self) -> dict[str, Any]:
        if self._random.random() < 0.25:
            execution_id = self._random.choice(self._executions)
            kind = self._random.choice(["approval", "input"])
            return {"session_id": None, "agent_id": None, "execution_id": execution_id} | {
                "kind": kind
            }
        session_id, agent_id = self._random.choice(self.sessions)
        return {"session_id": session_id, "agent_id": agent_id, "execution_id": None} | {
            "kind": "input"
        }

    def _call(self, row: dict[str, Any]) -> dict[str, Any]:
        status = self._random.choice(["succeeded"] * 6 + ["failed", "pending"])
        begun = row["resolved_at"]
        took = timedelta(microseconds=int(self._random.lognormvariate(13, 2)))
        return {
            "id": row["id"],
            "created_at": begun,
            "updated_at": begun,
            "workspace_id": row["workspace_id"],
            "agent_id": row["agent_id"],
            "session_id": row["session_id"],
            "input_request_id": row["id"],
            "kind": self._random.choice(
                [DeliveryKind.INPUT_REQUEST_RESOLVED] * 9 + [DeliveryKind.TEST]
            ),
            "business_key": str(row["id"]),
            "status": status,
            "attempt_count": self._random.choice([1, 1, 3]),
            "finished_at": None if status == "pending" else begun + took,
            "next_at": begun,
        }

    def _id_at(self, moment: datetime) -> UUID:
        return UUID(int=first_id_at(moment).int | self._random.getrandbits(60))


@dataclass(frozen=True)
class Plain:
    """A row, and of whom it is."""

    row: Any
    asker: str
    key: str
    reviewer: str
    ended_at: datetime
    took_ms: int


def plain_requests(cast: Cast) -> list[Plain]:
    """Return all requests of the workspace that have ended, as anybody finds them."""
    with reading():
        query = db.select(InputRequest).filter_by(workspace_id=cast.alice.workspace_id)
        rows = db.session.scalars(query).all()
        functions = {
            each.id: f"function:{each.full_name}"
            for each in db.session.scalars(db.select(Execution))
        }
        found = []
        for row in rows:
            if row.status in {InputRequestStatus.PENDING, InputRequestStatus.HELD}:
                continue
            vars(row)["said"] = (row.response, row.edited, row.schema)
            ended_at = row.resolved_at or row.cancelled_at or row.created_at
            asker = f"agent:{row.agent_id}" if row.agent_id else functions[row.execution_id]
            is_by_person = row.status.value in {"resolved", "declined"} and row.resolved_by_id
            reviewer = str(row.resolved_by_id) if is_by_person else ""
            took = max((ended_at - row.created_at) // timedelta(milliseconds=1), 0)
            found.append(Plain(row, asker, row.key, reviewer, ended_at, took))
        db.session.expunge_all()
    return found


def plain_calls(cast: Cast) -> list[Plain]:
    """Return all calls of the workspace that have ended, but for tests."""
    with reading():
        query = db.select(Delivery).filter_by(workspace_id=cast.alice.workspace_id)
        rows = [
            each
            for each in db.session.scalars(query)
            if each.status is not DeliveryStatus.PENDING and each.kind is not DeliveryKind.TEST
        ]
        db.session.expunge_all()
    return [
        Plain(
            each,
            f"agent:{each.agent_id}",
            "",
            "",
            each.finished_at,
            max((each.finished_at - each.created_at) // timedelta(milliseconds=1), 0),
        )
        for each in rows
        if each.finished_at is not None
    ]


def figures_of(rows: Iterable[Plain]) -> dict[str, Any]:
    """Count requests by hand."""
    rows = list(rows)
    names = ("approved", "refused", "declined_approvals", "answered", "declined_questions")
    names += ("expired", "withdrawn", "superseded", "automatic")  # type: ignore[assignment]
    counts = dict.fromkeys(names, 0) | {"proposals_kept": 0, "proposals_edited": 0}
    took = []
    for each in rows:
        name = _name_of(each.row)
        counts[name] += 1
        if name in names[:5]:
            took.append(each.took_ms)
        if name in {"approved", "refused", "answered"} and each.row.said[1] is not None:
            counts["proposals_edited" if each.row.said[1] else "proposals_kept"] += 1
    return {**counts, "median_ms": rank(took, 50), "p90_ms": rank(took, 90)}


def call_figures_of(rows: Iterable[Plain]) -> dict[str, Any]:
    """Count calls by hand."""
    rows = list(rows)
    reached = [each for each in rows if each.row.status is DeliveryStatus.SUCCEEDED]
    at_once = [each for each in reached if each.row.attempt_count == 1]
    took = [each.took_ms for each in reached]
    return {
        "at_once": len(at_once),
        "later": len(reached) - len(at_once),
        "failed": len(rows) - len(reached),
        "median_ms": rank(took, 50),
        "p90_ms": rank(took, 90),
    }


def rank(values: Sequence[int], percent: int) -> int | None:
    """Return the least value that so many percent do not exceed."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1] if values else None


def _name_of(row: Any) -> str:
    match row.status.value:
        case "expired":
            return "expired"
        case "cancelled":
            return "withdrawn"
        case "superseded":
            return "superseded"
    if row.resolved_by_system:
        return "expired" if row.on_expire.value != "none" else "automatic"
    response, _, schema = row.said
    is_approval = row.kind.value == "approval"
    if row.status.value == "declined":
        return "declined_approvals" if is_approval or schema == SCHEMA else "declined_questions"
    if is_approval or (schema == SCHEMA and response["approved"]):
        return "approved"
    return "refused" if schema == SCHEMA else "answered"
