"""A request is created and decided in one place, so that nothing that has to know misses one."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.cases import for_each
from tests.support.sources import module_of

PACKAGE = Path(__file__).parents[2] / "opensink_web"
REQUESTS = PACKAGE / "operations" / "requests"
WAYS = {
    REQUESTS / "creation.py": ["create"],
    PACKAGE / "operations" / "accounts" / "assigned.py": ["note it", "note who leaves"],
    REQUESTS / "input_request.py": [
        *("decide", "take effect", "reopen", "withdraw", "extend", "begin a step", "count"),
    ],
    REQUESTS / "cancellation.py": ["cancel"],
}
"""Where rows are written, and each way in which that is done there."""
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]
WRITING = {"insert", "update", "merge", "bulk_save_objects", "bulk_insert_mappings"}
DECIDED = {"status", "resolved_at", "resolved_by_id", "response", "decline_reason"}


def writes_of(module: ast.Module) -> Iterator[str]:
    """Yield each place where a row of requests is made or changed."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).split(".")[-1]
            of_requests = any(ast.unparse(argument) == "InputRequest" for argument in node.args)
            if name == "InputRequest" or (name in WRITING and of_requests):
                yield f"line {node.lineno}: {ast.unparse(node.func)}(…)"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                is_request = isinstance(target, ast.Attribute) and target.attr in DECIDED
                if is_request and "InputRequestStatus" in ast.unparse(node.value):
                    yield f"line {node.lineno}: {ast.unparse(target)} = …"


def test_requests_are_created_in_one_module_and_decided_in_one() -> None:
    def check(path: Path) -> None:
        places = list(writes_of(module_of(path)))
        if path in WAYS:
            assert len(places) == len(WAYS[path]), ", ".join(WAYS[path])
        else:
            assert places == [], "use create_requests(), and resolve() and what is beside it"

    for_each(MODULES, check)


def test_other_ways_to_write_one_are_noticed() -> None:
    ways = """
request = models.InputRequest(workspace_id=1)
db.session.execute(sa.insert(InputRequest), rows)
request.status = InputRequestStatus.CANCELLED
"""
    assert len(list(writes_of(ast.parse(ways)))) == 3


OPERATIONS = PACKAGE / "operations"
QUERIES = [*OPERATIONS.rglob("queries.py"), *OPERATIONS.rglob("queries/*.py")]
CHANGES = WRITING | {"delete", "add", "add_all", "flush", "with_for_update", "notify_after_commit"}

READ_BY_QUERIES = {
    "queries",
    "page",
    "slices",
    "credential",
    "endpoint",
    "searched",
    "search_match",
    "sieve",
    "plan",
}
"""Each other, and what is pure."""


def changes_of(module: ast.Module) -> Iterator[str]:
    """Yield what a module does that is more than to read, and what it imports that may."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            is_of_a_set = isinstance(node.func, ast.Attribute) and not name.startswith("db.session")
            if name.split(".")[-1] in CHANGES - ({"add", "update"} if is_of_a_set else set()):
                yield f"line {node.lineno}: {name}(…)"
        elif isinstance(node, ast.ImportFrom):
            place = set(str(node.module).split("."))
            if {"opensink_web", "operations"} < place and not place & READ_BY_QUERIES:
                yield f"line {node.lineno}: imports {node.module}"


def test_what_only_reads_stands_apart_and_only_reads() -> None:
    def check(path: Path) -> None:
        assert list(changes_of(module_of(path))) == []

    assert len(QUERIES) > 8
    for_each(QUERIES, check)


def test_what_writes_is_noticed_among_what_reads() -> None:
    ways = """
from opensink_web.operations.executions.pause import pause_for_input
db.session.add(row)
_ADD = insert(Row)
_LOCK = select(Row).with_for_update()
"""
    assert len(list(changes_of(ast.parse(ways)))) == 4
