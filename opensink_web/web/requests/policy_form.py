"""The form of a rule, and its way to and from the rule itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import request
from wtforms import BooleanField, IntegerField, RadioField, SelectChoice, SelectField
from wtforms.validators import InputRequired, Length
from wtforms.widgets import NumberInput

from opensink_web import json_value
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.models import Policy, Quorum, Workspace
from opensink_web.operations.requests.assignment import assignees_named
from opensink_web.operations.requests.policy_change import (
    KEY_LENGTH_MAX,
    RESPONSES_MAX,
    PolicyFields,
    check_policy,
    check_scope,
)
from opensink_web.operations.requests.policy_queries import agents_and_functions, names_in
from opensink_web.operations.requests.policy_step import STEPS_MAX, PolicyStep, steps_of
from opensink_web.web.forms.choice import named_choice
from opensink_web.web.forms.schema_check import SchemaCheck, check_input_schema, parse_object
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm

EXAMPLE = """{
  "properties": {
    "amount": {"type": "number", "minimum": 10000}
  },
  "required": ["amount"]
}"""
_ANYBODY = ""


class StepForm(SettingsForm):
    """One of the steps; its fields are named `step-0-…`."""

    class Meta(SettingsForm.Meta):
        """The form around it has the token."""

        csrf = False

    name = LineField("Name", description="What people read, such as “Finance”.")
    assignees = ParagraphsField(
        "Who decides",
        description="One in each line: the name of a team, or the e-mail address of a member."
        " Without any, anybody who may decide.",
    )
    required_responses = IntegerField(
        "How many of them",
        [InputRequired("Enter a whole number.")],
        default=1,
        widget=NumberInput(min=1, max=RESPONSES_MAX),
    )
    quorum = RadioField(
        "If there are several",
        choices=[
            SelectChoice(Quorum.FIRST_DECLINE.value, "All have to agree; one can decline"),
            SelectChoice(Quorum.MAJORITY.value, "More than half of them decide"),
        ],
        default=Quorum.FIRST_DECLINE.value,
    )
    forbid_requester = BooleanField("Not whoever it is asked for")

    def step(self, workspace: Workspace, path: str) -> PolicyStep:
        """Return what was entered. Raises: InvalidInput."""
        lines = [each.strip() for each in (self.assignees.data or "").splitlines()]
        named: list[JSONObject] = [_who(each) for each in dict.fromkeys(filter(None, lines))]
        try:
            assignees = assignees_named(workspace.id, [*named])
        except InvalidInput as error:
            places = [int(each.path.rpartition("/")[2]) for each in error.errors]
            names = " and ".join(f"“{next(iter(named[each].values()))}”" for each in places)
            raise _wrong(
                f"{path}/assignees", f"There is no active member or team {names}."
            ) from None
        return PolicyStep(
            name=self.name.data,
            assignees=assignees,
            required_responses=self.required_responses.data,
            quorum=Quorum(self.quorum.data),
            forbid_requester=self.forbid_requester.data,
        )


class PolicyForm(SettingsForm):
    name = LineField(
        "Name",
        [InputRequired("Enter a name.")],
        description="What the rule is called, such as “Large payments”.",
    )
    agent = SelectField("Asked by the agent")
    function = SelectField("Asked before or by the function")
    key = LineField(
        "With the key",
        [Length(max=KEY_LENGTH_MAX, message="Use at most %(max)d characters.")],
        description="Which an agent gives its questions, such as “payment”.",
    )
    condition = ParagraphsField("Condition")
    is_active = BooleanField(
        "Active", default=True, description="One that is not holds for nothing that is asked anew."
    )
    sample = ParagraphsField("Sample")
    revision = LineField("Revision")

    steps: list[StepForm]

    @property
    def condition_check(self) -> SchemaCheck:
        return check_input_schema(self.condition.data or "{}")

    def is_valid(self, *, for_tryout: bool) -> bool:
        """Return True if what was sent can be read; what is wrong stands at its field.

        To be tried a rule needs no name yet, nor anybody who decides.
        """
        if for_tryout:
            self.name.validators = ()
            return bool(self.validate_on_submit())
        are_valid = [each.validate() for each in self.steps]
        return bool(self.validate_on_submit()) and all(are_valid)

    def take_example(self) -> None:
        """Fill in a condition to begin with, in place of none."""
        if not (self.condition.data or "").strip():
            self.condition.data = EXAMPLE

    def scope(self) -> PolicyFields:
        """Return for what it would hold, checked. Raises: InvalidInput; Conflict."""
        return check_scope(self._entered(()))

    def fields(self, workspace: Workspace) -> PolicyFields:
        """Return what was entered, checked. Raises: InvalidInput; Conflict."""
        steps = tuple(
            each.step(workspace, f"/steps/{number}") for number, each in enumerate(self.steps)
        )
        return check_policy(self._entered(steps))

    def _entered(self, steps: tuple[PolicyStep, ...]) -> PolicyFields:
        return PolicyFields(
            name=self.name.data,
            steps=steps,
            condition=self._object("condition"),
            agent_id=_id(self.agent.data),
            function_id=_id(self.function.data),
            key=self.key.data or None,
            is_active=self.is_active.data,
        )

    def sample_object(self) -> JSONObject | None:
        """Return the sample, None for none. Raises: InvalidInput."""
        return self._object("sample") if self.sample.data else None

    def show_at(self, path: str, message: str) -> None:
        """Put a message at its field, also one of a step or about a part of the condition."""
        parts = path.split("/")[1:]
        if len(parts) == 3 and parts[0] == "steps":
            self.steps[int(parts[1])].show_at(path, message)
            super().show_at("", f"Step {int(parts[1]) + 1}: {message}")
        else:
            super().show_at(f"/{parts[0]}" if parts else path, message)

    def _object(self, name: str) -> JSONObject:
        try:
            return parse_object(self[name].data) or {}
        except InvalidInput as error:
            raise _wrong(f"/{name}", error.message) from None


@dataclass(frozen=True, slots=True)
class _Choices:
    agents: list[SelectChoice]
    functions: list[SelectChoice]


def policy_form(workspace: Workspace, policy: Policy | None) -> PolicyForm:
    """Return the form as it was sent, or else filled with a rule."""
    form = PolicyForm(**_stored(policy))
    agents, functions = agents_and_functions(workspace)
    form.agent.choices = [
        SelectChoice(_ANYBODY, "Any"),
        *(named_choice(each.id, each.name) for each in agents),
    ]
    form.function.choices = [
        SelectChoice(_ANYBODY, "Any"),
        *(named_choice(each.id, f"{each.namespace}/{each.name}") for each in functions),
    ]
    steps = steps_of(policy.revision.steps) if policy else ()
    form.steps = _sent_steps() if request.method == "POST" else _stored_steps(steps)
    return form


def _sent_steps() -> list[StepForm]:
    """Return the steps that were sent, with one more or less if that was asked for."""
    count = min(_number(request.form.get("steps")) or 1, STEPS_MAX)
    forms = [StepForm(prefix=f"step-{number}-") for number in range(count)]
    taken = _number(request.form.get("remove_step"))
    if taken is not None and taken < count and count > 1:
        kept = [each.data for number, each in enumerate(forms) if number != taken]
        return [_blank(number, values) for number, values in enumerate(kept)]
    if "add_step" in request.form and count < STEPS_MAX:
        forms.append(_blank(count, {}))
    return forms


def _stored_steps(steps: Sequence[PolicyStep]) -> list[StepForm]:
    names = names_in(steps)
    return [
        _blank(
            number,
            {
                "name": each.name,
                "assignees": "\n".join(
                    names.get(whom.team_id or whom.user_id or UUID(int=0), "")
                    for whom in each.assignees
                ),
                "required_responses": each.required_responses,
                "quorum": each.quorum.value,
                "forbid_requester": each.forbid_requester,
            },
        )
        for number, each in enumerate(steps)
    ] or [_blank(0, {})]


def _blank(number: int, values: dict[str, Any]) -> StepForm:
    kept = {name: value for name, value in values.items() if name != "csrf_token"}
    return StepForm(formdata=None, prefix=f"step-{number}-", **kept)


def _stored(policy: Policy | None) -> dict[str, Any]:
    if policy is None:
        return {}
    return {
        "name": policy.name,
        "agent": str(policy.agent_id or ""),
        "function": str(policy.function_id or ""),
        "key": policy.key or "",
        "condition": json_value.dump(policy.revision.condition, indent=2),
        "is_active": policy.is_active,
        "revision": str(policy.revision.number),
    }


def _who(line: str) -> JSONObject:
    """Return how a line names somebody: an address has an @, and the name of a team rarely."""
    return {"user": line} if "@" in line else {"team": line}


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() and len(text) < 4 else None


def _wrong(path: str, message: str) -> InvalidInput:
    return InvalidInput(message, errors=(FieldError(path, message),))
