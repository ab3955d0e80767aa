"""A boolean that can only be true: an assent, which is worth something if a person gives it."""

from collections.abc import Iterator

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.tree.node import ABSENT, Absent, Kind

TICKED = "1"
MISSING = "Tick this box to confirm it."


class ConsentField(AnswerField):
    """A box to tick: true, or no key. No default of the schema ticks it beforehand."""

    control = "consent"
    kinds = frozenset({Kind.CONSENT})

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw."""
        self.initial = self.data = value if value is True else ABSENT

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what the browser sent."""
        self.data = True if TICKED in valuelist else ABSENT
        self.changed = self.data is not self.initial

    def drawn_inputs(self) -> dict[str, list[str]]:
        return {str(self.name): [TICKED] * self.is_ticked}

    @property
    def is_ticked(self) -> bool:
        """Return True if the box is drawn ticked."""
        return self.data is True

    def problems(self) -> Iterator[tuple[AnswerField, str]]:
        """Yield that the box has to be ticked."""
        yield from super().problems()
        if self.node.required and not self.is_ticked:
            yield self, MISSING
