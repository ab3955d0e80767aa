"""How a request looked when it arrived, for `opensink doctor`, which compares it with what it sent.

It answers nobody else: what a proxy passes on is the operator's to know.
"""

import time

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from opensink_web.errors import NotFound
from opensink_web.web.access import public
from opensink_web.web.forms.sealed_value import unseal

blueprint = Blueprint("seen", __name__)

SEEN_ADDRESS = "/healthz/seen"
DOCTOR_HEADER = "X-OpenSink-Doctor"
DOCTOR_PURPOSE = "doctor"
FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
_SECONDS_MAX = 60


@blueprint.get(SEEN_ADDRESS)
@public
def seen() -> ResponseReturnValue:
    """Say as what this request came; after so many `seconds`, if asked for."""
    if unseal(DOCTOR_PURPOSE, request.headers.get(DOCTOR_HEADER, "")) is None:
        raise NotFound("There is nothing at this address.")
    time.sleep(min(max(request.args.get("seconds", 0, int), 0), _SECONDS_MAX))
    return {
        "host": request.host,
        "scheme": request.scheme,
        "path": request.script_root,
        "address": request.remote_addr or "",
        "forwarded": {name: request.headers[name] for name in FORWARDED if name in request.headers},
    }
