"""At which field of a form a message about a place of the answer stands."""

from collections.abc import Iterable, Mapping

from opensink_web.errors import FieldError
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.group import GroupField


def by_pointer(fields: Iterable[AnswerField]) -> dict[str, AnswerField]:
    """Return the fields by their pointers; of a group and its further keys it is the group."""
    return {field.pointer: field for field in reversed(list(fields))}


def with_place(field: AnswerField, error: FieldError) -> str:
    """Return a message as it stands at a field, which may be one around its place."""
    below = error.path.removeprefix(field.pointer)
    return f"{below}: {error.message}" if below else error.message


def nearest(fields: dict[str, AnswerField], pointer: str) -> AnswerField:
    """Find the field of a pointer, or the nearest one around it."""
    nearest = pointer
    while nearest not in fields:
        nearest = nearest.rpartition("/")[0]
    field = fields[nearest]
    if nearest != pointer and isinstance(field, GroupField) and field.extras:
        return field.extras
    return field


def label_of(field: AnswerField, around: Mapping[int, AnswerField]) -> str:
    """Return the titles of what is `around` a field, the outermost first, and its own."""
    titles = [field.title]
    part = field
    while (outer := around.get(id(part))) is not None and outer.pointer:
        # a shape of a value is no part of it
        if not (outer.pointer == part.pointer and outer.title == part.title):
            titles.insert(0, outer.title)
        part = outer
    return " / ".join(titles)
