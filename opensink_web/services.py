"""What requests need from outside the database, wired by the factory and handed in by it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from opensink_web import clock
from opensink_web.access_token import TokenSigner
from opensink_web.channels.base import ChannelTools, SmtpSecurity, SmtpServer
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.models.transaction import Change
from opensink_web.operations.status.parts import Backlog, Readiness
from opensink_web.outbound.callback_policy import CallbackPolicy
from opensink_web.outbound.client import Client
from opensink_web.outbound.notification_policy import NotificationPolicy
from opensink_web.outbound.oidc import OidcProvider
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.rate_limit import RateLimiter
from opensink_web.settings import Settings

EXTENSION = "opensink"
"""The key in Flask's `app.extensions`."""


class ChangeListener(Protocol):
    """Is told by a thread of what is committed anywhere."""

    def changed(self, changes: Collection[Change], moment: int) -> None:
        """Take what changed; `moment` is in milliseconds."""

    def may_have_missed(self) -> None:
        """Note that whatever happened up to now may not have been told."""


class Changes(Protocol):
    """What is committed, by any process."""

    def follow(self, listener: ChangeListener) -> None:
        """Begin to tell a listener."""


@dataclass(frozen=True, slots=True)
class Services:
    """The settings and what is made of them; a look at Redis and the workers; counters of tries.

    `oidc_provider` is None where people sign in with passwords alone. `limiter` counts tries for
    all web servers together, `local_limiter` in this process alone, which costs nothing and is for
    what happens at every call. `backlog` looks at the queue of each kind of work, within a
    transaction. `signer` makes and reads access tokens, `templates` fills in agents'
    first messages. `changes` tells what every process commits. `channel_tools` are what people's
    channels are checked with.
    """

    settings: Settings
    policy: EndpointPolicy
    callback_policy: CallbackPolicy
    readiness: Callable[[], Readiness]
    backlog: Callable[[], Sequence[Backlog]]
    oidc_provider: OidcProvider | None
    limiter: RateLimiter
    local_limiter: RateLimiter
    signer: TokenSigner
    templates: TemplateRenderer
    changes: Changes
    channel_tools: ChannelTools


def channel_tools(settings: Settings) -> ChannelTools:
    """Return what messages are sent with; opens no connection."""
    smtp = None
    if settings.smtp_host:
        smtp = SmtpServer(
            host=settings.smtp_host,
            port=settings.smtp_port,
            security=SmtpSecurity(settings.smtp_security),
            username=settings.smtp_username,
            password=settings.smtp_password,
            sender=settings.smtp_from,
            ca_bundle=settings.outbound_ca_bundle,
        )
    policy = NotificationPolicy.from_entries(settings.notification_hosts)
    return ChannelTools(Client(policy, settings.outbound_ca_bundle), smtp, clock.now)
