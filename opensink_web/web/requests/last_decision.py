"""What became of the decision before this page came up: one line that leaves the reader alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request, url_for

from opensink_web.errors import NotFound
from opensink_web.models import Delivery, DeliveryStatus, InputRequest, InputRequestStatus
from opensink_web.operations.accounts.permission import Action, Principal
from opensink_web.operations.deliveries.queries import find_delivery_of
from opensink_web.operations.requests.policy import rule_name_of
from opensink_web.operations.requests.queries import find_request_to_show
from opensink_web.operations.requests.step import StepState, step_now
from opensink_web.web.rendering.live import version_of
from opensink_web.web.rendering.words import Mark
from opensink_web.web.requests.inbox_filter import InboxFilter
from opensink_web.web.requests.place import undo_href
from opensink_web.web.requests.progress import Progress, Step, progress_of
from opensink_web.web.requests.votes import votes_shown


@dataclass(frozen=True, slots=True)
class LastDecision:
    """A request that was decided: how, and the step of what became of it that says most.

    `undo_until` is there while the reader can take it back, `failed` is a call that they can have
    made again. `counted` is the word for what they have said where it waits for others, which they
    can take back while its step goes on.
    """

    input_request: InputRequest
    decision: Step
    now: Step | None
    undo_until: datetime | None
    failed: Delivery | None
    is_watched: bool
    version: str
    counted: str = ""
    can_take_back: bool = False


def last_decision_of(principal: Principal, request_id: UUID | None) -> LastDecision | None:
    """Look up what became of a request; None where none was decided, or it is not there."""
    if request_id is None:
        return None
    try:
        input_request = find_request_to_show(principal.workspace, request_id)
    except NotFound:
        return None
    progress = progress_of(principal, input_request)
    if not progress.steps:
        return _counted(principal, input_request)
    decision, *further = progress.steps
    undo_until = _undo_until(principal, input_request)
    return LastDecision(
        input_request=input_request,
        decision=decision,
        now=_telling(further),
        undo_until=undo_until,
        failed=failed_call_of(principal, input_request, progress),
        is_watched=progress.is_watched,
        version=version_of(input_request.id, progress.version, undo_until),
    )


def _counted(principal: Principal, input_request: InputRequest) -> LastDecision | None:
    """Return what the reader has said to a request that waits for others to say the same."""
    votes = votes_shown(principal, input_request)
    if votes is None or not any(each.is_own for each in votes.votes):
        return None
    own, words = votes.tally.own, votes.words
    if not own:  # it was said in a step before
        own, state = votes.own_word, step_now(input_request)
        words = "" if state is None else _going_on(input_request, state)
    step = Step(Mark.DONE, words)
    version = version_of(input_request.id, votes.fact, words)
    return LastDecision(
        *(input_request, step, step, None, None),
        is_watched=False,
        version=version,
        counted=own,
        can_take_back=bool(votes.tally.own),
    )


def _going_on(input_request: InputRequest, state: StepState) -> str:
    """Say where a request waits now that the reader has decided on in a step before."""
    if not state.is_for_answer:
        return f"It waits in {state.words}"
    name = rule_name_of(input_request)
    return f"For this answer the rule “{name}” says who decides: {state.words}"


def around(last: LastDecision | None, list_filter: InboxFilter) -> dict[str, Any]:
    """Return what the bar needs in a list: where its buttons lead, and where it asks for news."""
    if last is None:
        return {"last": None}
    request_id = last.input_request.id
    address = {"workspace_slug": (request.view_args or {})["workspace_slug"], **list_filter.args}
    return {
        "last": last,
        "undo_href": undo_href(list_filter, request_id),
        "back_href": list_filter.inbox_href(last=str(request_id)),
        "refresh_href": url_for(
            "input_request.became", request_id=request_id, version=last.version, **address
        ),
    }


def _telling(steps: list[Step]) -> Step | None:
    """Return what has gone wrong, else where it has come to, else what is going on.

    An agent that was called is told; what it does with that may take it days.
    """
    for mark in (Mark.FAILED, Mark.WARNING):
        for step in steps:
            if step.mark is mark:
                return step
    done = [step for step in steps if step.mark is Mark.DONE]
    going_on = [step for step in steps if step.mark is Mark.LIVE]
    return next(iter([*done[-1:], *going_on, *steps]), None)


def _undo_until(principal: Principal, input_request: InputRequest) -> datetime | None:
    is_mine = input_request.resolved_by_id == principal.user.id
    is_held = input_request.status is InputRequestStatus.HELD
    return input_request.held_until if is_mine and is_held else None


def failed_call_of(
    principal: Principal, input_request: InputRequest, progress: Progress
) -> Delivery | None:
    """Return the call that the reader can have made again, where it has failed."""
    has_failed = any(step.mark is Mark.FAILED for step in progress.steps)
    if not has_failed or not principal.may("deliveries", Action.WRITE):
        return None
    delivery = find_delivery_of(input_request)
    return delivery if delivery is not None and delivery.status is DeliveryStatus.FAILED else None
