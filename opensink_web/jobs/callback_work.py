"""Making callbacks: one POST each, to whoever submitted what has ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from opensink_web.access_token import TokenSigner
from opensink_web.models import LaneWork
from opensink_web.operations.accounts.bearer import mint_callback_token
from opensink_web.operations.executions.callback import (
    CallbackClaim,
    claim_callbacks,
    finish_callbacks,
)
from opensink_web.operations.lane import renew
from opensink_web.outbound.callback_call import build_callback_call
from opensink_web.outbound.client import Answer, Client


@dataclass(frozen=True, slots=True)
class CallbackWork:
    """What a pump does in a lane of callbacks; `limit` of a lane are made at once."""

    client: Client
    signer: TokenSigner
    limit: int

    def claim(self, lane_id: UUID, most: int) -> list[CallbackClaim]:
        """Take what is owed."""
        return claim_callbacks(lane_id, self.limit, most)

    def carry_out(self, claim: CallbackClaim) -> Answer | None:
        """Make the call, unless another worker may have."""
        if claim.is_lost:
            return None
        token = mint_callback_token(self.signer, claim) if claim.user_is_member else None
        call = build_callback_call(claim.url, claim.body, token)
        return self.client.send(call)

    def finish(self, settled: Sequence[tuple[CallbackClaim, Answer | None]]) -> None:
        """Write down how they went."""
        finish_callbacks(settled)

    def give_up(self, claim: CallbackClaim) -> None:
        """Say that nobody knows how it went."""
        finish_callbacks([(claim, None)])

    def renew(self, row_ids: Sequence[UUID], lease_token: str) -> None:
        """Keep the leases of what goes on."""
        renew(LaneWork.CALLBACKS, row_ids, lease_token)
