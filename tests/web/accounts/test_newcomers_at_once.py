"""Somebody comes in twice at the same moment: one gets an account, the other a page that says so.

On PostgreSQL alone: SQLite lets one writer in at a time, so the second sees what the first made.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.models import Role, Workspace, db
from opensink_web.models.transaction import writing
from opensink_web.operations.accounts.user import create_user
from tests.conftest import PASSWORD, Cast
from tests.support.locks import somebody_waits_for_a_lock
from tests.support.oidc_cases import begin, come_back, invited, sign_in, users, variables_for, who
from tests.support.oidc_server import OidcServer
from tests.support.real_servers import wait_until

pytestmark = pytest.mark.server
DORA = "dora@example.com"


@pytest.fixture
def environment(
    environment: dict[str, str], postgres_url: str, provider: OidcServer
) -> dict[str, str]:
    joining = {"OIDC_JOIN_DOMAINS": "example.com", "OIDC_JOIN_ROLE": "reviewer"}
    return environment | variables_for(provider) | joining | {"DATABASE_URL": postgres_url}


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    return app.test_client()


def while_dora_comes_in(app: Flask, cast: Cast, send: Callable[[], TestResponse]) -> TestResponse:
    """Send what makes the account that another transaction is making, which then commits."""
    with ThreadPoolExecutor(1) as second, app.app_context():
        with writing():
            ours = db.session.get_one(Workspace, cast.alice.workspace_id)
            create_user(ours, DORA, None, role=Role.REVIEWER)
            answer = second.submit(send)
            wait_until(somebody_waits_for_a_lock)
        return answer.result(60)


def test_the_second_sign_up_says_so_at_the_form(
    app: Flask, cast: Cast, client: FlaskClient
) -> None:
    link = f"/sign-up/{invited(app, cast, None)}"
    fields = {"email": DORA, "password": PASSWORD, "repeated": PASSWORD}
    before = users(app)
    answer = while_dora_comes_in(app, cast, lambda: client.post(link, data=fields))
    assert answer.status_code == 422
    assert "Somebody has just done the same." in answer.text
    assert who(client) is None
    assert users(app) == before + 1


def test_the_second_way_back_from_the_provider_says_so_and_the_next_one_lets_in(
    app: Flask, cast: Cast, client: FlaskClient, provider: OidcServer
) -> None:
    provider.person["email"] = DORA
    address = begin(client)
    answer = while_dora_comes_in(app, cast, lambda: come_back(client, address))
    assert answer.status_code == 409
    assert "Somebody has just done the same." in answer.text
    assert who(client) is None
    assert sign_in(client).status_code == 303
    assert who(client) == "dora"
