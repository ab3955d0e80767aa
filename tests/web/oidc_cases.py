"""How the tests of OpenID Connect go to the provider and come back."""

from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


def begin(client: FlaskClient, **query: str) -> str:
    """Follow the button to the provider, and return the address with which it sends one back."""
    start = client.get("/oidc/sign-in", query_string=query)
    assert start.status_code == 303
    provider = requests.get(start.location, allow_redirects=False, timeout=10)
    assert provider.status_code == 302
    return provider.headers["Location"]


def come_back(client: FlaskClient, address: str) -> TestResponse:
    parts = urlsplit(address)
    return client.get(parts.path, query_string=parts.query)


def sign_in(client: FlaskClient, **query: str) -> TestResponse:
    """Go all the way."""
    return come_back(client, begin(client, **query))
