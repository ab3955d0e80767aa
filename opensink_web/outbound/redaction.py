"""What is kept of a call: everything but its secrets, and no echo of them either.

A value is a secret by the name of its header or JSON field, or because it is a parameter of the
configured address. An endpoint may send it back in an answer's headers, body or reason, also
encoded, so every text that came back is searched. Pure: nothing here knows where what is kept is
kept.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote, unquote_plus, urlsplit

from opensink_web import json_value
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.outbound.client import Call, Headers
from opensink_web.outbound.headers import HIDDEN, is_credential_name, redact

PART_LENGTH_MIN = 8
"""Shorter parts of a credential are ordinary words: hiding them would garble the answer."""

_PARAMETER = re.compile(r"([?&;])([^=&;#]+)=([^&;#]+)")
_PARTS = re.compile(r"[\s,;]+")
_NAMED = re.compile(r"[\w-]+=\"?([^\"]+)\"?")
_SPELLED_ALIKE = re.compile(r"[A-Za-z0-9_.~-]+")
_QUOTED = {code: quote(chr(code), safe="") for code in range(128)}


@dataclass(frozen=True, slots=True)
class KeptCall:
    """A call as it is kept and shown."""

    url: str
    headers: Headers
    body: str | None


def kept_call(call: Call) -> KeptCall:
    """Return a call without its secrets: any parameter of an address may be one, as `?code=`."""
    body = None if call.body is None else _redact_text(call.body.decode())
    return KeptCall(redact_address(call.url), redact(call.headers), body)


def redact_url(url: str) -> str:
    """Hide the values of query parameters that are credentials, going by their names."""

    def hide(match: re.Match[str]) -> str:
        sign, name, value = match.groups()
        return f"{sign}{name}={HIDDEN if is_credential_name(unquote_plus(name)) else value}"

    path, mark, query = url.partition("?")
    return path + _PARAMETER.sub(hide, mark + query)


def redact_address(url: str) -> str:
    """Hide a URL's user, and the values of all its query parameters, whatever they are called."""
    path, mark, query = url.partition("?")
    path = re.sub(r"(?<=//)[^/@]*@", f"{HIDDEN}@", path)
    names = [name + sign for name, sign, _ in (each.partition("=") for each in query.split("&"))]
    shown = [f"{name}{HIDDEN}" if name.endswith("=") else HIDDEN for name in names]
    return path + mark + ("&".join(shown) if query else "")


def host_of(url: str) -> str:
    """Return an address without its path, for one that is a secret as a whole."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/…"


def redact_json(value: JSONValue) -> JSONValue:
    """Hide the texts and numbers of fields that are credentials, going by their names."""
    if isinstance(value, list):
        return [redact_json(item) for item in value]
    if isinstance(value, dict):
        return redact_object(value)
    return value


def redact_object(value: JSONObject) -> JSONObject:
    """Do the same for an object, which stays one."""
    return {
        name: HIDDEN if _is_secret(name, inner) else redact_json(inner)
        for name, inner in value.items()
    }


def secrets_of(call: Call) -> tuple[str, ...]:
    """Return every text that would give a secret of the call away, the longest first."""
    return spelled(secret_values(call, _json_in(call.body)))


def spelled(secrets: Iterable[str]) -> tuple[str, ...]:
    """Return every text that would give one of these away, the longest first."""
    values = set[str]()
    for value in secrets:
        values.add(value)
        values.update(part for part in _parts(value) if len(part) >= PART_LENGTH_MIN)
    spellings = {spelling for secret in values for spelling in _spellings(secret)}
    return tuple(sorted(spellings, key=len, reverse=True))


def secret_values(call: Call, body: JSONValue) -> Iterator[str]:
    """Give what is a secret of a call, of whose body only this counts."""
    for name, value in call.headers:
        if is_credential_name(name):
            yield value
    for match in _PARAMETER.finditer(call.url):
        if is_credential_name(unquote_plus(match.group(2))):
            yield unquote(match.group(3))
    yield from secrets_in_address(call.url if call.configured_url is None else call.configured_url)
    yield from _secrets_in(body)


def secrets_in_address(url: str) -> Iterator[str]:
    """Give what redact_address() hides of a query, however it is called, if it is no short word."""
    query = url.partition("?")[2].partition("#")[0]
    for name, sign, value in (each.partition("=") for each in query.split("&")):
        as_sent = value if sign else name
        if len(unquote(as_sent)) >= PART_LENGTH_MIN:
            # an answer may quote the path, or say what was read from it
            yield from (as_sent, unquote(as_sent), unquote_plus(as_sent))


def without_secrets(text: str, secrets: tuple[str, ...], *, is_cut: bool = False) -> str:
    """Return a text that came back with the secrets hidden; `is_cut`: its end is missing."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    return _without_beginning_at_end(text, secrets) if is_cut else text


def hidden_in(value: JSONValue, secrets: tuple[str, ...]) -> JSONValue:
    """Return JSON that came back with the secrets hidden in its texts and keys."""
    text = json_value.dump(value)
    # a secret that has a quote or a backslash may stand there escaped once more
    if "\\" in text or any(secret in text for secret in secrets):
        return _hidden_in(value, secrets)
    return value


def _hidden_in(value: JSONValue, secrets: tuple[str, ...]) -> JSONValue:
    if isinstance(value, str):
        return without_secrets(value, secrets)
    if isinstance(value, list):
        return [_hidden_in(item, secrets) for item in value]
    if isinstance(value, dict):
        return {
            without_secrets(name, secrets): _hidden_in(inner, secrets)
            for name, inner in value.items()
        }
    return value


def _without_beginning_at_end(text: str, secrets: tuple[str, ...]) -> str:
    """Hide what may be the beginning of a secret that the cut went through."""
    for secret in secrets:
        for length in range(len(secret) - 1, PART_LENGTH_MIN // 2, -1):
            if text.endswith(secret[:length]):
                return text[:-length] + HIDDEN
    return text


def _is_secret(name: str, value: JSONValue) -> bool:
    is_flag = isinstance(value, bool)
    return isinstance(value, str | int | float) and not is_flag and is_credential_name(name)


def _redact_text(body: str) -> str:
    return json_value.dump(redact_json(json.loads(body)))


def _json_in(body: bytes | None) -> JSONValue:
    """Read what was sent; what is encrypted, as for Web Push, is no JSON and shows nothing."""
    try:
        value: JSONValue = None if body is None else json.loads(body)
    except ValueError:
        return None
    return value


def _secrets_in(value: JSONValue) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _secrets_in(item)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if not _is_secret(name, inner):
                yield from _secrets_in(inner)
            elif inner != "":
                yield str(inner)


def _parts(value: str) -> Iterator[str]:
    """Give a credential without what stands around it: `Bearer `, `session=`, `user:`."""
    for part in _PARTS.split(value):
        named = _NAMED.fullmatch(part)
        secret = named.group(1) if named and len(named.group(1)) >= PART_LENGTH_MIN else part
        yield secret
        yield from _password_in(secret)


def _password_in(basic: str) -> Iterator[str]:
    """Give the password of Basic credentials (RFC 7617)."""
    try:
        _, colon, password = base64.b64decode(basic, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return
    if colon:
        yield password


def _spellings(secret: str) -> Iterator[str]:
    """Give a secret as it would stand in a URL, in JSON, in Python's words and in base64."""
    if not secret:
        return
    yield secret
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    if _SPELLED_ALIKE.fullmatch(secret):
        return
    # quote() takes a hundred times as long
    quoted = secret.translate(_QUOTED) if secret.isascii() else quote(secret, safe="")
    yield quoted
    yield quoted.replace("%2F", "/")
    yield quoted.replace("%20", "+")
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
