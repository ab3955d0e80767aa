"""The fields of a form as cells of a table's row: those that fit into one box each.

Everything else, such as lists, maps and secrets, is not drawn in the row. A row can be answered
where nothing of that has to be filled in or has a value, which nobody would have seen. That is
asked of the form as it was proposed, not of what came back.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.group import GroupField
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.tree.node import ABSENT, Kind

MAX_CELLS = 16
"""A wider row is nobody's to read; what comes after is not drawn."""
_KINDS = {
    Kind.TEXT,
    Kind.NUMBER,
    Kind.INTEGER,
    Kind.CHOICE,
    Kind.CONSENT,
    Kind.FIXED,
    Kind.SCALAR,
}


@dataclass(frozen=True, slots=True)
class Cell:
    """A field in a row; `title` names its column, with the groups around it."""

    field: AnswerField
    title: str


@dataclass(frozen=True, slots=True)
class RowOfCells:
    """One answer as a row.

    `undrawn` is what the page sends back of what is not drawn, by its name. `lacks` are the titles
    of what has to be filled in, or would be sent unseen, and has no cell. `words` are what is said
    of the fields together, in Markdown.
    """

    form: AnswerForm
    cells: tuple[Cell, ...]
    undrawn: dict[str, str]
    lacks: tuple[str, ...]
    words: tuple[str, ...]


def row_of_cells(form: AnswerForm) -> RowOfCells | None:
    """Return a form's row; None where which fields there are depends on what is filled in."""
    if not isinstance(form.root, GroupField) or not _is_steady(form.root):
        return None
    cells: list[Cell] = []
    words = [form.root.node.description]
    left_out: list[tuple[GroupField, AnswerField, str]] = []
    for around, field, title in _fields_in(form.root, ""):
        if _fits(field) and len(cells) < MAX_CELLS:
            cells.append(Cell(field, title))
        else:
            left_out.append((around, field, title))
        if around.node.description not in words:
            words.append(around.node.description)
    undrawn: dict[str, list[str]] = {}
    for around, field, _ in left_out:
        number = str(field.name).removeprefix(f"{around.name}-")
        undrawn.setdefault(f"{around.name}-undrawn", []).append(number)
    lacks = [title for _, field, title in left_out if _needs_look(form, field)]
    return RowOfCells(
        form,
        tuple(cells),
        {name: " ".join(numbers) for name, numbers in undrawn.items()},
        tuple(lacks),
        tuple(filter(None, words)),
    )


def _fields_in(group: GroupField, around: str) -> Iterator[tuple[GroupField, AnswerField, str]]:
    for field in group.parts():
        title = f"{around}: {field.title}" if around else field.title
        if isinstance(field, GroupField) and _is_steady(field) and field.parts():
            yield from _fields_in(field, title)
        else:
            yield group, field, title


def _is_steady(group: GroupField) -> bool:
    """Return True if all fields of a group are there whatever is filled in."""
    return not (group.has_box or group.is_closed or group.shape.is_variable)


def _fits(field: AnswerField) -> bool:
    is_plain = not (field.has_buttons or field.redraws or field.parts())
    return is_plain and field.node.kind in _KINDS and not field.node.secrets.may_hold_any()


def _needs_look(form: AnswerForm, field: AnswerField) -> bool:
    """Return True if something has to be filled in here, or would be sent as it is."""
    if field.initial is ABSENT:
        return field.node.required and not field.node.read_only
    return field.initial not in ([], {}) or not form.is_valid_below(field.node, field.initial)
