"""What can be misconfigured, one function per subject, and how to mend each.

Nothing here changes a row. A check that cannot be made because an earlier one failed is left out.
"""

import socket
from collections.abc import Iterator

from redis import Redis, RedisError
from sqlalchemy import func, select

from opensink_web.cli.archive import DATABASE, ENCRYPTION_KEYS, SECRET_KEY
from opensink_web.cli.database import current_revision, newest_revision
from opensink_web.cli.proxy_diagnosis import through_public_url
from opensink_web.errors import ConfigurationError, ProviderUnavailable, UnreadableSecret
from opensink_web.models import Agent, Membership, Role, User, db
from opensink_web.models.sealed import keyring
from opensink_web.models.transaction import reading
from opensink_web.operations.agents.queries import endpoint_of
from opensink_web.operations.sealed import count_by_key
from opensink_web.operations.status import checks
from opensink_web.operations.status.backup_note import last_backup
from opensink_web.operations.status.condition import disk_of, read_database
from opensink_web.operations.status.finding import Finding, Verdict
from opensink_web.outbound.policy import EndpointPolicy
from opensink_web.settings import Settings
from opensink_web.supervisor.checks import (
    CONNECT_TIMEOUT_SECONDS,
    LOCK_FILE_NAME,
    at_its_address,
    check_data_dir,
    check_database,
    check_redis,
    settings_of_parts,
)
from opensink_web.supervisor.installation import check_installed, check_keys_are_named
from opensink_web.wiring import OIDC_CALLBACK, oidc_provider, visiting_app
from opensink_web.work.backlog import BacklogReader
from opensink_web.work.connection import announcing_connection
from opensink_web.work.presence import readiness
from opensink_web.work.queue import Limits


def diagnose(settings: Settings, *, waits: bool = False) -> Iterator[Finding]:
    """Look at everything, in the order in which it is needed.

    With `waits` also at what takes a minute: whether a proxy lets an answer take that long.
    """
    settings = at_its_address(settings)
    folder = _data_folder(settings)
    yield folder
    if folder.verdict is Verdict.FAIL:
        return
    if settings.data_dir.exists():
        yield checks.disk(disk_of(settings))
        yield checks.backup(settings, last_backup(settings.data_dir))
    yield from checks.of_settings(settings)
    yield from _redis(settings)
    database = list(_database(settings))
    yield from database
    if not any(finding.verdict is Verdict.FAIL for finding in database) and _answers(settings):
        with visiting_app(settings).app_context():
            yield from through_public_url(settings, waits=waits)
    yield from _oidc(settings)


def _data_folder(settings: Settings) -> Finding:
    if not settings.data_dir.exists():
        sentence = (
            f"{settings.data_dir} does not exist; `opensink up` and `opensink db upgrade` create"
            " it. If yours is elsewhere, name it with --data-dir or DATA_DIR."
        )
        return Finding(Verdict.WARN, "data folder", sentence)
    try:
        check_data_dir(settings)
    except ConfigurationError as error:
        return Finding(Verdict.FAIL, "data folder", error.message)
    inside = {each.name for each in settings.data_dir.iterdir()}
    if inside and inside.isdisjoint({DATABASE, SECRET_KEY, ENCRYPTION_KEYS, LOCK_FILE_NAME}):
        sentence = (  # such as /var, whose permissions are not ours to change
            f"{settings.data_dir} holds other files and nothing of OpenSink's. Name the data folder"
            " with --data-dir or DATA_DIR."
        )
        return Finding(Verdict.FAIL, "data folder", sentence)
    if settings.data_dir.stat().st_mode & 0o077:
        sentence = f"Other users can read {settings.data_dir}; run chmod 700 on it."
        return Finding(Verdict.WARN, "data folder", sentence)
    return Finding(Verdict.OK, "data folder", f"{settings.data_dir} is private and writable.")


def _redis(settings: Settings) -> Iterator[Finding]:
    try:
        check_redis(settings)
    except ConfigurationError as error:
        if settings.embeds_redis:
            sentence = "`opensink up` is not running; it starts its own server for Redis."
            yield Finding(Verdict.WARN, "Redis", sentence)
        else:
            yield Finding(Verdict.FAIL, "Redis", error.message)
        return
    with announcing_connection(settings.redis_url) as connection:
        yield from checks.of_redis(settings, readiness(connection))
        yield from _redis_keeping(connection)


def _redis_keeping(connection: Redis) -> Iterator[Finding]:
    """What Redis forgets the sweeper finds again, only later: hence no failure."""
    try:
        keeping, memory = connection.info("persistence"), connection.info("memory")
    except RedisError:
        yield Finding(Verdict.WARN, "Redis", "It does not say how it stores data (INFO).")
        return
    if not keeping.get("aof_enabled"):
        yield Finding(Verdict.WARN, "Redis", "It loses its data on a restart; set appendonly yes.")
    if memory.get("maxmemory_policy", "noeviction") != "noeviction":
        yield Finding(
            Verdict.WARN,
            "Redis",
            "It may delete keys when its memory is full; set maxmemory-policy noeviction.",
        )


def _answers(settings: Settings) -> bool:
    """Return True if somebody listens where the web server does: else nothing can be looked at."""
    host = settings.host if settings.host not in {"0.0.0.0", "::"} else "127.0.0.1"  # noqa: S104 - compared, not bound
    try:
        with socket.create_connection((host, settings.port), timeout=CONNECT_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def _database(settings: Settings) -> Iterator[Finding]:
    try:
        check_installed(settings)
        check_database(settings)
        check_keys_are_named(settings)
        application = visiting_app(settings)
    except ConfigurationError as error:
        yield Finding(Verdict.FAIL, "database", error.message)
        return
    with application.app_context(), reading():
        revision = current_revision()
        yield checks.tables(revision, newest_revision())
        if revision == newest_revision():
            yield _keys()
            yield _admin()
            yield from _endpoints(settings)
            database = read_database(BacklogReader(Limits.of(settings)).read)
            yield from checks.of_database(settings, database)


def _keys() -> Finding:
    """Return True if there is a key for every secret in the database."""
    ring, counts = keyring(), count_by_key()
    place = f"{ring.file.path}" if ring.file else "ENCRYPTION_KEYS"
    unknown = sum(count for key_id, count in counts.items() if key_id not in ring.ids())
    if unknown:
        sentence = (
            f"{unknown} of {counts.total()} secrets cannot be decrypted: their key is not in"
            f" {place}. Put it back, or enter those secrets again."
        )
        return Finding(Verdict.FAIL, "encryption keys", sentence)
    if ring.file and ring.ids() and ring.file.path.stat().st_mode & 0o077:
        sentence = f"Other users can read {place}; run chmod 600 on it."
        return Finding(Verdict.FAIL, "encryption keys", sentence)
    if sum(counts[key_id] for key_id in ring.ids()[1:]):
        sentence = "Some secrets are encrypted with an old key; run `opensink rotate-key`."
        return Finding(Verdict.WARN, "encryption keys", sentence)
    sentence = (
        f"All {counts.total()} secrets can be decrypted with {place}; keep a copy of it elsewhere."
    )
    return Finding(Verdict.OK, "encryption keys", sentence)


def _admin() -> Finding:
    query = (
        select(func.count())
        .select_from(Membership)
        .join(Membership.user)
        .where(Membership.role == Role.ADMIN, Membership.deactivated_at.is_(None), User.is_active)
    )
    if db.session.scalar(query):
        return Finding(Verdict.OK, "admin", "There is one.")
    sentence = (
        "There is none; run `opensink user create EMAIL --role admin`,"
        " or follow the link that `opensink up` prints."
    )
    return Finding(Verdict.WARN, "admin", sentence)


def _endpoints(settings: Settings) -> Iterator[Finding]:
    """Name the agents that a worker of `up`, or else one started alone, would not call."""
    policy = EndpointPolicy.from_entries(settings_of_parts(settings).execution_endpoint_hosts)
    refused = False
    query = select(Agent).where(Agent.sealed_execution_endpoint.is_not(None))
    for agent in db.session.scalars(query):
        reason = _reason_not_to_call(agent, policy)
        if reason is not None:
            refused = True
            yield Finding(Verdict.FAIL, f"agent {agent.namespace}/{agent.slug}", reason)
    if not refused:
        yield Finding(Verdict.OK, "agents' endpoints", "None is refused.")


def _oidc(settings: Settings) -> Iterator[Finding]:
    """Without it passwords still work, but whoever set it up counts on it."""
    provider = oidc_provider(settings)
    if provider is None:
        return
    try:
        provider.check()
    except ProviderUnavailable as error:
        yield Finding(Verdict.FAIL, "OIDC provider", error.message)
        return
    sentence = (
        f"It answers. {settings.public_url}{OIDC_CALLBACK} must be registered there as a redirect"
        " URI."
    )
    yield Finding(Verdict.OK, "OIDC provider", sentence)


def _reason_not_to_call(agent: Agent, policy: EndpointPolicy) -> str | None:
    try:
        endpoint = endpoint_of(agent)
    except UnreadableSecret as error:
        return f"Its execution endpoint: {error.message}"
    return policy.check_url(endpoint.url) if endpoint else None
