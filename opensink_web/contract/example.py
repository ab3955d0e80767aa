"""What a route is sent and answers, as the document and the reference show it.

    @routes.post(
        "/teams",
        summary="Make a team.",
        example=Example(body={"name": "Finance", "members": ["bob@example.com"]}),
    )

A request is declared with its route. What it was answered is recorded from a real server, by
`python -m tests.examples`, in `recorded/<resource>.json`. tests/api/test_examples.py sends every
request and compares.

A text that is one name in braces stands for what there has to be beforehand, as the names in the
path do: `{agent_id}` is an agent's id. The test makes it; the document shows the same id for the
same name everywhere. `{+2d}` is the moment in two days, `{+3h}` and `{+5m}` in hours and minutes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from importlib.resources import files
from uuid import UUID

from opensink_web import json_value
from opensink_web.json_value import JSONObject, JSONValue

NAME = re.compile(r"^\{([a-z_]+)\}$")
LATER = re.compile(r"^\{\+(\d+)([dhm])\}$")
NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
"""When all examples happen."""
IDEMPOTENCY_KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
_SHOWN = {
    "namespace": "billing",
    "name": "transfer",
    "slug": "buyer",
    "password": "correct horse battery staple",
    "refresh_token": "osr_shown-in-examples-only-and-good-for-nothing",
    "code": "482913",
    "sink_secret": "oss_shown-in-examples-only-and-good-for-nothing",
}
"""How names are shown that are no ids."""


@dataclass(frozen=True, slots=True)
class Example:
    """A request that works. What of a path is not said here stands for itself: `{agent_id}`."""

    body: JSONValue = None
    query: Mapping[str, str | int] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside what every call of the route is sent with; with a sink's secret no key is sent."""

    def in_path(self, name: str) -> str:
        """Return what stands in the path at a name, perhaps as the name of something."""
        return self.path.get(name, f"{{{name}}}")


def example_id(name: str) -> str:
    """Return the id that the document shows for a name: always the same, and a UUIDv7."""
    digits = sha256(name.encode()).digest()
    moment = int((NOW - timedelta(minutes=digits[0])).timestamp() * 1000)
    return str(UUID(int=moment << 80 | 7 << 76 | 2 << 62 | int.from_bytes(digits[1:9]) >> 2))


def shown(value: JSONValue) -> JSONValue:
    """Return what a document shows of an example."""
    match value:
        case str():
            return _shown_text(value)
        case list():
            return [shown(each) for each in value]
        case dict():
            return {name: shown(each) for name, each in value.items()}
        case _:
            return value


def moment_text(moment: datetime) -> str:
    """Write a moment as the API does."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def moment_of(text: str, now: datetime) -> str | None:
    """Return the moment that a text stands for, if it stands for one."""
    later = LATER.fullmatch(text)
    if later is None:
        return None
    return moment_text(now + timedelta(**{_UNITS[later[2]]: int(later[1])}))


def _shown_text(text: str) -> str:
    if (name := NAME.fullmatch(text)) is not None:
        return _SHOWN.get(name[1]) or example_id(name[1])
    return moment_of(text, NOW) or text


@cache
def recorded(resource: str) -> JSONObject:
    """Return what the routes of a resource were answered, by the route's name."""
    file = files("opensink_web.contract").joinpath("recorded", f"{resource}.json")
    if not file.is_file():
        return {}
    answers = json_value.parse(file.read_bytes())
    if not isinstance(answers, dict):
        raise TypeError(f"{file} holds no object")
    return answers
