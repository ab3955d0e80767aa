"""What may stand in a template: expressions, if, for, set and with.

There are no macros, recursion, inheritance or blocks: nothing but JSON values has a name. Which
filters and tests are called stands in the template itself, never in a value.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign),
    *(nodes.With, nodes.Name, nodes.Const, nodes.Tuple, nodes.List, nodes.Dict, nodes.Pair),
    *(nodes.Keyword, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.Concat, nodes.Compare, nodes.Operand, nodes.Call, nodes.Not, nodes.Neg),
    *(nodes.Pos, nodes.And, nodes.Or, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div),
    *(nodes.FloorDiv, nodes.Mod, nodes.Pow),
)
_NAMES = {
    "FilterBlock": "filter",
    "CallBlock": "call",
    "AssignBlock": "set without =",
    "Scope": "autoescape",
}
_TEMPLATES_OWN = frozenset({"self", "super"})
# Filters that call a filter or a test in their turn, and as which argument they take its name.
_CALLS_FILTER = {"map": 0}
_CALLS_TEST = {"select": 0, "reject": 0, "selectattr": 1, "rejectattr": 1}


def parse(environment: Environment, source: str) -> nodes.Template:
    """Read a template. Raises: TemplateSyntaxError, also for what may not stand in one."""
    template = environment.parse(source)
    for node in _walk(template):
        _check(node)
        if isinstance(node, nodes.Filter):
            _check_known(node.name, environment.filters, "filter", node)
            _check_called(node, environment)
        elif isinstance(node, nodes.Test):
            _check_known(node.name, environment.tests, "test", node)
    checked: nodes.Template = _JoinedTexts().visit(template)
    checked.set_environment(environment)
    return checked


def _walk(template: nodes.Template) -> Iterator[nodes.Node]:
    rest: list[nodes.Node] = [template]
    while rest:
        node = rest.pop()
        yield node
        rest.extend(node.iter_child_nodes())


def _check(node: nodes.Node) -> None:
    if not isinstance(node, _ALLOWED):
        kind = type(node).__name__
        raise _not_usable(_NAMES.get(kind, kind.lower()), node)
    if isinstance(node, nodes.Name) and node.name in _TEMPLATES_OWN:
        raise _not_usable(node.name, node)
    if isinstance(node, nodes.For) and node.recursive:
        raise _not_usable("recursive", node)
    if getattr(node, "dyn_args", None) or getattr(node, "dyn_kwargs", None):
        raise _not_usable("*", node)  # `_check_called` could not see what is called


def _check_called(node: nodes.Filter, environment: Environment) -> None:
    """Check that the template itself names what a filter is to call, and nothing that calls on."""
    if node.name in _CALLS_FILTER:
        place, known, kind = _CALLS_FILTER[node.name], environment.filters, "filter"
    elif node.name in _CALLS_TEST:
        place, known, kind = _CALLS_TEST[node.name], environment.tests, "test"
    else:
        return
    if len(node.args) <= place:  # it takes a named argument instead, or looks whether a value is so
        return
    called = node.args[place]
    if not isinstance(called, nodes.Const) or not isinstance(called.value, str):
        message = f"Write the name of the {kind} that `{node.name}` applies here, in quotes"
        raise TemplateSyntaxError(message, node.lineno)
    if called.value in _CALLS_FILTER | _CALLS_TEST:
        message = f"`{node.name}` cannot apply `{called.value}`; write a loop instead"
        raise TemplateSyntaxError(message, node.lineno)
    _check_known(called.value, known, kind, node)


def _check_known(name: str, known: Mapping[str, Any], kind: str, node: nodes.Node) -> None:
    if name not in known:
        raise TemplateSyntaxError(f"There is no {kind} named `{name}`", node.lineno)


def _not_usable(name: str, node: nodes.Node) -> TemplateSyntaxError:
    return TemplateSyntaxError(f"`{name}` cannot be used in a message", node.lineno or 1)


class _JoinedTexts(NodeTransformer):
    """Write `a ~ b` as a join: a filter can be told what has no text, and `~` cannot."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 - jinja2 names it so
        self.generic_visit(node)
        parts: Any = (nodes.List(node.nodes, lineno=node.lineno), "join", [], [], None, None)
        return nodes.Filter(*parts, lineno=node.lineno)
