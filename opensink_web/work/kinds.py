"""The registry of what workers do after a commit: a line for each kind of work.

A new kind is a table whose rows are `Leased`, a module beside this one with a `Kind`, and a line
here; what makes a row due calls `notify_after_commit`.
"""

from collections.abc import Callable
from typing import Any

from opensink_web.models import (
    Callback,
    Deadline,
    Delivery,
    Escalation,
    Execution,
    JobRun,
    NotificationMessage,
)
from opensink_web.work.callbacks import Callbacks
from opensink_web.work.deadlines import Deadlines
from opensink_web.work.deliveries import Deliveries
from opensink_web.work.escalations import Escalations
from opensink_web.work.executions import Executions
from opensink_web.work.job_runs import JobRuns
from opensink_web.work.messages import Messages
from opensink_web.work.queue import Kind, Limits

KINDS: dict[str, Callable[[Limits], Kind[Any, Any]]] = {
    Delivery.__tablename__: Deliveries,
    Execution.__tablename__: Executions,
    Callback.__tablename__: Callbacks,
    Deadline.__tablename__: Deadlines,
    Escalation.__tablename__: Escalations,
    NotificationMessage.__tablename__: Messages,
    JobRun.__tablename__: JobRuns,
}
"""By the name of their tables, in the order in which they are served."""


def kinds_within(limits: Limits) -> dict[str, Kind[Any, Any]]:
    """Return all kinds, which keep within these limits."""
    return {name: make(limits) for name, make in KINDS.items()}
