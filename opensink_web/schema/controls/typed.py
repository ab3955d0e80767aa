"""What all controls share into which something is typed.

Type-exact: what a browser sends back untouched becomes the very value it was drawn from, so 1.0
does not become 1 and "" is not mistaken for an absent key. Only what was changed is read anew.
"""

from opensink_web.json_value import JSONValue
from opensink_web.schema.controls.base import AnswerField, Meaning
from opensink_web.schema.controls.widgets import Line
from opensink_web.schema.tree.node import ABSENT, Absent
from opensink_web.visible_text import is_plain


class TypedField(AnswerField):
    """A field into which something is typed; subclasses say how it reads."""

    control = "input"
    widget = Line()

    def process_data(self, value: JSONValue | Absent) -> None:
        """Take the value to draw."""
        self.initial = self.data = value
        self.text = "" if value is ABSENT or value is None else self.shown(value)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take what the browser sent.

        Raises: ValueError with a sentence for people.
        """
        typed = _with_plain_newlines(valuelist[0]) if valuelist else ""
        is_other_meaning = not typed and self.meaning is not self.meanings[0]
        self.changed = self.is_other(typed) or is_other_meaning
        if not self.changed and self.initial is not ABSENT:
            return
        self.text = typed
        self.data = ABSENT
        self.data = self.taken(typed)

    def is_other(self, typed: str) -> bool:
        """Return True if a browser sent something else than was drawn."""
        return bool(self.sealed) or typed != _with_plain_newlines(self.drawn_text())

    def taken(self, typed: str) -> JSONValue | Absent:
        """Return the value of what was typed; a secret goes back into the page sealed alone."""
        if not self.node.secret:
            return self.read(typed)
        is_kept = self.sealed and not typed and self.meaning is Meaning.KEPT
        sealed, self.sealed = self.sealed, ""
        value: JSONValue | Absent = (
            self._form.unseal(self.name, sealed) if is_kept else self.read(typed)
        )
        if (is_kept or typed) and value is not ABSENT:
            self.sealed = self._form.seal(self.name, value)
            self.chosen_meaning = None  # what was chosen for an empty control is not for this one
        return value

    @property
    def meanings(self) -> tuple[Meaning, ...]:
        """Let a secret that is there already stay when nothing is typed."""
        is_there = self.node.secret and (self.sealed or self.initial is not ABSENT)
        return ((Meaning.KEPT,) if is_there else ()) + super().meanings

    @property
    def is_blank(self) -> bool:
        return not self.drawn_text()

    @property
    def lengths(self) -> str:
        """How long a text may be, in words."""
        return ""

    def shown(self, value: JSONValue) -> str:
        """Write a value as the text to edit."""
        raise NotImplementedError  # each kind of field has its own

    def read(self, text: str) -> JSONValue | Absent:
        """Read what was typed as a value."""
        raise NotImplementedError  # each kind of field has its own

    def drawn_text(self) -> str:
        """Return the text that goes into the page: never a secret."""
        return "" if self.node.secret else self.text

    @property
    def is_plain(self) -> bool:
        """Return True if the text has no character that a page has to mark."""
        return is_plain(self.drawn_text())

    def drawn_inputs(self) -> dict[str, list[str]]:
        return {str(self.name): [_with_plain_newlines(self.drawn_text())]}

    @property
    def hint(self) -> str:
        if not self.node.secret:
            return ""
        if self.sealed:
            return "Secret: what you typed is kept, not shown. Left empty, it stays what you typed."
        if self.initial is not ABSENT:
            return "Secret: it is not shown. Left empty, it stays what was proposed."
        return "Secret: it is not shown again."


def _with_plain_newlines(text: str) -> str:
    """Browsers send every line break of a text area as CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
