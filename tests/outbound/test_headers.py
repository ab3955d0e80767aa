"""Which headers may be configured, and whose values are hidden."""

import pytest

from opensink_web.outbound.headers import check_header, redact


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Custom", "value"),
        ("Authorization", "Bearer abc.def"),
        ("Cookie", "a=b"),
        ("User-Agent", "mine/1.0"),
        ("Accept", "*/*"),
        ("x!#$%&'*+-.^_`|~9", "odd and legal"),
        ("X-Empty", ""),
        ("X-Tab", "a\tb"),
        ("X-Latin", "caf\xe9"),
        ("X-Long", "a" * 4096),
        ("X-Open", "not ours"),
    ],
)
def test_ordinary_headers_can_be_configured(name: str, value: str) -> None:
    assert check_header(name, value) is None


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "HOST",
        "Content-Length",
        "content-type",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "Proxy-Authorization",
        "TE",
        "Trailer",
        "Upgrade",
        "X-OpenSink-Secret",
        "x-opensink-anything",
        "webhook-id",
        "Webhook-Signature",
        "Traceparent",
        "tracestate",
    ],
)
def test_reserved_names_cannot_be_configured(name: str) -> None:
    reason = check_header(name, "x")
    assert reason == f"The header {name} is set by OpenSink itself and cannot be configured."


@pytest.mark.parametrize(
    "name", ["", " ", "X A", "X:A", "X\r\nA", "X-A ", " X-A", "X\0", "Ünicode", "X(A)", "a" * 257]
)
def test_a_name_is_a_token(name: str) -> None:
    reason = check_header(name, "x")
    assert reason is not None
    assert reason.isprintable()


@pytest.mark.parametrize(
    "value",
    [
        "a\r\nX-B: c",
        "a\nb",
        "a\rb",
        "a\r\n b",
        "a\0b",
        "a\x7fb",
        "€",
        "\u2028",
        "a" * 4097,
        " a",
        "a ",
        "\ta",
    ],
)
def test_a_value_is_one_line_that_http_can_carry_and_is_not_repeated(value: str) -> None:
    reason = check_header("X-A", value)
    assert reason is not None
    assert reason.startswith("The value of X-A ")
    assert reason.isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "Proxy-Authorization",
        "Cookie",
        "Set-Cookie",
        "X-Api-Key",
        "X-APIKEY",
        "apikey",
        "Api_Key",
        "X-Auth-Token",
        "X-My-Secret",
        "X-OpenSink-Secret",
        "X-Password",
        "X-Amz-Security-Token",
        "X-Hub-Signature-256",
        "Ocp-Apim-Subscription-Key",
        "X-JWT",
        "webhook-signature",
    ],
)
def test_credentials_are_hidden(name: str) -> None:
    assert redact(((name, "s3cret"),)) == ((name, "••••"),)


def test_other_values_and_the_order_stay() -> None:
    plain = (("X-Custom", "a"), ("X-Author", "b"), ("X-OpenSink-Session-Id", "c"))
    headers = (*plain, ("Authorization", "d"), ("X-Monkey", "e"))
    assert redact(headers) == (*plain, ("Authorization", "••••"), ("X-Monkey", "e"))
