"""An array, as rows that come and go, and change places."""

import re
from collections.abc import Iterator
from typing import Any

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import AnswerField, Meaning
from opensink_web.schema.controls.binding import bind
from opensink_web.schema.controls.entries import contained, entries_hint
from opensink_web.schema.controls.sent import Edited, FormData, sent_to, starts_fresh
from opensink_web.schema.sentences import REQUIRED
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

MAX_ROWS = 10_000
MAX_BLANK_ROWS = 20
ENTRY = "Entry"
BLANK_ROW = "Fill this in, or remove the entry."
ADD, REMOVE, UP, DOWN = "_add", "_remove", "_up", "_down"


class ListField(AnswerField):
    """An array; the first entries may each be asked for by a node of their own.

    A row keeps its number, by which its field is named, wherever it moves.
    """

    control = "list"
    kinds = frozenset({Kind.LIST})
    buttons = frozenset({ADD, REMOVE, UP, DOWN})

    def process(
        self,
        formdata: FormData | None,
        data: JSONValue | Absent = ABSENT,
        extra_filters: Any = None,
    ) -> None:
        """Bind a field for each row and let it take its part."""
        self.process_errors: list[str] = []
        self.initial = data
        self.rows: list[AnswerField] = []
        drawn = list(range(self._drawn_rows()))
        sent = [] if formdata is None else row_numbers(formdata.getlist(self.name))
        numbers = drawn if formdata is None else sent[: max(self._most, len(drawn))]
        for number in numbers:
            self._bind_row(number, formdata)
        self.take_meaning(formdata)
        is_other = not self.rows and self.meaning is not self.meanings[0]
        self.changed = numbers != drawn or is_other or any(row.changed for row in self.rows)

    def _drawn_rows(self) -> int:
        if isinstance(self.initial, list):
            return len(self.initial)
        if self.initial is None or not self.node.required:
            return 0
        minimum = self.node.constraints.min_items
        rows = range(min(max(minimum, len(self.node.prefix)), MAX_BLANK_ROWS, self._most))
        # what has no end is drawn when it is asked for
        return next((at for at in rows if self._node_at(at).is_recursive), len(rows))

    def _bind_row(self, number: int, formdata: FormData | None) -> None:
        position = len(self.rows)
        item = self._node_at(position)
        given = self.initial if isinstance(self.initial, list) else []
        pointer = f"{self.pointer}/{position}"
        # an entry of its own schema stays where it is
        is_given = number < len(given) and (position >= len(self.node.prefix) or number == position)
        data = given[number] if is_given else self._form.start_below(item, pointer)
        row = bind(
            self._form,
            item,
            data,
            name=f"{self.name}-{number}",
            pointer=pointer,
            title=self._title_at(position, item),
        )
        row.row_number = number
        is_fresh = starts_fresh(row.name, formdata)
        row.process(None if is_fresh else sent_to(row.name, formdata), data)
        self.rows.append(row)

    def _title_at(self, position: int, item: FieldNode) -> str:
        is_named = position < len(self.node.prefix) and item.title != ENTRY
        return item.title if is_named else f"{item.title} {position + 1}"

    def _node_at(self, position: int) -> FieldNode:
        node = self.node.entry_at(position) or self.node.entry_at(0)
        if node is None:
            raise TypeError("A list without entries has no rows.")
        return node

    @property
    def _most(self) -> int:
        """How many rows there can be."""
        most = self.node.constraints.max_items
        fitting = MAX_ROWS if self.node.item else len(self.node.prefix)
        return min(fitting, MAX_ROWS if most is None else most)

    @property
    def can_grow(self) -> bool:
        """Return True if the schema and the page have room for another row."""
        return len(self.rows) < self._most

    def can_move(self, position: int) -> bool:
        """Return True if a row of this position may change places with others that may."""
        first = len(self.node.prefix)
        return first <= position < len(self.rows) > first + 1

    def can_remove(self, position: int) -> bool:
        """Return True if the row of this position may go: where it has a meaning, only the last.

        What has to be there stays.
        """
        if position >= len(self.node.prefix):
            return True
        is_needed = not self.is_optional and position < self.node.constraints.min_items
        return position == len(self.rows) - 1 and not is_needed

    @property
    def hint(self) -> str:
        if len(self.rows) == len(self.node.prefix) == self._most and not self.is_optional:
            return contained(self.node)  # each entry that has to be there is
        return entries_hint(self.node)

    def press(self, button: str, value: str, sent: Edited) -> None:
        """Add a row, take one out, or move one by a place."""
        if button == ADD:
            if value == self.name and self.can_grow:
                self._press_add(sent)
            return
        names = [row.name for row in self.rows]
        if value not in names:
            return
        at = names.index(value)
        if not (self.can_remove(at) if button == REMOVE else self.can_move(at)):
            return
        order = [str(row.row_number) for row in self.rows]
        moved = order.pop(at)
        if button == REMOVE:
            after = names[at + 1 : at + 2]
            sent.focus = (after[0], REMOVE) if after else (self.name, ADD)
        else:
            first = len(self.node.prefix)
            to = max(first, at - 1) if button == UP else min(len(order), at + 1)
            order.insert(to, moved)
            # at the end of its way the row's button has nothing more to do
            is_last = to == (first if button == UP else len(order) - 1)
            sent.focus = (value, (DOWN if button == UP else UP) if is_last else button)
        sent.replace(self.name, order)

    def add_row(self) -> None:
        """Put a blank row at the end."""
        self._bind_row(self._new_number(), None)

    def _new_number(self) -> int:
        """Return a number for a row that no proposed entry has."""
        given = self.initial if isinstance(self.initial, list) else []
        taken = [row.row_number or 0 for row in self.rows]
        return max([*taken, len(given) - 1, -1]) + 1

    def _press_add(self, sent: Edited) -> None:
        """Add a row; of a list whose first entries each have a meaning, those that it needs."""
        first = self._new_number()
        needed = min(max(len(self.node.prefix), 1), self._most) if not self.rows else 1
        numbers = range(first, first + needed)
        rows = [row.row_number for row in self.rows]
        sent.replace(self.name, [str(number) for number in (*rows, *numbers)])
        sent.fresh.update(f"{self.name}-{number}" for number in numbers)
        sent.focus = (f"{self.name}-{first}", "")

    def parts(self) -> list[AnswerField]:
        return [*self.rows]

    def members(self) -> list[AnswerField]:
        """Return the rows."""
        return self.rows

    def problems(self) -> Iterator[tuple[AnswerField, str]]:
        """A row that nobody filled in is no entry."""
        yield from super().problems()
        for position, row in enumerate(self.rows):
            if row.value() is ABSENT and not row.process_errors:
                yield row, BLANK_ROW if self.can_remove(position) else REQUIRED

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
        """Return what a list without rows means."""
        value = self.nothing()
        # what is required is an empty list, though it be too short: that is what the error is about
        return [] if value is ABSENT and self.node.required else value

    @property
    def own_meaning(self) -> Meaning | None:
        return None if self.node.constraints.min_items else Meaning.LIST

    def usual_meaning(self, possible: list[Meaning]) -> Meaning:
        """Return what no row means: an empty list where there was one, or has to be."""
        if self.initial is None and Meaning.NULL in possible:
            return Meaning.NULL
        if self.initial is ABSENT and not self.node.required:
            return Meaning.ABSENT
        order = [Meaning.LIST, Meaning.NULL]
        if self.initial is ABSENT:
            order.reverse()  # where nothing was proposed, nothing is meant
        return next((each for each in order if each in possible), Meaning.ABSENT)

    @property
    def is_blank(self) -> bool:
        return not self.rows


def row_numbers(sent: list[str]) -> list[int]:
    """Return the numbers of rows that a browser sent, each once, and no more than can be."""
    numbers = [int(text) for text in sent if re.fullmatch(r"[0-9]{1,6}", text)]
    return list(dict.fromkeys(numbers))[: MAX_ROWS * 2]
