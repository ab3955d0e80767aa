"""Where a form was sent from: what browsers say of it decides, and a proxy's mistake is named."""

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from opensink_web.factory import create_app
from opensink_web.settings import Settings
from tests.conftest import PASSWORD, Cast

HTTPS = "https://sink.example.com"
MISSING = None


def token_in(page: str) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert found is not None
    return found[1]


def sign_in(
    client: FlaskClient, cast: Cast, base_url: str, headers: dict[str, str | None]
) -> TestResponse:
    """Send the form of the sign-in, whose token is right, with these headers."""
    token = token_in(client.get("/sign-in", base_url=base_url).text)
    data = {"csrf_token": token, "email": cast.bob.email, "password": PASSWORD}
    sent = {name: value for name, value in headers.items() if value is not None}
    return client.post("/sign-in", base_url=base_url, data=data, headers=sent)


def client_of(settings: Settings, public_url: str) -> FlaskClient:
    return create_app(replace(settings, public_url=public_url)).test_client()


@pytest.fixture
def over_https(environment: dict[str, str]) -> None:
    """Have the server's address begin with https. Ask for it before `app`."""
    environment["PUBLIC_URL"] = HTTPS


@pytest.mark.parametrize(
    ("origin", "site", "referer", "is_taken"),
    [
        (HTTPS, MISSING, MISSING, True),
        (HTTPS, "same-origin", MISSING, True),
        (HTTPS, "none", MISSING, True),
        (f"{HTTPS}:443", MISSING, MISSING, True),
        (HTTPS.upper(), MISSING, MISSING, True),
        (HTTPS, MISSING, "https://evil.example/", True),
        (MISSING, "same-origin", MISSING, True),
        ("null", "same-origin", MISSING, True),
        (MISSING, MISSING, f"{HTTPS}/sign-in?next=/", True),
        (MISSING, MISSING, MISSING, True),
        ("https://evil.example", MISSING, f"{HTTPS}/sign-in", False),
        ("https://evil.example", "same-origin", f"{HTTPS}/sign-in", False),
        ("http://sink.example.com", MISSING, f"{HTTPS}/sign-in", False),
        ("http://sink.example.com", "same-origin", MISSING, False),
        ("https://sink.example.com:8443", MISSING, MISSING, False),
        ("https://sink.example.com.evil.example", MISSING, MISSING, False),
        ("https://sink.example.com@evil.example", MISSING, MISSING, False),
        ("null", MISSING, f"{HTTPS}/sign-in", False),
        ("null", "cross-site", MISSING, False),
        ("", MISSING, f"{HTTPS}/sign-in", False),
        ("https://[", MISSING, MISSING, False),
        (f"{HTTPS}, https://evil.example", MISSING, MISSING, False),
        (HTTPS, "cross-site", MISSING, False),
        (MISSING, "cross-site", MISSING, False),
        (MISSING, "same-site", f"{HTTPS}/sign-in", False),
        (MISSING, MISSING, "https://evil.example/?https://sink.example.com/", False),
        (MISSING, MISSING, "http://sink.example.com/sign-in", False),
        (MISSING, MISSING, "https://[", False),
    ],
)
def test_the_browsers_word_decides(
    over_https: None,
    app: Flask,
    cast: Cast,
    origin: str | None,
    site: str | None,
    referer: str | None,
    *,
    is_taken: bool,
) -> None:
    headers = {"Origin": origin, "Sec-Fetch-Site": site, "Referer": referer}
    answer = sign_in(app.test_client(), cast, HTTPS, headers)
    if is_taken:
        assert answer.status_code == 303
    else:
        assert answer.status_code == 400
        assert "This form came from another address" in answer.text
        assert cast.bob.email not in answer.text


@pytest.mark.parametrize(
    ("public_url", "asked", "origin"),
    [
        # a proxy that ends TLS and passes nothing on but PUBLIC_URL says it
        (HTTPS, "http://127.0.0.1:8787", HTTPS),
        (HTTPS, "http://sink.example.com", HTTPS),
        (f"{HTTPS}:8443/below", "http://127.0.0.1:8787/below", f"{HTTPS}:8443"),
        # by another name than PUBLIC_URL's
        ("http://127.0.0.1:8787", "http://localhost:8787", "http://localhost:8787"),
        ("http://127.0.0.1:8787", "http://[::1]:8787", "http://[::1]:8787"),
    ],
)
def test_our_address_is_what_public_url_says_or_what_the_browser_asked_for(
    settings: Settings, cast: Cast, public_url: str, asked: str, origin: str
) -> None:
    app = create_app(replace(settings, public_url=public_url))
    app.config["SESSION_COOKIE_SECURE"] = False  # the client speaks plain HTTP to us, as the proxy
    app.config["SESSION_COOKIE_NAME"] = "opensink_session"
    answer = sign_in(app.test_client(), cast, asked, {"Origin": origin})
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("public_url", "asked", "origin", "advice"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787", HTTPS, "Host $http_host"),
        ("http://127.0.0.1:8787", "http://sink.example.com", HTTPS, "X-Forwarded-Proto"),
        ("http://h", "http://h", "http://h:8080", "not $host"),
        ("http://h/sink", "http://h", "http://h:8080", "PUBLIC_URL=http://h:8080/sink,"),
        (HTTPS, HTTPS, "http://sink.example.com", f"Open {HTTPS} instead"),
    ],
)
def test_a_proxys_mistake_is_named(
    settings: Settings, cast: Cast, public_url: str, asked: str, origin: str, advice: str
) -> None:
    answer = sign_in(client_of(settings, public_url), cast, asked, {"Origin": origin})
    assert answer.status_code == 400
    text = html.unescape(answer.text)
    assert advice in text
    assert origin in text
    assert "open for too long" not in text


def test_tabs_with_forms_to_sign_in_do_not_disturb_each_other(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    headers = {"Origin": "http://localhost"}
    tokens = []
    for _ in range(3):  # opened at once: each comes without a cookie, and the last cookie stays
        client.delete_cookie("opensink_session")
        tokens.append(token_in(client.get("/sign-in").text))
    first, second, third = tokens

    def send(token: str, email: str, place: str = "/w/main/inbox") -> TestResponse:
        data = {"csrf_token": token, "email": email, "password": PASSWORD}
        address = f"/sign-in?next={place}"
        return client.post(address, data=data, headers=headers)

    assert send(first, cast.bob.email).location == "/w/main/inbox"
    assert send(second, cast.bob.email.upper(), "/account").location == "/account"
    assert send(third, cast.alice.email).location == "/"
    page = client.get("/account").text
    assert f"You are signed in as {cast.bob.email}" in page
    assert "Sign out first" in page


@pytest.mark.parametrize("origin", [None, "https://evil.example"])
def test_a_token_of_another_tab_counts_only_where_a_browser_says_that_the_page_was_ours(
    app: Flask, cast: Cast, origin: str | None
) -> None:
    theirs = token_in(app.test_client().get("/sign-in").text)
    client = app.test_client()
    client.get("/sign-in")
    data = {"csrf_token": theirs, "email": cast.bob.email, "password": PASSWORD}
    headers = {"Origin": origin} if origin else {}
    assert client.post("/sign-in", data=data, headers=headers).status_code == 400


def test_a_browser_without_cookies_is_told_so(app: Flask, cast: Cast) -> None:
    client = app.test_client(use_cookies=False)
    token = token_in(client.get("/sign-in").text)
    data = {"csrf_token": token, "email": cast.bob.email, "password": PASSWORD}
    answer = client.post("/sign-in", data=data, headers={"Origin": "http://localhost"})
    assert answer.status_code == 400
    assert "keeps no cookies" in answer.text
