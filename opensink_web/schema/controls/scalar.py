"""A value that may be of several simple kinds: one box, whose kind is recognised and shown.

Recognised is what leaves no doubt: a number in plain digits, true and false, an option by its name.
Whatever else is typed is a text, where the schema takes one. A person can say another kind.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any, assert_never

from opensink_web.errors import InvalidInput
from opensink_web.json_value import JSONValue, dump, parse
from opensink_web.schema.controls.base import Meaning
from opensink_web.schema.controls.number import limits_in_words
from opensink_web.schema.controls.text import takes_empty
from opensink_web.schema.controls.typed import TypedField
from opensink_web.schema.controls.widgets import Area
from opensink_web.schema.line_breaks import may_have_lines
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, Kind
from opensink_web.schema.tree.options import Option
from opensink_web.schema.written_number import read_number
from opensink_web.visible_text import in_plain

KIND_ENDING = "-kind"
_PLAIN_WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
_PLAIN = re.compile(r"-?(0|[1-9][0-9]*)([.,][0-9]+)?([eE][+-]?[0-9]+)?")
_NUMBER_OR_WORD = re.compile(r"\s*([-+.,]?\s*[0-9]|(yes|no|true|false)\s*$)", re.IGNORECASE)
_TRUE, _FALSE = frozenset({"true", "yes"}), frozenset({"false", "no"})


class Scalar(StrEnum):
    """A kind of value that can stand in one box; OPTION is one of those that the schema names."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    OPTION = "option"
    NULL = "null"


@dataclass(frozen=True, slots=True)
class KindChoice:
    """A kind as drawn; `value` is "" for the one that is recognised."""

    value: str
    label: str
    selected: bool


class ScalarField(TypedField):
    """A text, a number, yes or no, or one of a few values, in one box.

    `kind` is what a person said that it is, "" where it is recognised; `first_kind` is the one that
    was drawn, so that a proposed "5" stays a text.
    """

    control = "scalar"
    kinds = frozenset({Kind.SCALAR})

    @cached_property
    def scalars(self) -> tuple[Scalar, ...]:
        """The kinds that the schema takes, each once; null only if emptiness does not say it."""
        kinds = dict.fromkeys(_scalar_of(branch) for branch in self.node.branches)
        return tuple(each for each in kinds if each is not Scalar.NULL or not self.node.nullable)

    @cached_property
    def options(self) -> dict[str, JSONValue]:
        """The values that the schema names, by what is typed for them."""
        named = [option for branch in self.node.branches for option in _options_of(branch)]
        if self.node.secret:  # its label does not say what it is
            return {each.value: each.value for each in named if isinstance(each.value, str)}
        return {option.label: option.value for option in named}

    @cached_property
    def _by_word(self) -> dict[str, JSONValue]:
        """The values that the schema names, by whatever may be typed for them."""
        words = {value: value for value in self.options.values() if isinstance(value, str)}
        return words | self.options

    @property
    def kind_name(self) -> str:
        """The name under which the page says of which kind the value is."""
        return f"{self.name}{KIND_ENDING}"

    def process(
        self, formdata: Any, data: JSONValue | Absent = ABSENT, extra_filters: Any = None
    ) -> None:
        """Take the value to draw, and what the browser sent, if it did."""
        sent = next(iter(formdata.getlist(self.kind_name)), "") if formdata else None
        self._sent_kind = sent if sent in {each.value for each in self.scalars} else ""
        self.kind = ""
        super().process(formdata, data, extra_filters)

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw, and its kind where it would not be recognised."""
        super().process_data(value)
        self.is_long = not self.node.secret and not self.options and self._may_have_lines()
        if self.is_long:
            self.widget = Area()
        self.first_kind = str(Scalar.NULL) if value is None and self._has_null else ""
        if self.text and not self.node.secret and self._recognised(self.text) != _exact(value):
            self.first_kind = str(_kind_of(value))
        self.kind = self.first_kind

    @property
    def _has_null(self) -> bool:
        """Return True if null is said by its kind, and not by leaving the box empty."""
        return Scalar.NULL in self.scalars

    def _may_have_lines(self) -> bool:
        texts = [branch for branch in self.node.branches if branch.kind is Kind.TEXT]
        return "\n" in self.text or any(
            each.multiline or may_have_lines(each.format, each.constraints.pattern)
            for each in texts
        )

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what the browser sent.

        Raises: ValueError with a sentence for people.
        """
        self.kind = self._sent_kind
        super().process_formdata(valuelist)

    def is_other(self, typed: str) -> bool:
        return super().is_other(typed) or self.kind != self.first_kind

    def drawn_inputs(self) -> dict[str, list[str]]:
        kind = {self.kind_name: [self.kind]} if self.kind_choices else {}
        return super().drawn_inputs() | kind

    def shown(self, value: JSONValue) -> str:
        names = (name for name, option in self.options.items() if dump(option) == dump(value))
        name = next(names, None)
        if name is not None:
            return name
        return value if isinstance(value, str) else dump(value)

    def read(self, text: str) -> JSONValue | Absent:
        """Read what was typed, as the kind that a person chose or as the one it is."""
        try:
            parse(dump(text))
        except InvalidInput:
            raise ValueError("This contains a character that cannot be stored.") from None
        is_said = self.kind != self.first_kind and self.kind == Scalar.TEXT
        if not text and not is_said and self.kind != Scalar.NULL:
            return self.nothing()
        return self._as(Scalar(self.kind), text) if self.kind else self._as(self._kind(text), text)

    def _as(self, scalar: Scalar, text: str) -> JSONValue:
        match scalar:
            case Scalar.TEXT:
                return text
            case Scalar.NUMBER:
                return self._number(text)
            case Scalar.BOOLEAN:
                if text.strip().lower() in _TRUE | _FALSE:
                    return text.strip().lower() in _TRUE
                raise ValueError("Enter yes or no.")
            case Scalar.NULL:
                return None
            case Scalar.OPTION:
                if text.strip() in self._by_word:
                    return self._by_word[text.strip()]
                raise ValueError(self._example())
            case _:
                assert_never(scalar)

    def _number(self, text: str) -> int | float:
        try:
            return read_number(text, is_whole=self.is_whole)
        except ValueError as error:
            is_alone = self.scalars == (Scalar.NUMBER,) or self.kind == Scalar.NUMBER
            if is_alone and not self.node.secret:
                raise
            looks_like_one = _NUMBER_OR_WORD.match(text) and not self.node.secret
            raise ValueError(str(error) if looks_like_one else self._example()) from None

    @property
    def is_whole(self) -> bool:
        """Return True if no number but a whole one is taken."""
        return all(branch.kind is not Kind.NUMBER for branch in self.node.branches)

    def _kind(self, text: str) -> Scalar:
        """Return what a text that was typed is."""
        takes_text, plain = Scalar.TEXT in self.scalars, text.strip()
        if plain in self._by_word:
            return Scalar.OPTION
        if Scalar.BOOLEAN in self.scalars:
            words = {"true", "false"} if takes_text else _TRUE | _FALSE
            if plain.lower() in words:
                return Scalar.BOOLEAN
        if Scalar.NUMBER in self.scalars and (not takes_text or self._is_number(text)):
            return Scalar.NUMBER
        return Scalar.TEXT if takes_text else self.scalars[0]

    def _is_number(self, text: str) -> bool:
        """Return True if nobody would take this for anything but a number, and it can be kept."""
        if not (_PLAIN_WHOLE if self.is_whole else _PLAIN).fullmatch(text):
            return False
        try:
            read_number(text, is_whole=self.is_whole)
        except ValueError:
            return False
        return True

    def _recognised(self, text: str) -> tuple[str, str] | None:
        try:
            return _exact(self._as(self._kind(text), text))
        except ValueError:
            return None

    def _example(self) -> str:
        names = [f"“{name}”" for name in self.options if name][:5]
        if self.node.secret:
            names = [_words(Scalar.OPTION)] * (Scalar.OPTION in self.scalars)
        kinds = [each for each in self.scalars if each not in {Scalar.OPTION, Scalar.NULL}]
        words = [*map(_words, kinds), *names]
        return f"Enter {' or '.join([', '.join(words[:-1]), words[-1]] if words[1:] else words)}."

    @property
    def own_meaning(self) -> Meaning | None:
        texts = [branch for branch in self.node.branches if branch.kind is Kind.TEXT]
        return Meaning.TEXT if any(map(takes_empty, texts)) else None

    @property
    def kind_choices(self) -> list[KindChoice]:
        """The kinds to choose from; none where what is typed can be taken in one way alone."""
        is_doubtful = Scalar.TEXT in self.scalars or self.node.secret
        is_doubtful = is_doubtful or any(map(_NUMBER_OR_WORD.match, self.options))
        if len(self.scalars) < 2 or not (is_doubtful or self.kind):
            return []
        return [
            KindChoice("", "automatic", not self.kind),
            *(KindChoice(each, _words(each), self.kind == each) for each in self.scalars),
        ]

    @property
    def option_names(self) -> str:
        """What may be typed for the values that the schema names, as JSON for the script."""
        return "[]" if self.node.secret else dump([*self._by_word])

    @property
    def sent_as(self) -> str:
        """How what stands in the box is sent, in words; "" for nothing, and for a secret."""
        if self.node.secret or not self.text or len(self.scalars) < 2:
            return ""
        kind = Scalar(self.kind) if self.kind else self._kind(self.text)
        return f"Sent as {_words(kind)}."

    @property
    def hint(self) -> str:
        limits = (
            limits_in_words(branch.constraints)
            for branch in self.node.branches
            if branch.kind in {Kind.NUMBER, Kind.INTEGER}
        )
        return " ".join(filter(None, [*limits, super().hint]))

    def attributes(self) -> dict[str, Any]:
        attributes = super().attributes() | {"type": "text", "dir": "auto"}
        if self.node.secret:
            return attributes | {"type": "password"}
        if self.is_long:
            del attributes["type"]
            attributes["rows"] = min(16, self.drawn_text().count("\n") + 1)
        elif self.options:
            attributes["list"] = f"{self.name}-options"
        if self.node.placeholder:
            attributes["placeholder"] = in_plain(self.node.placeholder)
        return attributes


def _words(scalar: Scalar) -> str:
    match scalar:
        case Scalar.TEXT:
            return "a text"
        case Scalar.NUMBER:
            return "a number"
        case Scalar.BOOLEAN:
            return "yes or no"
        case Scalar.OPTION:
            return "one of the options"
        case Scalar.NULL:
            return "none (null)"
        case _:
            assert_never(scalar)


def _scalar_of(branch: FieldNode) -> Scalar:
    if branch.kind is Kind.TEXT:
        return Scalar.TEXT
    if branch.kind in {Kind.NUMBER, Kind.INTEGER}:
        return Scalar.NUMBER
    values = [option.value for option in branch.options]
    if values == [None]:
        return Scalar.NULL
    is_boolean = bool(values) and all(isinstance(value, bool) for value in values)
    return Scalar.BOOLEAN if is_boolean else Scalar.OPTION


def _options_of(branch: FieldNode) -> tuple[Option, ...]:
    """Return the values that a branch names; yes and no are a kind of their own."""
    if _scalar_of(branch) is not Scalar.OPTION:
        return ()
    return branch.options


def _kind_of(value: JSONValue | Absent) -> Scalar:
    if isinstance(value, bool):
        return Scalar.BOOLEAN
    return Scalar.NUMBER if isinstance(value, int | float) else Scalar.TEXT


def _exact(value: JSONValue | Absent) -> tuple[str, str]:
    """Return what tells values apart that Python finds equal, such as 1 and 1.0 and True."""
    return type(value).__name__, str(value)
