"""What is checked across tables is checked as it was at one moment."""

import threading

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.models import InputRequest, db
from tests.chaos.one_moment import one_moment
from tests.conftest import Cast
from tests.support.scenarios import ask_in

pytestmark = [pytest.mark.server, pytest.mark.usefixtures("after_death")]


def test_what_is_written_meanwhile_is_not_seen(app: Flask, cast: Cast) -> None:
    def write() -> None:
        with app.app_context():
            ask_in(cast.alice, None)

    def count() -> int:
        return db.session.scalar(select(func.count()).select_from(InputRequest)) or 0

    with app.app_context():
        with one_moment():
            assert count() == 0
            writer = threading.Thread(target=write)
            writer.start()
            writer.join()
            assert count() == 0
        with one_moment():
            assert count() == 1
