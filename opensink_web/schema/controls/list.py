"""An array, as rows that come and go."""

import re
from collections.abc import Iterator
from typing import Any

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.binding import FormData, bind, focus, given_to
from opensink_web.schema.tree.node import ABSENT, Absent, Kind

MAX_ROWS = 100
MAX_BLANK_ROWS = 20


class ListField(AnswerField):
    """An array whose entries are all asked for alike."""

    control = "list"
    kinds = frozenset({Kind.LIST})

    def process(
        self,
        formdata: FormData | None,
        data: JSONValue | Absent = ABSENT,
        extra_filters: Any = None,
    ) -> None:
        """Bind a field for each row and let it take its part."""
        self.process_errors: list[str] = []
        self.initial = data
        drawn = list(range(self._drawn_rows()))
        numbers = drawn if formdata is None else _row_numbers(formdata.getlist(self.name))
        self.rows: list[AnswerField] = []
        for number in numbers:
            self._bind_row(number, formdata)
        self.changed = numbers != drawn or any(row.changed for row in self.rows)

    def _drawn_rows(self) -> int:
        if isinstance(self.initial, list):
            return len(self.initial)
        minimum = self.node.constraints.min_items if self.node.required else 0
        return 0 if self.initial is None else min(minimum, MAX_BLANK_ROWS)

    def _bind_row(self, number: int, formdata: FormData | None) -> AnswerField:
        item = self.node.item
        if item is None:
            raise TypeError("A list's node has an item.")
        given = self.initial if isinstance(self.initial, list) else []
        fallback = item.default if item.constant is ABSENT else item.constant
        data = given[number] if number < len(given) else fallback
        position = len(self.rows)
        row = bind(
            self._form,
            item,
            data,
            name=f"{self.name}-{number}",
            pointer=f"{self.pointer}/{position}",
            title=f"{item.title} {position + 1}",
        )
        row.row_number = number
        row.process(formdata, given_to(item, data))
        self.rows.append(row)
        return row

    @property
    def can_grow(self) -> bool:
        """Return True if the schema and the page have room for another row."""
        most = self.node.constraints.max_items
        return len(self.rows) < (MAX_ROWS if most is None else min(most, MAX_ROWS))

    def add_row(self) -> None:
        """Put a blank row at the end, under a number that no proposed entry has."""
        given = self.initial if isinstance(self.initial, list) else []
        taken = [row.row_number or 0 for row in self.rows]
        row = self._bind_row(max([*taken, len(given) - 1, -1]) + 1, None)
        focus(row)

    def remove_row(self, name: str) -> None:
        """Take the row of this name out."""
        self.rows = [row for row in self.rows if row.name != name]
        for position, row in enumerate(self.rows):
            row.title = f"{row.node.title} {position + 1}"
        self.autofocus = True

    def active(self) -> Iterator[AnswerField]:
        """Yield this field and everything in its rows."""
        yield self
        for row in self.rows:
            yield from row.active()

    def value(self) -> JSONValue | Absent:
        """Return the array; a row without a value stands in as null, and has an error to it."""
        if not self.rows:
            return self._empty()
        values = [row.value() for row in self.rows]
        return [None if value is ABSENT else value for value in values]

    def _empty(self) -> JSONValue | Absent:
        node = self.node
        if self.initial is None or self.initial == []:
            return self.initial
        if node.nullable and node.required:
            return None
        return [] if node.required or self.initial is not ABSENT else ABSENT


def _row_numbers(sent: list[str]) -> list[int]:
    numbers = [int(text) for text in sent if re.fullmatch(r"[0-9]{1,6}", text)]
    return list(dict.fromkeys(numbers))[: MAX_ROWS * 2]
