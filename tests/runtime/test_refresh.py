"""POST /auth/refresh and /auth/logout, and what else ends the sign-in of a program."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, update

from opensink_web.models import Membership, User, UserSession, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.credential import new_password_hash
from opensink_web.operations.accounts.password import (
    change_password,
    make_reset_link,
    reset_password,
)
from opensink_web.operations.accounts.queries import IDLE_LIFETIME
from opensink_web.operations.accounts.user_session import SESSION_LIFETIME
from opensink_web.operations.decisions.ending import remove_member
from tests.api.conftest import assert_problem
from tests.conftest import PASSWORD, Cast
from tests.runtime.conftest import Later, Program, bearing, post, signed_in
from tests.support.scenarios import admin_of

NEW_PASSWORD = "another horse entirely"


def assert_over(program: Program) -> None:
    """Check that neither of the tokens opens anything."""
    assert_problem(program.me(), 401, "not_authenticated")
    assert_problem(program.refresh(), 401, "not_authenticated")


def test_a_refresh_token_stays_as_it_is(program: Program, later: Later) -> None:
    """Existing clients keep the one that they got at the sign-in."""
    for _ in range(3):
        later(15 * 60 + 10)
        assert program.me().status_code == 401
        again = program.refreshed()
        assert again.refresh_token == program.refresh_token
        assert again.me().status_code == 200


def test_it_is_exchanged_for_another_if_asked(program: Program) -> None:
    again = program.rotated()
    assert again.refresh_token != program.refresh_token
    assert again.refreshed().refresh_token == again.refresh_token
    assert program.me().status_code == 200, "an access token lives on until its time is over"


@pytest.mark.parametrize("rotate", [True, False])
def test_one_that_was_exchanged_and_comes_again_ends_the_sign_in(
    program: Program, later: Later, rotate: bool
) -> None:
    again = program.rotated().rotated()
    later(11)
    assert_problem(program.refresh(rotate=rotate), 401, "not_authenticated")
    assert_over(again)


@pytest.mark.parametrize("rotate", [True, False])
def test_but_two_tabs_may_use_it_at_the_same_moment(
    program: Program, later: Later, rotate: bool
) -> None:
    first = program.rotated()
    later(9)
    second = Program(program.app, program.refresh(rotate=rotate).json)
    assert second.refresh_token not in {program.refresh_token, first.refresh_token}
    later(11)
    assert first.refreshed().me().status_code == 200
    assert second.refreshed().me().status_code == 200


def test_reuse_ends_no_other_sign_in(app: Flask, cast: Cast, later: Later) -> None:
    one, other = signed_in(app, cast.bob), signed_in(app, cast.bob)
    one.rotated()
    later(11)
    one.refresh()
    assert other.refreshed().me().status_code == 200


@pytest.mark.parametrize("token", ["osr_unknown", "x", "\x00", "ä" * 200])
def test_an_unknown_one_opens_nothing(app: Flask, cast: Cast, token: str) -> None:
    del cast
    status = post(app, "/auth/refresh", refresh_token=token).status_code
    assert status == (422 if token == "\x00" else 401)


def test_an_access_token_is_no_refresh_token_nor_the_other_way_round(program: Program) -> None:
    answer = post(program.app, "/auth/refresh", refresh_token=program.tokens["access_token"])
    assert answer.status_code in {401, 422}
    assert bearing(program.app, program.refresh_token).get("/agents").status_code == 401


def test_guessing_refresh_tokens_is_bounded(app: Flask, cast: Cast, later: Later) -> None:
    del cast, later
    statuses = [
        post(app, "/auth/refresh", refresh_token=f"osr_{number}").status_code
        for number in range(61)
    ]
    assert statuses == [401] * 60 + [429]


def test_others_guesses_refuse_no_token_that_was_given_out(
    app: Flask, cast: Cast, program: Program, later: Later
) -> None:
    del later
    over = signed_in(app, cast.alice)
    with app.app_context(), writing():
        db.session.execute(
            update(UserSession)
            .where(UserSession.user_id == cast.alice.id)
            .values(expires_at=UserSession.created_at)
        )
    for number in range(70):
        post(app, "/auth/refresh", refresh_token=f"osr_{number}")
    assert program.refresh().status_code == 200
    assert_problem(over.refresh(), 401, "not_authenticated")
    assert program.logout().status_code == 204
    assert post(app, "/auth/logout", refresh_token="osr_x").status_code == 429


def test_an_access_token_lives_for_fifteen_minutes(program: Program, later: Later) -> None:
    later(15 * 60 - 1)
    assert program.me().status_code == 200
    later(60)
    assert_problem(program.me(), 401, "not_authenticated")
    assert program.refreshed().me().status_code == 200


def test_a_program_stays_signed_in_while_it_is_used(program: Program, later: Later) -> None:
    idle = IDLE_LIFETIME.total_seconds()
    later(idle - 1)
    again = program.refreshed()
    later(idle - 1)
    again = again.refreshed()
    later(idle + 1)
    assert_over(again)


def test_and_not_for_ever(program: Program, later: Later) -> None:
    passed, step = 0.0, IDLE_LIFETIME.total_seconds() - 1
    while passed + step < SESSION_LIFETIME.total_seconds():
        later(step)
        passed += step
        program = program.refreshed()
    later(step)
    assert_over(program)


class TestLogout:
    def test_ends_the_sign_in_and_its_access_tokens_at_once(self, program: Program) -> None:
        assert program.logout().status_code == 204
        assert_over(program)

    def test_with_an_exchanged_token_too(self, program: Program) -> None:
        again = program.rotated()
        assert program.logout().status_code == 204
        assert_over(again)

    def test_ends_no_other_sign_in(self, app: Flask, cast: Cast) -> None:
        one, other = signed_in(app, cast.bob), signed_in(app, cast.bob)
        one.logout()
        assert other.me().status_code == 200

    def test_a_second_time_does_no_harm(self, program: Program) -> None:
        program.logout()
        assert program.logout().status_code == 204


def _change_password(user: User) -> None:
    browser = UserSession(user=user, token_hash="x", expires_at=user.created_at)
    db.session.add(browser)
    db.session.flush()
    password_hash = new_password_hash(NEW_PASSWORD, email=user.email)
    change_password(user, password_hash, keep=browser.id)


def _reset_password(user: User) -> None:
    password_hash = new_password_hash(NEW_PASSWORD, email=user.email)
    reset_password(make_reset_link(user, by=None), password_hash)


def _deactivate(user: User) -> None:
    user.is_active = False


def _remove(user: User) -> None:
    remove_member(admin_of(user.memberships[0].workspace_id), user.id)


def _lose_membership(user: User) -> None:
    db.session.execute(delete(Membership).where(Membership.user_id == user.id))


def _sign_out_from_afar(user: User) -> None:
    db.session.execute(delete(UserSession).where(UserSession.user_id == user.id))


@pytest.mark.parametrize(
    "event",
    [
        _change_password,
        _reset_password,
        _deactivate,
        _remove,
        _lose_membership,
        _sign_out_from_afar,
    ],
)
def test_is_over_at_once_when_the_account_changes(
    program: Program, cast: Cast, event: Callable[[User], None]
) -> None:
    with program.app.app_context(), writing():
        event(db.session.get_one(User, cast.bob.id))
    assert program.me().status_code == 401
    assert program.refresh().status_code in {401, 403}


def test_joining_again_brings_no_sign_in_back(program: Program, cast: Cast) -> None:
    with program.app.app_context():
        with writing():
            _remove(db.session.get_one(User, cast.bob.id))
        with writing():
            db.session.add(
                Membership(user_id=cast.bob.id, workspace_id=cast.bob.workspace_id, role="viewer")
            )
    assert_over(program)


def test_the_account_page_lists_it_and_signs_it_out(program: Program, cast: Cast) -> None:
    program.app.config["WTF_CSRF_ENABLED"] = False
    browser = program.app.test_client()
    browser.post("/sign-in", data={"email": cast.bob.email, "password": PASSWORD})
    page = browser.get("/account").text
    assert "A program (Werkzeug/" in page
    (place,) = set(re.findall(r"/account/sessions/[0-9a-f-]{36}/end", page))
    assert browser.post(place).status_code == 303
    assert_over(program)


def test_a_refresh_token_is_kept_as_its_hash(program: Program) -> None:
    with program.app.app_context(), writing():
        rows = db.session.connection().exec_driver_sql("SELECT token_hash FROM refresh_tokens")
        kept = [row[0] for row in rows]
    assert len(kept) == 1
    assert program.refresh_token not in kept
    assert len(kept[0]) == 64


def test_a_sign_in_whose_time_is_over_is_over(program: Program) -> None:
    with program.app.app_context(), writing():
        db.session.execute(update(UserSession).values(expires_at=UserSession.created_at))
    assert_over(program)
