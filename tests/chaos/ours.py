"""OpenSink as the subject: its public commands, and what its tables say in the end."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import func, select, update

from opensink_web import cli, clock
from opensink_web.cli.database import run_migrations
from opensink_web.errors import Unavailable
from opensink_web.factory import create_app
from opensink_web.models import (
    Deadline,
    DeadlineKind,
    Delivery,
    DeliveryStatus,
    InputRequest,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import create_agent
from opensink_web.operations.agents.agent_session import start_session
from opensink_web.operations.agents.question import ask
from opensink_web.outbound.retry import RetrySchedule
from opensink_web.settings import Settings
from tests.chaos import invariants
from tests.chaos.clients import Question
from tests.chaos.endpoint import Arrival
from tests.chaos.one_moment import one_moment
from tests.chaos.parts import Main
from tests.chaos.plan import AGENT_ATTEMPTS, AGENT_TIMEOUT_SECONDS, AGENTS
from tests.chaos.subject import Server, Subject, Verdict
from tests.conftest import Person, make_cast
from tests.support.holding import hold_response
from tests.support.scenarios import POLICY, SCHEMA, endpoint_at

_ASKED_AT_ONCE = 500
_HOLD_SECONDS_MAX = 3
_FILE_NAME = "opensink.sqlite3"


class Installed(Server):
    """`opensink web`, `worker` and `sweeper` as `opensink up` runs them."""

    main: Main = staticmethod(cli.main)
    parts = ("sweeper",)

    def __init__(
        self,
        data_dir: Path,
        redis_url: str,
        database_url: str,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        settings = Settings.from_env(
            {
                "DATA_DIR": str(data_dir),
                "REDIS_URL": redis_url,
                "DATABASE_URL": database_url,
                "SECRET_KEY": "faults" * 10,
                "EXECUTION_ENDPOINT_HOSTS": "127.0.0.0/8",
                **(variables or {}),
            }
        )
        data_dir.mkdir()
        if settings.uses_sqlite:  # PostgreSQL's database is a copy that has its tables
            (data_dir / _FILE_NAME).write_bytes(_empty_sqlite_file())
        self._app = create_app(settings)
        self.environment = replace(settings, supervised=True).environment()

    @contextmanager
    def session(self) -> Iterator[None]:
        """Enter the application, and leave no connection open."""
        with self._app.app_context():
            yield
            db.session.remove()
            db.engine.dispose()


class Answered(Installed):
    """OpenSink with agents whose questions are answered."""

    agent_timeout_seconds = AGENT_TIMEOUT_SECONDS

    def ask(
        self, person: Person, base_url: str, endpoint_url: str, count: int, agents: Sequence[str]
    ) -> list[Question]:
        """Write down so many questions, of agents whose endpoints behave so."""
        with self.session():
            request_ids = _ask_all(person, endpoint_url, count, agents, self.agent_timeout_seconds)
        return [
            Question(
                request_id=str(request_id),
                url=f"{base_url}/api/v1/agent-session-input-requests/{request_id}/resolve",
                headers=person.headers,
                response={"approved": True, "number": number},
            )
            for number, request_id in enumerate(request_ids)
        ]

    def hold(self, person: Person, questions: Sequence[Question]) -> None:
        """Answer these as on a page: they take effect one after the other within some seconds."""
        with self.session():
            for number, question in enumerate(questions):
                seconds = 1 + number % _HOLD_SECONDS_MAX
                hold_response(person, UUID(question.request_id), question.response, seconds)

    def unfinished(self) -> int:
        pending = select(func.count()).where(Delivery.status == DeliveryStatus.PENDING)
        held = select(func.count()).where(Deadline.kind == DeadlineKind.EFFECT)
        with self.session(), reading():
            return sum(db.session.scalars(query).one() for query in (pending, held))

    def age(self) -> None:
        # workers renew leases meanwhile, in an order of their own
        while True:
            with suppress(Unavailable):
                return self._age()

    def _age(self) -> None:
        moment = clock.now()
        is_pending = Delivery.status == DeliveryStatus.PENDING
        with self.session(), writing():
            for column in (Delivery.lease_until, Delivery.next_at):
                is_later = column > moment
                db.session.execute(
                    update(Delivery).where(is_pending, is_later).values({column: moment})
                )
            is_leased = Deadline.lease_until > moment
            db.session.execute(update(Deadline).where(is_leased).values(lease_until=moment))

    def verdicts(self) -> dict[str, Verdict]:
        query = (
            select(InputRequest.id, InputRequest.resolved_at, Delivery.status, Delivery.finished_at)
            .outerjoin(Delivery, Delivery.input_request_id == InputRequest.id)
            .where(InputRequest.resolved_at.is_not(None))
        )
        found: dict[str, Verdict] = {}
        with self.session(), reading():
            for request_id, resolved_at, status, finished_at in db.session.execute(query):
                earlier = found.get(str(request_id))
                found[str(request_id)] = Verdict(
                    deliveries=(earlier.deliveries if earlier else 0) + (status is not None),
                    is_final=status in {DeliveryStatus.SUCCEEDED, DeliveryStatus.FAILED},
                    is_success=status is DeliveryStatus.SUCCEEDED,
                    settle_seconds=_seconds_between(resolved_at, finished_at),
                )
        return found

    def violations(self, questions: Sequence[Question], calls: Sequence[Arrival]) -> list[str]:
        with self.session(), one_moment():
            return invariants.violations(questions, calls)


class OpenSink(Answered, Subject):
    """Nothing but answers."""

    def __init__(
        self,
        data_dir: Path,
        redis_url: str,
        database_url: str,
        resolutions: int,
        agents: Sequence[str] = AGENTS,
        holds_every: int = 0,
    ) -> None:
        super().__init__(data_dir, redis_url, database_url)
        self._resolutions = resolutions
        self._agents = agents
        self._holds_every = holds_every

    def prepare(self, base_url: str, endpoint_url: str) -> list[Question]:
        with self.session():
            person = make_cast().alice
        questions = self.ask(person, base_url, endpoint_url, self._resolutions, self._agents)
        if self._holds_every:
            self.hold(person, questions[:: self._holds_every])
        return questions


@cache
def _empty_sqlite_file() -> bytes:
    """Return a file with all tables; to make them takes longer than to fill them."""
    with TemporaryDirectory() as folder:
        app = create_app(Settings.from_env({"DATA_DIR": folder}))
        with app.app_context():
            run_migrations()
            db.session.remove()
            db.engine.dispose()  # the last to leave puts everything into the one file
        return (Path(folder) / _FILE_NAME).read_bytes()


def _ask_all(
    person: Person, endpoint_url: str, count: int, agents: Sequence[str], timeout_seconds: float
) -> list[UUID]:
    with writing():
        agent_ids = [
            _make_agent(person, f"{endpoint_url}/{behaviour}/{number}", timeout_seconds)
            for number, behaviour in enumerate(agents)
        ]
    request_ids: list[UUID] = []
    while len(request_ids) < count:
        wanted = min(_ASKED_AT_ONCE, count - len(request_ids))
        with writing():
            request_ids += [_ask(person, agent_ids[n % len(agent_ids)]) for n in range(wanted)]
    return request_ids


def _make_agent(person: Person, url: str, timeout_seconds: float) -> UUID:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    endpoint = replace(
        endpoint_at(url, timeout_seconds=timeout_seconds),
        retry=RetrySchedule(AGENT_ATTEMPTS, initial_seconds=1, max_seconds=4),
    )
    return create_agent(workspace, POLICY, name="Agent", execution_endpoint=endpoint).id


def _ask(person: Person, agent_id: UUID) -> UUID:
    workspace = db.session.get_one(Workspace, person.workspace_id)
    session = start_session(workspace, agent_id)
    return ask(
        workspace,
        session.id,
        agent_id,
        key="k",
        title="Go?",
        message="",
        schema=SCHEMA,
        requested_by_id=person.id,
    ).id


def _seconds_between(begun_at: datetime | None, ended_at: datetime | None) -> float | None:
    return (ended_at - begun_at).total_seconds() if begun_at and ended_at else None
