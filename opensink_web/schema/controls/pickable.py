"""Dates, times, moments and colours: texts with a picker beside them.

The text is the truth and is kept as it is typed. A native input for dates would drop half a date,
change a time's seconds, or show 31 April as nothing; as a picker it only fills in the text.
"""

import re
from typing import Any, ClassVar

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import USUAL
from opensink_web.schema.controls.text import TextField, rules_of
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode
from opensink_web.schema.written_moment import TIME_EXAMPLE, moment_of, refusal_of_date, zone_of

ZONE_ENDING = "-zone"


class PickableField(TextField):
    """A text of a format for which browsers have a picker."""

    control = "pickable"
    pickers: ClassVar[dict[str, str]] = {
        "date": "date",
        "time": "time",
        "date-time": "datetime-local",
        "color": "color",
    }

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take what a picker can fill in; a secret is typed, and several lines need their space."""
        has_lines = isinstance(data, str) and re.search(r"[\r\n]", data) is not None
        is_taken = node.format in cls.pickers
        return USUAL + 2 if is_taken and not node.secret and not has_lines else 0

    def process(
        self, formdata: Any, data: JSONValue | Absent = ABSENT, extra_filters: Any = None
    ) -> None:
        """Take the zone of the browser, then the value."""
        sent = next(iter(formdata.getlist(self.zone_name)), "") if formdata else ""
        self.zone = zone_of(sent) if self.is_moment else None
        super().process(formdata, data, extra_filters)

    @property
    def zone_name(self) -> str:
        """The name under which a browser says in which time zone it is."""
        return f"{self.name}{ZONE_ENDING}"

    @property
    def is_moment(self) -> bool:
        """Return True if this is a point in time, which the offset is a part of."""
        return self.node.format == "date-time"

    def read(self, text: str) -> JSONValue | Absent:
        written = text.strip()
        if not written or rules_of(self.node.format, "").is_valid(written):
            return super().read(written)
        match self.node.format:
            case "date":
                raise ValueError(refusal_of_date(written))
            case "time":
                raise ValueError(TIME_EXAMPLE)
            case "date-time":
                return super().read(moment_of(written, self.zone))
            case _:
                return super().read(text)

    @property
    def hint(self) -> str:
        if self.is_moment and self.zone is not None:
            return f"For example 2026-01-31 14:30, which is read in your zone, {self.zone.key}."
        return super().hint

    def attributes(self) -> dict[str, Any]:
        return super().attributes() | {"data-picker": self.pickers[self.node.format]}
