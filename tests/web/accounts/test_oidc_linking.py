"""Whose account a provider opens: by an invitation, by an address, and by linking the two."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from opensink_web import clock
from opensink_web.models import User, UserSession, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite_first_admin
from opensink_web.operations.accounts.queries import find_invitation
from tests.conftest import PASSWORD, Cast
from tests.support.oidc_cases import (
    identities,
    invited,
    link,
    refused,
    sign_in,
    users,
    variables_for,
    who,
)
from tests.support.oidc_server import OidcServer


@pytest.fixture
def environment(environment: dict[str, str], provider: OidcServer) -> dict[str, str]:
    return environment | variables_for(provider)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


class TestNotYetLinked:
    def test_an_invitation_for_the_address_makes_the_account(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person["email"] = "Dora@Example.com"
        token = invited(app, cast, "dora@example.com")
        assert sign_in(client).location == "/"
        assert who(client) == "dora"
        assert identities(app) == [("dora@example.com", "42")]
        assert client.get(f"/sign-up/{token}").status_code == 404, "it is used up"
        assert client.get("/").location == "/w/main/inbox"

    def test_a_link_for_anybody_makes_the_account(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person["email"] = "dora@example.com"
        token = invited(app, cast, None)
        assert f"/oidc/sign-in?invitation={token}" in client.get(f"/sign-up/{token}").text
        assert sign_in(client, invitation=token).location == "/"
        assert who(client) == "dora"

    def test_a_link_for_somebody_else_stays_good(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person["email"] = "eve@example.com"
        token = invited(app, cast, "dora@example.com")
        answer = sign_in(client, invitation=token)
        assert answer.status_code == 409
        assert "another e-mail address than eve@example.com" in answer.text
        with app.app_context(), reading():
            find_invitation(token)

    def test_the_first_admins_link(
        self, app: Flask, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person["email"] = "dora@example.com"
        with app.app_context(), writing():
            token = invite_first_admin()
        sign_in(client, invitation=token)
        assert client.get("/w/main/admin/members").status_code == 200

    def test_nobody_else_gets_an_account(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person["email"] = "eve@example.com"
        before = users(app)
        refused(client, "Nobody has invited eve@example.com")
        assert users(app) == before

    def test_an_address_that_is_not_verified_links_nothing(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        invited(app, cast, "dora@example.com")
        for email in ("bob@example.com", "dora@example.com"):
            provider.person |= {"email": email, "email_verified": False}
            refused(client, "has not verified your e-mail address")
        assert identities(app) == []

    def test_an_account_with_a_password_is_linked_after_signing_in_with_it(
        self, app: Flask, cast: Cast, client: FlaskClient
    ) -> None:
        answer = sign_in(client)
        assert answer.location == "/sign-in?next=/oidc/link"
        assert who(client) is None
        assert identities(app) == []
        assert "Sign in with its password once" in client.get(answer.location).text
        entered = client.post(answer.location, data={"email": cast.bob.email, "password": PASSWORD})
        assert "Link Acme?" in client.get(entered.location).text
        assert client.post("/oidc/link").status_code == 303
        assert identities(app) == [("bob@example.com", "42")]
        client.post("/sign-out")
        sign_in(client)
        assert who(client) == "bob"

    def test_whoever_else_signs_in_meanwhile_is_not_asked_to_link_it(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        subject = provider.person["sub"] = "known-to-the-provider-alone"
        answer = sign_in(client)
        kept = client.get_cookie("opensink_oidc_link", path="/oidc")
        assert kept is not None
        assert subject not in kept.value
        client.post(answer.location, data={"email": cast.alice.email, "password": PASSWORD})
        for method in ("GET", "POST"):
            assert client.open("/oidc/link", method=method).location == "/"
        assert identities(app) == []
        client.post("/sign-out")
        client.post(answer.location, data={"email": cast.bob.email, "password": PASSWORD})
        assert "Link Acme?" in client.get("/oidc/link").text, "it still waits for its owner"

    def test_an_account_without_a_password_is_linked_by_its_address(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        """As when the operator goes to another provider."""
        link(app, cast, "https://former.example", keeps_password=False)
        sign_in(client)
        assert who(client) == "bob"

    def test_an_address_that_was_somebody_elses_opens_nothing(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        link(app, cast, provider.issuer, keeps_password=False)
        provider.person["sub"] = "another Bob"
        refused(client, "Somebody else had this e-mail address before")

    def test_a_closed_account_is_not_linked(
        self, app: Flask, cast: Cast, client: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            changes = {"is_active": False, "password_hash": None}
            db.session.execute(update(User).where(User.id == cast.bob.id).values(changes))
        refused(client, "This account is closed.")
        assert identities(app) == []

    def test_an_invitation_is_joined_with_the_account_one_has(
        self, app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
    ) -> None:
        link(app, cast, provider.issuer)
        token = invited(app, cast, None)
        assert sign_in(client, invitation=token).location == f"/sign-up/{token}"


class TestLinking:
    def test_whoever_signed_in_long_ago_gives_the_password_again(
        self, app: Flask, bob: FlaskClient
    ) -> None:
        with app.app_context(), writing():
            hour_ago = clock.now() - timedelta(hours=1)
            db.session.execute(update(UserSession).values(created_at=hour_ago))
        assert sign_in(bob).location == "/oidc/link"
        for password in ("", "wrong"):
            answer = bob.post("/oidc/link", data={"password": password})
            assert answer.status_code == 422
            assert "That is not your password." in answer.text
        assert identities(app) == []
        assert bob.post("/oidc/link", data={"password": PASSWORD}).status_code == 303
        assert identities(app) == [("bob@example.com", "42")]

    def test_an_identity_of_any_address_can_be_linked_by_hand(
        self, app: Flask, bob: FlaskClient, provider: OidcServer
    ) -> None:
        provider.person = {"sub": "42", "preferred_username": "bobby"}
        provider.userinfo = {"sub": "42"}
        assert "bobby" in bob.get(sign_in(bob).location).text
        bob.post("/oidc/link")
        assert identities(app) == [("bob@example.com", "42")]

    def test_coming_back_links_nothing_by_itself(self, app: Flask, bob: FlaskClient) -> None:
        sign_in(bob)
        bob.get("/oidc/link")
        assert identities(app) == []

    def test_the_form_needs_its_token(self, app: Flask, bob: FlaskClient) -> None:
        sign_in(bob)
        app.config["WTF_CSRF_ENABLED"] = True
        assert bob.post("/oidc/link").status_code == 400
        assert identities(app) == []

    def test_an_identity_opens_one_account(
        self, app: Flask, cast: Cast, alice: FlaskClient, provider: OidcServer
    ) -> None:
        link(app, cast, provider.issuer)
        answer = sign_in(alice)
        assert answer.status_code == 409
        assert "linked to another account" in answer.text
        assert who(alice) == "alice"

    def test_without_anything_to_link_the_page_leads_home(self, bob: FlaskClient) -> None:
        assert bob.get("/oidc/link").location == "/"

    def test_without_a_sign_in_there_is_nothing_to_link(self, client: FlaskClient) -> None:
        assert client.get("/oidc/link").location == "/sign-in?next=/oidc/link"


class TestAccountPage:
    def test_what_is_linked_is_listed_and_can_be_unlinked(
        self, app: Flask, cast: Cast, bob: FlaskClient, provider: OidcServer
    ) -> None:
        assert "Link Acme" in bob.get("/account").text
        link(app, cast, provider.issuer)
        page = bob.get("/account").text
        assert provider.issuer in page
        (way,) = re.findall(r"/account/identities/[^/]+/unlink", page)
        assert bob.post(way).location == "/account"
        assert "no longer opens your account" in bob.get("/account").text
        assert identities(app) == []

    def test_the_last_way_in_stays(
        self, app: Flask, cast: Cast, bob: FlaskClient, provider: OidcServer
    ) -> None:
        link(app, cast, provider.issuer, keeps_password=False)
        (way,) = re.findall(r"/account/identities/[^/]+/unlink", bob.get("/account").text)
        assert "the only way into your account" in bob.post(way, follow_redirects=True).text
        assert len(identities(app)) == 1

    def test_what_is_anothers_is_not_there(
        self, app: Flask, cast: Cast, alice: FlaskClient, bob: FlaskClient, provider: OidcServer
    ) -> None:
        link(app, cast, provider.issuer)
        (way,) = re.findall(r"/account/identities/[^/]+/unlink", bob.get("/account").text)
        assert alice.post(way).status_code == 404
        assert len(identities(app)) == 1
