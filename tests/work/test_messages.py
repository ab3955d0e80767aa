"""Messages in real workers: sent, and sent again under the same id where a worker was killed."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from opensink_web import clock
from opensink_web.json_value import JSONObject
from opensink_web.models import MessageStatus, NotificationMessage, db
from opensink_web.models.transaction import notify_after_commit, writing
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.http_server import HttpServer, Received, Reply
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    add_mail,
    add_place,
    ask_for,
    look,
    mail_settings,
    messages,
    statuses,
    subjects,
)
from tests.support.real_servers import wait_until
from tests.support.scenarios import answer
from tests.work.conftest import StartWorker

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("on_each_database")]


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def environment(environment: dict[str, str], mail: MailServer) -> dict[str, str]:
    return environment | mail_settings(mail) | {"NOTIFICATION_HOSTS": "127.0.0.0/8"}


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


class Chats(HttpServer):
    """Webhooks of several people, by their paths; `wait` is asked before it takes anything."""

    def __init__(self, wait: Callable[[str], bool]) -> None:
        self.wait = wait
        self.posted: list[tuple[str, Any]] = []

    def respond(self, received: Received) -> Reply:
        if self.wait(received.path):
            return Reply(503)
        self.posted.append((received.path, received.body))
        return Reply(200, b"ok")


@pytest.mark.parametrize("kind", ["email", "slack"])
def test_a_server_that_hangs_holds_up_nobody_else_and_nothing_is_lost_or_comes_twice(
    app: Flask,
    cast: Cast,
    settings: Settings,
    mail: MailServer,
    kind: str,
    work: Callable[[], None],
) -> None:
    tried: list[str] = []
    tried_meanwhile: list[int] = []
    answers: dict[str, str | None] = {}

    def came_to(name: str) -> int:
        places = [path for path, _ in chats.posted] + [each.to[0] for each in mail.received]
        return sum(name in place for place in places)

    def hang(place: str) -> bool:
        """Keep Alice's first message until Bob has all of his, and take it then no more."""
        tried.append(place)
        is_first = "alice" in place and tried.count(place) == 1
        answers[place] = "451 4.3.2 Try again later" if is_first else None
        if is_first:
            wait_until(lambda: came_to("bob") == 3)
            tried_meanwhile.append(tried.count(place))
        return is_first

    with Chats(hang) as chats, app.app_context():
        mail.hold(hang)
        mail.refuse(answers.get)
        for person in (cast.alice, cast.bob):
            address: JSONObject = {"address": person.email}
            webhook: JSONObject = {"webhook_url": f"{chats.origin}/{person.email}"}
            add_place(person, settings, kind, address if kind == "email" else webhook)
        for _ in range(3):
            ask_for(cast.alice)
        look()
        work()
        assert tried_meanwhile == [1], "one at a time by a channel"
        assert statuses(cast.alice) == [MessageStatus.DUE, *[MessageStatus.SENT] * 2]
        [due, *_] = messages(cast.alice)
        with writing():  # a while later
            db.session.execute(
                update(NotificationMessage)
                .where(NotificationMessage.id == due.id)
                .values(next_at=clock.now())
            )
            notify_after_commit(NotificationMessage, due.channel_id)
        work()
        assert statuses() == [MessageStatus.SENT] * 6
        assert (came_to("alice"), came_to("bob"), len(tried)) == (3, 3, 7)


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
