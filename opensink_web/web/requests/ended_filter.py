"""Of what was decided: when, how and by whom, as an address says it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Self
from uuid import UUID

from opensink_web.errors import InvalidInput
from opensink_web.models import Workspace
from opensink_web.operations.insights.counted import CountedAs, counted_as
from opensink_web.operations.insights.span import midnight, zone_called
from opensink_web.operations.requests.ending import Ended, Ending
from opensink_web.web.forms.choice import chosen_member
from opensink_web.web.rendering.listing import chosen_text, chosen_word

_NO_MOMENT = "A day or moment to list from is written as 2026-01-31 or 2026-01-31T12:00:00Z."


_WORDS = {
    Ending.ENDED: "Ended for good",
    Ending.DECIDED: "Decided by a person",
    Ending.ANSWERED: "Approved or answered",
    Ending.APPROVED: "Approved",
    Ending.EDITED: "Edited",
    Ending.DECLINED: "Declined",
    Ending.EXPIRED: "Expired",
    Ending.WITHDRAWN: "Withdrawn",
    Ending.SUPERSEDED: "Asked anew",
    Ending.AUTOMATIC: "By a standing approval",
}


def words_of(ending: Ending) -> str:
    """Return what a list is called of those that ended so."""
    return _WORDS[ending]


def is_day(text: str) -> bool:
    """Return True of what is as long as a day, and not a moment."""
    return len(text) == len("2026-01-31")


@dataclass(frozen=True, slots=True)
class EndedFilter:
    """`first` and `last` are days of the zone, the last one with it, or moments; "" is any."""

    first: str = ""
    last: str = ""
    zone: str = ""
    ending: Ending | None = None
    decided_by: UUID | None = None

    @classmethod
    def from_address(cls, workspace: Workspace) -> Self:
        """Read it. Raises: InvalidInput."""
        ended_filter = cls(
            first=chosen_text("from"),
            last=chosen_text("to"),
            zone=chosen_text("zone"),
            ending=chosen_word(Ending, "outcome"),
            decided_by=chosen_member(workspace),
        )
        _ = ended_filter.ended
        return ended_filter if ended_filter.narrows else cls()

    @property
    def narrows(self) -> bool:
        """Return True if it leaves anything out."""
        return bool(self.first or self.last or self.ending or self.decided_by)

    @property
    def ended(self) -> Ended | None:
        """Return what the list is looked up by. Raises: InvalidInput."""
        if not self.narrows:
            return None
        since, until = self._moment(self.first, 0), self._moment(self.last, 1)
        return Ended.within(since, until, self.ending, self.decided_by)

    def counted_as(self, workspace_id: UUID) -> CountedAs | None:
        """Return by which numbers of the insights the list is looked up besides, if by any."""
        return counted_as(workspace_id, self.ended)

    @property
    def args(self) -> dict[str, str]:
        """Return it as arguments of an address."""
        has_days = bool(self.first or self.last)
        named = {
            "from": self.first,
            "to": self.last,
            "zone": self.zone if has_days else "",
            "outcome": self.ending,
            "user": self.decided_by,
        }
        return {name: str(value) for name, value in named.items() if value}

    def _moment(self, text: str, days_more: int) -> datetime | None:
        """Read a moment, or when a day begins, or the one after it."""
        if not text:
            return None
        zone = zone_called(self.zone or "UTC")
        try:
            if is_day(text):
                return midnight(date.fromisoformat(text) + timedelta(days=days_more), zone)
            moment = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            raise InvalidInput(_NO_MOMENT) from None
        if moment.tzinfo is None:
            raise InvalidInput(_NO_MOMENT)
        return moment
