"""All that may change on a request's page while somebody looks at it, read at one moment.

The page is drawn from it, and so is its news: what the badge, the steps and the history say can
then not contradict each other.
"""

from collections.abc import Collection
from dataclasses import dataclass

from opensink_web.models import Delivery, InputRequest
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.page import PageRequest
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
from opensink_web.web.requests.who import Who, who_of

EVENTS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class RequestState:
    """What became of a request, what happened around it, and where the reader is.

    `failed` is a call that they can have made again.
    `versions` has one for each part that is swapped by itself: what did not change stays as it is.
    """

    progress: Progress
    events: list[Event]
    place: Place
    last: LastDecision | None
    failed: Delivery | None
    thread: Thread
    is_watched: bool
    who: Who
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
    who = who_of(principal, input_request)
    asker = input_request.session or input_request.execution
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
        who=who,
        versions={
            "request": version_of(progress.version, asker and asker.status, *map(_fact, events)),
            "last": last.version if last else "none",
            "place": version_of(place.neighbours),
            "who": who.version,
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
