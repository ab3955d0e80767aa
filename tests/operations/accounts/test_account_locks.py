"""Who looks after accounts at once waits in one order, on the database that lets them."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask

from opensink_web.errors import Conflict, NotFound, OpenSinkError
from opensink_web.models import Membership, User, db
from opensink_web.models.base import new_id
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import PasswordHash
from opensink_web.operations.accounts.password import (
    change_password,
    make_reset_link,
    reset_password,
)
from opensink_web.operations.accounts.permission import Principal
from opensink_web.operations.accounts.role import create_role, give_role, set_roles, take_role
from opensink_web.operations.accounts.user_session import begin_session, end_sessions
from tests.conftest import Cast
from tests.support.executions import principal_of

pytestmark = pytest.mark.server
ROUNDS = 60


@pytest.fixture
def environment(environment: dict[str, str], postgres_url: str) -> dict[str, str]:
    return environment | {"DATABASE_URL": postgres_url}


def at_once(app: Flask, *acts: Callable[[int], object]) -> list[OpenSinkError]:
    """Do each of these in a thread of its own, many times; return what was refused."""
    together, refused = threading.Barrier(len(acts)), []

    def run(act: Callable[[int], object]) -> None:
        with app.app_context():
            for number in range(ROUNDS):
                together.wait(100)
                try:
                    with writing():
                        act(number)
                except (Conflict, NotFound):  # the other was faster
                    continue
                except OpenSinkError as error:
                    refused.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused


def test_roles_that_are_given_and_set(app: Flask, cast: Cast) -> None:
    def by() -> Principal:
        return principal_of(cast.alice)

    with app.app_context(), writing():
        ids = [
            create_role(by(), name=name, description="", permissions=["sinas.agents.read:all"]).id
            for name in ("one", "two", "three")
        ]

    def give(number: int) -> None:
        change = take_role if number % 2 else give_role
        change(by(), ids[number % 3], cast.bob.id)

    def set_all(number: int) -> None:
        set_roles(by(), cast.bob.id, set(ids) if number % 2 else set())

    def set_others(number: int) -> None:
        set_roles(by(), cast.charlie.id, set() if number % 2 else set(ids))

    with app.app_context(), writing():
        charlie = Membership(
            user_id=cast.charlie.id, workspace_id=cast.alice.workspace_id, role="viewer"
        )
        db.session.add(charlie)
    assert at_once(app, give, give, set_all, set_others) == []


def test_passwords_that_are_changed_and_reset(app: Flask, cast: Cast) -> None:
    def user() -> User:
        return db.session.get_one(User, cast.bob.id)

    tokens: list[str] = []

    def reset(number: int) -> None:
        if number % 2 == 0 or not tokens:
            tokens.append(make_reset_link(user(), by=None))
        else:
            reset_password(tokens.pop(), PasswordHash(f"reset {number}"))

    def change(number: int) -> None:
        change_password(user(), PasswordHash(f"changed {number}"), keep=new_id())

    def sign_in_and_out(number: int) -> None:
        for _ in range(3):
            begin_session(user(), user_agent="x", remote_address="127.0.0.1")
        if number % 2:
            end_sessions(user())

    assert at_once(app, reset, change, sign_in_and_out, sign_in_and_out) == []
