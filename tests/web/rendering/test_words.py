"""Every status and kind has words for people, in one place, and an icon that is there."""

import re
from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest

from opensink_web import clock
from opensink_web.models import (
    ActivityType,
    AttemptOutcome,
    AttemptTrigger,
    BatchStatus,
    DeliveryAttempt,
    DeliveryKind,
    Execution,
    ExecutionStatus,
    FunctionKind,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    Role,
    SessionStatus,
    StepKind,
    User,
)
from opensink_web.models.execution import DECLINED, EXPIRED, REJECTED
from opensink_web.web.deliveries import delivery
from opensink_web.web.executions import batch_progress, execution
from opensink_web.web.executions.batch import View
from opensink_web.web.rendering import happenings, kind_words, words

SPRITE = Path(__file__).parents[3] / "static/vendor/tabler-icons-3.51.0/sprite.svg"
STATUSES = [status for statuses in get_args(words.Status) for status in statuses]
IN_WORDS: list[tuple[Callable[[Any], str], type[Enum]]] = [
    (words.part_of_batch, ExecutionStatus),
    (kind_words.delivery_kind, DeliveryKind),
    (kind_words.attempt_trigger, AttemptTrigger),
    (kind_words.function_kind, FunctionKind),
    (kind_words.role_in_short, Role),
    (lambda view: view.text, View),
    (words.mark_icon, words.Mark),
]


def icons() -> set[str]:
    return set(re.findall(r'id="([\w-]+)"', SPRITE.read_text()))


def check(drawn: Iterable[words.Badge | happenings.Happening]) -> None:
    tones = {"neutral", "info", "success", "warning", "danger"}
    for each in drawn:
        assert each.icon in icons()
        assert each.tone in tones


@pytest.mark.parametrize("status", [None, *STATUSES], ids=repr)
def test_every_status_has_a_badge(status: words.Status | None) -> None:
    badge = words.badge(status)
    assert badge.text
    check([badge])


@pytest.mark.parametrize(("in_words", "members"), IN_WORDS)
def test_every_kind_has_words_of_its_own(
    in_words: Callable[[Any], str], members: type[Enum]
) -> None:
    texts = [in_words(member) for member in members]
    assert all(texts)
    assert len(set(texts)) == len(texts)


def test_every_event_has_a_title_and_is_drawn() -> None:
    attempts = [DeliveryAttempt(outcome=each, latency_ms=1) for each in (None, *AttemptOutcome)]
    events = [
        *map(happenings.activity, ActivityType),
        *map(happenings.execution_step, StepKind),
        *map(happenings.attempt, attempts),
        happenings.SESSION_FAILED,
        happenings.AGENTS_REPORT,
        happenings.DECLINED,
    ]
    assert all(event.title for event in events)
    check(events)


def test_every_outcome_of_an_answer_is_told() -> None:
    told = [
        *map(words.session_after_answer, SessionStatus),
        *map(words.execution_after_answer, ExecutionStatus),
    ]
    assert all(text and words.mark_icon(mark) in icons() for mark, text in told)


def test_every_decision_is_told() -> None:
    told = {
        (kind, status): words.decided(InputRequest(kind=kind, status=status))
        for kind in InputRequestKind
        for status in InputRequestStatus
    }
    assert all(told.values())
    assert told[InputRequestKind.APPROVAL, InputRequestStatus.RESOLVED] == "Approved"
    assert told[InputRequestKind.INPUT, InputRequestStatus.RESOLVED] == "Answered"
    assert {told[kind, InputRequestStatus.DECLINED] for kind in InputRequestKind} == {"Declined"}


@pytest.mark.parametrize("status", [InputRequestStatus.HELD, InputRequestStatus.RESOLVED])
def test_what_can_be_undone_reads_as_what_was_decided(status: InputRequestStatus) -> None:
    answered = InputRequest(kind=InputRequestKind.INPUT, status=status)
    approved = InputRequest(kind=InputRequestKind.APPROVAL, status=status)
    assert words.badge(answered).text == words.decided(answered) == "Answered"
    assert words.badge(approved).text == words.decided(approved) == "Approved"


def test_a_persons_no_is_no_failure() -> None:
    held = {"status": InputRequestStatus.HELD, "sealed_decline_reason": "sealed"}
    declined = [
        words.badge(InputRequestStatus.DECLINED),
        *(words.badge(InputRequest(kind=kind, **held)) for kind in InputRequestKind),
        *(
            words.badge(Execution(status=ExecutionStatus.FAILED, error_code=code))
            for code in (REJECTED, DECLINED)
        ),
    ]
    assert {(badge.text, badge.tone) for badge in declined} == {("Declined", "neutral")}
    assert happenings.DECLINED.tone == "neutral"
    assert words.badge(Execution(status=ExecutionStatus.FAILED)).tone == "danger"


def test_what_nobody_decided_in_time_has_expired_and_not_failed() -> None:
    expired = words.badge(Execution(status=ExecutionStatus.FAILED, error_code=EXPIRED))
    assert expired == words.badge(InputRequestStatus.EXPIRED)
    assert (expired.text, expired.tone) == ("Expired", "neutral")
    assert happenings.EXPIRED.tone == "neutral"


@pytest.mark.parametrize("status", [BatchStatus.QUEUED, BatchStatus.RUNNING])
def test_a_batch_that_only_waits_for_people_says_so(status: BatchStatus) -> None:
    def drawn(**others: int) -> words.Badge:
        counts = {ExecutionStatus.AWAITING_INPUT: 40}
        counts |= {ExecutionStatus(name): count for name, count in others.items()}
        return words.batch_badge(status, counts, declined_count=0)

    assert drawn(completed=3) == words.badge(ExecutionStatus.AWAITING_INPUT)
    assert drawn(queued=1) == drawn(running=1) == words.badge(status)


def test_who_decided_is_told() -> None:
    assert words.decider(InputRequest(resolved_by_system=True)) == "its deadline"
    assert words.decider(InputRequest(resolved_by=User(email="bob@example.com"))) == (
        "bob@example.com"
    )
    assert words.decider(InputRequest(resolved_at=clock.now())) == "somebody who has left"
    assert words.decider(InputRequest()) is None


def test_no_status_is_missing_where_they_stand_in_an_order() -> None:
    assert set(execution._TABS) == {None, *ExecutionStatus}
    assert set(batch_progress.PARTS) == {*ExecutionStatus}
    assert set(delivery._TABS) == {None, *type(delivery._TABS[1])}
