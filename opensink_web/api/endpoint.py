"""What is sent to an endpoint and where, as the API takes and shows it: agents' and functions'."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from opensink_web.contract.shapes import JsonObject, Received, ResponseModel
from opensink_web.outbound.destination import MAX_URL_LENGTH
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.retry import NO_RETRIES, RetrySchedule


class EndpointMethod(StrEnum):
    POST = "POST"
    GET = "GET"
    PUT = "PUT"
    DELETE = "DELETE"


class CallBody(Received):
    """What is sent and where. A masked header (`••••`) keeps the value it has."""

    url: Annotated[
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
