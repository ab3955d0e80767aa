"""Everything an operator can set, read once from the environment. No other module reads it.

The table is the class `Settings`: a field's name in capitals is its variable, and beside its type
stand its default, what it is (docs/configuration.md is made of that) and how its text is read
(setting_fields.py, setting_values.py).
"""

import hashlib
import os
import re
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from urllib.parse import quote

from opensink_web import setting_values as read
from opensink_web.errors import ConfigurationError
from opensink_web.keyring import checked_keys
from opensink_web.setting_fields import Setting, days, declared, number, written

HOST_DEFAULT = "127.0.0.1"
# SINK on a telephone's keys; 5000 is AirPlay's on macOS, and 8000 to 9000 everybody's
PORT_DEFAULT = 7465
CALLS_PER_AGENT_DEFAULT = 8
PYTHON_CALLS_MAX = 1000
UNDO_SECONDS_MAX = 60
# The kernel takes 108 bytes (Linux) or 104 (macOS) for the path of a socket, a zero included.
MAX_SOCKET_PATH_BYTES = 100
# The server names its socket in answers (CLIENT INFO) whose fields end at a space.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9._/+~@-]+")
# What `opensink up` allows agents' endpoints when only this machine can reach it.
LOOPBACK_ENDPOINT_HOSTS = ("127.0.0.0/8", "::1/128", "localhost")


def _keys(text: str) -> tuple[str, ...]:
    return checked_keys(read.listed(text), "ENCRYPTION_KEYS")


@dataclass(frozen=True, slots=True)
class Settings:
    """A checked set of settings; what is secret is not in its `repr`."""

    data_dir: Path = declared("var", "The folder for all data", read.folder)
    host: str = declared(HOST_DEFAULT, "The address to listen on")
    port: int = number(PORT_DEFAULT, 0, 65535, "The port to listen on, 0 for any free one")
    public_url: str = declared(
        "",
        "Where people and agents reach the server. With `https://`, cookies go over HTTPS only",
        read.public_url,
        unset="`HOST` and `PORT`",
    )
    trusted_proxies: tuple[str, ...] = declared(
        "",
        "The reverse proxies to believe: how many there are in a row, or their addresses and CIDRs",
        read.trusted_proxies,
        unset="none",
    )
    database_url: str = declared(
        "",
        "`postgresql://…`, or `sqlite:///…`",
        read.database_url,
        unset="a SQLite file in `DATA_DIR`",
        is_secret=True,
    )
    redis_url: str = declared(
        "",
        "A Redis or Valkey server: `redis://…`, `rediss://…` or `unix://…`",
        read.redis_url,
        unset="the embedded server",
        is_secret=True,
    )
    secret_key: str = declared(
        "",
        "Signs cookies and tokens; the same for every part",
        unset="made at the first start, kept in `DATA_DIR`",
        is_secret=True,
    )
    encryption_keys: tuple[str, ...] = declared(
        "",
        "Encrypt the secrets in the database. Separated by commas: the first encrypts, all "
        "decrypt; the same for every part",
        _keys,
        unset="made when first needed, kept in `DATA_DIR/encryption_keys`",
        is_secret=True,
    )
    workers: int = number(2, 1, 64, "Worker processes under `opensink up`")
    calls_per_worker: int = number(
        16, 1, 256, "Calls that one worker begins at once; one that lasts makes room for another"
    )
    slow_calls_per_worker: int = number(
        200, 0, 2000, "Calls of one worker that may last besides, while it begins others"
    )
    python_calls_per_worker: int = declared(
        "0",
        "Python functions that one worker carries out at once, each in a process of its own "
        "(1 to 1,000)",
        read.whole_number(0, PYTHON_CALLS_MAX),
        unset="`0`: 8 for each processor",
    )
    calls_per_agent: int = number(
        CALLS_PER_AGENT_DEFAULT,
        1,
        1000,
        "Calls to one agent's endpoint at once, over all workers; the same for every part",
    )
    calls_per_function: int = number(
        16,
        1,
        1000,
        "Calls to one function at once, over all workers; the same for every part",
    )
    web_threads: int = number(
        32,
        4,
        512,
        "Requests that a web process works on at once. Open connections and held responses take "
        "no thread",
    )
    # by default as much as one small server answers at all: only a loop that went wild meets it
    api_requests_per_minute: int = number(
        30_000,
        1,
        10**7,
        "How often one API key may call a web process; then `429` with `Retry-After`",
    )
    max_batch_size: int = number(1000, 1, 100_000, "Executions in one batch")
    max_body_bytes: int = number(
        1024**2, 1024, 2**30, "The largest body that is accepted; a larger one gets `413`"
    )
    max_batch_body_bytes: int = number(
        32 * 1024**2,
        1024,
        2**30,
        "The largest body of a batch; each of its inputs is limited by `MAX_BODY_BYTES`",
    )
    function_memory_mb: int = number(
        1024, 64, 2**20, "Memory for one call of a Python function, in MiB (Linux)"
    )
    function_file_mb: int = number(
        1024, 1, 2**30, "The largest file that a Python function may write, in MiB"
    )
    execution_endpoint_hosts: tuple[str, ...] = declared(
        "",
        "What agents' and functions' endpoints may be, besides public addresses: host names, "
        "`*.suffix` and CIDRs, separated by commas",
        read.names,
        unset="public addresses only; under `opensink up` on a loopback `HOST` also loopback",
    )
    callback_url_hosts: tuple[str, ...] = declared(
        "",
        "Hosts that callbacks may go to: exact names separated by commas, or `*` for any",
        read.callback_hosts,
        unset="none: callbacks are disabled",
    )
    callback_allow_cidrs: tuple[str, ...] = declared(
        "",
        "Addresses that such a host may have, besides public ones: CIDRs separated by commas",
        read.cidrs,
        unset="none: public addresses only",
    )
    notification_hosts: tuple[str, ...] = declared(
        "",
        "What people's own webhooks and ntfy servers may be, besides public addresses over HTTPS: "
        "host names, `*.suffix` and CIDRs, separated by commas",
        read.names,
        unset="public addresses only",
    )
    outbound_ca_bundle: Path | None = declared(
        "",
        "A PEM file of certificate authorities to trust besides the usual ones, for every call "
        "that leaves this server",
        read.ca_bundle,
        unset="none",
    )
    undo_seconds: int = declared(
        "5",
        "How long a decision from a page can be undone before it takes effect, in seconds "
        "(0 to 60); decisions by the API take effect at once",
        read.whole_number(0, UNDO_SECONDS_MAX),
    )
    claim_minutes: int = declared(
        "30",
        "How long a request stays with who claimed it and is not heard of, in minutes (1 to 1440)",
        read.whole_number(1, 1440),
    )
    retention_days_sessions: int = days(
        "How many days to keep ended sessions, with their requests, activities and deliveries; "
        "also test calls, and standing approvals that are over"
    )
    retention_days_executions: int = days(
        "How many days to keep ended executions and batches, with their steps, requests and "
        "callbacks"
    )
    retention_days_chats: int = days("How many days to keep chats after their last message")
    retention_days_audit: int = days(
        "How many days to keep entries of the audit; what is older goes up to a signed checkpoint"
    )
    retention_days_job_runs: int = days(
        "How many days to keep the ended runs of background jobs", default=30
    )
    retention_days_sink_items: int = days("How many days to keep the items of sinks")
    workspace_creation: str = declared(
        "admins",
        "Who may make a workspace in the browser: `admins` of any workspace, `anyone` with an "
        "account, or `operators`, who alone do so by `opensink workspace create`",
        read.makers_of_workspaces,
    )
    oidc_issuer: str = declared(
        "",
        "The OpenID Connect provider to sign in through: its issuer URL, exactly as it gives it",
        read.issuer,
        unset="none: passwords only",
    )
    oidc_client_id: str = declared("", "The client id that the provider gave you", unset="none")
    oidc_client_secret: str = declared(
        "",
        "The client secret that the provider gave you",
        unset="none: PKCE alone",
        is_secret=True,
    )
    oidc_name: str = declared(
        "single sign-on", "What the button says: “Continue with single sign-on”"
    )
    oidc_join_domains: tuple[str, ...] = declared(
        "",
        "Domains whose verified addresses may join the first workspace without an invitation, "
        "separated by commas",
        read.domains,
        unset="none",
    )
    oidc_join_role: str = declared(
        "viewer", "The role they join with: `viewer` or `reviewer`", read.role_to_join_with
    )
    smtp_host: str = declared(
        "",
        "The mail server through which notifications are sent",
        read.host,
        unset="none: no e-mail is sent",
    )
    smtp_port: int = declared(
        "0", "Its port", read.whole_number(0, 65535), unset="587; 465 with `tls`, 25 with `none`"
    )
    smtp_security: str = declared(
        "starttls",
        "`starttls`: TLS is required once connected; `tls` from the first byte; `none` for a "
        "server on this machine or a network that you trust",
        read.smtp_security,
    )
    smtp_username: str = declared("", "Whom to sign in as at the mail server", unset="nobody")
    smtp_password: str = declared("", "The password for that", unset="none", is_secret=True)
    smtp_from: str = declared(
        "",
        "Who mails are from: an address, or `OpenSink <opensink@example.com>`",
        read.sender,
        unset="none; needed with `SMTP_HOST`",
    )
    metrics_token: str = declared(
        "",
        "Whoever reads `/metrics` or the page `/status` must have this token",
        unset="none: only programs on this machine may, where `PUBLIC_URL` is on it, too",
        is_secret=True,
    )
    trace_url_template: str = declared(
        "",
        "Where a trace is shown, such as `https://traces.example.com/{trace_id}`; pages link to it",
        read.trace_url,
        unset="none: pages show the ids alone",
    )
    supervised: bool = declared("", "", read.switch, variable="OPENSINK_SUPERVISED")

    @classmethod
    def from_env(
        cls, env: Mapping[str, str] | None = None, *, changes: Mapping[str, str] | None = None
    ) -> "Settings":
        """Read and check the environment (`os.environ` unless given), `changes` going first.

        Raises: ConfigurationError naming the variable.
        """
        given = {**(os.environ if env is None else env), **(changes or {})}
        values = {
            name: setting.value(given.get(setting.variable, ""))
            for name, setting in described_settings().items()
        }
        data_dir = values["data_dir"]
        sqlite_url = f"sqlite:///{data_dir / 'opensink.sqlite3'}"
        values["database_url"] = values["database_url"] or sqlite_url
        values["redis_url"] = values["redis_url"] or _embedded_redis_url(data_dir)
        values["python_calls_per_worker"] = values["python_calls_per_worker"] or _python_calls()
        values["public_url"] = values["public_url"] or _own_url(values["host"], values["port"])
        if values["oidc_issuer"] and not values["oidc_client_id"]:
            raise ConfigurationError(
                "OIDC_ISSUER needs OIDC_CLIENT_ID; the provider gives you both."
            )
        if values["smtp_host"] and not values["smtp_from"]:
            raise ConfigurationError("SMTP_HOST needs SMTP_FROM: the address that mails are from.")
        standard = {"starttls": 587, "tls": 465, "none": 25}[values["smtp_security"]]
        values["smtp_port"] = values["smtp_port"] or standard
        return cls(**values)

    @property
    def uses_sqlite(self) -> bool:
        """Return True if the database is a SQLite file, in the data folder or elsewhere."""
        return self.database_url.startswith("sqlite:")

    @property
    def embeds_redis(self) -> bool:
        """Return True if `opensink up` has to start the embedded server for Redis itself."""
        return self.redis_url == _embedded_redis_url(self.data_dir)

    @property
    def embedded_redis_socket(self) -> Path:
        """Where the embedded server for Redis listens."""
        return _embedded_redis_socket(self.data_dir)

    @property
    def listens_on_loopback(self) -> bool:
        """Return True if only this machine can reach the web server."""
        return self.host == "localhost" or read.is_loopback(self.host)

    @property
    def names_an_address(self) -> bool:
        """Return True if anything was said about where the server is, rather than left to us."""
        return self.public_url != _own_url(HOST_DEFAULT, PORT_DEFAULT)

    def for_children(self, port: int) -> "Settings":
        """Return the settings of the processes under `opensink up`, which listens on `port`."""
        public_url, endpoint_hosts = self.public_url, self.execution_endpoint_hosts
        if public_url == _own_url(self.host, self.port):
            public_url = _own_url(self.host, port)
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
        ours = {
            setting.variable: written(getattr(self, name))
            for name, setting in described_settings().items()
        }
        return {**os.environ, "PYTHONPATH": _python_path(), **ours}

    def function_environment(self) -> dict[str, str]:
        """Return what Python functions see: the environment less our secrets, and PUBLIC_URL."""
        secret = {each.variable for each in described_settings().values() if each.is_secret}
        secret.add("PGPASSWORD")  # psycopg reads it too
        kept = {name: value for name, value in os.environ.items() if name not in secret}
        return kept | {"PYTHONPATH": _python_path(), "PUBLIC_URL": self.public_url}


@cache
def described_settings() -> Mapping[str, Setting]:
    """Return what every field of `Settings` is, by its name, in the order for people to read."""
    described = {}
    for each in fields(Settings):
        setting = each.metadata["setting"]
        described[each.name] = replace(setting, variable=setting.variable or each.name.upper())
    return described


def _own_url(host: str, port: int) -> str:
    shown = "127.0.0.1" if host in {"0.0.0.0", "::", ""} else host  # noqa: S104 - compared, not bound
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"


def _embedded_redis_socket(data_dir: Path) -> Path:
    own = f"opensink-{os.getuid()}-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]}"
    folders = (data_dir / "redis", Path(tempfile.gettempdir(), own), Path("/tmp", own))  # noqa: S108
    paths = [folder / "redis.sock" for folder in folders]
    short = (path for path in paths if len(os.fsencode(path)) <= MAX_SOCKET_PATH_BYTES)
    return next((path for path in short if _PLAIN_PATH.fullmatch(str(path))), paths[-1])


def _embedded_redis_url(data_dir: Path) -> str:
    return f"unix://{quote(str(_embedded_redis_socket(data_dir)))}"


def _python_calls() -> int:
    """Return how many Python functions a worker carries out at once on this machine."""
    has_affinity = hasattr(os, "sched_getaffinity")  # only Linux says what a container may use
    processors = len(os.sched_getaffinity(0)) if has_affinity else os.cpu_count() or 1
    return min(8 * processors, PYTHON_CALLS_MAX)


def _python_path() -> str:
    """Return a PYTHONPATH that finds this package from any folder, installed or not."""
    given = os.environ.get("PYTHONPATH", "")
    parent = str(Path(__file__).parent.parent)
    if parent == sysconfig.get_path("purelib"):
        return given
    return f"{parent}{os.pathsep}{given}" if given else parent
