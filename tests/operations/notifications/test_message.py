"""Messages as work: what fails is tried again for a day, once each, and nobody else waits."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from flask import current_app
from sqlalchemy import select, update

from opensink_web import clock
from opensink_web.channels.base import MessageKind, Sent
from opensink_web.errors import Conflict, Unavailable
from opensink_web.models import (
    AuditAction,
    AuditEntry,
    MessageStatus,
    NotificationChannel,
    NotificationMessage,
    NotificationState,
    db,
)
from opensink_web.models.leased import RECOVERIES_MAX
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.notifications.ledger import (
    KEPT,
    forget_messages,
    is_any_message_over,
    send_again,
)
from opensink_web.operations.notifications.message import GIVEN_UP_AFTER
from opensink_web.operations.status.figures import messages_counted
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.operations.conftest import Moment
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    Sender,
    add_mail,
    ask_for,
    look,
    messages,
    next_moment,
    principal_of,
    states,
    statuses,
    subjects,
    tell,
    to,
)
from tests.support.scenarios import answer

DUE, SENT, FAILED = MessageStatus.DUE, MessageStatus.SENT, MessageStatus.FAILED


def try_until(sender: Sender, moment: Moment, is_over: Callable[[], bool]) -> int:
    """Send what is due, each time that something is; return how often that was."""
    count = 0
    while not is_over():
        moment.now = max(next_moment(), moment.now)
        count += sender.send()
    return count


def test_a_mail_server_that_is_down_for_an_hour_loses_nothing_and_doubles_nothing(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    for person in (cast.alice, cast.bob):
        add_mail(person, settings)
    mail.stop()
    asked = [ask_for(cast.alice) for _ in range(3)]
    began = moment.now
    look()
    sender.send()
    decided = ask_for(cast.alice)
    look()
    answer(cast.alice, decided)
    look()
    try_until(sender, moment, lambda: moment.now > began + timedelta(hours=1))
    assert mail.received == []
    assert statuses(cast.bob).count(DUE) == len(asked)
    assert "cannot be reached" in (messages(cast.bob)[0].last_error or "")
    mail.start()
    try_until(sender, moment, lambda: DUE not in statuses())
    for person in (cast.alice, cast.bob):
        assert subjects(mail, person) == ["[Main] Buy?"] * 3
    assert len({str(each.mail["Message-ID"]) for each in mail.received}) == 6


def test_one_that_cannot_be_sent_for_a_day_has_failed_and_can_be_sent_again(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    mail.stop()
    ask_for(cast.alice)
    began = moment.now
    look()
    tries = try_until(sender, moment, lambda: DUE not in statuses())
    assert statuses() == [FAILED]
    assert timedelta(hours=22) < moment.now - began <= GIVEN_UP_AFTER
    assert 50 < tries < 500
    mail.start()
    [failed] = messages()
    with writing():
        send_again(principal_of(cast.bob), failed.id)
    sender.send()
    assert (statuses(), len(mail.received)) == ([SENT], 1)
    with reading():
        assert messages_counted() == [("email", "failed", 1), ("email", "sent", 1)]
    assert messages()[0].last_error is None


def test_what_no_later_try_would_change_fails_at_once(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    mail.refuse(lambda _: "550 5.1.1 No such user")
    ask_for(cast.alice)
    tell(sender)
    assert statuses() == [FAILED]
    assert "No such user" in (messages()[0].last_error or "")


def test_a_channel_whose_receiver_is_gone_is_paused_and_says_why(
    cast: Cast, settings: Settings, sender: Sender
) -> None:
    channel_id = add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    [claim] = sender.claim()
    with writing():
        sender.kind.finish([(claim, Sent(ok=False, gone=True, error="It was unsubscribed."))])
    with reading():
        channel = db.session.get_one(NotificationChannel, channel_id)
        assert (channel.is_active, channel.paused_reason) == (False, "It was unsubscribed.")
    assert statuses() == [FAILED]
    ask_for(cast.alice)
    tell(sender)
    assert statuses() == [FAILED]


def test_a_wait_that_is_asked_for_is_kept(
    cast: Cast, settings: Settings, sender: Sender, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    [claim] = sender.claim()
    with writing():
        sender.kind.finish([(claim, Sent(ok=False, error="Slow down.", retry_after_seconds=300))])
    assert next_moment() >= moment.now + timedelta(seconds=300)


def test_a_worker_that_was_killed_after_sending_sends_a_copy_with_the_same_id(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    [claim] = sender.claim()
    assert sender.kind.carry_out(claim, sender.tools).ok  # and nobody hears of it
    moment.pass_seconds(60)
    sender.send()
    assert len({str(each.mail["Message-ID"]) for each in mail.received}) == 1
    assert (len(mail.received), statuses()) == (2, [SENT])
    with writing():  # the one that was thought dead comes back
        sender.kind.finish([(claim, Sent(ok=False, error="Too late."))])
    assert statuses() == [SENT]


def test_one_whose_worker_dies_each_time_ends(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    for _ in range(RECOVERIES_MAX + 1):
        assert len(sender.claim()) == 1
        moment.pass_seconds(60)
    sender.send()
    assert (statuses(), mail.received) == ([FAILED], [])
    assert "worker stopped" in (messages()[0].last_error or "")


def test_what_is_decided_while_it_is_sent_is_taken_back_after_it(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    look()
    [claim] = sender.claim()
    answer(cast.alice, waiting)
    look()
    sent = sender.kind.carry_out(claim, sender.tools)
    with writing():
        sender.kind.finish([(claim, sent)])
    tell(sender)
    assert len(mail.received) == 2
    assert mail.received[1].mail["In-Reply-To"] == mail.received[0].mail["Message-ID"]
    assert states() == [NotificationState.WITHDRAWN]


def test_what_is_old_is_forgotten_but_not_what_is_still_to_be_taken_back(
    cast: Cast, settings: Settings, sender: Sender, moment: Moment
) -> None:
    add_mail(cast.bob, settings)
    waiting = ask_for(cast.alice)
    tell(sender)
    moment.now += KEPT + timedelta(days=1)
    with reading():
        assert not is_any_message_over()
    answer(cast.alice, waiting)
    tell(sender)
    moment.now += timedelta(days=1)
    with writing():
        assert forget_messages() == 1
    assert [each.kind for each in messages()] == [MessageKind.WITHDRAWAL]


def test_sending_again_is_in_the_audit_and_only_of_what_has_ended(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    ask_for(cast.alice)
    look()
    [message] = messages()
    with pytest.raises(Conflict), writing():
        send_again(principal_of(cast.bob), message.id)
    sender.send()
    with writing():
        send_again(principal_of(cast.bob), message.id)
    sender.send()
    assert len(to(mail, cast.bob)) == 2
    assert len({str(each.mail["Message-ID"]) for each in mail.received}) == 2  # asked for
    with reading():
        repeated = select(AuditEntry).where(AuditEntry.action == AuditAction.MESSAGE_REPEATED)
        assert len(db.session.scalars(repeated).all()) == 1


@pytest.mark.server
@pytest.mark.usefixtures("on_each_database")
def test_two_that_read_the_audit_and_two_that_claim_at_once_do_each_thing_once(
    cast: Cast, settings: Settings, sender: Sender, mail: MailServer
) -> None:
    add_mail(cast.bob, settings)
    for _ in range(3):
        ask_for(cast.alice)
    at_once(look)
    claims: list[UUID] = []
    at_once(lambda: claims.extend(each.id for each in sender.claim()))
    assert (len(states()), len(claims)) == (3, 1)
    with writing():
        freed = update(NotificationMessage).values(lease_token=None, lease_until=None)
        db.session.execute(freed.values(next_at=clock.now()))
    sender.send()
    assert subjects(mail, cast.bob) == ["[Main] Buy?"] * 3


@pytest.mark.server
@pytest.mark.parametrize("on_each_database", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("on_each_database")
def test_what_is_taken_back_waits_for_nobody_who_is_just_taking_it(
    cast: Cast, settings: Settings, sender: Sender
) -> None:
    add_mail(cast.bob, settings)
    asked = ask_for(cast.alice)
    look()
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    is_taken, is_over = threading.Event(), threading.Event()

    def take() -> None:
        with app.app_context(), writing():
            db.session.execute(select(NotificationMessage.id).with_for_update()).all()
            is_taken.set()
            is_over.wait(60)

    thread = threading.Thread(target=take)
    thread.start()
    try:
        assert is_taken.wait(60)
        answer(cast.alice, asked)
        look()
    finally:
        is_over.set()
        thread.join(60)
    assert states() == [NotificationState.WITHDRAWN]
    assert sender.send() == 1
    assert statuses() == [MessageStatus.DROPPED]


def at_once(do: Callable[[], object]) -> None:
    """Have two threads do the same; one may be told that the other has just done it."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    barrier = threading.Barrier(2)

    def run() -> None:
        with app.app_context():
            barrier.wait(100)
            with suppress(Conflict, Unavailable):
                do()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
