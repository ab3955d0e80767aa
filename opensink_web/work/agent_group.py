"""The concurrency group of an agent, which answers and chats share: its limit, for the sweeper."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, select

from opensink_web.models import Agent
from opensink_web.work.queue import MOMENT


def limit_of_agent(agent_id: ColumnElement[UUID], limit: int) -> ColumnElement[int]:
    """Return how many calls of an agent may be in flight at once; null if there is none.

    An endpoint that fails gets one trial call at a time, and none until its pause is over.
    """
    now = case(
        (Agent.endpoint_unhealthy_since.is_(None), limit),
        (Agent.endpoint_next_call_at > MOMENT, 0),
        else_=1,
    )
    is_there = and_(Agent.id == agent_id, Agent.deleted_at.is_(None))
    return select(now).where(is_there).scalar_subquery()
