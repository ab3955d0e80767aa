"""What a schema demands of the entries of a list, in words."""

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.tree.node import ABSENT, Absent, Constraints, FieldNode

MAX_NAMED = 5


def how_many(node: FieldNode) -> str:
    """Return how many entries there may be, "" for any number: "exactly 2", "at most 3"."""
    least, most = node.constraints.min_items, node.constraints.max_items
    or_none = ", or none" if least and (node.nullable or not node.required) else ""
    if least and least == most:
        return f"exactly {least}{or_none}"
    if least and most is not None:
        return f"{least} to {most}{or_none}"
    if least:
        return f"at least {least}{or_none}"
    return "" if most is None else f"at most {most}"


def entries_hint(node: FieldNode) -> str:
    """Return what holds for the entries of a list, as sentences."""
    sentences = []
    count = how_many(node)
    if count:
        number, *or_none = count.split(", ")
        noun = "entry" if number.split()[-1] == "1" else "entries"
        sentences.append(", ".join([f"{number} {noun}", *or_none]).capitalize() + ".")
    if node.constraints.unique_items:
        sentences.append("No entry may be there twice.")
    return " ".join(filter(None, [*sentences, contained(node)]))


def contained(node: FieldNode) -> str:
    """Return which entries there must be among the others, as a sentence; "" if none."""
    limits = node.constraints
    if limits.contains is ABSENT:
        return ""
    count = _times(limits)
    is_shown = not node.secrets.at_index(None).may_hold_any()
    words = _described(limits.contains) if is_shown else ""
    if not count:
        return ""
    return f"{count} of the entries must {f'be {words}' if words else 'fit a rule of the schema'}."


def _times(limits: Constraints) -> str:
    least, most = limits.min_contains, limits.max_contains
    if most is not None:
        return (
            f"Exactly {least}"
            if least == most
            else f"{least} to {most}"
            if least
            else (f"At most {most}")
        )
    return f"At least {least}" if least else ""


def _described(schema: JSONValue | Absent) -> str:
    if not isinstance(schema, dict):
        return ""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if isinstance(values, list) and 0 < len(values) <= MAX_NAMED:
        return " or ".join(f"“{v if isinstance(v, str) else dump(v)}”" for v in values)
    title = schema.get("title")
    if isinstance(title, str) and title:
        return f"“{title}”"
    return _TYPES.get(str(schema.get("type")), "")


_TYPES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "yes or no",
    "null": "nothing",
    "object": "a part with fields",
    "array": "a list",
}
