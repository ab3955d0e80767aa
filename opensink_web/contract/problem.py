"""The one error body, for every status: {"error", "detail", "code", "errors"?}.

No answer repeats a value that was sent, and none shows a traceback.
"""

import logging
from http import HTTPStatus

from flask import Response, request
from pydantic import BaseModel, Field
from werkzeug.exceptions import HTTPException

from opensink_web import json_value
from opensink_web.contract.surface import API, Surface
from opensink_web.errors import (
    FieldError,
    InvalidInput,
    OpenSinkError,
    RateLimited,
    RefusedBySettings,
    StillProcessed,
)
from opensink_web.json_value import JSONObject

RETRY_AFTER_SECONDS = 1
_CHALLENGE = 'Bearer realm="OpenSink"'
_log = logging.getLogger("opensink.api")

_CODES = {400: "invalid_request", 413: "body_too_large", 415: "not_json", 500: "internal_error"}
_SENTENCES = {
    400: "The request could not be understood.",
    404: "There is nothing at this address.",
    405: "This address does not accept this method; the header Allow lists those it accepts.",
    413: "The body is larger than this server accepts.",
    500: "Something went wrong on our side. It has been logged; please try again.",
}


class FieldProblem(BaseModel):
    """One thing that is wrong with what was sent."""

    path: str = Field(description="A JSON Pointer into the body, or `/` and the parameter's name.")
    message: str


class Problem(BaseModel):
    """The body of every answer that is not a success."""

    error: str = Field(description="What went wrong, a sentence for people.")
    detail: str = Field(description="The same sentence.")
    code: str = Field(description="What went wrong, a word for programs.")
    errors: list[FieldProblem] = Field(
        default=[], description="Everything that is invalid; there for validation failures only."
    )


def error_response(error: Exception, surface: Surface = API) -> Response:
    """Turn whatever was raised into a surface's answer; what nobody expected is logged."""
    if isinstance(error, OpenSinkError):
        return _domain_response(error, surface)
    if isinstance(error, HTTPException):
        return _http_response(error)
    _log.error("%s %s failed", request.method, request.path, exc_info=error)
    return _problem(500, "internal_error", _SENTENCES[500])


def _domain_response(error: OpenSinkError, surface: Surface) -> Response:
    is_invalid = isinstance(error, InvalidInput)
    takes_surfaces_status = is_invalid and not isinstance(error, RefusedBySettings)
    status = surface.invalid_status if takes_surfaces_status else error.status
    errors = error.errors if is_invalid else ()
    answer = _problem(status, error.code, error.message, errors)
    if error.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = _CHALLENGE
    if isinstance(error, RateLimited | StillProcessed):
        answer.headers["Retry-After"] = str(error.retry_after_seconds)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        _log.warning("%s %s was put off", request.method, request.path, exc_info=error)
    return answer


def _http_response(error: HTTPException) -> Response:
    """Keep the headers, such as Allow and Retry-After, and write our body under them."""
    status = HTTPStatus(error.code or 500)
    code = _CODES.get(status, status.phrase.lower().replace(" ", "_").replace("-", "_"))
    answer = _problem(status, code, _SENTENCES.get(status, f"{status.phrase}."))
    for name, value in error.get_headers():
        if name.lower() not in {"content-type", "content-length"}:
            answer.headers[name] = value
    return answer


def _problem(
    status: int, code: str, sentence: str, errors: tuple[FieldError, ...] = ()
) -> Response:
    body: JSONObject = {"error": sentence, "detail": sentence, "code": code}
    if errors:
        body["errors"] = [{"path": each.path, "message": each.message} for each in errors]
    return Response(json_value.dump(body), status, content_type="application/json")
