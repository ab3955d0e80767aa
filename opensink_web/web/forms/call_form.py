"""What forms with an endpoint in them share: the call's headers and body, and reading it.

Headers are rows, added and removed by buttons of the form, so that it works without scripts.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from wtforms import FieldList, Form, FormField, SelectField
from wtforms.validators import ValidationError

from opensink_web import json_value
from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.operations.agents.endpoint import HEADERS_MAX, METHODS, mask_credentials
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.retry import NO_RETRIES, RetrySchedule
from opensink_web.web.forms.settings_form import LineField, ParagraphsField, SettingsForm

_ROW = re.compile(r"-([0-9]{1,6})-(?:name|value)")


class HeaderForm(Form):  # type: ignore[misc]  # WTForms ships no types
    """One row: a header's name and its value."""

    name = LineField("Name")
    value = LineField("Value")


class HeaderRows(FieldList):  # type: ignore[misc]  # WTForms ships no types
    """The rows, numbered in their fields' names."""

    def _extract_indices(self, prefix: str, formdata: Iterable[str]) -> Iterator[int]:
        # WTForms takes "²" for a number, and one of more digits than int() reads
        matches = (_ROW.fullmatch(name.removeprefix(prefix)) for name in formdata)
        return (int(match[1]) for match in matches if match)


def method_field() -> SelectField:
    """Return a CallForm's `method`."""
    return SelectField("Method", choices=METHODS)


def headers_field() -> HeaderRows:
    """Return a CallForm's `headers`."""
    return HeaderRows(FormField(HeaderForm), "Headers", max_entries=HEADERS_MAX)


class CallForm(SettingsForm):
    """A form that has these four fields, each where it stands in the form.

    `at_headers` is how the pointers of errors in headers begin.
    """

    at_headers: ClassVar[str]
    method: SelectField
    url: LineField
    headers: HeaderRows
    body: ParagraphsField

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

    def call_within(
        self, timeout_seconds: float, retry: RetrySchedule = NO_RETRIES
    ) -> EndpointSpec:
        """Return the endpoint as it was typed; empty rows are none."""
        rows = [(row["name"], row["value"]) for row in self.headers.data]
        return EndpointSpec(
            url=self.url.data,
            method=self.method.data,
            headers=tuple(row for row in rows if any(row)),
            body=_parse_body(self.body.data),
            timeout_seconds=timeout_seconds,
            retry=retry,
        )

    def show_at(self, path: str, message: str) -> None:
        """Put a message at the header that the pointer names, or at the field."""
        if not path.startswith(self.at_headers):
            super().show_at(path, message)
            return
        name = path.removeprefix(self.at_headers).replace("~1", "/").replace("~0", "~")
        self.headers.errors = [*self.headers.errors, message]
        for row in self.headers:
            if row.form.name.data == name and (name or row.form.value.data):
                row.form.name.errors = [*row.form.name.errors, message]


def call_fields(endpoint: EndpointSpec) -> dict[str, Any]:
    """Return what the four fields show of an endpoint, credentials masked."""
    shown = mask_credentials(endpoint)
    return {
        "method": shown.method,
        "url": shown.url,
        "headers": [{"name": name, "value": value} for name, value in shown.headers],
        "body": json_value.dump(shown.body, indent=2) if shown.body is not None else "",
    }


def _parse_body(text: str | None) -> JSONObject | None:
    if not text or not text.strip():
        return None
    value = json_value.parse(text)
    if not isinstance(value, dict):
        raise InvalidInput('The body must be a JSON object, such as {"task": "continue"}.')
    return value
