"""The fields that hold fields, groups and lists, and which field a node becomes.

A field's name is its position ("answer-0-2"), so no property's name can be mistaken for another,
or for one of the page's own. A list's rows keep their number when others come and go.
"""

import re
from collections.abc import Iterator
from typing import Any, Protocol, assert_never

from opensink_web.json_value import JSONObject, JSONValue, dump
from opensink_web.schema.field_tree import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.fields import AnswerField, ChoiceField, FixedField
from opensink_web.schema.json_field import JsonField
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.typed_fields import LongTextField, NumberField, TextField

MAX_ROWS = 100
MAX_BLANK_ROWS = 20
_VALUES_PER_FIELD = 10
"""So many options, or values that are only shown, take as long to draw as one field."""


class FormData(Protocol):
    """What a browser sent: Werkzeug's MultiDict, or any other with these."""

    def __contains__(self, key: object, /) -> bool:
        """Return True if the name was sent."""

    def getlist(self, key: str, /) -> list[str]:
        """Return every value sent under the name."""


class GroupField(AnswerField):
    """An object: a field for each property, and one for keys the schema does not name.

    An object that may be left out has a box to tick. Filling in anything counts as ticking it,
    while unticking what was drawn ticked leaves it out.
    """

    control = "group"

    def process(
        self,
        formdata: FormData | None,
        data: JSONValue | Absent = ABSENT,
        extra_filters: Any = None,
    ) -> None:
        """Bind the fields of the properties and let each take its part."""
        self.process_errors: list[str] = []
        self.initial = data
        self.extras: AnswerField | None = None
        self.children = [self._child(at, child) for at, child in enumerate(self.node.children)]
        for child in self.children:
            child.process(formdata, given_to(child.node, self._given_at(child.node)))
        self._process_extras(formdata)
        self._process_inclusion(formdata)

    def _child(self, position: int, node: FieldNode) -> AnswerField:
        pointer = self.pointer + pointer_to((node.key,))
        return bind(
            self._form, node, self._given_at(node), name=f"{self.name}-{position}", pointer=pointer
        )

    def _given_at(self, node: FieldNode) -> JSONValue | Absent:
        if isinstance(self.initial, dict) and (node.key in self.initial or not node.required):
            return self.initial.get(node.key, ABSENT)
        return node.default if node.constant is ABSENT else node.constant

    def _process_extras(self, formdata: FormData | None) -> None:
        known = {child.node.key for child in self.children}
        given = self.initial if isinstance(self.initial, dict) else {}
        further: JSONObject = {key: value for key, value in given.items() if key not in known}
        node = self.node.extras
        if node is None or not (further or self.node.offers_extras):
            return
        self.extras = ExtrasField(
            node, self.pointer, known=known, name=f"{self.name}-more", _form=self._form, _prefix=""
        )
        self.extras.process(formdata, further or ABSENT)

    def _process_inclusion(self, formdata: FormData | None) -> None:
        parts = self.parts()
        is_given = isinstance(self.initial, dict)
        self.has_box = self.is_optional and not self.is_fixed
        self.is_included = is_given or not self.is_optional
        self.changed = any(part.changed for part in parts)
        if formdata is None or not self.has_box:
            return
        was_included, was_drawn_ticked = self.is_included, f"{self.name}-was" in formdata
        ticked = f"{self.name}-in" in formdata
        self.is_included = ticked or (self.changed and not was_drawn_ticked)
        self.changed = self.changed or self.is_included != was_included

    def parts(self) -> list[AnswerField]:
        """Return the fields directly below this one."""
        return [*self.children, *([self.extras] if self.extras else [])]

    @property
    def is_fixed(self) -> bool:
        return bool(self.children) and all(part.is_fixed for part in self.parts())

    def active(self) -> Iterator[AnswerField]:
        """Yield this field, and those below it unless the object is left out."""
        yield self
        if self.is_included:
            for part in self.parts():
                yield from part.active()

    def value(self) -> JSONValue | Absent:
        """Return the object, its keys in the order of the proposal, then of the schema."""
        if not self.is_included:
            return self.initial if self.initial is None else self.nothing()
        members: JSONObject = {}
        for child in self.children:
            value = child.value()
            if value is not ABSENT:
                members[child.node.key] = value
        further = self.extras.value() if self.extras else {}
        members |= further if isinstance(further, dict) else {}
        given = self.initial if isinstance(self.initial, dict) else {}
        return {key: members[key] for key in [*given, *members] if key in members}


class ExtrasField(JsonField):
    """The keys of an object that its schema does not name, as one JSON object."""

    def __init__(self, node: FieldNode, pointer: str, known: set[str], **kwargs: Any) -> None:
        super().__init__(node, pointer, **kwargs)
        self._known = known

    def read(self, text: str) -> JSONValue | Absent:
        value = super().read(text)
        if value is not ABSENT and not isinstance(value, dict):
            raise ValueError("Enter a JSON object, in braces.")
        if isinstance(value, dict) and self._known & value.keys():
            raise ValueError("One of these keys has its own field: fill in that field instead.")
        return value


class ListField(AnswerField):
    """An array whose entries are all asked for alike."""

    control = "list"

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


def bind(
    form: Any,
    node: FieldNode,
    data: JSONValue | Absent,
    *,
    name: str,
    pointer: str,
    title: str = "",
) -> AnswerField:
    """Make the field that suits a node and the value it starts from."""
    kind = _field_class(node, data)
    values = len(node.options)
    if kind is FixedField and data is not ABSENT:
        values = dump(data).count(",")
    form.spend(1 + values // _VALUES_PER_FIELD)
    return kind(node, pointer, title, name=name, _form=form, _prefix="")


def given_to(node: FieldNode, data: JSONValue | Absent) -> JSONValue | Absent:
    """Return what a field starts from: a constant wins, a default of a wrong type is dropped."""
    if data is ABSENT or node.read_only:
        return data
    if node.constant is not ABSENT:
        return node.constant
    return data if not node.is_typed or _fits(node, data) else ABSENT


def _fits(node: FieldNode, data: JSONValue) -> bool:
    """Return True if a node's own kind of field can show a value as it is."""
    if data is None:
        return node.nullable or node.kind in {Kind.CHOICE, Kind.JSON, Kind.FIXED}
    match node.kind:
        case Kind.TEXT:
            return isinstance(data, str)
        case Kind.NUMBER | Kind.INTEGER:
            return isinstance(data, (int, float)) and not isinstance(data, bool)
        case Kind.GROUP:
            return isinstance(data, dict)
        case Kind.LIST:
            return isinstance(data, list)
        case Kind.CHOICE | Kind.FIXED | Kind.JSON:
            return True
        case _:
            assert_never(node.kind)


def focus(field: AnswerField) -> None:
    """Have the page come up with the first control of this field focused."""
    parts = (part for part in field.active() if part.control not in {"group", "fact"})
    next(parts, field).autofocus = True


def _field_class(node: FieldNode, data: JSONValue | Absent) -> type[AnswerField]:
    # Read-only without a value, yet required: only a person can give it one.
    if node.read_only and not (data is ABSENT and node.required):
        return FixedField
    # Keywords alone suggested the kind, and the value is of another: only JSON can show it.
    if data is not ABSENT and not node.is_typed and not _fits(node, data):
        return JsonField
    match node.kind:
        case Kind.TEXT:
            has_lines = isinstance(data, str) and re.search(r"[\r\n]", data)
            is_long = not node.secret and (node.multiline or has_lines)
            return LongTextField if is_long else TextField
        case Kind.NUMBER | Kind.INTEGER:
            return NumberField
        case Kind.CHOICE:
            return ChoiceField
        case Kind.GROUP:
            return GroupField
        case Kind.LIST:
            return JsonField if isinstance(data, list) and len(data) > MAX_ROWS else ListField
        case Kind.FIXED:
            return FixedField
        case Kind.JSON:
            return JsonField
        case _:
            assert_never(node.kind)


def _row_numbers(sent: list[str]) -> list[int]:
    numbers = [int(text) for text in sent if re.fullmatch(r"[0-9]{1,6}", text)]
    return list(dict.fromkeys(numbers))[: MAX_ROWS * 2]
