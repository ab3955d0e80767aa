"""A mail server, settings that name it, and somebody who sends what is due."""

from collections.abc import Iterator

import pytest
from flask import Flask

from opensink_web.settings import Settings
from tests.support.mail_server import MailServer
from tests.support.notifications import Sender, mail_settings


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@pytest.fixture
def environment(environment: dict[str, str], mail: MailServer) -> dict[str, str]:
    here = {"NOTIFICATION_HOSTS": "127.0.0.0/8", "PUBLIC_URL": "https://sink.example.com"}
    return environment | mail_settings(mail) | here


@pytest.fixture
def sender(app: Flask, settings: Settings) -> Iterator[Sender]:
    with app.app_context():
        made = Sender(settings)
        yield made
        made.tools.channel_tools.client.close()
