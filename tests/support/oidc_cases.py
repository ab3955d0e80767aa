"""How the tests of OpenID Connect go to the provider and come back, and what came of it."""

from urllib.parse import urlsplit

import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from opensink_web.models import Identity, Role, User, Workspace, db
from opensink_web.models.transaction import reading, writing
from opensink_web.operations.accounts.invitation import invite
from tests.conftest import Cast
from tests.support.oidc_server import CLIENT_ID, CLIENT_SECRET, OidcServer


def variables_for(provider: OidcServer) -> dict[str, str]:
    """Return what an operator sets so that people can sign in through the provider."""
    return {
        "OIDC_ISSUER": provider.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": CLIENT_SECRET,
        "OIDC_NAME": "Acme",
    }


def begin(client: FlaskClient, **query: str) -> str:
    """Follow the button to the provider, and return the address with which it sends one back."""
    start = client.get("/oidc/sign-in", query_string=query)
    assert start.status_code == 303
    provider = requests.get(start.location, allow_redirects=False, timeout=60)
    assert provider.status_code == 302
    return provider.headers["Location"]


def come_back(client: FlaskClient, address: str) -> TestResponse:
    parts = urlsplit(address)
    return client.get(parts.path, query_string=parts.query)


def sign_in(client: FlaskClient, **query: str) -> TestResponse:
    """Go all the way."""
    return come_back(client, begin(client, **query))


def refused(client: FlaskClient, sentence: str) -> str:
    answer = sign_in(client)
    assert answer.status_code == 403
    assert sentence in answer.text
    assert who(client) is None
    return answer.text


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
