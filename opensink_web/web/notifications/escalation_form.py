"""The form of an escalation chain: working hours by weekday, and a row for each step.

There are always some rows more than are filled in, so that it works without scripts; a row without
an amount counts for nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from wtforms import BooleanField, Field, SelectChoice, SelectField
from wtforms.validators import InputRequired

from opensink_web import clock
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.models import Agent, EscalationChain, Function, Membership, Team
from opensink_web.operations.notifications.chain import ChainFields
from opensink_web.operations.notifications.plan import (
    STEPS_MAX,
    WEEKDAYS,
    Plan,
    PlannedStep,
    Who,
    checked_plan,
)
from opensink_web.schema.written_moment import zone_of
from opensink_web.web.forms.choice import named_choice
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm

_ROWS_LEAST = 3
_OFFICE_DAYS = WEEKDAYS[:5]
_UNITS = (SelectChoice("60", "working hours"), SelectChoice("1", "working minutes"))
_AMOUNT_MAX = 100_000


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whose a chain can be, and whom its steps can tell."""

    agents: Sequence[Agent]
    functions: Sequence[Function]
    members: Sequence[Membership]
    teams: Sequence[Team]

    def name_of(self, step: PlannedStep) -> str:
        """Return how whom a step tells is called."""
        match step.who:
            case Who.ASSIGNEES:
                return "the assignees"
            case Who.ADMINS:
                return "the admins"
            case Who.USER:
                known = {each.user_id: each.user.email for each in self.members}
            case Who.TEAM:
                known = {each.id: each.name for each in self.teams}
        return known.get(step.whom_id, "somebody who is gone") if step.whom_id else ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """The fields of a row."""

    number: int
    amount: Field
    unit: Field
    who: Field
    assign: Field

    @property
    def errors(self) -> list[str]:
        """Return what is wrong in it."""
        fields = (self.amount, self.unit, self.who, self.assign)
        return [error for field in fields for error in field.errors]


class ChainForm(SettingsForm):
    name = LineField("Name", [InputRequired("Enter a name.")], description="Such as Office hours.")
    subject = SelectField(
        "For", description="Whose requests. An own chain goes before that of all others."
    )
    is_active = BooleanField(
        "Active", default=True, description="What is asked while it is not begins no chain."
    )
    time_zone = LineField(
        "Time zone",
        [InputRequired("Enter a time zone.")],
        default="UTC",
        description="In which people work, such as Europe/Berlin.",
    )
    holidays = ParagraphsField(
        "Days off", description="A day in each line, such as 2026-12-25. On these nobody works."
    )
    asked_at = LineField("Asked at")

    @classmethod
    def of(
        cls, subjects: Subjects, chain: EscalationChain | None, plan: Plan | None
    ) -> "ChainForm":
        """Return the form as it was sent, or as a chain is stored."""
        form = cls(**({} if chain is None or plan is None else _stored(chain, plan)))
        form.subject.choices = _choices_of_subjects(subjects, chain)
        for row in form.all_rows():
            row.unit.choices = _UNITS
            row.who.choices = _choices_of_whom(subjects)
        return form

    def all_rows(self) -> list[StepRow]:
        """Return as many rows as a chain can have steps."""
        names = ("amount", "unit", "who", "assign")
        return [
            StepRow(number, *(self[f"{name}_{number}"] for name in names))
            for number in range(STEPS_MAX)
        ]

    @property
    def rows(self) -> list[StepRow]:
        """Return the rows that are shown: what is filled in, and one more."""
        rows = self.all_rows()
        filled = [row.number + 1 for row in rows if row.amount.data or row.errors]
        return rows[: max(_ROWS_LEAST, max(filled, default=0) + 1)]

    @property
    def hours(self) -> Iterator[Field]:
        """Yield the fields of the weekdays."""
        for name in WEEKDAYS:
            yield self[name]

    def fields(self) -> ChainFields:
        """Return what was entered. Raises: InvalidInput, with pointers as show() takes them."""
        errors: list[FieldError] = []
        holidays = self._holidays(errors)
        steps = self._steps(errors)
        if errors:
            raise InvalidInput("Please check what you entered.", errors=tuple(errors))
        hours = {field.name: field.data for field in self.hours}
        try:
            plan = checked_plan(self.time_zone.data, hours, holidays, [step for _, step in steps])
        except InvalidInput as error:
            numbers = [number for number, _ in steps]
            moved = [FieldError(_moved(each.path, numbers), each.message) for each in error.errors]
            raise InvalidInput(error.message, errors=tuple(moved)) from None
        kind, _, own_id = self.subject.data.partition(":")
        return ChainFields(
            self.name.data,
            plan,
            agent_id=UUID(own_id) if kind == "agent" else None,
            function_id=UUID(own_id) if kind == "function" else None,
            is_active=self.is_active.data,
        )

    def moment(self) -> datetime:
        """Return when it might be asked, as entered, else now. Raises: InvalidInput."""
        zone = zone_of(self.time_zone.data)
        try:
            entered = datetime.fromisoformat(self.asked_at.data or "")
        except ValueError:
            if self.asked_at.data:
                message = "Write a moment as 2026-01-31T14:30."
                raise InvalidInput(message, errors=(FieldError("/asked_at", message),)) from None
            return clock.now()
        return entered if entered.tzinfo else entered.replace(tzinfo=zone)

    def _holidays(self, errors: list[FieldError]) -> list[date]:
        days = []
        for line in filter(
            None, (each.strip() for each in (self.holidays.data or "").splitlines())
        ):
            try:
                days.append(date.fromisoformat(line))
            except ValueError:
                message = f"“{line}” is no day. Write one in each line, such as 2026-12-25."
                errors.append(FieldError("/holidays", message))
                break
        return days

    def _steps(self, errors: list[FieldError]) -> list[tuple[int, PlannedStep]]:
        steps = []
        for row in self.all_rows():
            text = row.amount.data
            if not text:
                continue
            if not (text.isascii() and text.isdigit()) or int(text[:9]) > _AMOUNT_MAX:
                message = "Enter a whole number; 0 is at once."
                errors.append(FieldError(f"/steps/amount_{row.number}", message))
                continue
            kind, _, own_id = row.who.data.partition(":")
            minutes = int(text) * int(row.unit.data)
            whom_id = UUID(own_id) if own_id else None
            steps.append((row.number, PlannedStep(minutes, Who(kind), whom_id, row.assign.data)))
        return steps


def _moved(path: str, numbers: Sequence[int]) -> str:
    """Return the pointer to a row's field, of one to a step's; any other is left as it is."""
    match path.split("/"):
        case ["", "steps", index, name]:
            field = {"after_minutes": "amount", "also_assign": "assign"}.get(name, name)
            return f"/steps/{field}_{numbers[int(index)]}"
        case ["", "steps"]:
            return "/steps/amount_0"
        case ["", "working_hours"]:
            return "/working_hours/monday"
        case _:
            return path


def _stored(chain: EscalationChain, plan: Plan) -> dict[str, Any]:
    subject = ""
    if chain.agent_id or chain.function_id:
        subject = f"agent:{chain.agent_id}" if chain.agent_id else f"function:{chain.function_id}"
    stored = {
        "name": chain.name,
        "subject": subject,
        "is_active": chain.is_active,
        "time_zone": plan.time_zone,
        "holidays": "\n".join(each.isoformat() for each in plan.holidays),
        **{name: plan.hours.get(name, "") for name in WEEKDAYS},
    }
    for number, step in enumerate(plan.steps):
        unit = 1 if step.after_minutes % 60 else 60
        whom = f"{step.who}:{step.whom_id}" if step.whom_id else step.who.value
        stored |= {
            f"amount_{number}": str(step.after_minutes // unit),
            f"unit_{number}": str(unit),
            f"who_{number}": whom,
            f"assign_{number}": step.also_assign,
        }
    return stored


def _choices_of_subjects(subjects: Subjects, chain: EscalationChain | None) -> list[SelectChoice]:
    agents, functions = list(subjects.agents), list(subjects.functions)
    if chain is not None:  # one that is not among the first
        agents += [chain.agent] if chain.agent and chain.agent not in agents else []
        functions += [chain.function] if chain.function and chain.function not in functions else []
    return [
        SelectChoice("", "All that have no chain of their own"),
        *(named_choice(f"agent:{each.id}", f"Agent {each.name}") for each in agents),
        *(
            named_choice(f"function:{each.id}", f"Function {each.namespace}/{each.name}")
            for each in functions
        ),
    ]


def _choices_of_whom(subjects: Subjects) -> list[SelectChoice]:
    return [
        SelectChoice(Who.ASSIGNEES.value, "The assignees"),
        SelectChoice(Who.ADMINS.value, "The admins"),
        *(named_choice(f"team:{each.id}", f"Team {each.name}") for each in subjects.teams),
        *(named_choice(f"user:{each.user_id}", each.user.email) for each in subjects.members),
    ]


for _name in WEEKDAYS:
    _default = "09:00-17:00" if _name in _OFFICE_DAYS else ""
    setattr(ChainForm, _name, LineField(_name.capitalize(), default=_default))
for _number in range(STEPS_MAX):
    _of_step = f" of step {_number + 1}"
    setattr(ChainForm, f"amount_{_number}", LineField(f"Time{_of_step}"))
    setattr(ChainForm, f"unit_{_number}", SelectField(f"Unit{_of_step}", default="60"))
    setattr(
        ChainForm,
        f"who_{_number}",
        SelectField(f"Who is told{_of_step}", default=Who.ASSIGNEES.value),
    )
    setattr(ChainForm, f"assign_{_number}", BooleanField("Also assign"))
