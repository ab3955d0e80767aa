"""Everything here runs against the embedded server; jobs run in a real worker."""

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.models import Delivery, DeliveryStatus, db
from opensink_web.services import EXTENSION, Services
from opensink_web.settings import Settings
from opensink_web.work import circuit_breaker
from opensink_web.work.worker import run_worker

StartWorker = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def environment(environment: dict[str, str], redis_url: str) -> dict[str, str]:
    return environment | {"REDIS_URL": redis_url}


@pytest.fixture
def redis_may_hesitate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a busy machine's Redis from being given up for seconds: the application is shared."""
    monkeypatch.setattr(circuit_breaker, "SLOW_SECONDS", 60.0)


@pytest.fixture
def work(app: Flask, settings: Settings, redis_may_hesitate: None) -> Callable[[], None]:
    """Run a worker until there is nothing more to do."""

    def run() -> None:
        services: Services = app.extensions[EXTENSION]
        run_worker(settings, app.app_context, services.signer, burst=True)

    return run


@pytest.fixture
def start_worker(settings: Settings) -> Iterator[StartWorker]:
    """Start `opensink worker`, which is killed at the end if it still runs."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "opensink_web", "worker"]
        started.append(subprocess.Popen(command, env=settings.environment()))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def succeeded(app: Flask) -> int:
    query = select(func.count()).where(Delivery.status == DeliveryStatus.SUCCEEDED)
    with app.app_context():
        return db.session.scalar(query) or 0
