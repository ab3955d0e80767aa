"""AnswerForm: the form a person fills in for an agent's schema.

Drawn on the server and complete without JavaScript: rows of a list come and go by submit buttons.
What is constant or read-only comes from the schema, whatever a browser sends.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from weakref import proxy

from wtforms.form import BaseForm

from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject, JSONValue
from opensink_web.schema.changes import RESTORE, Changes, mark_changes
from opensink_web.schema.controls.base import AnswerField
from opensink_web.schema.controls.binding import bind, focus
from opensink_web.schema.controls.sent import Edited, FormData, WithKept
from opensink_web.schema.draft import typed_without_secrets
from opensink_web.schema.edits import Proposal, says_something
from opensink_web.schema.kept import as_sent, undrawn
from opensink_web.schema.paging import PAGE, drawn, lay_out, name_parts, show, unvisited
from opensink_web.schema.part_checker import PartChecker
from opensink_web.schema.placing import by_pointer, label_of, nearest, with_place
from opensink_web.schema.sentences import REQUIRED
from opensink_web.schema.tree.building import field_tree
from opensink_web.schema.tree.defaults import Start, start_of
from opensink_web.schema.tree.node import ABSENT, Absent, FieldNode, as_json
from opensink_web.schema.validation import Checker, validate

ROOT_NAME = "answer"
MAX_BLANK_FIELDS = 800
NEW = "This came with what you chose. Fill it in or leave it as it is, and send again."
"""Nothing is sent that nobody has seen."""
MAX_FIELDS = 10_000
REFRESH = "_refresh"
"""The button that draws the form as it is now filled in, and changes nothing else."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of a submitted form: a valid answer, or everything that is wrong with it."""

    value: JSONObject | None
    errors: tuple[FieldError, ...]


@dataclass(frozen=True, slots=True)
class SummaryLine:
    """One line of the error summary: what is wrong, and the control it links to."""

    message: str
    html_id: str
    label: str


class Vault(Protocol):
    """What keeps a secret that was typed until the form is sent, in a page that may be sent on."""

    def seal(self, place: str, value: JSONValue) -> str:
        """Return what goes into the page, and back, for one field of the form."""

    def unseal(self, place: str, sealed: str) -> JSONValue:
        """Return the value that was sealed for this field. Raises: InvalidInput."""


class _TooManyFields(InvalidInput):
    """The form has more fields than there is capacity for."""


class AnswerForm(BaseForm):  # type: ignore[misc]  # WTForms ships no types
    """A form for one schema, either blank or as submitted; `root` is its outermost field.

    `proposed`, an answer that fits, is what it starts from instead of what the schema proposes.
    Many fields are drawn in pages; more than MAX_FIELDS are answered as JSON. Without a `vault` a
    secret has to be typed anew when the form is drawn again, and so has what was typed on another
    page. Every field's name begins with `name`, so a page may have several forms. Raises:
    InvalidInput when a browser sends more fields than can be.
    """

    start_word = "Proposed"
    """What is said before what a field starts from, once it is changed."""

    def __init__(
        self,
        schema: JSONValue,
        formdata: FormData | None = None,
        *,
        proposed: JSONObject | None = None,
        vault: Vault | None = None,
        name: str = ROOT_NAME,
        before: "AnswerForm | None" = None,
    ) -> None:
        super().__init__({})
        self.schema = schema
        self._name = name
        self._vault = vault
        self._proposed = proposed
        self._placed: list[tuple[AnswerField, str]] = []
        self.had_errors = False
        self._parts = PartChecker(schema)
        self._sent = formdata if formdata is None else self._with_kept(formdata)
        if before is None:
            self._take_start()
        else:
            self._take_over(before)
        self.root = self._untouched
        if self._sent is not None:
            self.root = self._bound(self._untouched.node, self._sent, capacity=MAX_FIELDS)
        self.changes: Changes | None = None
        """What is not as it was proposed; None if nothing was."""
        if isinstance(self._start, dict) and (proposed is not None or says_something(self._start)):
            proposal = Proposal(self._start, proposed is not None)
            self.changes = mark_changes(self.root, proposal, list(walk(self._untouched)))

    def _take_start(self) -> None:
        """Make the fields as they are before anything was sent."""
        self._crowded: set[str] = set()
        self._starts: dict[int, tuple[FieldNode, Start]] = {}
        self._node = field_tree(self.schema)
        check = Checker(self.schema).errors_of
        start = start_of(self._node, check, ABSENT if self._proposed is None else self._proposed)
        self._start: JSONValue = {} if start.value is ABSENT else start.value
        self.notices = start.notices
        try:
            self._untouched = self._bound(self._node, None, capacity=MAX_FIELDS)
        except _TooManyFields:
            node = as_json(self._node)
            self._untouched = self._bound(node, None, capacity=MAX_FIELDS)

    def _take_over(self, before: "AnswerForm") -> None:
        """Start from the same as the form that was there before."""
        self._crowded, self._starts = before._crowded, before._starts
        self._start, self.notices = before._start, before.notices
        self._untouched, self.start_word = before._untouched, before.start_word

    def _bound(self, node: FieldNode, formdata: FormData | None, *, capacity: int) -> AnswerField:
        self._capacity = capacity
        self._is_blank = formdata is None
        self._late_notices: list[FieldError] = []
        # objects that hold each other are left to the collector, which stops all threads for them
        form = proxy(self)
        root = bind(form, node, self._start, name=self._name, pointer="")
        root.process(formdata, self._start)
        name_parts(root)
        lay_out(root, formdata)
        fields = by_pointer(walk(root))
        for notice in (*self.notices, *self._late_notices):
            field = nearest(fields, notice.path)
            field.notices.append(with_place(field, notice))
        return root

    def _with_kept(self, formdata: FormData) -> FormData:
        sealed = next(iter(formdata.getlist(self.kept_name)), "")
        try:
            kept = as_sent(self.unseal(self.kept_name, sealed)) if sealed else {}
        except ValueError:
            kept = {}  # too old by now, or somebody else's
        sent = WithKept(formdata, kept)
        sent.untouched = unvisited(sent)
        return sent

    @property
    def typed(self) -> list[tuple[str, str]]:
        """What was typed, also in parts that are closed, without secrets."""
        sent, beside = self._sent, {self.kept_name, self.errors_name}
        return [] if sent is None else typed_without_secrets(sent, self.root, beside)

    @property
    def kept_name(self) -> str:
        """The name under which the page brings back what was typed in parts that are closed."""
        return f"{self._name}-kept"

    @property
    def kept(self) -> str:
        """What was typed in parts that are closed now, sealed for the page."""
        kept = undrawn(self._sent, self.root) if self._sent is not None else {}
        if not kept:
            return ""
        return self.seal(self.kept_name, {name: [*texts] for name, texts in kept.items()})

    def start_below(
        self, node: FieldNode, pointer: str, given: JSONValue | Absent = ABSENT
    ) -> JSONValue | Absent:
        """Return what a part starts from that is in no start yet: left out so far, or a new row.

        There the schema's own defaults propose; or what was `given` for another state of the object
        around it, as far as it fits.
        """
        start = self._start_of(node, given)
        if given is ABSENT:
            self._late_notices += [
                FieldError(pointer + notice.path, notice.message) for notice in start.notices
            ]
        return start.value

    def _start_of(self, node: FieldNode, given: JSONValue | Absent) -> Start:
        check = partial(self._parts.errors_of, node.schema)
        if given is not ABSENT:
            return start_of(node, check, given)
        if id(node) not in self._starts:  # with the node, to keep its id
            self._starts[id(node)] = (node, start_of(node, check))
        return self._starts[id(node)][1]

    def is_valid_below(self, node: FieldNode, value: JSONValue) -> bool:
        """Return True if a value fits a part."""
        return not self._parts.errors_of(node.schema, value)

    def spend(self, fields: int) -> None:
        """Use up capacity for fields; every field that is bound asks. Raises: InvalidInput."""
        self._capacity -= fields
        if self._capacity < 0:
            raise _TooManyFields("This is more entries than one answer can have.")

    def is_crowded_by(self, name: str, fields: int) -> bool:
        """Return True if the blank form has no room for so many fields below this one.

        What was closed there for that stays closed in what is sent.
        """
        if self._is_blank and MAX_FIELDS - self._capacity + fields > MAX_BLANK_FIELDS:
            self._crowded.add(name)
        return name in self._crowded

    def seal(self, place: str, value: JSONValue) -> str:
        """Return a secret as it goes into the page, and back; "" where it cannot be kept."""
        return "" if self._vault is None else self._vault.seal(place, value)

    def unseal(self, place: str, sealed: str) -> JSONValue:
        """Return the secret that came back. Raises: ValueError with a sentence for people."""
        try:
            if self._vault is not None:
                return self._vault.unseal(place, sealed)
        except InvalidInput as error:
            raise ValueError(error.message) from None
        raise ValueError("What you typed here was not kept. Type it again.")

    @classmethod
    def blank(
        cls, schema: JSONValue, proposed: JSONObject | None = None, name: str = ROOT_NAME
    ) -> "AnswerForm":
        """Draw the form with what is proposed; the schema has passed `check_schema`."""
        return cls(schema, proposed=proposed, name=name)

    @classmethod
    def submitted(
        cls,
        schema: JSONValue,
        formdata: FormData,
        proposed: JSONObject | None = None,
        vault: Vault | None = None,
        name: str = ROOT_NAME,
    ) -> "AnswerForm":
        """Take what a browser sent; everything typed is kept as it was typed."""
        return cls(schema, formdata, proposed=proposed, vault=vault, name=name)

    def read(self) -> Submission:
        """Read the answer and check it as a whole; the errors also go to their fields."""
        value = self.root.value()
        problems = [problem for field in self.root.active() for problem in field.problems()]
        unread = [field for field, _ in problems]
        failures = [
            error
            for error in _failures(self.schema, value)
            if not any(field.explains(error.path) for field in unread)
        ]
        if not (problems or failures):
            problems = [(field, NEW) for field in self.root.active() if field.is_new]
        errors = (*(FieldError(field.pointer, words) for field, words in problems), *failures)
        self._place([*problems, *self._located(failures)])
        valid = value if not errors and isinstance(value, dict) else None
        return Submission(valid, errors)

    def with_errors(self, errors: Iterable[FieldError]) -> "AnswerForm":
        """Put errors to the fields they are about, in place of those before; return the form."""
        self._place(list(self._located(errors)))
        return self

    @property
    def error_summary(self) -> list[SummaryLine]:
        """The errors in the order of the form, each with the control to go to."""
        pagers = {
            id(inner): f"{field.name}-pager"
            for field in drawn(self.root)
            for member in field.undrawn_members()
            for inner in walk(member)
        }
        around = {id(part): field for field in walk(self.root) for part in field.parts()}
        return [
            SummaryLine(message, pagers.get(id(field), field.focus_id), label_of(field, around))
            for field, message in self._placed
        ]

    @property
    def has_buttons(self) -> bool:
        """Return True if the form has buttons of its own, such as those that add rows."""
        return any(
            field.has_buttons or field.redraws or len(field.pages) > 1 for field in walk(self.root)
        )

    @property
    def is_as_drawn(self) -> bool:
        """Return True if nothing in it is other than it is drawn before anybody touches it."""
        has_errors = any(field.process_errors for field in walk(self.root))
        return not has_errors and self.root.value() == self._untouched.value()

    def changed_by(self, formdata: FormData) -> "AnswerForm | None":
        """Return the form as one of its own buttons changes it, everything typed kept.

        None when the form was sent by none of those buttons.
        """
        buttons = {REFRESH, RESTORE, PAGE}.union(
            *(control.buttons for control in AnswerField.registry)
        )
        pressed = [(name, value) for name in sorted(buttons) for value in formdata.getlist(name)]
        if not pressed:
            return None
        sent = Edited(formdata)
        for text in formdata.getlist(PAGE):
            name, _, page = text.rpartition(":")
            sent.replace(f"{name}-page", [page])
            sent.focus = (name, PAGE)
        for field in walk(self.root):
            for button, value in pressed:
                if button != RESTORE:
                    field.press(button, value, sent)
                elif value == field.name:
                    sent.restored.add(value)
                    sent.focus = (value, "")
        form = AnswerForm(
            self.schema,
            sent,
            proposed=self._proposed,
            vault=self._vault,
            name=self._name,
            before=self,
        )
        if sent.focus:
            form.focus(*sent.focus)
        erroneous = set(formdata.getlist(self.errors_name))
        if erroneous:
            form.had_errors = True
            form.read()
            form._place([each for each in form._placed if each[0].name in erroneous])
        return form

    def part(self, html_id: str) -> AnswerField | None:
        """Return the field that is drawn anew in this element, None where there is none."""
        return next((field for field in walk(self.root) if field.part_id == html_id), None)

    @property
    def errors_name(self) -> str:
        """The name under which the page brings back which fields are drawn with errors."""
        return f"{self._name}-errors"

    @property
    def erroneous(self) -> list[str]:
        """The names of the fields with errors."""
        return list(dict.fromkeys(str(field.name) for field, _ in self._placed))

    def focus(self, name: str, button: str) -> None:
        """Have the page come up with a button of a field focused, or with its first control."""
        show(self.root, {name})
        for field in walk(self.root):
            if field.name == name:
                field.focused_button = button
                if not button:
                    focus(field)

    def _place(self, placed: list[tuple[AnswerField, str]]) -> None:
        order = {field.name: at for at, field in enumerate(self.root.active())}
        for field in self.root.active():
            field.errors = []
        self._placed = sorted(placed, key=lambda pair: order[pair[0].name])
        for field, message in self._placed:
            field.errors.append(message)
        show(self.root, {str(field.name) for field, _ in self._placed if field is not self.root})

    def _located(self, errors: Iterable[FieldError]) -> Iterator[tuple[AnswerField, str]]:
        fields = by_pointer(self.root.active())
        for error in errors:
            field = nearest(fields, error.path)
            yield field, with_place(field, error)


def walk(field: AnswerField) -> Iterator[AnswerField]:
    """Yield a field and every field below it, also those of objects that are left out."""
    yield field
    for part in field.parts():
        yield from walk(part)


def _failures(schema: JSONValue, value: JSONValue | Absent) -> tuple[FieldError, ...]:
    if value is ABSENT:
        return (FieldError("", REQUIRED),)
    if not isinstance(value, dict):
        return (FieldError("", "The answer must be a JSON object, in braces."),)
    return validate(schema, value)
