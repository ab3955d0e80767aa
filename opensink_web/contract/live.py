"""What changed since a page was drawn: held back until something does, at no thread's cost.

Each process listens to what all of them commit, and notes for each workspace when which area was
changed last. Whoever asks says up to when they know; one answer is held for 25 seconds at most,
which is below what proxies wait.

Moments are those of the messages, so they are the same in every process. A process knows nothing
of what was before it began to listen: to whoever knows less, everything may have changed.
"""

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from flask import Flask, current_app

from opensink_web.http_server.held import HELD, MAY_HOLD, RESUMED
from opensink_web.models.transaction import Area, Change
from opensink_web.services import EXTENSION, Services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

HELD_SECONDS = 25.0
WOKEN_WITHIN_SECONDS = 0.5
FIRST_PAUSE_SECONDS, LAST_PAUSE_SECONDS = 0.0025, 0.01
"""Pages that look at once would keep everybody else waiting: they take turns, one after another."""
_SKEW_MS = 1000
"""By how much the clocks of processes on several machines may differ."""
_SHARED_MAX = 500
_LIVE = "opensink-live"
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class News:
    """Which of the areas changed, and up to when whoever was told so knows."""

    areas: frozenset[Area]
    since: int


def set_up(app: Flask) -> None:
    """Prepare for listening; the threads start with the process that serves, or who asks first."""
    app.extensions[_LIVE] = Live(app)


def begin(app: Flask) -> None:
    """Listen from now on: of pages that are drawn later, this process knows what they know."""
    known: Live = app.extensions[_LIVE]
    known.begin()


def live() -> "Live":
    """Return what this process knows of changes."""
    known: Live = current_app.extensions[_LIVE]
    return known


def page_moment() -> int:
    """Return up to when a page knows whose reading begins now."""
    return time.time_ns() // 1_000_000 - _SKEW_MS


@dataclass(slots=True)
class _Shared:
    """Something that was made, and after which change."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    moment: tuple[int, int] | None = None
    value: Any = None


class Live:
    """When what was changed, and who waits to learn of it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._changed = threading.Condition()
        self._known_from = 0
        self._moments: dict[UUID, dict[Area, int]] = {}
        self._waiting: dict[UUID, dict[HeldNews, None]] = {}
        self._due: deque[HeldNews] = deque()
        self._shared: OrderedDict[Hashable, _Shared] = OrderedDict()
        self._is_listening = False

    def begin(self) -> None:
        """Listen. A process that is forked has no threads yet, so each does it for itself."""
        with self._changed:
            self._listen()

    # -- asking -----------------------------------------------------------------------------------

    def news(self, workspace_id: UUID, areas: Collection[Area], since: int) -> News:
        """Return what changed in a workspace since a moment."""
        with self._changed:
            self._listen()
            return self._news(workspace_id, areas, since)

    def hold(
        self,
        environ: "WSGIEnvironment",
        workspace_id: UUID,
        areas: Collection[Area],
        since: int,
    ) -> bool:
        """Have the answer made when there is news, or the time is over.

        Returns False where it is to be made at once: nothing more is to be waited for.
        """
        held = environ.get(RESUMED)
        if isinstance(held, HeldNews):
            seconds = held.until - time.monotonic()
        elif not environ.get(MAY_HOLD, False):
            return False
        else:
            seconds = HELD_SECONDS
        if seconds <= 0.01 or not environ.get(MAY_HOLD, False):
            return False
        environ[HELD] = HeldNews(self, workspace_id, frozenset(areas), since, seconds)
        return True

    def _news(self, workspace_id: UUID, areas: Collection[Area], since: int) -> News:
        moments = self._moments.get(workspace_id, {})
        newest = max(self._known_from, since, *moments.values(), 0)
        if since < self._known_from:
            return News(frozenset(areas), newest)
        changed = frozenset(area for area in areas if moments.get(area, 0) > since)
        return News(changed, newest)

    def shared(
        self, workspace_id: UUID, area: Area, what: Hashable, make: Callable[[], Made]
    ) -> Made:
        """Return what is the same for all who look at an area, made once for each change.

        A change that nobody has told this process of yet may be missing in it: only for whoever is
        told of the next one.
        """
        with self._changed:
            self._listen()
            shared = self._shared.setdefault((workspace_id, area, what), _Shared())
            self._shared.move_to_end((workspace_id, area, what))
            while len(self._shared) > _SHARED_MAX:
                self._shared.popitem(last=False)
        with shared.lock:  # whoever else looks at the same meanwhile waits for it
            with self._changed:
                moment = self._moment(workspace_id, area)
            if shared.moment != moment:
                shared.value, shared.moment = make(), moment
            made: Made = shared.value
            return made

    def _moment(self, workspace_id: UUID, area: Area) -> tuple[int, int]:
        return self._known_from, self._moments.get(workspace_id, {}).get(area, 0)

    def look_up(self, workspace_id: UUID, area: Area, what: Hashable) -> Any:
        """Return what is shared, if it was made after the last change; else None."""
        with self._changed:
            shared = self._shared.get((workspace_id, area, what))
            if shared is None or shared.moment != self._moment(workspace_id, area):
                return None
            self._shared.move_to_end((workspace_id, area, what))
            return shared.value

    # -- waiting ----------------------------------------------------------------------------------

    def add(self, held: "HeldNews") -> None:
        """Wake it at the next change; at once, if there was one meanwhile."""
        with self._changed:
            self._waiting.setdefault(held.workspace_id, {})[held] = None
            if self._news(held.workspace_id, held.areas, held.since).areas:
                self._let_go(held)

    def remove(self, held: "HeldNews") -> None:
        """Forget one that is answered."""
        with self._changed:
            self._waiting.get(held.workspace_id, {}).pop(held, None)

    def _let_go(self, held: "HeldNews") -> None:
        self._waiting[held.workspace_id].pop(held)
        if not self._waiting[held.workspace_id]:
            del self._waiting[held.workspace_id]
        self._due.append(held)
        self._changed.notify_all()

    # -- listening --------------------------------------------------------------------------------

    def changed(self, changes: Collection[Change], moment: int) -> None:
        """Note what changed, and let go who waits for it."""
        with self._changed:
            for change in changes:
                moments = self._moments.setdefault(change.workspace_id, {})
                # each later than the one before, whatever the clocks of those who speak
                moments[change.area] = max(moment, *(each + 1 for each in moments.values()), 0)
            for workspace_id in {change.workspace_id for change in changes}:
                areas = {each.area for each in changes if each.workspace_id == workspace_id}
                for held in [*self._waiting.get(workspace_id, {})]:
                    if held.areas & areas:
                        self._let_go(held)

    def may_have_missed(self) -> None:
        """Know nothing of what was before now, and let everybody look."""
        with self._changed:
            self._known_from = max(time.time_ns() // 1_000_000, self._known_from + 1)
            for waiting in [*self._waiting.values()]:
                for held in [*waiting]:
                    self._let_go(held)

    def _listen(self) -> None:
        if self._is_listening:
            return
        self._is_listening = True
        self._known_from = time.time_ns() // 1_000_000
        services: Services = self._app.extensions[EXTENSION]
        services.changes.follow(self)
        threading.Thread(target=self._wake, name="live", daemon=True).start()

    def _wake(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due)
                held, left = self._due.popleft(), len(self._due)
            held.wake()
            pause_seconds = WOKEN_WITHIN_SECONDS / (left + 1)
            time.sleep(min(max(pause_seconds, FIRST_PAUSE_SECONDS), LAST_PAUSE_SECONDS))


class HeldNews:
    """One answer that is held: what the server knows of it (http_server/held.py)."""

    def __init__(
        self,
        live: Live,
        workspace_id: UUID,
        areas: frozenset[Area],
        since: int,
        seconds: float,
    ) -> None:
        self.workspace_id = workspace_id
        self.areas = areas
        self.since = since
        self.seconds = seconds
        self.until = time.monotonic() + seconds
        self.wake: Callable[[], None] = lambda: None
        self._live = live

    def begin(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self._live.add(self)

    def end(self) -> None:
        self._live.remove(self)
