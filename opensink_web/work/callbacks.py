"""Callbacks as a kind of work: one POST each, to whoever submitted what has ended.

The group of a callback is its host. None is made twice: of one whose worker died while it held it
nobody knows whether it was heard.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import literal, literal_column

from opensink_web import clock
from opensink_web.models import Callback, CallbackStatus
from opensink_web.operations.accounts.bearer import mint_callback_token
from opensink_web.operations.executions.callback import (
    COLUMNS,
    CallbackClaim,
    CallbackResult,
    claims_of,
    finish_callbacks,
    result_of,
)
from opensink_web.outbound.callback_call import build_callback_call
from opensink_web.work.queue import Claims, Limits, Look, Source, oldest_due, taking
from opensink_web.work.tools import Tools

_IS_OPEN = Callback.status == literal_column("'pending'")
_DUE = oldest_due(Callback, _IS_OPEN, *COLUMNS)
_TAKE = taking(Callback)


class Callbacks:
    """Each is made when the limit of its host allows."""

    model = Callback
    is_urgent = False

    def __init__(self, limits: Limits) -> None:
        limit = self._limit = limits.calls_per_function
        self.sources = (Source(_IS_OPEN, lambda _: literal(limit)),)

    def shared_with(self, claim: CallbackClaim) -> Sequence[str]:
        """A host's group is of callbacks alone."""
        return ()

    def claim(self, look: Look) -> Claims[CallbackClaim]:
        """Take what is owed to a host."""
        rows, has_more = look.cut(look.due(_DUE), self._limit)
        if not rows:
            return Claims(has_more=has_more)
        return Claims(claims_of(rows, look.take(_TAKE, rows)), has_more)

    def carry_out(self, claim: CallbackClaim, tools: Tools) -> CallbackResult | None:
        """Make the call, unless another worker may have."""
        if claim.is_lost:
            return None
        token = mint_callback_token(tools.signer, claim) if claim.user_is_member else None
        call = build_callback_call(claim.url, claim.body, token, claim.trace)
        return result_of(call, tools.callback_client.send(call))

    def finish(self, settled: Sequence[tuple[CallbackClaim, CallbackResult | None]]) -> None:
        """Write down how they went."""
        finish_callbacks(settled)

    def ended(self, row_id: UUID, reason: str) -> dict[str, object]:
        """Return what the row of one says that failed for an error of ours."""
        return {
            "status": CallbackStatus.FAILED,
            "error_message": reason,
            "finished_at": clock.now(),
        }

    def give_up(self, claim: CallbackClaim, reason: str) -> None:
        """Say that nobody knows how it went."""
        finish_callbacks([(claim, None)])
