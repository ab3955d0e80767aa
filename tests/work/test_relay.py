"""Others are woken for what one worker cannot do, and not without end."""

from uuid import uuid4

from opensink_web.models.transaction import Wakeup
from opensink_web.work.relay import Relay


def test_others_are_woken_for_each_group_once_in_a_while() -> None:
    now, woken = [100.0], list[Wakeup]()
    relay = Relay(woken.append, lambda: now[0])
    one, other = Wakeup("deliveries", uuid4()), Wakeup("deliveries", uuid4())
    relay.pass_on(one)
    now[0] += 0.6
    relay.pass_on(other)
    relay.pass_on(one)
    assert woken == [one, other]
    now[0] += 0.6
    relay.pass_on(one)
    relay.pass_on(other)
    assert woken == [one, other, one]


def test_others_are_woken_at_once_for_what_has_come_since_a_group_was_worked_off() -> None:
    now, woken = [100.0], list[Wakeup]()
    relay = Relay(woken.append, lambda: now[0])
    group = Wakeup("executions", uuid4())
    relay.pass_on(group)
    relay.note_worked_off(group)
    now[0] += 0.01
    relay.pass_on(group)
    assert woken == [group], "two workers that find nothing would wake each other without end"
    now[0] += 0.1
    relay.pass_on(group)
    assert woken == [group, group]
    now[0] += 0.1
    relay.pass_on(group)
    assert woken == [group, group], "there was more all the time"
