"""Every number equals what is counted row by row: whatever is rolled up, and whatever has gone."""

import itertools
import os
import signal
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from opensink_web import clock
from opensink_web.models import (
    AgentSession,
    Delivery,
    DeliveryFact,
    DeliveryStatus,
    Execution,
    InputRequest,
    InputRequestStatus,
    InsightCell,
    InsightChange,
    InsightGroup,
    InsightKind,
    InsightProgress,
    RequestFact,
    SessionStatus,
    Workspace,
    db,
)
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.agents.agent import delete_agent
from opensink_web.operations.agents.agent_session import delete_session
from opensink_web.operations.deliveries.delivery import redeliver
from opensink_web.operations.insights import rollup
from opensink_web.operations.insights.collecting import Narrowing
from opensink_web.operations.insights.counted import APPROVED, EDITED, CountedAs
from opensink_web.operations.insights.outcome import moment_of
from opensink_web.operations.insights.report import CallFigures, Insights, RequestFigures
from opensink_web.operations.insights.report import read_insights as read
from opensink_web.operations.insights.span import Preset, Span
from opensink_web.operations.insights.waiting import Age, Waiting
from opensink_web.operations.kept import Kept
from opensink_web.operations.requests import sieve
from opensink_web.operations.requests.ending import Ended, Ending
from opensink_web.operations.requests.listing import ListedFilter, ListView, count_listed
from opensink_web.work.chores import CLEANING, DELETING, Counting, Pruning
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.operations.insights.conftest import NOW
from tests.support.insight_rows import (
    History,
    Plain,
    call_figures_of,
    figures_of,
    plain_calls,
    plain_requests,
)
from tests.support.large_batches import do_all

pytestmark = pytest.mark.usefixtures("on_each_database")

BERLIN, KOLKATA, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Kolkata"), ZoneInfo("UTC")


def spans() -> list[Span]:
    presets = [
        Span.of_preset(each, NOW, zone)
        for each, zone in zip(Preset, (UTC_ZONE, BERLIN, KOLKATA, UTC_ZONE), strict=True)
    ]
    return [*presets, Span.of_days(date(2026, 1, 20), date(2026, 3, 28), BERLIN)]


def check(cast: Cast, spans: Iterable[Span], narrowing: Narrowing = Narrowing()) -> None:  # noqa: B008 - frozen
    requests, calls = plain_requests(cast), plain_calls(cast)
    for span in spans:
        with reading():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            found = read(workspace, span, narrowing)
        mine = [
            each
            for each in requests
            if is_in(each, span.since, span.until) and fits(each, narrowing)
        ]
        mine_of_calls = [
            each
            for each in calls
            if is_in(each, span.since, span.until) and fits(each, Narrowing(narrowing.asker))
        ]
        assert counted(found.requests) == figures_of(mine)
        assert counted(found.calls) == call_figures_of(mine_of_calls)
        for lines, name in (
            (found.by_asker, "asker"),
            (found.by_key, "key"),
            (found.by_reviewer, "reviewer"),
        ):
            values = {getattr(each, name) for each in mine} - {""}
            assert {each.value: counted(each.figures) for each in lines if each.figures.ended} == {
                value: figures_of(each for each in mine if getattr(each, name) == value)
                for value in values
            }
        assert {each.value: counted(each.figures) for each in found.calls_by_agent} == {
            value: call_figures_of(each for each in mine_of_calls if each.asker == value)
            for value in {each.asker for each in mine_of_calls}
        }
        for point in found.points:
            part = [each for each in mine if is_in(each, point.begin, point.end)]
            assert counted(point.requests) == figures_of(part), point.begin
            part = [each for each in mine_of_calls if is_in(each, point.begin, point.end)]
            assert counted(point.calls) == call_figures_of(part), point.begin
        assert not found.is_behind
        check_waiting(found.waiting, narrowing)
        check_first_rows(workspace, found)


def check_first_rows(workspace: Workspace, found: Insights) -> None:
    """The first rows of each table are those of all of them, and nothing else is another."""
    with reading():
        first = read(workspace, found.span, found.narrowing, 2)
    names = ("by_asker", "by_key", "by_reviewer", "calls_by_agent")
    assert asdict(first.row_counts) == {each: len(getattr(found, each)) for each in names}
    rows = {each: getattr(found, each)[:2] for each in names}
    assert first == replace(found, **rows)


def check_waiting(waiting: Waiting, narrowing: Narrowing) -> None:
    with reading():
        rows = db.session.execute(
            select(InputRequest.id, InputRequest.agent_id, InputRequest.key, Execution.target_name)
            .outerjoin(Execution, Execution.id == InputRequest.execution_id)
            .where(InputRequest.status == InputRequestStatus.PENDING)
        ).all()
    fitting = [
        (f"agent:{row.agent_id}" if row.agent_id else f"function:tests/{row.target_name}", row)
        for row in rows
        if narrowing.key in {None, row.key}
    ]
    fitting = [each for each in fitting if narrowing.asker in {None, each[0]}]
    assert waiting.by_asker == Counter(asker for asker, _ in fitting)
    assert waiting.by_key == Counter(row.key for _, row in fitting)
    ages = Counter(age_of(row.id) for _, row in fitting)
    assert {age: count for age, count in waiting.by_age.items() if count} == ages


def age_of(request_id: UUID) -> Age:
    waited = clock.now() - datetime.fromtimestamp((request_id.int >> 80) / 1000, UTC)
    return next(age for age in Age if age.below is None or waited <= age.below)


def counted(figures: RequestFigures | CallFigures) -> dict[str, Any]:
    return {each.name: getattr(figures, each.name) for each in fields(figures)}


def is_in(each: Plain, begin: datetime, end: datetime) -> bool:
    return begin <= each.ended_at < end


def fits(each: Plain, narrowing: Narrowing) -> bool:
    wanted = asdict(narrowing)
    return all(value is None or getattr(each, name) == value for name, value in wanted.items())


def count_all() -> None:
    do_all([Counting()])


def rows_of(table: type[Any]) -> int:
    with reading():
        return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_nothing_is_counted_yet(history: History, cast: Cast) -> None:
    check(cast, spans())


def test_all_is_rolled_up(history: History, cast: Cast) -> None:
    count_all()
    with reading():
        progress = db.session.get_one(
            InsightProgress, (cast.alice.workspace_id, InsightKind.REQUESTS)
        )
        assert progress.built_until == (NOW - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert rows_of(RequestFact)
    assert rows_of(DeliveryFact)
    check(cast, spans())


def test_at_each_step_of_it(history: History, cast: Cast) -> None:
    chore, some = Counting(), spans()
    for number in range(100):
        if not chore.go_on():
            break
        if number % 9 == 0:
            check(cast, some[2:])
    check(cast, some)
    assert number > 20  # a day at a time


def test_what_is_killed_between_two_pieces_is_neither_lost_nor_counted_twice(
    history: History, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FACTS_AT_ONCE", "CHANGES_AT_ONCE"):
        monkeypatch.setattr(rollup, name, 5)
    monkeypatch.setattr(rollup, "GROUPS_AT_ONCE", 8)
    for pieces in (1, 4, 9, 23, 40):
        assert counted_and_killed(pieces)
        check(cast, spans()[3:])
    history.add(20)  # late, also for a day that is begun
    do_all([Counting(timedelta(days=90))])
    check(cast, spans())
    with reading():
        progress = db.session.get_one(
            InsightProgress, (cast.alice.workspace_id, InsightKind.REQUESTS)
        )
        assert progress.folded_until == progress.built_until // 8 * 8
        blocks = select(func.count()).select_from(InsightCell).where(InsightCell.size > 1)
        assert db.session.scalar(blocks)
    assert rows_of(InsightChange) == 0


def counted_and_killed(pieces: int) -> bool:
    """Count in a process that is killed after so many pieces, in the middle of the next; return
    False if there were not as many.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            db.engine.dispose(close=False)
            chore = Counting(timedelta(days=90))
            while chore.go_on():
                os.write(write, b".")
        finally:
            os._exit(0)
    os.close(write)
    done = sum(len(os.read(read, 1)) for _ in range(pieces))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(read)
    return done == pieces


def test_of_one_agent_function_key_or_person(history: History, cast: Cast) -> None:
    for is_counted in (False, True):
        if is_counted:
            count_all()
        for narrowing in (
            Narrowing(asker=f"agent:{history.agent_ids[0]}"),
            Narrowing(asker="function:tests/pay"),
            Narrowing(key="buy"),
            Narrowing(reviewer=str(cast.bob.id)),
            Narrowing(f"agent:{history.agent_ids[1]}", "pay", str(cast.alice.id)),
            Narrowing(key="none"),
        ):
            check(cast, spans()[3:], narrowing)


def test_what_comes_late_is_added_to_its_day(history: History, cast: Cast, moment: Moment) -> None:
    count_all()
    history.add(20)
    do_all([Counting(timedelta(days=90))])
    assert rows_of(InsightChange) == 0
    check(cast, spans())


def test_a_deleted_session_and_agent_count_no_more(
    history: History, cast: Cast, moment: Moment
) -> None:
    count_all()
    with writing():
        workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
        delete_session(workspace, history.sessions[0][0])
        delete_agent(workspace, history.agent_ids[1])
    check(cast, spans())  # nothing is gone yet, and nobody finds it
    DELETING[0].go_on()
    do_all(DELETING)
    assert rows_of(InsightChange) > 0
    check(cast, spans())
    count_all()
    with reading():  # but for what went from today, which is not rolled up yet
        is_of_past = InsightChange.at < NOW.replace(hour=0, minute=0).timestamp() * 1000
        assert not db.session.scalars(select(InsightChange).where(is_of_past)).all()
    check(cast, spans())
    # its group goes when there is nothing of it, not of today either
    moment.now = NOW + timedelta(days=2)
    count_all()
    do_all(CLEANING)
    gone = InsightGroup.asker == f"agent:{history.agent_ids[1]}"
    with reading():
        assert not db.session.scalars(select(InsightGroup).where(gone)).all()
    assert rows_of(InsightGroup) > 5
    check(cast, spans())


def test_what_was_pruned_counts_no_more(history: History, cast: Cast) -> None:
    count_all()
    with writing():
        for each in db.session.scalars(select(AgentSession)):
            each.status = SessionStatus.COMPLETED
            each.created_at = each.updated_at = NOW - timedelta(days=300)
        for request in db.session.scalars(
            select(InputRequest).where(InputRequest.status == "pending")
        ):
            db.session.delete(request)
        for delivery in db.session.scalars(select(Delivery).where(Delivery.status == "pending")):
            db.session.delete(delivery)
    before = len(plain_requests(cast))
    do_all([Pruning(Kept.SESSIONS, datetime.now(UTC) + timedelta(days=1)), *DELETING])
    assert len(plain_requests(cast)) < before
    check(cast, spans())
    count_all()
    check(cast, spans())


def test_a_call_that_is_made_again_counts_when_it_has_ended(history: History, cast: Cast) -> None:
    count_all()
    with reading():
        failed = select(Delivery.id).where(
            Delivery.status == DeliveryStatus.FAILED, Delivery.kind == "input_request_resolved"
        )
        delivery_id = db.session.scalars(failed.order_by(Delivery.id).limit(1)).one()
    with writing():
        redeliver(db.session.get_one(Workspace, cast.alice.workspace_id), delivery_id)
    check(cast, spans())
    with writing():
        again = db.session.get_one(Delivery, delivery_id)
        again.status, again.attempt_count = DeliveryStatus.SUCCEEDED, 4
        again.finished_at = clock.now()
    check(cast, spans())
    count_all()
    check(cast, spans())


@pytest.mark.parametrize(("few_max", "is_counted"), [(sieve.FEW_MAX, True), (0, True), (0, False)])
def test_a_list_has_as_many_as_are_counted(
    history: History,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    few_max: int,
    is_counted: bool,
) -> None:
    """Whether they are looked up or walked through, and before they have facts."""
    monkeypatch.setattr(sieve, "FEW_MAX", few_max)
    if is_counted:
        count_all()
    agent_id, key, reviewer = history.agent_ids[0], "buy", cast.bob.id
    cases: list[tuple[Narrowing, dict[str, Any]]] = [
        (Narrowing(), {}),
        (Narrowing(asker=f"agent:{agent_id}", key=key), {"agent_id": agent_id, "key": key}),
        (Narrowing(reviewer=str(reviewer)), {}),
    ]
    for span, (narrowing, listed) in itertools.product(spans(), cases):
        by = reviewer if narrowing.reviewer else None
        with reading():
            workspace = db.session.get_one(Workspace, cast.alice.workspace_id)
            figures = read(workspace, span, narrowing).requests
            for ending, count in counted_as(figures).items():
                since, until = (
                    moment_of(each) for each in (span.milliseconds[0], span.milliseconds[-1])
                )
                ended = Ended(since, until, ending, by)
                codes = {Ending.APPROVED: APPROVED, Ending.EDITED: EDITED}.get(ending)
                kept_by = CountedAs(workspace.id, codes, since, until) if codes else None
                filters = ListedFilter(
                    view=ListView.DECIDED, ended=ended, counted_as=kept_by, **listed
                )
                assert count_listed(workspace, filters) == count, (span, narrowing, ending)


def counted_as(figures: RequestFigures) -> dict[Ending, int]:
    return {
        Ending.ENDED: figures.ended,
        Ending.DECIDED: figures.decided,
        Ending.ANSWERED: figures.approved + figures.refused + figures.answered,
        Ending.APPROVED: figures.approval.part,
        Ending.EDITED: figures.edit.part,
        Ending.DECLINED: figures.decline.part,
        Ending.EXPIRED: figures.expired,
        Ending.WITHDRAWN: figures.withdrawn,
        Ending.SUPERSEDED: figures.superseded,
        Ending.AUTOMATIC: figures.automatic,
    }
