"""The second factor: setting it up, signing in with it, changing it."""

import pyotp
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from opensink_web import clock
from opensink_web.models import RecoveryCode, SecondFactor, User, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import PASSWORD, Cast
from tests.support.second_factor_cases import (
    PAGE,
    RECOVERY_CODE,
    SECRET,
    Later,
    Phone,
    give_code,
    give_password,
    is_in,
    is_set_up,
    phone_of,
)

DOES_NOT_COUNT = "This code is not valid."


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


class TestSetup:
    def test_a_code_that_the_app_shows_turns_it_on(
        self, app: Flask, cast: Cast, bob: FlaskClient, later: Later
    ) -> None:
        assert bob.post(f"{PAGE}/begin").location == PAGE
        page = bob.get(PAGE).text
        assert "<svg" in page
        assert "style=" not in page, "the policy would refuse it"
        secret = SECRET.findall(page)[0]
        answer = bob.post(f"{PAGE}/confirm", data={"code": pyotp.TOTP(secret).at(clock.now())})
        assert answer.status_code == 201
        assert len(set(RECOVERY_CODE.findall(answer.text))) == 10
        assert is_set_up(app, cast.bob.id)
        after = bob.get(PAGE).text
        assert not RECOVERY_CODE.findall(after), "they are shown once"
        assert secret not in after

    def test_until_then_nothing_is_asked(
        self, app: Flask, cast: Cast, bob: FlaskClient, client: FlaskClient
    ) -> None:
        bob.post(f"{PAGE}/begin")
        answer = bob.post(f"{PAGE}/confirm", data={"code": "000000x"})
        assert answer.status_code == 422
        assert "This is not the code the app shows now." in answer.text
        assert SECRET.findall(answer.text), "the same secret can be tried again"
        assert give_password(client, cast.bob).location == "/"

    def test_looking_at_the_page_makes_nothing(
        self, app: Flask, cast: Cast, bob: FlaskClient
    ) -> None:
        assert "Set it up" in bob.get(PAGE).text
        with app.app_context(), reading():
            assert db.session.scalars(select(SecondFactor)).all() == []

    def test_a_browser_left_alone_is_not_enough(
        self, app: Flask, cast: Cast, bob: FlaskClient, later: Later
    ) -> None:
        later(11 * 60)
        bob.post(f"{PAGE}/begin")
        code = pyotp.TOTP(SECRET.findall(bob.get(PAGE).text)[0]).at(clock.now())
        answer = bob.post(f"{PAGE}/confirm", data={"code": code, "password": "wrong"})
        assert answer.status_code == 422
        assert "That is not your password." in answer.text
        assert not is_set_up(app, cast.bob.id)
        data = {"code": code, "password": PASSWORD}
        assert bob.post(f"{PAGE}/confirm", data=data).status_code == 201

    def test_one_that_is_in_use_is_not_replaced(
        self, app: Flask, cast: Cast, bob: FlaskClient, client: FlaskClient, later: Later
    ) -> None:
        phone = phone_of(app, cast.bob)
        later(60)
        bob.post(f"{PAGE}/begin")
        assert "already has a second factor" in bob.get(PAGE).text
        assert bob.post(f"{PAGE}/confirm", data={"code": phone.code()}).location == PAGE
        give_password(client, cast.bob)
        assert give_code(client, phone.code()).location == "/"

    def test_neither_secret_nor_codes_can_be_read_in_the_database(
        self, app: Flask, phone: Phone
    ) -> None:
        with app.app_context(), reading():
            tables = ("second_factors", "recovery_codes")
            rows = [db.session.execute(text(f"SELECT * FROM {name}")).all() for name in tables]  # noqa: S608
        stored = str(rows)
        for secret in (phone.secret, *phone.recovery_codes):
            assert secret not in stored
            assert secret.replace("-", "") not in stored


class TestSignIn:
    def test_the_password_leads_to_the_code_and_the_code_lets_in(
        self, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        answer = give_password(client, cast.bob, "/w/main/sessions?agent%3D1")
        assert answer.location == "/sign-in/code"
        assert not is_in(client), "half signed in is not signed in"
        page = client.get("/sign-in/code").text
        assert 'autocomplete="one-time-code"' in page
        assert 'inputmode="numeric"' in page
        assert give_code(client, phone.code()).location == "/w/main/sessions?agent=1"
        assert is_in(client)

    def test_two_tabs_wait_for_their_own_codes(
        self, app: Flask, cast: Cast, client: FlaskClient, phone: Phone, later: Later
    ) -> None:
        other = phone_of(app, cast.alice)
        later(60)
        first = give_password(client, cast.bob, "/account?tab=1").location
        second = give_password(client, cast.alice, "/account?tab=2").location
        assert client.post(second, data={"code": phone.code()}).status_code == 422
        answer = client.post(first, data={"code": phone.code(steps=1)})
        assert answer.location == "/account?tab=1"
        assert cast.bob.email in client.get("/account").text
        answer = client.post(second, data={"code": other.code()})
        assert answer.location == "/account?tab=2"

    def test_the_slower_of_two_tabs_goes_where_it_was_going(
        self, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        first, second = (give_password(client, cast.bob, f"/account?tab={n}") for n in (1, 2))
        assert client.post(first.location, data={"code": phone.code()}).status_code == 303
        assert client.post(second.location, data={"code": "1"}).location == "/account?tab=2"

    @pytest.mark.parametrize(("steps", "counts"), [(-2, 0), (-1, 1), (0, 1), (1, 1), (2, 0)])
    def test_clocks_may_differ_by_one_step(
        self, cast: Cast, client: FlaskClient, phone: Phone, later: Later, steps: int, counts: int
    ) -> None:
        later(300)
        give_password(client, cast.bob)
        answer = give_code(client, phone.code(steps=steps))
        assert (answer.status_code == 303) == bool(counts)
        assert is_in(client) == bool(counts)

    def test_no_code_counts_twice(
        self, app: Flask, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        other = app.test_client()
        for each in (client, other):
            give_password(each, cast.bob)
        code = phone.code()
        assert give_code(client, code).status_code == 303
        again = give_code(other, code)
        assert again.status_code == 422
        assert DOES_NOT_COUNT in again.text
        assert give_code(other, phone.code(steps=-1)).status_code == 422, "nor one before it"
        assert not is_in(other)

    def test_a_code_may_be_typed_with_blanks(
        self, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        give_password(client, cast.bob)
        code = phone.code()
        assert give_code(client, f" {code[:3]} {code[3:]}").status_code == 303

    def test_a_recovery_code_lets_in_once(
        self, app: Flask, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        give_password(client, cast.bob)
        page = client.get("/sign-in/code?use=recovery").text
        assert 'inputmode="numeric"' not in page
        code = phone.recovery_codes[3]
        assert give_code(client, code.upper().replace("-", " ")).status_code == 303
        assert "<dd>9</dd>" in client.get(PAGE).text
        other = app.test_client()
        give_password(other, cast.bob)
        assert give_code(other, code).status_code == 422

    def test_the_codes_of_others_do_not_count(
        self, app: Flask, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        theirs = phone_of(app, cast.alice)
        give_password(client, cast.bob)
        for code in (theirs.recovery_codes[0], theirs.code(), "", "x" * 1000, "\0"):
            assert give_code(client, code).status_code == 422

    def test_the_second_step_is_open_for_five_minutes(
        self, cast: Cast, client: FlaskClient, phone: Phone, later: Later
    ) -> None:
        give_password(client, cast.bob)
        later(301)
        answer = give_code(client, phone.code())
        assert answer.location == "/sign-in"
        assert "longer than five minutes" in client.get("/sign-in").text
        assert not is_in(client)

    def test_it_is_open_in_this_browser_alone(
        self, app: Flask, cast: Cast, client: FlaskClient, phone: Phone
    ) -> None:
        give_password(client, cast.bob)
        assert give_code(app.test_client(), phone.code()).location == "/sign-in"

    @pytest.mark.parametrize("change", [{"password_hash": "another"}, {"is_active": False}])
    def test_it_ends_with_the_password_and_the_account(
        self,
        app: Flask,
        cast: Cast,
        client: FlaskClient,
        phone: Phone,
        change: dict[str, object],
    ) -> None:
        give_password(client, cast.bob)
        with app.app_context(), writing():
            db.session.execute(update(User).where(User.id == cast.bob.id).values(change))
        assert give_code(client, phone.code()).location == "/sign-in"

    def test_guessing_ends_after_ten_codes_however_many_sign_ins(
        self, app: Flask, cast: Cast, client: FlaskClient, phone: Phone, later: Later
    ) -> None:
        for browser in (client, app.test_client()):
            give_password(browser, cast.bob)
            for _ in range(5):
                assert give_code(browser, "000000").status_code == 422
        refused = give_code(client, phone.code())
        assert refused.status_code == 429
        assert "Retry-After" in refused.headers
        assert "too many attempts" in refused.text
        later(120)
        assert give_code(client, phone.code()).status_code == 303

    def test_without_the_password_there_is_no_second_step(self, client: FlaskClient) -> None:
        for method in ("GET", "POST"):
            assert client.open("/sign-in/code", method=method).location == "/sign-in"


class TestChanging:
    @pytest.mark.parametrize("proof", ["password", "code", "recovery code"])
    def test_it_is_turned_off_with_the_password_or_a_code(
        self, app: Flask, cast: Cast, bob: FlaskClient, later: Later, proof: str
    ) -> None:
        phone = phone_of(app, cast.bob)
        later(60)
        proofs = {"password": PASSWORD, "code": phone.code()}
        proofs["recovery code"] = phone.recovery_codes[0]
        for wrong in ("", "wrong"):
            answer = bob.post(f"{PAGE}/turn-off", data={"off-proof": wrong})
            assert answer.status_code == 422
        assert is_set_up(app, cast.bob.id)
        assert bob.post(f"{PAGE}/turn-off", data={"off-proof": proofs[proof]}).status_code == 303
        assert not is_set_up(app, cast.bob.id)
        assert bob.post(f"{PAGE}/turn-off", data={"off-proof": PASSWORD}).location == PAGE

    def test_new_recovery_codes_take_the_place_of_the_old(
        self, app: Flask, cast: Cast, bob: FlaskClient, client: FlaskClient, later: Later
    ) -> None:
        phone = phone_of(app, cast.bob)
        answer = bob.post(f"{PAGE}/recovery-codes", data={"codes-proof": "wrong"})
        assert answer.status_code == 422
        answer = bob.post(f"{PAGE}/recovery-codes", data={"codes-proof": PASSWORD})
        assert answer.status_code == 201
        new = RECOVERY_CODE.findall(answer.text)
        give_password(client, cast.bob)
        assert give_code(client, phone.recovery_codes[0]).status_code == 422
        assert give_code(client, new[0]).status_code == 303

    def test_without_one_there_are_no_codes_to_renew(self, bob: FlaskClient) -> None:
        assert bob.post(f"{PAGE}/recovery-codes").location == PAGE


def test_the_codes_of_a_factor_go_with_it(app: Flask, cast: Cast, phone: Phone) -> None:
    with app.app_context(), writing():
        db.session.delete(db.session.scalars(select(SecondFactor)).one())
    with app.app_context(), reading():
        assert db.session.scalars(select(RecoveryCode)).all() == []
