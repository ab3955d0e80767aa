"""What a form is made of: every field, the control that it gets, and which is typed as JSON."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from opensink_web.errors import InvalidInput
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.list import ListField
from opensink_web.schema.form import AnswerForm, walk

MAX_FIELDS = 2_000


@dataclass(frozen=True, slots=True)
class FieldOverview:
    """One field: `pointer` says where its value stands, with "-" for the entry of a list.

    Without `is_native` no control can be made of the schema, so that a person types JSON.
    """

    pointer: str
    title: str
    control: str
    is_native: bool


def overview(form: AnswerForm) -> tuple[FieldOverview, ...]:
    """Return the fields of a form in its order, those of a list's entry too; MAX_FIELDS at most.

    Lists that are empty get an entry for that, so the form is to be drawn no more.
    """
    for field in list(walk(form.root)):
        if isinstance(field, ListField) and not field.rows and field.can_grow:
            with suppress(InvalidInput):  # there is no capacity for it, as a person would find too
                field.add_row()
    distinct = {(each.node.pointer, each.control): each for each in reversed(list(_below(form)))}
    return tuple(
        FieldOverview(field.node.pointer, field.node.title, field.control, field.control != "json")
        for field in islice(reversed(distinct.values()), MAX_FIELDS)
    )


def _below(form: AnswerForm) -> Iterator[AnswerField]:
    """Yield every field; the outermost only where it is all there is."""
    root, *fields = walk(form.root)
    yield from fields or [root]
