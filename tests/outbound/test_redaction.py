"""What is kept of a call has no secret in it, and what came back does not give one away."""

import base64
import json
from dataclasses import replace
from urllib.parse import quote, quote_plus

import pytest

from opensink_web.json_value import JSONValue
from opensink_web.outbound.client import Call
from opensink_web.outbound.headers import HIDDEN
from opensink_web.outbound.redaction import (
    hidden_in,
    kept_call,
    redact_url,
    secrets_of,
    without_secrets,
)
from tests.outbound.conftest import PATIENCE_SECONDS

SECRET = 'correct"horse/battery staple'


def call(
    url: str = "https://agent.example/run",
    headers: tuple[tuple[str, str], ...] = (),
    body: JSONValue = None,
) -> Call:
    data = json.dumps(body).encode() if body is not None else None
    return Call("POST", url, headers, data, PATIENCE_SECONDS)


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://a.example/run?token=abc&x=1", f"https://a.example/run?token={HIDDEN}&x=1"),
        ("https://a.example/?x=1&api_key=abc", f"https://a.example/?x=1&api_key={HIDDEN}"),
        (
            "https://a.example/?X-Amz-Signature=a;b=2",
            f"https://a.example/?X-Amz-Signature={HIDDEN};b=2",
        ),
        (
            "https://a.example/?access%5Ftoken=abc#f",
            f"https://a.example/?access%5Ftoken={HIDDEN}#f",
        ),
        ("https://a.example/token=abc?page=2", "https://a.example/token=abc?page=2"),
        ("https://a.example/run", "https://a.example/run"),
    ],
)
def test_a_credential_in_the_query_is_hidden(url: str, kept: str) -> None:
    assert redact_url(url) == kept


@pytest.mark.parametrize("name", ["code", "pwd", "k", "sv", "hmac"])
def test_no_value_in_the_address_is_kept_whatever_it_is_called(name: str) -> None:
    url = f"https://user:pass@a.example/run?{name}=abc&abc"
    assert kept_call(call(url)).url == f"https://{HIDDEN}@a.example/run?{name}={HIDDEN}&{HIDDEN}"


def test_credentials_in_the_body_are_hidden_wherever_they_stand() -> None:
    body: JSONValue = {
        "task": "go",
        "token": "t",
        "auth": {"user": "u", "pin": 1},
        "steps": [{"password": 7}, {"needs_token": True}],
        "api_key": None,
    }
    kept = kept_call(call(body=body)).body
    assert kept is not None
    assert json.loads(kept) == {
        "task": "go",
        "token": HIDDEN,
        "auth": {"user": "u", "pin": 1},
        "steps": [{"password": HIDDEN}, {"needs_token": True}],
        "api_key": None,
    }


@pytest.mark.parametrize(
    "sent",
    [
        call(headers=(("Authorization", SECRET),)),
        call(headers=(("Authorization", f"Bearer {SECRET}"),)),
        call(headers=(("X-Api-Key", SECRET),)),
        call(url=f"https://a.example/?token={quote(SECRET, safe='')}"),
        call(body={"deep": [{"secret": SECRET}]}),
    ],
)
@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        quote(SECRET, safe=""),
        quote(SECRET),
        quote_plus(SECRET),
        json.dumps({"echo": SECRET}),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_an_echo_of_a_secret_is_hidden(sent: Call, spelling: str) -> None:
    kept = without_secrets(f"You sent {spelling}!", secrets_of(sent))
    assert kept.startswith("You sent ")
    assert "horse" not in kept
    assert spelling not in kept
    assert hidden_in({"said": [f"You sent {spelling}!"]}, secrets_of(sent)) == {"said": [kept]}


@pytest.mark.parametrize("query", ["code={}", "k={}", "page=2&sv={}", "{}", "v=;pwd={}"])
@pytest.mark.parametrize("secret", ["KEY-12345678", "a/b+c==d;e%2f#&f"])
def test_what_an_address_hides_is_hidden_where_it_comes_back(query: str, secret: str) -> None:
    as_sent = query.format(quote(secret, safe="/;"))
    secrets = secrets_of(call(f"https://a.example/run?{as_sent}"))
    kept = without_secrets(f"No POST /run?{as_sent}: {secret} is {quote_plus(secret)}", secrets)
    for spelling in (secret, quote(secret), quote(secret, safe=""), quote(secret, safe="/;")):
        assert spelling not in kept


def test_of_what_a_caller_added_to_an_address_only_credentials_are_secrets() -> None:
    sent = replace(
        call("https://a.example/run?key=configured&city=Wellington&token=abcdefgh12345678"),
        configured_url="https://a.example/run?key=configured",
    )
    text = "configured Wellington abcdefgh12345678"
    assert without_secrets(text, secrets_of(sent)) == f"{HIDDEN} Wellington {HIDDEN}"


@pytest.mark.parametrize(
    ("header", "echo"),
    [
        ("Bearer abcdefgh12345678", "abcdefgh12345678"),
        ("session=abcdefgh12345678; theme=dark", "abcdefgh12345678"),
        ('Digest response="abcdefgh12345678", qop=auth', "abcdefgh12345678"),
        ("Basic " + base64.b64encode(b"alice:abcdefgh12345678").decode(), "abcdefgh12345678"),
        ("v1,abcdefgh12345678= v1,zyxwvuts87654321=", "zyxwvuts87654321="),
    ],
)
def test_a_part_of_a_credential_is_hidden_too(header: str, echo: str) -> None:
    secrets = secrets_of(call(headers=(("Cookie", header),)))
    assert without_secrets(f"<{echo}>", secrets) == f"<{HIDDEN}>"


def test_what_is_no_secret_stays() -> None:
    sent = call(
        url="https://a.example/?page=2",
        headers=(("Authorization", "Bearer abcdefgh12345678"), ("X-Trace", "t-1")),
        body={"task": "continue"},
    )
    text = '{"session_id": "s", "auth": "Bearer", "task": "continue", "trace": "t-1", "page": 2}'
    assert without_secrets(text, secrets_of(sent)) == text


@pytest.mark.parametrize("kept_length", [6, 10, 15])
def test_a_secret_that_the_cut_went_through_is_hidden(kept_length: int) -> None:
    secrets = secrets_of(call(headers=(("X-Api-Key", "abcdefgh12345678"),)))
    text = "You sent " + "abcdefgh12345678"[:kept_length]
    assert without_secrets(text, secrets, is_cut=True) == f"You sent {HIDDEN}"
    assert without_secrets(text, secrets) == text
