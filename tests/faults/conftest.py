"""Servers that die at a chosen step, and what brings their work to an end afterwards."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from socket import socket
from tempfile import TemporaryDirectory

import pytest

from opensink_web.settings import Settings
from opensink_web.supervisor.watchdog import Watchdog
from tests.chaos import failpoint
from tests.chaos.ours import OpenSink
from tests.chaos.parts import Command, ForkedPart, Main
from tests.chaos.running import Running, running
from tests.support.authority import Authority, make_authority
from tests.support.real_servers import AgentEndpoint, EmbeddedRedis

RunPart = Callable[..., ForkedPart]


@pytest.fixture(scope="session")
def on_sqlite() -> Iterator[Running]:
    """A whole server on SQLite, which tests put in trouble one after the other."""
    with TemporaryDirectory(prefix="osf") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture
def environment(environment: dict[str, str], redis_url: str) -> dict[str, str]:
    return environment | {"REDIS_URL": redis_url}


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def callback_receiver(environment: dict[str, str], authority: Authority) -> Iterator[AgentEndpoint]:
    """An application to which callbacks are permitted. Ask for it before `app`."""
    environment |= {
        "CALLBACK_URL_HOSTS": "127.0.0.1",
        "CALLBACK_ALLOW_CIDRS": "127.0.0.0/8",
        "OUTBOUND_CA_BUNDLE": str(authority.bundle),
    }
    with AgentEndpoint(tls=authority.server_context()) as receiver:
        yield receiver


@pytest.fixture
def watchdog() -> Iterator[Watchdog]:
    watchdog = Watchdog()
    watchdog.keep()
    yield watchdog
    watchdog.close()


@pytest.fixture
def run_part(settings: Settings, tmp_path: Path, watchdog: Watchdog) -> Iterator[RunPart]:
    """Return what starts a part that dies or freezes at a step, or (without one) a sound part."""
    parts: list[ForkedPart] = []

    def run(
        *arguments: str,
        failpoint_name: str = "",
        listener: socket | None = None,
        main: Main = OpenSink.main,
    ) -> ForkedPart:
        main = failpoint.main if failpoint_name else main
        command = Command(
            main,
            (failpoint_name, *arguments) if failpoint_name else arguments,
            replace(settings, supervised=True).environment(),
            tmp_path / "log",
            listener,
        )
        parts.append(ForkedPart(arguments[0], command, watchdog))
        parts[-1].start()
        return parts[-1]

    yield run
    for part in parts:
        part.kill()


@pytest.fixture(params=["sqlite, Redis keeps all", "postgresql, Redis is wiped"])
def after_death(
    request: pytest.FixtureRequest, environment: dict[str, str], redis_server: EmbeddedRedis
) -> Callable[[], None]:
    """Choose the database, and return what happens to Redis. Ask for it before `app`."""
    if request.param.startswith("sqlite"):
        return lambda: None
    environment["DATABASE_URL"] = request.getfixturevalue("postgres_url")

    def begin_redis_anew() -> None:
        redis_server.process.kill()
        redis_server.process.wait()
        redis_server.start()

    return begin_redis_anew
