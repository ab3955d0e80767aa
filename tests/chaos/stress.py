"""Everything done to executions and accounts, by many at once, until somebody waits for another.

    .venv/bin/python -m tests.chaos.stress [--seconds 60] [--threads 12] [--only-accounts]

On PostgreSQL, where transactions overlap. Functions, batches, claims, outcomes, callbacks, answers,
cancels and deletions hit few rows, in transactions of their own; so do members, roles, keys,
sign-ins and passwords (accounts.py). No deadlock may come of it, no
error but those of the domain, and nothing in the database that must never be. The exit code says
so.
"""

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from uuid import UUID

from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.orm import InstrumentedAttribute

from opensink_web import clock
from opensink_web.errors import NotFound, OpenSinkError, Unavailable
from opensink_web.factory import create_app
from opensink_web.models import (
    OPEN_STATUSES,
    Batch,
    Callback,
    Execution,
    ExecutionStatus,
    Function,
    InputRequest,
    InputRequestStatus,
    db,
)
from opensink_web.models.transaction import work_committed, writing
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.decisions.decision import decline, resolve
from opensink_web.operations.decisions.expiry import expire, extend
from opensink_web.operations.decisions.withdrawal import check_revision, supersede
from opensink_web.operations.executions.batch import cancel_batch
from opensink_web.operations.executions.batch_submission import draft_batch, submit_batch
from opensink_web.operations.executions.callback import (
    CallbackClaim,
    finish_callbacks,
)
from opensink_web.operations.executions.callback_group import group_of_url
from opensink_web.operations.executions.claim import ExecutionClaim
from opensink_web.operations.executions.ending import (
    Ending,
    end_executions,
    end_forgotten_batches,
    lock_executions,
)
from opensink_web.operations.executions.execution import (
    cancel_execution,
    check_output,
    complete_execution,
    fail_execution,
)
from opensink_web.operations.executions.function import (
    FunctionFields,
    check_fields,
    create_function,
    delete_function,
)
from opensink_web.operations.executions.function_target import EntryPointSpec
from opensink_web.operations.executions.outcome import finish_executions
from opensink_web.operations.executions.pause import check_reply
from opensink_web.operations.executions.permission import executable_function
from opensink_web.operations.executions.submission import (
    Options,
    check_input,
    check_inputs,
    submit,
)
from opensink_web.operations.requests.answer import check_answer
from opensink_web.outbound.outcome import Awaits, Failure, Outcome, Output, Pending
from opensink_web.settings import Settings
from opensink_web.work.kinds import kinds_within
from opensink_web.work.queue import Limits, Queue
from tests.chaos import accounts, execution_invariants
from tests.chaos.accounts import Accounts, Members
from tests.chaos.one_moment import one_moment
from tests.conftest import Person, make_cast
from tests.support.executions import (
    INPUT_SCHEMA,
    claim_callbacks,
    claim_executions,
    principal_of,
)
from tests.support.real_servers import PostgresServer
from tests.support.scenarios import POLICY, SCHEMA

URL = "https://127.0.0.1:1/done"
NAMES = ("first", "second", "third", "approved")
LIMIT = 1000
QUEUE = Queue(kinds_within(Limits(LIMIT, LIMIT)))
MOST_SECONDS = 60
"""How long a busy machine may take until everything was done once."""
OUTCOMES: tuple[Outcome, ...] = (
    *(Output({"ok": True}), Output({"ok": True}), Failure("It broke.")),
    *(Pending(), Awaits("Which one?", SCHEMA, {"expires_in_seconds": 3600})),
)
Item = TypeVar("Item")


@dataclass
class Results:
    """What was done, and what came of it."""

    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unavailable: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    deadlocks: int = 0

    @property
    def is_well(self) -> bool:
        return not (self.deadlocks or self.unavailable or self.errors or self.violations)

    def __str__(self) -> str:
        return (
            f"done {dict(self.done)}\nrefused {dict(self.refused)}\ndeadlocks {self.deadlocks}"
            f"\nunavailable {self.unavailable[:5]}\nerrors {self.errors[:5]}"
            f"\nviolations {self.violations[:5]}"
        )


class StressThread:
    """One thread's: does one thing after the other, drawn by chance."""

    def __init__(
        self, person: Person, members: Members, results: Results, seed: int, *, only_accounts: bool
    ) -> None:
        self._person = person
        self._results = results
        self._random = Random(seed)
        self._held: list[ExecutionClaim] = []
        self._callbacks: list[CallbackClaim] = []
        turns: list[tuple[int, Callable[[], object]]] = [
            (3, self.submit_one),
            (3, self.submit_many),
            (20, self.take_turn),
            (4, self.take_callbacks),
            (4, self.cancel_one),
            (2, self.cancel_many),
            (4, self.report),
            (6, self.decide),
            (4, self.think_again),
            (2, self.sweep),
            (2, self.lose),
            (2, self.end_all),
            (4, self.delete),
        ]
        people = Accounts(members, self._random).turns
        turns = people if only_accounts else [*turns, *people]
        self._turns = [turn for weight, turn in turns for _ in range(weight)]

    def act(self) -> None:
        """Do one thing in a transaction of its own."""
        turn = self._random.choice(self._turns)
        try:
            with writing():
                turn()
            self._results.done[turn.__name__] += 1
        except Unavailable as error:
            self._results.unavailable.append(f"{turn.__name__}: {error.__cause__}")
        except OpenSinkError as error:
            self._results.refused[f"{turn.__name__} {type(error).__name__}"] += 1
            if turn == self.take_turn:
                self._results.errors.append(f"take_turn: {error!r} {error.__cause__!r}")
        except Exception as error:
            self._results.errors.append(f"{turn.__name__}: {error!r}")

    @property
    def _me(self) -> Principal:
        return principal_of(self._person)

    def _function(self) -> Function:
        return executable_function(self._me, "tests", self._random.choice(NAMES))

    def submit_one(self) -> None:
        url = self._random.choice((None, URL))
        function = self._function()
        submit(self._me, function, check_input(function, {"n": 1}), Options(callback_url=url))

    def submit_many(self) -> None:
        inputs: list[Any] = [{"n": n} for n in range(self._random.randint(1, 20))]
        function = self._function()
        draft = draft_batch(
            self._me,
            function,
            check_inputs(function, inputs),
            Options(callback_url=self._random.choice((None, URL))),
            batch_callback_url=URL,
        )
        submit_batch(self._me, function, draft)

    def take_turn(self) -> None:
        """Write down some of what is held, and claim more; as a worker does."""
        self._random.shuffle(self._held)
        ended, self._held = self._held[:8], self._held[8:]
        finish_executions([(claim, self._random.choice(OUTCOMES)) for claim in ended])
        if self._held and self._random.random() < 0.3:
            QUEUE.renew("executions", self._held)
        with suppress(NotFound):
            self._held += claim_executions(self._function().id, LIMIT, self._random.randint(1, 16))

    def take_callbacks(self) -> None:
        finish_callbacks([(claim, None) for claim in self._callbacks])
        self._callbacks = claim_callbacks(group_of_url(URL), LIMIT, 16)

    def cancel_one(self) -> None:
        cancel_execution(self._me.workspace, self._one_of(Execution.id))

    def cancel_many(self) -> None:
        cancel_batch(self._me.workspace, self._one_of(Batch.id))

    def report(self) -> None:
        """Say, as an endpoint that answered 202, how it went."""
        running = Execution.status == ExecutionStatus.RUNNING
        execution_id = self._one_of(Execution.id, running)
        if self._random.random() < 0.5:
            reported = check_output(self._me.workspace, execution_id, {"ok": True})
            complete_execution(self._me.workspace, reported)
        else:
            fail_execution(self._me.workspace, execution_id, "It broke.")

    def decide(self) -> None:
        """Answer, approve, decline or reject."""
        is_open = InputRequest.status == InputRequestStatus.PENDING
        request = db.session.get_one(InputRequest, self._one_of(InputRequest.id, is_open))
        response: Any = {"approved": True} if request.schema == SCHEMA else {"n": 2}
        chance = self._random.random()
        if chance < 0.2:
            decline(self._me.workspace, request.id, "No.", by=self._me.user)
        elif chance < 0.4 and request.execution_id is not None:
            reply = check_reply(self._me, request.execution_id, response)
            resolve(self._me.workspace, reply, by=self._me.user)
        else:
            answer = check_answer(self._me.workspace, request.id, response)
            resolve(self._me.workspace, answer, by=self._me.user)

    def think_again(self) -> None:
        """Ask something else instead, give more time, or let the time be over."""
        is_open = InputRequest.status.in_(OPEN_STATUSES)
        request_id = self._one_of(InputRequest.id, is_open)
        workspace = self._me.workspace
        chance = self._random.random()
        if chance < 0.4:
            supersede(
                workspace,
                check_revision(workspace, request_id, {"title": "Anew"}, {}),
                requested_by_id=self._me.user.id,
            )
        elif chance < 0.7:
            extend(workspace, request_id, clock.now() + timedelta(days=1), by=self._me.user)
        else:
            expire(request_id)

    def sweep(self) -> None:
        end_forgotten_batches()
        QUEUE.groups_with_work()

    def lose(self) -> None:
        """Let this worker forget what it holds, and the leases of some run out."""
        self._held, self._callbacks = self._held[:4], []
        for table in (Execution, Callback):
            some = select(table.id).where(table.lease_until > clock.now()).limit(20)
            rows = db.session.scalars(some.with_for_update(skip_locked=True)).all()
            db.session.execute(
                update(table).where(table.id.in_(rows)).values(lease_until=clock.now())
            )

    def end_all(self) -> None:
        """End all of a function, so that it can be deleted, unless more is submitted meanwhile."""
        unfinished = select(Execution.id).where(
            Execution.function_id == self._function().id,
            Execution.status.in_([ExecutionStatus.QUEUED, ExecutionStatus.RUNNING]),
        )
        locked = lock_executions(db.session.scalars(unfinished).all())
        ending = Ending(ExecutionStatus.CANCELLED, error="All were.")
        is_open = {ExecutionStatus.QUEUED, ExecutionStatus.RUNNING}
        end_executions([(each, ending) for each in locked.values() if each.status in is_open])

    def delete(self) -> None:
        """Delete a function, and make it anew."""
        name = self._random.choice(NAMES)
        with suppress(NotFound):
            delete_function(self._me.workspace, "tests", name)
        make_function(self._me, name)

    def _one_of(self, column: InstrumentedAttribute[UUID], *conditions: Any) -> UUID:
        """Draw one of the newest. Raises: NotFound when there is none."""
        query = select(column).where(*conditions).order_by(column.desc()).limit(40)
        found: Sequence[UUID] = db.session.scalars(query).all()
        if not found:
            raise NotFound("There is none.")
        return self._random.choice(found)


def make_function(principal: Principal, name: str) -> None:
    whole = FunctionFields(
        namespace="tests",
        name=name,
        target=EntryPointSpec("nothing"),
        input_schema=INPUT_SCHEMA,
        requires_approval=name == "approved",
    )
    checked = check_fields(POLICY, whole)
    create_function(principal.workspace, principal.user, POLICY, checked)


def run_stress(
    app: Flask,
    person: Person,
    *,
    seconds: float,
    threads: int,
    seed: int = 1,
    only_accounts: bool = False,
    wanted: Set[str] = frozenset(),
) -> Results:
    """Let so many threads act for so long, and look what has become of it.

    On a busy machine they go on, up to a minute, until each that is `wanted` was done.
    """
    results = Results()
    with app.app_context(), writing():
        for name in NAMES:
            make_function(principal_of(person), name)
    with app.app_context():
        members = accounts.make_members(person)
    began_at = time.monotonic()

    def goes_on() -> bool:
        spent = time.monotonic() - began_at
        return spent < seconds or (spent < MOST_SECONDS and not wanted <= results.done.keys())

    def run(number: int) -> None:
        with app.app_context():
            mine = StressThread(
                person, members, results, seed * 1000 + number, only_accounts=only_accounts
            )
            while goes_on():
                with work_committed.muted():
                    mine.act()

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    with app.app_context(), one_moment():
        results.violations = [*execution_invariants.violations(), *accounts.violations(members)]
        count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        results.deadlocks = db.session.scalar(text(count)) or 0
    return results


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.stress")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--threads", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only-accounts", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, PostgresServer(Path(folder)) as postgres:
        environment = {"DATA_DIR": folder, "DATABASE_URL": postgres.new_database()}
        app = create_app(Settings.from_env(environment))
        with app.app_context():
            person = make_cast().alice
        results = run_stress(app, person, **vars(arguments))
        print(results)
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
    return 0 if results.is_well else 1


if __name__ == "__main__":
    sys.exit(main())
