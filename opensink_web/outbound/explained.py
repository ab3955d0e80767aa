"""Answers that are not what was asked for, in sentences for whoever can mend the endpoint.

What a parser or a protocol says of them is of no help to people who have not written one.
"""

from opensink_web import json_value
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONValue
from opensink_web.outbound.client import Call, Response
from opensink_web.outbound.redaction import redact_url, secrets_of, without_secrets

_LOCATION_LENGTH_MAX = 300
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# the first bytes of what is compressed (RFC 1952, RFC 8878) or in another encoding (RFC 8259)
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NOT_UTF8 = {b"\xff\xfe": "UTF-16 or UTF-32", b"\xfe\xff": "UTF-16", b"\0\0\xfe\xff": "UTF-32"}


class NoJSON(Exception):
    """An answer is no JSON; the sentence says what it is instead."""


def json_of(answer: Response) -> JSONValue:
    """Read the JSON of a 2xx answer. Raises: NoJSON.

    A byte order mark before it is passed over: RFC 8259, section 8.1, lets a parser do that.
    """
    instead = _instead(answer)
    if instead is not None:
        raise NoJSON(instead)
    try:
        return json_value.parse(answer.body.removeprefix(_BYTE_ORDER_MARK))
    except InvalidInput as error:
        if error.message.endswith("line 1, column 1."):
            raise NoJSON(
                f"The endpoint answered {answer.status_code} with text that is not JSON. Have it "
                "answer with a JSON value and `Content-Type: application/json`."
            ) from None
        what = error.message.replace("This is not valid JSON", "It is not valid from there on")
        what = what.replace("The body is not", "It is not")
        raise NoJSON(f"The endpoint's answer cannot be taken as JSON. {what}") from None


def _instead(answer: Response) -> str | None:
    """Say what the body is, where that can be told before it is parsed."""
    status, body = answer.status_code, answer.body
    if not body.removeprefix(_BYTE_ORDER_MARK).strip():
        return (
            f"The endpoint answered {status} with an empty body. Have it answer with a JSON value, "
            "or with 204 if it has nothing to say."
        )
    coding = _header(answer, "content-encoding").strip().lower()
    if coding in {"", "identity"}:
        coding = next((name for mark, name in _COMPRESSED.items() if body.startswith(mark)), "")
    if coding:
        return (
            f"The endpoint's answer is compressed ({coding[:40]}), which OpenSink does not ask for "
            "(it sends Accept-Encoding: identity). Turn compression off for it, in the endpoint or "
            "in the proxy before it."
        )
    encoding = next((name for mark, name in _NOT_UTF8.items() if body.startswith(mark)), None)
    if encoding is not None:
        return f"The endpoint's answer is in {encoding}. Have it answer in UTF-8."
    if body.removeprefix(_BYTE_ORDER_MARK).lstrip().startswith(b"<"):
        return (
            f"The endpoint answered {status} with a web page or XML instead of JSON. Check that "
            "the URL is the endpoint's own, and that no sign-in or error page stands before it."
        )
    return None


def status_sentence(who: str, call: Call, answer: Response, also: tuple[str, ...] = ()) -> str:
    """Say with which status an answer came, and where it points to if it is a redirect.

    What was secret in the call is struck out, for an answer may repeat it; `also` is what else is.
    """
    secrets = (*secrets_of(call), *also)
    reason = f" {answer.reason}" if answer.reason else ""
    said = without_secrets(f"{who} answered {answer.status_code}{reason}", secrets)
    location = _header(answer, "location")
    if answer.status_code is None or answer.status_code // 100 != 3 or not location:
        return f"{said}."
    place = without_secrets(redact_url(location), secrets)[:_LOCATION_LENGTH_MAX]
    return (
        f"{said} and points to {place}. Redirects are not followed: enter the address it moved to."
    )


def _header(answer: Response, name: str) -> str:
    return next((value for each, value in answer.headers if each.lower() == name), "")
