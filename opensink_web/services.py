"""What requests need from outside the database, wired by the factory and handed in by it."""

from collections.abc import Callable
from dataclasses import dataclass

from opensink_web.outbound.oidc import OidcProvider
from opensink_web.outbound.policy import TargetPolicy
from opensink_web.settings import Settings

EXTENSION = "opensink"
"""The key in Flask's `app.extensions`."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `GET /readyz` needs to know of Redis and the workers."""

    redis: bool
    workers: int


@dataclass(frozen=True, slots=True)
class Services:
    """The settings, the address policy made of them, and a look at Redis and the workers.

    `oidc_provider` is None where people sign in with passwords alone.
    """

    settings: Settings
    policy: TargetPolicy
    readiness: Callable[[], Readiness]
    oidc_provider: OidcProvider | None
