"""A request's place in a list of the inbox: what stands beside it, and what is next."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import InputRequest, Workspace, db
from opensink_web.operations.requests.listing import ListedFilter, Listing


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Where a request stands in a list.

    `position` begins with 1; it and `total` go only so far, and `has_more` says that `total` went
    no further. A request that is not in the list, because it was decided, has no position, but
    those beside its place; behind the last place the list begins anew.
    """

    previous_id: UUID | None
    next_id: UUID | None
    position: int | None
    total: int
    has_more: bool = False


def neighbours(workspace: Workspace, filters: ListedFilter, request: InputRequest) -> Neighbours:
    """Return what stands beside a request, and how many there are; costs the same in any list."""
    listing, ids = Listing(workspace, filters), select(InputRequest.id)
    before = listing.scalars_after(ids, request, 1, backwards=True)
    behind = listing.scalars_after(ids, request, 1)
    itself = listing.kept(ids).where(InputRequest.id == request.id)
    most = listing.counted_max
    position = None
    if db.session.scalars(itself).first() is not None:
        position = min(listing.count_after(request, most, backwards=True) + 1, most)
    elif not behind:
        behind = listing.scalars_after(ids, None, 1)
    total = listing.count_after(None, most)
    return Neighbours(
        previous_id=before[0] if before else None,
        next_id=behind[0] if behind else None,
        position=position,
        total=total,
        has_more=total >= most,
    )


def next_after(workspace: Workspace, filters: ListedFilter, request: InputRequest) -> UUID | None:
    """Return what is next in a list after a request, which may have left it; else its first.

    Returns None once nothing else is in the list.
    """
    listing = Listing(workspace, filters)
    others = select(InputRequest.id).where(InputRequest.id != request.id)
    ids = listing.scalars_after(others, request, 1) or listing.scalars_after(others, None, 1)
    return ids[0] if ids else None
