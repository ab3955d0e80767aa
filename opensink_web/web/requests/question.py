"""Requests that a button answers: where one yes or no is all that has to be said."""

from dataclasses import dataclass

from opensink_web.models import InputRequest, InputRequestKind
from opensink_web.schema.controls.choice import ChoiceField
from opensink_web.schema.controls.group import GroupField
from opensink_web.schema.form import AnswerForm, walk
from opensink_web.schema.one_click import one_click
from opensink_web.schema.tree.node import ABSENT
from opensink_web.schema.tree.options import position_of


@dataclass(frozen=True, slots=True)
class Button:
    """One answer; `key` is the one by which it is given, "" where it leaves the question open."""

    value: str
    label: str
    key: str
    is_proposed: bool


@dataclass(frozen=True, slots=True)
class Question:
    """The one question of a form; `name` is its control's, `buttons` has yes first.

    `is_alone`: there is nothing else that could be filled in.
    """

    name: str
    buttons: tuple[Button, ...]
    is_alone: bool


def question_in(form: AnswerForm, input_request: InputRequest) -> Question | None:
    """Return the question that buttons answer, its field drawn without controls; None if none is.

    What else may be filled in is sent with it.
    """
    if input_request.kind is InputRequestKind.APPROVAL:
        return None
    click = one_click(input_request.schema)
    if click is None or not click.pointer or len(form.root.pages) > 1:
        return None
    for field in walk(form.root):
        if field.pointer == click.pointer and isinstance(field, ChoiceField):
            field.leave_to_buttons()
            return Question(str(field.name), _buttons(field), _is_alone(form, field))
    return None


def _is_alone(form: AnswerForm, question: ChoiceField) -> bool:
    return all(
        field is question or field.is_fixed or isinstance(field, GroupField)
        for field in walk(form.root)
    )


def _buttons(field: ChoiceField) -> tuple[Button, ...]:
    keys = {
        str(number): "a" if option.value is True else "r"
        for number, option in enumerate(field.node.options)
    }
    proposed = None
    if field.initial is not ABSENT:
        proposed = position_of(field.node.options, field.initial)
    buttons = [
        Button(
            choice.value,
            choice.label,
            keys.get(choice.value, ""),
            choice.value == str(proposed),
        )
        for choice in field.choices
    ]
    return tuple(sorted(buttons, key=lambda button: button.key or "z"))
