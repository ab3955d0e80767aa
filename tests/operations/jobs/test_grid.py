"""The grid on which jobs run: minutes of UTC that never move."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from opensink_web.errors import InvalidInput
from opensink_web.operations.jobs.grid import Grid, checked_grid

MOMENT = datetime(2026, 3, 2, 12, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("interval", "start", "times"),
    [
        (15, 0, ["12:15", "12:30", "12:45", "13:00"]),
        (30, 5, ["12:35", "13:05", "13:35", "14:05"]),
        (120, 10, ["12:10", "14:10", "16:10", "18:10"]),
        (1440, 540, ["09:00", "09:00", "09:00", "09:00"]),
        (1, 0, ["12:08", "12:09", "12:10", "12:11"]),
    ],
)
def test_it_is_as_the_api_says(interval: int, start: int, times: list[str]) -> None:
    slots = Grid(interval, start).following(MOMENT, 4)
    assert [f"{each:%H:%M}" for each in slots] == times


@pytest.mark.parametrize("interval", [1, 7, 25, 60, 1441, 10_080])
def test_every_slot_is_as_far_from_the_next_also_across_midnight(interval: int) -> None:
    grid = Grid(interval, 3)
    slots = list(grid.following(datetime(2026, 3, 2, 23, 59, tzinfo=UTC), 5))
    gaps = {after - before for before, after in pairwise(slots)}
    assert gaps == {timedelta(minutes=interval)}
    for slot in slots:
        assert grid.last_until(slot) == slot
        assert grid.first_after(slot) == slot + grid.interval
        assert grid.last_until(slot - timedelta(seconds=1)) == slot - grid.interval


@pytest.mark.parametrize(
    ("interval", "start", "path"),
    [(0, 0, "/interval_minutes"), (10_081, 0, "/interval_minutes"), (15, 60, "/start_minute")],
)
def test_what_is_out_of_range_is_refused(interval: int, start: int, path: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        checked_grid(interval, start)
    assert [each.path for each in refusal.value.errors] == [path]
