"""How requests and calls ended, as numbers that facts keep: nothing else of them is counted.

A code of a request is its verdict and what became of its proposal. The first codes are those of
which it counts how long they took: what a person decided, and the calls that reached the agent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Any, assert_never

from sqlalchemy import Row

from opensink_web.errors import Unavailable, UnreadableSecret
from opensink_web.json_value import JSONValue
from opensink_web.models import (
    DeliveryStatus,
    InputRequest,
    InputRequestKind,
    InputRequestStatus,
    InsightKind,
)
from opensink_web.schema.one_click import OneClick, one_click


class Verdict(IntEnum):
    """How a request ended. The first five are decisions of people."""

    APPROVED = 0
    """Yes: a call may be made, or a question that is a Yes or No was answered with Yes."""
    REFUSED = 1
    """A question that is a Yes or No was answered with No."""
    DECLINED_APPROVAL = 2
    """The same was declined, or the approval of a call."""
    ANSWERED = 3
    """Any other question was answered."""
    DECLINED = 4
    """Any other question was declined."""
    EXPIRED = 5
    """Nobody decided in time, whatever was said to happen then."""
    WITHDRAWN = 6
    """By whoever asked, or because it ended."""
    SUPERSEDED = 7
    """Something else was asked instead."""
    AUTOMATIC = 8
    """Nobody was asked any more: a standing approval answered it."""


class Edit(IntEnum):
    """What became of a proposal."""

    NOTHING_PROPOSED = 0
    KEPT = 1
    EDITED = 2


class CallOutcome(IntEnum):
    """How a call to an agent ended."""

    AT_ONCE = 0
    """The first attempt reached it."""
    LATER = 1
    """A later one did."""
    FAILED = 2


_EDITS = len(Edit)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def codes_of_kind(kind: InsightKind) -> int:
    """Return how many codes there are."""
    match kind:
        case InsightKind.REQUESTS:
            return len(Verdict) * len(Edit)
        case InsightKind.DELIVERIES:
            return len(CallOutcome)
        case _:
            assert_never(kind)


@cache
def timed_codes(kind: InsightKind) -> int:
    """Return below which code durations count."""
    match kind:
        case InsightKind.REQUESTS:
            return (Verdict.DECLINED + 1) * len(Edit)
        case InsightKind.DELIVERIES:
            return CallOutcome.FAILED.value
        case _:
            assert_never(kind)


def milliseconds(moment: datetime) -> int:
    """Return a moment as facts have it."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def moment_of(at: int) -> datetime:
    """Return the moment that a fact has."""
    return _EPOCH + timedelta(milliseconds=at)


def code_of(verdict: Verdict, edit: Edit = Edit.NOTHING_PROPOSED) -> int:
    """Return the code of a request that ended so."""
    return verdict * len(Edit) + edit


def by_verdict_and_edit(counts: Sequence[int]) -> tuple[list[int], list[int]]:
    """Add up how many requests there are of each code: by how they ended, by what was edited."""
    verdicts, edits = [0] * len(Verdict), [0] * len(Edit)
    for code, count in enumerate(counts):
        if count:
            verdicts[code // _EDITS] += count
            edits[code % _EDITS] += count
    return verdicts, edits


@dataclass(frozen=True, slots=True)
class Ended:
    """What is counted of something that has ended."""

    asker: str
    key: str
    reviewer: str
    at: int
    code: int
    duration_ms: int


def asker_of(agent_id: object, function: str | None) -> str:
    """Return by what whoever asked is known: an agent's id, or what is executed."""
    return f"agent:{agent_id}" if agent_id is not None else f"function:{function or ''}"


def ended_request(row: Row[Any]) -> Ended:
    """Return what is counted of a request that has ended for good; see `ENDED_COLUMNS`."""
    verdict, edit = _verdict_of(row), Edit.NOTHING_PROPOSED
    if verdict in {Verdict.APPROVED, Verdict.REFUSED, Verdict.ANSWERED}:
        edit = _edit_of(row)
    is_decided = verdict <= Verdict.DECLINED and row.resolved_by_id is not None
    return Ended(
        asker_of(row.agent_id, row.function),
        row.key,
        str(row.resolved_by_id) if is_decided else "",
        milliseconds(row.closed_at),
        code_of(verdict, edit),
        _between(row.created_at, row.closed_at),
    )


def ended_delivery(row: Row[Any]) -> Ended:
    """Return what is counted of a call to an agent that has ended."""
    outcome = CallOutcome.FAILED
    if row.status is DeliveryStatus.SUCCEEDED:
        outcome = CallOutcome.AT_ONCE if row.attempt_count <= 1 else CallOutcome.LATER
    duration = _between(row.created_at, row.finished_at)
    return Ended(
        asker_of(row.agent_id, None), "", "", milliseconds(row.finished_at), outcome, duration
    )


def _between(begun: datetime, ended: datetime) -> int:
    return max((ended - begun) // timedelta(milliseconds=1), 0)  # a clock may be put back


def _verdict_of(row: Row[Any]) -> Verdict:
    status: InputRequestStatus = row.status
    match status:
        case InputRequestStatus.EXPIRED:
            return Verdict.EXPIRED
        case InputRequestStatus.CANCELLED:
            return Verdict.WITHDRAWN
        case InputRequestStatus.SUPERSEDED:
            return Verdict.SUPERSEDED
        case InputRequestStatus.RESOLVED | InputRequestStatus.DECLINED:
            return _by_system(row) if row.resolved_by_system else _decision_of(row)
        case InputRequestStatus.PENDING | InputRequestStatus.HELD:
            raise ValueError("it has not ended")
        case _:
            assert_never(status)


def _by_system(row: Row[Any]) -> Verdict:
    """Return whether a deadline answered it, or something that was there before."""
    is_over = row.expires_at is not None and row.expires_at <= row.closed_at
    return Verdict.EXPIRED if is_over else Verdict.AUTOMATIC


def _decision_of(row: Row[Any]) -> Verdict:
    is_approval, click = row.kind is InputRequestKind.APPROVAL, None
    if not is_approval:
        click = _yes_or_no(row)
    if row.status is InputRequestStatus.DECLINED:
        return Verdict.DECLINED_APPROVAL if is_approval or click else Verdict.DECLINED
    if is_approval:
        return Verdict.APPROVED
    if click is None:
        return Verdict.ANSWERED
    said = _at(click.pointer, InputRequest.response.unseal(row.id, row.sealed_response))
    return Verdict.APPROVED if said is True else Verdict.REFUSED


def _yes_or_no(row: Row[Any]) -> OneClick | None:
    """Return the two answers to a question that has no others."""
    try:
        click = one_click(InputRequest.schema.unseal(row.id, row.sealed_schema))
    except (Unavailable, UnreadableSecret):
        return None
    return click if click is not None and click.no is not None else None


def _at(pointer: str, value: JSONValue) -> JSONValue:
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _edit_of(row: Row[Any]) -> Edit:
    try:
        edited = InputRequest.edited.unseal(row.id, row.sealed_edited)
    except UnreadableSecret:
        return Edit.NOTHING_PROPOSED
    if edited is None:
        return Edit.NOTHING_PROPOSED
    return Edit.EDITED if edited else Edit.KEPT
