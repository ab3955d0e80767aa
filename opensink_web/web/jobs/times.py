"""How often a job runs, in words for people."""

from opensink_web.operations.jobs.grid import Grid

INTERVALS = {
    5: "Every 5 minutes",
    10: "Every 10 minutes",
    15: "Every 15 minutes",
    30: "Every 30 minutes",
    60: "Every hour",
    120: "Every 2 hours",
    360: "Every 6 hours",
    720: "Every 12 hours",
    1440: "Every day",
    10_080: "Every week",
}
"""What the form offers, by the minutes from one run to the next."""
OWN = "own"
"""What it sends where another number of minutes is typed."""
_MINUTES_PER_HOUR, _MINUTES_PER_DAY = 60, 1440


def interval_in_words(grid: Grid) -> str:
    """Say how often a job runs: `Every 15 minutes`."""
    minutes = grid.interval_minutes
    if minutes in INTERVALS:
        return INTERVALS[minutes]
    for size, unit in ((_MINUTES_PER_DAY, "days"), (_MINUTES_PER_HOUR, "hours")):
        if minutes % size == 0:
            return f"Every {minutes // size} {unit}"
    return "Every minute" if minutes == 1 else f"Every {minutes:,} minutes"
