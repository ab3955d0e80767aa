"""A dry run of a standing approval on what was asked last, before it is granted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from opensink_web.errors import UnreadableSecret
from opensink_web.models import InputRequest
from opensink_web.operations.decisions.queries import last_asked
from opensink_web.operations.requests.standing_approval import Asked, Fit, Terms

ROWS_MAX = 100
SECONDS_MAX = 5.0
"""Schemas that take long to check are checked no longer; an agent chooses them."""


@dataclass(frozen=True, slots=True)
class DryRunRow:
    """A request that was asked before, and whether it would have been approved."""

    request: InputRequest
    fit: Fit

    @property
    def holds(self) -> bool:
        """Return True if it would have been."""
        return self.fit is Fit.HOLDS


@dataclass(frozen=True, slots=True)
class DryRun:
    """What was checked, the newest first; `is_whole` unless it took too long to go on."""

    rows: Sequence[DryRunRow]
    is_whole: bool


def dry_run(request: InputRequest, terms: Terms) -> DryRun:
    """Hold terms against the last requests of the same agent or function and key.

    Takes its time: call it outside a transaction that writes.
    """
    asked_before = last_asked(request, ROWS_MAX)
    until = time.monotonic() + SECONDS_MAX
    rows: list[DryRunRow] = []
    for each in asked_before:
        if time.monotonic() > until:
            return DryRun(rows, is_whole=False)
        rows.append(DryRunRow(each, _fit(each, terms)))
    return DryRun(rows, is_whole=True)


def _fit(request: InputRequest, terms: Terms) -> Fit:
    try:
        return Asked.of(request).fit(terms)
    except UnreadableSecret:
        return Fit.NEEDS_A_PERSON
