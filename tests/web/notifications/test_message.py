"""What was sent: each message with how it went, and sending one again; of one's own alone."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from opensink_web.models import MessageStatus
from opensink_web.settings import Settings
from tests.conftest import Cast
from tests.support.mail_server import MailServer
from tests.support.notifications import (
    Sender,
    add_mail,
    ask_for,
    mail_settings,
    messages,
    statuses,
    tell,
)
from tests.support.scenarios import answer

LEDGER = "/w/main/notifications/messages"


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def environment(environment: dict[str, str], mail: MailServer) -> dict[str, str]:
    return environment | mail_settings(mail)


def refused(app: Flask, cast: Cast, settings: Settings, mail: MailServer) -> UUID:
    """Have a message to Bob fail."""
    mail.refuse(lambda _: "550 5.1.1 No such user")
    with app.app_context():
        add_mail(cast.bob, settings)
        ask_for(cast.alice)
        tell(Sender(settings))
        return messages()[0].id


def test_it_says_how_each_went(
    app: Flask, cast: Cast, settings: Settings, mail: MailServer, bob: FlaskClient
) -> None:
    assert "Nothing was sent yet" in bob.get(LEDGER).text
    refused(app, cast, settings, mail)
    page = bob.get(LEDGER).text
    assert all(text in page for text in ("Failed", "No such user", "Deliver again"))
    mail.refuse(lambda _: None)
    with app.app_context():
        waiting = ask_for(cast.alice)
        tell(Sender(settings))
        answer(cast.alice, waiting)
        tell(Sender(settings))
    page = bob.get(LEDGER).text
    assert f"/w/main/requests/{waiting.request_id}" in page
    assert all(text in page for text in ("Buy?", "Sent", "Taken back"))


def test_one_that_failed_is_sent_again(
    app: Flask, cast: Cast, settings: Settings, mail: MailServer, bob: FlaskClient
) -> None:
    message_id = refused(app, cast, settings, mail)
    mail.refuse(lambda _: None)
    assert bob.post(f"{LEDGER}/{message_id}/again").status_code == 303
    again = bob.post(f"{LEDGER}/{message_id}/again", follow_redirects=True)
    assert "Only what was sent or has failed" in again.text
    with app.app_context():
        Sender(settings).send()
        assert statuses() == [MessageStatus.SENT]


def test_nobody_else_sees_it_or_has_it_sent(
    app: Flask,
    cast: Cast,
    settings: Settings,
    mail: MailServer,
    alice: FlaskClient,
    charlie: FlaskClient,
) -> None:
    message_id = refused(app, cast, settings, mail)
    assert "No such user" not in alice.get(LEDGER).text
    assert charlie.get(LEDGER).status_code == 404
    for stranger in (alice, charlie):
        assert stranger.post(f"{LEDGER}/{message_id}/again").status_code == 404
