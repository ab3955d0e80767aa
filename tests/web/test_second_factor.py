"""The second factor: setting it up, signing in with it, losing it, and having to have one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pyotp
import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update
from werkzeug.test import TestResponse

from opensink_web import clock
from opensink_web.cli import commands
from opensink_web.models import Membership, RecoveryCode, Role, SecondFactor, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.second_factor import begin_setup, confirm_setup, find_setup
from opensink_web.settings import Settings
from tests.conftest import PASSWORD, Cast, Person

PAGE = "/account/second-factor"
SECRET = re.compile(r'id="second-factor-secret">([A-Z2-7]+)<')
RECOVERY_CODE = re.compile(r"\b[a-z2-7]{4}(?:-[a-z2-7]{4}){3}\b")
DOES_NOT_COUNT = "This code does not count."
Later = Callable[[float], None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """Set the clock so many seconds later than it is."""

    def shift(seconds: float) -> None:
        moment = clock.now() + timedelta(seconds=seconds)
        monkeypatch.setattr(clock, "now", lambda: moment)

    shift(0)  # no step ends in the middle of a test
    return shift


@dataclass(frozen=True)
class Phone:
    """Bob's authenticator app, and the recovery codes that he keeps."""

    secret: str
    recovery_codes: list[str]

    def code(self, *, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).at(clock.now(), counter_offset=steps)


@pytest.fixture
def phone(app: Flask, cast: Cast, later: Later) -> Phone:
    made = phone_of(app, cast.bob)
    later(60)  # the code that confirmed it counts no more
    return made


def phone_of(app: Flask, person: Person) -> Phone:
    with app.app_context():
        with writing():
            begin_setup(db.session.get_one(User, person.id))
        with writing():
            user = db.session.get_one(User, person.id)
            begun = find_setup(user)
            assert begun is not None
            code = pyotp.TOTP(begun.secret).at(clock.now())
            return Phone(begun.secret, confirm_setup(user, code))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def give_password(client: FlaskClient, person: Person, goal: str = "") -> TestResponse:
    address = f"/sign-in?next={goal}" if goal else "/sign-in"
    return client.post(address, data={"email": person.email, "password": PASSWORD})


def give_code(client: FlaskClient, code: str) -> TestResponse:
    return client.post("/sign-in/code", data={"code": code})


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def is_set_up(app: Flask, user_id: UUID) -> bool:
    with app.app_context(), reading():
        query = select(SecondFactor.confirmed_at).where(SecondFactor.user_id == user_id)
        return db.session.scalar(query) is not None


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
        assert "This is not the code that the app shows now." in answer.text
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
        assert "This is not your password." in answer.text
        assert not is_set_up(app, cast.bob.id)
        data = {"code": code, "password": PASSWORD}
        assert bob.post(f"{PAGE}/confirm", data=data).status_code == 201

    def test_one_that_is_in_use_is_not_replaced(
        self, app: Flask, cast: Cast, bob: FlaskClient, client: FlaskClient, later: Later
    ) -> None:
        phone = phone_of(app, cast.bob)
        later(60)
        bob.post(f"{PAGE}/begin")
        assert "has a second factor already" in bob.get(PAGE).text
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


class TestReset:
    def reset(self, alice: FlaskClient, person: Person) -> TestResponse:
        return alice.post(f"/w/main/admin/members/{person.id}/reset-second-factor")

    def test_an_admin_lets_a_member_in_with_the_password_alone(
        self, app: Flask, cast: Cast, alice: FlaskClient, client: FlaskClient, phone: Phone
    ) -> None:
        assert "reset-second-factor" in alice.get("/w/main/admin/members").text
        assert self.reset(alice, cast.bob).status_code == 303
        page = alice.get("/w/main/admin/members").text
        assert "signs in with the password alone" in page
        assert "reset-second-factor" not in page
        assert give_password(client, cast.bob).location == "/"

    def test_not_of_somebody_who_is_elsewhere_too(
        self, app: Flask, cast: Cast, alice: FlaskClient, phone: Phone
    ) -> None:
        with app.app_context(), writing():
            place = {"user_id": cast.bob.id, "workspace_id": cast.charlie.workspace_id}
            db.session.add(Membership(**place, role=Role.VIEWER))
        answer = self.reset(alice, cast.bob)
        assert answer.status_code == 409
        assert "a workspace in which you are no admin" in answer.text
        assert is_set_up(app, cast.bob.id)

    def test_not_their_own(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        phone_of(app, cast.alice)
        assert self.reset(alice, cast.alice).status_code == 409
        assert is_set_up(app, cast.alice.id)

    def test_not_a_strangers(self, app: Flask, cast: Cast, alice: FlaskClient) -> None:
        phone_of(app, cast.charlie)
        assert self.reset(alice, cast.charlie).status_code == 404
        assert is_set_up(app, cast.charlie.id)

    def test_whoever_runs_the_server_can(
        self, app: Flask, cast: Cast, settings: Settings, phone: Phone
    ) -> None:
        for email, code, sentence in (
            (cast.bob.email, 0, "with the password alone."),
            (cast.bob.email, 0, "as before"),
            ("nobody@example.com", 1, "no account"),
        ):
            done = CliRunner().invoke(
                commands, ["user", "reset-second-factor", email], env=settings.environment()
            )
            assert (done.exit_code, sentence in (done.output or str(done.exception))) == (
                code,
                True,
            )
        assert not is_set_up(app, cast.bob.id)


class TestRequired:
    @pytest.fixture(autouse=True)
    def required(self, app: Flask, cast: Cast) -> None:
        with app.app_context(), writing():
            ours = Workspace.id == cast.alice.workspace_id
            db.session.execute(update(Workspace).where(ours).values(requires_second_factor=True))

    def test_members_without_one_are_led_to_set_it_up_and_back(
        self, app: Flask, bob: FlaskClient, later: Later
    ) -> None:
        setup = bob.get("/w/main/inbox?view=decided").location
        assert setup == f"{PAGE}?next=/w/main/inbox?view%3Ddecided"
        page = bob.get(setup).text
        assert "asks every member for one" in page
        assert "Deliveries" not in page, "nothing of the workspace stands around it"
        bob.post(f"{PAGE}/begin?next=/w/main/inbox")
        code = pyotp.TOTP(SECRET.findall(bob.get(PAGE).text)[0]).at(clock.now())
        done = bob.post(f"{PAGE}/confirm?next=/w/main/inbox", data={"code": code})
        assert 'href="/w/main/inbox"' in done.text
        assert bob.get("/w/main/inbox").status_code == 200

    def test_also_when_a_page_asks_by_itself(self, bob: FlaskClient) -> None:
        headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/w/main/inbox"}
        answer = bob.get("/w/main/inbox", headers=headers)
        assert answer.headers["HX-Redirect"] == f"{PAGE}?next=/w/main/inbox"

    def test_also_the_admin_who_wanted_it(self, alice: FlaskClient) -> None:
        answer = alice.post("/w/main/admin/workspace", data={"name": "Other"})
        assert answer.location == PAGE

    def test_api_keys_work_as_before(self, cast: Cast, client: FlaskClient) -> None:
        assert client.get("/api/v1/agents", headers=cast.bob.headers).status_code == 200

    def test_other_workspaces_are_open(self, charlie: FlaskClient) -> None:
        assert charlie.get("/w/elsewhere/inbox").status_code == 200

    def test_who_has_no_password_has_none_to_set_up(
        self, app: Flask, cast: Cast, bob: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).password_hash = None
        assert bob.get("/w/main/inbox").status_code == 200


def test_an_admin_requires_it_and_no_longer(app: Flask, cast: Cast, alice: FlaskClient) -> None:
    phone_of(app, cast.alice)
    place = "/w/main/admin/workspace"
    for answer, sentence in (("yes", "Require it no longer"), ("no", "Require it")):
        assert alice.post(f"{place}/second-factor", data={"required": answer}).location == place
        assert f">{sentence}<" in alice.get(place).text


def test_the_codes_of_a_factor_go_with_it(app: Flask, cast: Cast, phone: Phone) -> None:
    with app.app_context(), writing():
        db.session.delete(db.session.scalars(select(SecondFactor)).one())
    with app.app_context(), reading():
        assert db.session.scalars(select(RecoveryCode)).all() == []
