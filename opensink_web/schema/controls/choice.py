"""One of several values of any JSON type, as radio buttons or a select."""

from dataclasses import dataclass
from typing import Any

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import AnswerField, Meaning, MeaningChoice
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.tree.options import position_of

MAX_RADIOS = 4
MAX_UNFILTERED = 20
_MAX_IN_LINE, _LONGEST_IN_LINE = 3, 12
_EMPTY = {Meaning.ABSENT: "No answer", Meaning.NULL: "None"}
KEEP = "keep"
"""What the browser sends for a secret choice that is left as it is."""


@dataclass(frozen=True, slots=True)
class Choice:
    """An option as drawn: `value` is what the browser sends, never the option's own value."""

    value: str
    label: str
    description: str
    id: str
    selected: bool

    @property
    def is_empty(self) -> bool:
        """Return True for what leaves the question open, or says that there is nothing."""
        return not self.value or self.value in _EMPTY


class ChoiceField(AnswerField):
    """One of several values of any JSON type; the browser knows them by number only."""

    kinds = frozenset({Kind.CHOICE})

    def __init__(self, node: FieldNode, pointer: str, title: str = "", **kwargs: Any) -> None:
        super().__init__(node, pointer, title, **kwargs)
        self.control = "radios" if len(node.options) <= MAX_RADIOS else "select"

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw."""
        is_none = self.node.nullable or position_of(self.node.options, None) is not None
        if value is None and not is_none:
            value = ABSENT  # a default of null that the schema rules out proposes nothing
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
        if any(chosen == each for each in self.meanings[1:]):
            self.chosen_meaning = Meaning(chosen)
            self.data = self.nothing()
            return
        numbers = {str(number): option for number, option in enumerate(self.node.options)}
        if chosen in numbers:
            self.data = numbers[chosen].value
            if self.node.secret:
                self.text, self.sealed = KEEP, self._form.seal(self.name, self.data)
        elif chosen:
            raise ValueError("Choose one of the options.")

    def leave_to_buttons(self) -> None:
        """Draw the words alone: the buttons that send the form give the answer."""
        self.control = "question"

    @property
    def meaning_choices(self) -> list[MeaningChoice]:
        """None: what an empty answer means is chosen like any other."""
        return []

    def drawn_inputs(self) -> dict[str, list[str]]:
        return {str(self.name): [self.text]}

    def _number_of(self, value: JSONValue) -> str:
        position = position_of(self.node.options, value)
        return "" if position is None else str(position)

    @property
    def is_filtered(self) -> bool:
        """Return True if there are so many options that one wants to search in them."""
        return len(self.node.options) > MAX_UNFILTERED

    @property
    def has_descriptions(self) -> bool:
        """Return True if it says of an option what it means."""
        return any(option.description for option in self.node.options)

    @property
    def is_short(self) -> bool:
        """Return True if all that there is to choose from stands well in one line."""
        if len(self.node.options) > _MAX_IN_LINE or self.has_descriptions:
            return False
        choices = self.choices
        is_few = 1 < len(choices) <= _MAX_IN_LINE
        return is_few and all(len(each.label) <= _LONGEST_IN_LINE for each in choices)

    @property
    def choices(self) -> list[Choice]:
        """The options to draw, with the empty one first in a select and last among radios."""
        options = [
            (str(number), option.label, option.description)
            for number, option in enumerate(self.node.options)
        ]
        is_select = self.control == "select"
        if self.is_optional:
            empty = [
                (each.value if position else "", _EMPTY[each], "")
                for position, each in enumerate(self.meanings)
            ]
            options = [*empty, *options] if is_select else [*options, *empty]
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
