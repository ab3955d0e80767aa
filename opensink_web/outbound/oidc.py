"""What a sign-in through an OpenID Connect provider takes and brings, as plain values.

Follows OpenID Connect Core 1.0, section 3.1, the authorization code flow
(https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth), with PKCE (RFC 7636).
oidc_provider.py speaks with the provider.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the browser that begins a sign-in has to bring back for it to end."""

    state: str
    nonce: str
    code_verifier: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom the provider vouches for; (issuer, subject) is the one lasting name of a person.

    `label` is for people to read and proves nothing. `verified_email` is None unless the provider
    says that it has verified the address.
    """

    issuer: str
    subject: str
    label: str
    verified_email: str | None


class OidcProvider(Protocol):
    """Lets people prove who they are elsewhere. Safe to share between threads."""

    def begin(self) -> tuple[str, Attempt]:
        """Return the provider's address to send the browser to, and what to keep meanwhile.

        Raises: ProviderUnavailable.
        """

    def finish(self, code: str, attempt: Attempt) -> Claims:
        """Exchange the code that the browser brought for what it proves.

        Raises: ProviderUnavailable; SignInRefused when it proves nothing.
        """

    def check(self) -> None:
        """Look whether the provider can be worked with. Raises: ProviderUnavailable."""
