"""An execution's input and output as they are shown: not longer than anybody reads."""

from dataclasses import dataclass

from opensink_web.json_value import JSONValue, beginning
from opensink_web.models import Execution, ExecutionStatus
from opensink_web.web.rendering.foreign_text import json_in_html

SHOWN_CHARACTERS = 65_536
_SHORT_LINES = 40


@dataclass(frozen=True, slots=True)
class ShownJson:
    """JSON over several lines: `is_long` is better folded, `is_cut` has its end missing."""

    text: str
    line_count: int
    is_cut: bool

    @property
    def is_long(self) -> bool:
        return self.line_count > _SHORT_LINES


def shown_json(value: JSONValue) -> ShownJson:
    """Write JSON for people to read."""
    text, is_cut = beginning(value, SHOWN_CHARACTERS)
    return ShownJson(json_in_html(text, value), text.count("\n") + 1, is_cut)


def has_output(execution: Execution) -> bool:
    """Return True if something came out; null is an output too."""
    return execution.status is ExecutionStatus.COMPLETED or execution.output_data is not None
