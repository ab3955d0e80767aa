"""What every field of an answer can do, and the fields nobody types into: choices, fixed values."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from wtforms.fields.core import Field

from opensink_web.json_value import JSONValue, dump
from opensink_web.schema.field_tree import ABSENT, Absent, FieldNode

MAX_RADIOS = 4
SEALED_ENDING = "-sealed"
KEEP = "keep"
"""What the browser sends for a secret choice that is left as it is."""


class AnswerField(Field):  # type: ignore[misc]  # WTForms ships no types
    """A node of the schema, bound to a place in the answer.

    `name` is also the HTML id, `pointer` the value's JSON Pointer, `control` the template's macro.
    `changed` says whether a browser sent something else than was drawn; `row_number` is the number
    a row of a list keeps. `sealed` is what the page brings back of a secret that was typed.
    """

    control = ""

    def __init__(self, node: FieldNode, pointer: str, title: str = "", **kwargs: Any) -> None:
        super().__init__(label=title or node.title, description=node.description, **kwargs)
        self.node = node
        self.pointer = pointer
        self.title = title or node.title
        self.initial: JSONValue | Absent = ABSENT
        self.changed = False
        self.autofocus = False
        self.row_number: int | None = None
        self.errors: list[str] = []
        self.sealed = ""

    def process(
        self, formdata: Any, data: JSONValue | Absent = ABSENT, extra_filters: Any = None
    ) -> None:
        """Take the value to draw, and what the browser sent, if it did."""
        self.sealed = next(iter(formdata.getlist(self.sealed_name)), "") if formdata else ""
        super().process(formdata, data, extra_filters)

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


@dataclass(frozen=True, slots=True)
class Choice:
    """An option as drawn: `value` is what the browser sends, never the option's own value."""

    value: str
    label: str
    description: str
    id: str
    selected: bool


class ChoiceField(AnswerField):
    """One of several values of any JSON type; the browser knows them by number only."""

    def __init__(self, node: FieldNode, pointer: str, title: str = "", **kwargs: Any) -> None:
        super().__init__(node, pointer, title, **kwargs)
        self.control = "radios" if len(node.options) <= MAX_RADIOS else "select"

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw."""
        self.initial = self.data = value
        self.text = "" if value is ABSENT else self._number_of(value)
        if self.node.secret and value is not ABSENT:
            self.text = KEEP

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what the browser sent.

        Raises: ValueError with a sentence for people.
        """
        chosen = valuelist[0] if valuelist else ""
        if self.sealed and chosen == KEEP:
            self.changed, self.text, self.data = True, "", ABSENT
            self.data = self._form.unseal(self.name, self.sealed)
            self.text = KEEP
            return
        self.changed = chosen != self.text
        self.sealed = ""
        if not self.changed and self.initial is not ABSENT:
            return
        self.text, self.data = chosen, self.nothing()
        numbers = {str(number): option for number, option in enumerate(self.node.options)}
        if chosen in numbers:
            self.data = numbers[chosen].value
            if self.node.secret:
                self.text, self.sealed = KEEP, self._form.seal(self.name, self.data)
        elif chosen:
            raise ValueError("Choose one of the options.")

    def _number_of(self, value: JSONValue) -> str:
        written = [dump(option.value) for option in self.node.options]
        return str(written.index(dump(value))) if dump(value) in written else ""

    @property
    def choices(self) -> list[Choice]:
        """The options to draw, with the empty one first in a select and last among radios."""
        options = [
            (str(number), option.label, option.description)
            for number, option in enumerate(self.node.options)
        ]
        is_select = self.control == "select"
        if self.is_optional:
            label = "No answer" if self.nothing() is ABSENT else "None"
            options.insert(0 if is_select else len(options), ("", label, ""))
        elif is_select:
            options.insert(0, ("", "Choose…", ""))
        if self.text == KEEP:
            label = "As you chose, not shown" if self.changed else "As proposed, not shown"
            options.insert(0, (KEEP, label, ""))
        return [
            Choice(number, label, words, self._id_of(position), number == self.text)
            for position, (number, label, words) in enumerate(options)
        ]

    def _id_of(self, position: int) -> str:
        """The first button has the field's own id, so that links lead to it."""
        return f"{self.name}-{position}" if position else str(self.name)


class FixedField(AnswerField):
    """A constant or read-only value: shown, and answered from the schema whatever was sent."""

    control = "fact"

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
        """The value to draw, without the secrets in it."""
        return None if self.data is ABSENT else self.node.secrets.hide(self.data)

    @property
    def is_left_out(self) -> bool:
        """Return True if there is no value to show, and no key in the answer."""
        return self.data is ABSENT
