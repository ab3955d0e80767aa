"""Chores: work on many rows, a slice in a transaction; on SQLite with room for others in between.

Each says whether there is something to do, which writes nothing, and does some of it.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from opensink_web.models import InsightKind, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.user_session import forget_over, is_any_over
from opensink_web.operations.audit.chain import chain_some, is_any_unchained
from opensink_web.operations.audit.checkpoint import is_any_due, sign_some
from opensink_web.operations.decisions.bulk_result import forget_results, is_any_result_over
from opensink_web.operations.decisions.claim import forget_lapsed, is_any_lapsed
from opensink_web.operations.deletion import delete_some_left, is_anything_left
from opensink_web.operations.executions.batch import cancel_some_left, is_any_left_to_cancel
from opensink_web.operations.executions.ending import end_forgotten_batches, is_a_batch_forgotten
from opensink_web.operations.executions.queueing import is_any_unqueued, queue_some
from opensink_web.operations.executions.staging import delete_some_given_up, is_any_given_up
from opensink_web.operations.idempotency import forget_expired, is_any_expired
from opensink_web.operations.insights.counting import (
    LATE,
    progress_of,
    store_facts,
    uncounted,
)
from opensink_web.operations.insights.forgetting import forget_groups, is_any_group_over
from opensink_web.operations.insights.packing import DAY
from opensink_web.operations.insights.rollup import next_rollup, store_rollup
from opensink_web.operations.jobs.schedule import (
    begin_due_runs,
    is_any_plan_ahead,
    is_any_run_due,
    plan_anew,
)
from opensink_web.operations.kept import Kept, Term
from opensink_web.operations.notifications.beginning import begin_some, is_any_to_begin
from opensink_web.operations.notifications.ledger import forget_messages, is_any_message_over
from opensink_web.operations.notifications.notifier import (
    is_anybody_to_be_notified,
    notify_some,
)
from opensink_web.operations.requests.deadline import (
    bring_effects_forward,
    is_any_effect_too_late,
)
from opensink_web.operations.requests.preview import forget_previews, is_any_preview_over
from opensink_web.operations.requests.search import (
    closed_after,
    forget_closed,
    index_some,
    is_any_unindexed,
    is_any_wide,
    narrow_some,
)
from opensink_web.operations.retention import (
    EVERYWHERE,
    START,
    Scope,
    find_prunable,
    plans,
    prune_some,
)
from opensink_web.operations.slices import SLICE
from opensink_web.settings import Settings
from opensink_web.work.stop_signal import StopSignal


@dataclass(frozen=True, slots=True)
class Chore:
    """`is_wanted` looks whether there is something to do; `do_some` does a slice of it."""

    is_wanted: Callable[[], bool]
    do_some: Callable[[], int]

    def go_on(self) -> bool:
        """Do a slice; return whether there was anything to do."""
        with reading():
            if not self.is_wanted():
                return False
        with writing():
            return self.do_some() > 0


@dataclass(slots=True, eq=False)
class Pruning:
    """Goes once through what is older than `cutoff` in a scope, which may be far more than may go.

    It looks in a transaction that only reads, and only then says that it means to write.
    """

    kind: Kept
    cutoff: datetime
    scope: Scope = EVERYWHERE
    _after: UUID | None = START
    _ids: Sequence[UUID] = ()

    def go_on(self) -> bool:
        """Look for a slice, and delete it; return False at the end."""
        if not self._ids and self._after is not None:
            with reading():
                prunable = find_prunable(self.kind, self.cutoff, self._after, self.scope)
            self._ids, self._after = prunable.ids, prunable.next_after
        if self._ids:
            with writing():
                left = prune_some(self.kind, self.cutoff, self._ids, self.scope)
            self._ids = left  # not before they are gone for good
        return bool(self._ids) or self._after is not None


@dataclass(slots=True, eq=False)
class Weeding:
    """Goes once through the words of what waits, and takes out those of what was decided."""

    _after: int | None = 0
    _numbers: Sequence[int] = ()

    def go_on(self) -> bool:
        """Look for a slice, and take it out; return False at the end."""
        if not self._numbers and self._after is not None:
            with reading():
                closed = closed_after(self._after)
            self._numbers, self._after = closed.numbers, closed.next_after
        if self._numbers:
            with writing():
                forget_closed(self._numbers)
            self._numbers = ()
        return self._after is not None


@dataclass(slots=True, eq=False)
class Counting:
    """Goes once through what has ended, in each workspace: counts it, and rolls it up in pieces.

    Both are worked out in transactions that only read. `late` says how far it looks back for what
    was committed late.
    """

    late: timedelta = LATE
    _left: list[tuple[UUID, InsightKind]] | None = None
    _since: int | None = None

    def go_on(self) -> bool:
        """Count a slice, or roll up a piece; return False at the end."""
        if self._left is None:
            with reading():
                ids = db.session.scalars(select(Workspace.id)).all()
            self._left = [(each, kind) for each in ids for kind in InsightKind]
        if not self._left:
            return False
        if not (self._count(*self._left[-1]) or self._roll_up(*self._left[-1])):
            self._left.pop()
            self._since = None
        return bool(self._left)

    def _count(self, workspace_id: UUID, kind: InsightKind) -> bool:
        with reading():
            progress = progress_of(workspace_id, kind)
            if self._since is None:
                self._since = progress.counted_until - self.late // timedelta(milliseconds=1)
            some = uncounted(workspace_id, kind, max(self._since, 0), SLICE)
            # what is counted is noted when it is more, or a day is over
            is_new_day = some.until // DAY > progress.counted_until // DAY
            is_wanted = bool(some.ended) or (is_new_day and progress.built_until > 0)
        if is_wanted:
            with writing():
                store_facts(workspace_id, kind, some)
        self._since = some.until
        return bool(some.ended)

    def _roll_up(self, workspace_id: UUID, kind: InsightKind) -> bool:
        with reading():
            rollup = next_rollup(workspace_id, kind)
        if rollup is None:
            return False
        with writing():
            return store_rollup(workspace_id, kind, rollup) > 0


AnyChore = Chore | Pruning | Weeding | Counting
DELETING = (Chore(is_anything_left, delete_some_left), Chore(is_any_given_up, delete_some_given_up))
ENDING = (Chore(is_a_batch_forgotten, end_forgotten_batches),)
QUEUEING = (Chore(is_any_unqueued, queue_some),)
INDEXING = (Chore(is_any_unindexed, index_some), Chore(is_any_wide, narrow_some))
CANCELLING = (Chore(is_any_left_to_cancel, cancel_some_left),)
CHAINING = (Chore(is_any_unchained, chain_some),)
NOTIFYING = (Chore(is_anybody_to_be_notified, notify_some),)
BEGINNING = (Chore(is_any_to_begin, begin_some),)
SCHEDULING = (Chore(is_any_run_due, begin_due_runs),)
LAPSING = (Chore(is_any_lapsed, forget_lapsed),)
ALWAYS = (
    *SCHEDULING,
    *LAPSING,
    *CHAINING,
    *NOTIFYING,
    *BEGINNING,
    *ENDING,
    *QUEUEING,
    *CANCELLING,
    *DELETING,
    *INDEXING,
)
"""What somebody may be waiting for."""
EACH_MINUTE = (
    # what only a clock that was put back leaves to be done
    Chore(is_any_effect_too_late, bring_effects_forward),
    Chore(is_any_plan_ahead, plan_anew),
    Chore(is_any_due, sign_some),
)
"""What nobody waits for."""
CLEANING = (
    Chore(is_any_expired, forget_expired),
    Chore(is_any_over, forget_over),
    Chore(is_any_preview_over, forget_previews),
    Chore(is_any_result_over, forget_results),
    Chore(is_any_message_over, forget_messages),
    Chore(is_any_group_over, forget_groups),
)
"""What has outlived its use."""


def pruning(settings: Settings) -> list[Pruning]:
    """Return what deletes that which was kept for as long as the settings, or a workspace, say."""
    with reading():
        planned = plans(kept_days(settings))
    return [Pruning(each.kind, each.cutoff, each.scope) for each in planned]


def kept_days(settings: Settings) -> dict[Term, int]:
    """Return for how long the settings say that things are kept; 0 is for good."""
    return {
        Term.SESSIONS: settings.retention_days_sessions,
        Term.EXECUTIONS: settings.retention_days_executions,
        Term.CHATS: settings.retention_days_chats,
        Term.AUDIT: settings.retention_days_audit,
        Term.JOB_RUNS: settings.retention_days_job_runs,
        Term.SINK_ITEMS: settings.retention_days_sink_items,
    }


def do_chores(
    chores: Sequence[AnyChore],
    seconds: float = math.inf,
    *,
    on_error: Callable[[Exception], None] | None = None,
    stop: StopSignal | None = None,
) -> list[AnyChore]:
    """Do what there is to do, a slice of each in turn, for about so long; return those that may
    have more to do.

    With `on_error` one that fails is left, and the others go on; it may raise what ends them all.
    `stop` is looked at between two slices.
    """
    ends_at = time.monotonic() + seconds
    has_one_writer = db.session.get_bind().dialect.name == "sqlite"
    left = list(chores)
    while left and time.monotonic() < ends_at:
        for chore in list(left):
            began_at = time.monotonic()
            if began_at >= ends_at or (stop and stop.is_set):
                return left
            try:
                is_done = not chore.go_on()
            except Exception as error:
                if on_error is None:
                    raise
                on_error(error)
                is_done = True
            if is_done:
                left.remove(chore)
            elif has_one_writer:
                # whoever waited meanwhile gets as much time to write
                time.sleep(time.monotonic() - began_at)
    return left
