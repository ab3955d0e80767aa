"""Which headers an endpoint may be configured with, and which values are not for every reader.

Follows RFC 9110, section 5 (names are tokens, values are visible text) and section 7.6.1
(hop-by-hop headers belong to the connection).
"""

import re
from functools import lru_cache

MAX_HEADER_VALUE_BYTES = 4 * 1024
MAX_HEADER_NAME_LENGTH = 256
HIDDEN = "••••"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FORBIDDEN_IN_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_RESERVED_NAMES = frozenset(
    (
        "host",
        "content-length",
        "content-type",
        "traceparent",
        "tracestate",
        "transfer-encoding",
        # hop-by-hop
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    )
)
_RESERVED_PREFIXES = ("x-opensink-", "webhook-")
_COMMON_NAME_LENGTH_MAX = 64
_CREDENTIAL_NAME = re.compile(
    r"auth(?!ors?(?:$|[-_]))|cookie|secret|token|passw|passphrase|credential|signature"
    r"|(?:^|[-_])(?:key|jwt|sig)(?:$|[-_])|apikey",
    re.IGNORECASE,
)


def check_header(name: str, value: str) -> str | None:
    """Say in a sentence why this header cannot be configured, or None. Never repeats the value."""
    if not _TOKEN.fullmatch(name) or len(name) > MAX_HEADER_NAME_LENGTH:
        return (
            "A header's name may have letters, digits and !#$%&'*+-.^_`|~ only, "
            f"and at most {MAX_HEADER_NAME_LENGTH} of them."
        )
    lower = name.lower()
    if lower in _RESERVED_NAMES or is_own_name(name):
        return f"The header {name} is set by OpenSink itself and cannot be configured."
    return _check_value(name, value)


def is_own_name(name: str) -> bool:
    """Return True for a header that OpenSink sends and nobody can configure."""
    return name.lower().startswith(_RESERVED_PREFIXES)


def is_credential_name(name: str) -> bool:
    """Return True if what goes by this name is a credential: `X-Api-Key`, `access_token`."""
    is_rare = len(name) > _COMMON_NAME_LENGTH_MAX
    return _has_credential_word(name) if is_rare else _common_name_has_credential_word(name)


def _has_credential_word(name: str) -> bool:
    return _CREDENTIAL_NAME.search(name) is not None


_common_name_has_credential_word = lru_cache(1024)(_has_credential_word)


def is_sendable(name: str, value: str) -> bool:
    """Return True if a header is one line on the wire; http.client passes folded ones and NUL."""
    return bool(_TOKEN.fullmatch(name)) and not _FORBIDDEN_IN_VALUE.search(value)


def redact(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Hide the values of headers that are credentials, going by their names."""
    return tuple((name, HIDDEN if is_credential_name(name) else value) for name, value in headers)


def _check_value(name: str, value: str) -> str | None:
    if _FORBIDDEN_IN_VALUE.search(value):
        return f"The value of {name} has a line break or another control character in it."
    if value != value.strip(" \t"):
        return f"The value of {name} begins or ends with a space."
    try:
        size_bytes = len(value.encode("latin-1"))
    except UnicodeEncodeError:
        return f"The value of {name} has characters that headers cannot carry (Latin-1 only)."
    if size_bytes > MAX_HEADER_VALUE_BYTES:
        return f"The value of {name} is longer than {MAX_HEADER_VALUE_BYTES // 1024} KiB."
    return None
