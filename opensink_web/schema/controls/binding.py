"""Which control a node becomes, bound to its place in the form.

A field's name is its position ("answer-0-2"), so no property's name can be mistaken for another,
or for one of the page's own.
"""

from functools import cache
from typing import Any, assert_never

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

_VALUES_PER_FIELD = 10
"""So many options, or values that are only shown, take as long to draw as one field."""


def bind(
    form: Any,
    node: FieldNode,
    data: JSONValue | Absent,
    *,
    name: str,
    pointer: str,
    title: str = "",
) -> AnswerField:
    """Make the field that suits a node and the value it starts from."""
    kind = control_for(node, data)
    values = len(node.options)
    if kind.control == "fact" and data is not ABSENT:
        values = dump(data).count(",")
    form.spend(1 + values // _VALUES_PER_FIELD)
    return kind(node, pointer, title, name=name, _form=form, _prefix="")


def fits(node: FieldNode, data: JSONValue) -> bool:
    """Return True if a node's own kind of field can show a value as it is."""
    if data is None:
        takes_any = node.kind in {Kind.CHOICE, Kind.JSON, Kind.FIXED}
        return node.nullable or takes_any or any(fits(each, data) for each in node.branches)
    match node.kind:
        case Kind.TEXT:
            return isinstance(data, str)
        case Kind.NUMBER | Kind.INTEGER:
            return isinstance(data, (int, float)) and not isinstance(data, bool)
        case Kind.GROUP:
            return isinstance(data, dict)
        case Kind.LIST:
            return isinstance(data, list) and (bool(node.item) or len(data) <= len(node.prefix))
        case Kind.MAP:
            return isinstance(data, dict) and all(map(node.value_at, data))
        case Kind.SCALAR:
            return not isinstance(data, (dict, list))
        case Kind.UNION:
            return any(fits(branch, data) for branch in node.branches)
        case Kind.CHOICE | Kind.CONSENT | Kind.FIXED | Kind.JSON:
            return True
        case _:
            assert_never(node.kind)


def control_for(node: FieldNode, data: JSONValue | Absent) -> type[AnswerField]:
    """Return the control that suits a node and its value best."""
    return max(_controls_of(node.kind), key=lambda control: control.suits(node, data))


@cache
def _controls_of(kind: Kind) -> list[type[AnswerField]]:
    """Return the controls that may suit a kind; to ask all of them for each field takes long."""
    return [control for control in AnswerField.registry if kind in control.kinds]


def focus(field: AnswerField) -> None:
    """Have the page come up with the first control of this field focused."""
    parts = (part for part in field.active() if part.control not in {"group", "fact"})
    next(parts, field).autofocus = True
