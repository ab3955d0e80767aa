"""An endpoint, an agent's or a function's: checking, keeping, showing it without credentials."""

from dataclasses import replace
from typing import Any

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.headers import check_header, redact
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.outbound.redaction import redact_address, redact_object
from opensink_web.outbound.retry import RetrySchedule

METHODS = ("POST", "GET", "PUT", "DELETE")
TIMEOUT_SECONDS_DEFAULT = 30
TIMEOUT_SECONDS_MAX = 300
MAX_ATTEMPTS_MAX = 10
BACKOFF_SECONDS_MAX = 86_400
HEADERS_MAX = 50
MASK = "••••"
"""Stands for a credential that is not shown; sent back unchanged it means "as it was"."""


def check_endpoint(
    endpoint: EndpointSpec, policy: EndpointPolicy, current: EndpointSpec | None = None
) -> EndpointSpec:
    """Return an agent's endpoint to keep: masked headers get back the value in `current`.

    Raises: InvalidInput with a pointer for each thing that is wrong.
    """
    unmasked, errors = _checked_call(endpoint, policy, current)
    errors += _timing_errors(unmasked)
    if errors:
        raise InvalidInput("The execution endpoint is not valid.", errors=tuple(errors))
    return unmasked


def check_call(
    endpoint: EndpointSpec, policy: EndpointPolicy, current: EndpointSpec | None = None
) -> EndpointSpec:
    """Do the same for an endpoint whose timeout and attempts are decided elsewhere.

    Raises: InvalidInput.
    """
    unmasked, errors = _checked_call(endpoint, policy, current)
    if errors:
        raise InvalidInput("This endpoint cannot be called.", errors=tuple(errors))
    return unmasked


def endpoint_to_json(endpoint: EndpointSpec) -> JSONObject:
    """Return an agent's endpoint as the API and the database write it."""
    return {
        **call_to_json(endpoint),
        "timeout_seconds": endpoint.timeout_seconds,
        "retry": {
            "max_attempts": endpoint.retry.max_attempts,
            "backoff": {
                "initial_seconds": endpoint.retry.initial_seconds,
                "max_seconds": endpoint.retry.max_seconds,
            },
        },
    }


def call_to_json(endpoint: EndpointSpec) -> JSONObject:
    """Return what is sent and where, without how long and how often."""
    return {
        "url": endpoint.url,
        "method": endpoint.method,
        "headers": dict(endpoint.headers),
        "body": endpoint.body,
    }


def endpoint_from_json(stored: dict[str, object]) -> EndpointSpec:
    """Read back what `endpoint_to_json` wrote, now or before there was a `backoff`."""
    fields: dict[str, Any] = dict(stored)
    retry = fields.pop("retry")
    headers = fields.pop("headers")
    return EndpointSpec(
        **fields,
        headers=tuple(headers.items()),
        retry=RetrySchedule(retry["max_attempts"], **retry.get("backoff", {})),
    )


def mask_credentials(endpoint: EndpointSpec) -> EndpointSpec:
    """Return the endpoint with each credential among its headers masked, as a form shows it."""
    return replace(endpoint, headers=redact(endpoint.headers))


def without_credentials(endpoint: EndpointSpec) -> EndpointSpec:
    """Return the endpoint as it is shown to those who may not change it."""
    return replace(
        endpoint,
        url=redact_address(endpoint.url),
        headers=redact(endpoint.headers),
        body=None if endpoint.body is None else redact_object(endpoint.body),
    )


def _unmask(
    endpoint: EndpointSpec, current: EndpointSpec | None
) -> tuple[EndpointSpec, list[FieldError]]:
    kept = {name.lower(): value for name, value in current.headers} if current else {}
    errors = []
    headers = []
    for name, value in endpoint.headers:
        if value == MASK and name.lower() not in kept:
            errors.append(FieldError(_pointer(name), "There is no stored value to keep here."))
        headers.append((name, kept.get(name.lower(), value) if value == MASK else value))
    return replace(endpoint, headers=tuple(headers)), errors


def _checked_call(
    endpoint: EndpointSpec, policy: EndpointPolicy, current: EndpointSpec | None
) -> tuple[EndpointSpec, list[FieldError]]:
    unmasked, errors = _unmask(endpoint, current)
    if unmasked.method not in METHODS:
        errors.append(FieldError("/method", f"The method is one of {', '.join(METHODS)}."))
    refusal = policy.check_url(unmasked.url)
    if refusal is not None:
        errors.append(FieldError("/url", refusal))
    return unmasked, errors + _header_errors(unmasked.headers)


def _timing_errors(endpoint: EndpointSpec) -> list[FieldError]:
    errors = []
    if not 1 <= endpoint.timeout_seconds <= TIMEOUT_SECONDS_MAX:
        message = f"The timeout is between 1 and {TIMEOUT_SECONDS_MAX} seconds."
        errors.append(FieldError("/timeout_seconds", message))
    return errors + retry_errors(endpoint.retry)


def retry_errors(retry: RetrySchedule) -> list[FieldError]:
    """Say what of a schedule is out of range."""
    errors = []
    if not 1 <= retry.max_attempts <= MAX_ATTEMPTS_MAX:
        message = f"There are 1 to {MAX_ATTEMPTS_MAX} attempts."
        errors.append(FieldError("/retry/max_attempts", message))
    if not 1 <= retry.initial_seconds <= BACKOFF_SECONDS_MAX:
        message = f"The first wait is between 1 and {BACKOFF_SECONDS_MAX} seconds."
        errors.append(FieldError("/retry/backoff/initial_seconds", message))
    if not retry.initial_seconds <= retry.max_seconds <= BACKOFF_SECONDS_MAX:
        message = f"The longest wait is between the first one and {BACKOFF_SECONDS_MAX} seconds."
        errors.append(FieldError("/retry/backoff/max_seconds", message))
    return errors


def _header_errors(headers: tuple[tuple[str, str], ...]) -> list[FieldError]:
    names = [name.lower() for name, _ in headers]
    errors = []
    if len(names) > HEADERS_MAX:
        errors.append(FieldError("/headers", f"At most {HEADERS_MAX} headers can be configured."))
    if len(set(names)) != len(names):
        errors.append(FieldError("/headers", "Each header can be configured only once."))
    for name, value in headers:
        refusal = check_header(name, value)
        if refusal is not None:
            errors.append(FieldError(_pointer(name), refusal))
    return errors


def _pointer(header_name: str) -> str:
    return "/headers/" + header_name.replace("~", "~0").replace("/", "~1")
