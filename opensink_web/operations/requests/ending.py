"""How requests ended, when, and by whose decision: what a list of decided ones is narrowed by.

The insights count by the same, so that a number there leads to a list of as many.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self, assert_never
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.models import InputRequest, InputRequestStatus

_BY_SYSTEM: ColumnElement[bool] = InputRequest.resolved_by_system.is_(True)
_BY_PERSON: ColumnElement[bool] = InputRequest.resolved_by_system.is_(False)
_IS_OVER = and_(
    InputRequest.expires_at.is_not(None), InputRequest.expires_at <= InputRequest.closed_at
)


class Ending(StrEnum):
    """How a request ended for good; DECIDED is by a person, ENDED however it did.

    APPROVED and EDITED are parts of ANSWERED that only the insights can tell (insights/counted.py).
    """

    ENDED = "ended"
    DECIDED = "decided"
    ANSWERED = "answered"
    APPROVED = "approved"
    EDITED = "edited"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    SUPERSEDED = "superseded"
    AUTOMATIC = "automatic"

    @property
    def condition(self) -> ColumnElement[bool]:
        """Keep those that ended so, of what does not wait."""
        status = InputRequest.status
        match self:
            case Ending.ENDED:
                return status != InputRequestStatus.HELD
            case Ending.DECIDED:
                decided = (InputRequestStatus.RESOLVED, InputRequestStatus.DECLINED)
                return and_(status.in_(decided), _BY_PERSON)
            case Ending.ANSWERED | Ending.APPROVED | Ending.EDITED:
                return and_(status == InputRequestStatus.RESOLVED, _BY_PERSON)
            case Ending.DECLINED:
                return and_(status == InputRequestStatus.DECLINED, _BY_PERSON)
            case Ending.EXPIRED:
                return or_(status == InputRequestStatus.EXPIRED, and_(_BY_SYSTEM, _IS_OVER))
            case Ending.WITHDRAWN:
                return status == InputRequestStatus.CANCELLED
            case Ending.SUPERSEDED:
                return status == InputRequestStatus.SUPERSEDED
            case Ending.AUTOMATIC:
                return and_(_BY_SYSTEM, ~_IS_OVER)
            case _:
                assert_never(self)


@dataclass(frozen=True, slots=True)
class Ended:
    """Which of those that do not wait: from a moment until before another; None means any."""

    since: datetime | None = None
    until: datetime | None = None
    ending: Ending | None = None
    decided_by: UUID | None = None

    @classmethod
    def within(
        cls,
        since: datetime | None,
        until: datetime | None,
        ending: Ending | None,
        decided_by: UUID | None,
        until_name: str = "to",
    ) -> Self:
        """Return those of a time that has a length. Raises: InvalidInput, about `until_name`."""
        if since and until and until <= since:
            message = "The time to list ends before it begins."
            raise InvalidInput(message, errors=(FieldError(f"/{until_name}", message),))
        return cls(since, until, ending, decided_by)

    @property
    def is_of_time(self) -> bool:
        """Return True if it says when."""
        return self.since is not None or self.until is not None

    @property
    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """Give what keeps them."""
        if self.since is not None:
            yield InputRequest.closed_at >= self.since
        if self.until is not None:
            yield InputRequest.closed_at < self.until
        if self.decided_by is not None:
            yield InputRequest.resolved_by_id == self.decided_by
        if self.ending is not None:
            yield self.ending.condition
