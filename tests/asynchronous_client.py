"""Write the parts of the asynchronous client that say only what those of the client do.

    python -m tests.asynchronous_client

A test compares (tests/clients/python/test_asynchronous.py).
"""

import ast
import subprocess
import sysconfig
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "clients" / "python" / "opensink_client"
MODULES = (
    "sinks",
    "jobs",
    "configurations",
    "administration",
    "agents",
    "asking",
    "deciding",
    "deliveries",
    "executing",
    "notifying",
)
BY_HAND = {"ask", "wait_for_answer", "wait_for_batch"}
"""What asynchronous/waiting.py has."""


def written(name: str) -> str:
    """Return the source of a module of the asynchronous client."""
    module = ast.parse((PACKAGE / f"{name}.py").read_text())
    (kind,) = (node for node in module.body if isinstance(node, ast.ClassDef))
    imports = [node for node in module.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in imports:
        if isinstance(node, ast.ImportFrom) and node.level:
            node.level += 1
    constants = [node for node in module.body if isinstance(node, ast.Assign)]
    parts = [
        f'"""Made of {name}.py, by `python -m tests.asynchronous_client`: change that one."""',
        "from collections.abc import AsyncIterator",
        *map(ast.unparse, imports),
        "from .threads import Threaded",
        *(f"from ..{name} import {ast.unparse(node.targets[0])}" for node in constants),
        f'class Async{kind.name}(Threaded):\n    """{ast.get_docstring(kind)}"""',
        *(_method(node) for node in kind.body if _is_taken_over(node)),
    ]
    return _formatted("\n".join(parts))


def _is_taken_over(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.FunctionDef)
        and not node.name.startswith("_")
        and node.name not in BY_HAND
    )


def _method(node: ast.stmt) -> str:
    assert isinstance(node, ast.FunctionDef)
    assert node.returns is not None
    names = [each.arg for each in node.args.args[1:]]
    names += [f"{each.arg}={each.arg}" for each in node.args.kwonlyargs]
    if node.args.kwarg:
        names.append(f"**{node.args.kwarg.arg}")
    returns = ast.unparse(node.returns)
    call = ", ".join([f"self._client.{node.name}", *names])
    if returns.startswith("Iterator["):
        head = f"def {node.name}({ast.unparse(node.args)}) -> Async{returns}:"
        work = f"return self._each(self._client.{node.name}({', '.join(names)}))"
    else:
        head = f"async def {node.name}({ast.unparse(node.args)}) -> {returns}:"
        work = f"{'' if returns == 'None' else 'return '}await self._call({call})"
    docstring = ast.get_docstring(node, clean=False)
    lines = [f'"""{docstring}"""'] if docstring else []
    return "\n".join(["", f"    {head}", *(f"        {line}" for line in [*lines, work])])


def _formatted(source: str) -> str:
    # twenty times by way of Python would be twenty times as long
    ruff = [f"{sysconfig.get_path('scripts')}/ruff"]
    name = ["--stdin-filename", str(PACKAGE / "asynchronous" / "made.py"), "-"]
    for command in (
        ["check", "--quiet", "--fix", "--select", "F401,I", *name],
        ["format", "--quiet", *name],
    ):
        made = subprocess.run(
            [*ruff, *command], input=source, capture_output=True, text=True, check=True
        )
        source = made.stdout
    return source


if __name__ == "__main__":
    for each in MODULES:
        (PACKAGE / "asynchronous" / f"{each}.py").write_text(written(each))
