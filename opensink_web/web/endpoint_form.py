"""The form for an agent's execution endpoint, and its way to and from the endpoint itself.

Headers are rows, added and removed by buttons of the form, so that it works without scripts.
"""

import re
from collections.abc import Iterable, Iterator

from wtforms import FieldList, FloatField, Form, FormField, IntegerField, SelectField
from wtforms.validators import InputRequired, ValidationError
from wtforms.widgets import NumberInput

from opensink_web import json_value
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.operations.endpoint import (
    BACKOFF_SECONDS_MAX,
    HEADERS_MAX,
    MAX_ATTEMPTS_MAX,
    METHODS,
    TIMEOUT_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_MAX,
    mask_credentials,
    retry_errors,
)
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.retry import (
    BACKOFF_INITIAL_SECONDS_DEFAULT,
    BACKOFF_MAX_SECONDS_DEFAULT,
    RetrySchedule,
)
from opensink_web.web.filters import duration
from opensink_web.web.forms import LineField, ParagraphsField, SettingsForm

_AT_HEADERS = "/execution_endpoint/headers/"
_NUMBER = "Enter a number."
_ROW = re.compile(r"-([0-9]{1,6})-(?:name|value)")


class HeaderForm(Form):  # type: ignore[misc]  # WTForms ships no types
    """One row: a header's name and its value."""

    name = LineField("Name")
    value = LineField("Value")


class HeaderRows(FieldList):  # type: ignore[misc]  # WTForms ships no types
    """The rows, numbered in their fields' names."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        # WTForms takes "²" for a number, and one of more digits than int() reads
        found = (_ROW.fullmatch(name.removeprefix(prefix)) for name in formdata)
        return (int(match[1]) for match in found if match)


class EndpointForm(SettingsForm):
    method = SelectField("Method", choices=METHODS)
    url = LineField("URL", [InputRequired("Enter the address that OpenSink calls.")])
    headers = HeaderRows(FormField(HeaderForm), "Headers", max_entries=HEADERS_MAX)
    body = ParagraphsField(
        "Body",
        description="A JSON object. OpenSink adds session_id and request_id. GET sends no body.",
    )
    timeout_seconds = FloatField(
        "Timeout in seconds",
        [InputRequired(_NUMBER)],
        default=TIMEOUT_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=TIMEOUT_SECONDS_MAX, step="any"),
        description="How long an answer may take.",
    )
    max_attempts = IntegerField(
        "Attempts",
        [InputRequired(_NUMBER)],
        default=1,
        widget=NumberInput(min=1, max=MAX_ATTEMPTS_MAX),
        description="How often a call that fails is made in all. With 1 it has failed at once.",
    )
    initial_seconds = FloatField(
        "First wait in seconds",
        [InputRequired(_NUMBER)],
        default=BACKOFF_INITIAL_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=BACKOFF_SECONDS_MAX, step="any"),
        description="At most this long before the second attempt; twice as long before each next.",
    )
    max_seconds = FloatField(
        "Longest wait in seconds",
        [InputRequired(_NUMBER)],
        default=BACKOFF_MAX_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=BACKOFF_SECONDS_MAX, step="any"),
        description="No wait is longer, unless the endpoint asks for it with Retry-After.",
    )

    def validate_body(self, field: ParagraphsField) -> None:
        try:
            _parse_body(field.data)
        except InvalidInput as error:
            raise ValidationError(error.message) from None

    def add_header(self) -> None:
        """Append an empty row."""
        if len(self.headers.entries) < HEADERS_MAX:
            self.headers.append_entry()

    def remove_header(self, name: str) -> None:
        """Take out the row whose fields begin with `name`."""
        self.headers.entries = [row for row in self.headers.entries if row.name != name]

    def endpoint(self) -> EndpointSpec:
        """Return the endpoint as it was typed; empty rows are none."""
        return EndpointSpec(
            url=self.url.data,
            method=self.method.data,
            headers=tuple(
                (row["name"], row["value"])
                for row in self.headers.data
                if row["name"] or row["value"]
            ),
            body=_parse_body(self.body.data),
            timeout_seconds=_plain(self.timeout_seconds.data),
            retry=self._retry(),
        )

    @property
    def longest_waits(self) -> list[str]:
        """What the schedule comes to, as an example: the longest wait before each next attempt.

        Waits that have reached the longest one of all stand there once.
        """
        numbers = (self.max_attempts.data, self.initial_seconds.data, self.max_seconds.data)
        if None in numbers or retry_errors(self._retry()):
            return []
        schedule = self._retry()
        attempts = range(1, schedule.max_attempts)
        waits = [duration(schedule.ceiling_seconds(attempt) * 1000) for attempt in attempts]
        shown = [wait.replace(".0 s", " s").removesuffix(" 0 s") for wait in dict.fromkeys(waits)]
        if len(shown) < len(waits):
            shown[-1] += " each further time"
        return shown

    def _retry(self) -> RetrySchedule:
        return RetrySchedule(
            self.max_attempts.data,
            _plain(self.initial_seconds.data),
            _plain(self.max_seconds.data),
        )

    def show_at(self, path: str, message: str) -> None:
        """Put a message at the header that the pointer names, or at the field."""
        if not path.startswith(_AT_HEADERS):
            super().show_at(path, message)
            return
        name = path.removeprefix(_AT_HEADERS).replace("~1", "/").replace("~0", "~")
        self.headers.errors = [*self.headers.errors, message]
        for row in self.headers:
            if row.form.name.data == name and (name or row.form.value.data):
                row.form.name.errors = [*row.form.name.errors, message]


def endpoint_form(endpoint: EndpointSpec | None) -> EndpointForm:
    """Return the form filled with an endpoint, credentials masked, whatever was just sent."""
    if endpoint is None:
        return EndpointForm(formdata=None)
    shown = mask_credentials(endpoint)
    return EndpointForm(
        formdata=None,
        method=shown.method,
        url=shown.url,
        headers=[{"name": name, "value": value} for name, value in shown.headers],
        body=json_value.dump(shown.body, indent=2) if shown.body is not None else "",
        timeout_seconds=shown.timeout_seconds,
        max_attempts=shown.retry.max_attempts,
        initial_seconds=shown.retry.initial_seconds,
        max_seconds=shown.retry.max_seconds,
    )


def _plain(seconds: float) -> float:
    return int(seconds) if float(seconds).is_integer() else seconds


def _parse_body(text: str | None) -> JSONObject | None:
    if not text or not text.strip():
        return None
    value = json_value.parse(text)
    if not isinstance(value, dict):
        raise InvalidInput('The body is a JSON object, such as {"task": "continue"}.')
    return value
