"""The field's own words name things; the private ones that they replaced do not come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cases import for_each
from tests.support.sources import module_of

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "opensink_web"
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
EVERYDAY = {"admit", "announce", "bury", "gate", "room", "rooms", "seat", "tend", "told", "trial"}
"""Words that tests and sentences need with their usual meaning."""
PRIVATE = WORDS.keys() - EVERYDAY
GRAMMAR = {"asked", "found", "wanted"}
"""How a thing came to be here says nothing of what it is."""
NO_PREDICATE = re.compile(r"(Tells?|Says?|Asks?)? ?[Ww]hether ")
CLIENT = ROOT / "clients" / "python" / "opensink_client"
MODULES = [
    *(
        path
        for path in sorted(PACKAGE.rglob("*.py"))
        if not str(path.relative_to(PACKAGE)).startswith("migrations")
    ),
    *sorted(CLIENT.rglob("*.py")),
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
        names = [(1, path.stem), *identifiers(module_of(path))]
        found = {
            f"line {line}: {name}: write {WORDS[word]}"
            for line, name in names
            for word in words_of(name)
            if word in WORDS
        }
        assert sorted(found) == []

    for_each(MODULES, check)


def predicates(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(module_of(path)):
        match node:
            case ast.FunctionDef(returns=ast.Name(id="bool")):
                yield node


def test_a_predicate_says_when_it_is_true() -> None:
    def check(path: Path) -> None:
        unclear = [
            f"line {function.lineno}: {function.name}: write Return True if …"
            for function in predicates(path)
            if NO_PREDICATE.match(ast.get_docstring(function) or "")
        ]
        assert unclear == []

    # which takes a second to parse: no docstring begins with what stands nowhere
    tests = [
        path
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if NO_PREDICATE.search(path.read_text())
    ]
    for_each([*MODULES, *tests], check)


def test_a_name_says_what_a_thing_is_and_not_how_it_came_here() -> None:
    def check(path: Path) -> None:
        assigned = [
            f"line {node.lineno}: {node.id}"
            for node in ast.walk(module_of(path))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            if node.id in GRAMMAR
        ]
        assert assigned == []

    for_each(MODULES, check)


def test_an_answer_is_a_persons_and_what_http_brings_a_response() -> None:
    def check(path: Path) -> None:
        named = [name for _, name in identifiers(module_of(path))]
        shapes = {name for name in named if name.endswith("Answer")}
        assert shapes <= {"Answer", "CheckedAnswer", "InvalidAnswer"}

    surfaces = ("contract", "api", "runtime", "outbound", "operations", "work")
    folders = [*(PACKAGE / each for each in surfaces), CLIENT]
    for_each([path for path in MODULES if {*folders} & {*path.parents}], check)


@pytest.mark.parametrize(
    "docstring", ["Tell whether it is there.", "Tells whether.", "Whether it is.", "Say whether."]
)
def test_other_words_of_a_predicate_are_noticed(docstring: str) -> None:
    assert NO_PREDICATE.match(docstring.removesuffix(".") + " ")


def test_nor_does_one_stand_in_tests_documents_comments_and_pages() -> None:
    texts = [
        path
        for folder in (
            "opensink_web",
            "templates",
            "static/js",
            "static/css",
            "tests",
            "docs",
            "clients",
        )
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".md", ".html", ".js", ".css"}
        and not {"vendor", "node_modules"} & set(path.parts)
    ]

    def check(path: Path) -> None:
        words = re.findall(r"[a-z]+", (path.stem + " " + path.read_text()).lower())
        assert set(words) & PRIVATE == set()

    # what was applied to databases keeps the names that it had
    spoken = {path for path in texts if "migration" not in str(path)} - {Path(__file__)}
    for_each(sorted(spoken | set(ROOT.glob("*.md"))), check)


@pytest.mark.parametrize("name", ["lock_lane", "LaneWork", "OPEN_LANES", "_lane"])
def test_a_private_word_is_noticed_however_it_is_written(name: str) -> None:
    assert set(words_of(name)) & set(WORDS)
