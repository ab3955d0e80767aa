"""What a form is made of: every field, the control that it gets, and which is typed as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from itertools import islice

from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.binding import control_for
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.tree.node import FieldNode, Kind

MAX_FIELDS = 2_000
MAX_DEPTH = 16


class Control(StrEnum):
    """What a field is filled in with.

    `scalar` is one box for a value of several simple kinds, `consent` a box to tick, `checklist` a
    box for each of several options, `fact` only shown. A `map` has rows of name and value, and a
    `union` is a choice between shapes, each with fields of its own. `json` is typed as JSON.
    """

    TEXT = "text"
    NUMBER = "number"
    INTEGER = "integer"
    SCALAR = "scalar"
    CHOICE = "choice"
    CHECKLIST = "checklist"
    CONSENT = "consent"
    FACT = "fact"
    GROUP = "group"
    LIST = "list"
    MAP = "map"
    UNION = "union"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class FieldOverview:
    """One field: `pointer` says where its value stands, with "-" for the entry of a list.

    Without `is_native` no control can be made of the schema, so that a person types JSON.
    """

    pointer: str
    title: str
    control: Control
    is_native: bool


def overview(form: AnswerForm) -> tuple[FieldOverview, ...]:
    """Return the fields of a form in its order, and those that it draws only when asked to.

    Each place is named once, a part that repeats itself without end likewise, and MAX_FIELDS at
    most. The form itself only where it is a single field.
    """
    distinct: dict[tuple[str, str], FieldOverview] = {}
    for field in islice(_below(form.root), MAX_FIELDS * 2):
        node, control = field.node, _control_of(field)
        if not (control is Control.GROUP and node.pointer == ""):
            entry = FieldOverview(node.pointer, node.title, control, control is not Control.JSON)
            distinct.setdefault((node.pointer, control), entry)
    return tuple(islice(distinct.values(), MAX_FIELDS))


def _control_of(field: AnswerField) -> Control:
    if field.control in {"json", "fact", "checklist"}:
        return Control(field.control)
    return Control.FACT if field.node.kind is Kind.FIXED else Control(field.node.kind)


def _below(field: AnswerField, depth: int = 0) -> Iterator[AnswerField]:
    """Yield a field and all that is below it, also what is not drawn yet."""
    yield field
    if depth == MAX_DEPTH or not _holds_fields(field):
        return
    parts = field.parts()
    for part in parts:
        yield from _below(part, depth + 1)
    drawn = {id(part.node) for part in parts}
    for node in _nodes_in(field.node):
        if id(node) not in drawn:
            yield from _not_drawn(field, node, depth + 1)


def _not_drawn(around: AnswerField, node: FieldNode, depth: int) -> Iterator[AnswerField]:
    """Yield the field that a node would become, which takes no value, and those below it."""
    kind = control_for(node, node.default)
    field = kind(node, node.pointer, name=around.name, _form=around._form, _prefix="")
    yield field
    if depth < MAX_DEPTH and _holds_fields(field):
        for inner in _nodes_in(node):
            yield from _not_drawn(field, inner, depth + 1)


def _holds_fields(field: AnswerField) -> bool:
    return type(field).parts is not AnswerField.parts


def _nodes_in(node: FieldNode) -> Iterator[FieldNode]:
    if node.is_recursive:  # what is below stands around it too
        return
    yield from node.below()
    if node.shape is not None and node.shape.is_variable:  # what conditions and branches bring
        for fields in node.shape.supposed():
            yield from fields.children
        for selector in node.shape.at({}, lambda _: None).selectors:
            for branch in range(len(selector.node.options)):
                yield from node.shape.at({}, partial(_chosen, branch)).children


def _chosen(branch: int, _selector: int) -> int:
    return branch
