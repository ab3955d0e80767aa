"""create_app(): the only place that wires the rooms together."""

import logging
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from flask_migrate import Migrate

from opensink_web import api, runtime, web
from opensink_web.access_token import TokenSigner
from opensink_web.contract import gate, waiting
from opensink_web.contract.mounting import describe
from opensink_web.contract.problem import error_answer
from opensink_web.contract.room import room_of
from opensink_web.errors import ConfigurationError, Unavailable
from opensink_web.jobs.circuit_breaker import CircuitBreaker
from opensink_web.jobs.connection import announcing_connection
from opensink_web.jobs.presence import readiness
from opensink_web.jobs.queue import Announcer, delivery_queue
from opensink_web.jobs.shared_limit import SharedLimiter
from opensink_web.keyring import KeyFile, Keyring, write_once
from opensink_web.models import db
from opensink_web.models.sealed import KEYRING_OPTION
from opensink_web.models.transaction import (
    Announcement,
    LaneAnnouncement,
    is_outage,
    prepare_postgresql,
    prepare_sqlite,
    work_committed,
)
from opensink_web.operations.user_session import SESSION_LIFETIME
from opensink_web.outbound.callback_policy import CallbackPolicy
from opensink_web.outbound.oidc import OidcProvider
from opensink_web.outbound.policy import TargetPolicy
from opensink_web.rate_limit import MemoryLimiter
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from opensink_web.web.proxies import trust_proxies

MIGRATIONS = Path(__file__).parent / "migrations"
ROUTES = (*api.ROUTES, *runtime.ROUTES)
"""Every declared route."""
POSTGRESQL_CONNECTIONS = 20
"""Of one process; threads queue for them. All of `opensink up` stays below a server's usual 100."""
OIDC_CALLBACK = "/oidc/callback"
_log = logging.getLogger(__name__)
_ANNOUNCER_EXTENSION = "opensink-announcer"


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application. Opens no connection. Raises: ConfigurationError."""
    settings = settings or Settings.from_env()
    app = Flask(
        "opensink_web",
        template_folder=str(_folder("templates")),
        static_folder=str(_folder("static")),
    )
    app.config.update(_flask_config(settings))
    app.url_map.merge_slashes = False  # a doubled slash names nothing, in either language
    _wire_database(app, settings)
    _wire_redis(app, settings)
    web.register(app)
    gate.set_up(app)
    waiting.set_up(app, settings.web_threads)
    api.register(app)
    runtime.register(app)
    describe(app, ROUTES)
    trust_proxies(app, settings.trusted_proxies)
    # no cookie opens these, so no other site's form can use one
    web.csrf.exempt(api.blueprint)
    web.csrf.exempt(runtime.blueprint)
    app.register_error_handler(Exception, _answer_error)
    return app


def _answer_error(error: Exception) -> ResponseReturnValue:
    """Answer an error in the language of whoever asked: JSON where programs call, else a page."""
    if is_outage(error):
        _log.error("The database failed", exc_info=error)
        error = Unavailable("The database does not answer just now. Please try again.")
    room = room_of(request.path)
    return error_answer(error, room) if room is not None else web.error_page(error)


def _folder(name: str) -> Path:
    """Find templates or static files: inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def _flask_config(settings: Settings) -> dict[str, Any]:
    is_https = settings.public_url.startswith("https:")
    return {
        "SECRET_KEY": settings.secret_key or _kept_secret_key(settings.data_dir),
        "MAX_CONTENT_LENGTH": settings.max_body_bytes,
        "MAX_FORM_MEMORY_SIZE": settings.max_body_bytes,
        "MAX_FORM_PARTS": 20_000,
        # browsers take a name with this prefix from this host alone, and over HTTPS
        "SESSION_COOKIE_NAME": "__Host-opensink_session" if is_https else "opensink_session",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": is_https,
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        # a late answer to an older request must not bring the cookie from before a sign-in back
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PREFERRED_URL_SCHEME": "https" if is_https else "http",
        # a review that was left open overnight must still submit
        "WTF_CSRF_TIME_LIMIT": None,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings),
        "SEND_FILE_MAX_AGE_DEFAULT": 0,
    }


def _engine_options(settings: Settings) -> dict[str, Any]:
    ring = Keyring(settings.encryption_keys, KeyFile(settings.data_dir))
    options: dict[str, Any] = {"execution_options": {KEYRING_OPTION: ring}}
    if settings.uses_sqlite:
        # a web process and a worker each have the threads of one; what is unused is not opened
        threads = max(settings.web_threads, settings.calls_per_worker)
        return options | {"pool_size": threads, "max_overflow": 8}
    return options | {
        "pool_size": POSTGRESQL_CONNECTIONS,
        "max_overflow": 0,
        "pool_timeout": 10,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": 5},
    }


def _kept_secret_key(data_dir: Path) -> str:
    """Read the key that signs cookies from the data folder; make one the first time."""
    path = data_dir / "secret_key"
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
    Migrate(app, db, directory=str(MIGRATIONS))
    prepare = prepare_sqlite if settings.uses_sqlite else prepare_postgresql
    with app.app_context():
        prepare(db.engine)


def _wire_redis(app: Flask, settings: Settings) -> None:
    connection = announcing_connection(settings.redis_url)
    breaker = CircuitBreaker()
    app.extensions[_ANNOUNCER_EXTENSION] = Announcer(delivery_queue(connection), breaker)
    app.extensions[EXTENSION] = Services(
        settings=settings,
        policy=TargetPolicy.from_entries(settings.execution_endpoint_hosts),
        callback_policy=CallbackPolicy(settings.callback_url_hosts, settings.callback_allow_cidrs),
        readiness=lambda: readiness(connection),
        oidc_provider=oidc_provider(settings),
        limiter=SharedLimiter(connection, breaker),
        local_limiter=MemoryLimiter(),
        signer=TokenSigner(app.config["SECRET_KEY"]),
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
def _announce(_sender: object, announcements: Sequence[Announcement | LaneAnnouncement]) -> None:
    """Tie the outbox to the commit: rows that are committed are announced at once."""
    announcer: Announcer = current_app.extensions[_ANNOUNCER_EXTENSION]
    announcer.announce(announcements)
