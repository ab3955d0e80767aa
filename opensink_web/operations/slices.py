"""How many rows are worked on at once, so that no statement and no lock grows with the data.

PostgreSQL takes 65,535 values in a statement, and SQLite keeps all other writers waiting for a
transaction. What there is more of is done in further transactions, by the sweeper (work/chores.py).
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

SLICE = 500
"""How many rows one statement names, and one transaction changes where it can be left."""

Item = TypeVar("Item")


def slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """Cut a sequence into slices, in order."""
    for start in range(0, len(items), SLICE):
        yield items[start : start + SLICE]
