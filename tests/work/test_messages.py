"""Messages in real workers: sent, and sent again under the same id where a worker was killed."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.models import MessageStatus, NotificationMessage, db
from opensink_web.models.transaction import notify_after_commit, writing
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    add_mail,
    ask_for,
    look,
    mail_settings,
    messages,
    statuses,
    subjects,
)
from tests.support.scenarios import answer
from tests.work.conftest import StartWorker

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def environment(environment: dict[str, str], mail: MailServer) -> dict[str, str]:
    return environment | mail_settings(mail)


def test_a_worker_sends_what_is_due_and_takes_it_back(
    app: Flask, cast: Cast, settings: Settings, mail: MailServer, work: Callable[[], None]
) -> None:
    with app.app_context():
        add_mail(cast.bob, settings)
        waiting = ask_for(cast.alice)
        look()
        work()
        assert subjects(mail, cast.bob) == ["[Main] Buy?"]
        answer(cast.alice, waiting)
        look()
        work()
        assert subjects(mail, cast.bob) == ["[Main] Buy?", "Re: [Main] Buy?"]
        assert statuses() == [MessageStatus.SENT] * 2


def test_one_whose_worker_was_killed_while_it_was_sent_comes_twice_at_most_with_one_id(
    app: Flask,
    cast: Cast,
    settings: Settings,
    mail: MailServer,
    start_worker: StartWorker,
    work: Callable[[], None],
) -> None:
    taken, is_dead = threading.Event(), threading.Event()

    def hold(_address: str) -> None:
        taken.set()
        is_dead.wait(60)

    with app.app_context():
        add_mail(cast.bob, settings)
        ask_for(cast.alice)
        mail.hold(hold)
        worker = start_worker()
        look()
        assert taken.wait(60)
        worker.kill()
        worker.wait()
        is_dead.set()
        [message] = messages()
        assert (message.status, message.attempt_count) == (MessageStatus.DUE, 1)
        with writing():  # its lease runs out
            past = {"lease_until": clock.now() - timedelta(seconds=1)}
            db.session.execute(update(NotificationMessage).values(**past))
            notify_after_commit(NotificationMessage, message.channel_id)
        work()
        assert statuses() == [MessageStatus.SENT]
        assert 1 <= len(mail.received) <= 2
        assert len({str(each.mail["Message-ID"]) for each in mail.received}) == 1
