"""A constant or a read-only value."""

from typing import Any

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import USUAL, AnswerField
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.tree.options import label_of

READ_ONLY = 90


class FixedField(AnswerField):
    """A constant or read-only value: shown, and answered from the schema whatever was sent."""

    control = "fact"
    kinds = frozenset(Kind)

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Take what is read-only, unless only a person can give it a value."""
        if node.read_only and not (data is ABSENT and node.required):
            return READ_ONLY
        return USUAL if node.kind is Kind.FIXED else 0

    def process(
        self, formdata: Any, data: JSONValue | Absent = ABSENT, extra_filters: Any = None
    ) -> None:
        """Take the value to show; what the browser sent is not looked at."""
        self.sealed = ""
        self.process_errors: list[str] = []
        self.initial = self.data = data

    @property
    def is_fixed(self) -> bool:
        return True

    @property
    def shown(self) -> JSONValue:
        """The value to draw, by its title if it is one of several, without the secrets in it."""
        if self.data is ABSENT:
            return None
        label = None if self.node.secret else label_of(self.node.options, self.data)
        return self.node.secrets.hide(self.data) if label is None else label

    @property
    def is_left_out(self) -> bool:
        """Return True if there is no value to show, and no key in the answer."""
        return self.data is ABSENT
