"""An object, as the fields of its properties."""

from collections.abc import Iterator
from typing import Any

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.binding import bind
from opensink_web.schema.controls.json_box import JsonField
from opensink_web.schema.controls.sent import Edited, FormData, sent_to, starts_fresh
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

OPEN = "_open"
"""The button that draws what is closed."""


class GroupField(AnswerField):
    """An object: a field for each property, and one for keys the schema does not name.

    An object that may be left out has a box to tick. Filling in anything counts as ticking it,
    while unticking what was drawn ticked leaves it out. One whose schema may repeat without end is
    drawn closed, with a button to open it, until there is something in it; so is one that may be
    left out where the form has no room for more fields.
    """

    control = "group"
    keeps_closed = True
    kinds = frozenset({Kind.GROUP})
    buttons = frozenset({OPEN})

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
        self.children: list[AnswerField] = []
        self.is_opened = formdata is not None and f"{self.name}-open" in formdata
        self.is_closed = self._starts_closed() and not self.is_opened
        self.has_box = self.is_optional or self.is_closed
        self.is_included = not self.has_box
        if self.is_closed:
            return
        inside = None if starts_fresh(self.name, formdata) else formdata
        starts = [self._start_of(child) for child in self.node.children]
        self.children = [
            self._child(position, node, start)
            for position, (node, start) in enumerate(zip(self.node.children, starts, strict=True))
        ]
        for child, start in zip(self.children, starts, strict=True):
            child.process(sent_to(child.name, inside), start)
        self._process_extras(inside)
        self._process_inclusion(formdata)

    def _starts_closed(self) -> bool:
        """Return True if nothing is drawn of this until somebody opens it."""
        if isinstance(self.initial, dict) or self.row_number is not None:
            return False
        if self.node.is_recursive:
            return True
        may_wait = self.is_optional and bool(self.node.pointer)
        return may_wait and self._form.is_crowded_by(self.name, len(self.node.children))

    def _child(self, position: int, node: FieldNode, start: JSONValue | Absent) -> AnswerField:
        pointer = self.pointer + pointer_to((node.key,))
        return bind(self._form, node, start, name=f"{self.name}-{position}", pointer=pointer)

    def _start_of(self, node: FieldNode) -> JSONValue | Absent:
        if isinstance(self.initial, dict):
            return self.initial.get(node.key, ABSENT)
        start: JSONValue | Absent = self._form.start_below(
            node, self.pointer + pointer_to((node.key,))
        )
        return start

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
        self.extras.process(sent_to(self.extras.name, formdata), further or ABSENT)

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

    @property
    def has_buttons(self) -> bool:
        return self.is_closed

    def press(self, button: str, value: str, sent: Edited) -> None:
        """Open what is closed; whoever does wants to fill it in."""
        if button == OPEN and value == self.name:
            sent.replace(f"{self.name}-open", ["1"])
            sent.replace(f"{self.name}-in", ["1"])
            sent.fresh.add(self.name)
            sent.focus = (self.name, "")

    def drawn_inputs(self) -> dict[str, list[str]] | None:
        return {f"{self.name}-in": ["1"] * self.is_included} if self.has_box else None

    def parts(self) -> list[AnswerField]:
        """Return the fields directly below this one."""
        return [*self.children, *([self.extras] if self.extras else [])]

    def members(self) -> list[AnswerField]:
        """Return the fields of the properties."""
        return self.children

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
        """Return the object, its keys in the order of the proposal, else of the schema."""
        if not self.is_included:
            return self.initial if self.initial is None else self.nothing()
        members: JSONObject = {}
        for child in self.children:
            value = child.value()
            if value is not ABSENT:
                members[child.node.key] = value
        further = self.extras.value() if self.extras else {}
        order = list(self.initial) if isinstance(self.initial, dict) else []
        for position, key in enumerate(members):
            if key not in order:  # what was not proposed comes after what is before it in the form
                before = list(members)[:position]
                order.insert(order.index(before[-1]) + 1 if before else 0, key)
        members |= further if isinstance(further, dict) else {}
        return {key: members[key] for key in dict.fromkeys([*order, *members]) if key in members}


class ExtrasField(JsonField):
    """The keys of an object that its schema does not name, as one JSON object."""

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take nothing: only a group makes one."""
        return 0

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
