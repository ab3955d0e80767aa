"""After an upgrade nobody is told of what was asked before; a downgrade forgets what was told."""

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import select

from opensink_web.cli.database import run_migrations
from opensink_web.models import AuditHead, NotificationCursor, db
from opensink_web.settings import Settings
from tests.conftest import make_cast
from tests.support.notifications import add_mail, ask_for, look, messages
from tests.support.old_rows import everything

pytestmark = pytest.mark.server
BEFORE = "0052"
SETTINGS = Settings.from_env({"SMTP_HOST": "mail.example.com", "SMTP_FROM": "a@example.com"})


@pytest.fixture
def app(within_empty_app: None, empty_app: Flask) -> Flask:
    run_migrations()
    return empty_app


@pytest.mark.usefixtures("app")
def test_down_and_up_with_messages() -> None:
    cast = make_cast()
    add_mail(cast.bob, SETTINGS)
    ask_for(cast.alice)
    look()
    assert len(messages()) == 1
    db.session.remove()
    flask_migrate.downgrade(revision=BEFORE)
    assert not [table for table in everything() if table.startswith("notification")]

    run_migrations()
    with db.session.begin():
        heads = db.session.scalars(select(AuditHead.seq)).all()
        assert db.session.scalars(select(NotificationCursor.seq)).all() == heads
    db.session.remove()
    add_mail(cast.bob, SETTINGS)
    look()
    assert list(messages()) == []
    ask_for(cast.alice)
    look()
    assert len(messages()) == 1
