"""What is sent to an endpoint and where, as the API takes and shows it: agents' and functions'."""

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from opensink_web.contract.shapes import JsonObject, Received, ResponseModel, Whole
from opensink_web.operations.agents.endpoint import (
    BACKOFF_SECONDS_MAX,
    MAX_ATTEMPTS_MAX,
)
from opensink_web.outbound.destination import MAX_URL_LENGTH
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.retry import (
    BACKOFF_INITIAL_SECONDS_DEFAULT,
    BACKOFF_MAX_SECONDS_DEFAULT,
    NO_RETRIES,
    RetrySchedule,
)


class EndpointMethod(StrEnum):
    POST = "POST"
    GET = "GET"
    PUT = "PUT"
    DELETE = "DELETE"


Address: TypeAlias = Annotated[
    str,
    Field(
        json_schema_extra={
            "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]",
            "minLength": 8,
            "maxLength": MAX_URL_LENGTH,
        },
        description="An address that this server may call, without a user name in it.",
    ),
]


class CallBody(Received):
    """What is sent and where. A masked header (`••••`) keeps the value it has."""

    url: Address
    method: EndpointMethod = EndpointMethod.POST
    headers: dict[str, str] | None = None
    body: JsonObject | None = None

    def within(self, timeout_seconds: float, retry: RetrySchedule = NO_RETRIES) -> EndpointSpec:
        """Return what operations take."""
        return EndpointSpec(
            url=self.url,
            method=self.method.value,
            headers=tuple((self.headers or {}).items()),
            body=self.body,
            timeout_seconds=timeout_seconds,
            retry=retry,
        )


class CallResponse(ResponseModel):
    """Headers that are credentials are shown as `••••` to those who may not change them."""

    url: str
    method: EndpointMethod
    headers: dict[str, str]
    body: JsonObject | None


class Backoff(Received):
    """Before attempt n + 1 there is a random wait of at most `initial_seconds` * 2^(n - 1)."""

    initial_seconds: float = Field(
        default=BACKOFF_INITIAL_SECONDS_DEFAULT, ge=1, le=BACKOFF_SECONDS_MAX
    )
    max_seconds: float = Field(default=BACKOFF_MAX_SECONDS_DEFAULT, ge=1, le=BACKOFF_SECONDS_MAX)


class Retry(Received):
    """How often a call is tried before it counts as failed, and the waits in between."""

    max_attempts: Whole = Field(default=1, ge=1, le=MAX_ATTEMPTS_MAX)
    backoff: Backoff = Backoff()

    def to_schedule(self) -> RetrySchedule:
        """Return what operations take."""
        first, longest = self.backoff.initial_seconds, self.backoff.max_seconds
        return RetrySchedule(self.max_attempts, plain_number(first), plain_number(longest))


def plain_number(seconds: float) -> float:
    """Write 30 and not 30.0."""
    return int(seconds) if float(seconds).is_integer() else seconds
