"""Deleting what others are at work on: on PostgreSQL, where several write at once."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from opensink_web.errors import NotFound
from opensink_web.models import (
    ActivitySource,
    ActivityType,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import writing
from opensink_web.operations.agents.activity import add_activity
from opensink_web.operations.agents.agent import delete_agent, lock_agent
from opensink_web.operations.agents.agent_session import delete_session, lock_session, move_session
from opensink_web.operations.deliveries.delivery import deliver_test
from tests.conftest import Cast
from tests.support.scenarios import ENDPOINT, Waiting, ask_in

pytestmark = pytest.mark.server
Step = Callable[[Workspace, Waiting], object]
HEAD_START_SECONDS = 0.3


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


@pytest.fixture
def waiting(app: Flask, cast: Cast) -> Waiting:
    with app.app_context():
        return ask_in(cast.alice, ENDPOINT)


@pytest.fixture
def at_once(app: Flask, cast: Cast, waiting: Waiting) -> Callable[..., None]:
    """Run the steps of one transaction, and after its first step those of another."""

    def run(*steps: Step, meanwhile: Step) -> None:
        has_begun = threading.Event()

        def first() -> None:
            with app.app_context(), writing():
                workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
                for step in steps:
                    step(workspace, waiting)
                    has_begun.set()
                    time.sleep(HEAD_START_SECONDS)

        def second() -> None:
            assert has_begun.wait(100)
            with app.app_context(), writing():
                meanwhile(db.session.get_one(Workspace, cast.alice.workspace_id), waiting)

        with ThreadPoolExecutor() as threads:
            one, other = threads.submit(first), threads.submit(second)
            one.result(100)
            other.result(100)

    return run


def lock(workspace: Workspace, waiting: Waiting) -> None:
    lock_session(workspace, waiting.session_id)


def move(workspace: Workspace, waiting: Waiting) -> None:
    move_session(lock_session(workspace, waiting.session_id), SessionStatus.COMPLETED)


def end_session(workspace: Workspace, waiting: Waiting) -> None:
    delete_session(workspace, waiting.session_id)


def end_agent(workspace: Workspace, waiting: Waiting) -> None:
    delete_agent(workspace, waiting.agent_id)


def report(workspace: Workspace, waiting: Waiting) -> None:
    kind, source = ActivityType.MESSAGE, ActivitySource.AGENT
    add_activity(workspace, waiting.session_id, waiting.agent_id, kind, source)


def try_out(workspace: Workspace, waiting: Waiting) -> None:
    deliver_test(lock_agent(workspace, waiting.agent_id))


@pytest.mark.parametrize("delete", [end_session, end_agent])
def test_deleting_waits_for_whoever_moves_the_session(
    at_once: Callable[..., None], delete: Step
) -> None:
    at_once(lock, move, meanwhile=delete)


@pytest.mark.parametrize("delete", [end_session, end_agent])
def test_deleting_waits_for_whoever_reports(at_once: Callable[..., None], delete: Step) -> None:
    at_once(report, report, meanwhile=delete)


@pytest.mark.parametrize("delete", [end_session, end_agent])
def test_deleting_waits_for_whoever_ends_a_call(at_once: Callable[..., None], delete: Step) -> None:
    at_once(lock, lock, meanwhile=delete)


@pytest.mark.parametrize(
    ("delete", "late"),
    [(end_session, report), (end_session, move), (end_agent, report), (end_agent, try_out)],
)
def test_what_comes_too_late_finds_nothing(
    at_once: Callable[..., None], delete: Step, late: Step
) -> None:
    with pytest.raises(NotFound):
        at_once(delete, meanwhile=late)
