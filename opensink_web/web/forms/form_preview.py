"""A form that is only looked at: filled in and checked as a request's, and nothing is stored."""

from dataclasses import dataclass

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.edits import proposal_of
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.secrets import secrets_of


@dataclass(frozen=True, slots=True)
class FormPreview:
    """The form as it is drawn; once it was checked and fits, `answer` is what an agent would get.

    Secrets are replaced in it. `edited` points at what was changed of what was proposed; None where
    nothing is.
    """

    form: AnswerForm
    answer: JSONValue = None
    is_answered: bool = False
    edited: list[str] | None = None


def checked(form: AnswerForm, proposed: JSONObject | None = None) -> FormPreview:
    """Check what was filled in; what is wrong stands at the fields then."""
    value = form.read().value
    if value is None:
        return FormPreview(form)
    proposal = proposal_of(form.schema, proposed)
    return FormPreview(
        form,
        answer=secrets_of(form.schema).hide(value),
        is_answered=True,
        edited=None if proposal is None else proposal.changed_in(value),
    )
