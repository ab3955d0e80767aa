"""Requests by what the insights count them as: what of that is encrypted stands in no column.

A list is narrowed by it as by a tag (operations/requests/sieve.py), so that "approved" and "edited"
lead to the list of just these.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, SQLColumnExpression, literal, or_, select, union_all

from opensink_web.models import InputRequest, InsightKind, RequestFact
from opensink_web.operations.insights.collecting import UNCOUNTED_MAX
from opensink_web.operations.insights.counting import LATE, progress_of, uncounted
from opensink_web.operations.insights.outcome import Edit, Verdict, code_of, milliseconds
from opensink_web.operations.requests.ending import Ended, Ending

APPROVED = tuple(code_of(Verdict.APPROVED, each) for each in Edit)
EDITED = tuple(code_of(each, Edit.EDITED) for each in Verdict)


_CODES = {Ending.APPROVED: APPROVED, Ending.EDITED: EDITED}


@dataclass(frozen=True)
class CountedAs:
    """Keeps what is counted by one of some codes, and ended from a moment until before another."""

    workspace_id: UUID
    codes: tuple[int, ...]
    since: datetime | None = None
    until: datetime | None = None

    @property
    def ids(self) -> Select[Any]:
        """Find all of them."""
        facts = select(RequestFact.request_id).where(
            RequestFact.workspace_id == self.workspace_id, RequestFact.code.in_(self.codes)
        )
        if self.since is not None:
            facts = facts.where(RequestFact.at >= milliseconds(self.since))
        if self.until is not None:
            facts = facts.where(RequestFact.at < milliseconds(self.until))
        if not self._newest:
            return facts
        newest = select(InputRequest.id).where(InputRequest.id.in_(self._newest))
        return select(union_all(facts, newest).subquery().c.request_id)

    def are_in(self, request_id: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Look whether one request is counted so."""
        fact = select(literal(value=True)).where(
            RequestFact.request_id == request_id, RequestFact.code.in_(self.codes)
        )
        is_counted = fact.correlate_except(RequestFact).exists()
        return or_(is_counted, request_id.in_(self._newest)) if self._newest else is_counted

    @cached_property
    def _newest(self) -> Sequence[UUID]:
        """What ended a moment ago and has no fact yet."""
        progress = progress_of(self.workspace_id, InsightKind.REQUESTS)
        since = progress.counted_until - LATE // timedelta(milliseconds=1)
        if self.since is not None:
            since = max(since, milliseconds(self.since))
        newest = uncounted(
            self.workspace_id, InsightKind.REQUESTS, max(since, 0), UNCOUNTED_MAX + 1
        )
        return [row_id for row_id, ended in newest.ended if ended.code in self.codes]


def counted_as(workspace_id: UUID, ended: Ended | None) -> CountedAs | None:
    """Return by which numbers of the insights a list is looked up besides, if by any."""
    if ended is None or ended.ending not in _CODES:
        return None
    return CountedAs(workspace_id, _CODES[ended.ending], ended.since, ended.until)
