"""What may stand in a template, and the places in it where its time is looked at.

Without macros, recursion, inheritance and literals that hold other values, what a template can do
is a sum of small steps. The steps that can be many are led through filters of the sandbox.
"""

from collections.abc import Iterator
from typing import Any

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

TOKENS_MAX = 1500
DEPTH_MAX = 60
LOOPS_MAX = 8
# no name that can be written in a template has a space
COUNTED = "counted loop"
TIMED = "timed value"
CONCATENATED = "concatenated texts"

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
    *(nodes.With, nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair),
    *(nodes.Keyword, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand, nodes.Call, nodes.Not, nodes.Neg),
    *(nodes.Pos, nodes.And, nodes.Or, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div),
    *(nodes.FloorDiv, nodes.Mod),
)
_LITERALS = (nodes.Tuple, nodes.List, nodes.Dict)
_CONSTANTS = (*_LITERALS, nodes.Const, nodes.Pair, nodes.Neg)
_NAMES = {
    "FilterBlock": "filter",
    "CallBlock": "call",
    "AssignBlock": "set without =",
    "Scope": "autoescape",
    "Pow": "**",
}
_TEMPLATES_OWN = frozenset({"self", "super"})


def parse(environment: Environment, source: str) -> nodes.Template:
    """Read a template. Raises: TemplateSyntaxError, also for what may not stand in one."""
    for count, (line, *_) in enumerate(environment.lex(source)):
        if count >= TOKENS_MAX:
            raise TemplateSyntaxError(f"It has more than {TOKENS_MAX} parts", line)
    try:
        template = environment.parse(source)
    except RecursionError:
        raise TemplateSyntaxError(_TOO_DEEP, 1) from None
    for node, depth, loops in _walk(template):
        if depth > DEPTH_MAX or loops > LOOPS_MAX:
            raise TemplateSyntaxError(_TOO_DEEP, node.lineno)
        _check(node)
    return template


def with_time_looked_at(template: nodes.Template, environment: Environment) -> nodes.Template:
    """Lead loops, comparisons and slices through the sandbox's filters, and joined texts."""
    guarded: nodes.Template = _Guard().visit(template)
    guarded.set_environment(environment)
    return guarded


_TOO_DEEP = f"It is nested deeper than {DEPTH_MAX} levels, or {LOOPS_MAX} loops"


def _walk(template: nodes.Template) -> Iterator[tuple[nodes.Node, int, int]]:
    """Yield each node, at which level it stands, and in how many loops."""
    rest: list[tuple[nodes.Node, int, int]] = [(template, 0, 0)]
    while rest:
        node, depth, loops = rest.pop()
        yield node, depth, loops
        inside = loops + isinstance(node, nodes.For)
        rest.extend((child, depth + 1, inside) for child in node.iter_child_nodes())


def _check(node: nodes.Node) -> None:
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__
        name = _NAMES.get(kind, kind.lower())
        raise TemplateSyntaxError(f"`{name}` cannot be used in a message", node.lineno or 1)
    if isinstance(node, nodes.Name) and node.name in _TEMPLATES_OWN:
        raise TemplateSyntaxError(f"`{node.name}` cannot be used in a message", node.lineno)
    if isinstance(node, nodes.For) and node.recursive:
        raise TemplateSyntaxError("`recursive` cannot be used in a message", node.lineno)
    is_target = isinstance(node, nodes.Tuple) and node.ctx == "store"
    if isinstance(node, _LITERALS) and not is_target and not _is_constant(node):
        message = "A list, tuple or dict that is written out holds constants only"
        raise TemplateSyntaxError(message, node.lineno)


def _is_constant(node: nodes.Node) -> bool:
    # what is inside literals inside is looked at in its turn
    return all(isinstance(child, _CONSTANTS) for child in node.iter_child_nodes())


class _Guard(NodeTransformer):
    """Needs a template that `parse` has checked: it goes as deep as that one is."""

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802 - jinja2's way to name them
        self.generic_visit(node)
        node.iter = _filtered(node.iter, COUNTED)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(nodes.List(node.nodes, lineno=node.lineno), CONCATENATED)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        return _filtered(node, TIMED) if isinstance(node.arg, nodes.Slice) else node

    def _timed(self, node: nodes.Expr) -> nodes.Expr:
        self.generic_visit(node)
        return _filtered(node, TIMED)

    visit_Compare = _timed  # noqa: N815
    visit_Test = _timed  # noqa: N815


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    parts: Any = (node, name, [], [], None, None)
    return nodes.Filter(*parts, lineno=node.lineno)
