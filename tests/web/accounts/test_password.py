"""Changing a password, choosing a new one by a link, and who may make such a link for whom."""

import logging
import re
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from argon2 import PasswordHasher
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient

from opensink_web import clock
from opensink_web.cli import commands
from opensink_web.errors import NotFound
from opensink_web.models import Membership, Role, User, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts import credential
from opensink_web.operations.accounts.password import RESET_LIFETIME, make_reset_link
from opensink_web.operations.accounts.user import change_role
from opensink_web.operations.decisions.ending import remove_member
from tests.conftest import PASSWORD, Cast, Person
from tests.support.scenarios import admin_of
from tests.web.conftest import browser_of

NEW = "a new and better one"
CHANGE = {"current": PASSWORD, "password": NEW, "repeated": NEW}
CHOOSE = {"password": NEW, "repeated": NEW}
LINK = re.compile(r"http://127\.0\.0\.1:7465(/reset-password/[\w-]+)")


def opens(app: Flask, person: Person, password: str) -> bool:
    data = {"email": person.email, "password": password}
    return app.test_client().post("/sign-in", data=data).status_code == 303


def is_signed_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def join(app: Flask, person: Person, workspace_id: UUID, role: Role) -> None:
    with app.app_context(), writing():
        row = Membership(user_id=person.id, workspace_id=workspace_id, role=role)
        db.session.add(row)


def link_of_operator(app: Flask, person: Person) -> str:
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context(), writing():
        token = make_reset_link(db.session.get_one(User, person.id), by=None)
    return f"/reset-password/{token}"


def ask_for_link(admin: FlaskClient, person: Person, workspace: str = "main") -> tuple[int, str]:
    """Press the button on the members page; return the status and the link, or the page."""
    answer = admin.post(f"/w/{workspace}/admin/members/{person.id}/reset-link")
    found = LINK.search(answer.text)
    return answer.status_code, found[1] if found else answer.text


class TestChanging:
    def test_signs_out_everywhere_else_and_says_so(
        self, app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        other = browser_of(app, cast.alice)
        assert alice.post("/account/password", data=CHANGE).location == "/account"
        page = alice.get("/account").text
        assert "Your password is changed. You are signed out in 1 other place." in page
        assert [is_signed_in(each) for each in (alice, other, bob)] == [True, False, True]
        assert (opens(app, cast.alice, PASSWORD), opens(app, cast.alice, NEW)) == (False, True)

    @pytest.mark.parametrize(
        ("changes", "sentence"),
        [
            ({"current": "wrong wrong wrong"}, "That is not your password."),
            ({"current": ""}, "Enter your current password."),
            ({"repeated": "another"}, "The two passwords do not match."),
            ({"password": "short", "repeated": "short"}, "at least 10 characters"),
            (dict.fromkeys(("password", "repeated"), "Alice@Example.com"), "e-mail address"),
            (dict.fromkeys(("password", "repeated"), "PASSWORD1234"), "among the first"),
            (dict.fromkeys(("password", "repeated"), "ababababababab"), "among the first"),
        ],
    )
    def test_is_refused_with_the_reason_at_its_field(
        self, app: Flask, cast: Cast, alice: FlaskClient, changes: dict[str, str], sentence: str
    ) -> None:
        other = browser_of(app, cast.alice)
        answer = alice.post("/account/password", data=CHANGE | changes)
        assert answer.status_code == 422
        assert sentence in answer.text
        assert NEW not in answer.text
        assert is_signed_in(other)
        assert opens(app, cast.alice, PASSWORD)

    def test_does_not_guess_without_end(self, alice: FlaskClient) -> None:
        wrong = CHANGE | {"current": "wrong wrong wrong"}
        statuses = [alice.post("/account/password", data=wrong).status_code for _ in range(12)]
        assert statuses == [422] * 10 + [429] * 2

    def test_is_not_for_somebody_who_has_none(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            db.session.get_one(User, cast.alice.id).password_hash = None
        assert "Your account has no password" in alice.get("/account").text
        assert alice.post("/account/password", data=CHANGE).status_code == 422
        assert not opens(app, cast.alice, NEW)


class TestLink:
    def test_sets_a_password_and_ends_every_session_and_every_other_link(
        self, app: Flask, cast: Cast, bob: FlaskClient
    ) -> None:
        visitor = app.test_client()
        link = link_of_operator(app, cast.bob)
        for _ in range(2):  # looking uses nothing up
            assert "for bob@example.com" in visitor.get(link).text
        assert is_signed_in(bob)
        answer = visitor.post(link, data=CHOOSE)
        assert answer.location == "/sign-in"
        assert "Your new password is set." in visitor.get("/sign-in").text
        assert not is_signed_in(bob)
        assert not is_signed_in(visitor)
        assert (opens(app, cast.bob, PASSWORD), opens(app, cast.bob, NEW)) == (False, True)
        gone = visitor.get(link)
        assert gone.status_code == 404
        assert "/forgot-password" in gone.text, "there it says how to get another"
        assert "account" not in gone.text.partition("<main")[2]
        assert visitor.post(link, data=CHOOSE).status_code == 404

    def test_stays_good_when_the_password_will_not_do(self, app: Flask, cast: Cast) -> None:
        visitor, link = app.test_client(), link_of_operator(app, cast.bob)
        weak = dict.fromkeys(CHOOSE, "bob@example.com")
        assert visitor.post(link, data=weak).status_code == 422
        assert visitor.post(link, data=CHOOSE).status_code == 303

    def test_ends_when_a_newer_one_is_made_or_the_password_changes(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        older, newer = link_of_operator(app, cast.alice), link_of_operator(app, cast.alice)
        assert alice.get(older).status_code == 404
        alice.post("/account/password", data=CHANGE)
        assert alice.get(newer).status_code == 404

    def test_ends_after_a_day(
        self, app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        link, moment = link_of_operator(app, cast.bob), clock.now() + RESET_LIFETIME
        monkeypatch.setattr(clock, "now", lambda: moment + timedelta(seconds=1))
        assert app.test_client().post(link, data=CHOOSE).status_code == 404

    def test_opens_nothing_for_somebody_who_was_deactivated(self, app: Flask, cast: Cast) -> None:
        link = link_of_operator(app, cast.bob)
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).is_active = False
        assert app.test_client().get(link).status_code == 404

    def test_gives_a_password_to_somebody_who_had_none(self, app: Flask, cast: Cast) -> None:
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).password_hash = None
        app.test_client().post(link_of_operator(app, cast.bob), data=CHOOSE)
        assert opens(app, cast.bob, NEW)

    def test_the_sign_in_says_whom_to_ask(self, app: Flask, cast: Cast) -> None:
        client = app.test_client()
        assert 'href="/forgot-password"' in client.get("/sign-in").text
        assert "Ask an admin of your workspace" in client.get("/forgot-password").text


class TestWhoMayMakeALink:
    def test_an_admin_for_a_member_and_it_is_shown_once(
        self, app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient
    ) -> None:
        status, link = ask_for_link(alice, cast.bob)
        assert status == 201
        assert link not in alice.get("/w/main/admin/members").text
        assert is_signed_in(bob), "making it changes nothing yet"
        assert app.test_client().post(link, data=CHOOSE).status_code == 303
        assert opens(app, cast.bob, NEW)

    def test_an_admin_for_another_admin_who_has_no_more_power(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            change_role(admin_of(cast.alice.workspace_id), cast.bob.id, Role.ADMIN)
        assert ask_for_link(alice, cast.bob)[0] == 201

    @pytest.mark.parametrize("role", list(Role))
    def test_nobody_for_a_member_who_also_belongs_elsewhere(
        self, app: Flask, cast: Cast, alice: FlaskClient, role: Role
    ) -> None:
        join(app, cast.bob, cast.charlie.workspace_id, role)
        status, page = ask_for_link(alice, cast.bob)
        assert status == 409
        assert "also belongs to a workspace in which you are no admin" in page
        assert "opensink user reset-link" in page

    @pytest.mark.parametrize("role", [Role.REVIEWER, Role.VIEWER])
    def test_nor_if_one_belongs_there_too_without_being_an_admin(
        self, app: Flask, cast: Cast, alice: FlaskClient, role: Role
    ) -> None:
        join(app, cast.bob, cast.charlie.workspace_id, Role.VIEWER)
        join(app, cast.alice, cast.charlie.workspace_id, role)
        assert ask_for_link(alice, cast.bob)[0] == 409

    def test_but_who_is_an_admin_in_all_of_them(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        join(app, cast.bob, cast.charlie.workspace_id, Role.ADMIN)
        join(app, cast.alice, cast.charlie.workspace_id, Role.ADMIN)
        assert ask_for_link(alice, cast.bob)[0] == 201

    def test_a_link_ends_when_its_maker_loses_the_power(
        self, app: Flask, cast: Cast, alice: FlaskClient
    ) -> None:
        _, link = ask_for_link(alice, cast.bob)
        assert alice.get(link).status_code == 200
        join(app, cast.bob, cast.charlie.workspace_id, Role.VIEWER)
        assert alice.get(link).status_code == 404, "he now has power that she has not"
        assert alice.post(link, data=CHOOSE).status_code == 404
        with app.app_context(), writing():
            remove_member(admin_of(cast.charlie.workspace_id), cast.bob.id)
        assert alice.get(link).status_code == 200
        with app.app_context(), writing():
            db.session.get_one(User, cast.alice.id).is_active = False
        assert app.test_client().get(link).status_code == 404

    def test_nobody_for_themselves(self, cast: Cast, alice: FlaskClient) -> None:
        status, page = ask_for_link(alice, cast.alice)
        assert status == 409
        assert "change your own password on the page Your account" in page

    def test_nobody_for_somebody_who_is_no_member(self, cast: Cast, alice: FlaskClient) -> None:
        assert ask_for_link(alice, cast.charlie)[0] == 404
        assert alice.post(f"/w/main/admin/members/{uuid4()}/reset-link").status_code == 404

    def test_the_operator_for_anybody(
        self, app: Flask, cast: Cast, environment: dict[str, str]
    ) -> None:
        join(app, cast.bob, cast.charlie.workspace_id, Role.ADMIN)
        runner = CliRunner(env=environment)
        made = runner.invoke(commands, ["user", "reset-link", "BOB@example.com"])
        (path,) = LINK.findall(made.output)
        assert app.test_client().get(path).status_code == 200
        refused = runner.invoke(commands, ["user", "reset-link", "nobody@example.com"])
        assert isinstance(refused.exception, NotFound)

    def test_no_reviewer_and_nobody_from_elsewhere(
        self, cast: Cast, bob: FlaskClient, charlie: FlaskClient
    ) -> None:
        assert ask_for_link(bob, cast.alice)[0] == 403
        assert ask_for_link(charlie, cast.bob)[0] == 404


def test_a_hash_of_weaker_parameters_is_made_anew_at_the_sign_in(
    app: Flask, cast: Cast, alice: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kept() -> str | None:
        with app.app_context(), reading():
            return db.session.get_one(User, cast.alice.id).password_hash

    before = kept()
    assert opens(app, cast.alice, PASSWORD)
    assert kept() == before
    stronger = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    monkeypatch.setattr(credential, "hasher", stronger)
    assert not opens(app, cast.alice, "wrong wrong wrong")
    assert kept() == before
    assert opens(app, cast.alice, PASSWORD)
    assert kept() != before
    assert "t=2" in str(kept())
    assert opens(app, cast.alice, PASSWORD)


def test_what_happens_to_accounts_is_logged_without_secrets(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "opensink.audit")
    alice = browser_of(app, cast.alice)
    for email in (cast.alice.email, 'typed" forged="x\nsigned_in'):
        app.test_client().post("/sign-in", data={"email": email, "password": "wrong wrong"})
    alice.post("/account/password", data=CHANGE)
    alice.post("/account/sessions/end-others")
    _, link = ask_for_link(alice, cast.bob)
    app.test_client().post(link, data=CHOOSE)
    alice.post("/sign-out")
    theirs, address = f'by="{cast.alice.id}"', 'address="127.0.0.1"'
    by_alice = f'person="{cast.alice.id}" {theirs}'
    lines = [each.getMessage() for each in caplog.records if each.name == "opensink.audit"]
    assert [re.sub(' session="[^"]+"', "", line) for line in lines] == [
        f"signed_in {by_alice} {address}",
        f'password_refused person="{cast.alice.id}" by="nobody" {address}',
        f'password_refused person="unknown" {address}',
        f"password_changed {by_alice} {address}",
        f"other_sessions_ended {by_alice} {address}",
        f'reset_link_made person="{cast.bob.id}" {theirs} {address}',
        f'password_reset person="{cast.bob.id}" by="{cast.bob.id}" {address}',
        f"signed_out {by_alice} {address}",
    ]
