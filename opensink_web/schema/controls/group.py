"""An object, as the fields of its properties."""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from weakref import proxy

from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.binding import bind
from opensink_web.schema.controls.choice import ChoiceField
from opensink_web.schema.controls.map import ExtrasField
from opensink_web.schema.controls.sent import Edited, FormData, sent_to, starts_fresh
from opensink_web.schema.subschemas import pointer_to
from opensink_web.schema.tree.node import (
    ABSENT,
    Absent,
    FieldNode,
    Fields,
    Kind,
    Selector,
    Shape,
)

OPEN = "_open"
"""The button that draws what is closed."""
MAX_ROUNDS = 32
"""How often what is in an object may decide on further fields, which decide again."""
_DECISIONS_PER_FIELD = 4
"""So many conditions and branches take about as long to hold against an object as a field."""


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
        self.take_meaning(formdata)
        self.extras: AnswerField | None = None
        self.children: list[AnswerField] = []
        self.selectors: list[VariantField] = []
        self.is_opened = formdata is not None and f"{self.name}-open" in formdata
        self.is_closed = self._starts_closed() and not self.is_opened
        self.has_box = self.is_optional or self.is_closed
        self.is_included = not self.has_box
        if self.is_closed:
            self.changed = self.meaning is not self.meanings[0]
            return
        self.redraws = self.shape.is_variable
        self._form.spend(self.shape.decisions // _DECISIONS_PER_FIELD)
        self._inside = None if starts_fresh(self.name, formdata) else formdata
        self._settle_fields()
        self._process_inclusion(formdata)

    def _settle_fields(self) -> None:
        """Bind the fields, see what that makes of the object, and bind those it has then."""
        given = self.initial if isinstance(self.initial, dict) else {}
        self._first = self.fields = self.shape.at(given, self._proposed_branch)
        self._first_nodes = {node.key: node for node in self._first.children}
        fields = self.shape.at(given, self._branch)
        for _ in range(MAX_ROUNDS):
            self._bind(fields)
            if not self.shape.is_variable:
                break
            fields = self.shape.at(self._unnamed() | self._members(), self._branch)
            if fields is self.fields:
                break

    def _bind(self, fields: Fields) -> None:
        known = {child.name: child for child in self.children}
        self.fields = fields
        self.selectors = [self._selector(selector) for selector in fields.selectors]
        self.children = []
        starts: dict[str, JSONValue | Absent] = {}
        for node, number in zip(fields.children, fields.numbers, strict=True):
            name = f"{self.name}-{number}"
            child = known.get(name)
            if child is None or child.node is not node:
                starts[name] = self._start_of(node)
                child = self._child(node, starts[name], name)
                child.is_new = self._is_new(number)
            self.children.append(child)
        for child in self.children:  # all are bound by now, so that each has its place on the page
            if child.name in starts:
                child.process(self._sent_to(child), starts[child.name])
        self._process_extras(self._inside)

    @property
    def shape(self) -> Shape:
        """What says which fields there are."""
        if self.node.shape is None:
            raise TypeError("A group's node has a shape.")
        return self.node.shape

    def _selector(self, selector: Selector) -> "VariantField":
        field = VariantField(
            selector, self, name=self._selector_name(selector.number), _form=self._form, _prefix=""
        )
        given = self._proposed_branch(selector.number)
        sent = sent_to(field.name, self._inside)
        field.process(sent, ABSENT if given is None else given)
        return field

    def fits_union(self, selector: Selector) -> bool:
        """Return True if the object as it stands will do, though no branch was chosen."""
        return self.shape.fits_union(selector.number, self._unnamed() | self._members())

    def _selector_name(self, number: int) -> str:
        return f"{self.name}-which-{number}" if number else f"{self.name}-which"

    def _proposed_branch(self, number: int) -> int | None:
        given = self.initial if isinstance(self.initial, dict) else {}
        return self.shape.number_in(number, given)

    def _branch(self, number: int) -> int | None:
        """Return the branch that was chosen with a selector, else the one that is proposed."""
        name = self._selector_name(number)
        known = sent_to(name, self._inside)
        sent = known.getlist(name) if known else []
        if not sent:
            return self._proposed_branch(number)
        return int(sent[0]) if re.fullmatch("[0-9]{1,4}", sent[0]) else None

    def _unnamed(self) -> JSONObject:
        """Return what was proposed under keys that no field is for at first."""
        given = self.initial if isinstance(self.initial, dict) else {}
        return {key: value for key, value in given.items() if key not in self._first_nodes}

    def _starts_closed(self) -> bool:
        """Return True if nothing is drawn of this until somebody opens it."""
        if isinstance(self.initial, dict) or self.row_number is not None:
            return False
        if self.node.is_recursive:
            return True
        may_wait = self.is_optional and bool(self.node.pointer)
        return may_wait and self._form.is_crowded_by(self.name, len(self.node.children))

    def _child(self, node: FieldNode, start: JSONValue | Absent, name: str) -> AnswerField:
        pointer = self.pointer + pointer_to((node.key,))
        return bind(self._form, node, start, name=name, pointer=pointer)

    def _start_of(self, node: FieldNode) -> JSONValue | Absent:
        given = self.initial.get(node.key, ABSENT) if isinstance(self.initial, dict) else ABSENT
        if isinstance(self.initial, dict) and self._first_nodes.get(node.key) is node:
            return given
        # what was proposed for another state may not fit in this one
        pointer = self.pointer + pointer_to((node.key,))
        start: JSONValue | Absent = self._form.start_below(node, pointer, given)
        return start

    def _sent_to(self, child: AnswerField) -> FormData | None:
        """Return what was sent, None if nothing was for this field: the page did not have it.

        It may all the same have kept what was typed there before.
        """
        is_unknown = child.is_new and child.name not in self._known_names
        return None if is_unknown else sent_to(child.name, self._inside)

    @cached_property
    def _known_names(self) -> set[str]:
        """The names of those children for which anything was sent, or kept."""
        own = f"{self.name}-"
        names = self._inside.keys() if self._inside else ()
        below = (each[len(own) :] for each in names if each.startswith(own))
        return {own + each.partition("-")[0] for each in below}

    def _is_new(self, number: int) -> bool:
        """Return True if the page that was sent did not have this field."""
        sent = self._inside.getlist(f"{self.name}-drawn") if self._inside else []
        return bool(sent) and str(number) not in sent[0].split()

    @property
    def drawn(self) -> str:
        """The fields that the page has, as it sends them back where they may be others."""
        return " ".join(map(str, self.fields.numbers)) or "-"

    def _process_extras(self, formdata: FormData | None) -> None:
        known = {child.node.key for child in self.children}
        further = {key: each for key, each in self._unnamed().items() if key not in known}
        node = self.node.extras
        self.extras = None
        if node is None or not (further or (self.node.offers_extras and self.fields.is_open)):
            return
        self.extras = ExtrasField(
            node,
            self.pointer,
            known=known,
            is_invited=self.node.invites_extras,
            name=f"{self.name}-more",
            _form=self._form,
            _prefix="",
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
        is_other = not self.is_included and self.meaning is not self.meanings[0]
        self.changed = self.changed or is_other or self.is_included != was_included

    @property
    def is_blank(self) -> bool:
        """A box can be unticked at any time, unseen by the server."""
        return self.has_box

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
        """Return the fields directly below this one: a selector before what it brings."""
        if self.is_closed:
            return []
        parts: list[AnswerField] = []
        waiting = sorted(self.selectors, key=lambda field: field.selector.anchor)
        for child, number in zip(self.children, self.fields.numbers, strict=True):
            while waiting and waiting[0].selector.anchor <= number:
                parts.append(waiting.pop(0))
            if child.node.key not in self.fields.hidden:
                parts.append(child)
        return [*parts, *waiting, *([self.extras] if self.extras else [])]

    @property
    def is_bare(self) -> bool:
        """Return True if there is nothing to fill in, but what somebody adds."""
        extras = self.extras
        is_empty = extras is None or (extras.is_folded and not extras.rows)
        return is_empty and all(part is extras for part in self.parts())

    def members(self) -> list[AnswerField]:
        """Return the fields of the properties; a selector stands for one that marks a branch."""
        return [child for child in self.children if child.node.key not in self.fields.hidden]

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
            return self.nothing()
        members = self._members()
        further = self.extras.value() if self.extras else {}
        proposed = self.initial if isinstance(self.initial, dict) else {}
        after: dict[str | None, list[str]] = {None: []}
        before: str | None = None
        for key in members:
            if key in proposed:
                before = key
            else:  # what was not proposed comes after what is before it in the form
                after.setdefault(before, []).append(key)
        order = [*after[None], *(each for key in proposed for each in (key, *after.get(key, ())))]
        members |= further if isinstance(further, dict) else {}
        return {key: members[key] for key in dict.fromkeys([*order, *members]) if key in members}

    def _members(self) -> JSONObject:
        members: JSONObject = {}
        for child in self.children:
            value = child.value()
            if value is not ABSENT and not self._is_unsaid(child):
                members[child.node.key] = value
        return members

    def _is_unsaid(self, child: AnswerField) -> bool:
        """Return True if the proposal does without the key that marks the branch it is of."""
        is_mark = child.node.key in self.fields.hidden and not child.node.required
        return (
            is_mark
            and isinstance(self.initial, dict)
            and self.fields is self._first
            and (child.node.key not in self.initial)
        )


class VariantField(ChoiceField):
    """Which branch of a union an object is; not part of the answer, but what decides on it."""

    kinds = frozenset()  # only a group makes one

    def __init__(self, selector: Selector, group: GroupField, **kwargs: Any) -> None:
        at_tag = pointer_to((selector.node.key,)) if selector.node.key else ""
        super().__init__(selector.node, group.pointer + at_tag, **kwargs)
        self.selector = selector
        self._group = proxy(group)  # which holds this

    def value(self) -> JSONValue | Absent:
        """Return the value of the key that marks the branch, else the number of the branch."""
        if self.pointer == self._group.pointer:
            return super().value()
        children = self._group.children
        marks = (child.value() for child in children if child.node.key == self.node.key)
        return next(marks, ABSENT)

    def proposed_value(self, start: JSONValue | Absent) -> JSONValue | Absent:
        """Return the number of the branch, by which the options go, not the value of the mark."""
        return self.initial

    def problems(self) -> Iterator[tuple[AnswerField, str]]:
        """Yield that nothing was chosen, unless nothing needs to be."""
        group = self._group
        if self.data is ABSENT and not group.fits_union(self.selector):
            yield self, "Choose one."

    def explains(self, path: str) -> bool:
        """Return True if an error follows from nothing being chosen: it has no field as yet."""
        around, drawn = self._group.pointer, [part.pointer for part in self._group.children]
        is_drawn = any((path + "/").startswith(pointer + "/") for pointer in drawn)
        return (around + "/").startswith(path + "/") or (
            path.startswith(around + "/") and not is_drawn
        )
