"""A value of one of several shapes: a choice, and the field of the shape that is chosen."""

from collections.abc import Callable, Iterator
from typing import Any

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.binding import bind, fits
from opensink_web.schema.controls.choice import MAX_RADIOS, Choice
from opensink_web.schema.controls.sent import Edited, FormData, sent_to
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.tree.shapes import BOXES

REFRESH = "_refresh"


class UnionField(AnswerField):
    """One of several shapes; `chosen` is its number, `inner` its field.

    The shapes that are not chosen leave nothing in the answer. The page says which shape it was
    drawn with: one that is chosen without its fields having been seen is not taken as filled in.
    """

    control = "union"
    kinds = frozenset({Kind.UNION})
    buttons = frozenset({REFRESH})
    keeps_closed = True

    def process(
        self,
        formdata: FormData | None,
        data: JSONValue | Absent = ABSENT,
        extra_filters: Any = None,
    ) -> None:
        """Take the choice, and bind the field of the shape that is chosen."""
        self.process_errors: list[str] = []
        self.initial = data
        self.is_unseen = False
        start = self._recognised(data)
        self.chosen = start if formdata is None else self._sent(formdata, self.which_name)
        self.take_meaning(formdata)
        self.inner: AnswerField | None = None
        if self.chosen is not None:
            seen = None if formdata is None else self._sent(formdata, self.seen_name)
            self.is_unseen = formdata is not None and seen != self.chosen
            is_blank = self.is_unseen and not self._was_typed(self.chosen, formdata)
            self.inner = self._bound(
                self.chosen, None if is_blank else formdata, is_start=self.chosen == start
            )
        is_other = self.chosen is None and self.meaning is not self.meanings[0]
        is_inner_other = self.inner is not None and self.inner.changed
        self.changed = self.chosen != start or is_other or is_inner_other

    def _was_typed(self, number: int, formdata: FormData | None) -> bool:
        """Return True if something was filled in below this shape when it was chosen before."""
        name = f"{self.name}-b{number}"
        names = () if formdata is None else formdata.keys()
        return any(each == name or each.startswith(f"{name}-") for each in names)

    def _bound(self, number: int, formdata: FormData | None, *, is_start: bool) -> AnswerField:
        node = self.node.branches[number]
        is_kept = is_start or (node.kind is Kind.JSON and self.initial is not ABSENT)
        data = self.initial if is_kept else self._form.start_below(node, self.pointer)
        title = "" if node.kind is Kind.GROUP else self.title
        field = bind(
            self._form,
            node,
            data,
            name=f"{self.name}-b{number}",
            pointer=self.pointer,
            title=title or node.title,
        )
        field.process(sent_to(field.name, formdata), data)
        return field

    def _recognised(self, data: JSONValue | Absent) -> int | None:
        """Return the number of the shape of a value; a box to type into is there from the start."""
        if data is ABSENT or data is None:
            return 0 if self.node.branches[0].kind in BOXES else None
        return branch_of(self.node, data, self._form.is_valid_below)

    def _sent(self, formdata: FormData, name: str) -> int | None:
        numbers = {str(number): number for number in range(len(self.node.branches))}
        return numbers.get(next(iter(formdata.getlist(name)), ""))

    @property
    def which_name(self) -> str:
        """The name under which the page says which shape is chosen."""
        return f"{self.name}-which"

    @property
    def seen_name(self) -> str:
        """The name under which the page says of which shape the fields are drawn."""
        return f"{self.name}-seen"

    @property
    def is_select(self) -> bool:
        """Return True if there are too many shapes for a button each."""
        return len(self.node.branches) > MAX_RADIOS

    @property
    def choices(self) -> list[Choice]:
        """The shapes to choose from, and to choose none where there need not be any."""
        first, branches = self.node.branches[0], self.node.branches
        choices = [
            Choice(str(at), branch.title, branch.description, self._id_of(at), at == self.chosen)
            for at, branch in enumerate(branches)
        ]
        if self.is_select and self.chosen is None and not self.is_optional:
            choices.insert(0, Choice("", "Choose…", "", "", True))
        elif self.is_optional and first.kind not in BOXES:
            label = "No answer" if self.nothing() is ABSENT else "None"
            choices.append(Choice("", label, "", self._id_of(len(branches)), self.chosen is None))
        return choices

    def _id_of(self, position: int) -> str:
        """The first button has the field's own id, so that links lead to it."""
        return f"{self.name}-{position}-which" if position else f"{self.name}-first"

    def press(self, button: str, value: str, sent: Edited) -> None:
        """Draw the fields of the shape that is chosen."""
        if value == self.name:
            sent.focus = (self.name, REFRESH)

    def parts(self) -> list[AnswerField]:
        return [self.inner] if self.inner else []

    def problems(self) -> Iterator[tuple[AnswerField, str]]:
        """Nobody has filled in fields that were not drawn yet."""
        yield from super().problems()
        if self.is_unseen and not (self.inner and self.inner.is_fixed):
            yield self, "Fill in what belongs to your choice: it is shown now."

    def active(self) -> Iterator[AnswerField]:
        """Yield this field and those of the shape that is chosen."""
        yield self
        if self.inner:
            yield from self.inner.active()

    @property
    def is_blank(self) -> bool:
        return self.chosen is None

    def value(self) -> JSONValue | Absent:
        """Return what stands in the shape that is chosen."""
        if not self.changed and self.initial is not ABSENT:
            return self.initial
        return self.nothing() if self.inner is None else self.inner.value()


def branch_of(
    node: FieldNode, value: JSONValue, is_valid: Callable[[FieldNode, JSONValue], bool]
) -> int | None:
    """Return the number of the branch that a value is of: the first that shows it, if it fits."""
    possible = [at for at, branch in enumerate(node.branches) if _shows(branch, value)]
    exact = (at for at in possible if is_valid(node.branches[at], value))
    return next(iter(possible), None) if len(possible) < 2 else next(exact, possible[0])


def _shows(node: FieldNode, data: JSONValue) -> bool:
    """Return True if the field of a shape can show a value as what it is."""
    if node.kind is Kind.CHOICE:
        return any(dump(option.value) == dump(data) for option in node.options)
    if node.kind is Kind.FIXED:
        return dump(node.constant) == dump(data) if node.constant is not ABSENT else False
    return fits(node, data)
