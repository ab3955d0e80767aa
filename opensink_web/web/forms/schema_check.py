"""What is to be said of a JSON Schema while somebody types it, and the form that it makes."""

from dataclasses import dataclass

from opensink_web import json_value
from opensink_web.errors import FieldError, InvalidInput
from opensink_web.json_value import JSONObject
from opensink_web.schema.form import AnswerForm
from opensink_web.schema.limits import check_schema, check_value_schema
from opensink_web.schema.lint import warnings_about
from opensink_web.schema.overview import overview
from opensink_web.schema.places import line_of


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to say, and where: a line of the text, and a JSON Pointer; none for the whole."""

    message: str
    line: int | None = None
    pointer: str = ""

    @property
    def sentence(self) -> str:
        """The message with its place, where nothing else shows it."""
        return f"Line {self.line}: {self.message}" if self.line else self.message


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """What was found; `preview` is there for an input's schema without errors.

    `is_good` says that there is a schema and nothing to say of it.
    """

    errors: tuple[Finding, ...] = ()
    warnings: tuple[Finding, ...] = ()
    preview: AnswerForm | None = None
    typed_as_json: tuple[str, ...] = ()
    is_good: bool = False


def parse_schema(text: str | None) -> JSONObject | None:
    """Read a schema that was typed, None for none. Raises: InvalidInput."""
    return parse_object(text, 'A JSON Schema is an object, such as {"type": "object"}.')


def parse_object(text: str | None, refusal: str = "This is no object.") -> JSONObject | None:
    """Read an object that was typed, None for none. Raises: InvalidInput, with the refusal."""
    if not text or not text.strip():
        return None
    value = json_value.parse(text)
    if not isinstance(value, dict):
        raise InvalidInput(refusal)
    return value


def input_schema_of(text: str | None) -> JSONObject:
    """Return the schema of an input, which is always an object; without one it is any.

    Raises: InvalidInput.
    """
    schema = parse_schema(text) or {"type": "object"}
    check_schema(schema)
    return schema


def check_input_schema(text: str | None) -> SchemaCheck:
    """Check the schema of an input."""
    try:
        schema = input_schema_of(text)
    except InvalidInput as error:
        return SchemaCheck(errors=_located(error, text))
    fields = overview(AnswerForm.blank(schema))
    parts = tuple(each.title for each in fields if not each.is_native)
    return SchemaCheck((), _warnings(schema, text), AnswerForm.blank(schema), parts)


def check_output_schema(text: str | None) -> SchemaCheck:
    """Check the schema of an output, which may be any value."""
    try:
        schema = parse_schema(text)
        if schema is not None:
            check_value_schema(schema)
    except InvalidInput as error:
        return SchemaCheck(errors=_located(error, text))
    warnings = _warnings(schema, text) if schema is not None else ()
    return SchemaCheck(warnings=warnings, is_good=schema is not None and not warnings)


def _warnings(schema: JSONObject, text: str | None) -> tuple[Finding, ...]:
    findings = (_finding(each, text or "") for each in warnings_about(schema))
    return tuple(sorted(findings, key=lambda each: each.line or 0))


def _located(error: InvalidInput, text: str | None) -> tuple[Finding, ...]:
    if not error.errors:  # it is not JSON, and the sentence says where
        return (Finding(error.message),)
    return tuple(_finding(each, text or "") for each in error.errors)


def _finding(error: FieldError, text: str) -> Finding:
    is_whole = error.path == ""
    return Finding(error.message, None if is_whole else line_of(text, error.path), error.path)


CHECKS = {"input_schema": check_input_schema, "output_schema": check_output_schema}
"""How each schema of a function is checked, by its name in forms."""
