"""Browsers in plain words."""

import pytest

from opensink_web.web.accounts.user_agent import browser_name, program_name

CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36", "Chrome on Windows"),
        (f"Mozilla/5.0 (Windows NT 10.0) {CHROME} Safari/537.36 Edg/150.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 16; K) {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Firefox/150.0", "Firefox on Linux"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1",
            "Safari on iPhone",
        ),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605.1.15", "Safari on macOS"),
        ("curl/8.9.1", "curl"),
        ("Something (Windows)", "A browser on Windows"),
        ("", "An unknown browser"),
    ],
)
def test_is_named_as_people_know_it(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("python-requests/2.34.0", "A program (python-requests/2.34.0)"),
        ("billing/2.1 (nightly) requests", "A program (billing/2.1)"),
        ("a" * 200, f"A program ({'a' * 40})"),
        ("", "A program"),
    ],
)
def test_names_a_program_by_what_it_says_first(user_agent: str, name: str) -> None:
    assert program_name(user_agent) == name
