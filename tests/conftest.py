"""What tests share: a migrated database, an application on it, a cast, and real servers.

The cast is always the same: Alice is an admin, Bob reviews in her workspace, Charlie is an admin
of another workspace and must see nothing of hers.

Tests of the application use a SQLite file of their own, copied from one that was made once. The
application itself serves all tests of a process that have the same settings: what a test
changes in it, other than `app.config`, it must change back, or it makes its own. Tests marked
`server` use the real servers of real_servers.py; those marked `unit`, by the hook, no database.
"""

import gc
import os
import shutil
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from threading import Timer
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from playwright.sync_api import Browser, sync_playwright

from opensink_web.contract import last_use, throttle
from opensink_web.factory import create_app
from opensink_web.keyring import KeyFile
from opensink_web.message_template import renderer
from opensink_web.models import Membership, Role, User, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts import credential
from opensink_web.operations.accounts.api_key import create_key
from opensink_web.operations.accounts.workspace import create_workspace, first_workspace
from opensink_web.rate_limit import MemoryLimiter
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from tests.support.made_once import made_once, shared_folder
from tests.support.oidc_server import OidcServer
from tests.support.real_servers import EmbeddedRedis, PostgresServer, migrate
from tests.support.shares import in_shares, needs_servers

PASSWORD = "correct horse battery staple"
TEST_SETTINGS = {
    "ENCRYPTION_KEYS": urlsafe_b64encode(b"tests!!!" * 4).decode(),
    "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
    "SECRET_KEY": "tests" * 10,
    "UNDO_SECONDS": "0",  # what follows a decision follows at once; tests of undoing say otherwise
}


# a fifth of the suite's time went into searching the same thousands of tests for garbage
gc.set_threshold(100_000, 20, 20)


def pytest_collection_finish() -> None:
    """Search no more for garbage among what was collected: it stays."""
    gc.freeze()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run look longer than the suite has time for."""
    parser.addoption(
        "--examples",
        type=int,
        default=4,
        help="how much is made up: requests for each route, schemas",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as `unit` what needs neither a database, another process nor much time; share it out."""
    for item in items:
        uses = set(getattr(item, "fixturenames", ()))
        is_long = item.get_closest_marker("corpus") is not None
        if "data_dir" not in uses and not needs_servers(item) and not is_long:
            item.add_marker("unit")
    if hasattr(config, "workerinput"):
        items[:] = in_shares(items, config.workerinput["workercount"])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print how often forms kept their promises, where that was measured."""
    stats = terminalreporter.stats
    rows = [
        row
        for report in [*stats.get("passed", []), *stats.get("failed", [])]
        for name, measured in report.user_properties
        if name == "promises"
        for row in measured
    ]
    if rows:
        from tests.schema.measure import table_of  # brings in all that draws a form

        terminalreporter.section("forms")
        terminalreporter.write_line(table_of(rows))


@dataclass(frozen=True)
class Person:
    """One of the cast: who they are and with what they sign in or call."""

    id: UUID
    email: str
    api_key: str
    workspace_id: UUID
    workspace_slug: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}


@dataclass(frozen=True)
class Cast:
    alice: Person
    bob: Person
    charlie: Person


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with all migrations applied, to be copied."""
    place = shared_folder(tmp_path_factory) / "migrated"
    made = made_once(place, lambda folder: migrate({"DATA_DIR": str(folder)}))
    return made / "opensink.sqlite3"


@pytest.fixture(scope="session")
def populated_sqlite(
    migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Cast]:
    """A database file with the cast in it, to be copied."""
    file = tmp_path_factory.mktemp("populated") / "populated.sqlite3"
    shutil.copy(migrated_sqlite, file)
    settings = {**TEST_SETTINGS, "DATA_DIR": str(file.parent), "DATABASE_URL": f"sqlite:///{file}"}
    app = create_app(Settings.from_env(settings))
    with app.app_context():
        cast = make_cast()
        db.session.remove()
        db.engine.dispose()
    return file, cast


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    """The data folder of one test after the other, so that they can share an application.

    It is in memory if there is room: no test cuts the power, and thousands of commits wait for the
    disk otherwise.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the folder is made there for nobody else
    has_room = memory.is_dir() and os.access(memory, os.W_OK) and disk_usage(memory).free > 2**30
    with TemporaryDirectory(prefix="ostests", dir=memory if has_room else None) as folder:
        made = Path(folder) / "data"
        made.mkdir()
        yield made


@pytest.fixture
def environment(data_dir: Path) -> dict[str, str]:
    """The variables of a server that calls endpoints on loopback; a test may change them first."""
    return {**TEST_SETTINGS, "DATA_DIR": str(data_dir)}


@pytest.fixture
def settings(
    environment: dict[str, str], data_dir: Path, request: pytest.FixtureRequest
) -> Settings:
    """The settings of a server whose data folder holds a migrated database and nothing else."""
    settings = Settings.from_env(environment)
    shutil.rmtree(data_dir)
    data_dir.mkdir()
    if settings.uses_sqlite:
        shutil.copy(_database_file(request), data_dir / "opensink.sqlite3")
    return settings


def _database_file(request: pytest.FixtureRequest) -> Path:
    if _starts_populated(request):
        populated: Path = request.getfixturevalue("populated_sqlite")[0]
        return populated
    migrated: Path = request.getfixturevalue("migrated_sqlite")
    return migrated


def _starts_populated(request: pytest.FixtureRequest) -> bool:
    """Return True if the test names the cast, not only asks for it while it runs."""
    return "cast" in request.node.fixturenames


@pytest.fixture
def key_file(environment: dict[str, str], request: pytest.FixtureRequest) -> KeyFile:
    """The keys of `app` in a file, for tests that change them. Ask for it before `app`."""
    key = environment.pop("ENCRYPTION_KEYS")
    settings: Settings = request.getfixturevalue("settings")
    file = KeyFile(settings.data_dir)
    file.write((key,))
    return file


@cache
def _application(settings: Settings) -> Flask:
    """Make an application once for all tests with these settings: its routes take the longest."""
    return create_app(settings)


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application on a database of its own. Without Redis wake-ups are lost, no more."""
    app = _application(settings)
    config, client_class = dict(app.config), app.test_client_class
    _forget_tries(app)
    app.testing = True
    yield app
    app.test_client_class = client_class
    app.config.clear()
    app.config.update(config)
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            assert not engine.dispatch.before_cursor_execute, "it would hear the next tests too"
            engine.dispose()


def _forget_tries(app: Flask) -> None:
    """Let no test inherit from another how often somebody has guessed."""
    wired: Services = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(
        wired, limiter=MemoryLimiter(), local_limiter=MemoryLimiter()
    )
    throttle.set_up(app)


@pytest.fixture(scope="session", autouse=True)
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Have templates compiled once in a run, not once for each process and application."""
    folder = shared_folder(tmp_path_factory) / "templates"
    folder.mkdir(exist_ok=True)
    Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(str(folder))}


@pytest.fixture
def cast(app: Flask, settings: Settings, request: pytest.FixtureRequest) -> Cast:
    if settings.uses_sqlite and _starts_populated(request):
        cast: Cast = request.getfixturevalue("populated_sqlite")[1]
        return cast
    with app.app_context():
        return make_cast()


def make_cast() -> Cast:
    """Make the three and their workspaces, within an application context."""
    with writing():
        ours = first_workspace()
        theirs = create_workspace("elsewhere", "Elsewhere")
        db.session.flush()
        return Cast(
            alice=make_person(ours, "alice", Role.ADMIN),
            bob=make_person(ours, "bob", Role.REVIEWER),
            charlie=make_person(theirs, "charlie", Role.ADMIN),
        )


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Hash as cheaply as argon2 lets one: hundreds of tests sign in."""
    credential.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(scope="session", autouse=True)
def patient_with_templates() -> None:
    """Give the processes that fill templates in the time they take on a busy machine."""
    renderer.WALL_SECONDS = 100.0


@pytest.fixture(scope="session", autouse=True)
def nothing_written_beside() -> None:
    """Have no thread write down in one test what was used in another."""
    last_use.start_timer = lambda write: Timer(0, write)


@cache
def _password_hash() -> str:
    return credential.hasher.hash(PASSWORD)


def make_person(workspace: Workspace, name: str, role: Role) -> Person:
    user = User(email=f"{name}@example.com", password_hash=_password_hash())
    db.session.add(user)
    db.session.flush()
    db.session.add(Membership(user_id=user.id, workspace_id=workspace.id, role=role))
    db.session.flush()
    _, secret = create_key(workspace, user, name="tests", scopes=("all:all",))
    return Person(user.id, user.email, secret, workspace.id, workspace.slug)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedRedis]:
    """One server for Redis for all tests of this process; ask for `redis_url` to have it empty."""
    with EmbeddedRedis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: EmbeddedRedis) -> str:
    redis_server.empty()
    return redis_server.url


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """One PostgreSQL for all tests of this process, with a migrated template in it."""
    first = shared_folder(tmp_path_factory) / "postgresql"
    with PostgresServer(tmp_path_factory.mktemp("pg"), first=first) as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """A fresh, migrated PostgreSQL database, at the same address for all tests of a process."""
    return postgres_server.only_database()


@pytest.fixture(scope="session")
def oidc_server() -> Iterator[OidcServer]:
    """One provider of sign-ins for all tests of this process; ask for `provider`."""
    with OidcServer() as server:
        yield server


@pytest.fixture
def provider(oidc_server: OidcServer) -> OidcServer:
    """A provider of sign-ins that is honest until the test tells it otherwise."""
    oidc_server.reset()
    return oidc_server


@pytest.fixture(params=["sqlite", "postgresql"])
def on_each_database(request: pytest.FixtureRequest, environment: dict[str, str]) -> None:
    """Run the test twice: on SQLite and on PostgreSQL. Ask for it before `app`."""
    if request.param == "postgresql":
        environment["DATABASE_URL"] = request.getfixturevalue("postgres_url")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One for all tests of a process: there can be only one Playwright at a time."""
    arguments = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    # what a page asks of this machine shall reach the server that listens for it; and nothing
    # is prepared for pages that the next test, in a context of its own, could not use
    unwanted = ("LocalNetworkAccessChecks", "SpareRendererForSitePerProcess")
    arguments.append(f"--disable-features={','.join(unwanted)}")
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    shell = shutil.which("chromium-headless-shell")  # without windows, at a third of the CPU time
    path = os.environ.get("CHROMIUM") or shell or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()
