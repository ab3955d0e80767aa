"""Who is let in without a key: programs and people on this machine, and no page of another site."""

import pytest

from opensink_web.dev.door import why_refused

PROGRAM = {"HTTP_HOST": "127.0.0.1:7465", "REMOTE_ADDR": "127.0.0.1", "REQUEST_METHOD": "POST"}
OWN = "http://127.0.0.1:7465"
CROSS, SAME_SITE = ({"HTTP_SEC_FETCH_SITE": site} for site in ("cross-site", "same-site"))


def is_refused(headers: dict[str, str], *, is_page: bool = False) -> bool:
    return why_refused(PROGRAM | headers, is_page=is_page) is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:7465", "LOCALHOST", "[::1]:7465"])
def test_this_machine_has_these_names(host: str) -> None:
    assert not is_refused({"HTTP_HOST": host})


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:7465",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost@evil.example",
        "localhost/@evil.example",
        "evil.example#localhost",
        "0.0.0.0:7465",
        "[::]:7465",
        "192.168.1.20:7465",
        "localhost:x",
        "[",
    ],
)
def test_a_name_that_was_made_to_lead_here_is_refused(host: str) -> None:
    """As a page does that has its own name lead to 127.0.0.1, and is of the same origin then."""
    assert is_refused({"HTTP_HOST": host})
    assert is_refused({"HTTP_HOST": host, "REQUEST_METHOD": "GET"}, is_page=True)


@pytest.mark.parametrize(
    "headers",
    [
        CROSS,
        SAME_SITE,
        CROSS | {"REQUEST_METHOD": "GET"},
        CROSS | {"HTTP_ORIGIN": OWN},
        {"HTTP_ORIGIN": "https://evil.example"},
        {"HTTP_ORIGIN": "http://127.0.0.1:3000"},
        {"HTTP_ORIGIN": "http://localhost:7465"},
        {"HTTP_ORIGIN": "https://127.0.0.1:7465"},
        {"HTTP_ORIGIN": "null"},
        {"HTTP_REFERER": "https://evil.example/"},
        {"HTTP_REFERER": "http://["},
        {"HTTP_X_FORWARDED_FOR": "203.0.113.9"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1, 203.0.113.9"},
        {"HTTP_X_FORWARDED_FOR": ""},
        {"HTTP_X_REAL_IP": "203.0.113.9"},
        {"HTTP_FORWARDED": 'for="[2001:db8::1]:4711";proto=https'},
        {"HTTP_FORWARDED": "for=127.0.0.1, for=203.0.113.9"},
        {"HTTP_FORWARDED": "for=unknown"},
        {"HTTP_FORWARDED": "proto=https"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1", "HTTP_X_FORWARDED_HOST": "abc.tunnel.example"},
        # that it was passed on, and not from where
        {"HTTP_X_FORWARDED_PROTO": "https"},
        {"HTTP_X_FORWARDED_PREFIX": "/x"},
        {"HTTP_X_FORWARDED_PORT": "443"},
        {"HTTP_VIA": "1.1 tunnel"},
        {"HTTP_VIA": "1.1 localhost"},
        {"HTTP_VIA": "1.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": "192.168.1.20"},
        {"REMOTE_ADDR": ""},
        # a link to an address of the API is no page
        CROSS | {"REQUEST_METHOD": "GET", "HTTP_SEC_FETCH_MODE": "navigate"},
    ],
)
def test_a_call_that_another_page_or_machine_sends_is_refused(headers: dict[str, str]) -> None:
    assert is_refused(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HTTP_SEC_FETCH_SITE": "none"},
        {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": OWN},
        {"HTTP_SEC_FETCH_SITE": "same-origin", "HTTP_ORIGIN": "null"},
        {"HTTP_REFERER": f"{OWN}/w/main/inbox"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_X_REAL_IP": "::1"},
        {"HTTP_FORWARDED": 'for="[::1]:4711";host=LOCALHOST:7465;proto=http'},
        # as the server does with which front ends are made
        {
            "HTTP_X_FORWARDED_FOR": "127.0.0.1, ::1",
            "HTTP_X_FORWARDED_HOST": "localhost:5173",
            "HTTP_X_FORWARDED_PORT": "5173",
            "HTTP_X_FORWARDED_PROTO": "http",
            "HTTP_VIA": "1.1 localhost:5173",
        },
    ],
)
def test_programs_and_our_own_pages_call(headers: dict[str, str]) -> None:
    assert not is_refused(headers)


def test_a_link_of_another_site_leads_to_a_page_and_its_form_does_not() -> None:
    link = CROSS | {"HTTP_SEC_FETCH_MODE": "navigate"}
    assert not is_refused(link | {"REQUEST_METHOD": "GET"}, is_page=True)
    assert is_refused(link, is_page=True)
    assert is_refused(CROSS | {"REQUEST_METHOD": "GET"}, is_page=True)
