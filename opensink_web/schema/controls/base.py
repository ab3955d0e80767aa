"""What every control of an answer can do.

A control is a subclass in this package, and the template of its name in templates/answer/controls.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, assert_never

from wtforms.fields.core import Field

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.sent import Edited
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind

SEALED_ENDING = "-sealed"
PART_ENDING = "-part"
EMPTY_ENDING = "-empty"
USUAL = 10
"""How well a control suits the nodes that it is made for."""


class Meaning(StrEnum):
    """What a control that is left empty means; in JSON these are different answers."""

    ABSENT = "absent"
    NULL = "null"
    TEXT = "text"
    LIST = "list"
    OBJECT = "object"
    KEPT = "kept"
    """The secret that is there already, and not shown."""


@dataclass(frozen=True, slots=True)
class MeaningChoice:
    """A meaning as drawn."""

    value: Meaning
    label: str
    selected: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is said beside a field: its `label` with the parts around it, and what was proposed.

    There are no `words` for a secret. `inputs` are what its control sends as it was proposed, where
    a script can put that back by itself.
    """

    label: str
    words: str | None
    is_changed: bool
    inputs: dict[str, list[str]] | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """A field for which nothing was proposed, though something was for others: its `label`."""

    label: str
    is_filled: bool


class AnswerField(Field):  # type: ignore[misc]  # WTForms ships no types
    """A node of the schema, bound to a place in the answer.

    `name` is also the HTML id, `pointer` the value's JSON Pointer, `control` the template's macro.
    `changed` says whether a browser sent something else than was drawn; `row_number` is the number
    a row of a list keeps. `sealed` is what the page brings back of a secret that was typed,
    `notices` say what was left out of the start, `chosen_meaning` what the person said that leaving
    this empty means. `part_name` is the name of the field that is drawn anew where this changes
    what is drawn: this, or the outermost around it that depends on it. `focused_button` is the name
    of that button of the field which comes up focused.
    """

    control = ""
    kinds: ClassVar[frozenset[Kind]] = frozenset()
    """The kinds of nodes that this may suit."""
    keeps_closed = False
    """Whether what was typed in parts of this that are not drawn now comes back when they are."""
    redraws = False
    """Whether what is drawn here depends on what is filled in here."""
    buttons: ClassVar[frozenset[str]] = frozenset()
    """The names of submit buttons that draw the form again; press() says what they do."""
    registry: ClassVar[list[type["AnswerField"]]] = []

    def __init_subclass__(cls) -> None:
        AnswerField.registry.append(cls)

    @classmethod
    def suits(cls, node: FieldNode, data: JSONValue | Absent) -> int:
        """Return how well this suits a node of its kinds and the value it starts from.

        The control that suits best is taken.
        """
        return USUAL

    def __init__(self, node: FieldNode, pointer: str, title: str = "", **kwargs: Any) -> None:
        super().__init__(label=title or node.title, description=node.description, **kwargs)
        self.node = node
        self.pointer = pointer
        self.title = title or node.title
        self.initial: JSONValue | Absent = ABSENT
        self.changed = False
        self.autofocus = False
        self.focused_button = ""
        self.part_name = str(self.name)
        self.pages: list[tuple[int, int]] = []
        self.page = 0
        self.row_number: int | None = None
        self.is_new = False
        self.errors: list[str] = []
        self.notices: list[str] = []
        self.proposed: Proposed | None = None
        self.fill: Fill | None = None
        self.sealed = ""
        self.chosen_meaning: Meaning | None = None

    def process(
        self, formdata: Any, data: JSONValue | Absent = ABSENT, extra_filters: Any = None
    ) -> None:
        """Take the value to draw, and what the browser sent, if it did."""
        self.sealed = next(iter(formdata.getlist(self.sealed_name)), "") if formdata else ""
        self.initial = data
        self.take_meaning(formdata)
        super().process(formdata, data, extra_filters)

    def take_meaning(self, formdata: Any) -> None:
        """Take what the browser says that an empty control means; `initial` is known by now."""
        sent = next(iter(formdata.getlist(self.empty_name)), "") if formdata else ""
        self.chosen_meaning = next((each for each in self.meanings if each == sent), None)

    def parts(self) -> list["AnswerField"]:
        """Return the fields directly below this one."""
        return []

    def drawn_inputs(self) -> dict[str, list[str]] | None:
        """Return what a browser sends of this control as it is drawn, where that is simply told."""
        return None

    def proposed_value(self, start: JSONValue | Absent) -> JSONValue | Absent:
        """Return what is said to be proposed here where a value was."""
        return start

    def problems(self) -> Iterator[tuple["AnswerField", str]]:
        """Yield what could not be read here, each with the field that it is about."""
        yield from ((self, message) for message in self.process_errors)

    def explains(self, path: str) -> bool:
        """Return True if an error at this place only repeats that this could not be read."""
        return (self.pointer + "/").startswith(path + "/") or path.startswith(self.pointer + "/")

    @property
    def has_buttons(self) -> bool:
        """Return True if the page has one of its buttons."""
        return bool(self.buttons)

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

    def members(self) -> list["AnswerField"]:
        """Return those of the parts that are drawn in pages where they are many."""
        return []

    def undrawn_members(self) -> list["AnswerField"]:
        """Return the members on other pages."""
        if len(self.pages) < 2:
            return []
        start, end = self.pages[self.page]
        members = self.members()
        return members[:start] + members[end:]

    def drawn_parts(self) -> list["AnswerField"]:
        """Return the fields directly below this one that are drawn."""
        if len(self.pages) < 2:
            return self.parts()
        others = {id(member) for member in self.undrawn_members()}
        return [part for part in self.parts() if id(part) not in others]

    @property
    def undrawn(self) -> str:
        """The numbers of the members on other pages, as the page brings them back."""
        return " ".join(member.name.rpartition("-")[2] for member in self.undrawn_members())

    @property
    def part_id(self) -> str:
        """The HTML id of all that is drawn of this field."""
        return f"{self.name}{PART_ENDING}"

    @property
    def focus_id(self) -> str:
        """The HTML id that a link to this field leads to."""
        return str(self.name)

    @property
    def empty_name(self) -> str:
        """The name under which a person says what an empty control means."""
        return f"{self.name}{EMPTY_ENDING}"

    @property
    def own_meaning(self) -> Meaning | None:
        """What an empty control of this kind can mean beside no key and null, if anything."""
        return None

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """What this can mean when it is left empty, the usual first.

        ABSENT of what is required is nothing yet, and an error.
        """
        own, node = self.own_meaning, self.node
        possible = [Meaning.ABSENT] if not node.required else []
        possible += [Meaning.NULL] if node.nullable else []
        possible += [own] if own else []
        usual = self.usual_meaning(possible)
        return (usual, *(each for each in possible if each is not usual))

    def usual_meaning(self, possible: list[Meaning]) -> Meaning:
        """Return what is meant unless a person says otherwise: what was proposed, if it is empty.

        A key that may be left out is, unless that would bring a proposed value back.
        """
        first = None
        if self.initial is None:
            first = Meaning.NULL
        elif self.initial in ("", []):
            first = Meaning.LIST if self.initial == [] else Meaning.TEXT
        if first in possible:
            return first
        means_null = self.node.required or self.initial is not ABSENT
        return Meaning.NULL if Meaning.NULL in possible and means_null else Meaning.ABSENT

    @property
    def meaning(self) -> Meaning:
        """What this means when it is left empty, as the person chose or as usual."""
        return self.chosen_meaning or self.meanings[0]

    @property
    def is_meaning_open(self) -> bool:
        """Return True if the choice of meanings comes up unfolded: it matters now."""
        return self.is_blank and self.chosen_meaning not in {None, self.meanings[0]}

    @property
    def is_blank(self) -> bool:
        """Return True if this is drawn without anything in it."""
        return True

    @property
    def meaning_choices(self) -> list[MeaningChoice]:
        """The meanings to choose from; none where an empty control has only one."""
        meanings, chosen = self.meanings, self.meaning
        if len(meanings) < 2:
            return []
        required = self.node.required
        return [MeaningChoice(each, _words(each, required), each is chosen) for each in meanings]

    def nothing(self) -> JSONValue | Absent:
        """Return what an emptied field means."""
        match self.meaning:
            case Meaning.ABSENT | Meaning.KEPT:
                return ABSENT
            case Meaning.NULL:
                return None
            case Meaning.TEXT:
                return ""
            case Meaning.LIST:
                return []
            case Meaning.OBJECT:
                return {}
            case _:
                assert_never(self.meaning)

    def described_by(self) -> str:
        """Return the ids of the hint, the notices and the errors, for aria-describedby."""
        parts = [f"{self.name}-hint"] * bool(self.hint or self.node.description)
        parts += [f"{self.name}-notice"] * bool(self.notices)
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
        if not self.is_optional:
            attributes["aria_required"] = "true"
        if self.autofocus:
            attributes["autofocus"] = "autofocus"
        return attributes


def _words(meaning: Meaning, required: bool) -> str:
    match meaning:
        case Meaning.ABSENT:
            return "nothing yet: an answer is required" if required else "no answer"
        case Meaning.NULL:
            return "none (null)"
        case Meaning.TEXT:
            return "an empty text"
        case Meaning.LIST:
            return "an empty list"
        case Meaning.OBJECT:
            return "no entries ({})"
        case Meaning.KEPT:
            return "what is kept, not shown"
        case _:
            assert_never(meaning)
