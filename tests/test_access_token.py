"""Access tokens: what was signed is read, and nothing else."""

import base64
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from opensink_web import clock
from opensink_web.access_token import (
    AUDIENCE,
    ISSUER,
    LEEWAY_SECONDS,
    TYPE,
    AccessToken,
    TokenSigner,
)
from opensink_web.models.base import new_id

SIGNER = TokenSigner("secret" * 6)
FAR_AHEAD = 4_102_444_800  # the year 2100: the tests may run long after they were collected
TOKEN = AccessToken(
    new_id(),
    new_id(),
    clock.now().replace(microsecond=0) + timedelta(days=1),
    session_id=new_id(),
    execution_id=new_id(),
    scopes=("agents:read",),
)


def claims_of(text: str) -> dict[str, Any]:
    payload = text.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


def signed(changes: dict[str, Any], header: dict[str, Any] | None = None) -> str:
    """Sign with our own key what we would not; a claim of ... is left out."""
    claims = {**claims_of(SIGNER.sign(TOKEN)), **changes}
    claims = {name: value for name, value in claims.items() if value is not ...}
    key = OctKey.import_key(SIGNER._key)
    return jwt.encode({"alg": "HS256", "typ": TYPE, **(header or {})}, claims, key, ["HS256"])


def test_what_was_signed_is_read() -> None:
    assert SIGNER.read(SIGNER.sign(TOKEN)) == TOKEN
    plain = replace(TOKEN, session_id=None, execution_id=None, scopes=None)
    assert SIGNER.read(SIGNER.sign(plain)) == plain
    assert SIGNER.read(signed({})) == TOKEN


def test_no_two_tokens_are_the_same() -> None:
    assert claims_of(SIGNER.sign(TOKEN))["jti"] != claims_of(SIGNER.sign(TOKEN))["jti"]


def test_another_secret_key_reads_nothing() -> None:
    assert TokenSigner("another" * 6).read(SIGNER.sign(TOKEN)) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "other"},
        {"iss": ...},
        {"aud": "other"},
        {"aud": ...},
        {"sub": ...},
        {"jti": ...},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"iat": ...},
        {"iat": FAR_AHEAD},
        {"nbf": FAR_AHEAD},
    ],
    ids=" ".join,
)
def test_every_claim_is_checked(changes: dict[str, Any]) -> None:
    assert SIGNER.read(signed(changes)) is None


def test_a_token_ends_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    text = SIGNER.sign(TOKEN)
    end = TOKEN.expires_at
    monkeypatch.setattr(clock, "now", lambda: end + timedelta(seconds=LEEWAY_SECONDS - 1))
    assert SIGNER.read(text) == TOKEN
    monkeypatch.setattr(clock, "now", lambda: end + timedelta(seconds=LEEWAY_SECONDS))
    assert SIGNER.read(text) is None


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_says_nothing_of_its_own_algorithm() -> None:
    claims = claims_of(SIGNER.sign(TOKEN))
    body = _encoded(claims)
    for algorithm in ("none", "None", "HS384", "RS256", ""):
        header = _encoded({"alg": algorithm, "typ": TYPE})
        assert SIGNER.read(f"{header}.{body}.") is None, algorithm
    stolen = OctKey.import_key(SIGNER._key)
    longer = jwt.encode({"alg": "HS512", "typ": TYPE}, claims, stolen, ["HS512"])
    assert SIGNER.read(longer) is None
    pair = ECKey.generate_key("P-256")
    assert SIGNER.read(jwt.encode({"alg": "ES256", "typ": TYPE}, claims, pair, ["ES256"])) is None


def test_a_token_of_another_kind_is_none() -> None:
    assert SIGNER.read(signed({}, {"typ": "JWT"})) is None
    assert SIGNER.read(signed({}, {"typ": "dpop+jwt"})) is None


@pytest.mark.parametrize(
    "text", ["", ".", "..", "...", "a.b.c", "é.é.é", "\0", "e30.e30.e30", "a" * 100_000]
)
def test_no_text_is_a_failure(text: str) -> None:
    assert SIGNER.read(text) is None


def test_a_changed_token_is_none() -> None:
    head, body, signature = SIGNER.sign(TOKEN).split(".")
    other = _encoded({**claims_of(f"{head}.{body}.{signature}"), "sub": str(new_id())})
    assert SIGNER.read(f"{head}.{other}.{signature}") is None
    assert SIGNER.read(f"{head}.{body}.{signature[:-4]}AAAA") is None


def test_the_names_are_ours() -> None:
    claims = claims_of(SIGNER.sign(TOKEN))
    assert (claims["iss"], claims["aud"]) == (ISSUER, AUDIENCE)
