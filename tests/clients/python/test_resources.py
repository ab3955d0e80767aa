"""What the calls return, as it stands in a log: without secrets."""

import re
from dataclasses import fields, is_dataclass
from typing import Any

import pytest

from opensink_client import resources

SECRET = re.compile(r"secret|token|password|credential|private|otp")
NO_SECRETS = {("Tokens", "token_type")}
NAMED_OTHERWISE = {("ApiKey", "key")}
KINDS: dict[str, Any] = {name: kind for name, kind in vars(resources).items() if is_dataclass(kind)}


def secrets() -> set[tuple[str, str]]:
    """Return each field that holds a secret, and whose it is."""
    named = {
        (name, each.name)
        for name, kind in KINDS.items()
        for each in fields(kind)
        if SECRET.search(each.name)
    }
    return named - NO_SECRETS | NAMED_OTHERWISE


def test_every_kind_is_looked_at() -> None:
    assert {*KINDS} == {*resources.__all__} - {"read", "with_moments"}
    assert {name for name, _ in secrets()} == {
        *("Agent", "ApiKey", "Ask", "BackgroundJob", "Function", "Sink", "Tokens")
    }


@pytest.mark.parametrize("name", sorted({name for name, _ in secrets()}))
def test_no_secret_stands_in_what_is_printed(name: str) -> None:
    kind = KINDS[name]
    hidden = {field for owner, field in secrets() if owner == name}
    made = kind(
        **{each.name: "hidden" if each.name in hidden else "shown" for each in fields(kind)}
    )
    assert "hidden" not in repr(made)
    assert repr(made).count("shown") == len(fields(kind)) - len(hidden)
    assert {getattr(made, each) for each in hidden} == {"hidden"}
