"""Reading stands in queries, which write nothing and depend on nothing that does."""

import ast
from pathlib import Path

from tests.support.cases import for_each
from tests.support.sources import module_of

PACKAGE = Path(__file__).parents[2] / "opensink_web"
OPERATIONS = PACKAGE / "operations"
QUERIES = sorted(
    {
        *OPERATIONS.glob("*/queries.py"),
        *OPERATIONS.glob("*/queries/*.py"),
        OPERATIONS / "agents/configuration_queries.py",
        OPERATIONS / "requests/facets.py",
        OPERATIONS / "requests/listing.py",
        OPERATIONS / "requests/search_match.py",
        OPERATIONS / "requests/searched.py",
        OPERATIONS / "requests/sieve.py",
        OPERATIONS / "requests/thread.py",
        OPERATIONS / "sinks/listing.py",
    }
)
EXCEPTIONS = {"find_reset", "find_addressed_agent"}
"""They check, beside what they find, whether it may be used."""
STATEMENTS = {"insert", "update", "delete", "rows_changed", "with_for_update", "flush"}
OF_THE_SESSION = {"add", "add_all", "delete", "merge", "refresh", "flush", "expunge"}


def name_of(path: Path) -> str:
    return str(path.relative_to(OPERATIONS))


def writes(path: Path) -> list[str]:
    """Return each statement or lock of a module that is not only a look."""
    found = []
    for node in ast.walk(module_of(path)):
        if not isinstance(node, ast.Call):
            continue
        of, _, name = ast.unparse(node.func).rpartition(".")
        is_statement = name in STATEMENTS and not (name == "update" and of)
        if is_statement or (of == "db.session" and name in OF_THE_SESSION):
            found.append(f"line {node.lineno}: {ast.unparse(node.func)}(…)")
    return found


def imported_operations(path: Path) -> set[Path]:
    found = set()
    for node in ast.walk(module_of(path)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{each.name}" for each in node.names)):
                file = PACKAGE.parent.joinpath(*name.split(".")).with_suffix(".py")
                if OPERATIONS in file.parents and file.exists():
                    found.add(file)
    return found


def test_there_are_queries_of_every_package_that_is_read() -> None:
    packages = {path.relative_to(OPERATIONS).parts[0] for path in QUERIES}
    assert packages >= {"accounts", "agents", "deliveries", "executions", "requests"}


def test_queries_write_nothing() -> None:
    def check(path: Path) -> None:
        assert writes(path) == []

    for_each(QUERIES, check)


def test_queries_depend_on_nothing_that_writes() -> None:
    def check(path: Path) -> None:
        seen: set[Path] = set()
        ahead = {path}
        while ahead:
            module = ahead.pop()
            seen.add(module)
            ahead |= imported_operations(module) - seen
        writing = {name_of(module): lines for module in seen if (lines := writes(module))}
        assert writing == {}

    for_each(QUERIES, check)


def test_what_finds_and_lists_stands_in_queries() -> None:
    def check(path: Path) -> None:
        functions = [node for node in module_of(path).body if isinstance(node, ast.FunctionDef)]
        found = [
            function.name
            for function in functions
            if function.name.startswith(("find_", "list_")) and function.name not in EXCEPTIONS
        ]
        assert found == []

    for_each(sorted(set(OPERATIONS.glob("*/*.py")) - set(QUERIES)), check)


def test_a_statement_that_writes_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "queries.py"
    path.write_text(
        "seen.update({1})\n"
        "db.session.add(row)\n"
        "db.session.execute(update(Agent).values(name=''))\n"
        "select(Agent).with_for_update()\n"
    )
    assert sorted(line.split(":")[0] for line in writes(path)) == ["line 2", "line 3", "line 4"]
