"""What was proposed, beside each field of a form, and which fields hold something else now, or
something where nothing was proposed.

As edits.py compares a whole answer, but field by field: what cannot be read yet is changed too.
"""

from dataclasses import dataclass, field

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import AnswerField, Fill, Proposed
from opensink_web.schema.described import in_words
from opensink_web.schema.edits import Proposal, differs, says_something
from opensink_web.schema.tree.node import ABSENT, Absent, Kind

RESTORE = "_restore"
"""The button that puts back what was proposed for a field."""
MAX_WORDS = 200
_NAMES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Changes:
    """The labels of the fields that are not as they were proposed, and of those that were `filled`
    in though nothing was proposed for them, which is no change.
    """

    changed: list[str] = field(default_factory=list)
    filled: list[str] = field(default_factory=list)

    @property
    def in_words(self) -> str:
        """Say which fields are changed: `2 fields changed: Quantity, Limit. Filled in: Note`."""
        words = "Nothing changed from the proposal."
        if self.changed:
            count = "1 field" if len(self.changed) == 1 else f"{len(self.changed):,} fields"
            words = f"{count} changed: {_first_few(self.changed)}"
        if not self.filled:
            return words
        return f"{words.removesuffix('.')}. Filled in: {_first_few(self.filled)}"


def mark_changes(root: AnswerField, proposal: Proposal, untouched: list[AnswerField]) -> Changes:
    """Set `proposed` of the fields for which something was, and `fill` of the others.

    `untouched` are the fields of the same form as it is first drawn.
    """
    marking = _Marking(proposal, {each.name: each for each in untouched})
    marking.mark(root, proposal.value, ())
    return marking.changes


def _first_few(labels: list[str]) -> str:
    more = len(labels) - _NAMES_SHOWN
    return ", ".join(labels[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


class _Marking:
    def __init__(self, proposal: Proposal, untouched: dict[str, AnswerField]) -> None:
        self._is_exact = proposal.is_exact
        self._root: AnswerField | None = None
        self._untouched = untouched
        self.changes = Changes()

    def mark(self, field: AnswerField, start: JSONValue | Absent, path: tuple[str, ...]) -> None:
        """Set what was proposed for a field and those below it; `path` are their titles."""
        if field.is_fixed:
            return
        self._root = self._root or field
        parts, value = field.parts(), field.value()
        is_changed = differs(start, value, is_exact=self._is_exact) or bool(field.process_errors)
        if parts and _has_same_parts(field, start, value):
            count_before = len(self.changes.changed)
            for part in parts:
                self.mark(part, _start_at(part, field, start), _path_to(part, field, start, path))
            is_changed = (
                is_changed and len(self.changes.changed) == count_before
            )  # else a part tells it
            if not (is_changed or getattr(field, "has_box", False)):
                return
        if field is self._root:
            return
        label = " / ".join(path) or field.title
        if not (self._is_exact or (start is not ABSENT and says_something(start))):
            field.fill = Fill(label, self._is_filled(field, value))
            self.changes.filled.extend([label] * field.fill.is_filled)
            return
        field.proposed = Proposed(
            label=label,
            words=None if field.node.secret else _words(field, field.proposed_value(start)),
            is_changed=is_changed,
            inputs=self._inputs(field) if is_changed else None,
        )
        if is_changed:
            self.changes.changed.append(label)

    def _is_filled(self, field: AnswerField, value: JSONValue | Absent) -> bool:
        untouched = self._untouched.get(field.name)
        is_as_drawn = untouched is not None and untouched.value() == value
        return bool(field.process_errors) or (value is not ABSENT and not is_as_drawn)

    def _inputs(self, field: AnswerField) -> dict[str, list[str]] | None:
        untouched = self._untouched.get(field.name)
        return None if untouched is None else untouched.drawn_inputs()


def _path_to(
    part: AnswerField, field: AnswerField, start: JSONValue | Absent, path: tuple[str, ...]
) -> tuple[str, ...]:
    """Return the titles around a part and its own, but none that is there already."""
    if part.pointer == field.pointer and len(field.parts()) == 1:
        return path  # the shape that was chosen, or the rows of an object that has no other fields
    if isinstance(start, dict) and part.row_number is not None:
        return (*path, [*start][part.row_number], part.title)
    return (*path, part.title)


def _has_same_parts(field: AnswerField, start: JSONValue | Absent, value: object) -> bool:
    """Return True if what was changed, if anything, was changed in the parts of a field."""
    parts = field.parts()
    if field.node.kind is Kind.UNION:
        return parts[0].initial == start  # and not another shape
    if not any(isinstance(start, kind) and isinstance(value, kind) for kind in (dict, list)):
        return False
    rows = list(dict.fromkeys(part.row_number for part in parts))
    return None in rows or rows == [*range(len(start))]  # type: ignore[arg-type]  # one of the two


def _start_at(
    part: AnswerField, field: AnswerField, start: JSONValue | Absent
) -> JSONValue | Absent:
    """Return what was proposed for a part of a field."""
    if part.pointer == field.pointer or (isinstance(start, dict) and part.row_number is not None):
        return part.initial
    if isinstance(start, dict):
        return start.get(part.node.key, ABSENT)
    if isinstance(start, list) and part.row_number is not None and part.row_number < len(start):
        return start[part.row_number]
    return ABSENT


def _words(field: AnswerField, start: JSONValue | Absent) -> str:
    """Write what was proposed in a line, as the form has it."""
    if start is ABSENT:
        return "no answer"
    shown = field.node.secrets.hide(start)
    return in_words(field.node, shown, field._form.is_valid_below, MAX_WORDS)
