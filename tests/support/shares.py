"""Which tests the processes of a run begin with."""

from collections.abc import Sequence
from itertools import groupby, islice

import pytest

LONGEST = {
    "test_conformance.py",
    "test_deleted.py",
    "test_hostile_input.py",
    "test_made_up.py",
    "test_promises.py",
    "test_query_plans.py",
}
"""Files with tests that take ten seconds or so without a server."""


def needs_servers(item: pytest.Item) -> bool:
    """Return True if a test starts servers, workers or a browser, or has another do so."""
    return item.get_closest_marker("server") is not None


def _is_slowest(folder: Sequence[pytest.Item]) -> bool:
    """Return True if a folder takes so long that it should share its worker with no other such."""
    return folder[0].path.parent.name in {"browser", "cli", "faults"}


def in_shares(items: Sequence[pytest.Item], workers: int) -> list[pytest.Item]:
    """Begin the share of each worker with whole folders of tests that need servers.

    pytest-xdist gives each worker as many tests, in order, and then takes from the end of what is
    left. So the servers that a folder's tests have in common are rarely started by two workers.
    """
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    slow = sorted(filter(needs_servers, items), key=lambda item: item.path.parent)
    folders = [list(each) for _, each in groupby(slow, key=lambda item: item.path.parent)]
    for folder in sorted(folders, key=lambda each: (_is_slowest(each), len(each)), reverse=True):
        min(shares, key=len).extend(folder)
    # a long test that is begun last has a worker to itself while the others have nothing to do
    quick = iter(
        sorted(
            (item for item in items if not needs_servers(item)),
            key=lambda item: item.path.name not in LONGEST,
        )
    )
    ordered: list[pytest.Item] = []
    for number, share in enumerate(shares, start=1):
        ordered += share
        end = len(items) * number // workers
        ordered += islice(quick, max(end - len(ordered), 0))
    return ordered
