"""The corpus: schemas as people and programs write them, with answers that fit and that do not.

Each file of corpus/ holds a JSON list, a case a line: what emitted the schema (`origin`), answers
that are `valid` and `invalid` ones with the pointer of what is wrong (`at`). `untouched` is what a
form that nobody touches sends, null where that is not valid. Secrets in it all have MARKER in them.
The answers were checked with another validator than ours when the corpus was made.
"""

import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from opensink_web.json_value import JSONObject, JSONValue, dump

CORPUS = Path(__file__).with_name("corpus")
MARKERS = ("s3cret", "918273645")
UNTOLD = "untold"


@dataclass(frozen=True, slots=True)
class Invalid:
    """An answer that does not fit, and where; `at` is None where several places could be named."""

    value: JSONValue
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A schema with answers to it."""

    name: str
    origin: str
    schema: JSONValue
    valid: list[JSONValue] = field(default_factory=list)
    invalid: list[Invalid] = field(default_factory=list)
    untouched: JSONValue = UNTOLD

    @property
    def answers(self) -> list[JSONObject]:
        """The valid answers: an answer is always an object."""
        return [value for value in self.valid if isinstance(value, dict)]

    @property
    def has_secrets(self) -> bool:
        """Return True if there is a secret in one of the answers."""
        return any(marker in dump(self.valid) for marker in MARKERS)

    def __repr__(self) -> str:
        return f"{self.origin}: {self.name}"


@cache
def corpus() -> tuple[Case, ...]:
    """Read the whole corpus."""
    lines = [
        line for path in sorted(CORPUS.glob("*.json")) for line in json.loads(path.read_text())
    ]
    return tuple(_case(line) for line in lines)


def _case(line: JSONObject) -> Case:
    invalid = [Invalid(**each) for each in line.pop("invalid", [])]  # type: ignore[union-attr, arg-type]
    return Case(**line, invalid=invalid)  # type: ignore[arg-type]
