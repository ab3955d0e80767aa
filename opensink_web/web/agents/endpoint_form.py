"""The form for an agent's execution endpoint, and its way to and from the endpoint itself."""

from wtforms import FloatField, IntegerField
from wtforms.validators import InputRequired
from wtforms.widgets import NumberInput

from opensink_web.operations.agents.endpoint import (
    BACKOFF_SECONDS_MAX,
    MAX_ATTEMPTS_MAX,
    TIMEOUT_SECONDS_DEFAULT,
    TIMEOUT_SECONDS_MAX,
    retry_errors,
)
from opensink_web.outbound.endpoint_call import EndpointSpec
from opensink_web.outbound.retry import (
    BACKOFF_INITIAL_SECONDS_DEFAULT,
    BACKOFF_MAX_SECONDS_DEFAULT,
    RetrySchedule,
)
from opensink_web.web.forms.call_form import CallForm, call_fields, headers_field, method_field
from opensink_web.web.forms.settings_form import LineField, ParagraphsField
from opensink_web.web.rendering.filters import plain_duration

_NUMBER = "Enter a number."


class EndpointForm(CallForm):
    at_headers = "/execution_endpoint/headers/"

    method = method_field()
    url = LineField("URL", [InputRequired("Enter the address OpenSink should call.")])
    headers = headers_field()
    body = ParagraphsField(
        "Body",
        description="A JSON object. OpenSink adds session_id and request_id. GET sends no body.",
    )
    timeout_seconds = FloatField(
        "Timeout in seconds",
        [InputRequired(_NUMBER)],
        default=TIMEOUT_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=TIMEOUT_SECONDS_MAX, step="any"),
        description="How long the endpoint may take to answer.",
    )
    max_attempts = IntegerField(
        "Attempts",
        [InputRequired(_NUMBER)],
        default=1,
        widget=NumberInput(min=1, max=MAX_ATTEMPTS_MAX),
        description="How many times a call is tried in total. With 1, it is not tried again.",
    )
    initial_seconds = FloatField(
        "First wait in seconds",
        [InputRequired(_NUMBER)],
        default=BACKOFF_INITIAL_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=BACKOFF_SECONDS_MAX, step="any"),
        description=(
            "The longest wait before the second attempt; it doubles before each further one."
        ),
    )
    max_seconds = FloatField(
        "Longest wait in seconds",
        [InputRequired(_NUMBER)],
        default=BACKOFF_MAX_SECONDS_DEFAULT,
        widget=NumberInput(min=1, max=BACKOFF_SECONDS_MAX, step="any"),
        description=(
            "No wait is longer than this, unless the endpoint asks for it with Retry-After."
        ),
    )

    def endpoint(self) -> EndpointSpec:
        """Return the endpoint as it was typed."""
        return self.call_within(_plain(self.timeout_seconds.data), self._retry())

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
        waits = [plain_duration(schedule.ceiling_seconds(attempt) * 1000) for attempt in attempts]
        shown = list(dict.fromkeys(waits))
        if len(shown) < len(waits):
            shown[-1] += " each further time"
        return shown

    def _retry(self) -> RetrySchedule:
        return RetrySchedule(
            self.max_attempts.data,
            _plain(self.initial_seconds.data),
            _plain(self.max_seconds.data),
        )


def endpoint_form(endpoint: EndpointSpec | None) -> EndpointForm:
    """Return the form filled with an endpoint, credentials masked, whatever was just sent."""
    if endpoint is None:
        return EndpointForm(formdata=None)
    return EndpointForm(
        formdata=None,
        **call_fields(endpoint),
        timeout_seconds=endpoint.timeout_seconds,
        max_attempts=endpoint.retry.max_attempts,
        initial_seconds=endpoint.retry.initial_seconds,
        max_seconds=endpoint.retry.max_seconds,
    )


def _plain(seconds: float) -> float:
    return int(seconds) if float(seconds).is_integer() else seconds
