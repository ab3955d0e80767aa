"""A callback in words for people: where to, without the secrets in its URL, and how it went."""

from dataclasses import dataclass
from datetime import datetime

from opensink_web.models import Callback, CallbackStatus
from opensink_web.outbound.redaction import redact_address


@dataclass(frozen=True, slots=True)
class ShownCallback:
    """A callback that is asked for; `status` is None until it is owed, at the end."""

    url: str
    status: CallbackStatus | None = None
    response_code: int | None = None
    error_message: str | None = None
    moment: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        return self.status is CallbackStatus.PENDING


def shown_callback(url: str | None, callback: Callback | None) -> ShownCallback | None:
    """Return what is to be told of a callback; None where none is asked for."""
    if url is None:
        return None
    if callback is None:
        return ShownCallback(redact_address(url))
    return ShownCallback(
        redact_address(callback.url),
        callback.status,
        callback.response_code,
        callback.error_message,
        callback.finished_at,
    )
