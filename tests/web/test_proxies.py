"""Who is calling, behind reverse proxies that are trusted, and behind those that are not."""

from pathlib import Path

import pytest
from flask import request

from opensink_web.factory import create_app
from opensink_web.settings import Settings
from opensink_web.web.access import public

CLIENT, OUTER, INNER = "203.0.113.9", "10.0.0.2", "10.0.0.1"


def seen(tmp_path: Path, trusted: str, said: str | None, address: str = INNER) -> tuple[str, str]:
    """Return the client's address and the scheme that the application sees."""
    app = create_app(Settings.from_env({"DATA_DIR": str(tmp_path), "TRUSTED_PROXIES": trusted}))
    app.add_url_rule(
        "/seen", view_func=public(lambda: {"by": request.remote_addr, "scheme": request.scheme})
    )
    headers = {"X-Forwarded-Proto": "https"}
    if said is not None:
        headers["X-Forwarded-For"] = said
    answer = app.test_client().get("/seen", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.json is not None
    return answer.json["by"], answer.json["scheme"]


@pytest.mark.parametrize("trusted", ["", "0", "10.9.0.0/16"])
def test_nobodys_word_is_taken_unless_the_operator_says_so(tmp_path: Path, trusted: str) -> None:
    assert seen(tmp_path, trusted, CLIENT) == (INNER, "http")


@pytest.mark.parametrize(
    ("trusted", "said", "expected"),
    [
        ("1", CLIENT, CLIENT),
        ("1", f"6.6.6.6, {CLIENT}", CLIENT),
        ("2", f"6.6.6.6, {CLIENT}, {OUTER}", CLIENT),
        ("2", CLIENT, INNER),
        ("10.0.0.1", f"6.6.6.6, {CLIENT}", CLIENT),
        ("10.0.0.1", f"{CLIENT}, {OUTER}", OUTER),
        ("10.0.0.0/24", f"6.6.6.6, {CLIENT}, {OUTER}", CLIENT),
        ("10.0.0.0/24,fd00::/8", f"{CLIENT}, fd00::7, {OUTER}", CLIENT),
        ("10.0.0.0/24", f"10.0.0.9, {OUTER}", "10.0.0.9"),
        ("10.0.0.0/24", f"{CLIENT}, nonsense", "nonsense"),
        ("10.0.0.0/24", None, INNER),
    ],
)
def test_as_many_proxies_are_believed_as_are_trusted(
    tmp_path: Path, trusted: str, said: str | None, expected: str
) -> None:
    assert seen(tmp_path, trusted, said) == (expected, "https")


def test_ipv4_that_comes_over_ipv6_is_the_same_address(tmp_path: Path) -> None:
    assert seen(tmp_path, "10.0.0.0/24", CLIENT, f"::ffff:{INNER}") == (CLIENT, "https")
