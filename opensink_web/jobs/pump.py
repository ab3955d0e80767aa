"""A pump empties one lane: claims what is due, carries it out in threads, writes down what ended.

What has ended and what is claimed next is one transaction, so a thousand short calls cost a
hundred commits. A pump stops when nothing is due any more; the next announcement starts another.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, Future, wait
from functools import partial
from itertools import groupby
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from opensink_web.errors import Unavailable
from opensink_web.jobs.daemon_threads import DaemonThreads
from opensink_web.models.transaction import writing
from opensink_web.operations.lane import RENEWAL_SECONDS

GATHER_SECONDS = 0.01
"""How long what has ended waits for others, to be written down together."""

_AGAIN_SECONDS = 0.5
_log = logging.getLogger(__name__)


class Claimed(Protocol):
    """The right to carry one row out."""

    @property
    def id(self) -> UUID: ...
    @property
    def lease_token(self) -> str: ...


ClaimT = TypeVar("ClaimT", bound=Claimed)
ResultT = TypeVar("ResultT")


class Work(Protocol[ClaimT, ResultT]):
    """What is done in lanes of one kind. All but `carry_out` runs within a transaction."""

    def claim(self, lane_id: UUID, most: int) -> list[ClaimT]:
        """Take what is due."""
        ...

    def carry_out(self, claim: ClaimT) -> ResultT:
        """Do it, in a thread of its own. May raise: then the lease runs out, and others take it."""
        ...

    def finish(self, settled: Sequence[tuple[ClaimT, ResultT]]) -> None:
        """Write down how it went."""
        ...

    def renew(self, row_ids: Sequence[UUID], lease_token: str) -> None:
        """Keep the lease of what goes on."""
        ...


class Pump(Generic[ClaimT, ResultT]):
    """Empties one lane, at most `width` calls at once; `is_stopping` says to take nothing new.

    `tell_others` is called when there is more to do than this pump can.
    """

    def __init__(
        self,
        work: Work[ClaimT, ResultT],
        lane_id: UUID,
        width: int,
        threads: DaemonThreads,
        is_stopping: Callable[[], bool],
        tell_others: Callable[[], None],
    ) -> None:
        self._work = work
        self._lane_id = lane_id
        self._width = width
        self._threads = threads
        self._is_stopping = is_stopping
        self._tell_others = tell_others
        self._in_flight: dict[Future[ResultT], ClaimT] = {}
        self._ended: list[tuple[ClaimT, ResultT]] = []
        self._renewed_at = time.monotonic()

    def run(self) -> int:
        """Work until nothing is due; return how many rows were claimed."""
        claimed_count = self._turn()
        if claimed_count == self._width:
            self._tell_others()  # there may be more than this worker can take
        while self._in_flight or self._ended:
            self._gather()
            self._renew()
            if self._ended:
                claimed_count += self._turn_in_time()
        return claimed_count

    def _turn(self) -> int:
        """Write down what has ended and claim the next, in one transaction."""
        room = 0 if self._is_stopping() else self._width - len(self._in_flight)
        with writing():
            self._work.finish(self._ended)
            claims = self._work.claim(self._lane_id, room) if room > 0 else []
        self._ended = []
        for claim in claims:
            future = self._threads.submit(partial(self._work.carry_out, claim))
            self._in_flight[future] = claim
        return len(claims)

    def _turn_in_time(self) -> int:
        """Take a turn; what the database cannot take now it is given again a moment later."""
        try:
            return self._turn()
        except Unavailable:
            _log.warning("What came of %d calls could not be stored yet", len(self._ended))
            time.sleep(_AGAIN_SECONDS)
        except Exception:
            _log.exception("What came of %d calls could not be stored at once", len(self._ended))
            self._finish_one_by_one()
        return 0

    def _finish_one_by_one(self) -> None:
        """Store what can be stored: one result that the database refuses must not hold up others.

        The lease of what it refuses runs out.
        """
        for each in self._ended:
            try:
                with writing():
                    self._work.finish([each])
            except Exception:
                _log.exception("What came of %s could not be stored", each[0].id)
        self._ended = []

    def _gather(self) -> None:
        """Wait until something has ended, and a moment for more."""
        wait(self._in_flight, timeout=RENEWAL_SECONDS, return_when=FIRST_COMPLETED)
        done, _ = wait(self._in_flight, timeout=GATHER_SECONDS, return_when=ALL_COMPLETED)
        for future in done:
            claim = self._in_flight.pop(future)
            error = future.exception()
            if error is None:
                self._ended.append((claim, future.result()))
            else:
                _log.error("Carrying out %s failed", claim.id, exc_info=error)

    def _renew(self) -> None:
        """Keep the leases of what goes on. One that cannot be kept now may last until next time."""
        if time.monotonic() - self._renewed_at < RENEWAL_SECONDS or not self._in_flight:
            return
        self._renewed_at = time.monotonic()
        claims = sorted(self._in_flight.values(), key=lambda claim: claim.lease_token)
        try:
            with writing():
                for token, group in groupby(claims, key=lambda claim: claim.lease_token):
                    self._work.renew([claim.id for claim in group], token)
        except Unavailable:
            _log.warning("The leases of %d calls could not be renewed", len(claims))
