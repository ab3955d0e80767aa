"""All that may change on a request's page while somebody looks at it, read at one moment.

The page is drawn from it, and so is its news: what the badge, the steps and the history say can
then not contradict each other.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from opensink_web.models import Absence, Assignment, Claim, Delivery, InputRequest
from opensink_web.operations.accounts.deputy import absences_of, stands_for
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.decisions.authority import why_not_decided_by
from opensink_web.operations.page import PageRequest
from opensink_web.operations.requests.assignment import assignments_of, own_of
from opensink_web.operations.requests.claim import claims_of
from opensink_web.operations.requests.queries import who_types
from opensink_web.operations.requests.step import StepState, step_now
from opensink_web.web.executions.execution_timeline import execution_events
from opensink_web.web.rendering.live import version_of
from opensink_web.web.rendering.timeline import Event, timeline_of
from opensink_web.web.requests.last_decision import (
    LastDecision,
    failed_call_of,
    last_decision_of,
)
from opensink_web.web.requests.place import Place, place_of
from opensink_web.web.requests.progress import Progress, progress_of
from opensink_web.web.requests.thread import Thread, thread_of
from opensink_web.web.requests.votes import ShownVotes, votes_shown

EVENTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class RequestState:
    """What became of a request, what happened around it, and where the reader is.

    `failed` is a call that they can have made again. `whose` are those it is assigned to, of which
    `own` is the reader's own assignment, or of somebody for whom they stand in; `away` are those
    who are away, by id. `claim` says who has taken it on, and whether that
    `is_claimed_by_another`; `is_forbidden` where the reader may not decide, and `why_not`; `step`
    is that of the rule by which it is decided; `typing` are the others who are at an answer;
    `votes` what several people have said, where more than one has to.
    `versions` has one for each part that is swapped by itself: what did not change stays as it is.
    """

    progress: Progress
    events: list[Event]
    place: Place
    last: LastDecision | None
    failed: Delivery | None
    thread: Thread
    is_watched: bool
    whose: Sequence[Assignment]
    own: Assignment | None
    away: Mapping[UUID, Absence]
    claim: Claim | None
    is_claimed_by_another: bool
    is_forbidden: bool
    why_not: str
    step: StepState | None
    typing: Sequence[str]
    votes: ShownVotes | None
    versions: dict[str, str]

    @property
    def version(self) -> str:
        """Everything in one word, for the address that is asked for news."""
        return ".".join(self.versions.values())

    def changed_since(self, version: str) -> Collection[str]:
        """Return the names of the parts that are not as a page with this version shows them."""
        shown = dict(zip(self.versions, version.split("."), strict=False))
        return [name for name, now in self.versions.items() if shown.get(name) != now]


def state_of(principal: Principal, input_request: InputRequest) -> RequestState:
    """Look up how a request stands now. Raises: InvalidInput for an address that makes no sense."""
    progress = progress_of(principal, input_request)
    place = place_of(principal.workspace, input_request)
    last = last_decision_of(principal, place.last_id)
    events = _events(principal, input_request)[:EVENTS_SHOWN]
    thread = thread_of(principal, input_request)
    asker = input_request.session or input_request.execution
    whose = assignments_of([input_request.id]).get(input_request.id, [])
    assigned = {each.user_id for each in whose if each.user_id is not None}
    away = absences_of(principal.workspace, assigned) if assigned else {}
    stands_in = stands_for(principal.workspace.id, principal.user.id) if assigned else ()
    claim = claims_of([input_request]).get(input_request.id)
    is_pending = progress.is_pending
    step = step_now(input_request) if is_pending else None
    why_not = why_not_decided_by(input_request, step, principal.user.id) if is_pending else ""
    votes = votes_shown(principal, input_request)
    voters = {each.who for each in votes.votes} if votes else set()
    typing = who_types(input_request.id, principal.user.id) if is_pending else ()
    typing = [each for each in typing if each not in voters]  # their answer was sent
    return RequestState(
        progress=progress,
        events=events,
        place=place,
        last=last,
        failed=failed_call_of(principal, input_request, progress),
        thread=thread,
        is_watched=progress.is_watched
        or thread.is_watched
        or (last is not None and last.is_watched),
        whose=whose,
        own=own_of(whose, principal.user.id, stands_in),
        away=away,
        claim=claim,
        is_claimed_by_another=claim is not None and claim.user_id != principal.user.id,
        is_forbidden=bool(why_not),
        why_not=why_not,
        step=step,
        typing=typing,
        votes=votes,
        versions={
            "request": version_of(progress.version, asker and asker.status, *map(_fact, events)),
            "last": last.version if last else "none",
            "place": version_of(place.neighbours),
            "who": version_of(
                is_pending,
                step and (step.number, step.was_opened),
                [(each.id, each.user_id in away) for each in whose],
                claim and (claim.user_id, claim.claimed_at),
                typing,
                votes and votes.fact,
            ),
            "thread": thread.version,
        },
    )


def _fact(event: Event) -> tuple[object, ...]:
    return event.id, event.what.title


def _events(principal: Principal, input_request: InputRequest) -> list[Event]:
    if input_request.session is not None:
        return timeline_of(
            principal.workspace, input_request.session, PageRequest(limit=EVENTS_SHOWN)
        )
    if input_request.execution is not None:
        return execution_events(principal.workspace, input_request.execution)
    return []
