"""The form for a background job: its times, and its way to and from the job itself."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wtforms import BooleanField, IntegerField, SelectChoice, SelectField
from wtforms.validators import InputRequired, NumberRange, StopValidation
from wtforms.widgets import NumberInput

from opensink_web import clock
from opensink_web.errors import InvalidInput, UnreadableSecret
from opensink_web.models import BackgroundJob
from opensink_web.operations.agents.endpoint import TIMEOUT_SECONDS_DEFAULT, TIMEOUT_SECONDS_MAX
from opensink_web.operations.jobs.grid import INTERVAL_MINUTES_MAX, checked_grid
from opensink_web.operations.jobs.job import CallChanges, JobChanges, JobFields
from opensink_web.operations.jobs.queries import endpoint_of
from opensink_web.web.forms.call_form import CallForm, call_fields, headers_field, method_field
from opensink_web.web.forms.settings_form import LineField, ParagraphsField
from opensink_web.web.jobs.times import INTERVALS, OWN

_SHOWN_RUNS = 5


@dataclass(frozen=True, slots=True)
class NextRuns:
    """When a job would run with what is typed, or why that cannot be said."""

    moments: tuple[datetime, ...] = ()
    problem: str = ""


def _counts_with_other(form: "JobForm", field: IntegerField) -> None:
    """Say what is wrong with the number only where it counts."""
    if form.every.data == OWN and field.data is not None:
        return
    field.errors = []
    needed = "Enter how many whole minutes there are from one run to the next."
    raise StopValidation(needed if form.every.data == OWN else "")


class JobForm(CallForm):
    at_headers = "/headers/"

    name = LineField("Name", [InputRequired("Enter a name.")])
    every = SelectField(
        "Runs",
        choices=[
            *(SelectChoice(str(minutes), text) for minutes, text in INTERVALS.items()),
            SelectChoice(OWN, "Other…"),
        ],
        default="15",
        description="Times are counted in UTC, so that an hour is always an hour.",
    )
    interval_minutes = IntegerField(
        "Minutes from one run to the next",
        [_counts_with_other],
        widget=NumberInput(min=1, max=INTERVAL_MINUTES_MAX),
        description=f"1 to {INTERVAL_MINUTES_MAX:,}. Counts with “Other…” alone.",
    )
    start_minute = IntegerField(
        "Start minute",
        [InputRequired("Enter a whole number, 0 for the full hour.")],
        default=0,
        widget=NumberInput(min=0, max=INTERVAL_MINUTES_MAX - 1),
        description="Every 30 minutes from minute 5 is :05 and :35; daily from minute 540 is 09:00 "
        "UTC.",
    )
    method = method_field()
    url = LineField("URL", [InputRequired("Enter the address OpenSink should call.")])
    headers = headers_field()
    body = ParagraphsField("Body", description="A JSON object, sent as it is. GET sends no body.")
    timeout_seconds = IntegerField(
        "Timeout in seconds",
        [
            InputRequired("Enter a whole number."),
            NumberRange(1, TIMEOUT_SECONDS_MAX, f"Enter 1 to {TIMEOUT_SECONDS_MAX} seconds."),
        ],
        default=TIMEOUT_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=TIMEOUT_SECONDS_MAX),
    )
    enabled = BooleanField("Active", default=True, description="A paused job runs by hand alone.")

    @property
    def minutes(self) -> int | None:
        """How many minutes there are from one run to the next, as typed or chosen."""
        own: int | None = self.interval_minutes.data
        if self.every.data == OWN:
            return own
        return next((each for each in INTERVALS if str(each) == self.every.data), None)

    @property
    def next_runs(self) -> NextRuns:
        """When it would run, whatever else is wrong with the form."""
        minutes, start = self.minutes, self.start_minute.data
        if minutes is None and self.every.data != OWN:
            return NextRuns(problem="Choose how often it runs to see when.")
        if minutes is None or start is None:
            return NextRuns(problem="Enter whole numbers to see when it runs.")
        try:
            grid = checked_grid(minutes, start)
        except InvalidInput as error:
            return NextRuns(problem=" ".join(each.message for each in error.errors))
        return NextRuns(tuple(grid.following(clock.now(), _SHOWN_RUNS)))

    def fields(self) -> JobFields:
        """Return the job as it was typed; the form is valid."""
        return JobFields(
            name=self.name.data,
            interval_minutes=self.minutes or 0,
            start_minute=self.start_minute.data,
            endpoint=self.call_within(self.timeout_seconds.data),
            is_enabled=self.enabled.data,
        )

    def changes(self) -> JobChanges:
        """Return the same as changes of a job."""
        fields = self.fields()
        call = fields.endpoint
        return JobChanges(
            name=fields.name,
            interval_minutes=fields.interval_minutes,
            start_minute=fields.start_minute,
            is_enabled=fields.is_enabled,
            call=CallChanges(
                url=call.url,
                method=call.method,
                headers=call.headers,
                body=call.body,
                timeout_seconds=call.timeout_seconds,
            ),
        )


def job_form(job: BackgroundJob | None) -> JobForm:
    """Return the form filled with what was sent, or else with a job; credentials masked."""
    if job is None:
        return JobForm()
    is_listed = job.interval_minutes in INTERVALS
    return JobForm(
        name=job.name,
        every=str(job.interval_minutes) if is_listed else OWN,
        interval_minutes=None if is_listed else job.interval_minutes,
        start_minute=job.start_minute,
        enabled=job.is_enabled,
        **_call_of(job),
    )


def _call_of(job: BackgroundJob) -> dict[str, Any]:
    """Return what the form shows of a request; nothing of one that cannot be decrypted."""
    with suppress(UnreadableSecret):
        endpoint = endpoint_of(job)
        return {**call_fields(endpoint), "timeout_seconds": int(endpoint.timeout_seconds)}
    return {}
