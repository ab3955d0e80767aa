"""Resume URLs: checking one that a request is to have, and how it is kept with it."""

from dataclasses import dataclass

from opensink_web.connections.resume_url.template import template_errors
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.operations.agents.endpoint import check_endpoint, endpoint_to_json
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.policy import EndpointPolicy


@dataclass(frozen=True, slots=True)
class Resume:
    """Where a decision is sent, and the template of the body; None tells all there is."""

    endpoint: EndpointSpec
    template: JSONValue


def check_resume(resume: Resume, policy: EndpointPolicy) -> JSONObject:
    """Return a resume URL as it is kept. Takes its time: call it outside a transaction that writes.

    Raises: InvalidInput with a pointer for each thing that is wrong.
    """
    errors: list[FieldError] = []
    try:
        check_endpoint(resume.endpoint, policy)
    except InvalidInput as error:
        errors += error.errors
    errors += template_errors(resume.template, "/body")
    if resume.endpoint.method == "GET" and resume.template is not None:
        message = "A GET has no body; the header X-OpenSink-Outcome alone says how it was decided."
        errors.append(FieldError("/body", message))
    if errors:
        raise InvalidInput("The resume URL is not valid.", errors=tuple(errors))
    return {**endpoint_to_json(resume.endpoint), "body": resume.template}
