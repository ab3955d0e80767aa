"""Access tokens: JWTs that say for a few minutes who is calling. Signing and reading them, no more.

RFC 7519 (https://www.rfc-editor.org/rfc/rfc7519), with the type of RFC 9068 and the algorithm fixed
(RFC 8725, section 3.1): what a token says of its own algorithm decides nothing. Whether its user
may still do anything is the database's to say, at every call.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from opensink_web import clock

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

ALGORITHM = "HS256"
TYPE = "at+jwt"
ISSUER = "opensink"
AUDIENCE = "opensink-api"
LEEWAY_SECONDS = 5
"""How far the clocks of the machines of one installation may be apart."""
LENGTH_MAX = 8192
_PURPOSE = b"opensink access tokens, version 1"


class TokenKind(Enum):
    """What a token was made for; all but a sign-in's are delegated tokens."""

    SIGN_IN = "a sign-in"
    EXECUTION = "an execution"
    CALLBACK = "a callback"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token says: who is calling, in which workspace, as part of what.

    `session_id` is the sign-in it was made for, `execution_id` the execution; `reports_on` is the
    execution or batch of whose end a callback tells. `scopes` limit it as they limit an API key;
    None limits nothing.
    """

    user_id: UUID
    workspace_id: UUID
    expires_at: datetime
    session_id: UUID | None = None
    execution_id: UUID | None = None
    reports_on: UUID | None = None
    scopes: tuple[str, ...] | None = None

    @property
    def kind(self) -> TokenKind:
        if self.session_id is not None:
            return TokenKind.SIGN_IN
        return TokenKind.CALLBACK if self.execution_id is None else TokenKind.EXECUTION


class TokenSigner:
    """Signs and reads tokens with a key that is made of the installation's secret key."""

    def __init__(self, secret_key: str) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE)
        self._key = derived.derive(secret_key.encode())

    @cached_property
    def _signing_key(self) -> "OctKey":
        from joserfc.jwk import OctKey  # here, as below

        return OctKey.import_key(self._key)

    def sign(self, token: AccessToken) -> str:
        """Write a token that counts from now on."""
        # here, because joserfc makes every command and worker start a tenth of a second later
        from joserfc import jwt

        claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(token.user_id),
            "jti": str(uuid4()),
            "iat": int(clock.now().timestamp()),
            "exp": int(token.expires_at.timestamp()),
            "workspace_id": str(token.workspace_id),
            "sid": _text(token.session_id),
            "execution_id": _text(token.execution_id),
            "reports_on": _text(token.reports_on),
            "scopes": None if token.scopes is None else list(token.scopes),
        }
        header = {"alg": ALGORITHM, "typ": TYPE}
        return jwt.encode(header, claims, self._signing_key, [ALGORITHM])

    def read(self, text: str, moment: datetime | None = None) -> AccessToken | None:
        """Return what a token says; None for one that is not ours, or whose time is over.

        The `moment` is now unless given.
        """
        from joserfc.errors import JoseError  # here, as above

        token = self._decoded(text)
        if token is None:
            return None
        try:
            self._check(token, moment or clock.now())
        except (JoseError, ValueError):
            return None
        return _read_claims(token.claims)

    def verifies(self, text: str) -> bool:
        """Return True if we have signed a token, even if its time is over."""
        return self._decoded(text) is not None

    def _decoded(self, text: str) -> Any:
        """Return a token whose signature is ours; None for every other."""
        from joserfc import jwt  # here, as above
        from joserfc.errors import JoseError

        if len(text) > LENGTH_MAX or not text.isascii():
            return None
        try:
            return jwt.decode(text, self._signing_key, [ALGORITHM])
        except (JoseError, ValueError):
            return None

    @staticmethod
    def _check(token: Any, moment: datetime) -> None:
        """Raises: JoseError; ValueError."""
        from joserfc import jwt  # here, as above

        if token.header.get("typ") != TYPE:
            raise ValueError("another kind of token")
        jwt.JWTClaimsRegistry(
            now=int(moment.timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": AUDIENCE},
            sub={"essential": True},
            jti={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        ).validate(token.claims)


def _read_claims(claims: dict[str, Any]) -> AccessToken:
    """Read what we have signed ourselves."""
    scopes = claims["scopes"]
    return AccessToken(
        user_id=UUID(claims["sub"]),
        workspace_id=UUID(claims["workspace_id"]),
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
        session_id=_id(claims["sid"]),
        execution_id=_id(claims["execution_id"]),
        reports_on=_id(claims.get("reports_on")),  # not in those signed before there was one
        scopes=None if scopes is None else tuple(scopes),
    )


def _text(row_id: UUID | None) -> str | None:
    return None if row_id is None else str(row_id)


def _id(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
