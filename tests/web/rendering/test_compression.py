"""Pages are compressed, but not where their length would tell somebody what stands in them."""

import gzip
import re

import brotli
import pytest
from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from tests.conftest import PASSWORD, Cast

GZIP = {"Accept-Encoding": "gzip, deflate", "Sec-Fetch-Site": "same-origin"}
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture
def client(app: Flask, cast: Cast) -> FlaskClient:
    """Alice's browser."""
    client = app.test_client()
    data = {"email": cast.alice.email, "password": PASSWORD}
    data["csrf_token"] = TOKEN.findall(client.get("/sign-in").text)[0]
    assert client.post("/sign-in", data=data).status_code == 303
    return client


def is_compressed(answer: TestResponse) -> bool:
    return "Content-Encoding" in answer.headers


@pytest.mark.parametrize("path", ["/sign-in", "/w/main/inbox", "/docs/forms", "/nowhere"])
@pytest.mark.parametrize("site", ["same-origin", "none", None])
def test_whoever_takes_gzip_gets_pages_so(app: Flask, cast: Cast, path: str, site: str) -> None:
    headers = {"Accept-Encoding": "gzip"} | ({"Sec-Fetch-Site": site} if site else {})
    answer = app.test_client().get(path, headers=headers, follow_redirects=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Content-Length"] == str(len(answer.data))
    assert answer.headers["Vary"] == "Accept-Encoding, Sec-Fetch-Site, Cookie"
    assert gzip.decompress(answer.data).rstrip().endswith(b"</html>")


def test_whoever_takes_brotli_gets_less(client: FlaskClient) -> None:
    gzipped = client.get("/docs/forms", headers=GZIP)
    answer = client.get("/docs/forms", headers=GZIP | {"Accept-Encoding": "gzip, deflate, br"})
    assert answer.headers["Content-Encoding"] == "br"
    assert brotli.decompress(answer.data).rstrip().endswith(b"</html>")
    assert len(answer.data) < len(gzipped.data)


def test_a_page_of_many_rows_is_a_tenth_of_its_size(client: FlaskClient) -> None:
    plain, compressed = client.get("/docs/forms"), client.get("/docs/forms", headers=GZIP)
    assert len(compressed.data) < len(plain.data) / 5


@pytest.mark.parametrize("accepted", ["", "identity", "zstd", "br;q=0, gzip;q=0"])
def test_nobody_else_does(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/sign-in", headers=GZIP | {"Accept-Encoding": accepted})
    assert not is_compressed(answer)
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_head_is_that_of_the_page(client: FlaskClient) -> None:
    answer = client.head("/w/main/inbox", headers=GZIP)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.data == b""


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_page_that_another_site_had_opened_is_not(client: FlaskClient, site: str) -> None:
    """Its address may hold a guess of what stands on the page, and each try would have a length."""
    for accepted in ("gzip", "br"):
        headers = {"Accept-Encoding": accepted, "Sec-Fetch-Site": site}
        answer = client.get("/w/main/inbox?q=guess", headers=headers)
        assert answer.status_code == 200
        assert not is_compressed(answer)


def test_over_https_a_browser_that_does_not_say_who_asks_is_not_trusted(app: Flask) -> None:
    app.config["SESSION_COOKIE_SECURE"] = True
    client, accepts = app.test_client(), {"Accept-Encoding": "gzip"}
    assert not is_compressed(client.get("/sign-in", headers=accepts))
    assert is_compressed(client.get("/sign-in", headers=GZIP))


def test_a_part_that_comes_when_an_agent_writes_is_not(client: FlaskClient) -> None:
    answer = client.get("/w/main/inbox", headers=GZIP | {"HX-Request": "true"})
    assert answer.status_code == 200
    assert not is_compressed(answer)


def test_a_page_that_shows_a_secret_is_not(client: FlaskClient) -> None:
    page = "/account/second-factor"
    assert is_compressed(client.get(page, headers=GZIP))
    token = TOKEN.findall(client.get(page).text)[0]
    begun = client.post("/account/second-factor/begin", data={"csrf_token": token})
    assert begun.status_code == 303
    shown = client.get(page, headers=GZIP)
    assert 'id="second-factor-secret"' in shown.text
    assert not is_compressed(shown)


def test_each_answer_has_the_token_in_other_letters(client: FlaskClient) -> None:
    """So nothing that is guessed of it in one answer is true of another."""
    pages = [client.get("/account").text for _ in range(3)]
    tokens = [set(TOKEN.findall(page)) for page in pages]
    assert [len(each) for each in tokens] == [1, 1, 1], "one page has it once for all its forms"
    assert len(set().union(*tokens)) == 3
    with client.session_transaction() as session:
        own = session["csrf_token"]
    assert all(own not in page and "." not in TOKEN.findall(page)[0] for page in pages)
    (first,) = tokens[0]
    assert client.post("/sign-out", data={"csrf_token": first}).status_code == 303


def test_a_token_that_is_not_in_such_letters_is_none(app: Flask, client: FlaskClient) -> None:
    with app.test_request_context():
        with client.session_transaction() as own:
            session["csrf_token"] = own["csrf_token"]
        plain = generate_csrf()
    for token in (plain, "", "é", "AAAA", "====", "A" * 300):
        assert client.post("/sign-out", data={"csrf_token": token}).status_code == 400
