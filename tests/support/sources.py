"""The source of modules, parsed once for all tests of a process that look into it."""

import ast
from functools import cache
from pathlib import Path


@cache
def module_of(path: Path) -> ast.Module:
    """Return a module's tree, which is the same for all who ask: nobody may change it."""
    return ast.parse(path.read_text())
