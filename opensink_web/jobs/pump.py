"""A pump empties one lane: claims what is due, carries it out in threads, writes down what ended.

What has ended and what is claimed next is one transaction, so a thousand short calls cost a
hundred commits. A pump stops when nothing is due any more; the next announcement starts another.
One that comes while a pump is waiting for a long call has it claim what else is due meanwhile.
"""

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import (
    ALL_COMPLETED,
    FIRST_COMPLETED,
    Future,
    InvalidStateError,
    wait,
)
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from opensink_web.errors import Unavailable
from opensink_web.jobs.daemon_threads import DaemonThreads
from opensink_web.models.transaction import writing
from opensink_web.operations.lane import RENEWAL_SECONDS

GATHER_SECONDS = 0.01
"""How long what has ended waits for others, to be written down together."""

_AGAIN_SECONDS = 0.5
_TELL_AGAIN_SECONDS = 1.0
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

    def give_up(self, claim: ClaimT) -> None:
        """Write down that it is done, though what came of it cannot be stored."""
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
        self._told_at = float("-inf")
        self._summons: Future[None] = Future()

    def run(self) -> int:
        """Work until nothing is due; return how many rows were claimed."""
        claimed_count = self._turn()
        if claimed_count == self._width:
            self._tell_others()  # there may be more than this worker can take
        while self._in_flight or self._ended:
            self._gather()
            self._renew()
            if self._ended or (self.is_to_look_again and self._room > 0):
                claimed_count += self._turn_in_time()
        return claimed_count

    def look_again(self) -> None:
        """Claim what else is due without waiting for what is in flight; from any thread."""
        with suppress(InvalidStateError):
            self._summons.set_result(None)

    def pass_on(self) -> None:
        """Have others look, now and then, if this worker has its share; from any thread."""
        moment = time.monotonic()
        if self._room <= 0 and moment - self._told_at >= _TELL_AGAIN_SECONDS:
            self._told_at = moment
            self._tell_others()

    @property
    def is_to_look_again(self) -> bool:
        """Whether something may have become due that this pump has not looked for."""
        return self._summons.done()

    @property
    def _room(self) -> int:
        return 0 if self._is_stopping() else self._width - len(self._in_flight)

    def _turn(self) -> int:
        """Write down what has ended and claim the next, in one transaction."""
        room = self._room
        if self.is_to_look_again:
            self._summons = Future()
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
            self.look_again()
            time.sleep(_AGAIN_SECONDS)
        except Exception:
            _log.exception("What came of %d calls could not be stored at once", len(self._ended))
            self._finish_one_by_one()
            if self._ended:
                time.sleep(_AGAIN_SECONDS)
        return 0

    def _finish_one_by_one(self) -> None:
        """Store what can be stored: one result that the database refuses must not hold up others.

        What cannot be stored just now is kept for the next turn.
        """
        ended, self._ended = self._ended, []
        for each in ended:
            try:
                with writing():
                    self._work.finish([each])
            except Unavailable:
                self._ended.append(each)
            except Exception:
                _log.exception("What came of %s cannot be stored", each[0].id)
                self._give_up(each)

    def _give_up(self, each: tuple[ClaimT, ResultT]) -> None:
        """Say so where it belongs; where not even that can be stored, the lease runs out."""
        try:
            with writing():
                self._work.give_up(each[0])
        except Unavailable:
            self._ended.append(each)
        except Exception:
            _log.exception("%s cannot be given up", each[0].id)

    def _gather(self) -> None:
        """Wait until something has ended or more is to be claimed, and a moment for more."""
        awaited: list[Future[Any]] = [*self._in_flight]
        if self._room > 0:
            awaited.append(self._summons)
        if not self._ended:  # what could not be stored just now waits for nothing else
            wait(awaited, timeout=RENEWAL_SECONDS, return_when=FIRST_COMPLETED)
        done, _ = wait(self._in_flight, timeout=GATHER_SECONDS, return_when=ALL_COMPLETED)
        for future in done:
            claim = self._in_flight.pop(future)
            error = future.exception()
            if error is None:
                self._ended.append((claim, future.result()))
            else:
                _log.error("Carrying out %s failed", claim.id, exc_info=error)

    def _renew(self) -> None:
        """Keep the leases of what goes on, and of what could not be stored yet.

        One that cannot be kept now may last until next time.
        """
        held = [*self._in_flight.values(), *(claim for claim, _ in self._ended)]
        if time.monotonic() - self._renewed_at < RENEWAL_SECONDS or not held:
            return
        self._renewed_at = time.monotonic()
        claims = sorted(held, key=lambda claim: claim.lease_token)
        try:
            with writing():
                for token, group in groupby(claims, key=lambda claim: claim.lease_token):
                    self._work.renew([claim.id for claim in group], token)
        except Unavailable:
            _log.warning("The leases of %d calls could not be renewed", len(claims))
