"""What one click can decide, with nothing to fill in: Yes or No, or a proposal as it is.

Both answers are known beforehand, so a list can offer them and many requests can get one at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from opensink_web.errors import Unavailable
from opensink_web.json_value import JSONObject, JSONValue, dump, parse
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.defaults import settled, start_of
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.tree.options import label_of
from opensink_web.schema.validation import Checker

MAX_DEPTH = 8
"""So many objects may stand around the boolean."""
YES, NO, APPROVE = "Yes", "No", "Approve"


@dataclass(frozen=True, slots=True)
class OneClick:
    """The whole answers that one click gives, and the words on it.

    `no` is None where the only other answer is to decline. `pointer` and `question` are the place
    and the title of the boolean, both "" for a proposal; `words` are what the schema says of it
    besides, in Markdown. `is_required`: nothing is no answer to it. `has_more`: the schema puts
    other values into the answer too, which a person should have seen.
    """

    yes: JSONObject
    no: JSONObject | None
    yes_label: str = YES
    no_label: str = NO
    pointer: str = ""
    question: str = ""
    words: tuple[str, ...] = ()
    is_required: bool = True
    has_more: bool = False


def one_click(schema: JSONValue, proposed: JSONObject | None = None) -> OneClick | None:
    """Return what one click can answer; None where there is something to fill in, or a secret.

    A proposed answer can be given as it is. Else there is exactly one boolean that has to be
    answered, or nothing but one. The schema has passed `check_schema`. Nobody changes the answers.
    """
    if proposed is None:
        return _of_boolean(dump(schema))
    if any(field_tree(schema).secrets.paths_in(proposed)):
        return None
    return OneClick(proposed, None, APPROVE)


@lru_cache(maxsize=512)
def _of_boolean(schema_text: str) -> OneClick | None:
    """Many requests have one schema, and each is drawn many times."""
    schema = parse(schema_text)
    root = field_tree(schema)
    if root.secrets.may_hold_any():
        return None
    way = _way_to_boolean(root)
    if way is None:
        return None
    node, path = way[-1], tuple(each.key for each in way[1:])
    checker = Checker(schema)
    try:
        start = start_of(root, checker.errors_of).value
        yes, no = (_with(start, path, value=value) for value in (True, False))
        if checker.errors_of(yes) or checker.errors_of(no):
            return None
    except Unavailable:  # it takes long to check, so it is no matter of a click
        return None
    return OneClick(
        yes,
        no,
        yes_label=label_of(node.options, value=True) or YES,
        no_label=label_of(node.options, value=False) or NO,
        pointer=pointer_to(path),
        question=node.title,
        words=_words_of(way),
        is_required=node.required,
        has_more=_count_values(yes) > 1,
    )


def _way_to_boolean(*way: FieldNode) -> tuple[FieldNode, ...] | None:
    """Return the groups that lead to the only field to answer, and that field as the last, if it is
    a choice between true and false.
    """
    group = way[-1]
    if group.kind is not Kind.GROUP or group.shape is None or group.shape.is_variable:
        return None  # what else there is to answer may depend on the answer
    open_fields = [
        child for child in group.children if not child.read_only and settled(child) is ABSENT
    ]
    candidates = [child for child in open_fields if child.required] or open_fields
    if len(candidates) != 1 or len(way) > MAX_DEPTH:
        return None
    child = candidates[0]
    if child.nullable:  # that is a third answer
        return None
    if child.kind is Kind.GROUP and child.required and not child.is_recursive:
        return _way_to_boolean(*way, child)
    values = [option.value for option in child.options]
    is_boolean = len(values) == 2 and any(each is True for each in values)
    return (*way, child) if is_boolean and any(each is False for each in values) else None


def _words_of(way: Sequence[FieldNode]) -> tuple[str, ...]:
    """Return what is said of a boolean, of what it stands in, and of its answers."""
    texts = [each.description for each in way]
    texts += [option.description for option in way[-1].options]
    return tuple(filter(None, texts))


def _with(start: JSONValue | Absent, path: tuple[str, ...], *, value: bool) -> JSONObject:
    """Return an answer that starts as the form does, with a value at a place in it."""
    members = dict(start) if isinstance(start, dict) else {}
    key, rest = path[0], path[1:]
    members[key] = _with(members.get(key, ABSENT), rest, value=value) if rest else value
    return members


def _count_values(value: JSONValue) -> int:
    if isinstance(value, dict):
        return sum(map(_count_values, value.values()))
    return 1
