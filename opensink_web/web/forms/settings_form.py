"""What every settings form shares: how text is read, and where refused input is shown.

Forms from agents' schemas are another matter: schema/ makes those.
"""

from flask import request
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField, TextAreaField
from wtforms.validators import EqualTo, InputRequired

from opensink_web.errors import FieldError, OpenSinkError
from opensink_web.operations.accounts.credential import PASSWORD_LENGTH_MIN


class LineField(StringField):  # type: ignore[misc]  # WTForms ships no types
    """One line of text, without the blanks around it that pasting adds.

    PostgreSQL keeps no NUL in a text, and nobody types one. A field that was not sent, and has no
    text from elsewhere, is empty.
    """

    data: str

    def process_formdata(self, valuelist: list[str]) -> None:
        sent = valuelist or [self.data or ""]
        super().process_formdata([text.replace("\0", "").strip() for text in sent])


class ParagraphsField(TextAreaField):  # type: ignore[misc]  # WTForms ships no types
    """Several lines of text. Browsers end a line with CR LF, the rest of the world with LF."""

    data: str

    def process_formdata(self, valuelist: list[str]) -> None:
        texts = [text.replace("\0", "").replace("\r\n", "\n").strip() for text in valuelist]
        super().process_formdata(texts)


class SettingsForm(FlaskForm):  # type: ignore[misc]  # Flask-WTF ships no types
    """A form whose fields may also be refused by an operation."""

    class Meta(FlaskForm.Meta):  # type: ignore[misc]  # as above
        """Takes texts alone: Flask-WTF would put files and JSON's numbers into the fields too."""

        def wrap_formdata(self, form: FlaskForm, formdata: object) -> object:
            """Return what was sent, unless the form is to be drawn afresh (None)."""
            is_sent = formdata is not None and request.method == "POST"
            return (request.form or None) if is_sent else None

    def show(self, error: OpenSinkError) -> None:
        """Put what an operation refused at the fields it is about, and the rest above the form."""
        for refused in error.errors or (FieldError("", error.message),):
            self.show_at(refused.path, refused.message)

    def show_at(self, path: str, message: str) -> None:
        """Put a message at the field of a JSON Pointer, going by the pointer's last part."""
        field = self._fields.get(path.rpartition("/")[2])
        if field is None:
            self.form_errors.append(message)
        else:
            field.errors = [*field.errors, message]


class NewPasswordForm(SettingsForm):
    """Where a password is chosen, twice."""

    password = PasswordField(
        "Password",
        [InputRequired("Choose a password.")],
        description=f"At least {PASSWORD_LENGTH_MIN} characters.",
    )
    repeated = PasswordField(
        "Password, once more",
        [
            InputRequired("Enter the password once more."),
            EqualTo("password", "The two passwords do not match."),
        ],
    )
