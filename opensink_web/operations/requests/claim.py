"""Who has taken a request on: a claim that has lapsed is none.

How one is made and let go is in operations/decisions/claim.py.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import joinedload

from opensink_web import clock
from opensink_web.models import Claim, InputRequest, InputRequestStatus, db
from opensink_web.models.transaction import run_prepared

_MOVE = update(Claim).where(Claim.request_id == bindparam("of_request"))


def claims_of(requests: Collection[InputRequest]) -> dict[UUID, Claim]:
    """Return who has which of these requests, of those that wait."""
    ids = [each.id for each in requests if each.status is InputRequestStatus.PENDING]
    return claims_of_ids(ids) if ids else {}


def claims_of_ids(request_ids: Collection[UUID]) -> dict[UUID, Claim]:
    """Return who has which of these requests."""
    query = (
        select(Claim)
        .where(Claim.request_id.in_(request_ids), Claim.lapses_at > clock.now())
        .options(joinedload(Claim.user))
        .execution_options(populate_existing=True)
    )
    return {each.request_id: each for each in db.session.scalars(query)}


def move_claim(request_id: UUID, revision_id: UUID) -> None:
    """Have whoever took a request on have what is asked instead of it."""
    run_prepared(_MOVE, {"of_request": request_id, "request_id": revision_id})
