"""What every control of an answer can do.

A control is a subclass in this package, and the template of its name in templates/answer/controls.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from wtforms.fields.core import Field

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.sent import Edited
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

SEALED_ENDING = "-sealed"
USUAL = 10
"""How well a control suits the nodes that it is made for."""


class AnswerField(Field):  # type: ignore[misc]  # WTForms ships no types
    """A node of the schema, bound to a place in the answer.

    `name` is also the HTML id, `pointer` the value's JSON Pointer, `control` the template's macro.
    `changed` says whether a browser sent something else than was drawn; `row_number` is the number
    a row of a list keeps. `sealed` is what the page brings back of a secret that was typed.
    `focused_button` is the name of that button of the field which comes up focused.
    """

    control = ""
    kinds: ClassVar[frozenset[Kind]] = frozenset()
    """The kinds of nodes for which this is the usual control."""
    buttons: ClassVar[frozenset[str]] = frozenset()
    """The names of submit buttons that draw the form again; press() says what they do."""
    registry: ClassVar[list[type["AnswerField"]]] = []

    def __init_subclass__(cls) -> None:
        AnswerField.registry.append(cls)

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Return how well this suits a node and the value it starts from; the highest is taken."""
        return USUAL if node.kind in cls.kinds else 0

    def __init__(self, node: FieldNode, pointer: str, title: str = "", **kwargs: Any) -> None:
        super().__init__(label=title or node.title, description=node.description, **kwargs)
        self.node = node
        self.pointer = pointer
        self.title = title or node.title
        self.initial: JSONValue | Absent = ABSENT
        self.changed = False
        self.autofocus = False
        self.focused_button = ""
        self.row_number: int | None = None
        self.errors: list[str] = []
        self.sealed = ""

    def process(
        self, formdata: Any, data: JSONValue | Absent = ABSENT, extra_filters: Any = None
    ) -> None:
        """Take the value to draw, and what the browser sent, if it did."""
        self.sealed = next(iter(formdata.getlist(self.sealed_name)), "") if formdata else ""
        super().process(formdata, data, extra_filters)

    def parts(self) -> list["AnswerField"]:
        """Return the fields directly below this one."""
        return []

    def problems(self) -> Iterator[tuple["AnswerField", str]]:
        """Yield what could not be read here, each with the field that it is about."""
        yield from ((self, message) for message in self.process_errors)

    def press(self, button: str, value: str, sent: Edited) -> None:
        """Change what was sent as a button of this field says, if it is one of this field's."""

    def value(self) -> JSONValue | Absent:
        """Return what stands here as JSON, ABSENT for a key that is left out."""
        return self.data  # type: ignore[no-any-return]  # WTForms ships no types

    def active(self) -> Iterator["AnswerField"]:
        """Yield this field and those below it that have a part in the answer."""
        yield self

    @property
    def is_fixed(self) -> bool:
        """Return True if there is nothing to fill in here."""
        return False

    @property
    def is_optional(self) -> bool:
        """Return True if nothing at all is a possible answer here."""
        return not self.node.required or self.node.nullable

    @property
    def sealed_name(self) -> str:
        """The name under which the page brings back a secret that was typed."""
        return f"{self.name}{SEALED_ENDING}"

    @property
    def focus_id(self) -> str:
        """The HTML id that a link to this field leads to."""
        return str(self.name)

    def nothing(self) -> JSONValue | Absent:
        """Return what an emptied field means: null where the schema has null, else no key.

        Where a key may be left out it is, unless that would bring a proposed value back.
        """
        means_null = self.node.required or self.initial is not ABSENT
        return None if self.node.nullable and means_null else ABSENT

    def described_by(self) -> str:
        """Return the ids of the hint and the errors, for aria-describedby."""
        parts = [f"{self.name}-hint"] * bool(self.hint or self.node.description)
        return " ".join(parts + [f"{self.name}-error"] * bool(self.errors))

    @property
    def hint(self) -> str:
        """A sentence on how to fill this in, beside the agent's own description."""
        return ""

    def attributes(self) -> dict[str, Any]:
        """Return the HTML attributes of the control, class left out."""
        attributes = {"autocomplete": "off"}
        if self.described_by():
            attributes["aria_describedby"] = self.described_by()
        if self.errors:
            attributes["aria_invalid"] = "true"
        if self.autofocus:
            attributes["autofocus"] = "autofocus"
        return attributes
