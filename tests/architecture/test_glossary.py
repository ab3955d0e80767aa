"""The field's own words name things; the private ones that they replaced do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cases import for_each

PACKAGE = Path(__file__).parents[2] / "opensink_web"
WORDS = {
    "lane": "group, or concurrency group",
    "lanes": "groups, or concurrency groups",
    "pump": "dispatcher, or worker pool",
    "lifeline": "watchdog",
    "tend": "supervise",
    "bury": "reap",
    "callee": "target",
    "trial": "test call",
    "errand": "delegated token",
    "gate": "throttle",
    "seat": "permit",
    "room": "package, surface or capacity",
    "rooms": "packages or surfaces",
    "summons": "wake-up",
    "told": "notified",
    "announce": "notify",
    "announcement": "notification, or wake-up",
    "announcements": "notifications, or wake-ups",
    "admit": "authenticate",
    "aftermath": "consistency check",
    "hammer": "stress",
}
"""Each with the word to use instead."""
MODULES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not str(path.relative_to(PACKAGE)).startswith("migrations")
]


def identifiers(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what a module names itself, and the names that it uses."""
    for node in ast.walk(module):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield node.lineno, name
            case ast.arg(arg=name) | ast.Name(id=name) | ast.Attribute(attr=name):
                yield node.lineno, name
            case ast.alias(name=name, asname=other):
                yield node.lineno, other or name.rpartition(".")[2]
            case ast.keyword(arg=str(name)):
                yield node.value.lineno, name
            case _:
                pass


def words_of(identifier: str) -> list[str]:
    """Split `lock_lane`, `LANES` and `LaneWork` into words."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier)
    return apart.lower().split("_")


def test_no_private_word_names_anything() -> None:
    def check(path: Path) -> None:
        names = [(1, path.stem), *identifiers(ast.parse(path.read_text()))]
        found = {
            f"line {line}: {name}: write {WORDS[word]}"
            for line, name in names
            for word in words_of(name)
            if word in WORDS
        }
        assert sorted(found) == []

    for_each(MODULES, check)


@pytest.mark.parametrize("name", ["lock_lane", "LaneWork", "OPEN_LANES", "_lane"])
def test_a_private_word_is_noticed_however_it_is_written(name: str) -> None:
    assert set(words_of(name)) & set(WORDS)
