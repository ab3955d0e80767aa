"""What was proposed, beside each field of a form, and which fields hold something else now.

As edits.py compares a whole answer, but field by field: what cannot be read yet is changed too.
"""

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.controls.base import AnswerField, Proposed
from opensink_web.schema.edits import Proposal, differs, says_something
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode

RESTORE = "_restore"
"""The button that puts back what was proposed for a field."""
MAX_WORDS = 200
_NAMES_SHOWN = 3


def mark_changes(root: AnswerField, proposal: Proposal, untouched: list[AnswerField]) -> list[str]:
    """Set `proposed` of the fields for which something was; return the labels of the changed ones.

    `untouched` are the fields of the same form as it is first drawn.
    """
    marking = _Marking(proposal, {field.name: field for field in untouched})
    marking.mark(root, proposal.value, ())
    return marking.changed


def changes_in_words(changed: list[str]) -> str:
    """Say which fields are changed: `2 fields changed: Quantity, Limit`."""
    if not changed:
        return "Nothing changed of what was proposed."
    count = "1 field" if len(changed) == 1 else f"{len(changed):,} fields"
    more = len(changed) - _NAMES_SHOWN
    names = ", ".join(changed[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
    return f"{count} changed: {names}"


class _Marking:
    def __init__(self, proposal: Proposal, untouched: dict[str, AnswerField]) -> None:
        self._is_exact = proposal.is_exact
        self._untouched = untouched
        self.changed: list[str] = []

    def mark(self, field: AnswerField, start: JSONValue | Absent, around: tuple[str, ...]) -> None:
        """Set what was proposed for a field and those below it."""
        if field.is_fixed:
            return
        is_root, parts, value = not field.pointer, field.parts(), field.value()
        path = around if is_root else (*around, field.title)
        is_changed = differs(start, value, is_exact=self._is_exact) or bool(field.process_errors)
        if parts and _has_same_parts(field, start, value):
            count_before = len(self.changed)
            for part in parts:
                self.mark(part, _start_at(part, field, start), path)
            is_changed = is_changed and len(self.changed) == count_before  # else a part tells it
            if not (is_changed or getattr(field, "has_box", False)):
                return
        is_proposed = self._is_exact or (start is not ABSENT and says_something(start))
        if is_root or not is_proposed:
            return
        label = " / ".join(path)
        field.proposed = Proposed(
            label=label,
            words=None if field.node.secret else _words(field.node, field.proposed_value(start)),
            is_changed=is_changed,
            inputs=self._inputs(field) if is_changed else None,
        )
        if is_changed:
            self.changed.append(label)

    def _inputs(self, field: AnswerField) -> dict[str, list[str]] | None:
        untouched = self._untouched.get(field.name)
        return None if untouched is None else untouched.drawn_inputs()


def _has_same_parts(field: AnswerField, start: JSONValue | Absent, value: object) -> bool:
    """Return True if what was changed, if anything, was changed in the parts of a field."""
    if isinstance(start, dict) and isinstance(value, dict):
        return True
    if not (isinstance(start, list) and isinstance(value, list)):
        return False
    return [row.row_number for row in field.parts()] == [*range(len(start))]


def _start_at(
    part: AnswerField, field: AnswerField, start: JSONValue | Absent
) -> JSONValue | Absent:
    """Return what was proposed for a part of a field."""
    if part.pointer == field.pointer:
        return part.initial
    if isinstance(start, dict):
        if part.row_number is not None:
            return part.initial
        return start.get(part.node.key, ABSENT)
    if isinstance(start, list) and part.row_number is not None and part.row_number < len(start):
        return start[part.row_number]
    return ABSENT


def _words(node: FieldNode, start: JSONValue | Absent) -> str:
    """Write what was proposed in a line, as the form has it."""
    words = "no answer" if start is ABSENT else _value_in_words(node, node.secrets.hide(start))
    return words if len(words) <= MAX_WORDS else words[:MAX_WORDS] + "…"


def _value_in_words(node: FieldNode | None, value: JSONValue) -> str:
    if node is not None:
        written = dump(value)
        for option in node.options:
            if dump(option.value) == written:
                return option.label
    if value is None:
        return "none"
    if isinstance(value, str):
        return value or "an empty text"
    if isinstance(value, list):
        if not value:
            return "an empty list"
        if not any(isinstance(entry, dict | list) for entry in value):
            item = node.item if node is not None else None
            return ", ".join(_value_in_words(item, entry) for entry in value[:MAX_WORDS])
    return dump(value)
