"""How much of each kind of work is due, and since when: for operators, who look from time to time.

It steps through the groups as the sweeper does, and counts no more than COUNTED_MAX in each, so it
costs as little with a million rows as with a thousand.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import Select, func, select

from opensink_web import clock
from opensink_web.models.leased import Leased
from opensink_web.models.transaction import run_prepared
from opensink_web.operations.status.parts import Backlog
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import MOMENT, Limits, Source, groups_of, is_due

COUNTED_MAX = 10_000


class BacklogReader:
    """Reads the backlog of every kind. Needs a transaction."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @cached_property
    def _statements(self) -> dict[str, tuple[Select[Any], ...]]:
        """What is due of each kind, and what is leased; built when it is first read."""
        kinds = kinds_within(self._limits)
        return {
            name: (_due(kind.model, kind.sources[0]), _leased(kind.model), _lost(kind.model))
            for name, kind in kinds.items()
        }

    def read(self) -> Sequence[Backlog]:
        """Return it, kind by kind."""
        values = {"moment": clock.now()}
        backlog = []
        for name, (due, leased, lost) in self._statements.items():
            groups = run_prepared(due, values).all()
            in_flight = int(run_prepared(leased, values).scalar_one())
            run_out = int(run_prepared(lost, values).scalar_one())
            since = min((row.since for row in groups if row.since is not None), default=None)
            size = sum(row.size for row in groups)
            backlog.append(Backlog(name, size, since, in_flight, run_out))
        return backlog


def _due(model: type[Leased], source: Source) -> Select[Any]:
    """Select how much is due in each group, and since when."""
    groups = groups_of(model, source.is_open)
    of_group = (model.group_id == groups.c.group_id, is_due(model, source.is_open))
    some = select(model.id).where(*of_group).limit(COUNTED_MAX).correlate(groups).subquery()
    since = select(model.next_at).where(*of_group).order_by(model.next_at).limit(1)
    return select(
        select(func.count()).select_from(some).scalar_subquery().label("size"),
        since.correlate(groups).scalar_subquery().label("since"),
    ).where(groups.c.group_id.is_not(None))


def _leased(model: type[Leased]) -> Select[Any]:
    query: Select[Any] = select(func.count()).select_from(model)
    return query.where(model.lease_until.is_not(None), model.lease_until > MOMENT)


def _lost(model: type[Leased]) -> Select[Any]:
    some = select(model.id).where(model.lease_until.is_not(None), model.lease_until <= MOMENT)
    query: Select[Any] = select(func.count()).select_from(some.limit(COUNTED_MAX).subquery())
    return query
