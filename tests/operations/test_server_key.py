"""The key of Web Push: one for the installation, made when it is needed first."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import func, select

from opensink_web.channels.push_keys import VapidKey
from opensink_web.models import ServerKey, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.server_key import ensure_push_key, push_key

pytestmark = pytest.mark.usefixtures("on_each_database")
TOGETHER = 4


def test_it_is_made_once_and_sealed(app: Flask) -> None:
    with app.app_context(), writing():
        assert push_key() is None
        made = ensure_push_key()
    with app.app_context(), writing():
        assert ensure_push_key() == push_key() == made
        stored = db.session.scalar(select(ServerKey.sealed_private_key))
    assert stored is not None
    assert made not in stored
    assert len(VapidKey(made, "mailto:ops@example.com").public_key) == 87


def test_of_several_who_need_it_first_one_makes_it(app: Flask) -> None:
    start = threading.Barrier(TOGETHER)

    def need_it(_: int) -> str:
        with app.app_context():
            start.wait()
            with writing():
                return ensure_push_key()

    with ThreadPoolExecutor(TOGETHER) as pool:
        keys = set(pool.map(need_it, range(TOGETHER)))
    with app.app_context(), reading():
        assert keys == {push_key()}
        assert db.session.scalar(select(func.count()).select_from(ServerKey)) == 1
