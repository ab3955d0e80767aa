"""Who may begin in a worker: short work never waits for long calls, answers for nobody."""

from uuid import UUID, uuid4

import pytest

from opensink_web.work.capacity import SLOW_SECONDS, Capacity


class Seconds:
    """A clock that is moved on by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def begin(capacity: Capacity, group_id: UUID, count: int = 1) -> list[UUID]:
    calls = [uuid4() for _ in range(count)]
    for each in calls:
        capacity.begin(each, group_id)
    return calls


def test_as_many_begin_as_there_are_places_and_some_are_kept_for_what_is_urgent(
    seconds: Seconds,
) -> None:
    capacity, group = Capacity(8, 0, seconds), uuid4()
    assert capacity.available(group, is_urgent=False) == 6
    begin(capacity, group, 6)
    assert capacity.available(uuid4(), is_urgent=False) == 0
    assert capacity.available(uuid4(), is_urgent=True) == 2


def test_the_only_place_is_everybodys(seconds: Seconds) -> None:
    assert Capacity(1, 0, seconds).available(uuid4(), is_urgent=False) == 1


def known_as_quick(capacity: Capacity) -> UUID:
    """Have a call of a new group end at once."""
    group = uuid4()
    (call,) = begin(capacity, group)
    capacity.end(call)
    return group


def test_a_call_that_lasts_makes_room_for_another(seconds: Seconds) -> None:
    capacity = Capacity(2, 10, seconds)
    quick, other = known_as_quick(capacity), known_as_quick(capacity)
    begin(capacity, quick)
    assert capacity.available(other, is_urgent=False) == 0
    assert capacity.free_up() == pytest.approx(SLOW_SECONDS)
    seconds.now += 2 * SLOW_SECONDS
    assert capacity.free_up() is None
    assert capacity.available(other, is_urgent=False) == 1


def test_groups_of_which_nothing_is_known_keep_no_place_from_short_work(seconds: Seconds) -> None:
    capacity = Capacity(2, 40, seconds)
    quick = known_as_quick(capacity)
    for _ in range(5):
        begin(capacity, uuid4())
    assert capacity.quick_count == 0
    assert capacity.available(quick, is_urgent=False) == 1


def test_few_of_them_begin_at_once_and_more_when_these_have_lasted(seconds: Seconds) -> None:
    capacity = Capacity(2, 40, seconds)
    assert capacity.probes_available == 5
    (first, *_) = [begin(capacity, uuid4())[0] for _ in range(5)]
    assert capacity.probes_available == 0
    capacity.end(first)
    assert capacity.probes_available == 1
    seconds.now += 2 * SLOW_SECONDS
    capacity.free_up()
    assert capacity.probes_available == 5


def test_a_new_group_whose_first_call_lasts_is_known_as_slow(seconds: Seconds) -> None:
    capacity, group = Capacity(2, 40, seconds), uuid4()
    begin(capacity, group)
    assert capacity.available(group, is_urgent=False) == 0
    seconds.now += 2 * SLOW_SECONDS
    capacity.free_up()
    assert capacity.is_known(group)
    assert capacity.available(group, is_urgent=False) == 3


def test_a_group_of_which_nothing_is_known_begins_with_one_call(seconds: Seconds) -> None:
    capacity, group = Capacity(16, 80, seconds), uuid4()
    assert capacity.available(group, is_urgent=False) == 1
    (call,) = begin(capacity, group)
    assert capacity.available(group, is_urgent=False) == 0
    capacity.end(call)
    assert capacity.available(group, is_urgent=False) == 10


def test_a_group_that_is_known_as_slow_takes_no_place_of_short_work(seconds: Seconds) -> None:
    capacity, slow = Capacity(2, 80, seconds), uuid4()
    begin(capacity, slow)
    seconds.now += 2 * SLOW_SECONDS
    capacity.free_up()
    begin(capacity, slow, capacity.available(slow, is_urgent=False))
    assert capacity.quick_count == 0
    assert capacity.here(slow) == 9
    assert capacity.available(uuid4(), is_urgent=False) == 1


def test_a_group_that_is_quick_again_is_treated_so(seconds: Seconds) -> None:
    capacity, group = Capacity(4, 8, seconds), uuid4()
    (call,) = begin(capacity, group)
    seconds.now += 1
    capacity.end(call)
    (call,) = begin(capacity, group)
    assert capacity.quick_count == 0
    capacity.end(call)
    begin(capacity, group)
    assert capacity.quick_count == 1


def begin_processes(capacity: Capacity, group_id: UUID) -> int:
    """Begin as many calls of a group as may, each of which takes a process."""
    capacity.note_processes(group_id, needs_process=True)
    return len(begin(capacity, group_id, capacity.available(group_id, is_urgent=False)))


@pytest.mark.parametrize("processes", [1, 2, 3, 16])
def test_no_more_processes_run_than_there_may(seconds: Seconds, processes: int) -> None:
    """New functions that hang begin as there is room, and take all but what is kept."""
    capacity, groups = Capacity(16, 200, seconds, processes=processes), [uuid4() for _ in range(40)]
    running = 0
    for _ in range(20):
        running += sum(begin_processes(capacity, group) for group in groups)
        seconds.now += 2 * SLOW_SECONDS
        capacity.free_up()
    assert running == max(processes - max(processes // 8, 1), 1)
    assert capacity.available(uuid4(), is_urgent=False) == 1, "of what takes no process"


def test_a_process_is_kept_for_python_functions_that_are_quick(seconds: Seconds) -> None:
    capacity = Capacity(16, 200, seconds, processes=4)
    quick = known_as_quick(capacity)
    for _ in range(10):
        begin_processes(capacity, uuid4())
        seconds.now += 2 * SLOW_SECONDS
        capacity.free_up()
    assert begin_processes(capacity, quick) == 1
    assert begin_processes(capacity, quick) == 0


def test_one_function_that_hangs_leaves_half_of_the_processes_to_others(seconds: Seconds) -> None:
    capacity, hanging, other = Capacity(16, 200, seconds, processes=16), uuid4(), uuid4()
    running = 0
    for _ in range(10):
        running += begin_processes(capacity, hanging)
        seconds.now += 2 * SLOW_SECONDS
        capacity.free_up()
    assert running == 6
    assert begin_processes(capacity, other) == 1


def test_a_process_is_free_again_when_its_call_has_ended(seconds: Seconds) -> None:
    capacity, group = Capacity(16, 200, seconds, processes=1), uuid4()
    capacity.note_processes(group, needs_process=True)
    (call,) = begin(capacity, group)
    assert capacity.available(group, is_urgent=False) == 0
    assert capacity.processes_available(uuid4()) == 0
    capacity.end(call)
    assert capacity.available(group, is_urgent=False) == 1


def test_what_was_claimed_in_the_same_transaction_counts(seconds: Seconds) -> None:
    capacity = Capacity(16, 200, seconds, processes=4)
    assert [capacity.processes_available(uuid4(), claimed) for claimed in range(4)] == [2, 1, 1, 0]


def test_a_function_that_has_become_an_endpoint_needs_no_process(seconds: Seconds) -> None:
    capacity, group = Capacity(16, 200, seconds, processes=1), uuid4()
    begin_processes(capacity, group)
    capacity.note_processes(group, needs_process=False)
    (call,) = begin(capacity, group)
    capacity.end(call)
    assert capacity.processes_available(uuid4()) == 0


@pytest.mark.parametrize("workers_calls", [2, 4, 32])
def test_forty_groups_that_hang_leave_room_for_short_work(
    seconds: Seconds, workers_calls: int
) -> None:
    """With as many calls as they may, over and over, until no more of them begin."""
    capacity, groups = Capacity(workers_calls, 200, seconds), [uuid4() for _ in range(40)]
    for _ in range(100):
        for group in groups:
            begin(capacity, group, min(capacity.available(group, is_urgent=False), 16))
        seconds.now += 2 * SLOW_SECONDS
        capacity.free_up()
    assert capacity.available(uuid4(), is_urgent=False) >= 1
    assert capacity.available(uuid4(), is_urgent=True) >= 1
