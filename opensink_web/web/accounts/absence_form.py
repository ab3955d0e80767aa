"""The form that says when somebody is away and who stands in for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from wtforms import DateField, SelectField
from wtforms.validators import InputRequired, Length, ValidationError

from opensink_web.models import Absence, User, Workspace
from opensink_web.operations.accounts.absence import NOTE_LENGTH_MAX, NewAbsence
from opensink_web.operations.accounts.deputy import absences_to_come
from opensink_web.operations.accounts.queries import (
    active_members_by_address,
    find_active_member_called,
)
from opensink_web.web.forms.choice import named_choice
from opensink_web.web.forms.settings_form import LineField, SettingsForm

_MEMBERS_OFFERED = 200
_FIRST, _LAST = date(2000, 1, 1), date(2999, 12, 31)


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _is_near(_form: SettingsForm, field: DateField) -> None:
    if field.data is not None and not _FIRST <= field.data <= _LAST:
        raise ValidationError("Choose another day.")


class AbsenceForm(SettingsForm):
    workspace = SelectField("Workspace")
    begins = DateField(
        "First day away",
        [InputRequired("Choose the first day."), _is_near],
    )
    ends = DateField(
        "Last day away",
        [InputRequired("Choose the last day."), _is_near],
    )
    zone = LineField(
        "Time zone", default="UTC", description="In which the days begin, such as Europe/Berlin."
    )
    deputy = LineField(
        "Deputy",
        description="The e-mail address of a member who stands in. Without one, what is assigned"
        " counts as unassigned meanwhile.",
    )
    note = LineField(
        "Note",
        [Length(max=NOTE_LENGTH_MAX, message="Use at most %(max)d characters.")],
        description="Everybody who sees the request sees this.",
    )

    def validate_zone(self, field: LineField) -> None:
        if field.data not in _zones():
            raise ValidationError("There is no such time zone. Write it as in Europe/Berlin.")

    @classmethod
    def of(cls, workspaces: Sequence[Workspace], *, is_blank: bool = False) -> "AbsenceForm":
        """Return the form for one of these workspaces, as it was sent or afresh."""
        form = cls(formdata=None) if is_blank else cls()
        form.workspace.choices = [named_choice(each.id, each.name) for each in workspaces]
        if len(workspaces) == 1:
            form.workspace.data = str(workspaces[0].id)
        return form

    def new_absence(self, workspace: Workspace) -> NewAbsence:
        """Return what was entered. Raises: InvalidInput."""
        deputy_id: UUID | None = None
        if self.deputy.data:
            deputy_id = find_active_member_called(workspace, self.deputy.data)
        ends = self._start_of(self.ends.data + timedelta(days=1))
        begins = self._start_of(self.begins.data)
        return NewAbsence(begins, ends, deputy_id, self.note.data)

    def _start_of(self, day: date) -> datetime:
        return datetime.combine(day, time(), ZoneInfo(self.zone.data)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class AbsencePlan:
    """When somebody is away, of which `names` are the workspaces; `members` can stand in."""

    form: AbsenceForm
    absences: Sequence[Absence]
    names: dict[UUID, str]
    members: Sequence[str]


def plan_of(
    user: User, workspaces: Sequence[Workspace], form: AbsenceForm | None = None
) -> AbsencePlan:
    """Return what is planned in these workspaces, with the form as it was sent, if it was."""
    names = {each.id: each.name for each in workspaces}
    return AbsencePlan(
        form=form or AbsenceForm.of(workspaces, is_blank=True),
        absences=[each for each in absences_to_come(user.id) if each.workspace_id in names],
        names=names,
        members=sorted(
            {
                email
                for each in workspaces
                for email in active_members_by_address(each, _MEMBERS_OFFERED)
            }
            - {user.email}
        ),
    )
