"""Signing in through an OpenID Connect provider: who gets in, and who does not."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from opensink_web import clock
from opensink_web.models import Membership, Role, User, db
from opensink_web.models.transaction import reading, writing
from tests.conftest import PASSWORD, Cast
from tests.support.oidc_cases import (
    begin,
    come_back,
    link,
    refused,
    sign_in,
    users,
    variables_for,
    who,
)
from tests.support.oidc_server import Json, OidcServer


@pytest.fixture
def environment(environment: dict[str, str], provider: OidcServer) -> dict[str, str]:
    return environment | variables_for(provider)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def linked(app: Flask, cast: Cast, provider: OidcServer) -> None:
    """Bob's account is linked to person 42."""
    link(app, cast, provider.issuer)


@pytest.mark.usefixtures("linked")
class TestLinked:
    def test_the_button_leads_to_the_provider_and_back_in(self, client: FlaskClient) -> None:
        assert "Continue with Acme" in client.get("/sign-in").text
        assert sign_in(client).location == "/"
        assert who(client) == "bob"

    def test_the_place_one_was_going_survives_the_way(self, client: FlaskClient) -> None:
        assert (
            "next=/w/main/sessions?agent%3D1"
            in client.get("/sign-in?next=/w/main/sessions?agent%3D1").text
        )
        answer = sign_in(client, next="/w/main/sessions?agent=1")
        assert answer.location == "/w/main/sessions?agent=1"

    @pytest.mark.parametrize("goal", ["https://evil.example", "//evil.example", "/\\evil", "/" * 9])
    def test_the_way_leads_nowhere_else(self, client: FlaskClient, goal: str) -> None:
        assert sign_in(client, next=goal).location == "/"

    def test_the_session_is_a_new_one(self, client: FlaskClient) -> None:
        with client.session_transaction() as session:
            session["planted"] = "yes"
        sign_in(client)
        with client.session_transaction() as session:
            assert "planted" not in session

    def test_the_address_at_the_provider_may_change(
        self, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person |= {"email": "alice@example.com", "email_verified": False}
        sign_in(client)
        assert who(client) == "bob"

    def test_the_account_must_not_be_closed(
        self, app: Flask, cast: Cast, client: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            db.session.get_one(User, cast.bob.id).is_active = False
        answer = sign_in(client)
        assert answer.status_code == 403
        assert "This account is closed." in answer.text

    def test_three_tabs_may_sign_in_at_once(self, client: FlaskClient) -> None:
        addresses = [begin(client) for _ in range(3)]
        for address in addresses:
            assert come_back(client, address).location == "/"

    def test_the_cookie_of_the_way_is_only_for_it(self, client: FlaskClient) -> None:
        cookie = client.get("/oidc/sign-in").headers["Set-Cookie"]
        for flag in ("HttpOnly", "SameSite=Lax", "Path=/oidc", "Max-Age=600"):
            assert flag in cookie

    def test_signing_out_is_local(self, client: FlaskClient, provider: OidcServer) -> None:
        sign_in(client)
        provider.requests.clear()
        assert client.post("/sign-out").location == "/sign-in"
        assert who(client) is None
        assert provider.requests == []


@pytest.mark.usefixtures("linked")
class TestRefused:
    def test_a_token_that_does_not_hold(self, client: FlaskClient, provider: OidcServer) -> None:
        provider.changes = {"aud": "another client"}
        refused(client, "does not prove who you are")

    @pytest.mark.parametrize(
        ("answer", "sentence"),
        [
            ({"error": "access_denied", "error_description": "<b>no</b>"}, "was cancelled"),
            ({"error": "server_error"}, "could not sign you in"),
            ({}, "could not sign you in"),
            ({"code": "made up"}, "used before, or took too long"),
            ({"code": "x", "iss": "https://evil.example"}, "another provider"),
        ],
    )
    def test_what_the_provider_may_answer_instead(
        self, client: FlaskClient, provider: OidcServer, answer: Json, sentence: str
    ) -> None:
        provider.answer = answer
        page = refused(client, sentence)
        assert "<b>no" not in page
        assert "Back to the sign-in" in page

    def test_an_answer_counts_once(self, client: FlaskClient) -> None:
        address = begin(client)
        come_back(client, address)
        client.post("/sign-out")
        again = come_back(client, address)
        assert again.status_code == 403
        assert "This sign-in is over" in again.text
        assert who(client) is None

    def test_a_code_that_is_replayed_with_its_cookie(self, app: Flask, client: FlaskClient) -> None:
        address = begin(client)
        (cookie,) = [each for each in (client._cookies or {}).values() if "_oidc" in each.key]
        come_back(client, address)
        thief = app.test_client()
        thief.set_cookie(cookie.key, cookie.value, path=cookie.path)
        answer = come_back(thief, address)
        assert answer.status_code == 403
        assert "used before" in answer.text

    def test_tabs_that_begin_at_once_do_not_disturb_each_other(self, client: FlaskClient) -> None:
        begun = [begin(client, next=f"/w/main/inbox?tab={tab}") for tab in range(6)]
        client.post("/sign-out")
        assert come_back(client, begun[1]).location == "/w/main/inbox?tab=1"
        assert come_back(client, begun[5]).location == "/w/main/inbox?tab=5"
        assert come_back(client, begun[0]).status_code == 403, "a browser keeps but a few"

    def test_an_answer_meant_for_another_browser(self, app: Flask, client: FlaskClient) -> None:
        address = begin(client)
        victim = app.test_client()
        begin(victim)
        assert come_back(victim, address).status_code == 403
        assert who(victim) is None

    def test_an_answer_that_took_too_long(
        self, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        address = begin(client)
        later = clock.now() + timedelta(minutes=11)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert "longer than ten minutes" in come_back(client, address).text


class TestDomain:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"OIDC_JOIN_DOMAINS": "example.com", "OIDC_JOIN_ROLE": "reviewer"}

    def test_whoever_has_an_address_there_joins(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person["email"] = "dora@example.com"
        sign_in(client)
        assert who(client) == "dora"
        with app.app_context(), reading():
            dora = select(User.id).where(User.email == "dora@example.com")
            roles = select(Membership.role).where(Membership.user_id.in_(dora))
            assert list(db.session.scalars(roles)) == [Role.REVIEWER]

    @pytest.mark.parametrize(
        ("email", "verified"),
        [
            ("dora@sub.example.com", True),
            ("dora@badexample.com", True),
            ("dora@example.com.evil.example", True),
            ("dora@example.com", False),
        ],
    )
    def test_nobody_else_does(
        self,
        app: Flask,
        cast: Cast,
        client: FlaskClient,
        provider: OidcServer,
        email: str,
        verified: bool,
    ) -> None:
        provider.person |= {"email": email, "email_verified": verified}
        before = users(app)
        assert sign_in(client).status_code == 403
        assert users(app) == before

    def test_the_first_account_is_not_made_like_that(
        self, app: Flask, client: FlaskClient, provider: OidcServer
    ) -> None:
        assert sign_in(client).status_code == 403
        assert users(app) == 0


class TestProviderDown:
    """A page says so, and passwords still work."""

    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"OIDC_ISSUER": "http://127.0.0.1:1"}

    def test_nothing_listens(self, cast: Cast, client: FlaskClient) -> None:
        answer = client.get("/oidc/sign-in")
        assert answer.status_code == 503
        assert "No answer from Acme" in answer.text
        signed_in = client.post("/sign-in", data={"email": cast.bob.email, "password": PASSWORD})
        assert signed_in.location == "/"


class TestNoProvider:
    @pytest.fixture
    def environment(self, environment: dict[str, str]) -> dict[str, str]:
        return environment | {"OIDC_ISSUER": ""}

    def test_there_is_no_button_and_no_way(self, client: FlaskClient, cast: Cast) -> None:
        assert "Continue with" not in client.get("/sign-in").text
        for path in ("/oidc/sign-in", "/oidc/callback"):
            assert client.get(path).status_code == 404
