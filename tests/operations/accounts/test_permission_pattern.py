"""Patterns of permissions: which are none, and which covers which."""

import re

import pytest

from opensink_web.errors import InvalidInput
from opensink_web.operations.accounts.permission_pattern import (
    LENGTH_MAX,
    PATTERN,
    Reach,
    reach_of,
    read_pattern,
)

EXECUTE = "sinas.functions/billing/charge.execute"


@pytest.mark.parametrize(
    ("pattern", "permission", "reach"),
    [
        # written out
        (f"{EXECUTE}:own", EXECUTE, "own"),
        (f"{EXECUTE}:all", EXECUTE, "all"),
        ("acme.billing.read:all", "acme.billing.read", "all"),
        ("acme.billing.invoices.read:all", "acme.billing.invoices.read", "all"),
        (f"{EXECUTE}:all", "sinas.functions/billing/refund.execute", None),
        (f"{EXECUTE}:all", "sinas.functions/billing/charge.read", None),
        (f"{EXECUTE}:all", "acme.functions/billing/charge.execute", None),
        (f"{EXECUTE}:all", "sinas.functions/billing/Charge.execute", None),
        # one segment
        ("sinas.functions/*/*.execute:own", EXECUTE, "own"),
        ("sinas.functions/billing/*.execute:all", EXECUTE, "all"),
        ("sinas.functions/*/charge.execute:all", EXECUTE, "all"),
        ("sinas.functions/shop/*.execute:all", EXECUTE, None),
        ("sinas.functions/*.execute:all", EXECUTE, None),
        ("sinas.functions/*/*/*.execute:all", EXECUTE, None),
        ("sinas.*.execute:all", EXECUTE, None),
        ("sinas.*.read:all", "sinas.agents.read", "all"),
        ("sinas.*.read:all", "sinas.agents.write", None),
        ("sinas.*/billing/*.execute:all", EXECUTE, "all"),
        # all that follows
        ("sinas.*:all", EXECUTE, "all"),
        ("sinas.*:own", EXECUTE, "own"),
        ("sinas.*:all", "acme.billing.read", None),
        ("sinas.*:all", "sinasx.billing.read", None),
        ("sinas.functions.*:all", "sinas.functions.read", "all"),
        ("sinas.functions.*:all", EXECUTE, "all"),
        ("sinas.functions.*:all", "sinas.functionsx.read", None),
        ("sinas.functions/*:own", EXECUTE, "own"),
        ("sinas.functions/*:own", "sinas.functions.read", None),
        ("sinas.functions/billing/*:own", EXECUTE, "own"),
        ("sinas.functions/billing/*:own", "sinas.functions/shop/charge.execute", None),
        ("sinas.functions/billing/charge.*:own", EXECUTE, "own"),
        # what names the resource alone is not what names one of it
        ("sinas.functions.execute:all", EXECUTE, None),
        (f"{EXECUTE}:all", "sinas.functions.execute", None),
    ],
)
def test_how_far_a_pattern_reaches(pattern: str, permission: str, reach: str | None) -> None:
    assert reach_of([read_pattern(pattern)], permission) == reach


@pytest.mark.parametrize(
    ("mine", "other", "covers"),
    [
        ("sinas.*:all", "sinas.*:all", True),
        ("sinas.*:all", "sinas.functions/*/*.execute:own", True),
        ("sinas.*:own", "sinas.agents.read:all", False),
        ("sinas.functions/*/*.execute:all", "sinas.functions/billing/*.execute:all", True),
        ("sinas.functions/billing/*.execute:all", "sinas.functions/*/*.execute:all", False),
        ("sinas.functions/billing/*.execute:all", "sinas.functions/billing/*:all", False),
        ("sinas.functions/*/*.execute:all", "sinas.functions/*:all", False),
        ("sinas.functions/*/*.*:all", "sinas.functions/*/*.execute:all", True),
        ("sinas.*.read:all", "sinas.*:all", False),
        ("sinas.agents.read:all", "sinas.agents.*:all", False),
        ("sinas.functions.*:all", "sinas.functions/*:all", True),
        ("sinas.functions/*:all", "sinas.functions.*:all", False),
    ],
)
def test_what_a_pattern_covers(mine: str, other: str, *, covers: bool) -> None:
    assert read_pattern(mine).covers(read_pattern(other)) is covers


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        ":all",
        "sinas",
        "sinas:all",
        "sinas.agents",
        "sinas.agents.read",
        "sinas.agents.read:",
        "sinas.agents.read:ALL",
        "sinas.agents.read:everything",
        "sinas.agents.read:own:all",
        "sinas.agents:all",
        "sinas.functions/a/b:all",
        "sinas/agents.read:all",
        "sinas..read:all",
        "sinas.agents.:all",
        ".agents.read:all",
        "sinas.agents/.read:all",
        "sinas.agents//b.read:all",
        "*:all",
        "*.*:all",
        "*.agents.read:all",
        "**:all",
        "sinas.**:all",
        "sinas.ag*.read:all",
        "sinas.agents.read:all\n",
        "sinas.agents.read :all",
        " sinas.agents.read:all",
        "sinas.agénts.read:all",
        "sinas.agents\0.read:all",
        "sinas.{namespace}.read:all",
        "sinas." + "a" * 600 + ".read:all",
        "." * 500 + ":all",
        "a" * 10_000_000,
    ],
    ids=lambda text: text[:30].encode("unicode_escape").decode(),
)
def test_what_is_no_pattern_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.$"):
        read_pattern(text)
    assert len(text) > LENGTH_MAX or not re.search(PATTERN.replace("$", r"\Z"), text)


@pytest.mark.parametrize(
    "text", ["sinas.*:all", f"{EXECUTE}:own", "acme.a.b.c:all", "sinas.functions/*/*.execute:own"]
)
def test_a_pattern_is_written_as_it_was_read(text: str) -> None:
    assert str(read_pattern(text)) == text
    assert re.search(PATTERN, text)


def test_of_several_the_widest_counts() -> None:
    held = [read_pattern(f"{EXECUTE}:own"), read_pattern("sinas.functions/*/*.execute:all")]
    assert reach_of(held, EXECUTE) is Reach.ALL
    assert reach_of([], EXECUTE) is None
