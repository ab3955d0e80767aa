"""POST /auth/login: a program in which somebody signs in."""

from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import delete, select, update

from opensink_web.models import Membership, Role, User, UserSession, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts import credential
from opensink_web.operations.accounts.sign_in import ACCOUNT_RATE, ADDRESS_RATE, CODE_RATE
from opensink_web.operations.accounts.user_session import begin_session
from tests.api.conftest import assert_problem
from tests.conftest import PASSWORD, Cast, Person
from tests.runtime.conftest import Later, Program, login, ok, post, signed_in
from tests.support.second_factor_cases import phone_of

WRONG = "wrong wrong wrong"


def test_answers_tokens_and_who_it_is(app: Flask, cast: Cast) -> None:
    answer = ok(login(app, cast.bob))
    assert set(answer) == {"access_token", "refresh_token", "token_type", "expires_in", "user"}
    assert (answer["token_type"], answer["expires_in"]) == ("bearer", 900)
    user = answer["user"]
    assert (user["id"], user["email"]) == (str(cast.bob.id), cast.bob.email)
    assert user["workspace"]["slug"] == cast.bob.workspace_slug
    assert user["roles"] == ["reviewer"]
    assert "sinas.agent_session_input_requests.write:all" in user["permissions"]


def test_the_token_opens_the_api_as_far_as_its_user_may(program: Program) -> None:
    assert program.api.get("/agents").status_code == 200
    assert_problem(program.api.post("/agents", {"name": "A"}), 403, "permission_missing")


@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com", "no address"])
def test_a_wrong_password_and_no_account_are_the_same(app: Flask, cast: Cast, email: str) -> None:
    del cast
    answer = post(app, "/auth/login", email=email, password=WRONG)
    problem = assert_problem(answer, 401, "not_authenticated")
    assert problem["error"] == "The e-mail address or the password is wrong."


def test_a_deactivated_user_is_not_let_in(app: Flask, cast: Cast) -> None:
    with app.app_context(), writing():
        db.session.execute(update(User).values(is_active=False))
    assert_problem(login(app, cast.bob), 401, "not_authenticated")


def test_guesses_are_counted_with_those_on_the_sign_in_page(
    app: Flask, cast: Cast, later: Later
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    data = {"email": cast.bob.email, "password": WRONG}
    for _ in range(ACCOUNT_RATE.count - 1):
        assert login(app, cast.bob, password=WRONG).status_code == 401
    assert app.test_client().post("/sign-in", data=data).status_code == 422
    answer = login(app, cast.bob)
    assert_problem(answer, 429, "rate_limited")
    assert answer.headers["Retry-After"] == "90"
    assert login(app, cast.alice).status_code == 200, "others sign in meanwhile"
    later(91)
    assert login(app, cast.bob).status_code == 200


def test_guesses_at_many_accounts_are_counted_for_the_address(app: Flask, later: Later) -> None:
    del later
    for number in range(ADDRESS_RATE.count):
        post(app, "/auth/login", email=f"{number}@example.com", password=WRONG)
    answer = post(app, "/auth/login", email="other@example.com", password=WRONG)
    assert_problem(answer, 429, "rate_limited")


class TestWhoHasSignedInBefore:
    """A program that its owner uses is not locked out by what others guess, as browsers are not."""

    def login(
        self, app: Flask, person: Person, address: str, agent: str = "billing/1", **more: Any
    ) -> int:
        body = {"email": person.email, "password": PASSWORD, **more}
        return (
            app.test_client()
            .post(
                "/auth/login",
                json=body,
                headers={"User-Agent": agent},
                environ_base={"REMOTE_ADDR": address},
            )
            .status_code
        )

    def guess(self, app: Flask, person: Person, address: str, agent: str) -> None:
        for _ in range(ACCOUNT_RATE.count + 1):
            self.login(app, person, address, agent, password=WRONG)

    def test_from_its_network_it_still_does(self, app: Flask, cast: Cast, later: Later) -> None:
        del later
        assert self.login(app, cast.bob, "192.0.2.1") == 200
        self.guess(app, cast.bob, "198.51.100.1", "evil/1")
        assert self.login(app, cast.bob, "198.51.100.1") == 429
        assert self.login(app, cast.bob, "192.0.2.1") == 200
        assert self.login(app, cast.bob, "192.0.2.1", "billing/2") == 200

    def test_even_if_others_guess_there(self, app: Flask, cast: Cast, later: Later) -> None:
        del later
        assert self.login(app, cast.bob, "192.0.2.1") == 200
        for number in range(ADDRESS_RATE.count):
            self.login(app, replace(cast.bob, email=f"{number}@x.org"), "192.0.2.1", "evil/1")
        self.guess(app, cast.bob, "192.0.2.1", "evil/1")
        assert self.login(app, cast.bob, "192.0.2.1", "evil/1") == 429
        assert self.login(app, cast.bob, "192.0.2.1") == 200

    def test_who_is_taken_for_it_does_not_guess_at_everybody_there(
        self, app: Flask, cast: Cast, later: Later
    ) -> None:
        del later
        for person in (cast.alice, cast.bob, cast.charlie):
            assert self.login(app, person, "192.0.2.1") == 200
        with app.app_context(), writing():
            for number in range(ADDRESS_RATE.count):
                user = User(email=f"{number}@example.com")
                db.session.add(user)
                begin_session(user, user_agent="billing/1", remote_address="192.0.2.1")
        for number in range(ADDRESS_RATE.count):
            other = replace(cast.bob, email=f"{number}@example.com")
            assert self.login(app, other, "192.0.2.1", password=WRONG) == 401
        assert self.login(app, cast.bob, "192.0.2.1") == 429

    def test_anywhere_with_a_refresh_token(self, app: Flask, cast: Cast, later: Later) -> None:
        del later
        tokens = [signed_in(app, each).refresh_token for each in (cast.bob, cast.alice)]
        self.guess(app, cast.bob, "198.51.100.1", "evil/1")
        statuses = [
            self.login(app, cast.bob, f"203.0.113.{number}", refresh_token=each)
            for number, each in enumerate((*tokens, "osr_x"))
        ]
        assert statuses == [200, 429, 429]

    def test_it_does_not_guess_without_end_either(
        self, app: Flask, cast: Cast, later: Later
    ) -> None:
        del later
        assert self.login(app, cast.bob, "192.0.2.1") == 200
        self.guess(app, cast.bob, "192.0.2.1", "billing/1")
        assert self.login(app, cast.bob, "192.0.2.1") == 429


class TestWorkspaces:
    @pytest.fixture
    def second(self, app: Flask, cast: Cast) -> str:
        """The slug of a workspace that Bob joined later."""
        with app.app_context(), writing():
            theirs = db.session.get_one(Workspace, cast.charlie.workspace_id)
            db.session.add(Membership(user_id=cast.bob.id, workspace_id=theirs.id, role=Role.ADMIN))
            return theirs.slug

    def test_it_is_the_first_one_unless_named(self, app: Flask, cast: Cast, second: str) -> None:
        first = signed_in(app, cast.bob)
        other = signed_in(app, cast.bob, workspace=second)
        assert ok(first.me())["workspace"]["slug"] == cast.bob.workspace_slug
        assert ok(other.me())["roles"] == ["admin"]
        assert other.refreshed().tokens["user"]["workspace"]["slug"] == second

    @pytest.mark.parametrize("slug", ["elsewhere", "nowhere", "\x01", "ä"])
    def test_nobody_signs_in_to_somebody_elses(self, app: Flask, cast: Cast, slug: str) -> None:
        assert_problem(login(app, cast.bob, workspace=slug), 403, "sign_in_refused")

    def test_who_belongs_to_none_is_told_so(self, app: Flask, cast: Cast) -> None:
        with app.app_context(), writing():
            db.session.execute(delete(Membership).where(Membership.user_id == cast.bob.id))
        assert_problem(login(app, cast.bob), 403, "sign_in_refused")


class TestSecondFactor:
    def test_the_password_alone_is_not_enough(self, app: Flask, cast: Cast) -> None:
        phone_of(app, cast.bob)
        assert_problem(login(app, cast.bob), 401, "second_factor_required")

    def test_a_code_of_the_app_lets_in_once(self, app: Flask, cast: Cast) -> None:
        code = phone_of(app, cast.bob).code(steps=1)
        assert login(app, cast.bob, otp=code).status_code == 200
        assert_problem(login(app, cast.bob, otp=code), 401, "not_authenticated")

    def test_so_does_a_recovery_code(self, app: Flask, cast: Cast) -> None:
        code = phone_of(app, cast.bob).recovery_codes[0]
        assert login(app, cast.bob, otp=code).status_code == 200
        assert_problem(login(app, cast.bob, otp=code), 401, "not_authenticated")

    def test_codes_are_tried_so_often(self, app: Flask, cast: Cast, later: Later) -> None:
        del later
        phone_of(app, cast.bob)
        for _ in range(CODE_RATE.count):
            assert_problem(login(app, cast.bob, otp="000000"), 401, "not_authenticated")
        assert_problem(login(app, cast.bob, otp="000000"), 429, "rate_limited")

    def test_a_workspace_may_require_one(self, app: Flask, cast: Cast) -> None:
        program = signed_in(app, cast.bob)
        with app.app_context(), writing():
            db.session.execute(update(Workspace).values(requires_second_factor=True))
        assert_problem(login(app, cast.bob), 403, "sign_in_refused")
        assert_problem(program.refresh(), 403, "sign_in_refused")


@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
def test_an_unknown_account_takes_as_long_to_refuse(
    app: Flask, cast: Cast, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checking a hash is all that takes time, and both check one."""
    del cast
    post(app, "/auth/login", email="nobody@example.com", password=WRONG)
    checked: list[str] = []
    verify = credential.hasher.verify

    def watched(_hasher: object, known: str, password: str) -> bool:
        checked.append(known)
        return verify(known, password)

    monkeypatch.setattr(PasswordHasher, "verify", watched)
    post(app, "/auth/login", email=email, password=WRONG)
    assert len(checked) == 1


def test_the_sign_in_is_listed_with_its_program(app: Flask, cast: Cast) -> None:
    app.test_client().post(
        "/auth/login",
        json={"email": cast.bob.email, "password": PASSWORD},
        headers={"User-Agent": "billing/2.1 (nightly)"},
    )
    with app.app_context(), reading():
        session = db.session.scalars(select(UserSession)).one()
        assert (session.user_agent, session.token_hash) == ("billing/2.1 (nightly)", None)
