"""What is sent of a resume URL, and shown of it: an address that a workflow waits at."""

from typing import Annotated

from pydantic import Field, JsonValue

from opensink_web.api.endpoint import Address, EndpointMethod, Retry, plain_number
from opensink_web.contract.shapes import Received, ResponseModel
from opensink_web.models import InputRequest
from opensink_web.operations.agents.endpoint import TIMEOUT_SECONDS_DEFAULT, TIMEOUT_SECONDS_MAX
from opensink_web.operations.agents.resume import Resume
from opensink_web.outbound.endpoint_call import EndpointSpec

ATTEMPTS_DEFAULT = 5
"""A workflow that waits for days may be restarted just then."""


class ResumeBody(Received):
    """What is called when the request is decided, in place of the agent's endpoint.

    In `body` each text that is `{{response}}`, `{{outcome}}`, `{{reason}}`, `{{by}}`,
    `{{request_id}}` or `{{session_id}}` as a whole is replaced by that value, as is
    `{{response/approved}}` by what a JSON Pointer finds in the answer; the type is kept, and what
    is not there is null. Without a body all of these are sent, under these names.
    """

    url: Address
    method: EndpointMethod = EndpointMethod.POST
    headers: dict[str, str] | None = None
    body: JsonValue = None
    timeout_seconds: Annotated[float, Field(ge=1, le=TIMEOUT_SECONDS_MAX)] = TIMEOUT_SECONDS_DEFAULT
    retry: Retry = Retry(max_attempts=ATTEMPTS_DEFAULT)

    def to_resume(self) -> Resume:
        """Return what operations take."""
        endpoint = EndpointSpec(
            url=self.url,
            method=self.method.value,
            headers=tuple((self.headers or {}).items()),
            body=None,
            timeout_seconds=plain_number(self.timeout_seconds),
            retry=self.retry.to_schedule(),
        )
        return Resume(endpoint, self.body)


class ResumeResponse(ResponseModel):
    """Where a decision is sent. The address is a secret: of it the host alone is shown."""

    url: str
    method: EndpointMethod


def shown_resume(request: InputRequest) -> ResumeResponse | None:
    """Return what is shown of the resume URL of a request, if it has one."""
    if request.resume is None:
        return None
    method = EndpointMethod(request.resume["method"])
    return ResumeResponse(url=request.resume_address or "", method=method)
