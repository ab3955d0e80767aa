"""A value that a schema describes, to show people: short, and valid where that is easy."""

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.node import ABSENT, FieldNode, Kind

MAX_CHARACTERS = 4_000
_MANY = 10
_MAX_STATES = 5
_TEXTS = {
    "date": "2026-01-31",
    "time": "14:30:00Z",
    "date-time": "2026-01-31T14:30:00Z",
    "duration": "P3DT4H",
    "email": "name@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/page",
    "uuid": "123e4567-e89b-12d3-a456-426614174000",
}


def example_of(schema: JSONValue) -> JSONObject:
    """Return an object to try: what the schema proposes, and something for what it demands.

    The schema has passed `check_schema`. A pattern, or what no form can draw, may ask for more; an
    object that would be long is left empty.
    """
    value = _example(field_tree(schema))
    return value if isinstance(value, dict) and len(dump(value)) <= MAX_CHARACTERS else {}


def _example(node: FieldNode) -> JSONValue:
    if node.constant is not ABSENT:
        return node.secrets.hide(node.constant)
    if node.default is not ABSENT:
        return node.secrets.hide(node.default)
    match node.kind:
        case Kind.GROUP:
            return _object(node)
        case Kind.LIST:
            return _entries(node)
        case Kind.CHOICE:
            return node.options[0].value if node.options else None
        case Kind.NUMBER | Kind.INTEGER:
            return _number(node)
        case Kind.TEXT:
            return _text(node)
        case Kind.SCALAR | Kind.UNION if not node.is_recursive:
            return _example(node.branches[0])
        case Kind.MAP:
            return {}
        case _:
            return {} if node.pointer == "" else None


def _object(node: FieldNode) -> JSONObject:
    """Return an object of the first branch of each union, with what its conditions bring."""
    value: JSONObject = {}
    children: tuple[FieldNode, ...] = ()
    for _ in range(_MAX_STATES):
        following = node.shape.at(value, lambda _: 0).children if node.shape else ()
        if following is children:
            break
        children = following
        value = {child.key: _example(child) for child in children if _is_shown(children, child)}
    return value


def _is_shown(children: tuple[FieldNode, ...], child: FieldNode) -> bool:
    """Show what is demanded or proposed; everything where nothing is, but nothing without end."""
    demands = any(each.required for each in children)
    return child.required or child.default is not ABSENT or not (demands or child.is_recursive)


def _entries(node: FieldNode) -> list[JSONValue]:
    if node.prefix:
        return [_example(each) for each in node.prefix]
    count = node.constraints.min_items or 1
    if node.item is None or count > _MANY:
        return []
    is_flat = node.item.kind not in {Kind.GROUP, Kind.LIST}  # lists in lists would multiply
    return [_example(node.item)] * (count if is_flat else 1)


def _number(node: FieldNode) -> int | float:
    limits = node.constraints
    if limits.minimum is not None:
        return limits.minimum + (1 if limits.is_above else 0)
    most = None if limits.maximum is None else limits.maximum - (1 if limits.is_below else 0)
    return 1 if most is None else min(1, most)


def _text(node: FieldNode) -> str:
    text = node.placeholder or _TEXTS.get(node.format, "text")
    shortest = node.constraints.min_length or 0
    return text.ljust(min(shortest, 100), "…")[: node.constraints.max_length]
