"""Who may decide on a request: asked in one place, by which every decision of a person passes.

It is asked once the decision is written and before anything follows from it. What is refused is
rolled back; until then the row is locked by what was written, so nothing that is looked at here can
change any more. (Who may decide in a workspace at all is permission.py's.)
"""

from dataclasses import dataclass
from uuid import UUID

from opensink_web.errors import Conflict
from opensink_web.models import User
from opensink_web.operations.requests.claim import claims_of_ids


@dataclass(frozen=True, slots=True)
class Written:
    """A decision that was just written; `holder_id` is who had taken the request on by then."""

    request_id: UUID
    by: User
    holder_id: UUID | None


def check_may_decide(written: Written) -> None:
    """Raises: Conflict, saying who has it, where somebody else has taken it on."""
    if written.holder_id not in {None, written.by.id}:
        raise refusal_of(written.request_id)


def refusal_of(request_id: UUID) -> Conflict:
    """Say who has a request, and what can be done."""
    claim = claims_of_ids([request_id]).get(request_id)
    if claim is None:  # it lapsed in this moment
        return Conflict("Somebody else had this until now. Try again.")
    until = f"{claim.lapses_at:%Y-%m-%d %H:%M:%S} UTC"
    return Conflict(
        f"{claim.user.email} has claimed this, until {until} unless they go on with it. To decide"
        " instead of them, take it over first."
    )
