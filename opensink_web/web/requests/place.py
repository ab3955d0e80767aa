"""Where a reader is: the list that a request was opened from, what stands beside it, what they
decided last. All of it is in the address, so that a reload and Back keep it.
"""

from dataclasses import dataclass
from uuid import UUID

from flask import request

from opensink_web.models import InputRequest, Workspace
from opensink_web.operations.requests.neighbours import Neighbours, neighbours, next_after
from opensink_web.web.requests.inbox_filter import InboxFilter

LAST = "last"
"""The argument that names the request that was decided before this page came up."""


@dataclass(frozen=True, slots=True)
class Place:
    """A request's place in its list, and the addresses around it."""

    list_filter: InboxFilter
    neighbours: Neighbours
    last_id: UUID | None

    @property
    def words(self) -> str:
        """Say where this is: `3 of 12`; of what is in the list no more, how much is."""
        total = str(self.neighbours.total)
        if self.neighbours.has_more:
            total = f"{self.neighbours.total - 1}+"
        if self.neighbours.position is None:
            return f"{total} {self.list_filter.view}"
        return f"{self.neighbours.position} of {total}"

    @property
    def list_href(self) -> str:
        """The list itself."""
        return self.list_filter.inbox_href()

    @property
    def previous_href(self) -> str | None:
        """The request before this one; what was decided last stays told."""
        return self._href(self.neighbours.previous_id)

    @property
    def next_href(self) -> str | None:
        """The request after this one."""
        return self._href(self.neighbours.next_id)

    def href(self, request_id: UUID) -> str:
        """Return the address of a request in this place."""
        return self.list_filter.request_href(request_id, **{LAST: _text(self.last_id)})

    @property
    def undo_href(self) -> str | None:
        """Where the last decision is undone; its request is open again then, in this place."""
        return None if self.last_id is None else self.undo_of(self.last_id)

    def undo_of(self, request_id: UUID) -> str:
        """Return where a decision is undone."""
        return undo_href(self.list_filter, request_id)

    def _href(self, request_id: UUID | None) -> str | None:
        return None if request_id is None else self.href(request_id)


def place_of(workspace: Workspace, input_request: InputRequest) -> Place:
    """Look up where a request stands in the list that the address names. Raises: InvalidInput."""
    list_filter = InboxFilter.from_address(workspace)
    beside = neighbours(workspace, list_filter.listed, input_request)
    last_id = last_decided_id()
    return Place(list_filter, beside, None if last_id == input_request.id else last_id)


def undo_href(list_filter: InboxFilter, request_id: UUID) -> str:
    """Return where a decision is undone that was made in this list."""
    path, _, query = list_filter.request_href(request_id).partition("?")
    return f"{path}/undo" + (f"?{query}" if query else "")


def here(workspace: Workspace, request_id: UUID) -> str:
    """Return the address of a request in the place that the address of this page names."""
    last = {LAST: _text(last_decided_id())}
    return InboxFilter.from_address(workspace).request_href(request_id, **last)


def last_decided_id() -> UUID | None:
    """Return the request that the address says was decided last; one made up is left out."""
    try:
        return UUID(request.args.get(LAST, ""))
    except ValueError:
        return None


def after_decision(workspace: Workspace, decided: InputRequest) -> str:
    """Return where it goes on: the next request of the same list, or the list that is empty."""
    list_filter = InboxFilter.from_address(workspace)
    next_id = next_after(workspace, list_filter.listed, decided)
    last = {LAST: str(decided.id)}
    if next_id is None or next_id == decided.id:
        return list_filter.inbox_href(**last)
    return list_filter.request_href(next_id, **last)


def _text(request_id: UUID | None) -> str | None:
    return None if request_id is None else str(request_id)
