"""A background job made into the request to send. Pure, as endpoint_call is.

A job may call anybody's service, so the workspace's execution secret is not in it: who receives it
checks the signature, which is made with the job's own secret.
"""

from datetime import datetime

from opensink_web import json_value
from opensink_web.outbound.client import Call, Headers
from opensink_web.outbound.endpoint_call import (
    EndpointSpec,
    default_headers,
    signature_headers,
    traced,
)


def build_job_call(
    endpoint: EndpointSpec,
    *,
    job_id: str,
    run_id: str,
    scheduled_for: datetime | None,
    signing_secrets: tuple[str, ...],
    now: datetime,
    trace: Headers = (),
) -> Call:
    """Make the request of one run: the body is sent as it was configured, and a GET has none."""
    is_sent = endpoint.method != "GET" and endpoint.body is not None
    body = json_value.dump(endpoint.body).encode() if is_sent else None
    slot: Headers = ()
    if scheduled_for is not None:
        slot = (("X-OpenSink-Scheduled-For", scheduled_for.strftime("%Y-%m-%dT%H:%M:%SZ")),)
    headers = (
        *default_headers(endpoint.headers),
        ("X-OpenSink-Job-Id", job_id),
        ("X-OpenSink-Run-Id", run_id),
        *slot,
        *signature_headers(run_id, signing_secrets, now, body or b""),
        *traced(endpoint.headers, trace),
    )
    return Call(endpoint.method, endpoint.url, headers, body, endpoint.timeout_seconds)
