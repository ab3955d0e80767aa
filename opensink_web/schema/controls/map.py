"""An object whose keys a person names: rows of a name and a value, that come and go."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.controls.base import AnswerField, Meaning
from opensink_web.schema.controls.binding import bind
from opensink_web.schema.controls.entries import entries_hint
from opensink_web.schema.controls.list import (
    ADD,
    BLANK_ROW,
    MAX_BLANK_ROWS,
    MAX_ROWS,
    REMOVE,
    row_numbers,
)
from opensink_web.schema.controls.sent import Edited, FormData, sent_to, starts_fresh
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

_KIND_ENDING = "-is"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: the fields of its name and its value. `refusal` says why it cannot have that name."""

    number: int
    key: AnswerField
    value: AnswerField
    refusal: str = ""

    @property
    def name(self) -> str:
        """What the name of everything in the row begins with."""
        return str(self.value.name)

    @property
    def kind_name(self) -> str:
        """The name under which the page says of which kind the value is drawn."""
        return f"{self.name}{_KIND_ENDING}"

    @property
    def kind(self) -> str:
        """How the value is drawn: what was typed unseen is not to be shown under another name."""
        return _drawn_as(self.value.node)


class MapField(AnswerField):
    """An object of entries; a row keeps its number, by which its fields are named.

    Which value an entry has may depend on its name: where the name was changed to one with a value
    of another kind, that is to be filled in anew. `known` are the keys that have another field.
    """

    control = "map"
    kinds = frozenset({Kind.MAP})
    buttons = frozenset({ADD, REMOVE})
    known: frozenset[str] = frozenset()
    is_remainder = False
    """Whether the object has other fields too, so that no entry is nothing to speak of."""

    def process(
        self,
        formdata: FormData | None,
        data: JSONValue | Absent = ABSENT,
        extra_filters: Any = None,
    ) -> None:
        """Bind the two fields of each row and let them take their part."""
        self.process_errors: list[str] = []
        self.initial = data
        self.redraws = self.node.is_mixed
        self.rows: list[Entry] = []
        self._given = list(data.items()) if isinstance(data, dict) else []
        is_new = self.node.required and data is ABSENT
        least = min(self.node.constraints.min_items, MAX_BLANK_ROWS) if is_new else 0
        drawn = list(range(len(self._given) or least))
        numbers = drawn if formdata is None else row_numbers(formdata.getlist(self.name))
        for number in numbers:
            self._bind_row(number, formdata)
        self.take_meaning(formdata)
        is_other = not self.rows and self.meaning is not self.meanings[0]
        self.changed = numbers != drawn or is_other or any(part.changed for part in self.parts())

    def _bind_row(self, number: int, formdata: FormData | None) -> None:
        name = f"{self.name}-{number}"
        sent = None if starts_fresh(name, formdata) else formdata
        is_given = number < len(self._given)
        given, start = self._given[number] if is_given else (ABSENT, ABSENT)
        key_field = self._bound_key(given, f"{name}-key", sent)
        key_field.row_number = number
        key = self._key_of(key_field)
        node = self.node.value_at(key or "")
        refusal = "" if node else self._refusal()
        node = node or self.node.value_at("") or self._key_node
        pointer = self.pointer + pointer_to((key or "",))
        # what is secret under one name would be shown under another
        is_kept = is_given and (key == given or not self.node.secrets.may_hold_any())
        data = start if is_kept else self._form.start_below(node, pointer)
        value = bind(self._form, node, data, name=name, pointer=pointer, title="Value")
        drawn_kind = next(iter(sent.getlist(f"{name}{_KIND_ENDING}")), "") if sent else ""
        is_other_kind = drawn_kind not in {"", _drawn_as(node)}
        value.row_number = number
        value.process(None if is_other_kind else sent_to(name, sent), data)
        if is_other_kind:
            value.process_errors = ["With this name the value is of another kind. Enter it again."]
        self.rows.append(Entry(number, key_field, value, refusal))

    @property
    def _key_node(self) -> FieldNode:
        if self.node.key_node is None:
            raise TypeError("A map's node has one for its keys.")
        return self.node.key_node

    def _bound_key(self, given: str | Absent, name: str, sent: FormData | None) -> AnswerField:
        key_field = bind(self._form, self._key_node, given, name=name, pointer=self.pointer)
        key_field.process(sent_to(name, sent), given)
        return key_field

    def _key_of(self, key_field: AnswerField) -> str | None:
        """Return the key that stands in a row; an empty one only where it was proposed."""
        key = key_field.value()
        if isinstance(key, str):
            return key
        empty = (f"{self.name}-{at}-key" for at, (given, _) in enumerate(self._given) if not given)
        return "" if not key_field.changed and key_field.name in empty else None

    def _refusal(self) -> str:
        patterns = " or ".join(self.node.patterns)
        return f"A name must match {patterns}." if patterns else "No entry can have this name."

    @property
    def can_grow(self) -> bool:
        """Return True if the schema and the page have room for another row."""
        most = self.node.constraints.max_items
        is_possible = self.node.value_at("") is not None
        return is_possible and len(self.rows) < (MAX_ROWS if most is None else min(most, MAX_ROWS))

    @property
    def has_kinds(self) -> bool:
        """Return True if it depends on the name of an entry what its value is."""
        return self.node.is_mixed or self.node.secrets.may_hold_any()

    @property
    def hint(self) -> str:
        patterns = " or ".join(self.node.patterns)
        names = f"Names must match {patterns}." if patterns else ""
        return " ".join(filter(None, [entries_hint(self.node), names]))

    @property
    def is_folded(self) -> bool:
        """Return True if this unfolds only for whoever wants it."""
        return False

    @property
    def own_meaning(self) -> Meaning | None:
        is_possible = not self.node.constraints.min_items and not self.is_remainder
        return Meaning.OBJECT if is_possible else None

    def usual_meaning(self, possible: list[Meaning]) -> Meaning:
        """Return what no entry means: an empty object where there was one, or has to be."""
        if self.initial is None and Meaning.NULL in possible:
            return Meaning.NULL
        if self.initial is ABSENT and not self.node.required:
            return Meaning.ABSENT
        order = [Meaning.OBJECT, Meaning.NULL]
        if self.initial is ABSENT:
            order.reverse()  # where nothing was proposed, nothing is meant
        return next((each for each in order if each in possible), Meaning.ABSENT)

    @property
    def is_blank(self) -> bool:
        return not self.rows

    def press(self, button: str, value: str, sent: Edited) -> None:
        """Add a row, or take one out."""
        names = [row.name for row in self.rows]
        numbers = [str(row.number) for row in self.rows]
        if button == ADD and value == self.name and self.can_grow:
            taken = [row.number for row in self.rows]
            number = max([*taken, len(self._given) - 1, -1]) + 1
            sent.replace(self.name, [*numbers, str(number)])
            sent.fresh.add(f"{self.name}-{number}")
            sent.focus = (f"{self.name}-{number}-key", "")
        elif button == REMOVE and value in names:
            at = names.index(value)
            after = names[at + 1 : at + 2]
            sent.focus = (after[0], REMOVE) if after else (self.name, ADD)
            sent.replace(self.name, [*numbers[:at], *numbers[at + 1 :]])

    def parts(self) -> list[AnswerField]:
        return [part for row in self.rows for part in (row.key, row.value)]

    def active(self) -> Iterator[AnswerField]:
        """Yield this field and everything in its rows."""
        yield self
        for part in self.parts():
            yield from part.active()

    def problems(self) -> Iterator[tuple[AnswerField, str]]:
        """Say what is wrong with names, and which rows nobody filled in."""
        yield from super().problems()
        used: set[str] = set()
        for row in self.rows:
            key, is_valued = self._key_of(row.key), row.value.value() is not ABSENT
            if row.key.process_errors:
                continue
            if key is None:
                yield row.key, "Give this entry a name." if is_valued else BLANK_ROW
            elif key in self.known:
                yield row.key, "This name has a field of its own: fill in that one instead."
            elif key in used:
                yield row.key, "This name is there twice."
            elif row.refusal:
                yield row.key, row.refusal
            elif not is_valued and not row.value.process_errors:
                yield row.value, BLANK_ROW
            used.add(key or "")

    def value(self) -> JSONValue | Absent:
        """Return the object, its entries in the order of the rows."""
        if not self.rows:
            empty: JSONValue | Absent = {} if self.node.required else ABSENT
            value = self.nothing()
            return empty if value is ABSENT else value
        entries: JSONObject = {}
        for row in self.rows:
            value, key = row.value.value(), self._key_of(row.key)
            if key is not None:
                entries[key] = None if value is ABSENT else value
        return entries


def _drawn_as(node: FieldNode) -> str:
    return f"{node.kind} in secret" if node.secrets.may_hold_any() else str(node.kind)


class ExtrasField(MapField):
    """The keys of an object that its schema does not name."""

    kinds = frozenset()  # only a group makes one
    is_remainder = True

    def __init__(
        self, node: FieldNode, pointer: str, known: set[str], *, is_invited: bool, **kwargs: Any
    ) -> None:
        super().__init__(node, pointer, **kwargs)
        self.known = frozenset(known)
        self._is_invited = is_invited

    @property
    def is_folded(self) -> bool:
        """Return True if this unfolds for whoever wants it, as the schema does not ask for it."""
        return not self._is_invited

    @property
    def is_unfolded(self) -> bool:
        """Return True if it comes up unfolded all the same: there is something in it."""
        return bool(self.rows or self.errors or self.focused_button)
