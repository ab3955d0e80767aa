"""An OpenID Connect provider, found by its discovery document and spoken with through Authlib.

Follows OpenID Connect Discovery 1.0, section 4
(https://openid.net/specs/openid-connect-discovery-1_0.html), and Core 1.0, section 3.1.3.7
(checking the ID token). Nothing is fetched before somebody signs in, so a provider that is down
stops nobody else. The operator has chosen the provider and trusts it with every sign-in, hence
the address policy of agents' endpoints does not apply to it.
"""

import logging
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from authlib.integrations.requests_client import OAuth2Session, OAuthError
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
)
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry
from requests import RequestException
from requests.adapters import HTTPAdapter

from opensink_web.errors import ProviderUnavailable, SignInRefused
from opensink_web.outbound.oidc import Attempt, Claims
from opensink_web.outbound.trust import trusting_context

CLOCK_SKEW_SECONDS = 120
SUBJECT_LENGTH_MAX = 255
_TIMEOUT_SECONDS = (3.05, 5.0)
"""To connect, and between two bytes of an answer."""
_DISCOVERY_LIFETIME_SECONDS = 3600.0
_PAUSE_SECONDS = 5.0
"""So long nobody waits for a provider that has failed: a frozen one would hold every thread."""
_WELL_KNOWN = "/.well-known/openid-configuration"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
# only asymmetric ones: with HS256 the public key, which everybody has, would be the secret
_ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Discovered:
    """What is needed of the discovery document, and until when (monotonic) it is believed."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    auth_method: str
    fresh_until: float


class DiscoveredProvider:
    """The provider at `issuer`; an OidcProvider."""

    def __init__(
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect_uri: str,
        ca_bundle: Path | None = None,
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect_uri = redirect_uri
        self._tls = trusting_context(ca_bundle)
        # threads that find these missing at once each fetch them, which does no harm
        self._discovered: _Discovered | None = None
        self._keys: KeySet | None = None
        self._silent_until = 0.0

    def begin(self) -> tuple[str, Attempt]:
        """Return the provider's address to send the browser to, and what to keep meanwhile."""
        metadata = self._discover()
        with self._session(metadata.auth_method) as session:
            attempt = Attempt(token_urlsafe(24), token_urlsafe(24), token_urlsafe(48))
            url, _ = session.create_authorization_url(
                metadata.authorization_endpoint,
                state=attempt.state,
                nonce=attempt.nonce,
                code_verifier=attempt.code_verifier,
            )
        return url, attempt

    def finish(self, code: str, attempt: Attempt) -> Claims:
        """Exchange the code that the browser brought for what it proves."""
        metadata = self._discover()
        with self._session(metadata.auth_method) as session:
            token = self._exchange(session, metadata, code, attempt)
            proven = self._proven(token, attempt.nonce)
            if "email" not in proven and metadata.userinfo_endpoint is not None:
                # Core, section 5.4: beside an access token the address may stand there alone
                proven = self._userinfo(session, metadata.userinfo_endpoint, proven) | proven
        return _claims(proven)

    def check(self) -> None:
        """Look whether the provider can be worked with."""
        self._fetch_keys(self._discover().jwks_uri)

    def _session(self, auth_method: str) -> OAuth2Session:
        session = OAuth2Session(
            self._client_id,
            self._client_secret or None,
            token_endpoint_auth_method=auth_method,
            scope="openid email profile",
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
            default_timeout=_TIMEOUT_SECONDS,
            trust_env=False,  # what the environment says of proxies is not a setting of ours
        )
        session.mount("https://", _TrustingAdapter(self._tls))
        return session

    def _discover(self) -> _Discovered:
        known = self._discovered
        if known is not None and time.monotonic() < known.fresh_until:
            return known
        if time.monotonic() < self._silent_until:
            raise ProviderUnavailable("The provider did not answer a moment ago.")
        try:
            self._discovered = self._read_discovery(self._issuer.removesuffix("/") + _WELL_KNOWN)
        except ProviderUnavailable:
            self._silent_until = time.monotonic() + _PAUSE_SECONDS
            raise
        return self._discovered

    def _read_discovery(self, url: str) -> _Discovered:
        document = self._get_json(url)
        if document.get("issuer") != self._issuer:
            raise ProviderUnavailable(
                f"The provider at {url} calls itself {document.get('issuer')!r}, which is not "
                "what OIDC_ISSUER says; they must be the same to the letter."
            )
        secure = self._issuer.startswith("https:")
        optional = {"userinfo_endpoint"} & document.keys()
        for name in (*_ENDPOINTS, *optional):
            address = document.get(name)
            if not isinstance(address, str) or (secure and not address.startswith("https:")):
                raise ProviderUnavailable(f"{url} names no https:// address as its {name}.")
        return _Discovered(
            authorization_endpoint=document["authorization_endpoint"],
            token_endpoint=document["token_endpoint"],
            jwks_uri=document["jwks_uri"],
            userinfo_endpoint=document.get("userinfo_endpoint"),
            auth_method=self._auth_method(document),
            fresh_until=time.monotonic() + _DISCOVERY_LIFETIME_SECONDS,
        )

    def _auth_method(self, document: dict[str, Any]) -> str:
        if not self._client_secret:
            return "none"
        offered = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"

    def _get_json(self, url: str) -> dict[str, Any]:
        with self._session("none") as session, _failures_of(url):
            # a redirect might lead to where nobody vouches for the answer
            answer = session.get(url, withhold_token=True, allow_redirects=False)
            return _object_in(answer)

    def _fetch_keys(self, url: str) -> KeySet:
        try:
            self._keys = KeySet.import_key_set(self._get_json(url))  # type: ignore[arg-type]  # checked there
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise ProviderUnavailable(f"{url} holds no set of keys.") from error
        return self._keys

    def _exchange(
        self, session: OAuth2Session, found: _Discovered, code: str, attempt: Attempt
    ) -> dict[str, Any]:
        try:
            with _failures_of(found.token_endpoint):
                token: dict[str, Any] = session.fetch_token(
                    found.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=attempt.code_verifier,
                    allow_redirects=False,
                )
        except OAuthError as error:
            _log.warning("The OIDC provider refused a code: %s", error.error)
            raise SignInRefused(
                "The provider does not take this sign-in: it was used before, or took too long."
            ) from error
        return token

    def _proven(self, token: dict[str, Any], nonce: str) -> dict[str, Any]:
        """Return the ID token's claims if all of it holds. Raises: SignInRefused."""
        try:
            decoded = self._decode(token["id_token"])
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                # Authlib checks neither unless it is told
                {
                    "iss": {"essential": True, "value": self._issuer},
                    "aud": {"essential": True, "value": self._client_id},
                },
                {
                    "nonce": nonce,
                    "client_id": self._client_id,
                    "access_token": token.get("access_token"),
                },
            )
            claims.validate(leeway=CLOCK_SKEW_SECONDS)
            _check_subject(claims["sub"])
        except (JoseError, ValueError, TypeError, KeyError) as error:
            _log.warning("The OIDC provider sent an ID token that does not hold: %s", error)
            raise SignInRefused(_why_it_does_not_hold(error)) from error
        return dict(claims)

    def _decode(self, id_token: str) -> jwt.Token:
        registry = JWSRegistry(algorithms=_ALGORITHMS, strict_check_header=False)
        jwks_uri = self._discover().jwks_uri
        known = self._keys
        if known is not None:
            try:
                return jwt.decode(id_token, known, registry=registry)
            except (InvalidKeyIdError, BadSignatureError):
                _log.info("The OIDC provider signs with a key that is new to us")
        return jwt.decode(id_token, self._fetch_keys(jwks_uri), registry=registry)

    def _userinfo(self, session: OAuth2Session, url: str, proven: dict[str, Any]) -> dict[str, Any]:
        with _failures_of(url):
            document = _object_in(session.get(url, allow_redirects=False))
        if document.get("sub") != proven["sub"]:  # Core, section 5.3.2
            raise SignInRefused("The provider speaks of two different people.")
        return document


class _TrustingAdapter(HTTPAdapter):
    """Verifies certificates by a context of ours, beside what requests trusts by itself."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        super().__init__()

    def init_poolmanager(self, *sizes: Any, **options: Any) -> None:
        super().init_poolmanager(*sizes, **options, ssl_context=self._tls)


@contextmanager
def _failures_of(url: str) -> Iterator[None]:
    """Turn what goes wrong on the way to `url` into ProviderUnavailable."""
    try:
        yield
    except (RequestException, ValueError) as error:
        _log.warning("The OIDC provider failed at %s: %s", url, error)
        raise ProviderUnavailable(f"{url} does not answer as it should: {error}") from error


def _object_in(answer: Any) -> dict[str, Any]:
    """Return the JSON object of a requests.Response. Raises: ValueError."""
    if answer.status_code != 200:
        raise ValueError(f"its status is {answer.status_code}")
    body = answer.json()
    if not isinstance(body, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - the answer is wrong, not our code
    return body


def _why_it_does_not_hold(error: Exception) -> str:
    is_of_time = isinstance(error, ClaimError) and error.claim in {"exp", "iat", "nbf"}
    if is_of_time and not isinstance(error, MissingClaimError):
        return (
            "What the provider sent is not valid at this moment. Start again; if that does not "
            "help, its clock and this server's differ, which their operators can mend."
        )
    return "What the provider sent does not prove who you are."


def _check_subject(subject: str) -> None:
    """Core, section 2: at most 255 characters. Raises: ValueError."""
    if not (1 <= len(subject) <= SUBJECT_LENGTH_MAX and subject.isprintable()):
        raise ValueError("its subject is no name")


def _claims(proven: dict[str, Any]) -> Claims:
    email = proven.get("email")
    is_verified = isinstance(email, str) and proven.get("email_verified") is True
    label = str(email or proven.get("preferred_username") or proven["sub"])
    return Claims(
        issuer=proven["iss"],
        subject=proven["sub"],
        label=label.replace("\0", "")[:320],
        verified_email=email if is_verified else None,
    )
