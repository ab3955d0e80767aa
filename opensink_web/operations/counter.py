"""Counters for operators, which go on after what was counted is gone.

Each thing is counted once, in the transaction in which a chore of the sweeper goes past it: when
its audit entry is chained, or its fact is written. So nobody who decides waits for a common row.
Messages alone are counted by the worker that sent them, as the last thing in its transaction.
"""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from opensink_web.models import Counter, db

EVENTS, CALLS, MESSAGES = "events", "calls", "messages"
SECONDS = (0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600)
"""Up to how many seconds each part of the histogram of calls goes."""
SUM_MS, INFINITE = "sum_ms", "inf"


def count(name: str, amounts: Mapping[str, int]) -> None:
    """Add to counters, by their labels."""
    if not amounts:
        return
    dialect = sqlite if db.engine.dialect.name == "sqlite" else postgresql
    insertion = dialect.insert(Counter)
    # in one order, so that two who count do not wait for each other
    rows = [{"name": name, "label": label, "value": amounts[label]} for label in sorted(amounts)]
    db.session.execute(
        insertion.values(rows).on_conflict_do_update(
            index_elements=[Counter.name, Counter.label],
            set_={"value": Counter.value + insertion.excluded.value},
        )
    )


def counts_of(name: str) -> dict[str, int]:
    """Return all counters of a name, by their labels."""
    query = select(Counter.label, Counter.value).where(Counter.name == name)
    return {row.label: row.value for row in db.session.execute(query)}


def part_of_histogram(milliseconds: int) -> str:
    """Return the label of the part in which a duration counts."""
    below = [each for each in SECONDS if milliseconds <= each * 1000]
    return str(below[0]) if below else INFINITE
