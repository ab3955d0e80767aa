"""A new member of an enum is an error of types and not of a page: nothing is looked up by one."""

import ast
import re
from enum import Enum
from pathlib import Path

from opensink_web import models
from tests.support.cases import for_each
from tests.support.sources import module_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("web", "api", "runtime", "operations", "jobs", "schema", "cli")
MODULES = [
    path for package in PACKAGES for path in sorted((ROOT / "opensink_web" / package).rglob("*.py"))
]
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
BASES = {"Enum", "StrEnum"}
ENUMS = [
    each for each in vars(models).values() if isinstance(each, type) and issubclass(each, Enum)
]
OF_MODELS = {each.__name__ for each in ENUMS}
MEMBERS = {member.value for each in ENUMS for member in each}


def enum_names(module: ast.Module) -> set[str]:
    """Return the enums of the models, and those that a module makes or is likely to import."""
    classes = [node for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    made = {node.name for node in classes if {ast.unparse(base) for base in node.bases} & BASES}
    return (
        made
        | OF_MODELS
        | {"TokenKind", "Reach", "Action", "HealthStatus", "Mark", "Kind", "Verdict"}
    )


def is_member(node: ast.expr | None, enums: set[str]) -> bool:
    if isinstance(node, ast.Tuple):
        return any(is_member(each, enums) for each in node.elts)
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in enums
    )


def test_no_dict_is_written_out_by_the_members_of_an_enum() -> None:
    def check(path: Path) -> None:
        module = module_of(path)
        enums = enum_names(module)
        found = [
            node.lineno
            for node in ast.walk(module)
            if isinstance(node, ast.Dict) and any(is_member(key, enums) for key in node.keys)
        ]
        assert found == [], "use a function with `match` and `assert_never`"

    for_each(MODULES, check)


def test_no_template_looks_a_word_up_by_a_status() -> None:
    statuses = {status for status in MEMBERS if status not in {"agent", "user", "message", "input"}}

    def check(path: Path) -> None:
        keys = set(re.findall(r'[{,]\s*"(\w+)"\s*:', path.read_text()))
        assert keys & statuses == set(), (
            "take the words from web/rendering/words.py or kind_words.py"
        )

    for_each(TEMPLATES, check)
