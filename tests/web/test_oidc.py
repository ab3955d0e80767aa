"""Signing in through an OpenID Connect provider: who gets in, and who does not."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from opensink_web import clock
from opensink_web.models import Identity, Membership, Role, User, UserSession, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.invitation import find_invitation, invite, invite_first_admin
from tests.conftest import PASSWORD, Cast
from tests.oidc_server import CLIENT_ID, CLIENT_SECRET, Json, OidcServer
from tests.web.oidc_cases import begin, come_back, sign_in


@pytest.fixture
def environment(environment: dict[str, str], provider: OidcServer) -> dict[str, str]:
    return environment | {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_NAME": "Acme",
    }


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


@pytest.fixture
def linked(app: Flask, cast: Cast, provider: OidcServer) -> None:
    """Bob's account is linked to person 42."""
    link(app, cast, provider.issuer)


def link(app: Flask, cast: Cast, issuer: str, *, keeps_password: bool = True) -> None:
    with app.app_context(), writing():
        subject = {"issuer": issuer, "subject": "42", "label": "bob@example.com"}
        db.session.add(Identity(user_id=cast.bob.id, **subject))
        if not keeps_password:
            db.session.get_one(User, cast.bob.id).password_hash = None


def who(client: FlaskClient) -> str | None:
    """Say who is signed in, by the e-mail address."""
    page = client.get("/workspaces")
    if page.status_code != 200:
        return None
    names = ("alice", "bob", "charlie", "dora")
    return next(name for name in names if f"signed in as {name}@" in page.text)


def identities(app: Flask) -> list[tuple[str, str]]:
    with app.app_context(), reading():
        query = select(User.email, Identity.subject).join(Identity, Identity.user_id == User.id)
        return [(email, subject) for email, subject in db.session.execute(query)]


def users(app: Flask) -> int:
    with app.app_context(), reading():
        return db.session.scalar(select(func.count()).select_from(User)) or 0


def invited(app: Flask, cast: Cast, email: str | None) -> str:
    with app.app_context(), writing():
        ours = db.session.get_one(Workspace, cast.alice.workspace_id)
        by = db.session.get_one(User, cast.alice.id)
        return invite(ours, role=Role.REVIEWER, email=email, by=by)


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
        cookie = client.get_cookie("opensink_oidc", path="/oidc")
        come_back(client, address)
        assert cookie is not None
        thief = app.test_client()
        thief.set_cookie("opensink_oidc", cookie.value, path="/oidc")
        answer = come_back(thief, address)
        assert answer.status_code == 403
        assert "used before" in answer.text

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


def refused(client: FlaskClient, sentence: str) -> str:
    answer = sign_in(client)
    assert answer.status_code == 403
    assert sentence in answer.text
    assert who(client) is None
    return answer.text


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
            assert "This is not your password." in answer.text
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
