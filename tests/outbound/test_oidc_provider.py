"""An OpenID Connect provider: what it says is taken only when all of it holds."""

import json
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography.hazmat.primitives import hashes, hmac
from joserfc import jwt
from joserfc.jwk import RSAKey

from opensink_web.errors import ProviderUnavailable, SignInRefused
from opensink_web.outbound.oidc import Attempt, Claims
from opensink_web.outbound.oidc_provider import DiscoveredProvider
from tests.support.oidc_server import CLIENT_ID, CLIENT_SECRET, Json, OidcServer

if TYPE_CHECKING:
    from tests.outbound.conftest import Peer, Serve
    from tests.support.authority import Authority

DOES_NOT_HOLD = "does not prove who you are"


@pytest.fixture
def ours(provider: OidcServer) -> DiscoveredProvider:
    return at(provider.issuer)


def at(issuer: str, ca_bundle: Path | None = None) -> DiscoveredProvider:
    return DiscoveredProvider(
        issuer=issuer,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        redirect_uri="http://127.0.0.1:7465/oidc/callback",
        ca_bundle=ca_bundle,
    )


def ask(ours: DiscoveredProvider) -> tuple[str, Attempt]:
    """Send somebody to the provider; return the code they come back with."""
    url, attempt = ours.begin()
    answer = requests.get(url, allow_redirects=False, timeout=60)
    (code,) = parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
    return code, attempt


def sign_in(ours: DiscoveredProvider) -> Claims:
    return ours.finish(*ask(ours))


def test_it_says_who_somebody_is(ours: DiscoveredProvider, provider: OidcServer) -> None:
    claims = sign_in(ours)
    assert claims == Claims(provider.issuer, "42", "bob@example.com", "bob@example.com")


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_counts_only_when_it_is_verified(
    ours: DiscoveredProvider, provider: OidcServer, verified: object
) -> None:
    provider.person["email_verified"] = verified
    claims = sign_in(ours)
    assert (claims.label, claims.verified_email) == ("bob@example.com", None)


def unsigned(claims: Json) -> str:
    return ".".join([part({"alg": "none"}), part(claims), ""])


def part(value: Json) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def hs256(key: bytes, claims: Json) -> str:
    text = ".".join([part({"alg": "HS256", "kid": "first"}), part(claims)])
    signer = hmac.HMAC(key, hashes.SHA256())
    signer.update(text.encode())
    return f"{text}.{urlsafe_b64encode(signer.finalize()).decode().rstrip('=')}"


def tampered(server: OidcServer, claims: Json) -> str:
    header, _, signature = server.sign_with_own_key(claims).split(".")
    return ".".join([header, part(claims | {"sub": "42"}), signature])


FORGERIES: dict[str, Callable[[OidcServer, Json], str]] = {
    "unsigned": lambda _, claims: unsigned(claims),
    "HS256 with the public key": lambda server, claims: hs256(
        server.keys[0].as_pem(private=False), claims
    ),
    "HS256 with the client's secret": lambda _, claims: hs256(CLIENT_SECRET.encode(), claims),
    "another's key under the same id": lambda _, claims: _signed_by_another(claims),
    "changed after signing": lambda server, claims: tampered(server, claims | {"sub": "1"}),
    "no token at all": lambda *_: "x",
    "empty": lambda *_: "",
}


def _signed_by_another(claims: Json) -> str:
    key = RSAKey.generate_key(2048, {"kid": "first"})
    return jwt.encode({"alg": "RS256", "kid": "first"}, claims, key)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_signature_that_is_not_the_providers(
    ours: DiscoveredProvider, provider: OidcServer, forgery: str
) -> None:
    provider.sign = lambda claims: FORGERIES[forgery](provider, claims)
    with pytest.raises(SignInRefused, match=DOES_NOT_HOLD):
        sign_in(ours)


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": "another client", "azp": CLIENT_ID},
        {"aud": [CLIENT_ID, "another client"]},
        {"aud": [CLIENT_ID, "another client"], "azp": "another client"},
        {"aud": None},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": 42},
        {"sub": ""},
        {"sub": "\0"},
        {"sub": "x" * 256},
        {"exp": None},
        {"exp": "tomorrow"},
        {"at_hash": "another token's"},
        {"at_hash": 1},
    ],
    ids=lambda changes: str(changes)[:40],
)
def test_a_claim_that_is_not_right(
    ours: DiscoveredProvider, provider: OidcServer, changes: Json
) -> None:
    provider.changes = changes
    with pytest.raises(SignInRefused):
        sign_in(ours)


@pytest.mark.parametrize(("claim", "seconds"), [("exp", -130), ("iat", 130), ("nbf", 130)])
def test_a_token_of_another_time(
    ours: DiscoveredProvider, provider: OidcServer, claim: str, seconds: int
) -> None:
    provider.changes = {claim: int(time.time()) + seconds}
    with pytest.raises(SignInRefused, match="clock"):
        sign_in(ours)


def test_clocks_may_differ_by_two_minutes(ours: DiscoveredProvider, provider: OidcServer) -> None:
    now = int(time.time())
    provider.changes = {"iat": now + 110, "exp": now - 110}
    assert sign_in(ours).subject == "42"


def test_a_code_counts_once(ours: DiscoveredProvider) -> None:
    code, attempt = ask(ours)
    ours.finish(code, attempt)
    with pytest.raises(SignInRefused, match="used before"):
        ours.finish(code, attempt)


def test_a_code_is_only_for_who_asked(ours: DiscoveredProvider) -> None:
    (code, _), (_, other) = ask(ours), ask(ours)
    with pytest.raises(SignInRefused, match="used before"):
        ours.finish(code, other)


def test_a_key_that_the_provider_has_just_changed_is_fetched(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    sign_in(ours)
    for changed in (RSAKey.generate_key(2048, {"kid": "second"}), provider.keys[0]):
        provider.keys = [changed]
        assert sign_in(ours).subject == "42"


def test_discovery_and_keys_are_fetched_once(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    for _ in range(2):
        sign_in(ours)
    assert provider.requests.count("/.well-known/openid-configuration") == 1
    assert provider.requests.count("/jwks") == 1


def test_the_secret_may_go_in_the_body(ours: DiscoveredProvider, provider: OidcServer) -> None:
    provider.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert sign_in(ours).subject == "42"


def test_the_address_may_stand_in_the_userinfo_alone(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    provider.person = {"sub": "42"}
    provider.userinfo = {"sub": "42", "email": "bob@example.com", "email_verified": True}
    assert sign_in(ours).verified_email == "bob@example.com"


def test_the_userinfo_must_be_of_the_same_person(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    provider.person = {"sub": "42"}
    provider.userinfo = {"sub": "1", "email": "bob@example.com", "email_verified": True}
    with pytest.raises(SignInRefused, match="two different people"):
        sign_in(ours)


@pytest.mark.parametrize(
    ("discovery", "sentence"),
    [
        ({"issuer": "https://evil.example"}, "calls itself 'https://evil.example'"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"authorization_endpoint": 1}, "authorization_endpoint"),
        ({"jwks_uri": "http://127.0.0.1:1/"}, "does not answer"),
        ({"jwks_uri": "{issuer}/.well-known/openid-configuration"}, "holds no set of keys"),
    ],
    ids=str,
)
def test_a_provider_that_is_set_up_wrong(
    ours: DiscoveredProvider, provider: OidcServer, discovery: Json, sentence: str
) -> None:
    provider.discovery = {
        name: value.format(issuer=provider.issuer) if isinstance(value, str) else value
        for name, value in discovery.items()
    }
    with pytest.raises(ProviderUnavailable, match=sentence):
        ours.check()


@pytest.mark.parametrize("status", [301, 404, 500])
def test_a_provider_that_answers_something_else(
    ours: DiscoveredProvider, provider: OidcServer, status: int
) -> None:
    provider.status = status
    with pytest.raises(ProviderUnavailable, match="does not answer as it should"):
        ours.check()


def test_nobody_waits_for_a_provider_that_has_just_failed(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    provider.status = 500
    for _ in range(2):
        with pytest.raises(ProviderUnavailable):
            ours.begin()
    assert len(provider.requests) == 1


def test_a_provider_that_fails_halfway(ours: DiscoveredProvider, provider: OidcServer) -> None:
    code, attempt = ask(ours)
    provider.status = 500
    with pytest.raises(ProviderUnavailable):
        ours.finish(code, attempt)


def test_a_provider_that_is_not_there() -> None:
    with pytest.raises(ProviderUnavailable):
        at("http://127.0.0.1:1").begin()


def test_a_private_authority_is_trusted_when_it_is_given(
    serve: "Serve", authority: "Authority"
) -> None:
    def script(peer: "Peer") -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    issuer = serve(script, tls=authority.server_context()).url(path="")
    with pytest.raises(ProviderUnavailable, match="certificate verify failed"):
        at(issuer).check()
    with pytest.raises(ProviderUnavailable, match="its status is 404"):
        at(issuer, authority.bundle).check()


def test_a_key_that_the_provider_has_changed_under_the_same_id_is_fetched(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    sign_in(ours)
    provider.keys = [RSAKey.generate_key(2048, {"kid": "first"})]
    assert sign_in(ours).subject == "42"


@pytest.mark.parametrize("forgery", FORGERIES)
def test_algorithms_that_the_provider_names_make_no_forgery_count(
    ours: DiscoveredProvider, provider: OidcServer, forgery: str
) -> None:
    provider.discovery = {
        "id_token_signing_alg_values_supported": ["none", "HS256", "RS256"],
        "jwks": {"keys": []},
    }
    provider.sign = lambda claims: FORGERIES[forgery](provider, claims)
    with pytest.raises(SignInRefused, match=DOES_NOT_HOLD):
        sign_in(ours)


def test_other_fields_of_the_discovery_document_change_nothing_that_is_ours(
    ours: DiscoveredProvider, provider: OidcServer
) -> None:
    provider.discovery = {"client_id": "x", "scope": "all", "code_challenge_method": None}
    query = parse_qs(urlsplit(ours.begin()[0]).query)
    assert query["client_id"] == [CLIENT_ID]
    assert query["scope"] == ["openid email profile"]
    assert query["code_challenge_method"] == ["S256"]
    assert sign_in(ours).subject == "42"
