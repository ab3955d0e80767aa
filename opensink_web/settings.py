"""Everything an operator can set, read once from the environment. No other module reads it."""

import hashlib
import ipaddress
import os
import re
import ssl
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

from opensink_web.errors import ConfigurationError
from opensink_web.keyring import checked_keys

HOST_DEFAULT = "127.0.0.1"
# SINK on a telephone's keys; 5000 is AirPlay's on macOS, and 8000 to 9000 everybody's
PORT_DEFAULT = 7465
MAX_BODY_BYTES_DEFAULT = 1024 * 1024
MAX_BATCH_BODY_BYTES_DEFAULT = 32 * 1024 * 1024
CALLS_PER_WORKER_DEFAULT = 16
CALLS_PER_AGENT_DEFAULT = 8
CALLS_PER_FUNCTION_DEFAULT = 16
FUNCTION_MEMORY_MB_DEFAULT = 1024
FUNCTION_FILE_MB_DEFAULT = 1024
RETENTION_DAYS_MAX = 36_500
MAX_BATCH_SIZE_DEFAULT = 1000
# As much as one small server answers at all: only a loop that went wild meets it.
API_REQUESTS_PER_MINUTE_DEFAULT = 30_000
MAX_PROXIES_IN_A_ROW = 10
# The kernel takes 108 bytes (Linux) or 104 (macOS) for the path of a socket, a zero included.
MAX_SOCKET_PATH_BYTES = 100
# The server names its socket in answers (CLIENT INFO) whose fields end at a space.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+~@-]+")
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+")
_PATH = re.compile(r"(?:/(?!\.)[A-Za-z0-9._~-]+)*")
# A name whose last label is no number, which would be read as an address.
_HOST = re.compile(
    r"(?=.{1,253}$)(?:[a-z0-9_-]{1,63}\.)*(?!(?:[0-9]+|0x[0-9a-f]*)\.?$)[a-z0-9_-]{1,63}\.?"
)
SECRET_VARIABLES = frozenset(
    (
        "DATABASE_URL",
        "REDIS_URL",
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "OIDC_CLIENT_SECRET",
        "PGPASSWORD",
    )
)
# What `opensink up` allows agents' endpoints when only this machine can reach it.
LOOPBACK_ENDPOINT_HOSTS = ("127.0.0.0/8", "::1/128", "localhost")


@dataclass(frozen=True, slots=True)
class Settings:
    """A checked set of settings; every field has a variable of the same name in capitals.

    `execution_endpoint_hosts` holds host names, `*.suffix` patterns and CIDRs; empty means public
    addresses only. `trusted_proxies` holds addresses and CIDRs, or one number of proxies in a row;
    empty means that nobody's word on whom it speaks for is taken. `public_url` is where browsers
    and agents reach this server, without a slash at the end. `callback_url_hosts` holds exact
    hosts, or `*`; empty means no callbacks. `retention_days_…` say how long what has ended is
    kept; 0 means for good.
    """

    data_dir: Path
    host: str
    port: int
    workers: int
    calls_per_worker: int
    calls_per_agent: int
    calls_per_function: int
    max_batch_size: int
    retention_days_sessions: int
    retention_days_executions: int
    retention_days_chats: int
    function_memory_mb: int
    function_file_mb: int
    web_threads: int
    database_url: str = field(repr=False)
    redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    public_url: str
    execution_endpoint_hosts: tuple[str, ...]
    callback_url_hosts: tuple[str, ...]
    callback_allow_cidrs: tuple[str, ...]
    outbound_ca_bundle: Path | None
    trusted_proxies: tuple[str, ...]
    api_requests_per_minute: int
    max_body_bytes: int
    max_batch_body_bytes: int
    oidc_issuer: str
    oidc_client_id: str
    oidc_client_secret: str
    oidc_name: str
    oidc_join_domains: tuple[str, ...]
    oidc_join_role: str
    supervised: bool

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, *, changes: Mapping[str, str] | None = None
    ) -> "Settings":
        """Read and check the environment (`os.environ` unless given), `changes` going first.

        Raises: ConfigurationError naming the variable.
        """
        reader = _Reader({**(os.environ if env is None else env), **(changes or {})})
        data_dir = Path(reader.text("DATA_DIR", "var")).absolute()
        host = reader.text("HOST", HOST_DEFAULT)
        port = reader.integer("PORT", PORT_DEFAULT, 0, 65535)
        return cls(
            data_dir=data_dir,
            host=host,
            port=port,
            workers=reader.integer("WORKERS", 2, 1, 64),
            calls_per_worker=reader.integer("CALLS_PER_WORKER", CALLS_PER_WORKER_DEFAULT, 1, 256),
            calls_per_agent=reader.integer("CALLS_PER_AGENT", CALLS_PER_AGENT_DEFAULT, 1, 1000),
            calls_per_function=reader.integer(
                "CALLS_PER_FUNCTION", CALLS_PER_FUNCTION_DEFAULT, 1, 1000
            ),
            max_batch_size=reader.integer("MAX_BATCH_SIZE", MAX_BATCH_SIZE_DEFAULT, 1, 100_000),
            retention_days_sessions=reader.days("RETENTION_DAYS_SESSIONS"),
            retention_days_executions=reader.days("RETENTION_DAYS_EXECUTIONS"),
            retention_days_chats=reader.days("RETENTION_DAYS_CHATS"),
            function_memory_mb=reader.integer(
                "FUNCTION_MEMORY_MB", FUNCTION_MEMORY_MB_DEFAULT, 64, 2**20
            ),
            function_file_mb=reader.integer("FUNCTION_FILE_MB", FUNCTION_FILE_MB_DEFAULT, 1, 2**30),
            web_threads=reader.integer("WEB_THREADS", 32, 4, 512),
            database_url=_database_url(reader.text("DATABASE_URL", ""), data_dir),
            redis_url=_redis_url(reader.text("REDIS_URL", ""), data_dir),
            secret_key=reader.text("SECRET_KEY", ""),
            encryption_keys=checked_keys(reader.listed("ENCRYPTION_KEYS"), "ENCRYPTION_KEYS"),
            public_url=_public_url(reader.text("PUBLIC_URL", ""), host, port),
            execution_endpoint_hosts=reader.names("EXECUTION_ENDPOINT_HOSTS"),
            callback_url_hosts=_callback_url_hosts(reader),
            callback_allow_cidrs=_callback_allow_cidrs(reader),
            outbound_ca_bundle=_outbound_ca_bundle(reader),
            trusted_proxies=_trusted_proxies(reader.names("TRUSTED_PROXIES")),
            api_requests_per_minute=reader.integer(
                "API_REQUESTS_PER_MINUTE", API_REQUESTS_PER_MINUTE_DEFAULT, 1, 10**7
            ),
            max_body_bytes=reader.integer("MAX_BODY_BYTES", MAX_BODY_BYTES_DEFAULT, 1024, 2**30),
            max_batch_body_bytes=reader.integer(
                "MAX_BATCH_BODY_BYTES", MAX_BATCH_BODY_BYTES_DEFAULT, 1024, 2**30
            ),
            oidc_issuer=_oidc_issuer(reader),
            oidc_client_id=reader.text("OIDC_CLIENT_ID", ""),
            oidc_client_secret=reader.text("OIDC_CLIENT_SECRET", ""),
            oidc_name=reader.text("OIDC_NAME", "single sign-on"),
            oidc_join_domains=_oidc_join_domains(reader),
            oidc_join_role=_oidc_join_role(reader),
            supervised=reader.text("OPENSINK_SUPERVISED", "") == "1",
        )

    @property
    def uses_sqlite(self) -> bool:
        """Whether the database is the SQLite file in the data folder (or another SQLite file)."""
        return self.database_url.startswith("sqlite:")

    @property
    def embeds_redis(self) -> bool:
        """Whether `opensink up` has to start the embedded server for Redis itself."""
        return self.redis_url == _embedded_redis_url(self.data_dir)

    @property
    def embedded_redis_socket(self) -> Path:
        """Where the embedded server for Redis listens."""
        return _embedded_redis_socket(self.data_dir)

    @property
    def listens_on_loopback(self) -> bool:
        """Whether only this machine can reach the web server."""
        return self.host == "localhost" or _is_loopback(self.host)

    @property
    def names_an_address(self) -> bool:
        """Whether anything was said about where the server is, rather than left to us."""
        return self.public_url != _public_url("", HOST_DEFAULT, PORT_DEFAULT)

    def for_children(self, port: int) -> "Settings":
        """Return the settings of the processes under `opensink up`, which listens on `port`."""
        public_url, endpoint_hosts = self.public_url, self.execution_endpoint_hosts
        if public_url == _public_url("", self.host, self.port):
            public_url = _public_url("", self.host, port)
        if not endpoint_hosts and self.listens_on_loopback:
            endpoint_hosts = LOOPBACK_ENDPOINT_HOSTS
        return replace(
            self,
            port=port,
            public_url=public_url,
            execution_endpoint_hosts=endpoint_hosts,
            supervised=True,
        )

    def environment(self) -> dict[str, str]:
        """Return this process's environment, so changed that a child reads these settings."""
        return {
            **os.environ,
            "PYTHONPATH": _python_path(),
            "DATA_DIR": str(self.data_dir),
            "HOST": self.host,
            "PORT": str(self.port),
            "WORKERS": str(self.workers),
            "CALLS_PER_WORKER": str(self.calls_per_worker),
            "CALLS_PER_AGENT": str(self.calls_per_agent),
            "CALLS_PER_FUNCTION": str(self.calls_per_function),
            "MAX_BATCH_SIZE": str(self.max_batch_size),
            "RETENTION_DAYS_SESSIONS": str(self.retention_days_sessions),
            "RETENTION_DAYS_EXECUTIONS": str(self.retention_days_executions),
            "RETENTION_DAYS_CHATS": str(self.retention_days_chats),
            "FUNCTION_MEMORY_MB": str(self.function_memory_mb),
            "FUNCTION_FILE_MB": str(self.function_file_mb),
            "WEB_THREADS": str(self.web_threads),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": self.redis_url,
            "SECRET_KEY": self.secret_key,
            "ENCRYPTION_KEYS": ",".join(self.encryption_keys),
            "PUBLIC_URL": self.public_url,
            "EXECUTION_ENDPOINT_HOSTS": ",".join(self.execution_endpoint_hosts),
            "CALLBACK_URL_HOSTS": ",".join(self.callback_url_hosts),
            "CALLBACK_ALLOW_CIDRS": ",".join(self.callback_allow_cidrs),
            "OUTBOUND_CA_BUNDLE": str(self.outbound_ca_bundle or ""),
            "TRUSTED_PROXIES": ",".join(self.trusted_proxies),
            "API_REQUESTS_PER_MINUTE": str(self.api_requests_per_minute),
            "MAX_BODY_BYTES": str(self.max_body_bytes),
            "MAX_BATCH_BODY_BYTES": str(self.max_batch_body_bytes),
            "OIDC_ISSUER": self.oidc_issuer,
            "OIDC_CLIENT_ID": self.oidc_client_id,
            "OIDC_CLIENT_SECRET": self.oidc_client_secret,
            "OIDC_NAME": self.oidc_name,
            "OIDC_JOIN_DOMAINS": ",".join(self.oidc_join_domains),
            "OIDC_JOIN_ROLE": self.oidc_join_role,
            "OPENSINK_SUPERVISED": "1" if self.supervised else "",
        }

    def function_environment(self) -> dict[str, str]:
        """Return what Python functions see: the environment less our secrets, and PUBLIC_URL."""
        kept = {name: value for name, value in os.environ.items() if name not in SECRET_VARIABLES}
        return kept | {"PYTHONPATH": _python_path(), "PUBLIC_URL": self.public_url}


class _Reader:
    """Reads variables out of a mapping and says which one is wrong."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env

    def text(self, name: str, default: str) -> str:
        return self._env.get(name, "").strip() or default

    def integer(self, name: str, default: int, least: int, most: int) -> int:
        text = self.text(name, str(default))
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise ConfigurationError(f"{name} must be a whole number from {least} to {most}.")
        return number

    def days(self, name: str) -> int:
        return self.integer(name, 0, 0, RETENTION_DAYS_MAX)

    def listed(self, name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name, "").split(",") if part.strip())

    def names(self, name: str) -> tuple[str, ...]:
        names = tuple(part.lower() for part in self.listed(name))
        for part in names:
            if "/" in part:
                _check_cidr(name, part)
        return names


def _check_cidr(name: str, text: str) -> None:
    try:
        ipaddress.ip_network(text)
    except ValueError as error:
        raise ConfigurationError(
            f"{name} has an entry that looks like a CIDR but is not one: {error}."
        ) from None


def _callback_url_hosts(reader: _Reader) -> tuple[str, ...]:
    hosts = reader.names("CALLBACK_URL_HOSTS")
    for host in hosts:
        if host != "*" and not _HOST.fullmatch(host) and not _is_address(host):
            raise ConfigurationError(
                "CALLBACK_URL_HOSTS must be exact host names such as app.example.com (non-ASCII"
                " ones as xn--…), without scheme, port or pattern, separated by commas; or * for"
                " any host."
            )
    return hosts


def _callback_allow_cidrs(reader: _Reader) -> tuple[str, ...]:
    try:
        return tuple(
            str(ipaddress.ip_network(name)) for name in reader.listed("CALLBACK_ALLOW_CIDRS")
        )
    except ValueError as error:
        raise ConfigurationError(
            "CALLBACK_ALLOW_CIDRS must be CIDRs such as 10.20.0.0/16, separated by commas:"
            f" {error}."
        ) from None


def _outbound_ca_bundle(reader: _Reader) -> Path | None:
    text = reader.text("OUTBOUND_CA_BUNDLE", "")
    if not text:
        return None
    path = Path(text).absolute()
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ConfigurationError(
            f"OUTBOUND_CA_BUNDLE: {path} contains no PEM certificate."
        ) from None
    except OSError as error:
        raise ConfigurationError(
            f"OUTBOUND_CA_BUNDLE: {path} cannot be read ({error.strerror})."
        ) from None
    return path


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return "%" not in host


def _trusted_proxies(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) == 1 and names[0].isdecimal() and int(names[0]) <= MAX_PROXIES_IN_A_ROW:
        return names if int(names[0]) else ()
    try:
        return tuple(str(ipaddress.ip_network(name)) for name in names)
    except ValueError:
        raise ConfigurationError(
            "TRUSTED_PROXIES must be the number of proxies in a row in front of this server, or"
            " their "
            "addresses and CIDRs, separated by commas."
        ) from None


def _database_url(text: str, data_dir: Path) -> str:
    if not text:
        return f"sqlite:///{data_dir / 'opensink.sqlite3'}"
    for prefix in ("postgres://", "postgresql://"):
        if text.startswith(prefix):
            return "postgresql+psycopg://" + text.removeprefix(prefix)
    if text.startswith(("postgresql+psycopg://", "sqlite:///")):
        return text
    raise ConfigurationError(
        "DATABASE_URL must start with postgresql:// (PostgreSQL) or sqlite:/// (a file)."
    )


def _embedded_redis_socket(data_dir: Path) -> Path:
    path = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES and _PLAIN_PATH.fullmatch(str(path)):
        return path
    name = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"opensink-{os.getuid()}-{name}" / "redis.sock"


def _embedded_redis_url(data_dir: Path) -> str:
    return f"unix://{quote(str(_embedded_redis_socket(data_dir)))}"


def _python_path() -> str:
    """Return a PYTHONPATH that finds this package from any folder, installed or not."""
    given = os.environ.get("PYTHONPATH", "")
    parent = str(Path(__file__).parent.parent)
    if parent == sysconfig.get_path("purelib"):
        return given
    return f"{parent}{os.pathsep}{given}" if given else parent


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _redis_url(text: str, data_dir: Path) -> str:
    if not text:
        return _embedded_redis_url(data_dir)
    if not text.startswith(("redis://", "rediss://", "unix://")):
        raise ConfigurationError("REDIS_URL must start with redis://, rediss:// or unix://.")
    return text


def _public_url(text: str, host: str, port: int) -> str:
    if not text:
        shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound
        return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number, or half an IPv6 address
        is_whole = False
    if not is_whole:
        raise ConfigurationError("PUBLIC_URL must be an http:// or https:// address.")
    path = parts.path.rstrip("/")
    if parts.username is not None or parts.query or parts.fragment or not _PATH.fullmatch(path):
        raise ConfigurationError(
            "PUBLIC_URL must be a scheme, a host, an optional port and a path of plain names,"
            " such as https://example.com/opensink, with nothing before the host and nothing"
            " after the path."
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def _oidc_issuer(reader: _Reader) -> str:
    issuer = reader.text("OIDC_ISSUER", "")
    if not issuer:
        return ""
    parts = urlsplit(issuer)
    is_local = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and is_local)):
        raise ConfigurationError(
            "OIDC_ISSUER must be an https:// address, exactly as the provider gives it."
        )
    if not reader.text("OIDC_CLIENT_ID", ""):
        raise ConfigurationError("OIDC_ISSUER needs OIDC_CLIENT_ID; the provider gives you both.")
    return issuer


def _oidc_join_domains(reader: _Reader) -> tuple[str, ...]:
    domains = reader.names("OIDC_JOIN_DOMAINS")
    for domain in domains:
        if not _DOMAIN.fullmatch(domain):
            raise ConfigurationError(
                "OIDC_JOIN_DOMAINS must be whole domains such as example.com, separated by commas."
            )
    return domains


def _oidc_join_role(reader: _Reader) -> str:
    role = reader.text("OIDC_JOIN_ROLE", "viewer")
    if role not in {"viewer", "reviewer"}:  # an admin is made by an admin
        raise ConfigurationError("OIDC_JOIN_ROLE must be viewer or reviewer.")
    return role
