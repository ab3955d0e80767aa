"""What every process needs, wired: the database, Redis, the keys, the services. No routes.

Workers, the sweeper and most commands need no more than this; the factory adds the pages and the
API. So nothing here imports them: that would double what a worker takes to start.
"""

import secrets
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from flask import Flask, current_app

from opensink_web.access_token import TokenSigner
from opensink_web.errors import ConfigurationError
from opensink_web.keyring import KeyFile, Keyring, write_once
from opensink_web.message_template.renderer import TemplateRenderer
from opensink_web.models import db
from opensink_web.models.sealed import KEYRING_OPTION
from opensink_web.models.transaction import (
    Change,
    Wakeup,
    changes_committed,
    prepare_postgresql,
    prepare_sqlite,
    work_committed,
)
from opensink_web.outbound.callback_policy import CallbackPolicy
from opensink_web.outbound.oidc import OidcProvider
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.rate_limit import MemoryLimiter
from opensink_web.services import EXTENSION, Services, channel_tools
from opensink_web.settings import Settings
from opensink_web.work.backlog import BacklogReader
from opensink_web.work.changes import ChangeFeed, ChangePublisher
from opensink_web.work.circuit_breaker import CircuitBreaker
from opensink_web.work.connection import announcing_connection
from opensink_web.work.presence import readiness
from opensink_web.work.queue import Limits
from opensink_web.work.shared_limit import SharedLimiter
from opensink_web.work.wakeups import Notifier, wakeup_queue

POSTGRESQL_CONNECTIONS = 20
"""Of one process; threads queue for them. All of `opensink up` stays below a server's usual 100."""
OIDC_CALLBACK = "/oidc/callback"
_SECRET_KEY_FILE = "secret_key"  # noqa: S105 - a name
_NOTIFIER_EXTENSION = "opensink-notifier"
_PUBLISHER_EXTENSION = "opensink-publisher"


class SynchronousFlask(Flask):
    """Calls views and hooks as they are: Flask looks with each call whether it is a coroutine, a
    dozen times in a request.
    """

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def wired_app(settings: Settings) -> Flask:
    """Make an application in which operations can be called, and that answers nothing.

    Opens no connection. Raises: ConfigurationError.
    """
    return _wired(settings, "")


def visiting_app(settings: Settings) -> Flask:
    """Make one for a command that only visits an installation: it makes no key and no folder.

    What it signs counts nowhere else, unless the installation's key is there.
    """
    path = settings.data_dir / _SECRET_KEY_FILE
    is_there = settings.secret_key or path.exists()
    return wired_app(settings) if is_there else _wired(settings, secrets.token_hex(32))


def _wired(settings: Settings, secret_key: str) -> Flask:
    app = SynchronousFlask("opensink_web", static_folder=None)
    wire(app, settings, secret_key)
    return app


def wire(app: Flask, settings: Settings, secret_key: str = "") -> None:
    """Tie an application to what is outside of it. Raises: ConfigurationError."""
    secret_key = secret_key or settings.secret_key or _kept_secret_key(settings.data_dir)
    app.config["SECRET_KEY"] = secret_key
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    _wire_database(app, settings)
    _wire_redis(app, settings)


def _engine_options(settings: Settings) -> dict[str, Any]:
    ring = Keyring(settings.encryption_keys, KeyFile(settings.data_dir))
    # an error of the database is logged with its statement: the values are people's and agents'
    options: dict[str, Any] = {"execution_options": {KEYRING_OPTION: ring}, "hide_parameters": True}
    if settings.uses_sqlite:
        # a web process and a worker each have the threads of one; what is unused is not opened
        threads = max(settings.web_threads, settings.calls_per_worker)
        # the last one used still has in its cache what it read, if nobody else has written since
        return options | {"pool_size": threads, "max_overflow": 8, "pool_use_lifo": True}
    return options | {
        "pool_size": POSTGRESQL_CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": 10,
        "pool_pre_ping": True,
        "pool_use_lifo": True,  # those in use have their queries planned
        "connect_args": {"connect_timeout": 5},
    }


def _kept_secret_key(data_dir: Path) -> str:
    """Read the key that signs cookies from the data folder; make one the first time."""
    path = data_dir / _SECRET_KEY_FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_once(path, secrets.token_hex(32))
    except OSError as error:
        raise ConfigurationError(
            f"The data folder {data_dir} cannot be written to: {error.strerror}. "
            "Choose another with DATA_DIR or --data-dir."
        ) from None
    key = path.read_text()
    if len(key) < 32:
        raise ConfigurationError(f"{path} does not hold a key; delete it and start again.")
    return key


def _wire_database(app: Flask, settings: Settings) -> None:
    db.init_app(app)
    prepare = prepare_sqlite if settings.uses_sqlite else prepare_postgresql
    with app.app_context():
        prepare(db.engine)


def _wire_redis(app: Flask, settings: Settings) -> None:
    connection = announcing_connection(settings.redis_url)
    breaker = CircuitBreaker()
    app.extensions[_NOTIFIER_EXTENSION] = Notifier(wakeup_queue(connection), breaker)
    # a connection of its own: its thread may wait where those who answer somebody may not
    publishing = announcing_connection(settings.redis_url)
    app.extensions[_PUBLISHER_EXTENSION] = ChangePublisher(publishing)
    app.extensions[EXTENSION] = Services(
        settings=settings,
        policy=EndpointPolicy.from_entries(settings.execution_endpoint_hosts),
        callback_policy=CallbackPolicy(settings.callback_url_hosts, settings.callback_allow_cidrs),
        readiness=lambda: readiness(connection),
        backlog=BacklogReader(Limits.of(settings)).read,
        oidc_provider=oidc_provider(settings),
        limiter=SharedLimiter(connection, breaker),
        local_limiter=MemoryLimiter(),
        signer=TokenSigner(app.config["SECRET_KEY"]),
        templates=TemplateRenderer(),
        changes=ChangeFeed(settings.redis_url),
        channel_tools=channel_tools(settings),
    )


def oidc_provider(settings: Settings) -> OidcProvider | None:
    """Return the provider of sign-ins that the settings name, if they do; it is not asked yet."""
    if not settings.oidc_issuer:
        return None
    # here, because Authlib makes every command and worker start a tenth later
    from opensink_web.outbound.oidc_provider import DiscoveredProvider

    return DiscoveredProvider(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_uri=f"{settings.public_url}{OIDC_CALLBACK}",
        ca_bundle=settings.outbound_ca_bundle,
    )


@work_committed.connect
def _notify(_sender: object, wakeups: Sequence[Wakeup]) -> None:
    """Tie the outbox to the commit: workers are woken at once for rows that are committed."""
    notifier: Notifier = current_app.extensions[_NOTIFIER_EXTENSION]
    notifier.send(wakeups)


@changes_committed.connect
def _publish(_sender: object, changes: Collection[Change]) -> None:
    """Tell the web processes, whose pages show it."""
    publisher: ChangePublisher = current_app.extensions[_PUBLISHER_EXTENSION]
    publisher.publish(changes)
