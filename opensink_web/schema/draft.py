"""What was typed into a form, to be kept until somebody goes on with it: all of it but secrets."""

from collections.abc import Iterator

from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.sent import FormData
from opensink_web.schema.kept import is_part


def typed_without_secrets(
    sent: FormData, root: AnswerField, beside: set[str]
) -> list[tuple[str, str]]:
    """Return the names and texts that were sent for the fields of a form, in their order.

    What belongs to no field is left out, and what is said `beside` them, and what may be a secret,
    also one that is sealed.
    """
    fields = {str(field.name): field for field in _walk(root)}
    return [
        (name, text)
        for name in sent.keys()  # noqa: SIM118 - it is no dict
        if name not in beside and _may_be_kept(name, fields)
        for text in sent.getlist(name)
    ]


def _may_be_kept(name: str, fields: dict[str, AnswerField]) -> bool:
    around = name
    while around and around not in fields:
        around = around.rpartition("-")[0]
    if not around:
        return False
    field, below = fields[around], name[len(around) + 1 :].partition("-")[0]
    if field.node.secret:
        return False
    # what a part holds that is not there now nobody can tell, nor where in a text a secret stands
    is_whole = is_part(below) or not field.parts()
    return not (is_whole and field.node.secrets.may_hold_any())


def _walk(field: AnswerField) -> Iterator[AnswerField]:
    yield field
    for part in field.parts():
        yield from _walk(part)
