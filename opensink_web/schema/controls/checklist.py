"""A list whose entries are of a choice, as boxes to tick; or as rows, where their order matters."""

from dataclasses import dataclass
from typing import Any

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import USUAL
from opensink_web.schema.controls.entries import contained, entries_hint, how_many
from opensink_web.schema.controls.list import MAX_ROWS, ListField
from opensink_web.schema.controls.sent import Edited, FormData
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.tree.options import Option

AS_ROWS, AS_BOXES = "_rows", "_boxes"
MAX_UNFILTERED = 20


@dataclass(frozen=True, slots=True)
class Tick:
    """An option as drawn: `value` is what the browser sends, never the option's own value."""

    value: str
    label: str
    description: str
    id: str
    selected: bool


class ChecklistField(ListField):
    """An array of options, each ticked or not; what is proposed keeps its order.

    Boxes can say neither an order nor that an entry is there twice, so a button turns them into
    rows; a value that boxes cannot show comes up so. Secret options have rows, which hide them.
    """

    control = "checklist"
    buttons = ListField.buttons | {AS_ROWS, AS_BOXES}

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take lists of options; yes and no make no list to tick."""
        if node.item is None or node.item.kind is not Kind.CHOICE:
            return 0
        if node.item.read_only or node.item.secrets.may_hold_any():
            return 0
        is_choice = any(not isinstance(option.value, bool) for option in node.item.options)
        return USUAL + 1 if is_choice else 0

    def process(
        self,
        formdata: FormData | None,
        data: JSONValue | Absent = ABSENT,
        extra_filters: Any = None,
    ) -> None:
        """Take the boxes that are ticked, or bind a row each."""
        self.initial = data
        given = data if isinstance(data, list) else []
        self.options = _options(self.node.item)
        self._written = [dump(option.value) for option in self.options]
        self.ticked: list[int] = []
        drawn = [self._written.index(dump(each)) for each in given if dump(each) in self._written]
        is_shown = len(set(drawn)) == len(given)
        needs_rows = not is_shown or self.node.constraints.min_items > len(self.options)
        self.has_rows = needs_rows if formdata is None else self.rows_name in formdata
        if self.has_rows:
            super().process(formdata, data)
            return
        self.process_errors: list[str] = []
        self.rows = []
        self.ticked = drawn if formdata is None else self._ticked(formdata.getlist(self.name))
        self.take_meaning(formdata)
        is_other = not self.ticked and self.meaning is not self.meanings[0]
        self.changed = is_other or set(self.ticked) != set(drawn)
        # the order of what is proposed stays, and what was ticked besides comes after it
        self.ticked = [each for each in drawn if each in self.ticked] + [
            each for each in sorted(self.ticked) if each not in drawn
        ]

    def _ticked(self, sent: list[str]) -> list[int]:
        numbers = {str(number): number for number in range(len(self.options))}
        return list(dict.fromkeys(numbers[each] for each in sent if each in numbers))

    @property
    def rows_name(self) -> str:
        """The name under which the page says that there are rows."""
        return f"{self.name}-rows"

    def drawn_inputs(self) -> dict[str, list[str]] | None:
        return None if self.has_rows else {str(self.name): [str(each) for each in self.ticked]}

    @property
    def can_grow(self) -> bool:
        return self.has_rows and super().can_grow

    @property
    def is_blank(self) -> bool:
        """Boxes can be unticked at any time, unseen by the server."""
        return not self.has_rows or super().is_blank

    @property
    def can_be_ticked(self) -> bool:
        """Return True if boxes can say what the rows say now."""
        values = self._values_of_rows()
        return len(set(values)) == len(self.rows) and set(values) <= set(self._written)

    def _values_of_rows(self) -> list[str]:
        values = (row.value() for row in self.rows)
        return [dump(value) for value in values if value is not ABSENT]

    @property
    def ticks(self) -> list[Tick]:
        """The boxes to draw."""
        return [
            Tick(
                str(number),
                option.label,
                option.description,
                f"{self.name}-{number}",
                number in self.ticked,
            )
            for number, option in enumerate(self.options)
        ]

    @property
    def is_filtered(self) -> bool:
        """Return True if there are so many boxes that one wants to search in them."""
        return len(self.options) > MAX_UNFILTERED

    @property
    def hint(self) -> str:
        if self.has_rows:
            return entries_hint(self.node)
        count = how_many(self.node)
        return " ".join(filter(None, [count and f"Choose {count}.", contained(self.node)]))

    def press(self, button: str, value: str, sent: Edited) -> None:
        """Turn boxes into rows, or rows into boxes; with rows, do what a list does."""
        if value == self.name and button == AS_ROWS and not self.has_rows:
            first = len(self.initial) if isinstance(self.initial, list) else 0
            numbers = range(first, first + len(self.ticked[:MAX_ROWS]))
            for number, option in zip(numbers, self.ticked, strict=False):
                sent.replace(f"{self.name}-{number}", [self._sent_by_row(option)])
            sent.replace(self.name, [str(number) for number in numbers])
            sent.replace(self.rows_name, ["1"])
            sent.focus = (self.name, AS_BOXES)
        elif value == self.name and button == AS_BOXES and self.has_rows and self.can_be_ticked:
            ticked = [str(self._written.index(each)) for each in self._values_of_rows()]
            sent.replace(self.name, ticked)
            sent.replace(self.rows_name, [])
            sent.focus = (self.name, AS_ROWS)
        elif self.has_rows:
            super().press(button, value, sent)

    def _sent_by_row(self, option: int) -> str:
        """Return what the control of a row sends for an option; the last may be its "None"."""
        return str(option) if self.node.item and option < len(self.node.item.options) else ""

    def value(self) -> JSONValue | Absent:
        """Return the array; one that is left as it was stays so, be it in other words."""
        if self.has_rows:
            return super().value()
        if not self.changed and self.initial is not ABSENT:
            return self.initial
        return [self.options[number].value for number in self.ticked] or self._empty()


def _options(item: FieldNode | None) -> list[Option]:
    options = list(item.options) if item else []
    return [*options, Option(None, "None")] if item and item.nullable else options
